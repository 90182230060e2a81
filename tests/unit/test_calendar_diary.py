"""A calendar as a diary: its process and the bounds of it, files and addresses it comes from, what is said of it."""

import asyncio
import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from frontdesk.arrivals import AppointmentStatus
from frontdesk.credentials import MissingCredential
from frontdesk.pms.diary import Block, Diary
from frontdesk.pms.files import calendar_reader
from frontdesk.pms.files.calendar_reader import CalendarReader, Run
from frontdesk.pms.files.calendar_shapes import Found
from frontdesk.pms.files.calendars import open_ics
from frontdesk.pms.files.settings import Export
from frontdesk.pms.port import (
    Account,
    ContractDrift,
    Nobody,
    One,
    PmsError,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Span,
    UnusableSettings,
)
from tests.unit.calendars import MIDNIGHT, calendar, event, read_here
from tests.unit.exporting import EIGHT, LATE, LONG_AGO, ZONE, Clock, whole, write
from tests.unit.test_http_client import Server, serving

NINE_FIFTEEN = datetime(2026, 11, 25, 22, 45, tzinfo=UTC)
PATTERNS: dict[str, Any] = {"summary": ("{patient} - {type}",), "description": ("Mobile: {mobile}",)}


def diary(path: Path | None, clock: Clock | None = None, run: Run = read_here, **export: Any) -> Diary:
    clock = clock or Clock()
    account = Account("feed", "ics", export=Export(path, **{**PATTERNS, **export}))
    return open_ics(account, str, ZONE, clock.now, sleep=clock.sleep, run=run)


def at_address(
    server: Server, clock: Clock | None = None, path: str = "/ann-s3cret.ics", scheme: str = "http"
) -> Diary:
    account = Account(
        "feed",
        "ics",
        credentials={"secret": "calendar"},
        allow_http=True,
        allow_private=True,
        export=Export(**PATTERNS),
    )
    clock = clock or Clock()
    return open_ics(
        account, lambda _: f"{scheme}://127.0.0.1:{server.port}{path}", ZONE, clock.now, run=read_here
    )


def answer(content: bytes, *more: str, status: str = "200 OK") -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *more))
    return head.encode() + b"\r\n\r\n" + content


