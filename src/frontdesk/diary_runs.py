"""What reading a diary is: places and how they stand, runs, their slices, and what a run has found.

A run reads one place: what has changed there, or a window of its appointments, slice by slice. A slice
counts once it is proven to be complete, and nothing is judged before all of them are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from frontdesk.arrivals import Place
from frontdesk.bookings import Booking, Operator

LEASE = timedelta(seconds=90)
"""How long a claim of a place is respected; every write of its reader renews it."""

ABANDONED_AFTER = timedelta(hours=6)
"""A run that was begun longer ago is not gone on with: what it has seen is too old to judge by."""

BETWEEN_WAKES = timedelta(seconds=10)
"""However often a PMS asks to be read, it is read once in this time, the last time after its last call."""

NEAR_DAYS = 3
"""Days of a near compare: today, tomorrow, and the day after."""

BACK, AHEAD = timedelta(days=30), timedelta(days=120)
"""How far a full compare reaches."""


class Kind(StrEnum):
    """What a run reads; nobody reads what is pushed, an hour of it counts as one run."""

    CHANGES = "changes"
    NEAR = "near"
    FULL = "full"
    PUSHED = "pushed"


class RunState(StrEnum):
    """How far a run has got. A held one waits for a person to decide."""

    READING = "reading"
    HELD = "held"
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"


class Decision(StrEnum):
    """What a person decides about a mass change: believe the diary, keep the list, or read once more."""

    APPLY = "apply"
    IGNORE = "ignore"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Window:
    """From when until before when a compare reaches."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, other: "Window") -> bool:
        """Whether all of another window lies in it."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a run's window that is read in one go.

    `expected` is how many appointments the mirror had there. `seen` are the ids of those that were
    read, also of those that are no bookings. `number` is made by the store.
    """

    starts_at: datetime
    ends_at: datetime
    expected: int = 0
    is_complete: bool = False
    seen: frozenset[str] = frozenset()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What a place's diary has and nothing here fits: sites that no practice names, and words for a status.

    `sites` maps the id of a site to its name, `words` a word to how many appointments have it. `unread`
    counts appointments that are no bookings: of several patients, or told in a way that is not understood.
    """

    sites: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0


@dataclass(frozen=True, slots=True)
class PlaceState:
    """How one place stands. Times are the store's, but for `cursor`, which is by the diary's own clock.

    `cursor` is when the last complete run began: changes are read from there on; without it everything has
    to be compared anew. `skew` is by how much the diary's clock is ahead. `baseline_at` is when the place
    was first read completely. `changes_at`, `near_at` and `full_at` are when the runs that were complete
    began, `read_at` when the latest of any kind did. `pause` is how long it rests between two runs.
    `failures` are those in a row since `failing_since`, `trouble` is why in the operator's words, and
    `is_refused` whether only a person can end it. `held` is the run that waits for a decision, and
    `held_fewer` and `held_changes` are how many bookings it would take away, and change otherwise;
    `is_believed` once somebody has decided that this is to be done. `is_pushed`: nobody reads it, its
    system tells by itself what has changed, last at `changes_at`.
    """

    place: Place
    number: int = 0
    next_at: datetime | None = None
    asked: Kind | None = None
    cursor: datetime | None = None
    skew: timedelta = timedelta(0)
    baseline_at: datetime | None = None
    changes_at: datetime | None = None
    near_at: datetime | None = None
    full_at: datetime | None = None
    read_at: datetime | None = None
    answered_at: datetime | None = None
    pause: timedelta = timedelta(0)
    failures: int = 0
    failing_since: datetime | None = None
    trouble: str = ""
    is_refused: bool = False
    held: int | None = None
    held_fewer: int = 0
    held_changes: int = 0
    is_believed: bool = False
    is_pushed: bool = False
    unmatched: Unmatched = Unmatched()


@dataclass(frozen=True, slots=True)
class Lease:
    """A place that one reader has taken on at `at`. `fence` proves with every write that it is still its own."""

    state: PlaceState
    fence: int
    at: datetime

    @property
    def place(self) -> Place:
        """The place."""
        return self.state.place


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a place, as it stands.

    `window` is None where changes are read. `began` is the diary's own time when it began. `counts` are
    what it has changed here, by the words of `arrivals.Effect`, and `held` what waits for a decision, by
    the same words; `why` says why. `read` is how many appointments it has read. `examples` are the ids of bookings, at
    most ten. `decided_by` made the `decision` at `decided_at`.
    """

    number: int
    place: Place
    kind: Kind
    window: Window | None
    started_at: datetime
    began: datetime
    by: Operator
    state: RunState = RunState.READING
    ended_at: datetime | None = None
    read: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    examples: tuple[int, ...] = ()
    decision: Decision | None = None
    decided_by: Operator | None = None
    decided_at: datetime | None = None
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class HeldChange:
    """A mass change as the person sees it who decides about it.

    `days` and `practitioners` say how many of its bookings are theirs, `examples` are a few of them.
    """

    run: Run
    days: tuple[tuple[date, int], ...] = ()
    practitioners: tuple[tuple[str, int], ...] = ()
    examples: tuple[Booking, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbableMove:
    """A booking that was cancelled or deleted in a diary, and the new one there that is probably the same, moved."""

    was: Booking
    now_is: Booking


@dataclass(frozen=True, slots=True)
class LooseEnds:
    """What of one practice's diary fits nothing here, or nothing there.

    `practitioners` have bookings to come, so many, and are not in the diary. `to_look_at` says for what a person
    has to look at how many appointments.
    """

    practice_id: str
    unmatched: Unmatched = Unmatched()
    practitioners: tuple[tuple[str, int], ...] = ()
    to_look_at: tuple[tuple[str, int], ...] = ()
    probable_moves: tuple[ProbableMove, ...] = ()


class LeaseLost(Exception):
    """Another reader has taken the place on: nothing was written, and nothing more may be."""
