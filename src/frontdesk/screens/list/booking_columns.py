"""The columns of Bookings."""

from datetime import datetime
from functools import cache

from rich.style import Style

from frontdesk import times
from frontdesk.bookings import Followup, Row, Status
from frontdesk.widgets.line import BOLD, PLAIN
from frontdesk.widgets.list_table import Column
from frontdesk.words.fitting import fitted
from frontdesk.words.lists import PRESENCE_WORDS, SYMBOLS

FOLLOWUP_SYMBOLS = {Followup.NOTHING_OPEN: " ", Followup.UNDER_WAY: "~", Followup.NEEDS_PERSON: "!"}
STATUS_STYLES = {
    Status.UPCOMING: PLAIN,
    Status.COMPLETED: PLAIN,
    # Not red: no colour of a palette is readable on every background that palettes come with.
    Status.CANCELLED: BOLD,
}
AT_WIDTH, PATIENT_WIDTH = 3, 21


def _status(row: Row, as_of: datetime) -> str:
    status = row.booking.status(as_of)
    word = PRESENCE_WORDS.get(row.booking.attendance.presence) if status is not Status.CANCELLED else None
    return fitted(f"{SYMBOLS[status]} {word or status}", 11) + FOLLOWUP_SYMBOLS[row.followup]


def _status_style(row: Row, as_of: datetime) -> Style:
    return STATUS_STYLES[row.booking.status(as_of)]


@cache
def booking_columns(*, several_practices: bool) -> tuple[Column[Row], ...]:
    """Return the columns: who and when are always among them. Without a column At the name is longer."""
    at: tuple[Column[Row], ...] = (
        Column("At", AT_WIDTH, lambda row, _: row.booking.practice.short, since=64),
    )
    patient = PATIENT_WIDTH if several_practices else PATIENT_WIDTH + AT_WIDTH + 1
    return (
        Column("  Status", 12, _status, style=_status_style),
        Column(
            "When", 16, lambda row, now: times.when(row.booking.starts_at, row.booking.practice.zone, now)
        ),
        *(at if several_practices else ()),
        Column("Patient", patient, lambda row, _: row.booking.patient.name, takes_rest=True),
        Column("Born", 9, lambda row, _: times.birth(row.booking.patient.birth_date)),
        Column("Practitioner", 12, lambda row, _: row.booking.practitioner.name, since=80, takes_rest=True),
        Column("Type", 16, lambda row, _: row.booking.appointment_type, since=97, takes_rest=True),
        Column("Mobile", 12, lambda row, _: row.booking.patient.mobile, since=110, takes_rest=True),
        Column("Reference", 9, lambda row, _: row.booking.ref, since=120, takes_rest=True),
    )
