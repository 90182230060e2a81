"""The diary of a PMS without an API: what it exports, page by page."""

from bisect import bisect_left
from datetime import datetime
from typing import Protocol

from frontdesk.pms.diary import Abilities, Block, Location, WeeklyHours
from frontdesk.pms.files.reading import Reading
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    ContractDrift,
    PmsPatient,
    PmsPractitioner,
    PmsUnavailable,
    Unsupported,
)


class Source(Protocol):
    """Where exports come from. Its methods raise `PmsError` and nothing else."""

    async def ping(self) -> None:
        """Look whether there is an export that may be read."""
        ...

    async def reading(self) -> Reading:
        """Return the newest export: the same object as long as nothing has changed."""
        ...

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        ...


class ExportDiary:
    """A `Diary` over exports: one appointment cannot be asked for, and nobody is asked for changes."""

    def __init__(self, abilities: Abilities, source: Source) -> None:
        self.abilities = abilities
        self._source = source
        self._begun: Reading | None = None

    async def ping(self) -> datetime | None:
        """Look whether there is an export; it tells no time."""
        await self._source.ping()
        return None

    async def reading(self) -> Reading:
        """Return all that the newest export says. Raises PmsError."""
        return await self._source.reading()

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return a page of what starts from `start` until before `end`.

        All pages are of one export, also when a newer one comes in between. Who has lost the earlier one since
        is told to begin anew, by PmsUnavailable. Raises Unsupported for a location where it tells none.
        """
        if location and not self.abilities.has_locations:
            raise Unsupported("it tells no locations")
        if self._begun is None or cursor is None or not cursor.startswith(f"{self._begun.digest}:"):
            self._begun = await self._source.reading()
        reading = self._begun
        first = bisect_left(reading.appointments, start, key=_start)
        last = bisect_left(reading.appointments, end, key=_start)
        inside = reading.appointments[first:last]
        if location and reading.locations:
            inside = tuple(one for one in inside if one.location == location)
        at = _position(cursor, reading)
        following = at + self.abilities.page_size
        return AppointmentPage(
            inside[at:following],
            f"{reading.digest}:{following}" if following < len(inside) else None,
            total=len(inside),
            spans=() if reading.incomplete else reading.spans,
            incomplete=reading.incomplete,
            as_of=reading.as_of,
        )

    async def changes(
        self, since: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Raise Unsupported."""
        raise Unsupported("it does not tell what has changed")

    async def appointment(self, ref: str) -> Appointment:
        """Raise Unsupported: that an export lacks something proves nothing."""
        raise Unsupported("one appointment cannot be asked for")

    async def patient(self, ref: str) -> PmsPatient:
        """Raise Unsupported: the patient stands beside the appointment."""
        raise Unsupported("it tells nothing of patients")

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return whom the appointments of the newest export are with."""
        return (await self._source.reading()).practitioners()

    async def locations(self) -> tuple[Location, ...]:
        """Return the sites that the newest export names. Raises Unsupported where it could name none."""
        if not self.abilities.has_locations:
            raise Unsupported("it tells no locations")
        return (await self._source.reading()).locations

    async def blocks(self, start: datetime, end: datetime, location: str = "") -> tuple[Block, ...]:
        """Return the times off that touch `start` until before `end`. Raises Unsupported where it tells none."""
        if not self.abilities.has_blocks:
            raise Unsupported("it tells no times off")
        reading = await self._source.reading()
        return tuple(one for one in reading.blocks if one.starts_at < end and one.ends_at > start)

    async def hours(self, location: str = "") -> tuple[WeeklyHours, ...]:
        """Raise Unsupported."""
        raise Unsupported("it tells no working hours")

    async def close(self) -> None:
        """Let go of connections."""
        await self._source.close()


def _start(appointment: Appointment) -> datetime:
    return appointment.starts_at


def _position(cursor: str | None, reading: Reading) -> int:
    if cursor is None:
        return 0
    digest, _, position = cursor.partition(":")
    if digest != reading.digest:
        raise PmsUnavailable("a newer export has come since")
    if not (position.isascii() and position.isdecimal() and len(position) < 10):
        raise ContractDrift("a cursor that is none")
    return int(position)
