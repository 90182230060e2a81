"""Rows of the tables as domain objects, read by plain selects in the caller's transaction."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Label, Row, Select, Table, select
from sqlmodel import SQLModel

from frontdesk.api.asks import ask_of
from frontdesk.audit import AuditEvent
from frontdesk.billing.adjustments import Adjustment, Answer, Ground, Review
from frontdesk.bookings import Booking, Operator, Practice
from frontdesk.commands import Command, Subject
from frontdesk.deliveries import Delivery, Planned, State
from frontdesk.store import records
from frontdesk.store.port import Change
from frontdesk.store.sql import diary_tables, run_tables, tables


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _joined(table: Table, columns: Iterable[str]) -> list[Label[Any]]:
    """Return these columns of a table, but for the id, with its name in front."""
    return [table.c[name].label(f"{table.name}_{name}") for name in columns if name != "id"]


PRACTICE = _table(tables.PracticeRow)
PRACTITIONER = _table(tables.PractitionerRow)
APPOINTMENT_TYPE = _table(tables.AppointmentTypeRow)
BOOKING = _table(tables.BookingRow)
ADJUSTMENT = _table(tables.AdjustmentRow)
ACCOUNT = _table(tables.AccountRow)
INVOICE = _table(tables.InvoiceRow)
INVOICE_LINE = _table(tables.InvoiceLineRow)
COMMAND = _table(tables.CommandRow)
GIVEN_UP = _table(tables.GivenUpRow)
DELIVERY = _table(tables.DeliveryRow)
AUDIT = _table(tables.AuditRow)
CHANGE = _table(tables.ChangeRow)
HEAD = _table(tables.HeadRow)
CONNECTION = _table(tables.ConnectionRow)
DISPATCHER = _table(tables.DispatcherRow)
TOKEN = _table(tables.TokenRow)
MIRROR = _table(diary_tables.MirrorRow)
BOOKING_REF = _table(diary_tables.BookingRefRow)
DIARY = _table(run_tables.DiaryRow)
DIARY_RUN = _table(run_tables.DiaryRunRow)
DIARY_SLICE = _table(run_tables.DiarySliceRow)
PUSHED = _table(run_tables.PushedRow)

NOBODY = Operator("")

BOOKED = (
    select(
        *(BOOKING.c[name] for name in records.BOOKING_COLUMNS),
        *_joined(PRACTITIONER, records.PRACTITIONER_COLUMNS),
        *_joined(PRACTICE, records.PRACTICE_COLUMNS),
    )
    .join(PRACTITIONER, PRACTITIONER.c.id == BOOKING.c.practitioner_id)
    .join(PRACTICE, PRACTICE.c.id == BOOKING.c.practice_id)
)
"""Bookings with their practitioner and practice, as `records.bookings` reads them.

A list asks for all three with every key: in one statement it is half the work of three.
"""


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
        "pms_can_move": pms.can_move if pms else False,
        "pms_can_mark_no_show": pms.can_mark_no_show if pms else False,
        "pms_can_take_back_no_show": pms.can_take_back_no_show if pms else False,
        "patient_channels": ",".join(channel.value for channel in practice.patient_channels),
        "reason_channels": ",".join(channel.value for channel in practice.reason_channels),
        "phone": practice.phone,
        "account": practice.account,
        "no_show_after_minutes": practice.no_show_after_minutes,
        "biller": practice.biller,
        "location": practice.location,
    }


def booking_values(booking: Booking) -> dict[str, Any]:
    """Return the columns of a booking's own fields, but for its id and version."""
    patient, done, intent = booking.patient, booking.cancellation, booking.intent
    marked = booking.attendance
    return {
        "ref": booking.ref,
        "pms_ref": booking.pms_ref or None,
        "practice_id": booking.practice.id,
        "practitioner_id": booking.practitioner.id,
        "patient_name": patient.name,
        "patient_birth_date": patient.birth_date,
        "patient_mobile": patient.mobile,
        "patient_email": patient.email,
        "patient_is_new": patient.is_new,
        "patient_pms_ref": patient.pms_ref,
        "appointment_type": booking.appointment_type,
        "starts_at": booking.starts_at,
        "ends_at": booking.ends_at,
        "fee_cents": booking.fee,
        "created_at": booking.created_at,
        "cancelled": done is not None,
        "cancelled_at": done.at if done else None,
        "cancelled_by": done.by.name if done else "",
        "cancelled_via": done.by.via if done else "",
        "cancelled_origin": done.origin.value if done else "",
        "cancellation_reason": done.reason if done else "",
        "cancellation_note": done.note if done else "",
        "cancellation_filed": done.filed if done else "",
        "intent_id": intent.command_id if intent else None,
        "intent_kind": intent.kind if intent else "",
        "intent_at": intent.at if intent else None,
        "attendance": marked.presence.value,
        "attendance_origin": marked.origin.value,
        "attendance_by": marked.by.name if marked.by else "",
        "attendance_via": marked.by.via if marked.by else "",
        "attendance_at": marked.at,
        "attendance_notice": marked.notice,
    }


