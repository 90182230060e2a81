"""The pane beside a wide list: the booking under the cursor, as far as it has been read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from frontdesk import times
from frontdesk.audit import AuditEvent, past_of
from frontdesk.bookings import Booking, Practice
from frontdesk.deliveries import Delivery
from frontdesk.identity import Related
from frontdesk.words.deliveries import done_words, each_fact
from frontdesk.words.fitting import side_by_side, wrapped
from frontdesk.words.related import ALSO_BOOKED, SAME_MOBILE, also_words, mobile_words, namesake_words
from frontdesk.words.summary import (
    SAME_NAME,
    age_words,
    born_words,
    fee_words,
    pms_ref_words,
    time_words,
)
from frontdesk.words.told import Role, Told, told

SINCE = 120
"""Columns from which on a window has room for the pane."""
NARROWEST, WIDEST = 40, 60
"""Its cells: the list beside it keeps all its columns."""


def pane_width(window: int) -> int:
    """Return how many cells the pane takes of a window, 0 where there is no room for it."""
    return min(WIDEST, NARROWEST + (window - SINCE) // 4) if window >= SINCE else 0


@dataclass(frozen=True, slots=True)
class Beside:
    """What was read of a booking besides its row; see `pane_lines`."""

    related: Related
    deliveries: Sequence[Delivery]
    history: Sequence[AuditEvent]


def pane_lines(
    booking: Booking, read: Beside | None, why_not_read: str, now: datetime, home: Practice | None, width: int
) -> tuple[Told, ...]:
    """Return what is known of a booking in `width` cells.

    Who and when come from the row itself. `read` is None while the rest is still being read;
    `why_not_read` is a sentence where it could not be.
    """
    lines = [*_who(booking, now), Told(), *_when(booking, now, home), *_what(booking, width)]
    if why_not_read:
        lines += [Told(), *(told(line, Role.WARNING) for line in wrapped(why_not_read, width))]
    if read is not None:
        here = home.zone if home else booking.practice.zone
        lines += [line for part in _parts(booking, read, now, here, width) for line in (Told(), *part)]
    return tuple(lines)


def _who(booking: Booking, now: datetime) -> Iterator[Told]:
    patient = booking.patient
    yield told(patient.name, Role.STRONG)
    yield told(born_words(patient) + age_words(patient, now))
    if contact := side_by_side(patient.mobile, patient.email):
        yield told(contact)


def _when(booking: Booking, now: datetime, home: Practice | None) -> Iterator[Told]:
    time, *rest = time_words(booking, now, home, with_end=True).split("   ")
    yield told(time, Role.STRONG)
    if rest:
        yield told("   ".join(rest), Role.QUIET)


def _what(booking: Booking, width: int) -> Iterator[Told]:
    for text, role in (
        (side_by_side(booking.appointment_type, fee_words(booking)), Role.VALUE),
        (side_by_side(booking.practitioner.name, booking.practice.name), Role.VALUE),
        (side_by_side(booking.ref, pms_ref_words(booking)), Role.QUIET),
    ):
        lines = (text,) if cell_len(text) <= width else wrapped(text, width)
        yield from (told(line, role) for line in lines if line)


def _parts(booking: Booking, read: Beside, now: datetime, here: ZoneInfo, width: int) -> Iterator[list[Told]]:
    related = read.related
    for label, text, role in (
        (SAME_NAME, namesake_words(booking, related, now), Role.WARNING),
        (ALSO_BOOKED, also_words(booking, related, now, width), Role.VALUE),
        (SAME_MOBILE, mobile_words(booking, related, now, width), Role.VALUE),
    ):
        if text:
            yield [told(label, Role.HEADING), *(told(line, role) for line in wrapped(text, width))]
    if booking.cancellation is not None or read.deliveries:
        followed = each_fact(done_words(booking), read.deliveries)
        yield [told("What followed", Role.HEADING), *(told(one.text, one.role) for one in followed)]
    lines = [f"{times.when(one.at, here, now)}  {past_of(one.action)}" for one in read.history]
    if booking.created_at is not None:
        lines.append(f"{times.when(booking.created_at, here, now)}  booked online")
    if lines:
        yield [told("History", Role.HEADING), *(told(line, Role.QUIET) for line in lines)]
