"""What commands act on, as the tables keep it: how each kind of thing is locked, read and saved.

Locks are taken in one order, whichever command takes them: by `ORDER`, then by id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

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
from frontdesk.store.sql.subject_kind import SubjectKind

ORDER = ("account", "practitioner", "booking", "delivery", "invoice", "adjustment", "offer")
"""The one order in which things are locked. A kind that is not named here comes last."""


# Made once: to build a statement takes longer than SQLite takes to carry it out.
# A booking is locked by itself: what was joined to it before another desk's change would be missed.
_LOCK_BOOKINGS = (
    select(BOOKING.c.id)
    .where(BOOKING.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(BOOKING.c.id)
    .with_for_update()
)
_ONE_BOOKING = BOOKED.where(BOOKING.c.id == bindparam("thing_id"))


class Bookings(SubjectKind):
    """Bookings, by their id. Sources bring them."""

    type = Booking
    key = BOOKING.c.id

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


class Adjustments(SubjectKind):
    """Requests not to be charged, by their id."""

    type = Adjustment
    key = ADJUSTMENT.c.id
    is_made_by_commands = True

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

    def kept(self, thing: Adjustment) -> Mapping[str, Any]:
        answers = sorted([answer.question, answer.yes] for answer in thing.answers)
        asked = [thing.booking_id, thing.ground.value, answers, thing.text, thing.name]
        decided = [thing.review.value, thing.note, *_who(thing.decided_by), times.in_utc(thing.decided_at)]
        return {"request": [*asked, *_who(thing.by), times.in_utc(thing.at)], "review": decided}

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        return tx.execute(select(ADJUSTMENT.c.booking_id).where(ADJUSTMENT.c.id == thing_id)).scalars().all()

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


class Deliveries(SubjectKind):
    """Deliveries, by their id. Their version is the dispatchers' fence: no command raises it.

    The proof of a command has those that it made.
    """

    type = Delivery
    key = DELIVERY.c.id

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Delivery:
        wanted = select(DELIVERY).join(BOOKING, BOOKING.c.id == DELIVERY.c.booking_id)
        wanted = selects.at_practices(wanted.where(DELIVERY.c.id == thing_id), standing.practices)
        row = tx.execute(wanted).one_or_none()
        if row is None:
            raise NotFound("There is no such delivery here: look at the list again.")
        return selects.delivery(row)

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Delivery]:
        return [selects.delivery(row) for row in tx.execute(select(DELIVERY).where(DELIVERY.c.id.in_(ids)))]

    def kept(self, thing: Delivery) -> Mapping[str, Any]:
        # Until it is settled, it is the dispatchers'.
        return {"settled": [thing.settled_by, thing.note]} if thing.state is State.SETTLED else {}

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        its_booking = select(DELIVERY.c.booking_id).where(DELIVERY.c.id == thing_id)
        if kind == "delivery":
            of_it = DELIVERY.c.booking_id == its_booking.scalar_subquery()
            return tx.execute(select(DELIVERY.c.id).where(of_it)).scalars().all()
        return tx.execute(its_booking).scalars().all()

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
