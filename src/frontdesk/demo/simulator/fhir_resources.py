"""FHIR's resources as the simulator writes them, R4 or R5 (https://hl7.org/fhir/R4/resourcelist.html)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from frontdesk.demo.simulator.records import Bookable, Entry, EntryStatus, Gone, Person, Shift, Site, TimeOff
from frontdesk.demo.simulator.wire import SimulatedAccount

CODES = {
    EntryStatus.BOOKED: "booked",
    EntryStatus.ARRIVED: "arrived",
    EntryStatus.COMPLETED: "fulfilled",
    EntryStatus.CANCELLED: "cancelled",
    EntryStatus.NO_SHOW: "noshow",
}

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME_ZONE = "http://hl7.org/fhir/StructureDefinition/timezone"
_SEARCHED = ("Practitioner", "Location", "Slot", "PractitionerRole")


class Resources:
    """The resources of one account."""

    def __init__(self, account: SimulatedAccount) -> None:
        self._account = account
        self.reason_element = (
            "cancelationReason" if account.fhir_version.startswith("4") else "cancellationReason"
        )

    def statement(self) -> dict[str, Any]:
        """Return what the server says that it can do."""
        codes = ["read", "update", "search-type", *(["history-type"] if self._account.keeps_history else [])]
        resources = [
            {"type": "Appointment", "interaction": [{"code": code} for code in codes]},
            *({"type": kind, "interaction": [{"code": "read"}]} for kind in ("Patient", "Schedule")),
            *({"type": kind, "interaction": [{"code": "search-type"}]} for kind in _SEARCHED),
        ]
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": self._account.fhir_version,
            "rest": [{"mode": "server", "resource": resources}],
        }

    def appointment(self, entry: Entry) -> dict[str, Any]:
        """Return an Appointment."""
        document = {
            "resourceType": "Appointment",
            "id": entry.ref,
            "meta": {"versionId": str(entry.version), "lastUpdated": entry.updated_at.isoformat()},
            "status": CODES[entry.status],
            "appointmentType": {"text": entry.appointment_type},
            "start": self._instant(entry.starts_at),
            "end": self._instant(entry.ends_at),
            "participant": [
                _participant("Patient", entry.patient_ref, entry.patient_name),
                _participant("Practitioner", entry.practitioner_ref, entry.practitioner_name),
                _participant("Location", entry.location_ref, ""),
            ],
            **entry.more,
        }
        document = {key: value for key, value in document.items() if value is not None}
        if entry.reason:
            document[self.reason_element] = {"text": entry.reason}
        return document

    def version(self, entry: Entry) -> dict[str, Any]:
        """Return an entry of a history: of what is deleted nothing but that."""
        at = {"status": "200", "lastModified": entry.updated_at.isoformat()}
        url = f"Appointment/{entry.ref}"
        if entry.gone is not Gone.NO:
            return {"request": {"method": "DELETE", "url": url}, "response": at}
        return {
            "resource": self.appointment(entry),
            "request": {"method": "PUT", "url": url},
            "response": at,
        }

    def patient(self, one: Person) -> dict[str, Any]:
        """Return a Patient; one who was merged into another is not active, and says into whom."""
        contacts = (
            {"system": "phone", "use": "mobile", "value": one.mobile},
            {"system": "email", "value": one.email},
        )
        document: dict[str, Any] = {
            "resourceType": "Patient",
            "id": one.ref,
            "active": not one.merged_into,
            "name": [{"use": "official", "given": [one.first_name], "family": one.last_name}],
            "telecom": [contact for contact in contacts if contact["value"]],
        }
        if one.birth_date:
            document["birthDate"] = one.birth_date.isoformat()
        if one.merged_into:
            other = {"reference": f"Patient/{one.merged_into}"}
            document["link"] = [{"type": "replaced-by", "other": other}]
        return document

    def practitioner(self, one: Bookable) -> dict[str, Any]:
        """Return a Practitioner."""
        return {
            "resourceType": "Practitioner",
            "id": one.ref,
            "active": one.is_active,
            "name": [{"text": one.name}],
        }

    def location(self, one: Site) -> dict[str, Any]:
        """Return a Location."""
        zone = {"url": _TIME_ZONE, "valueCode": one.time_zone or self._account.time_zone}
        return {"resourceType": "Location", "id": one.ref, "name": one.name, "extension": [zone]}

    def slot(self, one: TimeOff) -> dict[str, Any]:
        """Return a Slot in which nobody is booked, and nobody can be."""
        return {
            "resourceType": "Slot",
            "id": one.ref,
            "status": "busy-unavailable",
            "start": self._instant(one.starts_at),
            "end": self._instant(one.ends_at),
            "comment": one.label,
            "schedule": {"reference": f"Schedule/{one.practitioner_ref}-{one.location_ref}"},
        }

    def schedule(self, ref: str) -> dict[str, Any]:
        """Return the Schedule of somebody at a site, which are its name."""
        practitioner, _, place = ref.partition("-")
        actors = [f"Practitioner/{practitioner}", f"Location/{place}"]
        return {"resourceType": "Schedule", "id": ref, "actor": [{"reference": one} for one in actors]}

    def role(self, one: Bookable, shifts: Sequence[Shift]) -> dict[str, Any]:
        """Return when somebody works, as R4 and R5 write it."""
        times = [
            {
                "daysOfWeek": [_DAYS[shift.weekday - 1]],
                "availableStartTime": shift.starts.isoformat(timespec="seconds"),
                "availableEndTime": shift.ends.isoformat(timespec="seconds"),
            }
            for shift in shifts
        ]
        is_r4 = self._account.fhir_version.startswith("4")
        return {
            "resourceType": "PractitionerRole",
            "id": f"role-{one.ref}",
            "active": one.is_active,
            "practitioner": {"reference": f"Practitioner/{one.ref}"},
            "location": [
                {"reference": f"Location/{place}"} for place in {one.location_ref for one in shifts}
            ],
            **({"availableTime": times} if is_r4 else {"availability": [{"availableTime": times}]}),
        }

    def _instant(self, at: datetime) -> str:
        return at.astimezone(self._account.zone).isoformat()


def _participant(kind: str, ref: str, name: str) -> dict[str, Any]:
    actor = {"reference": f"{kind}/{ref}"} | ({"display": name} if name else {})
    return {"actor": actor, "status": "accepted"}
