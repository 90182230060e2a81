"""What the history of a booking says of what a source made of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from frontdesk import attendance, times
from frontdesk.arrivals import Effect
from frontdesk.audit import Action
from frontdesk.bookings import Operator, Practice, Presence
from frontdesk.conflicts import Decision
from frontdesk.store.sql.sealing import Deed


def of_cancelling(
    booking_id: int,
    there: Mapping[str, Any],
    changed: Mapping[str, Any],
    by: Operator,
    at: datetime,
) -> list[Deed]:
    """Return what a source says of a booking's cancellation, if it is another one: the row forgets what was.

    `there` is the booking before it is `changed`.
    """
    if "cancelled" not in changed:
        return []
    detail = {"version": str(there["version"] + 1)}
    action = Action.BOOKING_CANCELLED
    if there["cancelled"]:
        action = Action.BOOKING_REINSTATED
        detail |= {
            "cancelled_at": there["cancelled_at"].isoformat(),
            "cancelled_by": str(Operator(there["cancelled_by"], there["cancelled_via"])),
            "cancelled_origin": there["cancelled_origin"],
            "cancellation_reason": there["cancellation_reason"],
        }
    else:
        detail |= {
            "reason": changed.get("cancellation_reason", there["cancellation_reason"]),
            "cancelled_at": changed["cancelled_at"].isoformat(),
        }
    return [Deed(action, by, at, is_shown=False, booking_id=booking_id, detail=detail)]


_ACTIONS = {
    Effect.MOVED: Action.BOOKING_MOVED,
    Effect.REASSIGNED: Action.BOOKING_REASSIGNED,
    Effect.ATTENDANCE: Action.BOOKING_SEEN,
    Effect.CHANGED: Action.BOOKING_CHANGED,
}
"""What a change is called, by the first of these that it is."""

_FIELDS = {
    "patient_name": "name",
    "patient_birth_date": "birth date",
    "patient_mobile": "mobile",
    "patient_email": "e-mail",
    "patient_is_new": "whether the patient is new",
    "patient_pms_ref": "the patient's id",
    "appointment_type": "appointment type",
    "ends_at": "end",
    "fee_cents": "fee",
}
"""What a field is called whose value is no business of the audit, which is shown and never forgets."""


def of_changing(
    booking_id: int,
    there: Mapping[str, Any],
    decision: Decision,
    names: Mapping[int, str],
    practice: Practice,
    by: Operator,
    at: datetime,
) -> list[Deed]:
    """Return what a diary has changed in a booking, but for its cancellation, as one event of its history.

    `there` is the booking before it is changed, `names` are those of the practitioners by their ids.
    """
    action = next((_ACTIONS[one] for one in _ACTIONS if one in decision.effects), None)
    if action is None:
        return []
    changed = decision.merged.values
    notes = []
    if "starts_at" in changed:
        notes.append(f"from {times.when_in_words(there['starts_at'], practice.zone, at)}")
    if "practitioner_id" in changed:
        notes.append(f"from {names[there['practitioner_id']]} to {names[changed['practitioner_id']]}")
    if decision.note:
        notes.append(decision.note)
    elif "attendance" in changed and not decision.merged.falls:
        notes.append(attendance.word_of(Presence(changed["attendance"])))
    fields = [word for name, word in _FIELDS.items() if name in changed]
    if fields and action is Action.BOOKING_CHANGED:
        notes.append(", ".join(fields))
    detail = {"version": str(there["version"] + bool(changed)), "note": "; ".join(notes)}
    if "starts_at" in changed:
        detail |= {"from": times.in_utc(there["starts_at"]), "to": times.in_utc(changed["starts_at"])}
    return [Deed(action, by, at, is_shown=False, booking_id=booking_id, detail=detail)]


def of_beginning(booking_id: int, by: Operator, at: datetime) -> Deed:
    """Return that a diary has brought a booking."""
    return Deed(Action.BOOKING_ADDED, by, at, is_shown=False, booking_id=booking_id, detail={"version": "1"})
