"""Bookings as rows of the canonical CSV, page by page, so that no read holds up a desk."""

from collections.abc import Callable
from datetime import datetime

from frontdesk.bookings import Booking, BookingQuery, Direction, Position, Presence
from frontdesk.exchange.columns import COLUMNS, NOTE_COLUMNS
from frontdesk.exchange.targets import Writer
from frontdesk.store.port import BookingStore

_PAGE = 500


async def export(
    store: BookingStore,
    query: BookingQuery,
    write: Writer,
    on_progress: Callable[[int], None],
    *,
    notes: bool = False,
) -> int:
    """Write the heading and the bookings of `query` in time order; return how many.

    With `notes` what is for the practice only is written too.
    """
    write((*COLUMNS, *NOTE_COLUMNS) if notes else COLUMNS)
    number = 0
    position: Position | None = None
    while True:
        page = await store.page(query, _PAGE, position, Direction.FORWARD)
        for row in page.rows:
            write(booking_row(row.booking) + (note_row(row.booking) if notes else ()))
        number += len(page.rows)
        on_progress(number)
        if page.searched_until is not None:
            position = page.searched_until
        elif page.more:
            position = Position(page.rows[-1].booking.starts_at, page.rows[-1].booking.id)
        else:
            return number


def booking_row(booking: Booking) -> tuple[str, ...]:
    """Return a booking's cells, in the order of COLUMNS; times are local, with their offset."""
    patient, done = booking.patient, booking.cancellation
    return (
        booking.ref,
        booking.pms_ref,
        booking.practice.id,
        patient.name,
        patient.birth_date.isoformat() if patient.birth_date else "",
        patient.mobile,
        patient.email,
        "" if patient.is_new is None else "yes" if patient.is_new else "no",
        patient.pms_ref,
        booking.practitioner.name,
        booking.practitioner.pms_ref,
        booking.appointment_type,
        _local(booking.starts_at, booking),
        _local(booking.ends_at, booking),
        "" if booking.fee is None else f"{booking.fee // 100}.{booking.fee % 100:02}",
        _local(booking.created_at, booking),
        _local(done.at, booking) if done else "",
        done.reason if done else "",
        done.origin.value if done else "",
        *_attendance(booking),
    )


def note_row(booking: Booking) -> tuple[str, ...]:
    """Return a booking's cells that are for the practice only, in the order of NOTE_COLUMNS."""
    done = booking.cancellation
    return (done.note, done.filed) if done else ("", "")


def _attendance(booking: Booking) -> tuple[str, ...]:
    """Return what is marked; a mark that was taken back is not told."""
    marked = booking.attendance
    if marked.presence is Presence.NONE:
        return "", "", "", ""
    notice = "yes" if marked.notice else "no"
    return marked.presence.value, _local(marked.at, booking), notice, marked.origin.value


def _local(instant: datetime | None, booking: Booking) -> str:
    return instant.astimezone(booking.practice.zone).isoformat() if instant else ""
