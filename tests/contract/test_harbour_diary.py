"""The worked example of docs/pms/adding-a-pms.md, tried: its file, its page, and a server that answers as the page says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from frontdesk import config
from frontdesk.pms.diary_probe import probe_diary
from frontdesk.pms.kinds import open_diary, open_pms
from frontdesk.pms.port import (
    Account,
    AlreadyCancelled,
    AppointmentStatus,
    CancelRequest,
    One,
    Pms,
    PmsConflict,
    PmsUnauthorised,
    Rejected,
    UnusableSettings,
    Verified,
    WriteState,
)
from frontdesk.pms.probe import Held, probe
from frontdesk.pms.profile_file import load
from tests.architecture.pages import ROOT, blocks

PAGE = ROOT / "docs" / "pms" / "adding-a-pms.md"
FILE = ROOT / "docs" / "examples" / "harbour-diary.toml"
HELLO, VISIT, DENTISTS, ALREADY_OFF = map(json.loads, blocks(PAGE, "json"))
KEYS = {"x-harbour-partner": "partner-key", "x-harbour-clinic": "clinic-key"}
SECRETS = {"harbour-clinic": "clinic-key", "harbour-partner": "partner-key"}
NOW = datetime(2026, 11, 23, 21, 45, tzinfo=UTC)
ID = UUID("0b9f7c3e-5d0a-4a7e-9b1c-2f6f0e8a4d11")


class HarbourDiary:
    """Answers as the page says; it holds one visit."""

    def __init__(self) -> None:
        self.visit: dict[str, Any] = dict(VISIT["visit"])
        self.asked: list[tuple[str, str]] = []
        self.called_off: list[dict[str, Any]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        first, *fields = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, target, _ = first.split()
        self.asked.append((method, target))
        status, document = self.answer(method, target, headers, json.loads(body or "{}"))
        content = json.dumps(document).encode()
        writer.write(
            f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        writer.close()

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if {name: headers.get(name) for name in KEYS} != KEYS:
            return 401, {}
        match method, target.partition("?")[0]:
            case "GET", "/v2/hello":
                return 200, HELLO
            case "GET", "/v2/dentists":
                return 200, {**DENTISTS, "total": 2}
            case "GET", "/v2/visits":
                return 200, {"visits": [self.visit], "total": 1}
            case "GET", "/v2/visits/4411":
                return 200, {"visit": self.visit}
            case "PUT", "/v2/visits/4411/call-off":
                return self._call_off(headers, body)
        return 404, {}

    def _call_off(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.visit["stage"] == "called_off":
            return 409, ALREADY_OFF
        if headers.get("if-rev") not in (None, str(self.visit["rev"])):
            return 409, {"problem": {"code": "REV"}}
        if self.visit["stage"] != "open":
            return 422, {"problem": {"code": "STARTED", "text": "4411"}}
        if len(body.get("words", "")) > 80 or body["why"] not in (1, 2, 9):
            return 422, {"problem": {"code": "BAD", "text": "words: too long"}}
        self.called_off.append(body)
        self.visit |= {"stage": "called_off", "rev": self.visit["rev"] + 1}
        return 200, {"visit": self.visit}


@pytest.fixture
def harbour() -> HarbourDiary:
    """A Harbour Diary that nobody has asked anything yet."""
    return HarbourDiary()


@pytest.fixture
async def base_url(harbour: HarbourDiary) -> AsyncIterator[str]:
    """Where it listens."""
    server = await asyncio.start_server(harbour, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
async def pms(base_url: str) -> AsyncIterator[Pms]:
    """The account of the page, at the address where the server really is."""
    opened = open_harbour(base_url, SECRETS)
    yield opened
    await opened.close()


def account_at(base_url: str) -> Account:
    return Account(
        "harbour",
        str(FILE),
        base_url=base_url,
        credentials={"secret": "harbour-clinic", "key2": "harbour-partner"},
        allow_http=True,
        allow_private=True,
    )


def open_harbour(base_url: str, secrets: dict[str, str]) -> Pms:
    return open_pms(account_at(base_url), secrets.__getitem__, "Australia/Adelaide", lambda: NOW)


def test_the_file_is_the_page_in_one_piece() -> None:
    *pieces, _ = blocks(PAGE, "toml")
    assert "\n".join(pieces) == FILE.read_text(encoding="utf-8")


def test_the_connection_of_the_page_is_accepted(tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes())
    file = tmp_path / "config.toml"
    file.write_text(blocks(PAGE, "toml")[-1], encoding="utf-8")
    (practice,) = config.load(file).practices
    assert practice.pms is not None
    assert (practice.pms.name, practice.pms.can_cancel) == ("Harbour Diary", True)


def test_the_mistake_of_the_page_is_refused_in_its_words(tmp_path: Path) -> None:
    mistaken = FILE.read_text(encoding="utf-8").replace("/visits/{id}/call-off", "/visits/{visit}/call-off")
    file = tmp_path / FILE.name
    file.write_text(mistaken, encoding="utf-8")
    with pytest.raises(UnusableSettings) as raised:
        load(file)
    assert blocks(PAGE, "text")[0].strip() == raised.value.hint.replace(str(file), FILE.name)


async def test_a_visit_is_read(pms: Pms) -> None:
    found = await pms.appointment("4411")
    assert (found.ref, found.status, found.version) == ("4411", AppointmentStatus.BOOKED, "3")
    assert found.starts_at == datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
    assert found.ends_at == datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
    assert (found.practitioners, found.practitioner_name) == (One("7"), "Mai Lee")
    assert (found.patients, found.patient_name, found.appointment_type) == (
        One("90"),
        "Jo Example",
        "Check-up",
    )


async def test_a_visit_is_called_off_once(pms: Pms, harbour: HarbourDiary) -> None:
    seen = await pms.appointment("4411")
    request = CancelRequest(ID, "Sick", version=seen.version)
    assert (await pms.cancel("4411", request)).state is WriteState.APPLIED
    assert (await pms.appointment("4411")).status is AppointmentStatus.CANCELLED
    with pytest.raises(AlreadyCancelled):
        await pms.cancel("4411", request)
    assert harbour.called_off == [{"why": 1, "words": "Sick"}]
    assert harbour.visit["stage"] == "called_off"


async def test_a_long_reason_is_cut_and_has_the_code_of_no_other(pms: Pms, harbour: HarbourDiary) -> None:
    await pms.cancel("4411", CancelRequest(ID, "w" * 255, version="3"))
    (body,) = harbour.called_off
    assert body["why"] == 9
    assert re.fullmatch("w{79}…", body["words"])


async def test_what_changed_or_has_begun_is_not_called_off(pms: Pms, harbour: HarbourDiary) -> None:
    with pytest.raises(PmsConflict):
        await pms.cancel("4411", CancelRequest(ID, version="2"))
    harbour.visit["stage"] = "in_chair"
    with pytest.raises(Rejected, match="the visit has begun there"):
        await pms.cancel("4411", CancelRequest(ID, version="3"))
    assert harbour.called_off == []


async def test_a_wrong_key_is_not_accepted(base_url: str) -> None:
    pms = open_harbour(base_url, SECRETS | {"harbour-partner": "another"})
    with pytest.raises(PmsUnauthorised):
        await pms.ping()
    await pms.close()


async def test_doctor_finds_what_the_page_shows(pms: Pms, base_url: str) -> None:
    marks = {Held.OK: "ok", Held.FAILED: "!!", Held.NOT_TRIED: "--"}
    diary = open_diary(account_at(base_url), SECRETS.__getitem__, "Australia/Adelaide", lambda: NOW)
    looks = await probe(pms, "Australia/Adelaide", NOW), await probe_diary(diary, (), NOW)
    await diary.close()
    found = [f"{marks[one.held]} {one.said}" for look in looks for one in look]
    assert [line[23:] for line in blocks(PAGE, "text")[1].splitlines()[1:]] == found


async def test_the_rest_of_the_page(pms: Pms, harbour: HarbourDiary) -> None:
    assert pms.capabilities.verified is Verified.CONTRACT
    assert await pms.ping() == NOW
    assert [(one.ref, one.name) for one in await pms.practitioners()] == [
        ("7", "Mai Lee"),
        ("8", "Sam Okafor"),
    ]
    day = datetime(2026, 11, 25, 13, 30, tzinfo=UTC), datetime(2026, 11, 26, 13, 30, tzinfo=UTC)
    page = await pms.appointments(*day)
    assert [one.ref for one in page.appointments] == ["4411"]
    assert page.cursor is None
    asked = (
        "/v2/visits?from=26%2F11%2F2026+00%3A00&until=27%2F11%2F2026+00%3A00&called_off=yes&take=50&skip=0"
    )
    assert harbour.asked[-1] == ("GET", asked)
