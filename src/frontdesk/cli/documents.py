"""The JSON that line mode prints: the CSV's names, plus what a file cannot know.

What is not known is null. Cells are text as in the CSV (times with the practice's offset,
fees as decimals), but `new_patient` is true or false.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import click

from frontdesk.audit import AuditEvent
from frontdesk.billing.adjustments import Adjustment
from frontdesk.bookings import Booking
from frontdesk.cli.printing import say_document
from frontdesk.deliveries import Delivery
from frontdesk.exchange.columns import COLUMNS, NOTE_COLUMNS
from frontdesk.exchange.exporting import booking_row, note_row
from frontdesk.store.port import BookingStore

Document = dict[str, Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
with_notes = click.option(
    "--notes",
    is_flag=True,
    help="Also what is for the practice only: the note on a cancellation, and the word it is filed under.",
)


def booking_document(
    booking: Booking, deliveries: Iterable[Delivery] | None, now: datetime, *, notes: bool = False
) -> Document:
    """Return one booking as it stands at `now`; without `deliveries` what follows is not known.

    With `notes` what is for the practice only is in it too.
    """
    private = zip(NOTE_COLUMNS, note_row(booking), strict=True) if notes else ()
    return {
        **{name: cell or None for name, cell in zip(COLUMNS, booking_row(booking), strict=True)},
        **{name: cell or None for name, cell in private},
        "new_patient": booking.patient.is_new,
        "status": booking.status(now).value,
        "version": booking.version,
        "deliveries": None if deliveries is None else [delivery_document(one) for one in deliveries],
    }


async def read_document(
    store: BookingStore, booking: Booking, now: datetime, *, notes: bool = False
) -> Document:
    """Return one booking as it stands at `now`, with what follows from what was done to it.

    With `notes` what is for the practice only is in it too.
    """
    has_followed = booking.cancellation is not None or booking.attendance.at is not None
    followed = await store.deliveries(booking.id) if has_followed else ()
    return booking_document(booking, followed, now, notes=notes)


def adjustment_document(request: Adjustment) -> Document:
    """Return a request not to be charged, and how far it has got."""
    return {
        "id": request.id,
        "version": request.version,
        "ground": request.ground.value,
        "answers": {answer.question: answer.yes for answer in request.answers},
        "text": request.text,
        "name": request.name,
        "at": request.at.isoformat(),
        "review": request.review.value,
        "decided_by": str(request.decided_by) if request.decided_by else None,
        "decided_at": request.decided_at.isoformat() if request.decided_at else None,
        "note": request.note,
    }


def delivery_document(delivery: Delivery) -> Document:
    """Return how far one thing that follows a command has got."""
    return {
        "id": delivery.id,
        "kind": str(delivery.kind),
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "error": delivery.error,
    }


def event_document(event: AuditEvent, booking: Booking) -> Document:
    """Return one thing that was done to a booking."""
    return {
        "at": event.at.astimezone(booking.practice.zone).isoformat(),
        "operator": str(event.operator),
        "action": str(event.action),
        "detail": dict(event.detail),
    }


def print_document(document: Document | list[Document]) -> None:
    """Print one JSON document, readable, names as they are written."""
    say_document(document)
