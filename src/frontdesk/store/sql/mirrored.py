"""An appointment of a diary as a row of the mirror, and back."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from frontdesk import times
from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Place
from frontdesk.bookings import Patient, Practice
from frontdesk.deliveries import OPEN_STATES, State, Way
from frontdesk.store import records
from frontdesk.store.sql.selects import DELIVERY, MIRROR, PRACTICE

OPEN, WAITS, PERSON, STALE, CLOSED = "open", "waits", "person", "stale", "closed"
"""How what a row says was dealt with; one that is `stale` is to be read again first."""

GONE = "gone"
"""What a row `was` whose appointment was not there."""

OFF = frozenset({GONE, AppointmentStatus.CANCELLED.value})


def at_place(place: Place) -> ColumnElement[bool]:
    """Return the condition that a row of the mirror is of this place."""
    return and_(MIRROR.c.connection == place.connection, MIRROR.c.location == place.location)


def is_under_way() -> ColumnElement[bool]:
    """Return the condition that the PMS is still to be told of what was done here with the booking of a row."""
    going_on = [state.value for state in (*OPEN_STATES, State.ATTENTION)]
    of_it = DELIVERY.c.booking_id == MIRROR.c.booking_id, DELIVERY.c.state.in_(going_on)
    return exists().where(*of_it, DELIVERY.c.kind.startswith(f"{Way.PMS.value}.", autoescape=True))


def practice_of(tx: Connection, place: Place) -> Practice | None:
    """Return the practice whose diary a place has, None where none names it."""
    query = select(PRACTICE).where(
        PRACTICE.c.pms_connection == place.connection, PRACTICE.c.location == place.location
    )
    rows = tx.execute(query.order_by(PRACTICE.c.id)).all()
    return records.practice(rows[0]) if len(rows) == 1 else None


def values_of(entry: DiaryEntry, time_zone: str) -> dict[str, Any]:
    """Return the columns of what an entry says; `time_zone` is that of the practice."""
    patient = entry.patient
    said = {
        "name": patient.name,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
        "mobile": patient.mobile,
        "email": patient.email,
        "is_new": patient.is_new,
        "practitioner": entry.practitioner_name,
        "type": entry.appointment_type,
        "fee": entry.fee,
        "reason": entry.reason,
        "since": times.in_utc(entry.since) if entry.since else None,
        "updated_at": times.in_utc(entry.updated_at) if entry.updated_at else None,
        "series": entry.series_ref,
        "unsaid": sorted(entry.unsaid),
        "zone": time_zone,
    }
    values = {
        "version": entry.version,
        "status": entry.status.value,
        "raw_status": entry.raw_status,
        "starts_at": entry.starts_at,
        "ends_at": entry.ends_at,
        "time_text": entry.time_text,
        "practitioner_ref": entry.practitioner_ref,
        "patient_ref": patient.pms_ref,
        "previous_ref": entry.previous_ref,
        "said": said,
    }
    return {**values, "digest": _digest(values)}


def _digest(values: Mapping[str, Any]) -> str:
    """Return the digest of what an entry says, but for when and in which version it was changed.

    A start that is written as before is the same time, whatever instant new rules of its zone make of it.
    """
    starts_at, ends_at = values["starts_at"], values["ends_at"]
    said = {name: value for name, value in values["said"].items() if name != "updated_at"}
    content = {
        **{name: value for name, value in values.items() if name not in ("version", "starts_at", "ends_at")},
        "said": said,
        "start": values["time_text"] or times.in_utc(starts_at),
        "length": (ends_at - starts_at).total_seconds() if ends_at else None,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def entry_of(row: Any) -> DiaryEntry:
    """Return what a row's appointment says."""
    said = row.said
    born = said["birth_date"]
    return DiaryEntry(
        row.ref,
        AppointmentStatus(row.status),
        row.starts_at,
        Patient(
            said["name"],
            date.fromisoformat(born) if born else None,
            said["mobile"],
            said["email"],
            said["is_new"],
            row.patient_ref,
        ),
        practitioner_ref=row.practitioner_ref,
        practitioner_name=said["practitioner"],
        ends_at=row.ends_at,
        appointment_type=said["type"],
        fee=said["fee"],
        time_text=row.time_text,
        raw_status=row.raw_status,
        reason=said["reason"],
        since=_instant(said["since"]),
        version=row.version,
        updated_at=_instant(said["updated_at"]),
        previous_ref=row.previous_ref,
        series_ref=said["series"],
        unsaid=frozenset(said["unsaid"]),
    )


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
