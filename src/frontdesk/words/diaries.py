"""What became of a diary that was read, in words."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from frontdesk import times
from frontdesk.arrivals import Effect
from frontdesk.diary_runs import Decision, Kind, Run, RunState

_BROUGHT = {
    Effect.NEW: "new",
    Effect.MOVED: "moved",
    Effect.CANCELLED: "cancelled",
    Effect.GONE: "deleted",
    Effect.REINSTATED: "booked again",
    Effect.REPLACED: "now another patient's",
    Effect.REASSIGNED: "with another practitioner",
    Effect.ATTENDANCE: "arrived or not come",
    Effect.CHANGED: "otherwise changed",
    Effect.UNKNOWN_WORD: "with an unknown status",
    Effect.WAITS: "waiting for a change under way here",
    Effect.PERSON: "to look at",
}
"""In this order, after a number."""

_KINDS = {
    Kind.CHANGES: "changes",
    Kind.NEAR: "the next days",
    Kind.FULL: "all days",
    Kind.PUSHED: "messages",
}

_DECIDED = {
    Decision.APPLY: "believed",
    Decision.IGNORE: "the list kept",
    Decision.AGAIN: "read again",
}


def brought(counts: Mapping[str, int]) -> str:
    """Return what a diary has brought: `3 new, 1 moved, 2 cancelled`, or `nothing new`."""
    numbers = [(counts.get(effect.value, 0), words) for effect, words in _BROUGHT.items()]
    return ", ".join(f"{number:,} {words}" for number, words in numbers if number) or "nothing new"


def run_cells(run: Run, shown: str, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    """Return the columns of `frontdesk sync runs`."""
    return (
        str(run.number),
        times.since_in_words(run.started_at, zone, now),
        shown,
        _KINDS[run.kind],
        run.state.value,
        f"{run.read:,} read",
        said_of(run),
    )


def said_of(run: Run) -> str:
    """Return what a run has brought, and what waits or was decided."""
    parts = [brought(run.counts)] if run.state is not RunState.FAILED else []
    if run.why:
        parts.append(f"held: {run.why}" if run.held else run.why)
    if run.decision is not None:
        parts.append(f"{_DECIDED[run.decision]}, decided by {run.decided_by}")
    return "; ".join(parts)
