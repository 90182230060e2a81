"""Bookings as plain lines: for people, screen readers and `grep`. No colour, no symbols."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len

from frontdesk import times
from frontdesk.attendance import told, word_of
from frontdesk.audit import AuditEvent, in_words, past_of, who
from frontdesk.billing.adjustments import Adjustment, label_of
from frontdesk.bookings import Booking, Practice, Presence
from frontdesk.deliveries import Delivery
from frontdesk.identity import Related
from frontdesk.words.deliveries import done_words, facts
from frontdesk.words.fitting import held
from frontdesk.words.related import related_lines
from frontdesk.words.summary import private_lines, summary
from frontdesk.words.told import labelled


def aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yield each row as a line, every column as wide as its widest cell."""
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (
            held(cell) + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(padded).rstrip()


def booking_cells(booking: Booking, now: datetime) -> tuple[str, ...]:
    """Return the columns of `frontdesk list`; the time is the practice's own."""
    return (
        booking.status(now).value,
        times.when(booking.starts_at, booking.practice.zone, now),
        booking.practice.short,
        booking.patient.name,
        times.birth(booking.patient.birth_date),
        booking.patient.mobile,
        booking.practitioner.name,
        booking.appointment_type,
        booking.ref,
        word_of(booking.attendance.presence) if booking.attendance.presence is not Presence.NONE else "",
    )


def note_cells(booking: Booking) -> tuple[str, ...]:
    """Return the columns that `frontdesk list --notes` has besides: filed as, and the note."""
    done = booking.cancellation
    return (done.filed, done.note) if done else ("", "")


def booking_lines(
    booking: Booking,
    related: Related,
    deliveries: Sequence[Delivery],
    now: datetime,
    home: Practice | None,
    *,
    notes: bool = False,
) -> Iterable[str]:
    """Yield everything about one booking; what is for the practice only with `notes`."""
    yield f"Booking {booking.ref}   {booking.status(now).value}"
    yield from about_lines(booking, related, now, home)
    if cancelled := booking.cancellation:
        when = written(cancelled.at, booking.practice, home)
        source = cancelled.source
        by = f"{when}, as {source} says" if source else f"{when} by {cancelled.by}"
        yield str(labelled("Cancelled", by))
        yield str(labelled("Reason", cancelled.reason or "none given"))
        if notes:
            yield from map(str, private_lines(cancelled))
    if booking.attendance.presence is not Presence.NONE:
        yield str(labelled("Attendance", told(booking, now, home.zone if home else None)))
    if deliveries:
        yield str(labelled("What followed", facts(done_words(booking), tuple(deliveries))))


def about_lines(booking: Booking, related: Related, now: datetime, home: Practice | None) -> Iterator[str]:
    """Yield who and when a booking is about, and what stands beside it."""
    yield from filter(None, map(str, (*summary(booking, now, home), *related_lines(booking, related, now))))


def request_line(request: Adjustment) -> str:
    """Return how far a request not to be charged has got, and who decided."""
    said = [f"{label_of(request.ground)}: {request.review}"]
    if request.decided_by is not None:
        said.append(f"by {request.decided_by}")
    return str(labelled("Adjustment", ", ".join(filter(None, (" ".join(said), request.note)))))


def written(at: datetime, practice: Practice, home: Practice | None) -> str:
    """Return when something was written, by the clock at the desk; whose it is where they differ."""
    here = (home or practice).zone
    return times.when_in_full(at, here) + times.other_clock(at, here, practice.zone)


def event_cells(event: AuditEvent, booking: Booking, home: Practice | None) -> tuple[str, ...]:
    """Return the columns of `frontdesk history`."""
    return (
        written(event.at, booking.practice, home),
        who(event),
        past_of(event.action),
        in_words(event, (home or booking.practice).zone),
    )