def dealt_values(delivery: Delivery, by: Operator) -> dict[str, Any]:
    """Return the columns of a delivery that a person dealt with."""
    is_settled = delivery.state is State.SETTLED
    return {
        "state": delivery.state.value,
        "connection": delivery.connection,
        "attempts": delivery.attempts,
        "unproven": delivery.unproven,
        "is_refused": delivery.is_refused,
        "next_at": delivery.next_at,
        "lease_until": delivery.held_until,
        "note": delivery.note,
        "settled_by": by.name if is_settled else "",
        "settled_via": by.via if is_settled else "",
        "changed_at": delivery.changed_at,
    }


def planned_values(planned: Planned, now: datetime, settled_by: Operator = NOBODY) -> dict[str, Any]:
    """Return the columns of a delivery not begun yet, but for its command, its booking and what it waits for."""
    by = settled_by if planned.state is State.SETTLED else NOBODY
    is_due = planned.state is State.PENDING and not planned.waits_for
    return {
        "kind": str(planned.kind),
        "state": planned.state.value,
        "target": planned.target,
        "connection": planned.connection,
        "attempts": 0,
        "unproven": 0,
        "is_refused": False,
        "next_at": now if is_due else None,
        "fence": 0,
        "proves": planned.proves,
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
        kind=row.kind,
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
        version=row.fence,
        held_until=row.lease_until,
        waits_for=row.waits_for,
        proves=row.proves,
    )


def adjustment(row: Row[Any]) -> Adjustment:
    """Return a request not to be charged from its row."""
    return Adjustment(
        id=row.id,
        version=row.version,
        booking_id=row.booking_id,
        ground=Ground(row.ground),
        answers=tuple(Answer(question, bool(yes)) for question, yes in row.answers.items()),
        text=row.text,
        name=row.name,
        by=Operator(row.asked_by, row.asked_via),
        at=row.asked_at,
        review=Review(row.review),
        decided_by=Operator(row.decided_by, row.decided_via) if row.decided_by else None,
        decided_at=row.decided_at,
        note=row.note,
    )


def adjustment_values(request: Adjustment) -> dict[str, Any]:
    """Return the columns of a request, but for its id and version."""
    decided = request.decided_by or NOBODY
    return {
        "booking_id": request.booking_id,
        "ground": request.ground.value,
        "answers": {answer.question: answer.yes for answer in request.answers},
        "text": request.text,
        "name": request.name,
        "asked_by": request.by.name,
        "asked_via": request.by.via,
        "asked_at": request.at,
        "review": request.review.value,
        "decided_by": decided.name,
        "decided_via": decided.via,
        "decided_at": request.decided_at,
        "note": request.note,
    }


def command(row: Row[Any]) -> Command:
    """Return a command from its row. Raises ValueError for a kind that this program does not know."""
    ask = ask_of(row.kind, json.loads(row.payload))
    by = Operator(row.operator, row.via)
    return Command(row.id, Subject(row.subject_kind, row.subject_id), row.seen, by, ask)


def event(row: Row[Any]) -> AuditEvent:
    """Return an audit event from its row. Raises ValueError, TypeError if it is none."""
    by = Operator(row.operator, row.via)
    subject = Subject(row.subject_kind, row.subject_id) if row.subject_kind else None
    return AuditEvent(
        row.number, row.at, by, row.action, subject, row.booking_id, dict(row.detail), dict(row.proof)
    )


def change(row: Row[Any]) -> Change:
    """Return a change from its row."""
    subject = Subject(row.subject_kind, row.subject_id)
    by = Operator(row.operator, row.via)
    return Change(row.number, subject, row.booking_id, by, row.at, row.source, row.effect)


def at_practices(query: Select[Any], practices: Iterable[str] | None) -> Select[Any]:
    """Restrict a select over bookings to some practices; None means all."""
    return query if practices is None else query.where(BOOKING.c.practice_id.in_(list(practices)))
