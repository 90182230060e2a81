"""What becomes of a booking when a source says something of it: a file, a seed, or a PMS's diary.

A booking is here what its row has, by the names of its own columns: loads take in many thousands at a time.
What stands against a diary's word is in `conflicts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Effect, IncomingBooking
from frontdesk.attendance import is_too_early
from frontdesk.bookings import Attendance, Operator, Origin, Presence

Values = dict[str, Any]

NOBODY_NAMED = "not named"
"""Who has an appointment of which a diary does not say with whom it is."""

OF_SOURCES = frozenset({"", Origin.PMS.value, Origin.FILE.value})
"""Where something was said that a source may take back. What a newer program did otherwise is no source's."""

_OPTIONAL = {
    "patient_name": "patient_name",
    "patient_dob": "patient_birth_date",
    "patient_mobile": "patient_mobile",
    "patient_email": "patient_email",
    "new_patient": "patient_is_new",
    "pms_patient_ref": "patient_pms_ref",
    "appointment_type": "appointment_type",
    "fee": "fee_cents",
}
"""The columns that keep what they have where a source says nothing about them, by their names in a CSV file."""

_OURS = frozenset({"new_patient"})
"""A PMS says who is new to it now: nobody is any longer after the visit, and the visit is billed all the same."""

_NOT_CANCELLED: Values = {
    "cancelled": False,
    "cancelled_at": None,
    "cancelled_by": "",
    "cancelled_via": "",
    "cancelled_origin": "",
    "cancellation_reason": "",
    "cancellation_note": "",
    "cancellation_filed": "",
}

_NOT_MARKED: Values = {
    "attendance": Presence.NONE.value,
    "attendance_origin": Origin.HERE.value,
    "attendance_by": "",
    "attendance_via": "",
    "attendance_at": None,
    "attendance_notice": False,
}

NO_INTENT: Values = {"intent_id": None, "intent_kind": "", "intent_at": None}
"""The columns of a booking without a change that waits for the PMS."""

_NEW: Values = {
    "version": 1,
    **_NOT_CANCELLED,
    **_NOT_MARKED,
    **NO_INTENT,
    "has_deliveries": False,
    "changed_by": "",
    "changed_via": "",
    "changed_at": None,
}
_BLANK: Values = {"ref": "", "pms_ref": None, "created_at": None, "cancelled": False}

_EFFECTS = {
    "starts_at": Effect.MOVED,
    "practitioner_id": Effect.REASSIGNED,
    **dict.fromkeys(_NOT_MARKED, Effect.ATTENDANCE),
}
"""What it is that a column is another one; of any other it is that the booking was changed."""


