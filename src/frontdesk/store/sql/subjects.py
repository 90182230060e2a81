"""What commands act on, as the tables keep it: how each kind of thing is locked, read and saved.

Locks are taken in one order, whichever command takes them: by `ORDER`, then by id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, insert, select, update

from frontdesk import times
from frontdesk.billing.adjustments import Adjustment
from frontdesk.bookings import Booking, Operator, Origin, Practice, Standing
from frontdesk.deliveries import OPEN_STATES, Delivery, State
from frontdesk.errors import Conflict, NotFound
from frontdesk.store import records
from frontdesk.store.sql import refs, selects, troubles
from frontdesk.store.sql.accounts import Accounts, Invoices, Payers, account_of_booking
from frontdesk.store.sql.derived import derived_from
from frontdesk.store.sql.selects import ADJUSTMENT, BOOKED, BOOKING, DELIVERY

ORDER = ("account", "practitioner", "booking", "delivery", "invoice", "adjustment", "offer")
"""The one order in which things are locked. A kind that is not named here comes last."""


class SubjectKind(Protocol):
    """How one kind of thing is locked, read and saved."""

    @property
    def type(self) -> type[Any]:
        """The type of such a thing."""
        ...

    def lock(self, tx: Connection, ids: Sequence[int]) -> None:
        """Lock these rows, in the order of their ids, until the transaction ends."""
        ...

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Any:
        """Return one that this desk may know of. Raises NotFound."""
        ...

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Any]:
        """Return those of these that there are, in any order. Raises ValueError for a row that is none."""
        ...

    def kept(self, thing: Any) -> Mapping[str, Any]:
        """Return what nothing but a command changes in it from now on, as JSON values by names.

        The audit keeps a digest of it, so that it is found when it was changed otherwise. What a
        source or a dispatcher may still write is left out.
        """
        ...

    def made(self, tx: Connection, after: int, limit: int) -> Sequence[int]:
        """Return the ids behind `after`, in order, of those that only commands make."""
        ...

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        """Return the ids of the things of another kind that belong to one."""
        ...

    def practice(self, tx: Connection, thing: Any) -> Practice | None:
        """Return the practice that it belongs to, None for all of them."""
        ...

    def booking_id(self, thing: Any) -> int | None:
        """Return the booking that it concerns, if it concerns one."""
        ...

    def version(self, thing: Any) -> int:
        """Return its version, which rises with every change of its own fields."""
        ...

    def save(self, tx: Connection, before: Any | None, after: Any, by: Operator, now: datetime) -> Any:
        """Write it, with its next version, and return it as it then stands; without `before` it is new."""
        ...

    def conflict(self, tx: Connection, thing: Any, now: datetime) -> Conflict:
        """Return what to tell whoever has seen another version of it."""
        ...


# Made once: to build a statement takes longer than SQLite takes to carry it out.
# A booking is locked by itself: what was joined to it before another desk's change would be missed.
_LOCK_BOOKINGS = (
    select(BOOKING.c.id)
    .where(BOOKING.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(BOOKING.c.id)
    .with_for_update()
)
_ONE_BOOKING = BOOKED.where(BOOKING.c.id == bindparam("thing_id"))


class Bookings:
    """Bookings, by their id."""

    type = Booking

    def lock(self, tx: Connection, ids: Sequence[int]) -> None:
        tx.execute(_LOCK_BOOKINGS, {"ids": ids})

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Booking:
        query = selects.at_practices(_ONE_BOOKING, standing.practices)
        row = tx.execute(query, {"thing_id": thing_id}).one_or_none()
        if row is None:
            raise NotFound("There is no such booking here: look for it again.")
        (found,) = records.bookings([row])
        return found

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Booking]:
        return records.bookings(tx.execute(BOOKED.where(BOOKING.c.id.in_(ids))))

    def made(self, tx: Connection, after: int, limit: int) -> Sequence[int]:
        return ()  # sources bring them

    def kept(self, thing: Booking) -> Mapping[str, Any]:
        done, intent = thing.cancellation, thing.intent
        kept: dict[str, Any] = {"intent": [str(intent.command_id), intent.kind] if intent else None}
        if done is not None and done.origin is Origin.HERE:
            said = [done.reason, done.note, done.filed]
            kept["cancellation"] = [times.in_utc(done.at), *_who(done.by), *said]
        marked = thing.attendance
        if marked.origin is Origin.HERE and marked.at is not None:
            kept["attendance"] = [
                marked.presence.value,
                times.in_utc(marked.at),
                *_who(marked.by),
                marked.notice,
            ]
        return kept

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        if kind == "payer":
            return account_of_booking(tx, thing_id)
        (column, own) = _OF_A_BOOKING[kind]
        return tx.execute(select(column).where(own == thing_id)).scalars().all()

    def practice(self, tx: Connection, thing: Booking) -> Practice | None:
        return thing.practice

    def booking_id(self, thing: Booking) -> int | None:
        return thing.id

    def version(self, thing: Booking) -> int:
        return thing.version

    def save(
        self, tx: Connection, before: Booking | None, after: Booking, by: Operator, now: datetime
    ) -> Booking:
        if before is None:
            raise TypeError("bookings come in by a load")
        was, values = selects.booking_values(before), selects.booking_values(after)
        differing = {name: value for name, value in values.items() if was[name] != value}
        follows_from = derived_from(differing, values, after.practitioner.name, after.practice)
        written = {
            **differing,
            **follows_from,
            "version": before.version + 1,
            "changed_by": by.name,
            "changed_via": by.via,
            "changed_at": now,
        }
        tx.execute(update(BOOKING).where(BOOKING.c.id == after.id).values(**written))
        if "pms_ref" in differing:
            refs.moved(tx, after.id, before.pms_ref, after.pms_ref, now)
        return replace(after, version=before.version + 1)

    def conflict(self, tx: Connection, thing: Booking, now: datetime) -> Conflict:
        row = tx.execute(select(BOOKING).where(BOOKING.c.id == thing.id)).one()
        if thing.cancellation is not None and thing.cancellation.origin is Origin.HERE:
            by: Operator | None = thing.cancellation.by
            at: datetime | None = thing.cancellation.at
            did = "cancelled"
        else:
            by = Operator(row.changed_by, row.changed_via) if row.changed_by else None
            at = row.changed_at
            did = "changed"
        zone = thing.practice.zone
        moment = f" {times.when_in_words(at, zone, now)} {times.zone_name(zone)} time" if at else ""
        return Conflict(
            f"{by or 'Somebody else'} {did} this booking{moment}: look at it as it is now.", thing, by, at
        )


class Adjustments:
    """Requests not to be charged, by their id."""

    type = Adjustment

    def lock(self, tx: Connection, ids: Sequence[int]) -> None:
        wanted = select(ADJUSTMENT.c.id).where(ADJUSTMENT.c.id.in_(ids))
        tx.execute(wanted.order_by(ADJUSTMENT.c.id).with_for_update())

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Adjustment:
        wanted = select(ADJUSTMENT).join(BOOKING, BOOKING.c.id == ADJUSTMENT.c.booking_id)
        wanted = selects.at_practices(wanted.where(ADJUSTMENT.c.id == thing_id), standing.practices)
        row = tx.execute(wanted).one_or_none()
        if row is None:
            raise NotFound("There is no such request here: look at the list again.")
        return selects.adjustment(row)

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Adjustment]:
        rows = tx.execute(select(ADJUSTMENT).where(ADJUSTMENT.c.id.in_(ids)))
        return [selects.adjustment(row) for row in rows]

    def made(self, tx: Connection, after: int, limit: int) -> Sequence[int]:
        following = select(ADJUSTMENT.c.id).where(ADJUSTMENT.c.id > after)
        return tx.execute(following.order_by(ADJUSTMENT.c.id).limit(limit)).scalars().all()

    def kept(self, thing: Adjustment) -> Mapping[str, Any]:
        answers = sorted([answer.question, answer.yes] for answer in thing.answers)
        asked = [thing.booking_id, thing.ground.value, answers, thing.text, thing.name]
        decided = [thing.review.value, thing.note, *_who(thing.decided_by), times.in_utc(thing.decided_at)]
        return {"request": [*asked, *_who(thing.by), times.in_utc(thing.at)], "review": decided}

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        return tx.execute(select(ADJUSTMENT.c.booking_id).where(ADJUSTMENT.c.id == thing_id)).scalars().all()

    def practice(self, tx: Connection, thing: Adjustment) -> Practice | None:
        return SUBJECTS["booking"].read(tx, thing.booking_id, Standing()).practice  # type: ignore[no-any-return]

    def booking_id(self, thing: Adjustment) -> int | None:
        return thing.booking_id

    def version(self, thing: Adjustment) -> int:
        return thing.version

    def save(
        self, tx: Connection, before: Adjustment | None, after: Adjustment, by: Operator, now: datetime
    ) -> Adjustment:
        values = selects.adjustment_values(after)
        if before is None:
            made = insert(ADJUSTMENT).values(version=1, **values).returning(ADJUSTMENT.c.id)
            return replace(after, id=tx.execute(made).scalar_one(), version=1)
        version = before.version + 1
        tx.execute(update(ADJUSTMENT).where(ADJUSTMENT.c.id == after.id).values(version=version, **values))
        return replace(after, version=version)

    def conflict(self, tx: Connection, thing: Adjustment, now: datetime) -> Conflict:
        by, at = thing.decided_by, thing.decided_at
        did = thing.review.value.lower() if by is not None else "changed"
        return Conflict(
            f"{by or 'Somebody else'} {did} this request: look at it as it is now.", thing, by, at
        )


class Deliveries:
    """Deliveries, by their id. Their version is the dispatchers' fence: no command raises it."""

    type = Delivery

    def lock(self, tx: Connection, ids: Sequence[int]) -> None:
        tx.execute(
            select(DELIVERY.c.id).where(DELIVERY.c.id.in_(ids)).order_by(DELIVERY.c.id).with_for_update()
        )

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Delivery:
        wanted = select(DELIVERY).join(BOOKING, BOOKING.c.id == DELIVERY.c.booking_id)
        wanted = selects.at_practices(wanted.where(DELIVERY.c.id == thing_id), standing.practices)
        row = tx.execute(wanted).one_or_none()
        if row is None:
            raise NotFound("There is no such delivery here: look at the list again.")
        return selects.delivery(row)

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Delivery]:
        return [selects.delivery(row) for row in tx.execute(select(DELIVERY).where(DELIVERY.c.id.in_(ids)))]

    def made(self, tx: Connection, after: int, limit: int) -> Sequence[int]:
        return ()  # the proof of a command has its deliveries

    def kept(self, thing: Delivery) -> Mapping[str, Any]:
        # Until it is settled, it is the dispatchers'.
        return {"settled": [thing.settled_by, thing.note]} if thing.state is State.SETTLED else {}

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        its_booking = select(DELIVERY.c.booking_id).where(DELIVERY.c.id == thing_id)
        if kind == "delivery":
            of_it = DELIVERY.c.booking_id == its_booking.scalar_subquery()
            return tx.execute(select(DELIVERY.c.id).where(of_it)).scalars().all()
        return tx.execute(its_booking).scalars().all()

    def practice(self, tx: Connection, thing: Delivery) -> Practice | None:
        return SUBJECTS["booking"].read(tx, thing.booking_id, Standing()).practice  # type: ignore[no-any-return]

    def booking_id(self, thing: Delivery) -> int | None:
        return thing.booking_id

    def version(self, thing: Delivery) -> int:
        return thing.version

    def save(
        self, tx: Connection, before: Delivery | None, after: Delivery, by: Operator, now: datetime
    ) -> Delivery:
        if after.state is State.PENDING and self._waits(tx, after):
            after = replace(after, next_at=None)
        values = selects.dealt_values(after, by)
        tx.execute(update(DELIVERY).where(DELIVERY.c.id == after.id).values(**values))
        if after.state is not State.SETTLED:
            # Somebody has it tried again: its connection is not left alone any longer.
            troubles.release(tx, after.connection)
        return after

    def _waits(self, tx: Connection, delivery: Delivery) -> bool:
        """Whether another delivery is to be done first. All of the booking's are locked."""
        row = tx.execute(select(DELIVERY).where(DELIVERY.c.id == delivery.waits_for)).one_or_none()
        if row is None or (row.proves and row.is_refused):
            return False
        return State(row.state) in (*OPEN_STATES, State.ATTENTION)

    def conflict(self, tx: Connection, thing: Delivery, now: datetime) -> Conflict:
        return Conflict(
            "It was tried again meanwhile: look at it as it is now.", thing, None, thing.changed_at
        )


_OF_A_BOOKING: Mapping[str, tuple[Any, Any]] = {
    "delivery": (DELIVERY.c.id, DELIVERY.c.booking_id),
    "adjustment": (ADJUSTMENT.c.id, ADJUSTMENT.c.booking_id),
}

SUBJECTS: dict[str, SubjectKind] = {
    "booking": Bookings(),
    "delivery": Deliveries(),
    "adjustment": Adjustments(),
    "account": Accounts(),
    "payer": Payers(),
    "invoice": Invoices(),
}
"""Every kind of thing that a command can act on, or alter beside its subject."""


def _who(by: Operator | None) -> tuple[str, str]:
    return ("", "") if by is None else (by.name, by.via)


def kind_of(thing: Any) -> str:
    """Return what kind of thing this is."""
    return next(kind for kind, one in SUBJECTS.items() if isinstance(thing, one.type))


def place_of(kind: str) -> int:
    """Return where a kind stands in the one order of locks."""
    return ORDER.index(kind) if kind in ORDER else len(ORDER)
