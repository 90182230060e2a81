"""Diaries, as those who read them keep them in a store: places, leases, runs, and what was read.

Every method is one short transaction, awaited, and raises `Unavailable` when the store cannot be reached. Those
that take a lease raise `LeaseLost` when somebody else has the place, and have written nothing then; otherwise
they also renew it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from frontdesk.arrivals import DiaryEntry, Effect, Place, Pushed
from frontdesk.bookings import Operator, Patient
from frontdesk.brake import Mass
from frontdesk.diary_runs import Decision, Kind, Lease, PlaceState, Run, Slice, Unmatched, Window


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What the mirror knows of one appointment: its patient, and what of the patient the diary does not say."""

    ref: str
    patient: Patient
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Missing:
    """An appointment of the mirror that a complete slice does not have any more.

    `practitioner` is the id, or the name where there is no id. `is_slice_empty`: that slice has no appointment at all.
    """

    ref: str
    practitioner: str
    starts_at: datetime
    slice_number: int
    is_slice_empty: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What the mirror would change here: how much, and of each effect the ids of some bookings."""

    mass: Mass
    examples: Mapping[Effect, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A mass change that a person is asked about: how many of which effect, why, and the ids of some bookings.

    `missing` are ids that the diary does not show any more and was not asked for.
    """

    held: Mapping[Effect, int]
    why: str
    examples: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()


class Taken(Enum):
    """What became of a message that a place was pushed."""

    DONE = "the list is as it says"
    HELD = "a person is asked first"
    REPEATED = "it was taken in before"
    OLDER = "a later one of the same appointment was taken in before"
    UNKNOWN = "it says only how an appointment stands that is not known here"


