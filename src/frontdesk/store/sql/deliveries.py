"""Deliveries as desks see them."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from frontdesk.bookings import Standing
from frontdesk.deliveries import Attention, Delivery, State
from frontdesk.store import records
from frontdesk.store.sql import selects
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.holding import booking
from frontdesk.store.sql.selects import BOOKED, BOOKING, DELIVERY


def deliveries(tx: Connection, booking_id: int, standing: Standing) -> tuple[Delivery, ...]:
    """Return what follows from a booking's cancellation, in the order it was planned."""
    booking(tx, booking_id, standing)
    wanted = select(DELIVERY).where(DELIVERY.c.booking_id == booking_id).order_by(DELIVERY.c.id)
    return tuple(selects.delivery(row) for row in tx.execute(wanted))


def attention(tx: Connection, database: Database, limit: int, standing: Standing) -> tuple[Attention, ...]:
    """Return what needs a person: nearest appointment first, the passed ones last."""
    now = database.now(tx)
    ahead = _attention_rows(BOOKING.c.starts_at > now, standing).order_by(BOOKING.c.starts_at, DELIVERY.c.id)
    rows = tx.execute(ahead.limit(limit)).all()
    if len(rows) < limit:
        passed = _attention_rows(BOOKING.c.starts_at <= now, standing)
        latest_first = passed.order_by(BOOKING.c.starts_at.desc(), DELIVERY.c.id)
        rows = [*rows, *tx.execute(latest_first.limit(limit - len(rows)))]
    wanted = BOOKED.where(BOOKING.c.id.in_({row.booking_id for row in rows}))
    bookings = {one.id: one for one in records.bookings(tx.execute(wanted))}
    return tuple(Attention(selects.delivery(row), bookings[row.booking_id]) for row in rows)


def _attention_rows(which: ColumnElement[bool], standing: Standing) -> Select[Any]:
    query = select(DELIVERY).join(BOOKING, BOOKING.c.id == DELIVERY.c.booking_id)
    query = query.where(DELIVERY.c.state == State.ATTENTION.value, which)
    return selects.at_practices(query, standing.practices)