class TestAFile:
    async def test_it_is_read_as_a_diary(self, tmp_path: Path) -> None:
        more = event("DESCRIPTION:Mobile: 0491 570 156", "STATUS:CANCELLED", "SEQUENCE:2", uid="2")
        lunch = event("DTEND:20261126T130000", uid="3", start="20261126T120000", summary="Lunch")
        file = write(tmp_path / "a.ics", calendar(event(), more, lunch))
        opened = diary(file)

        page = await whole(opened)
        first, second = page.appointments

        assert (page.incomplete, page.as_of) == ("", EIGHT)
        assert page.spans == (Span(MIDNIGHT, MIDNIGHT + timedelta(days=60)),)
        assert (first.ref, first.status, first.raw_status) == ("1", AppointmentStatus.BOOKED, "CONFIRMED")
        assert (first.starts_at, first.appointment_type, first.practitioner_name) == (
            NINE_FIFTEEN,
            "Check",
            "Dr Rao",
        )
        assert (first.practitioners, first.patients, first.location) == (Nobody(), Nobody(), "")
        assert first.unsaid == {"fee", "created_at", "cancellation_reason", "attendance", "attendance_at"}
        assert (second.status, second.version) == (AppointmentStatus.CANCELLED, "2")
        assert second.patient is not None
        assert second.patient.unsaid == {"patient_dob", "new_patient", "patient_email"}
        assert (second.patient.name, second.patient.mobile) == ("Ann Lee", "0491 570 156")
        noon = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
        assert await opened.blocks(noon, LATE) == (
            Block("3", "Dr Rao", noon, noon + timedelta(hours=1), "Lunch"),
        )
        assert await opened.blocks(noon + timedelta(hours=1), LATE) == ()
        assert [(one.ref, one.name) for one in await opened.practitioners()] == [("Dr Rao", "Dr Rao")]
        assert not opened.abilities.answers_by_id
        assert await opened.ping() is None

    async def test_what_the_patterns_do_not_name_is_not_said(self, tmp_path: Path) -> None:
        write(tmp_path / "a.ics", calendar(event()))
        (one,) = (await whole(diary(tmp_path, summary=("{patient} - {_}",), description=()))).appointments

        assert one.patient is not None
        assert one.patient.unsaid == {"patient_dob", "patient_mobile", "patient_email", "new_patient"}
        assert "appointment_type" in one.unsaid

    async def test_a_compressed_one_is_read_and_a_cut_one_is_none(self, tmp_path: Path) -> None:
        packed = gzip.compress(calendar(event()))
        assert len((await whole(diary(write(tmp_path / "a.ics.gz", packed)))).appointments) == 1
        with pytest.raises(ContractDrift, match=r"a\.ics\.gz is damaged or cut off"):
            await whole(diary(write(tmp_path / "a.ics.gz", packed[:-9])))

    async def test_an_event_that_cannot_be_read_is_told_by_its_number(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.ics", calendar(event(), event(uid="2", start="soon")))
        page = await whole(diary(file))

        assert page.incomplete == "event 2 could not be read"
        assert page.spans == ()
        assert [one.ref for one in page.appointments] == ["1"]

    async def test_a_calendar_that_is_cut_off_is_incomplete(self, tmp_path: Path) -> None:
        content = calendar(event(), event(uid="2")).removesuffix(b"END:VCALENDAR\r\n")
        page = await whole(diary(write(tmp_path / "a.ics", content)))

        assert page.incomplete == "the calendar ends too early, as if it were cut off"
        assert len(page.appointments) == 2

    async def test_patterns_that_fit_nothing_are_noticed(self, tmp_path: Path) -> None:
        page = await whole(diary(write(tmp_path / "a.ics", calendar(event(summary="Ann Lee, Check")))))

        assert page.incomplete == "no event is written as summary and description in the config say"

    async def test_a_holiday_alone_says_nothing_of_the_patterns(self, tmp_path: Path) -> None:
        holiday = event("DTSTART;VALUE=DATE:20261226", summary="Proclamation Day")
        page = await whole(diary(write(tmp_path / "a.ics", calendar(holiday))))

        assert (page.appointments, page.incomplete) == ((), "")

    async def test_fewer_than_half_of_the_events_are_not_believed(self, tmp_path: Path) -> None:
        memory, file = tmp_path / "last.json", tmp_path / "a.ics"
        write(file, calendar(*(event(uid=str(number)) for number in range(5))))
        assert (await whole(diary(file, memory=memory))).incomplete == ""
        write(file, calendar(event(), event(uid="2")))
        said = (await whole(diary(file, memory=memory))).incomplete
        assert said == "it has 2 rows where the one before it had 5"

    async def test_the_next_day_other_days_are_read_of_it(self, tmp_path: Path) -> None:
        file, clock = write(tmp_path / "a.ics", calendar(event("RRULE:FREQ=DAILY"))), Clock()
        opened = diary(file, clock, days=2)
        assert [one.starts_at for one in (await whole(opened)).appointments] == [
            NINE_FIFTEEN,
            NINE_FIFTEEN + timedelta(days=1),
        ]
        clock.at += timedelta(days=1)
        assert (await whole(opened)).appointments[0].starts_at == NINE_FIFTEEN + timedelta(days=1)

    async def test_what_is_no_calendar_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ContractDrift, match="it answers is no calendar"):
            await whole(diary(write(tmp_path / "a.ics", "<html>sign in</html>")))

    async def test_a_connection_must_say_where_it_is(self) -> None:
        with pytest.raises(UnusableSettings, match=r"\[connections.feed\] needs a path, or a credential"):
            open_ics(Account("feed", "ics"), str, ZONE, Clock().now)
        with pytest.raises(UnusableSettings):
            diary(None)


