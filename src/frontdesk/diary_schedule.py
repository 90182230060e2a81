"""When a diary is read, and what of it: the pace of the config, the hours of practices, pauses after failures."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from frontdesk.arrivals import Place
from frontdesk.diary_runs import AHEAD, BACK, NEAR_DAYS, Kind, PlaceState, Window
from frontdesk.pauses import pause

OPENS, CLOSES = time(7), time(20)
"""Between these hours of a practice's clock its diary is read at its pace; at night less often."""

AT_NIGHT = 6
"""By how much longer a diary rests while its practice is closed."""

SPREAD = timedelta(hours=2)
"""Over how long after `full_at` the full compares of many accounts are spread."""

OVERLAP = timedelta(minutes=2)
"""How far a read of changes reaches back behind the run before it, at the least."""

JITTER = 0.2

_PAUSES = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
"""Seconds of rest after so many failures in a row."""

_WITHOUT_CHANGES = 2
"""A diary that tells no changes is compared near by at every second turn."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The config's `[sync]`: how often diaries are read, and when in the night they are compared in full.

    `tell` is whom desks are sent to when a mass change is held.
    """

    every: timedelta = timedelta(minutes=5)
    near_every: timedelta = timedelta(minutes=30)
    full_at: time = time(2)
    tell: str = ""


def due(
    state: PlaceState, pace: Pace, now: datetime, zone: ZoneInfo, *, tells_changes: bool
) -> tuple[Kind, ...]:
    """Return what is to be read of a place at `now`, in this order.

    A full compare that nobody made at night is made by whoever comes first in the morning. Changes are
    read before it: they take a moment, and a full compare does not.
    """
    begun = (Kind.CHANGES,) if tells_changes and state.cursor is not None else ()
    if state.asked is Kind.FULL or _is_full_due(state, pace, now, zone):
        return (*begun, Kind.FULL)
    near_every = pace.near_every if tells_changes else min(pace.near_every, _WITHOUT_CHANGES * pace.every)
    # A turn may come a little early: the next one would be much too late.
    is_near_due = state.near_at is None or now - state.near_at >= near_every - pace.every / 2
    if state.asked is Kind.NEAR or is_near_due:
        return (*begun, Kind.NEAR)
    return begun


def _is_full_due(state: PlaceState, pace: Pace, now: datetime, zone: ZoneInfo) -> bool:
    if state.full_at is None or state.baseline_at is None or state.cursor is None:
        return True
    return state.full_at < _last_night(state.place, pace, now, zone)


def _last_night(place: Place, pace: Pace, now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the latest full compare of a place was due."""
    phase = SPREAD * (_hash(place) / 2**32)
    today = now.astimezone(zone).date()
    at = datetime.combine(today, pace.full_at, zone).astimezone(UTC) + phase
    if at <= now:
        return at
    return datetime.combine(today - timedelta(days=1), pace.full_at, zone).astimezone(UTC) + phase


def _hash(place: Place) -> int:
    """A number of 32 bits that is the same on every machine."""
    words = f"{place.connection}\n{place.location}".encode()
    return int.from_bytes(hashlib.blake2s(words, digest_size=4).digest())


def rest(pace: Pace, now: datetime, zone: ZoneInfo, chance: float) -> timedelta:
    """Return how long a place rests after a run that went well. `chance` is from 0 up to 1."""
    local = now.astimezone(zone)
    times = 1 if OPENS <= local.time() < CLOSES else AT_NIGHT
    return pace.every * times * _around_one(chance)


def rest_after_failure(failures: int, chance: float) -> timedelta:
    """Return how long a place rests after so many failures in a row, counted from 1."""
    return timedelta(seconds=pause(_PAUSES, failures)) * _around_one(chance)


def _around_one(chance: float) -> float:
    return 1 - JITTER + 2 * JITTER * chance


def since(cursor: datetime, skew: timedelta) -> datetime:
    """Return from when on changes are read, by the diary's clock: before the last run began, whole seconds.

    What was committed there a moment too late, and what a clock that was set hides, lies in the overlap.
    """
    return (cursor - max(OVERLAP, 2 * abs(skew))).replace(microsecond=0)


def window(
    kind: Kind, now: datetime, zone: ZoneInfo, first: date | None = None, last: date | None = None
) -> Window:
    """Return the window of a near or a full compare, in whole days of the practice's clock.

    `first` and `last` are days that a person has named instead.
    """
    today = now.astimezone(zone).date()
    if kind is Kind.NEAR:
        starts, ends = today, today + timedelta(days=NEAR_DAYS)
    else:
        starts, ends = today - BACK, today + AHEAD
    starts = first or starts
    ends = last + timedelta(days=1) if last else max(ends, starts + timedelta(days=1))
    return Window(_midnight(starts, zone), _midnight(ends, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
