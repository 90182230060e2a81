"""What the rest of the program may ask of a diary, whoever keeps it: a PMS, a file, a calendar feed.

A diary is only read. As with `pms.port`, whoever reads it raises nothing but `PmsError`; ids and versions are
opaque text; instants are UTC.
"""

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from frontdesk.pms.port import Appointment, AppointmentPage, PmsPatient, PmsPractitioner

if TYPE_CHECKING:
    from frontdesk.pms.probe import Assumption


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be read of a diary, and how far an answer can be trusted.

    `changed_since`: it tells what has changed since an instant. `shows_cancelled`: its lists have cancelled
    appointments too. `shows_deleted`: its changes have deleted ones too. `id_survives_move`: a moved
    appointment keeps its id. `answers_by_id`: one appointment can be asked for; where it cannot, what is
    missing is a question for a person. `has_patients`: a patient can be asked for by the id.
    `has_locations`, `has_blocks`, `has_hours`: it tells its sites, times off and weekly hours.
    `page_size` is how many appointments a page holds. `per_minute` is how many requests it takes in a
    minute, of writes and reads together; 0 where nobody knows.
    """

    name: str
    changed_since: bool = False
    shows_cancelled: bool = True
    shows_deleted: bool = False
    id_survives_move: bool = True
    answers_by_id: bool = True
    has_patients: bool = False
    has_locations: bool = False
    has_blocks: bool = False
    has_hours: bool = False
    page_size: int = 100
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Location:
    """A site of an account. `time_zone` is its IANA name, empty where the PMS tells none."""

    ref: str
    name: str
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A time when a practitioner is not free though nobody is booked: lunch, leave. Never a booking."""

    ref: str
    practitioner: str
    starts_at: datetime
    ends_at: datetime
    label: str = ""


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """When a practitioner works on one day of the week, by the practice's clock. `weekday` is 1, Monday, to 7."""

    practitioner: str
    weekday: int
    starts: time
    ends: time


class Diary(Protocol):
    """One account's diary. Every method raises `PmsError` and nothing else."""

    abilities: Abilities

    async def ping(self) -> datetime | None:
        """Return the diary's own time if it tells it; that it answers means it is healthy."""
        ...

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return appointments that start from `start` until before `end`, cancelled ones too where it shows them."""
        ...

    async def changes(
        self, since: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return what was changed at `since` or later by the diary's clock. Raises Unsupported where it cannot."""
        ...

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment. Raises PmsNotFound, with the id that it has now where the diary tells it."""
        ...

    async def patient(self, ref: str) -> PmsPatient:
        """Return who a patient is. Raises PmsNotFound."""
        ...

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        ...

    async def locations(self) -> tuple[Location, ...]:
        """Return the sites of the account."""
        ...

    async def blocks(self, start: datetime, end: datetime, location: str = "") -> tuple[Block, ...]:
        """Return the times off that touch `start` until before `end`."""
        ...

    async def hours(self, location: str = "") -> tuple[WeeklyHours, ...]:
        """Return when each practitioner works."""
        ...

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        ...


@runtime_checkable
class Peculiar(Protocol):
    """A diary of which more can be found out than of others."""

    async def peculiarities(self, now: datetime) -> "tuple[Assumption, ...]":
        """Return what was found out. Changes nothing there, never raises."""
        ...


@runtime_checkable
class Pageable(Protocol):
    """A diary that can be asked for pages of another size."""

    def in_pages_of(self, size: int) -> Diary:
        """Return the same diary, read in pages of `size` appointments; both are closed together."""
        ...
