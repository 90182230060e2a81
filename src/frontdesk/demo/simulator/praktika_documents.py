"""What Praktika's documents look like, by what frontdesk assumes of it: instants with an offset, words of its screens."""

from datetime import datetime
from typing import Any

from frontdesk.demo.simulator.records import Bookable, Entry, EntryStatus, Person, Shift, Site, TimeOff
from frontdesk.demo.simulator.wire import SimulatedAccount

_WORDS = {
    EntryStatus.BOOKED: "Booked",
    EntryStatus.ARRIVED: "Arrived",
    EntryStatus.COMPLETED: "Completed",
    EntryStatus.CANCELLED: "Cancelled",
    EntryStatus.NO_SHOW: "DNA",
}


class Documents:
    """The documents of one account, in its own time zone."""

    def __init__(self, account: SimulatedAccount) -> None:
        self._account = account

    def instant(self, at: datetime) -> str:
        """Write an instant, in whole seconds."""
        return at.astimezone(self._account.zone).isoformat(timespec="seconds")

    def appointment(self, entry: Entry) -> dict[str, Any]:
        """Show an appointment."""
        return {
            "id": entry.ref,
            "status": _WORDS[entry.status],
            "start": self.instant(entry.starts_at),
            "end": self.instant(entry.ends_at),
            "provider": {"id": entry.practitioner_ref, "name": entry.practitioner_name},
            "patient": {"id": entry.patient_ref, "name": entry.patient_name},
            "type": {"id": "1", "label": entry.appointment_type},
            "location": {"id": entry.location_ref},
            "notes": entry.note,
            "updatedAt": self.instant(entry.updated_at),
            "arrivedAt": self.instant(entry.updated_at) if entry.status is EntryStatus.ARRIVED else None,
            **entry.more,
        }

    def location(self, one: Site) -> dict[str, Any]:
        """Show a location."""
        return {"id": one.ref, "name": one.name, "timeZone": one.time_zone or self._account.time_zone}

    def block(self, one: TimeOff) -> dict[str, Any]:
        """Show a time off."""
        return {
            "id": one.ref,
            "provider": one.practitioner_ref,
            "start": self.instant(one.starts_at),
            "end": self.instant(one.ends_at),
            "label": one.label,
        }


def provider(one: Bookable) -> dict[str, Any]:
    """Show who can be booked."""
    return {"id": one.ref, "name": one.name, "active": one.is_active}


def hours(one: Shift) -> dict[str, Any]:
    """Show when somebody works on a day of the week."""
    return {"weekday": one.weekday, "from": f"{one.starts:%H:%M}", "to": f"{one.ends:%H:%M}"}


def patient(one: Person) -> dict[str, Any]:
    """Show a patient."""
    return {
        "id": one.ref,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "birthDate": one.birth_date.isoformat() if one.birth_date else None,
        "mobile": one.mobile,
        "email": one.email,
        "isNew": one.is_new,
    }
