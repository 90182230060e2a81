"""What a file, a seed or a PMS brings: bookings before the store knows them, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from frontdesk.bookings import Attendance, Origin, Patient


@dataclass(frozen=True, slots=True)
class IncomingBooking:
    """A booking as a file, a seed or a PMS brings it, before the store knows it.

    `line` is where it stands in its source, for error messages. Practitioners are named,
    not numbered; `fee` is in cents; instants are UTC. An `attendance` without a time was noted when
    it came in. `unsaid` are the columns (by their names
    in a CSV file) that its source says nothing about: that is not the same as empty, and
    erases nothing.
    """

    line: int
    practice_id: str
    patient: Patient
    practitioner_name: str
    appointment_type: str
    starts_at: datetime
    ends_at: datetime | None = None
    ref: str = ""
    pms_ref: str = ""
    practitioner_pms_ref: str = ""
    fee: int | None = None
    created_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancellation_reason: str = ""
    cancelled_origin: Origin = Origin.FILE
    attendance: Attendance | None = None
    unsaid: frozenset[str] = frozenset()


class LoadOutcome(Enum):
    """What became of one incoming booking."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KEPT = "kept: cancelled here"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of one incoming booking; `field` and `problem` say what was wrong with a bad one.

    `unread` are columns that could not be taken, each with what was wrong; the rest went in.
    """

    line: int
    outcome: LoadOutcome
    field: str = ""
    problem: str = ""
    unread: tuple[tuple[str, str], ...] = ()
