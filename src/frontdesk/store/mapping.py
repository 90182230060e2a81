"""Rows of the tables as domain objects, read by plain selects in the caller's transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, select
from sqlmodel import SQLModel

from frontdesk.audit import Action, AuditEvent
from frontdesk.bookings import (
    Booking,
    Cancellation,
    Channel,
    Followup,
    Operator,
    Patient,
    Pms,
    Practice,
    Practitioner,
)
from frontdesk.bookings import Row as ListedRow
from frontdesk.deliveries import OPEN_STATES, Delivery, Kind, State
from frontdesk.store import tables
from frontdesk.store.port import Change, ChangeKind


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


PRACTICE = _table(tables.PracticeRow)
PRACTITIONER = _table(tables.PractitionerRow)
APPOINTMENT_TYPE = _table(tables.AppointmentTypeRow)
BOOKING = _table(tables.BookingRow)
COMMAND = _table(tables.CommandRow)
DELIVERY = _table(tables.DeliveryRow)
AUDIT = _table(tables.AuditRow)
CHANGE = _table(tables.ChangeRow)
HEAD = _table(tables.HeadRow)
TOKEN = _table(tables.TokenRow)


def practice(row: Row[Any]) -> Practice:
    """Return a practice from its row."""
    pms = None
    if row.pms_kind:
        pms = Pms(row.pms_connection, row.pms_kind, row.pms_name, row.pms_can_cancel, row.pms_tells_patient)
    channels = tuple(Channel(name) for name in row.patient_channels.split(",") if name)
    return Practice(
        row.id, row.name, row.short, row.time_zone, row.email, pms, channels, row.reason_to_patient
    )


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
        "reason_to_patient": practice.reason_to_patient,
    }


def practitioner(row: Row[Any]) -> Practitioner:
    """Return a practitioner from their row."""
    return Practitioner(row.id, row.practice_id, row.name, row.pms_ref)


def patient(row: Row[Any]) -> Patient:
    """Return the patient inside a booking's row."""
    return Patient(
        row.patient_name,
        row.patient_birth_date,
        row.patient_mobile,
        row.patient_email,
        row.patient_is_new,
        row.patient_pms_ref,
    )


def bookings(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Booking, ...]:
    """Return the bookings of these rows, in their order, with their practices and practitioners."""
    if not rows:
        return ()
    practices = {
        row.id: practice(row)
        for row in connection.execute(
            select(PRACTICE).where(PRACTICE.c.id.in_({r.practice_id for r in rows}))
        )
    }
    practitioners = {
        row.id: practitioner(row)
        for row in connection.execute(
            select(PRACTITIONER).where(PRACTITIONER.c.id.in_({r.practitioner_id for r in rows}))
        )
    }
    return tuple(
        Booking(
            id=row.id,
            version=row.version,
            ref=row.ref,
            practice=practices[row.practice_id],
            practitioner=practitioners[row.practitioner_id],
            patient=patient(row),
            appointment_type=row.appointment_type,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            pms_ref=row.pms_ref or "",
            fee=row.fee_cents,
            created_at=row.created_at,
            cancellation=_cancellation(row),
        )
        for row in rows
    )


def _cancellation(row: Row[Any]) -> Cancellation | None:
    if not row.cancelled:
        return None
    by = Operator(row.cancelled_by, row.cancelled_via)
    return Cancellation(row.cancelled_at, by, row.cancellation_reason)


def listed(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[ListedRow, ...]:
    """Return these rows as a list shows them, with what their deliveries add."""
    followups = _followups(connection, [row.id for row in rows if row.cancelled])
    return tuple(
        ListedRow(booking, followups.get(booking.id, Followup.NOTHING_OPEN))
        for booking in bookings(connection, rows)
    )


def _followups(connection: Connection, booking_ids: Sequence[int]) -> dict[int, Followup]:
    found: dict[int, Followup] = {}
    if not booking_ids:
        return found
    wanted = select(DELIVERY.c.booking_id, DELIVERY.c.state).where(
        DELIVERY.c.booking_id.in_(booking_ids), DELIVERY.c.state.in_([*OPEN_STATES, State.ATTENTION])
    )
    for booking_id, state in connection.execute(wanted):
        if state == State.ATTENTION:
            found[booking_id] = Followup.NEEDS_PERSON
        else:
            found.setdefault(booking_id, Followup.UNDER_WAY)
    return found


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
        attempts=row.attempts,
        next_at=row.next_at,
        error=row.error,
        note=row.note,
        settled_by=str(Operator(row.settled_by, row.settled_via)) if row.settled_by else "",
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
