"""The events of a calendar as appointments and times off, each instance of a series by itself.

It runs in a process of its own: see `calendar_process`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar
from icalendar import Event as Component

from frontdesk.pms.files.calendar_pieces import Piece, Pieces, take_apart
from frontdesk.pms.files.calendar_shapes import Asked, Event, Found
from frontdesk.pms.files.calendar_texts import LONGEST_ID, Texts, text_of
from frontdesk.pms.files.calendar_zones import Zones
from frontdesk.text import clean

_DAY = timedelta(days=1)
_NEEDED = frozenset(
    {"UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "STATUS", "SEQUENCE"}
)
"""What an event cannot be understood without where it has it."""

_READ = frozenset({"SUMMARY", "DESCRIPTION", "ORGANIZER", "TRANSP", "LAST-MODIFIED", "DTSTAMP"})
_SERIES = frozenset({"RRULE", "RDATE", "RECURRENCE-ID"})
_DAY_OF_LINE = re.compile(r":([0-9]{8})(?:T[0-9]{6}Z?)?\s*$")
_TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})
_TOO_OFTEN = re.compile(r"FREQ=(?:SECONDLY|MINUTELY|HOURLY)", re.IGNORECASE)
_YEARS = range(1900, 2200)


class Unreadable(ValueError):
    """An event that cannot be understood."""


class TooMuch(Exception):
    """More comes of a calendar than may."""


def read(feed: bytes, asked: Asked) -> Found:
    """Return what stands in a feed; never raises for what stands there."""
    pieces = take_apart(feed)
    reader = _Reader(pieces, asked)
    try:
        events = tuple(reader.events())
    except TooMuch:
        return Found(number=len(pieces.events), is_too_much=True)
    return Found(
        events=events,
        number=len(pieces.events),
        unread=tuple(sorted(reader.unread)),
        is_whole=pieces.is_whole,
    )


class _Reader:
    """Reads the events of one calendar. `unread` are the places of those that could not be."""

    def __init__(self, pieces: Pieces, asked: Asked) -> None:
        self.unread: set[int] = set()
        self._pieces = pieces
        self._asked = asked
        self._zone = ZoneInfo(asked.time_zone)
        self._zones = Zones(pieces.zones)
        self._texts = Texts(asked, pieces.lines)
        self._wanted = _NEEDED | _READ | {asked.practitioner.upper()}
        # Two days are more than any two clocks are apart.
        self._first = f"{asked.start - 2 * _DAY:%Y%m%d}"
        self._last = f"{asked.end + 2 * _DAY:%Y%m%d}"
        self._left = asked.most

    def events(self) -> Iterator[Event]:
        """Yield what starts in the time that was asked for, and times off that touch it."""
        by_uid: dict[str, list[tuple[int, Component]]] = defaultdict(list)
        for piece in self._pieces.events:
            try:
                if (component := self._component(piece)) is not None:
                    by_uid[str(component["UID"])].append((piece.number, component))
            except Exception:
                # Whatever a broken event does to the library, only that event is lost.
                self.unread.add(piece.number)
        for uid, members in by_uid.items():
            try:
                found = [event for one in self._instances(members) if (event := self._event(uid, *one))]
            except TooMuch:
                raise
            except Exception:
                self.unread.update(number for number, _ in members)
                continue
            self._left -= len(found)
            if self._left < 0:
                raise TooMuch
            yield from found

    def _component(self, piece: Piece) -> Component | None:
        """Return an event as the library reads it, None for one that is far from the time that was asked for.

        Raises Unreadable, and whatever the library raises.
        """
        own = [(name, line) for name, line in piece.own() if name in self._wanted]
        if self._is_elsewhere(own):
            return None
        lines = [self._zones.put_right(line) if name in _TIMES else line for name, line in own]
        component = Component.from_ical("\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT", "")))
        names = {name for name, _ in own}
        if (
            not isinstance(component, Component)
            or any(name not in component for name in (_NEEDED & names) | {"UID", "DTSTART"})
            or any(name == "RRULE" and _TOO_OFTEN.search(line) for name, line in own)
            or _at(component, "DTSTART").year not in _YEARS
        ):
            raise Unreadable
        return component

    def _is_elsewhere(self, own: Sequence[tuple[str, str]]) -> bool:
        """Whether an event that is none of a series has its times far away: most of a long feed need no more."""
        said = dict(own)
        if _SERIES & said.keys() or "DURATION" in said:
            return False
        begins = _DAY_OF_LINE.search(said.get("DTSTART", ""))
        ends = _DAY_OF_LINE.search(said.get("DTEND", said.get("DTSTART", "")))
        return bool(begins and ends and (ends[1] < self._first or begins[1] > self._last))

    def _instances(self, members: Sequence[tuple[int, Component]]) -> Iterator[tuple[Component, str]]:
        """Yield each instance of the events of one UID, with what tells it from the others of its series."""
        newest: dict[str, Component] = {}
        for _, component in sorted(members, key=lambda one: (_sequence(one[1]), _stamp(one[1]), one[0])):
            newest[self._place_in_series(component)] = component
        components = list(newest.values())
        if not any("RRULE" in one or "RDATE" in one for one in components):
            yield from ((one, place) for place, one in newest.items())
            return
        calendar = Calendar()
        for component in components:
            calendar.add_component(component)
        start, end = self._asked.start - 2 * _DAY, self._asked.end + 2 * _DAY
        number = 0
        for series in recurring_ical_events.of(calendar).series:
            for occurrence in series.between(start, end):
                number += 1
                if number > self._left + self._asked.most:
                    raise TooMuch
                instance = occurrence.as_component(False)
                yield instance, self._place_in_series(instance)

    def _event(self, uid: str, component: Component, place: str) -> Event | None:
        """Return an instance as an appointment or a time off, None where it is neither or elsewhere in time."""
        begins, ends = _at(component, "DTSTART"), _end(component)
        is_whole_day = not isinstance(begins, datetime)
        starts_at = self._instant(begins)
        ends_at = self._instant(ends) if ends is not None else None
        if ends_at is not None and ends_at < starts_at:
            raise Unreadable
        status = text_of(component.get("STATUS")).upper()
        is_cancelled = status == "CANCELLED" or self._texts.are_withdrawn
        said = {} if is_whole_day else self._texts.said(component)
        ref = _ref(f"{uid}/{place}" if place else uid)
        if not said.get("patient"):
            ends_at = ends_at or starts_at
            is_busy = not is_cancelled and text_of(component.get("TRANSP")).upper() != "TRANSPARENT"
            touches = starts_at < self._asked.end and ends_at > self._asked.start
            if not (is_busy and touches):
                return None
        elif not self._asked.start <= starts_at < self._asked.end:
            return None
        practitioner, practitioner_ref = self._texts.practitioner(component, said)
        if not practitioner:
            raise Unreadable
        return Event(
            ref=ref,
            starts_at=starts_at,
            ends_at=ends_at,
            time_text=_time_text(begins),
            patient=said.get("patient", ""),
            patient_ref=said.get("patient_ref", "")[:LONGEST_ID],
            mobile=said.get("mobile", ""),
            email=said.get("email", ""),
            appointment_type=said.get("type", ""),
            practitioner=practitioner,
            practitioner_ref=practitioner_ref,
            series=_ref(uid) if place else "",
            is_cancelled=is_cancelled,
            status=status,
            version=str(_sequence(component)) if "SEQUENCE" in component else "",
            updated_at=self._instant(_at(component, "LAST-MODIFIED"))
            if "LAST-MODIFIED" in component
            else None,
            label="" if said.get("patient") else text_of(component.get("SUMMARY")),
        )

    def _place_in_series(self, component: Component) -> str:
        """Return the start that an instance had in its series at first, nothing for what is no instance."""
        if "RECURRENCE-ID" not in component:
            return ""
        at = _at(component, "RECURRENCE-ID")
        return f"{self._instant(at):%Y%m%dT%H%M%SZ}" if isinstance(at, datetime) else f"{at:%Y%m%d}"

    def _instant(self, at: date) -> datetime:
        """Return a time in UTC; one without a zone, and the beginning of a day, are by the practice's clock."""
        if not isinstance(at, datetime):
            at = datetime(at.year, at.month, at.day)  # noqa: DTZ001
        if at.year not in _YEARS:
            raise Unreadable
        return (at if at.tzinfo else at.replace(tzinfo=self._zone)).astimezone(UTC)


