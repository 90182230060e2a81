"""Calendars for tests: small ones, and how they are asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from frontdesk.pms.files.calendar_events import read
from frontdesk.pms.files.calendar_shapes import Asked, Event, Found

CASES = Path(__file__).parents[1] / "cases" / "calendars"
MIDNIGHT = datetime(2026, 11, 25, 13, 30, tzinfo=UTC)
"""The beginning of 26 November in Adelaide."""

ASKED = {
    "time_zone": "Australia/Adelaide",
    "start": MIDNIGHT,
    "end": MIDNIGHT + timedelta(days=60),
    "summary": ("{patient} - {type}",),
    "description": ("Mobile: {mobile}",),
    "practitioner": "calendar",
    "most": 100,
}


def asked(**other: Any) -> Asked:
    return Asked(**{**ASKED, **other})


def event(
    *lines: str, uid: str = "1", start: str = "20261126T091500", summary: str = "Ann Lee - Check"
) -> str:
    """An event; `lines` come first, so that they count where a name is there twice."""
    given = {line.partition(":")[0].partition(";")[0] for line in lines}
    usual = {"UID": uid, "DTSTART": start, "SUMMARY": summary}
    more = [f"{name}:{value}" for name, value in usual.items() if name not in given]
    return "\n".join(("BEGIN:VEVENT", *lines, *more, "END:VEVENT"))


def calendar(*parts: str, name: str = "Dr Rao") -> bytes:
    return "\r\n".join(
        ("BEGIN:VCALENDAR", f"X-WR-CALNAME:{name}", *"\n".join(parts).split("\n"), "END:VCALENDAR", "")
    ).encode()


def found(*parts: str, **other: Any) -> Found:
    return read(calendar(*parts), asked(**other))


def events(*parts: str, **other: Any) -> tuple[Event, ...]:
    """What comes of a calendar in which everything can be read."""
    said = found(*parts, **other)
    assert (said.unread, said.is_whole, said.is_too_much) == ((), True, False)
    return said.events


async def read_here(given: bytes) -> tuple[int, bytes]:
    """Read a calendar without a process of its own: to start one takes longer than all the rest."""
    question, _, feed = given.partition(b"\n")
    return 0, msgspec.json.encode(read(feed, msgspec.json.decode(question, type=Asked)))
