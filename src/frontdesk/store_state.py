"""How a store stands: what this desk may do, what is open, and who outside does not answer."""

from dataclasses import dataclass
from datetime import datetime

from frontdesk.bookings import Standing


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
class StoreState:
    """How the store stands: what this desk may do, the store's clock, and what is open.

    `number` is the latest change; `under_way` and `need_person` count deliveries, and
    `unattended` those under way that no living dispatcher can carry out. `connections` are
    those with something open or in trouble. Numbers and versions are those of the store that has
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

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Those outside who keep deliveries waiting now."""
        return tuple(one.trouble for one in self.connections if one.trouble and one.under_way)
