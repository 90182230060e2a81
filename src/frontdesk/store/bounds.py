"""What a booking must keep to, whoever brings it: lengths, years, amounts.

Without who, when, with whom and at which practice it is no booking. What else does not keep to
them is left out of it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import REASON_LIMIT

LONGEST = 200
"""Characters of a name or reference; no practice's software has longer ones."""

LONGEST_EMAIL = 254
"""RFC 5321 leaves no room for more."""

LARGEST_FEE = 2**31 - 1
YEARS = range(1900, 2200)

_OF_PATIENT = {"patient_mobile": "mobile", "patient_email": "email", "pms_patient_ref": "pms_ref"}
_TEXTS = {
    "pms_practitioner_ref": "practitioner_pms_ref",
    "appointment_type": "appointment_type",
    "cancellation_reason": "cancellation_reason",
}


def why_not_taken(incoming: IncomingBooking) -> tuple[str, str] | None:
    """Return what keeps a booking out, as a field and what is wrong with it, or None.

    A reference that cannot be kept keeps its booking out too: nobody could know it again.
    """
    if not incoming.patient.name:
        return "patient_name", "is empty"
    for field, value in (
        ("ref", incoming.ref),
        ("pms_ref", incoming.pms_ref),
        ("patient_name", incoming.patient.name),
        ("practitioner", incoming.practitioner_name),
    ):
        if len(value) > LONGEST:
            return field, _longer_than(LONGEST)
    if not _is_sensible(incoming.starts_at):
        return "starts_at", _NOT_SENSIBLE
    return None


def within_bounds(incoming: IncomingBooking) -> tuple[IncomingBooking, tuple[tuple[str, str], ...]]:
    """Return a booking without what it cannot be taken with, and those fields, each with what is wrong."""
    unread = tuple(_out_of_bounds(incoming))
    if not unread:
        return incoming, ()
    fields = dict(unread)
    patient: dict[str, Any] = {_OF_PATIENT[field]: "" for field in fields if field in _OF_PATIENT}
    others: dict[str, Any] = {_TEXTS[field]: "" for field in fields if field in _TEXTS}
    others |= {field: None for field in fields if field not in _OF_PATIENT and field not in _TEXTS}
    if "cancelled_at" in fields:
        others["cancellation_reason"] = ""
    if others.pop("attendance_at", incoming) is None and incoming.attendance is not None:
        others["attendance"] = replace(incoming.attendance, at=None)
    kept = replace(incoming.patient, **patient)
    return replace(incoming, patient=kept, unsaid=incoming.unsaid.union(fields), **others), unread


def _out_of_bounds(incoming: IncomingBooking) -> Iterator[tuple[str, str]]:
    for field, name in _OF_PATIENT.items():
        longest = LONGEST_EMAIL if field == "patient_email" else LONGEST
        if len(getattr(incoming.patient, name)) > longest:
            yield field, _longer_than(longest)
    for field, name in _TEXTS.items():
        longest = REASON_LIMIT if field == "cancellation_reason" else LONGEST
        if len(getattr(incoming, name)) > longest:
            yield field, _longer_than(longest)
    for field in ("ends_at", "created_at", "cancelled_at"):
        instant: datetime | None = getattr(incoming, field)
        if instant is not None and not _is_sensible(instant):
            yield field, _NOT_SENSIBLE
        elif field == "ends_at" and instant is not None and instant < incoming.starts_at:
            yield field, "is before starts_at"
    marked = incoming.attendance.at if incoming.attendance is not None else None
    if marked is not None and not _is_sensible(marked):
        yield "attendance_at", _NOT_SENSIBLE
    if incoming.fee is not None and not 0 <= incoming.fee <= LARGEST_FEE:
        yield "fee", f"is not between 0 and {LARGEST_FEE // 100}"


_NOT_SENSIBLE = f"is no time in the years {YEARS[0]} to {YEARS[-1]} with its offset"


def _is_sensible(instant: datetime) -> bool:
    return instant.tzinfo is not None and instant.year in YEARS


def _longer_than(longest: int) -> str:
    return f"is longer than {longest} characters"
