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
    erases nothing. `yields` are those where what is known here already stays, whatever the source says.
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
    yields: frozenset[str] = frozenset()


class AppointmentStatus(Enum):
    """Where an appointment stands in the PMS. A status nobody mapped is OTHER, never CANCELLED."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    NO_SHOW = "no-show"
    CANCELLED = "cancelled"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Place:
    """What is read as one diary: a connection and one of its locations, empty where it has no others."""

    connection: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class DiaryEntry:
    """One appointment as a diary has it now, as far as that diary says.

    `ref` is its id there and `previous_ref` the one that it had before a move, where the diary tells that.
    Instants are UTC. `time_text` is the start as it is written there: the same text is the same time,
    whatever new rules of a time zone make of it. `raw_status` is the diary's own word. `since` is when
    the patient arrived, or was marked as not having come. `updated_at` is when the diary changed it last,
    by its own clock. `series_ref` is a label only. `unsaid` are the columns (by their names in a CSV file)
    of which the diary says nothing: that is not the same as empty, and erases nothing.
    """

    ref: str
    status: AppointmentStatus
    starts_at: datetime
    patient: Patient
    practitioner_ref: str = ""
    practitioner_name: str = ""
    ends_at: datetime | None = None
    appointment_type: str = ""
    fee: int | None = None
    time_text: str = ""
    raw_status: str = ""
    reason: str = ""
    since: datetime | None = None
    version: str = ""
    updated_at: datetime | None = None
    previous_ref: str = ""
    series_ref: str = ""
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pushed:
    """One message of a system that tells by itself what has changed in its diary.

    `sender` and `number` say who sent it and which of theirs it is: the same twice is one. `sent_at` is when, by
    their clock: of two about one appointment the later one counts. `ref` is the id of the appointment, `status`
    how it stands now, None where it is deleted. `entry` is all that the message says of it, None where that is too little
    for one: then only its status, `raw_status` and `reason` have changed.
    """

    sender: str
    number: str
    sent_at: datetime
    ref: str
    status: AppointmentStatus | None
    entry: DiaryEntry | None = None
    raw_status: str = ""
    reason: str = ""


class Effect(Enum):
    """What a diary's word changes here, for the counts of a run and for the brake."""

    NEW = "new"
    MOVED = "moved"
    REASSIGNED = "another practitioner"
    CHANGED = "changed"
    ATTENDANCE = "attendance"
    CANCELLED = "cancelled"
    GONE = "gone"
    REINSTATED = "reinstated"
    REPLACED = "another patient"
    UNKNOWN_WORD = "unknown word"
    WAITS = "waits for a command under way"
    PERSON = "a person has to look"


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
