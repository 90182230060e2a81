"""What the simulated PMS keeps: appointments, people, sites, times off and hours, in no vendor's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any


class EntryStatus(StrEnum):
    """Where an appointment stands, in no vendor's words."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"


class Gone(StrEnum):
    """Whether an appointment is out of the diary: archived ones are still there for those who ask."""

    NO = ""
    ARCHIVED = "archived"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment in the diary.

    `version` and `updated_at` rise with every change. `moved_to` is the id of the appointment
    that replaced this one, which then counts as deleted. `cancelled_at` is when it was cancelled, None where
    that is `updated_at`. `more` is what a client may store that the diary does not understand; where it has
    a key that the diary shows too, it is shown in its place, such as several patients.
    """

    ref: str
    starts_at: datetime
    ends_at: datetime
    practitioner_ref: str = "1"
    practitioner_name: str = "Dr Lee"
    patient_ref: str = "55"
    patient_name: str = "Amelia Wilson"
    appointment_type: str = "Check-up and clean"
    status: EntryStatus = EntryStatus.BOOKED
    reason: str = ""
    note: str = ""
    attendance: str = ""
    moved_to: str = ""
    moved_from: str = ""
    location_ref: str = "1"
    series: str = ""
    gone: Gone = Gone.NO
    cancelled_at: datetime | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    updated_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bookable:
    """Who, or which calendar, can be booked."""

    ref: str
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as the PMS knows them. `merged_into` is the id of the patient that this one became."""

    ref: str
    first_name: str = ""
    last_name: str = ""
    birth_date: date | None = None
    mobile: str = ""
    email: str = ""
    is_new: bool | None = None
    merged_into: str = ""

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Site:
    """A location of the account. `time_zone` is empty where it is the account's own."""

    ref: str
    name: str
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class TimeOff:
    """A time when a practitioner is not free though nobody is booked."""

    ref: str
    practitioner_ref: str
    starts_at: datetime
    ends_at: datetime
    label: str = "Lunch"
    location_ref: str = "1"


@dataclass(frozen=True, slots=True)
class Shift:
    """When a practitioner works on a day of the week, 1 for Monday, by the practice's clock."""

    practitioner_ref: str
    weekday: int
    starts: time
    ends: time
    location_ref: str = "1"


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One request, or the late effect of one. `effective` says that it changed the diary.

    `answered` is the status code, or the name of the fault that stood in its way.
    """

    number: int
    at: datetime
    account: str
    operation: str
    ref: str
    request_id: str
    effective: bool
    answered: str


@dataclass(frozen=True, slots=True)
class Window:
    """Which appointments to list: those that start from `start` until before `end`.

    Archived ones are listed only where `archived_since` asks for them, they and deleted ones where
    `deleted_since` does.
    """

    start: datetime | None = None
    end: datetime | None = None
    practitioner_ref: str = ""
    updated_since: datetime | None = None
    with_cancelled: bool = True
    location_ref: str = ""
    cancelled_since: datetime | None = None
    archived_since: datetime | None = None
    deleted_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class View:
    """How the lists are seen from outside while something is wrong with them.

    `later` is how much later everything seems to be, read alone too. `is_half` leaves out every second
    appointment, `is_empty` all of them.
    """

    later: timedelta = timedelta(0)
    is_half: bool = False
    is_empty: bool = False
