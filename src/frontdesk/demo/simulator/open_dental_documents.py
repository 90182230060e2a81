"""What Open Dental's rows look like, in the names and types of the vendor's pages, as the simulator writes them."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from frontdesk.demo.simulator.records import Bookable, Entry, EntryStatus, Gone, Person, Shift, Site, TimeOff

STEP = timedelta(minutes=5)

_LAST_MINUTE = time(23, 59)
_NEVER = "0001-01-01 00:00:00"
_WORDS = {
    EntryStatus.BOOKED: "Scheduled",
    EntryStatus.ARRIVED: "Scheduled",
    EntryStatus.COMPLETED: "Complete",
    EntryStatus.CANCELLED: "UnschedList",
    EntryStatus.NO_SHOW: "Broken",
}
IN_PLACE = "in place"
"""The attendance of what was cancelled and left in the appointment book."""


class Documents:
    """Rows for a practice in `zone`; with `has_offset` its times bear their offset from UTC."""

    def __init__(self, zone: ZoneInfo, now: datetime, *, has_offset: bool) -> None:
        self._zone = zone
        self._now = now
        self._has_offset = has_offset

    def moment(self, at: datetime) -> str:
        """Return an instant as wall clock time."""
        local = at.astimezone(self._zone).isoformat(sep=" ", timespec="seconds")
        return local[:19] if not self._has_offset else f"{local[:19]} {local[19:]}"

    def appointment(self, entry: Entry) -> dict[str, Any]:
        """Return an appointment."""
        is_there = entry.status is EntryStatus.ARRIVED
        return {
            "serverDateTime": self.moment(self._now),
            "AptNum": number(entry.ref),
            "PatNum": number(entry.patient_ref),
            "AptStatus": "Broken" if is_in_place(entry) else _WORDS[entry.status],
            "Pattern": "X" * ((entry.ends_at - entry.starts_at) // STEP),
            "confirmed": "Not Called",
            "TimeLocked": "false",
            "Op": number(entry.practitioner_ref),
            # Its serializer writes line ends as spaces.
            "Note": (entry.note or entry.reason).replace("\r\n", " "),
            "ProvNum": number(entry.practitioner_ref),
            "provAbbr": entry.practitioner_name,
            "ProvHyg": 0,
            "AptDateTime": self.moment(entry.starts_at),
            "IsNewPatient": "false",
            "ProcDescript": entry.appointment_type,
            "ClinicNum": number(entry.location_ref),
            "IsHygiene": "false",
            "DateTStamp": self.moment(entry.updated_at),
            "DateTimeArrived": self.moment(entry.updated_at) if is_there else _NEVER,
            "Priority": "Normal",
            **entry.more,
        }

    def history(self, place: int, entry: Entry) -> dict[str, Any]:
        """Return the last line of an appointment's history."""
        if entry.gone is not Gone.NO:
            action = "Deleted"
        elif entry.status is EntryStatus.NO_SHOW:
            action = "Missed"
        elif entry.status is EntryStatus.CANCELLED:
            action = "Cancelled"
        else:
            action = "Created" if entry.version == 1 else "Changed"
        line = {"HistApptNum": place, "HistDateTStamp": self.moment(entry.updated_at)}
        return {**line, "HistApptAction": action, **self.appointment(entry)}

    def provider(self, one: Bookable) -> dict[str, Any]:
        """Return who can be booked."""
        first, _, last = one.name.rpartition(" ")
        return {
            "ProvNum": number(one.ref),
            "Abbr": one.name[:12],
            "LName": last,
            "FName": first,
            "IsHidden": "false" if one.is_active else "true",
            "ProvStatus": "Active",
            "serverDateTime": self.moment(self._now),
        }

    def blockouts(self, one: TimeOff) -> list[dict[str, Any]]:
        """Return a time off of an operatory, day by day; everybody has the one of their own number."""
        start, end = one.starts_at.astimezone(self._zone), one.ends_at.astimezone(self._zone)
        days = [start.date() + timedelta(days=place) for place in range((end.date() - start.date()).days + 1)]
        more = {"BlockoutType": "248", "blockoutType": one.label}
        return [
            _schedule(
                "Blockout",
                one.ref,
                day,
                (
                    start.time() if day == start.date() else time(0),
                    end.time() if day == end.date() else _LAST_MINUTE,
                ),
                one.practitioner_ref,
            )
            | more
            for day in days
        ]

    def shift(self, place: int, one: Shift, day: date) -> dict[str, Any]:
        """Return when somebody works on a day."""
        said = _schedule("Provider", str(place), day, (one.starts, one.ends), one.practitioner_ref)
        return said | {"ProvNum": one.practitioner_ref}


def is_in_place(entry: Entry) -> bool:
    """Whether an appointment is broken and still in the appointment book."""
    return entry.status is EntryStatus.CANCELLED and entry.attendance == IN_PLACE


def patient(one: Person) -> dict[str, Any]:
    """Return a patient."""
    return {
        "PatNum": number(one.ref),
        "LName": one.last_name,
        "FName": one.first_name,
        "Preferred": "",
        "PatStatus": "Patient",
        "Birthdate": one.birth_date.isoformat() if one.birth_date else "0001-01-01",
        "HmPhone": "",
        "WirelessPhone": one.mobile,
        "Email": one.email,
    }


def clinic(one: Site) -> dict[str, Any]:
    """Return a site."""
    return {"ClinicNum": number(one.ref), "Description": one.name, "Abbr": one.name[:10], "IsHidden": "false"}


def operatory(one: Bookable, location_ref: str) -> dict[str, Any]:
    """Return a chair, which has the number of the one who works there."""
    return {
        "OperatoryNum": number(one.ref),
        "OpName": one.name,
        "IsHidden": "false",
        "ProvDentist": number(one.ref),
        "ProvHygienist": 0,
        "IsHygiene": "false",
        "ClinicNum": number(location_ref),
    }


def number(ref: str) -> int | str:
    """Return an id as the number that it is there."""
    return int(ref) if ref.isdecimal() else ref


def _schedule(kind: str, ref: str, day: date, span: tuple[time, time], operatory: str) -> dict[str, Any]:
    return {
        "ScheduleNum": ref,
        "SchedDate": day.isoformat(),
        "StartTime": span[0].isoformat(timespec="seconds"),
        "StopTime": span[1].isoformat(timespec="seconds"),
        "SchedType": kind,
        "ProvNum": "0",
        "BlockoutType": "0",
        "blockoutType": "",
        "Note": "",
        "operatories": operatory,
        "EmployeeNum": "0",
    }