class Diaries(Protocol):
    """The diaries of a store. Any number of readers may work on one store at once.

    A place is an account and one of its sites. Only one reader at a time has places of an account.
    """

    async def keep(self, places: Collection[Place], *, is_pushed: bool = False) -> None:
        """Take note of places: from now on they are read, a new one at once, or pushed."""
        ...

    async def states(self) -> tuple[PlaceState, ...]:
        """Return how all places stand, in the order in which they became known."""
        ...

    async def claim(
        self, owner: str, places: Collection[Place], *, is_listener: bool = False
    ) -> Lease | None:
        """Take on the place that is due longest, those that somebody asked for first; None when none is.

        An account that asked to be left alone, for deliveries or diaries, has nothing due. A listener has
        all places of an account at once, where a reader has one after the other.
        """
        ...

    async def next_due(self, places: Collection[Place]) -> float | None:
        """Return in how many seconds a place is next due, 0 or less for now, None for never."""
        ...

    async def renew(self, lease: Lease) -> None:
        """Say that the reader of a place is alive."""
        ...

    async def ask(self, places: Collection[Place], kind: Kind) -> None:
        """Have places read at once, with a compare of this kind."""
        ...

    async def wake(self, connection: str, kind: Kind) -> None:
        """Have the places of an account read at once since it says so, or `BETWEEN_WAKES` after the last time.

        Nothing that was called before a read began is forgotten. A place that only a person can have read again
        is not.
        """
        ...

    async def requests(self, connection: str, number: int, per_minute: int) -> float:
        """Take so many of the requests that readers may send to an account; return the seconds until they may go.

        Two thirds of what it takes in a minute are for all readers of all processes together. Writes
        never wait for them.
        """
        ...

    async def leave_alone(self, connection: str, shown: str, until: datetime) -> None:
        """Have nobody send anything to an account before `until`: it asked for that."""
        ...

    async def begin(
        self, lease: Lease, kind: Kind, window: Window | None, began: datetime, by: Operator
    ) -> tuple[Run, tuple[Slice, ...]]:
        """Begin a run, or go on with the one of the same kind and window that was cut off.

        A run that goes on brings its slices; it began when it did. One that was begun too long ago, or is
        of another kind, is abandoned with all that it has seen.
        """
        ...

    async def known(self, lease: Lease, window: Window) -> tuple[datetime, ...]:
        """Return the starts of the appointments that the mirror has in a window, in order."""
        ...

    async def plan(self, lease: Lease, run: Run, slices: Sequence[Slice]) -> tuple[Slice, ...]:
        """Note what a run reads, and return it with its numbers."""
        ...

    async def split(self, lease: Lease, run: Run, slice_: Slice, parts: Sequence[Slice]) -> tuple[Slice, ...]:
        """Have a slice that did not fit a page read in parts."""
        ...

    async def news(self, lease: Lease, entries: Sequence[DiaryEntry]) -> frozenset[str]:
        """Return the ids of those entries that differ from the mirror, or are not in it."""
        ...

    async def patients(self, lease: Lease, refs: Collection[str]) -> Mapping[str, Mirrored]:
        """Return what the mirror knows of the patients of these appointments."""
        ...

    async def note(
        self,
        lease: Lease,
        run: Run,
        entries: Sequence[DiaryEntry],
        slice_: Slice | None = None,
        seen: Collection[str] = (),
        gone: Collection[str] = (),
    ) -> None:
        """Put what was read into the mirror, and with it that a slice is complete. What is as it was is not written.

        `seen` are the ids of all that the slice had, `gone` those that the diary calls deleted.
        """
        ...

    async def listens(self, lease: Lease) -> None:
        """Note that messages come in at a place again, after whatever kept them out."""
        ...

    async def take_in(self, lease: Lease, pushed: Pushed) -> Taken:
        """Put what was pushed into the mirror and have the list made so, all in this transaction.

        The brake counts what was pushed within an hour: what it holds stays as it is until a person has
        decided, whatever comes meanwhile. The place never counts as read completely.
        """
        ...

    async def missing(self, lease: Lease, run: Run) -> tuple[Missing, ...]:
        """Return what the mirror has in the slices of a run, which are all complete, and none of them had."""
        ...

    async def to_read_again(self, lease: Lease) -> tuple[str, ...]:
        """Return ids of appointments that were read before something that was done here was proven there."""
        ...

    async def note_gone(self, lease: Lease, run: Run, ref: str, successor: str = "") -> None:
        """Note that the diary was asked for an appointment and has it no more, with the id that it has now."""
        ...

    async def judge(self, lease: Lease, run: Run) -> Judged:
        """Return what the mirror would change here now."""
        ...

    async def reconcile(self, lease: Lease, run: Run, held: Collection[Effect]) -> bool:
        """Make some bookings as the mirror says, but for those of `held` effects; whether there are more."""
        ...

    async def end(
        self,
        lease: Lease,
        run: Run,
        *,
        counts_as: Kind | None,
        asked: Asked | None,
        unmatched: Unmatched | None = None,
    ) -> Run:
        """End a run that has read all it was to read, and note on the place how far it is read now.

        `counts_as` is what it spares for a while, None for a compare of some other window. What is `asked` waits for a decision, unless a person wanted to hear nothing more of just that; it ends
        an earlier question. None ends one that this run could see the end of.
        """
        ...

    async def fail(self, lease: Lease, run: Run, why: str, *, start_over: bool = False) -> None:
        """Note that a run failed. With `start_over` all has to be compared before changes are read again."""
        ...

    async def rest(self, lease: Lease, pause: timedelta, skew: timedelta) -> None:
        """Give the place up after runs that went well, to be read again after `pause`."""
        ...

    async def rest_in_trouble(
        self, lease: Lease, pause: timedelta, why: str, *, is_refused: bool = False
    ) -> None:
        """Give the place up after a failure; `is_refused`: only a person can end it."""
        ...

    async def runs(self, limit: int) -> tuple[Run, ...]:
        """Return the latest runs, the latest first."""
        ...

    async def run(self, number: int) -> Run:
        """Return one run. Raises NotFound."""
        ...

    async def decide(self, number: int, decision: Decision, operator: Operator, owner: str) -> Lease:
        """Write down what a person decides about a held run; return its place, taken on by `owner`.

        Whoever reads the place just now has lost it. `AGAIN` ends the question and has the place read at
        once; what is to be applied is done by `apply`. Raises NotFound, and Refused where there is nothing to
        decide, or where the diary says something else by now than what is decided about.
        """
        ...

    async def apply(self, lease: Lease) -> bool:
        """Make some bookings as the diary says that a person has decided to believe; whether there are more."""
        ...

    async def let_go(self, lease: Lease) -> None:
        """Give the place up, to be read when it is due."""
        ...
