"""What Cliniko's documents look like: appointments, people, businesses, times off and hours, joined by links.

Source: https://docs.api.cliniko.com.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from frontdesk.demo.simulator.records import Bookable, Entry, EntryStatus, Gone, Person, Shift, Site, TimeOff

REASONS = {
    10: "Feeling better",
    20: "Condition worse",
    30: "Sick",
    31: "COVID-19 related",
    40: "Away",
    50: "Other",
    60: "Work",
}


class Documents:
    """The documents of one account; `base` is the address that its links begin with."""

    def __init__(self, base: str, time_zone: str) -> None:
        self.base = base
        self._time_zone = time_zone

    def appointment(self, entry: Entry) -> dict[str, Any]:
        """Show an appointment; how it stands follows from its stamps and marks."""
        code = entry.more.get("cancellation_reason")
        cancelled_at = entry.cancelled_at or entry.updated_at
        return {
            "id": entry.ref,
            "starts_at": utc(entry.starts_at),
            "ends_at": utc(entry.ends_at),
            "cancelled_at": utc(cancelled_at) if entry.status is EntryStatus.CANCELLED else None,
            "cancellation_reason": code,
            "cancellation_reason_description": REASONS[code] if code else None,
            "cancellation_note": entry.reason or None,
            "deleted_at": None,
            "archived_at": utc(entry.updated_at) if entry.gone is Gone.ARCHIVED else None,
            "did_not_arrive": entry.status is EntryStatus.NO_SHOW,
            "patient_arrived": entry.status in {EntryStatus.ARRIVED, EntryStatus.COMPLETED},
            "patient_name": entry.patient_name,
            "updated_at": utc(entry.updated_at),
            "business": self._link("businesses", entry.location_ref),
            "patient": self._link("patients", entry.patient_ref),
            "practitioner": self._link("practitioners", entry.practitioner_ref),
            "repeated_from": self._link("individual_appointments", entry.series) if entry.series else None,
            **{key: value for key, value in entry.more.items() if not key.startswith("cancel")},
        }

    def practitioner(self, one: Bookable) -> dict[str, Any]:
        """Show who can be booked."""
        title, _, names = one.name.rpartition(" ")[0].partition(" ")
        return {
            "id": one.ref,
            "title": title,
            "first_name": names,
            "last_name": one.name.rpartition(" ")[2],
            "label": one.name,
            "active": one.is_active,
        }

    def patient(self, one: Person) -> dict[str, Any]:
        """Show a patient, with numbers of several kinds."""
        numbers = [{"phone_type": "Home", "number": "08 8410 0000"}]
        if one.mobile:
            numbers.append({"phone_type": "Mobile", "number": one.mobile})
        return {
            "id": one.ref,
            "first_name": one.first_name,
            "last_name": one.last_name,
            "date_of_birth": one.birth_date.isoformat() if one.birth_date else None,
            "email": one.email or None,
            "patient_phone_numbers": numbers,
            "archived_at": None,
            "deleted_at": None,
        }

    def business(self, one: Site) -> dict[str, Any]:
        """Show a location."""
        zone = one.time_zone or self._time_zone
        return {"id": one.ref, "business_name": one.name, "time_zone_identifier": zone, "archived_at": None}

    def unavailable_block(self, one: TimeOff) -> dict[str, Any]:
        """Show a time off."""
        return {
            "id": one.ref,
            "starts_at": utc(one.starts_at),
            "ends_at": utc(one.ends_at),
            "notes": one.label,
            "deleted_at": None,
            "business": self._link("businesses", one.location_ref),
            "practitioner": self._link("practitioners", one.practitioner_ref),
        }

    def daily_availability(self, shifts: Sequence[Shift]) -> dict[str, Any]:
        """Show one day of one practitioner's week; `shifts` are all of that day."""
        first = shifts[0]
        return {
            "id": f"{first.practitioner_ref}{first.weekday}",
            "day_of_week": first.weekday,
            "availabilities": [
                {"starts_at": f"{one.starts:%H:%M}", "ends_at": f"{one.ends:%H:%M}"} for one in shifts
            ],
            "business": self._link("businesses", first.location_ref),
            "practitioner": self._link("practitioners", first.practitioner_ref),
        }

    def listed(self, name: str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Show a list that fits one page."""
        return {name: found, "total_entries": len(found), "links": {"self": f"{self.base}/{name}"}}

    def _link(self, kind: str, ref: str) -> dict[str, Any]:
        return {"links": {"self": f"{self.base}/{kind}/{ref}"}}


def utc(at: datetime) -> str:
    """Write an instant as Cliniko does: in UTC and whole seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
