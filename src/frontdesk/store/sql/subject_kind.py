"""What every kind of thing that a command acts on says of itself: how it is locked, read and saved."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, select

from frontdesk.bookings import Operator, Practice, Standing
from frontdesk.errors import Conflict
from frontdesk.store import records
from frontdesk.store.sql.selects import BOOKING, PRACTICE


class SubjectKind(ABC):
    """One kind of thing. What most kinds do the same way, each may do in its own."""

    type: ClassVar[type[Any]]
    """The type of such a thing."""

    key: ClassVar[ColumnElement[int]]
    """The column of its ids."""

    is_made_by_commands: ClassVar[bool] = False
    """Whether only commands make it: then each has to have an event of the audit."""

    def lock(self, tx: Connection, ids: Sequence[int]) -> None:
        """Lock these rows, in the order of their ids, until the transaction ends."""
        tx.execute(select(self.key).where(self.key.in_(ids)).order_by(self.key).with_for_update())

    @abstractmethod
    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Any:
        """Return one that this desk may know of. Raises NotFound."""

    @abstractmethod
    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Any]:
        """Return those of these that there are, in any order. Raises ValueError for a row that is none."""

    @abstractmethod
    def kept(self, thing: Any) -> Mapping[str, Any]:
        """Return what nothing but a command changes in it from now on, as JSON values by names.

        The audit keeps a digest of it, so that it is found when it was changed otherwise. What a
        source or a dispatcher may still write is left out.
        """

    def made(self, tx: Connection, after: int, limit: int) -> Sequence[int]:
        """Return the ids behind `after`, in order, of those that only commands make."""
        if not self.is_made_by_commands:
            return ()
        return (
            tx.execute(select(self.key).where(self.key > after).order_by(self.key).limit(limit))
            .scalars()
            .all()
        )

    @abstractmethod
    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        """Return the ids of the things of another kind that belong to one."""

    def practice(self, tx: Connection, thing: Any) -> Practice | None:
        """Return the practice that it belongs to, None for all of them: that of its booking."""
        its_booking = select(BOOKING.c.practice_id).where(BOOKING.c.id == self.booking_id(thing))
        return records.practice(
            tx.execute(select(PRACTICE).where(PRACTICE.c.id == its_booking.scalar_subquery())).one()
        )

    def booking_id(self, thing: Any) -> int | None:
        """Return the booking that it concerns, if it concerns one."""
        return int(thing.booking_id)

    def version(self, thing: Any) -> int:
        """Return its version, which rises with every change of its own fields."""
        return int(thing.version)

    @abstractmethod
    def save(self, tx: Connection, before: Any | None, after: Any, by: Operator, now: datetime) -> Any:
        """Write it, with its next version, and return it as it then stands; without `before` it is new."""

    @abstractmethod
    def conflict(self, tx: Connection, thing: Any, now: datetime) -> Conflict:
        """Return what to tell whoever has seen another version of it."""