_PRESENCES = {
    AppointmentStatus.ARRIVED: Presence.ARRIVED,
    AppointmentStatus.COMPLETED: Presence.ATTENDED,
    AppointmentStatus.NO_SHOW: Presence.NO_SHOW,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads a source, when, and by the clock of which practice."""

    by: Operator
    at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Merged:
    """What a booking gets: `values` by columns, all of a new one's, empty where nothing is different.

    `falls` says that what is marked was marked at another time, and nobody can know it of the new one.
    `is_kept` says that it was cancelled here, and stays so.
    """

    values: Values = field(default_factory=dict)
    falls: bool = False
    is_kept: bool = False

    @property
    def effects(self) -> frozenset[Effect]:
        """What that is to a booking which was there before. Under which id it is known is no change of it."""
        own = self.values.keys() - _NOT_CANCELLED.keys() - NO_INTENT.keys() - {"pms_ref"}
        if "starts_at" in own:
            own -= {"ends_at"}
        effects = {_EFFECTS.get(name, Effect.CHANGED) for name in own}
        if "cancelled" in self.values:
            effects.add(Effect.CANCELLED if self.values["cancelled"] else Effect.REINSTATED)
        return frozenset(effects)


_KEPT = Merged(is_kept=True)


def merge(
    there: Mapping[str, Any] | None, said: IncomingBooking, practitioner_id: int, read: Reading
) -> Merged:
    """Return what `said` makes of a booking that stands `there`, None for one that is not there yet.

    The practitioner is the one that `said` means. A new booking has no `ref` where it is said none.
    """
    if there is None:
        values = {**_NEW, "practice_id": said.practice_id, **_said(said, _BLANK, practitioner_id, read)}
        return Merged(values | _attendance(said.attendance, values, read))
    if said.cancelled_at is None and there["cancelled_origin"] not in OF_SOURCES:
        return _KEPT
    fresh = _said(said, there, practitioner_id, read)
    for name in said.unsaid:
        if column := _OPTIONAL.get(name):
            fresh[column] = there[column]
    for name in said.yields:
        column = _OPTIONAL[name]
        fresh[column] = fresh[column] if there[column] is None else there[column]
    is_moved = fresh["starts_at"] != there["starts_at"]
    if "ends_at" in said.unsaid and not is_moved:
        fresh["ends_at"] = there["ends_at"]
    if there["cancelled"] and said.cancelled_at is None and "cancelled_at" not in said.unsaid:
        fresh |= _NOT_CANCELLED
    falls = is_moved and is_too_early(Presence(there["attendance"]), fresh["starts_at"], read.zone, read.at)
    if falls:
        fresh |= _NOT_MARKED
    if "attendance" not in said.unsaid:
        fresh |= _attendance(said.attendance, fresh if falls else there, read)
    return Merged({name: value for name, value in fresh.items() if there[name] != value}, falls)


def _said(said: IncomingBooking, there: Mapping[str, Any], practitioner_id: int, read: Reading) -> Values:
    """The columns that a source decides; what a booking has by itself is kept where the source is silent."""
    patient = said.patient
    values: Values = {
        "ref": said.ref or there["ref"],
        "pms_ref": said.pms_ref or there["pms_ref"],
        "practitioner_id": practitioner_id,
        "patient_name": patient.name,
        "patient_birth_date": patient.birth_date,
        "patient_mobile": patient.mobile,
        "patient_email": patient.email,
        "patient_is_new": patient.is_new,
        "patient_pms_ref": patient.pms_ref,
        "appointment_type": said.appointment_type,
        "starts_at": said.starts_at,
        "ends_at": said.ends_at,
        "fee_cents": said.fee,
        "created_at": said.created_at or there["created_at"],
    }
    if said.cancelled_at is not None and not there["cancelled"]:
        values |= cancelled(said.cancelled_at, said.cancelled_origin, said.cancellation_reason, read)
    return values


def cancelled(at: datetime, origin: Origin, reason: str, read: Reading) -> Values:
    """Return the columns of a booking that a source says to be cancelled."""
    return {
        "cancelled": True,
        "cancelled_at": at,
        "cancelled_by": read.by.name,
        "cancelled_via": read.by.via,
        "cancelled_origin": origin.value,
        "cancellation_reason": reason,
    }


def _attendance(said: Attendance | None, there: Mapping[str, Any], read: Reading) -> Values:
    """The columns of what a source says of whether the patient came; what the desk said stays."""
    if there["attendance_origin"] not in OF_SOURCES and there["attendance_at"] is not None:
        return {}
    if said is None or said.presence is Presence.NONE:
        return _NOT_MARKED
    if there["attendance"] == said.presence and there["attendance_notice"] == said.notice:
        return {}
    return {
        "attendance": said.presence.value,
        "attendance_origin": said.origin.value,
        "attendance_by": read.by.name,
        "attendance_via": read.by.via,
        "attendance_at": said.at or read.at,
        "attendance_notice": said.notice,
    }


def said_by(entry: DiaryEntry, practice_id: str, at: datetime) -> IncomingBooking:
    """Return what a diary says of an appointment at a practice, as it is merged; it is read at `at`.

    A status that nobody knows says neither that it is cancelled nor whether the patient came; nor does one that is
    cancelled say the latter.
    """
    unsaid, marked, cancelled_at = set(entry.unsaid), None, None
    if not entry.patient.name:
        unsaid.add("patient_name")
    if not entry.practitioner_name:
        unsaid.add("practitioner")
    if entry.status is AppointmentStatus.OTHER:
        unsaid |= {"cancelled_at", "attendance"}
    elif entry.status is AppointmentStatus.CANCELLED:
        unsaid.add("attendance")
        cancelled_at = min(entry.updated_at or at, at)
    elif presence := _PRESENCES.get(entry.status):
        marked = Attendance(presence, Origin.PMS, at=entry.since)
    return IncomingBooking(
        0,
        practice_id,
        entry.patient,
        entry.practitioner_name or entry.practitioner_ref or NOBODY_NAMED,
        entry.appointment_type,
        entry.starts_at,
        entry.ends_at,
        pms_ref=entry.ref,
        practitioner_pms_ref=entry.practitioner_ref,
        fee=entry.fee,
        cancelled_at=cancelled_at,
        cancellation_reason=entry.reason if cancelled_at else "",
        cancelled_origin=Origin.PMS,
        attendance=marked,
        unsaid=frozenset(unsaid),
        yields=_OURS,
    )