class TestItsProcess:
    def reader(self, status: int = 0, said: bytes = b"", error: Exception | None = None) -> CalendarReader:
        async def run(given: bytes) -> tuple[int, bytes]:
            if error is not None:
                raise error
            return status, said

        return CalendarReader(Export(**PATTERNS), ZONE, run)

    @pytest.mark.parametrize(
        ("how", "kind", "said"),
        [
            ({"error": TimeoutError()}, ContractDrift, "the calendar takes more than 10 s to read"),
            ({"error": OSError()}, PmsUnavailable, "no process can be started here"),
            ({"status": 3}, PmsUnavailable, r"needs icalendar and recurring-ical-events, .*\[calendar,"),
            ({"status": -9}, ContractDrift, "more memory or time to read than it may"),
            ({"said": b'{"events": 1}'}, ContractDrift, "more memory or time to read than it may"),
            (
                {"said": msgspec.json.encode(Found(is_too_much=True))},
                ContractDrift,
                "more than 20,000 events in that time",
            ),
        ],
        ids=["late", "no process", "no library", "killed", "nonsense", "too much"],
    )
    async def test_however_it_ends_one_sentence_says_so(
        self, how: dict[str, Any], kind: type[PmsError], said: str
    ) -> None:
        with pytest.raises(kind, match=said):
            await self.reader(**how).read(calendar(), EIGHT, EIGHT)

    async def test_a_calendar_that_is_too_large_is_given_to_nobody(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calendar_reader, "BYTES", 1 << 20)

        with pytest.raises(ContractDrift, match="larger than 1 MB"):
            await self.reader(error=AssertionError()).read(calendar("X:" + "x" * (1 << 20)), EIGHT, EIGHT)

    async def test_it_knows_no_secret_and_is_ended_when_it_takes_too_long(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        told = tmp_path / "told"
        monkeypatch.setenv("FRONTDESK_CREDENTIAL_PRAKTIKA", "hunter2")
        monkeypatch.setattr(calendar_reader, "SECONDS", 0.0)
        script = f"import os, time; open({str(told)!r}, 'w').write(str(os.environ)); time.sleep(60)"
        monkeypatch.setattr(calendar_reader, "_READER", ("-c", script))
        started = []
        begin = asyncio.create_subprocess_exec

        async def starting(*arguments: Any, **how: Any) -> asyncio.subprocess.Process:
            process = await begin(*arguments, **how)
            started.append((process, how["env"]))
            return process

        monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)
        with pytest.raises(TimeoutError):
            await calendar_reader.run(b"")
        ((process, environment),) = started
        assert process.returncode == -9
        assert "hunter2" not in str(environment)

    @pytest.mark.full
    async def test_what_takes_all_memory_or_time_ends_it_and_nothing_else(self) -> None:
        years = "\n".join(
            f"RDATE:{','.join(f'{2000 + n % 190}0101T{n % 24:02}{n % 60:02}00Z' for n in range(9_000))}"
            for _ in range(9)
        )
        greedy = calendar(
            *(
                event(years, "RRULE:FREQ=DAILY", uid=str(number), start="19000101T000000")
                for number in range(6)
            )
        )

        with pytest.raises(ContractDrift, match=r"the calendar (takes|has) more"):
            await CalendarReader(Export(**PATTERNS, days=400), ZONE).read(greedy, EIGHT, EIGHT)


