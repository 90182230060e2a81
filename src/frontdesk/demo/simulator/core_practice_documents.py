"""What Core Practice's documents look like, by what frontdesk assumes of it: wall clock times, numbers for ids."""

from datetime import datetime, timedelta
from typing import Any

from frontdesk.demo.simulator.records import Bookable, Entry, EntryStatus, Person, Shift, TimeOff
from frontdesk.demo.simulator.wire import SimulatedAccount

WORDS = {
    EntryStatus.BOOKED: "scheduled",
    EntryStatus.ARRIVED: "in_progress",
    EntryStatus.COMPLETED: "completed",
    EntryStatus.CANCELLED: "cancelled",
    # A no-show is an attendance there, not a state.
    EntryStatus.NO_SHOW: "completed",
}


class Documents:
    """The documents of one account, by its own wall clock."""

    def __init__(self, account: SimulatedAccount) -> None:
        self._account = account

    def local(self, at: datetime) -> str:
        """Write an instant as the practice's wall clock shows it."""
        return at.astimezone(self._account.zone).replace(tzinfo=None).isoformat(timespec="seconds")

    def appointment(self, entry: Entry) -> dict[str, Any]:
        """Show an appointment."""
        return {
            "id": number(entry.ref),
            "calendar": {"id": number(entry.practitioner_ref), "name": entry.practitioner_name},
            "starts_at": self.local(entry.starts_at),
            "duration": round((entry.ends_at - entry.starts_at) / timedelta(minutes=1)),
            "state": WORDS[entry.status],
            "attendance": entry.attendance or None,
            "reason": entry.reason or None,
            "note": entry.note or None,
            "patient": {"id": number(entry.patient_ref), "name": entry.patient_name},
            "description": entry.appointment_type,
            "version": entry.version,
            "rebooked_from": number(entry.moved_from),
            **entry.more,
        }

    def block(self, one: TimeOff) -> dict[str, Any]:
        """Show a time off."""
        return {
            "id": number(one.ref),
            "starts_at": self.local(one.starts_at),
            "duration": round((one.ends_at - one.starts_at) / timedelta(minutes=1)),
            "label": one.label,
        }

    def patient(self, one: Person, now: datetime) -> dict[str, Any]:
        """Show a patient; whoever is not new came for the first time a year ago."""
        return {
            "id": number(one.ref),
            "name": one.name,
            "dob": one.birth_date.isoformat() if one.birth_date else None,
            "mobile": one.mobile,
            "email": one.email,
            "first_visit": self.local(now - timedelta(days=365)) if one.is_new is False else None,
        }


def calendar(one: Bookable) -> dict[str, Any]:
    """Show a calendar that can be booked."""
    return {"id": number(one.ref), "name": one.name, "active": one.is_active}


def hours(one: Shift) -> dict[str, Any]:
    """Show when a calendar is open on a day of the week."""
    return {"weekday": one.weekday, "from": f"{one.starts:%H:%M}", "to": f"{one.ends:%H:%M}"}


def number(ref: str) -> int | str | None:
    """Write an id as a number where it is one, and none as null."""
    return int(ref) if ref.isdigit() else ref or None
