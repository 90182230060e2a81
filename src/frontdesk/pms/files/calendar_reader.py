"""A calendar as the diary of a PMS, read by a process of its own."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

import msgspec

from frontdesk import shapes
from frontdesk.arrivals import AppointmentStatus
from frontdesk.extras import is_missing
from frontdesk.pms.diary import Block
from frontdesk.pms.files.calendar_process import NO_LIBRARY, SECONDS
from frontdesk.pms.files.calendar_shapes import Asked, Event, Found
from frontdesk.pms.files.last_export import Look
from frontdesk.pms.files.patterns import Pattern
from frontdesk.pms.files.reading import Reading, day_begins, why_unread
from frontdesk.pms.files.settings import Export
from frontdesk.pms.port import Appointment, ContractDrift, Nobody, One, PmsPatient, PmsUnavailable, Span

BYTES = 10 << 20
MOST = 20_000

_READER = ("-I", "-m", "frontdesk.pms.files.calendar_process")
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "PYTHONTZPATH", "SYSTEMROOT")
"""What of the environment a reader gets: no secret lies there."""

_DAY = timedelta(days=1)
_UNSAID = frozenset({"patient_dob", "new_patient"})
_NOT_THERE = frozenset({"fee", "created_at", "cancellation_reason", "attendance", "attendance_at"})

Run = Callable[[bytes], Awaitable[tuple[int, bytes]]]
"""Gives a reader its input; returns what it ended with and said. Raises TimeoutError."""


async def run(given: bytes) -> tuple[int, bytes]:
    """Start a reader, and end it when it takes too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *_READER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate(given)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return process.returncode or 0, said


@dataclass(frozen=True, slots=True)
class CalendarReader:
    """How the calendars of a connection are read: with which patterns, by whose clock."""

    export: Export
    time_zone: str
    run: Run = run

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the days of which everything is read, from when until when."""
        today = now.astimezone(self.zone).date()
        last = today + timedelta(days=self.export.days or 1)
        return day_begins(today, self.zone), day_begins(last, self.zone)

    async def read(self, feed: bytes, as_of: datetime, now: datetime) -> tuple[Reading, Look]:
        """Return what a calendar says of the window, as it was at `as_of`, and what it looks like.

        Raises ContractDrift for what is no calendar or more than may be read, and PmsUnavailable.
        """
        if len(feed) > BYTES:
            raise ContractDrift(f"the calendar is larger than {BYTES >> 20} MB: publish a shorter time")
        if not feed.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper().startswith(b"BEGIN:VCALENDAR"):
            raise ContractDrift("what it answers is no calendar (.ics): is the address right?")
        start, end = self.window(now)
        found = await self._found(feed, start, end)
        events = sorted(found.events, key=lambda one: (one.starts_at, one.ref))
        appointments = tuple(self._appointment(one) for one in events if one.patient)
        blocks = tuple(map(_block, (one for one in events if not one.patient)))
        # Not of the feed itself: many servers write into it when it was asked for.
        digest = blake2b(msgspec.json.encode((start, found)), digest_size=16).hexdigest()
        reading = Reading(
            digest,
            as_of,
            len(events) + len(found.unread),
            appointments,
            blocks,
            spans=(Span(start, end),),
            incomplete=why_unread([f"event {number:,}" for number in found.unread], "events"),
        )
        if not found.is_whole:
            reading = reading.doubted("the calendar ends too early, as if it were cut off")
        if not appointments and any(one.ends_at - one.starts_at < _DAY for one in blocks):
            reading = reading.doubted("no event is written as summary and description in the config say")
        return reading, Look(digest, "", reading.rows, as_of.timestamp())

    async def _found(self, feed: bytes, start: datetime, end: datetime) -> Found:
        asked = Asked(
            time_zone=self.time_zone,
            start=start,
            end=end,
            summary=self.export.summary,
            description=self.export.description,
            practitioner=self.export.practitioner,
            most=MOST,
        )
        try:
            status, said = await self.run(msgspec.json.encode(asked) + b"\n" + feed)
        except TimeoutError:
            raise ContractDrift(
                f"the calendar takes more than {SECONDS} s to read: publish a shorter time"
            ) from None
        except OSError:
            raise PmsUnavailable("no process can be started here that would read the calendar") from None
        if status == NO_LIBRARY:
            raise PmsUnavailable(is_missing("Reading a calendar", "icalendar and recurring-ical-events"))
        try:
            found = shapes.decoded(said, Found)
        except msgspec.DecodeError:
            raise ContractDrift("the calendar takes more memory or time to read than it may") from None
        if found.is_too_much:
            raise ContractDrift(
                f"the calendar has more than {MOST:,} events in that time: publish a shorter one"
            )
        return found

    def _appointment(self, event: Event) -> Appointment:
        said = {
            name
            for one in self.export.summary + self.export.description
            for name in Pattern.parse(one).fields
        }
        unsaid = {column for field, column in _COLUMNS.items() if field not in said}
        return Appointment(
            ref=event.ref,
            status=AppointmentStatus.CANCELLED if event.is_cancelled else AppointmentStatus.BOOKED,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            practitioners=One(event.practitioner_ref) if event.practitioner_ref else Nobody(),
            practitioner_name=event.practitioner,
            patients=One(event.patient_ref) if event.patient_ref else Nobody(),
            patient_name=event.patient,
            appointment_type=event.appointment_type,
            version=event.version,
            raw_status=event.status or "CONFIRMED",
            series=event.series,
            updated_at=event.updated_at,
            time_text=event.time_text,
            patient=PmsPatient(
                event.patient_ref,
                event.patient,
                mobile=event.mobile,
                email=event.email,
                unsaid=_UNSAID | (unsaid & {"patient_mobile", "patient_email"}),
            ),
            unsaid=_NOT_THERE | (unsaid & {"appointment_type"}),
        )


_COLUMNS = {"type": "appointment_type", "mobile": "patient_mobile", "email": "patient_email"}


def _block(event: Event) -> Block:
    return Block(
        event.ref,
        event.practitioner_ref or event.practitioner,
        event.starts_at,
        event.ends_at or event.starts_at,
        event.label,
    )