class TestAnAddress:
    async def test_it_is_asked_once_a_minute_and_only_for_what_changed(self) -> None:
        clock = Clock()
        async with serving(
            answer(calendar(event()), 'ETag: "v1"', "Last-Modified: Wed, 25 Nov 2026 21:00:00 GMT")
        ) as server:
            opened = at_address(server, clock)
            assert len((await whole(opened)).appointments) == 1
            clock.at += timedelta(seconds=59)
            await whole(opened)
            assert len(server.heads) == 1
            assert "accept: text/calendar" in server.heads[0].lower()
            clock.at += timedelta(seconds=1)
            server.reply = answer(b"", status="304 Not Modified")
            page = await whole(opened)
            assert (len(page.appointments), page.as_of) == (1, clock.at)
            asked = server.heads[1].lower()
            assert 'if-none-match: "v1"' in asked
            assert "if-modified-since: wed, 25 nov 2026 21:00:00 gmt" in asked
            clock.at += timedelta(minutes=1)
            server.reply = answer(calendar(event(), event(uid="2")))
            assert len((await whole(opened)).appointments) == 2
            await opened.close()

    async def test_what_a_server_writes_into_it_each_time_makes_no_other_calendar(self) -> None:
        many = [event(f"UID:{number}", "DTSTAMP:20261125T213000Z") for number in range(130)]
        clock = Clock()
        async with serving(answer(calendar(*many))) as server:
            cursor = (await at_address(server, clock).appointments(LONG_AGO, LATE)).cursor
            server.reply = answer(calendar(*many).replace(b"T213000Z", b"T213500Z"))
            page = await at_address(server, clock).appointments(LONG_AGO, LATE, cursor)

        assert len(page.appointments) == 30

    @pytest.mark.parametrize(
        ("reply", "kind", "said"),
        [
            (
                answer(b"", status="404 Not Found"),
                PmsUnauthorised,
                "there is no calendar at its address any more",
            ),
            (answer(b"", status="410 Gone"), PmsUnauthorised, "there is no calendar at its address any more"),
            (answer(b"", status="401 Unauthorized"), PmsUnauthorised, "does not accept our key"),
            (answer(b"", status="302 Found"), PmsUnauthorised, "sign-in page"),
            (answer(b"<html>", "Content-Type: text/html"), PmsUnauthorised, "sign-in page"),
            (answer(b"", status="304 Not Modified"), PmsUnauthorised, "sign-in page"),
            (answer(b"", status="500 Oh"), PmsUnavailable, "an error of its own"),
            (answer(b"", "Retry-After: 9", status="429 Slow"), RateLimited, "asks us to wait"),
            (answer(b"hello"), ContractDrift, "no calendar"),
            (answer(calendar(event()))[:-20], PmsUnavailable, "the connection broke"),
            (b"", PmsUnavailable, "connection"),
        ],
    )
    async def test_what_does_not_come_is_said_without_the_address(
        self, reply: bytes, kind: type[PmsError], said: str
    ) -> None:
        async with serving(reply) as server:
            with pytest.raises(kind, match=said) as caught:
                await whole(at_address(server))

        assert "s3cret" not in str(caught.value)
        assert "127.0.0.1" not in str(caught.value)

    async def test_the_scheme_of_calendars_means_encryption(self) -> None:
        async with serving() as server:
            pass
        account = Account(
            "feed", "ics", credentials={"secret": "calendar"}, allow_private=True, export=Export(**PATTERNS)
        )
        address = f"webcal://127.0.0.1:{server.port}/a.ics"

        # Nobody listens there any more; without encryption it would not even have been tried.
        with pytest.raises(PmsUnavailable, match="it refused the connection"):
            await whole(open_ics(account, lambda _: address, ZONE, Clock().now))

    async def test_a_secret_that_is_nowhere_is_named(self) -> None:
        def nothing(name: str) -> str:
            raise MissingCredential("nowhere")

        account = Account("feed", "ics", credentials={"secret": "calendar"}, export=Export(**PATTERNS))
        with pytest.raises(PmsUnauthorised, match="this machine has no secret called calendar"):
            await whole(open_ics(account, nothing, ZONE, Clock().now))


async def test_a_real_process_reads_what_the_library_reads_here(tmp_path: Path) -> None:
    """Nothing but what it needs is in its environment, so it must find its packages by itself."""
    file = write(tmp_path / "a.ics", calendar(event("RRULE:FREQ=DAILY;COUNT=3"), name="Dr Kovač"))
    before = dict(os.environ)
    page = await whole(diary(file, run=calendar_reader.run))

    assert [one.practitioner_name for one in page.appointments] == ["Dr Kovač"] * 3
    assert dict(os.environ) == before
    assert page.appointments[0].practitioners != One("")
