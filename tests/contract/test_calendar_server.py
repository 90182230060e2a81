"""Calendars as a server publishes them that others wrote: Radicale, over real HTTP on loopback."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
from radicale import config
from radicale.app import Application

from frontdesk.arrivals import AppointmentStatus
from frontdesk.pms.diary import Diary
from frontdesk.pms.files.calendars import open_ics
from frontdesk.pms.files.settings import Export
from frontdesk.pms.port import Account, Appointment, PmsUnauthorised
from tests.unit.calendars import CASES, event, read_here
from tests.unit.exporting import ZONE, Clock, whole, write

NINE_FIFTEEN = datetime(2026, 11, 25, 22, 45, tzinfo=UTC)
MKCALENDAR = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>Dr Kovač</D:displayname></D:prop></D:set></C:mkcalendar>"""


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@dataclass
class Calendar:
    """A calendar at the server, as a calendar program writes it."""

    url: str

    def put(self, name: str, *events: str) -> None:
        lines = (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Smile//EN",
            *"\n".join(events).split("\n"),
            "END:VCALENDAR",
        )
        body = "".join(f"{line}\r\n" for line in lines).encode()
        httpx.put(
            f"{self.url}{name}.ics", content=body, headers={"Content-Type": "text/calendar"}
        ).raise_for_status()

    def put_whole(self, content: bytes) -> None:
        httpx.put(self.url, content=content, headers={"Content-Type": "text/calendar"}).raise_for_status()

    def delete(self, name: str = "") -> None:
        httpx.delete(f"{self.url}{name}").raise_for_status()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server keeps Kim's calendars; it lets everybody in."""
    settings = config.load()
    folder = tmp_path_factory.mktemp("radicale")
    settings.update(
        {
            "auth": {"type": "none"},
            "rights": {"type": "authenticated"},
            "storage": {"filesystem_folder": str(folder)},
            "logging": {"level": "critical"},
        }
    )
    listening = make_server("127.0.0.1", 0, Application(settings), handler_class=Quiet)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        home = f"http://127.0.0.1:{listening.server_port}/kim"
        httpx.request("MKCOL", f"{home}/").raise_for_status()
        yield home
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


@pytest.fixture
def calendar(server: str) -> Calendar:
    """A calendar of its own for each test."""
    made = Calendar(f"{server}/{uuid4().hex}/")
    httpx.request("MKCALENDAR", made.url, content=MKCALENDAR.encode()).raise_for_status()
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def diary(calendar: Calendar, clock: Clock) -> Diary:
    return opened(calendar.url, clock)


def opened(url: str, clock: Clock) -> Diary:
    export = Export(summary=("{patient} - {type}",), description=("Mobile: {mobile}",))
    account = Account(
        "feed", "ics", credentials={"secret": "x"}, allow_http=True, allow_private=True, export=export
    )
    return open_ics(account, lambda _: url, ZONE, clock.now, run=read_here)


async def read(diary: Diary, clock: Clock) -> dict[str, Appointment]:
    """What the diary has a minute later."""
    clock.at += timedelta(minutes=1)
    page = await whole(diary)
    assert page.incomplete == ""
    return {one.ref: one for one in page.appointments}


async def test_what_a_program_writes_is_read_and_so_is_every_change(
    calendar: Calendar, diary: Diary, clock: Clock
) -> None:
    calendar.put("1", event("DTEND:20261126T094500", "DESCRIPTION:Mobile: 0491 570 156", uid="ann"))
    (ann,) = (await read(diary, clock)).values()
    assert (ann.ref, ann.starts_at, ann.patient_name) == ("ann", NINE_FIFTEEN, "Ann Lee")
    assert ann.practitioner_name == "Dr Kovač"
    assert ann.patient is not None
    assert ann.patient.mobile == "0491 570 156"

    calendar.put("1", event("DTEND:20261126T104500", "SEQUENCE:1", uid="ann", start="20261126T101500"))
    calendar.put("2", event("STATUS:CANCELLED", uid="bob", summary="Bob Kaur - Check"))
    found = await read(diary, clock)
    assert found["ann"].starts_at == NINE_FIFTEEN + timedelta(hours=1)
    assert found["ann"].version == "1"
    assert found["bob"].status is AppointmentStatus.CANCELLED

    calendar.delete("1.ics")
    assert (await read(diary, clock)).keys() == {"bob"}
    assert (await whole(diary)).would_have("Dr Kovač", NINE_FIFTEEN + timedelta(hours=1))


async def test_a_series_with_a_moved_and_a_cancelled_date(
    calendar: Calendar, diary: Diary, clock: Clock
) -> None:
    calendar.put(
        "s",
        event("RRULE:FREQ=DAILY;COUNT=3", "DURATION:PT30M", start="20261125T224500Z", uid="s"),
        event("RECURRENCE-ID:20261126T224500Z", "DURATION:PT30M", start="20261127T033000Z", uid="s"),
        event(
            "RECURRENCE-ID:20261127T224500Z",
            "STATUS:CANCELLED",
            "DURATION:PT30M",
            start="20261127T224500Z",
            uid="s",
        ),
    )
    found = await read(diary, clock)

    assert {ref: (one.starts_at, one.status) for ref, one in found.items()} == {
        "s/20261125T224500Z": (NINE_FIFTEEN, AppointmentStatus.BOOKED),
        "s/20261126T224500Z": (datetime(2026, 11, 27, 3, 30, tzinfo=UTC), AppointmentStatus.BOOKED),
        "s/20261127T224500Z": (NINE_FIFTEEN + timedelta(days=2), AppointmentStatus.CANCELLED),
    }


@pytest.mark.parametrize("case", ["apple", "google", "nookal", "outlook"])
async def test_what_exporters_write_comes_through_a_server(
    server: str, clock: Clock, tmp_path: Path, case: str
) -> None:
    url = f"{server}/{case}/"
    content = (CASES / f"{case}.ics").read_bytes()
    Calendar(url).put_whole(content)
    straight = opened_file(write(tmp_path / "a.ics", content), clock)

    there, here = await whole(opened(url, clock)), await whole(straight)
    assert [(one.ref, one.starts_at, one.patient_name) for one in there.appointments] == [
        (one.ref, one.starts_at, one.patient_name) for one in here.appointments
    ]
    assert len(await straight.blocks(NINE_FIFTEEN, NINE_FIFTEEN + timedelta(days=60))) == len(
        await opened(url, clock).blocks(NINE_FIFTEEN, NINE_FIFTEEN + timedelta(days=60))
    )


def opened_file(path: Path, clock: Clock) -> Diary:
    export = Export(path, summary=("{patient} - {type}",), description=("Mobile: {mobile}",))
    return open_ics(
        Account("feed", "ics", export=export), str, ZONE, clock.now, sleep=clock.sleep, run=read_here
    )


async def test_a_calendar_that_is_not_there_any_more(calendar: Calendar, diary: Diary, clock: Clock) -> None:
    calendar.put("1", event())
    await read(diary, clock)
    calendar.delete()

    with pytest.raises(PmsUnauthorised, match="there is no calendar at its address any more"):
        await read(diary, clock)
