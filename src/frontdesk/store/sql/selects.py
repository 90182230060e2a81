"""Rows of the tables as domain objects, read by plain selects in the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Label,
    Row,
    Select,
    Table,
    case,
    func,
    literal_column,
    or_,
    select,
)
from sqlmodel import SQLModel

from frontdesk.audit import Action, AuditEvent
from frontdesk.bookings import Operator, Practice
from frontdesk.deliveries import OPEN_STATES, Delivery, Kind, Planned, State
from frontdesk.store import records
from frontdesk.store.port import Change, ChangeKind
from frontdesk.store.sql import tables


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _joined(table: Table) -> list[Label[Any]]:
    """Return a table's columns, but for the id, with its name in front."""
    return [column.label(f"{table.name}_{column.name}") for column in table.c if column.name != "id"]


# A constant of the program stands in the statement itself: it needs no parameter at every execution.
def _is(state: str) -> ColumnElement[bool]:
    return DELIVERY.c.state == literal_column(f"'{state}'")


PRACTICE = _table(tables.PracticeRow)
PRACTITIONER = _table(tables.PractitionerRow)
APPOINTMENT_TYPE = _table(tables.AppointmentTypeRow)
BOOKING = _table(tables.BookingRow)
COMMAND = _table(tables.CommandRow)
GIVEN_UP = _table(tables.GivenUpRow)
DELIVERY = _table(tables.DeliveryRow)
AUDIT = _table(tables.AuditRow)
CHANGE = _table(tables.ChangeRow)
HEAD = _table(tables.HeadRow)
CONNECTION = _table(tables.ConnectionRow)
DISPATCHER = _table(tables.DispatcherRow)
TOKEN = _table(tables.TokenRow)

NOBODY = Operator("")

_FOR_SEARCHING = {"search", "tags"}
_MOST_URGENT = func.max(
    case(
        (_is(State.ATTENTION), literal_column(str(records.NEEDS_PERSON))),
        (or_(*map(_is, sorted(OPEN_STATES))), literal_column(str(records.UNDER_WAY))),
    )
)
# By the booking alone: the index of states would have every open delivery read for each row.
_FOLLOWUP = select(_MOST_URGENT).where(DELIVERY.c.booking_id == BOOKING.c.id).scalar_subquery()

BOOKED = (
    select(
        *(column for column in BOOKING.c if column.name not in _FOR_SEARCHING),
        *_joined(PRACTITIONER),
        *_joined(PRACTICE),
    )
    .join(PRACTITIONER, PRACTITIONER.c.id == BOOKING.c.practitioner_id)
    .join(PRACTICE, PRACTICE.c.id == BOOKING.c.practice_id)
)
"""Bookings with their practitioner and practice, as `records.bookings` reads them.

A list asks for all three with every key: in one statement it is half the work of three.
"""

LISTED = BOOKED.add_columns(case((BOOKING.c.cancelled, _FOLLOWUP)).label("followup"))
"""Bookings with what their deliveries add, as `records.listed` reads them."""


def practice_values(practice: Practice) -> dict[str, Any]:
    """Return the columns of a practice's row."""
    pms = practice.pms
    return {
        "id": practice.id,
        "name": practice.name,
        "short": practice.short,
        "time_zone": practice.time_zone,
        "email": practice.email,
        "pms_connection": pms.connection if pms else "",
        "pms_kind": pms.kind if pms else "",
        "pms_name": pms.name if pms else "",
        "pms_can_cancel": pms.can_cancel if pms else False,
        "pms_tells_patient": pms.tells_patient if pms else False,
        "patient_channels": ",".join(channel.value for channel in practice.patient_channels),
        "reason_channels": ",".join(channel.value for channel in practice.reason_channels),
        "phone": practice.phone,
    }


def planned_values(planned: Planned, now: datetime, settled_by: Operator = NOBODY) -> dict[str, Any]:
    """Return the columns of a delivery not begun yet, but for its command and booking."""
    by = settled_by if planned.state is State.SETTLED else NOBODY
    return {
        "kind": planned.kind.value,
        "state": planned.state.value,
        "target": planned.target,
        "connection": planned.connection,
        "attempts": 0,
        "unproven": 0,
        "is_refused": False,
        "next_at": now if planned.state is State.PENDING else None,
        "fence": 0,
        "error": planned.note if planned.state is State.ATTENTION else "",
        "note": planned.note if planned.state is State.SETTLED else "",
        "settled_by": by.name,
        "settled_via": by.via,
        "created_at": now,
        "changed_at": now,
    }


def delivery(row: Row[Any]) -> Delivery:
    """Return a delivery from its row."""
    return Delivery(
        id=row.id,
        booking_id=row.booking_id,
        kind=Kind(row.kind),
        state=State(row.state),
        target=row.target,
        created_at=row.created_at,
        changed_at=row.changed_at,
        connection=row.connection,
        attempts=row.attempts,
        next_at=row.next_at,
        error=row.error,
        note=row.note,
        settled_by=str(Operator(row.settled_by, row.settled_via)) if row.settled_by else "",
        unproven=row.unproven,
        is_refused=row.is_refused,
    )


def event(row: Row[Any]) -> AuditEvent:
    """Return an audit event from its row. Raises ValueError, TypeError if it is none."""
    by = Operator(row.operator, row.via)
    return AuditEvent(row.number, row.at, by, Action(row.action), row.booking_id, dict(row.detail))


def change(row: Row[Any]) -> Change:
    """Return a change from its row."""
    return Change(row.number, row.booking_id, ChangeKind(row.kind), Operator(row.operator, row.via), row.at)


def at_practices(query: Select[Any], practices: Iterable[str] | None) -> Select[Any]:
    """Restrict a select over bookings to some practices; None means all."""
    return query if practices is None else query.where(BOOKING.c.practice_id.in_(list(practices)))
