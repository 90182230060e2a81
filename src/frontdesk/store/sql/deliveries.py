"""Deliveries as desks see and settle them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select, update

from frontdesk.audit import Action
from frontdesk.bookings import Operator, Reason, Scope, Standing, why_not_write
from frontdesk.deliveries import Attention, Delivery, Kind, State, is_by_hand
from frontdesk.errors import NotFound, Refused
from frontdesk.store import records
from frontdesk.store.port import ChangeKind
from frontdesk.store.sql import selects, troubles
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.doing import booking
from frontdesk.store.sql.sealing import Deed, seal
from frontdesk.store.sql.selects import BOOKED, BOOKING, DELIVERY


def deliveries(connection: Connection, booking_id: int, standing: Standing) -> tuple[Delivery, ...]:
    """Return what follows from a booking's cancellation, in the order it was planned."""
    booking(connection, booking_id, standing)
    wanted = select(DELIVERY).where(DELIVERY.c.booking_id == booking_id).order_by(DELIVERY.c.id)
    return tuple(selects.delivery(row) for row in connection.execute(wanted))


def attention(
    connection: Connection, database: Database, limit: int, standing: Standing
) -> tuple[Attention, ...]:
    """Return what needs a person: nearest appointment first, the passed ones last."""
    now = database.now(connection)
    ahead = _attention_rows(BOOKING.c.starts_at > now, standing).order_by(BOOKING.c.starts_at, DELIVERY.c.id)
    rows = connection.execute(ahead.limit(limit)).all()
    if len(rows) < limit:
        passed = _attention_rows(BOOKING.c.starts_at <= now, standing)
        latest_first = passed.order_by(BOOKING.c.starts_at.desc(), DELIVERY.c.id)
        rows = [*rows, *connection.execute(latest_first.limit(limit - len(rows)))]
    wanted = BOOKED.where(BOOKING.c.id.in_({row.booking_id for row in rows}))
    bookings = {one.id: one for one in records.bookings(connection.execute(wanted))}
    return tuple(Attention(selects.delivery(row), bookings[row.booking_id]) for row in rows)


def _attention_rows(which: ColumnElement[bool], standing: Standing) -> Select[Any]:
    query = select(DELIVERY).join(BOOKING, BOOKING.c.id == DELIVERY.c.booking_id)
    query = query.where(DELIVERY.c.state == State.ATTENTION.value, which)
    return selects.at_practices(query, standing.practices)


def retry(
    connection: Connection, database: Database, delivery_id: int, operator: Operator, standing: Standing
) -> Delivery:
    """Make a delivery in attention due again; see BookingStore.retry."""
    row, now = _in_attention(connection, database, delivery_id, standing)
    if row.kind == Kind.PATIENT_PHONE:
        raise Refused(Reason("by-person", "only a person can phone: settle it when it is done"))
    values: dict[str, Any] = {
        "state": State.PENDING.value,
        "next_at": now,
        "changed_at": now,
        "attempts": 0,
        "unproven": 0,
        "is_refused": False,
    }
    if row.kind == Kind.PMS_CANCEL:
        cancelled = booking(connection, row.booking_id, standing)
        pms = cancelled.practice.pms
        if pms is None or is_by_hand(cancelled, cancelled.practice):
            raise Refused(Reason("by-person", f"{row.target} is updated by hand: settle it when it is done"))
        values["connection"] = pms.connection
    if row.lease_until is not None and row.lease_until > now:
        # An attempt is being made at this moment: it is the first of the new ones.
        values |= {"state": State.CLAIMED.value, "attempts": 1, "unproven": row.unproven}
    if row.kind == Kind.PMS_CANCEL and row.unproven:
        # A message may be sent again because a person wants it; a PMS knows by itself, once it is asked.
        values |= {"state": State.UNKNOWN.value, "unproven": row.unproven}
    troubles.release(connection, values.get("connection", row.connection))
    return _change(connection, database, row, values, Deed(Action.DELIVERY_RETRIED, operator, now))


def settle(
    connection: Connection,
    database: Database,
    delivery_id: int,
    operator: Operator,
    note: str,
    standing: Standing,
) -> Delivery:
    """Sign that a person dealt with a delivery; see BookingStore.settle."""
    row, now = _in_attention(connection, database, delivery_id, standing)
    values = {
        "state": State.SETTLED.value,
        "note": note,
        "settled_by": operator.name,
        "settled_via": operator.via,
        "next_at": None,
        # Whoever is trying at this moment is not believed any more: see SqlQueue.finish.
        "lease_until": None,
        "changed_at": now,
    }
    deed = Deed(Action.DELIVERY_SETTLED, operator, now, detail={"note": note})
    return _change(connection, database, row, values, deed)


def _in_attention(
    connection: Connection, database: Database, delivery_id: int, standing: Standing
) -> tuple[Row[Any], datetime]:
    wanted = select(DELIVERY).join(BOOKING, BOOKING.c.id == DELIVERY.c.booking_id)
    wanted = selects.at_practices(wanted.where(DELIVERY.c.id == delivery_id), standing.practices)
    row = connection.execute(wanted.with_for_update(of=DELIVERY)).one_or_none()
    if row is None:
        raise NotFound("There is no such delivery here: look at the list again.")
    if reason := why_not_write(booking(connection, row.booking_id, standing), standing, Scope.CANCEL):
        raise Refused(reason)
    if row.state != State.ATTENTION:
        by = f" by {Operator(row.settled_by, row.settled_via)}" if row.settled_by else ""
        raise Refused(Reason("not-in-attention", f"it does not need a person any more: {row.state}{by}"))
    return row, database.now(connection)


def _change(
    connection: Connection, database: Database, row: Row[Any], values: Mapping[str, Any], deed: Deed
) -> Delivery:
    connection.execute(update(DELIVERY).where(DELIVERY.c.id == row.id).values(**values))
    changed = connection.execute(select(DELIVERY).where(DELIVERY.c.id == row.id)).one()
    detail = {"delivery": str(row.id), "kind": row.kind, **deed.detail}
    seal(
        connection,
        database,
        replace(deed, change=ChangeKind.DELIVERY, booking_id=row.booking_id, detail=detail),
    )
    return selects.delivery(changed)