def _at(component: Component, name: str) -> date:
    """Return the day, or the moment, that a property has."""
    value: Any = component[name]
    at: date = value.dt
    return at


def _end(component: Component) -> date | None:
    if "DTEND" in component:
        return _at(component, "DTEND")
    begins = _at(component, "DTSTART")
    if "DURATION" in component:
        length: Any = component["DURATION"]
        return begins + timedelta(seconds=length.dt.total_seconds())
    return None if isinstance(begins, datetime) else begins + _DAY


def _sequence(component: Component) -> int:
    said: Any = component.get("SEQUENCE", 0)
    return int(said)


def _stamp(component: Component) -> str:
    stamp: Any = component.get("LAST-MODIFIED", component.get("DTSTAMP"))
    return "" if stamp is None else bytes(stamp.to_ical()).decode()


def _time_text(at: date) -> str:
    if not isinstance(at, datetime):
        return f"{at:%Y%m%d}"
    zone = getattr(at.tzinfo, "key", None) or (at.tzname() or "")
    return f"{at:%Y%m%dT%H%M%S} {zone}".strip()


def _ref(said: str) -> str:
    """Return an id that can be kept: a long one, or one with what cannot be shown, becomes a digest."""
    if len(said) <= LONGEST_ID and clean(said) == said:
        return said
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
