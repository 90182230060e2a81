"""The JSON that line mode prints: the CSV's names, plus what a file cannot know.

Unknown text is empty; an unknown date, time, fee or newness is null. Times carry the
practice's offset; fees are decimal text, as in the CSV.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import click

from frontdesk.audit import AuditEvent
from frontdesk.bookings import Booking
from frontdesk.deliveries import Delivery
from frontdesk.store.port import BookingStore

Document = dict[str, Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def booking_document(booking: Booking, deliveries: Iterable[Delivery] | None, now: datetime) -> Document:
    """Return one booking as it stands at `now`; without `deliveries` what follows is not known."""
    zone = booking.practice.zone

    def instant(value: datetime | None) -> str | None:
        return value.astimezone(zone).isoformat() if value else None

    patient, cancelled = booking.patient, booking.cancellation
    return {
        "ref": booking.ref,
        "pms_ref": booking.pms_ref,
        "practice": booking.practice.id,
        "patient_name": patient.name,
        "patient_dob": patient.birth_date.isoformat() if patient.birth_date else None,
        "patient_mobile": patient.mobile,
        "patient_email": patient.email,
        "new_patient": patient.is_new,
        "pms_patient_ref": patient.pms_ref,
        "practitioner": booking.practitioner.name,
        "pms_practitioner_ref": booking.practitioner.pms_ref,
        "appointment_type": booking.appointment_type,
        "starts_at": instant(booking.starts_at),
        "ends_at": instant(booking.ends_at),
        "fee": None if booking.fee is None else f"{booking.fee / 100:.2f}",
        "created_at": instant(booking.created_at),
        "cancelled_at": instant(cancelled.at) if cancelled else None,
        "cancellation_reason": cancelled.reason if cancelled else "",
        "status": booking.status(now).value,
        "version": booking.version,
        "deliveries": None if deliveries is None else [delivery_document(one) for one in deliveries],
    }


async def read_document(store: BookingStore, booking: Booking, now: datetime) -> Document:
    """Return one booking as it stands at `now`, with what follows from its cancellation."""
    followed = await store.deliveries(booking.id) if booking.cancellation else ()
    return booking_document(booking, followed, now)


def delivery_document(delivery: Delivery) -> Document:
    """Return how far one thing that follows a cancellation has got."""
    return {
        "id": delivery.id,
        "kind": delivery.kind.value,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "error": delivery.error,
    }


def event_document(event: AuditEvent, booking: Booking) -> Document:
    """Return one thing that was done to a booking."""
    return {
        "at": event.at.astimezone(booking.practice.zone).isoformat(),
        "operator": str(event.operator),
        "action": event.action.value,
        "detail": dict(event.detail),
    }


def print_document(document: Document | list[Document]) -> None:
    """Print one JSON document, readable, names as they are written."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
