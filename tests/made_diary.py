"""A diary made up in memory, with the bad days of real ones, for those who read diaries."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from frontdesk.arrivals import AppointmentStatus
from frontdesk.pms.diary import Abilities, Block, Location, WeeklyHours
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    One,
    PmsNotFound,
    PmsPatient,
    PmsPractitioner,
    Span,
)

Hook = Callable[[str], Awaitable[None]]


class Killed(BaseException):
    """The program was killed: nothing of it goes on."""


async def nothing(_: str) -> None:
    """Let a request through."""


@dataclass
class MadeDiary:
    """Appointments by their ids, on a clock of its own, with pages by offset.

    `asked` are the requests in their order, each with its id where it has one. `before` is awaited before each
    of them is answered, and may raise. `says_total`: pages say how many there are. `spans` and `incomplete` are
    those of every list.
    """

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    abilities: Abilities = field(
        default_factory=lambda: Abilities("Praktika", changed_since=True, has_patients=True, page_size=10)
    )
    rows: dict[str, Appointment] = field(default_factory=dict)
    changed: dict[str, datetime] = field(default_factory=dict)
    successors: dict[str, str] = field(default_factory=dict)
    patients: dict[str, PmsPatient] = field(default_factory=dict)
    sites: tuple[Location, ...] = ()
    asked: list[str] = field(default_factory=list)
    before: Hook = nothing
    says_total: bool = True
    spans: tuple[Span, ...] | None = None
    incomplete: str = ""
    tells_time: bool = True
    closed: int = 0

    def put(self, ref: str, starts_at: datetime, **changes: object) -> Appointment:
        """Book an appointment, or change one."""
        patient = changes.pop("patient_ref", f"pat-{ref}")
        known = self.rows.get(ref) or Appointment(
            ref,
            AppointmentStatus.BOOKED,
            starts_at,
            starts_at + timedelta(minutes=30),
            practitioners=One("7"),
            practitioner_name="Dr Priya Rao",
            patients=One(str(patient)),
            patient_name=f"Patient {ref}",
            raw_status="Booked",
        )
        ends_at = starts_at + timedelta(minutes=30)
        self.rows[ref] = replace(known, starts_at=starts_at, ends_at=ends_at, **changes)  # type: ignore[arg-type]
        self.changed[ref] = self.now
        self.patients.setdefault(
            str(patient), PmsPatient(str(patient), f"Patient {ref}", mobile="0491570006")
        )
        return self.rows[ref]

    def cancel(self, ref: str) -> None:
        """Cancel an appointment."""
        self.put(ref, self.rows[ref].starts_at, status=AppointmentStatus.CANCELLED, raw_status="Cancelled")

    def delete(self, ref: str, successor: str = "") -> None:
        """Take an appointment away: lists and changes are silent about that."""
        del self.rows[ref], self.changed[ref]
        self.successors[ref] = successor

    def requests(self, kind: str) -> list[str]:
        """Return what was asked of a kind: list, changes, patient ..."""
        return [one for one in self.asked if one.split()[0] == kind]

    async def ping(self) -> datetime | None:
        await self._ask("ping")
        return self.now if self.tells_time else None

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        await self._ask(f"list {start:%Y-%m-%dT%H:%M}")
        found = sorted(
            (one for one in self.rows.values() if start <= one.starts_at < end),
            key=lambda one: (one.starts_at, one.ref),
        )
        return self._page(found, cursor, location)

    async def changes(
        self, since: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        await self._ask(f"changes {since.isoformat()}")
        refs = sorted(
            (ref for ref, at in self.changed.items() if at.replace(microsecond=0) >= since),
            key=lambda ref: (self.changed[ref], ref),
        )
        return self._page([self.rows[ref] for ref in refs], cursor, location)

    def _page(self, found: list[Appointment], cursor: str | None, location: str) -> AppointmentPage:
        here = [one for one in found if location in ("", one.location)]
        offset, size = int(cursor or 0), self.abilities.page_size
        following = str(offset + size) if offset + size < len(here) else None
        total = len(here) if self.says_total else None
        shown = tuple(here[offset : offset + size])
        return AppointmentPage(shown, following, total=total, spans=self.spans, incomplete=self.incomplete)

    async def appointment(self, ref: str) -> Appointment:
        await self._ask(f"get {ref}")
        if ref not in self.rows:
            raise PmsNotFound("there is no such appointment", self.successors.get(ref, ""))
        return self.rows[ref]

    async def patient(self, ref: str) -> PmsPatient:
        await self._ask(f"patient {ref}")
        if ref not in self.patients:
            raise PmsNotFound("there is no such patient")
        return self.patients[ref]

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        await self._ask("practitioners")
        return (PmsPractitioner("7", "Dr Priya Rao"),)

    async def locations(self) -> tuple[Location, ...]:
        await self._ask("locations")
        return self.sites

    async def blocks(self, start: datetime, end: datetime, location: str = "") -> tuple[Block, ...]:
        return ()

    async def hours(self, location: str = "") -> tuple[WeeklyHours, ...]:
        return ()

    async def close(self) -> None:
        self.closed += 1

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        await self.before(what)
