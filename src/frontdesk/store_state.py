"""How a store stands: what this desk may do, what is open, who outside does not answer, and how old its list is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from frontdesk.bookings import Standing

DIARIES_AT_ONCE = 100
"""Diaries that a state tells of at most: a desk of more practices hears of those in trouble."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Somebody outside who has not answered since `since`, or does not let us in (`is_locked_out`)."""

    name: str
    since: datetime
    is_locked_out: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """What is known of one connection: deliveries that go through it, and whether it is in trouble."""

    name: str
    under_way: int = 0
    need_person: int = 0
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class DiaryState:
    """How far the list of one practice is the diary of its PMS. There is none where no diary was ever to be read.

    `read_at` is when the latest read that was complete began, `compared_at` when the latest of all days did, and
    `is_complete` whether there ever was one. `pause` is how long it rests between two reads. `failures` are those
    in a row since `failing_since`, `trouble` says why as the rest of a sentence, and `is_refused` whether only
    a person can end it. `is_pushed`: the PMS sends its changes by itself, and cannot be asked. `is_awaited`: somebody reads it, or asked for that. `is_unattended`: it is due, and nobody reads it. `held` is the run that waits for a
    decision, `held_fewer` and `held_changes` are how many bookings it would take away, and change otherwise.
    """

    practice_id: str
    read_at: datetime | None = None
    compared_at: datetime | None = None
    is_complete: bool = True
    pause: timedelta = timedelta(0)
    failures: int = 0
    failing_since: datetime | None = None
    trouble: str = ""
    is_refused: bool = False
    is_pushed: bool = False
    is_awaited: bool = False
    is_unattended: bool = False
    held: int | None = None
    held_fewer: int = 0
    held_changes: int = 0


@dataclass(frozen=True, slots=True)
class StoreState:
    """How the store stands: what this desk may do, the store's clock, and what is open.

    `number` is the latest change; `under_way` and `need_person` count deliveries, and
    `unattended` those under way that no living dispatcher can carry out. `connections` are
    those with something open or in trouble. `diaries` are those of the desk's practices, at most
    DIARIES_AT_ONCE, those in trouble first. Numbers and versions are those of the store that has
    this `store_id`: behind the same address there may be another one one day.
    """

    standing: Standing
    now: datetime
    number: int
    bookings: int
    under_way: int = 0
    need_person: int = 0
    unattended: int = 0
    connections: tuple[ConnectionState, ...] = ()
    store_id: str = ""
    diaries: tuple[DiaryState, ...] = ()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Those outside who keep deliveries waiting now."""
        return tuple(one.trouble for one in self.connections if one.trouble and one.under_way)
