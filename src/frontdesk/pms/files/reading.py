"""What one export says, read to its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from frontdesk.pms.diary import Block, Location
from frontdesk.pms.port import Appointment, One, PmsPractitioner, Span


@dataclass(frozen=True, slots=True)
class Reading:
    """An export: `appointments` in the order of their start, and what else stands in it.

    `name` is its file's, empty where it has none. `digest` tells it from any other one, `as_of` is when
    it was written. `rows` counts what it has of
    appointments, those that could not be read too. `incomplete`, `spans`: as in AppointmentPage.
    """

    digest: str
    as_of: datetime
    rows: int
    appointments: tuple[Appointment, ...]
    blocks: tuple[Block, ...] = ()
    locations: tuple[Location, ...] = ()
    spans: tuple[Span, ...] = ()
    incomplete: str = ""
    name: str = ""

    def doubted(self, why: str) -> "Reading":
        """Return the same, incomplete for one reason more where there is one."""
        return replace(self, incomplete="; ".join(filter(None, (self.incomplete, why)))) if why else self

    def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return whom its appointments are with: by the id, or by the name where there is no id."""
        found = {practitioner_of(one): one.practitioner_name for one in self.appointments}
        found.pop("", None)
        return tuple(PmsPractitioner(ref, name) for ref, name in sorted(found.items()))


def practitioner_of(appointment: Appointment) -> str:
    """Return whom an appointment is with: the id, or the name where there is no id."""
    who = appointment.practitioners
    return who.ref if isinstance(who, One) else appointment.practitioner_name


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins by the clock of `zone`, also where clocks go forward at midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def why_unread(unread: Sequence[str], what: str) -> str:
    """Return that some of what an export has could not be read, or nothing.

    `unread` says of each such thing which one it is; `what` are such things, in words.
    """
    if len(unread) > 1:
        return f"{len(unread):,} {what} could not be read, the first of them: {unread[0]}"
    return f"{unread[0]} could not be read" if unread else ""
