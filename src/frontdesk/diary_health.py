"""How a diary stands, in the operator's words: healthy, late, or in need of a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from frontdesk import times
from frontdesk.diary_runs import PlaceState

FULL_WITHIN = timedelta(hours=26)
"""A diary whose last full compare began longer ago is late."""

FAILURES, FAILING_FOR = 3, timedelta(minutes=10)
"""So many failures in a row, over so long, are more than a bad moment."""

_LEEWAY = timedelta(minutes=2)
"""What a run itself may take, and a reader that is busy with another place."""


class Health(StrEnum):
    """How far the list can be trusted to be the diary."""

    HEALTHY = "healthy"
    LATE = "late"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one diary stands. `said` is a sentence for the desk, empty where all is well."""

    health: Health
    said: str = ""


def standing(state: PlaceState, shown: str, now: datetime, zone: tzinfo, tell: str = "") -> Standing:
    """Return how a place stands. `shown` is what its PMS is called, `tell` who is told of a mass change."""
    if state.is_refused:
        return Standing(Health.UNHEALTHY, f"{shown} is not read: {state.trouble}.")
    if state.held is not None:
        return Standing(Health.UNHEALTHY, _held(state, shown, now, zone, tell))
    if _is_failing(state, now):
        since = times.since_in_words(state.failing_since or now, zone, now)
        return Standing(Health.UNHEALTHY, f"{shown} cannot be read since {since}: {state.trouble}.")
    if state.is_pushed:
        last = f"last {_since(state.changes_at, now, zone)}" if state.changes_at else "none yet"
        return Standing(
            Health.HEALTHY, f"{shown} pushes its changes, {last}: whether all came cannot be checked."
        )
    if state.baseline_at is None:
        why = f": {state.trouble}" if state.trouble else ""
        return Standing(Health.LATE, f"{shown} was not read completely yet{why}.")
    if state.read_at is None or now - state.read_at > 2 * state.pause + _LEEWAY:
        return Standing(
            Health.LATE, f"{shown} last read {_last_read(state, now, zone)}: newer bookings are not here."
        )
    if state.full_at is None or now - state.full_at > FULL_WITHIN:
        return Standing(Health.LATE, f"{shown} was last compared in full {_since(state.full_at, now, zone)}.")
    return Standing(Health.HEALTHY)


def _is_failing(state: PlaceState, now: datetime) -> bool:
    since = state.failing_since
    return state.failures >= FAILURES and since is not None and now - since >= FAILING_FOR


def _held(state: PlaceState, shown: str, now: datetime, zone: tzinfo, tell: str) -> str:
    if state.held_fewer:
        what = f"suddenly shows {state.held_fewer:,} bookings fewer"
    else:
        what = f"suddenly shows {state.held_changes:,} bookings otherwise"
    whom = f" Tell {tell}." if tell else ""
    return f"{shown} {what}. Nothing of that was changed here; the list is from {_since(state.read_at, now, zone)}.{whom}"


def _last_read(state: PlaceState, now: datetime, zone: tzinfo) -> str:
    if state.read_at is None:
        return "never"
    minutes = (now - state.read_at) // timedelta(minutes=1)
    ago = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    return f"{_since(state.read_at, now, zone)} ({ago} ago)"


def _since(moment: datetime | None, now: datetime, zone: tzinfo) -> str:
    return times.since_in_words(moment, zone, now) if moment else "never"
