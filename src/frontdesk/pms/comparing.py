"""Whether what a PMS shows is what the operator saw."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import assert_never

from frontdesk import times
from frontdesk.bookings import Booking
from frontdesk.pms.port import (
    Appointment,
    AppointmentStatus,
    ByHand,
    ContractDrift,
    Nobody,
    One,
    Pms,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    Rejected,
    Several,
    Unclear,
    Unsupported,
    Who,
)
from frontdesk.preflight import Finding, Preflight

PREFLIGHT_SECONDS = 5.0

_BY_HAND = {ByHand.MARKED: Finding.MARKED, ByHand.PARTIAL: Finding.UNCLEAR, ByHand.SERIES: Finding.SERIES}

_STATUS_WORDS = {
    AppointmentStatus.ARRIVED: "the patient has arrived",
    AppointmentStatus.COMPLETED: "it is completed",
    AppointmentStatus.NO_SHOW: "the patient did not come",
    AppointmentStatus.CANCELLED: "it is cancelled",
}

_STILL_TO_COME = frozenset({AppointmentStatus.BOOKED})


def compare(
    booking: Booking,
    shown: Appointment,
    *,
    starts_at: datetime | None = None,
    statuses: Collection[AppointmentStatus] = _STILL_TO_COME,
) -> Finding:
    """Return how an appointment in the PMS compares with the booking here.

    It is the same when it starts at `starts_at`, the booking's own start unless it is given, and
    has one of `statuses`. Start instants must be equal; practitioner and patient count where the
    booking has their ids, and names never do. The PMS has to prove that an appointment
    names the same person or nobody; otherwise it is another one. A cancelled appointment counts as
    cancelled even at another time: it was moved first.
    """
    if shown.by_hand in (ByHand.MARKED, ByHand.PARTIAL):
        return _BY_HAND[shown.by_hand]
    is_ours = _is_among(booking.patient.pms_ref, shown.patients)
    if is_ours is False:
        return Finding.DIFFERENT
    if is_ours and shown.status is AppointmentStatus.CANCELLED:
        return Finding.CANCELLED
    if isinstance(shown.patients, Several):
        return Finding.SEVERAL
    if is_ours is None or isinstance(shown.patients, Unclear):
        return Finding.UNCLEAR
    if shown.by_hand:
        return _BY_HAND[shown.by_hand]
    if shown.status is AppointmentStatus.OTHER:
        return Finding.UNKNOWN_STATUS
    if shown.status not in statuses:
        return Finding.ATTENDED
    with_ours = _is_among(booking.practitioner.pms_ref, shown.practitioners)
    if shown.starts_at != (starts_at or booking.starts_at) or with_ours is False:
        return Finding.DIFFERENT
    return Finding.UNCLEAR if with_ours is None else Finding.SAME


def difference(
    booking: Booking,
    shown: Appointment,
    now: datetime,
    *,
    change: str,
    starts_at: datetime | None = None,
    statuses: Collection[AppointmentStatus] = _STILL_TO_COME,
) -> str:
    """Say why a program does not change what `compare` found not to be the same.

    The words follow "not cancelled there", and name no patient; `change` is such as "a cancel".
    """
    match compare(booking, shown, starts_at=starts_at, statuses=statuses):
        case Finding.SEVERAL:
            return f"it is for several patients there, and {change} would be for all of them"
        case Finding.MARKED | Finding.SERIES if shown.by_hand:
            return shown.by_hand.value
        case Finding.UNCLEAR if shown.by_hand:
            return shown.by_hand.value
        case Finding.UNCLEAR:
            is_patient = _is_among(booking.patient.pms_ref, shown.patients) is None
            about = "its patient" if is_patient or isinstance(shown.patients, Unclear) else "its practitioner"
            return f"{about} there cannot be compared with this booking's"
        case Finding.DIFFERENT if _is_among(booking.patient.pms_ref, shown.patients) is False:
            several = isinstance(shown.patients, Several)
            return "it is for other patients there" if several else "it is for another patient there"
        case Finding.UNKNOWN_STATUS:
            return f'its status there is "{shown.raw_status}"'
        case Finding.ATTENDED | Finding.CANCELLED:
            return _status_words(booking, shown, now)
    at = times.when_in_words(shown.starts_at, booking.practice.zone, now)
    return f"it is on {at}{f' with {shown.practitioner_name}' if shown.practitioner_name else ''}"


def _status_words(booking: Booking, shown: Appointment, now: datetime) -> str:
    said = _STATUS_WORDS[shown.status]
    if shown.since is None:
        return said
    return f"{said}, since {times.since_in_words(shown.since, booking.practice.zone, now)}"


async def preflight(pms: Pms, booking: Booking) -> Preflight:
    """Ask what the PMS shows of a booking, for a few seconds at most. Never raises."""
    if not booking.pms_ref:
        return Preflight(Finding.NOT_ASKED)
    try:
        async with asyncio.timeout(PREFLIGHT_SECONDS):
            shown = await pms.appointment(booking.pms_ref)
    except PmsNotFound:
        return Preflight(Finding.GONE)
    except PmsUnauthorised:
        return Preflight(Finding.LOCKED_OUT)
    except (ContractDrift, Rejected, Unsupported):
        return Preflight(Finding.UNREADABLE)
    except (PmsError, TimeoutError):
        return Preflight(Finding.AWAY)
    return Preflight(
        compare(booking, shown),
        shown.starts_at,
        shown.practitioner_name,
        shown.status,
        shown.since,
        compare(booking, shown, statuses={shown.status}),
    )


def _is_among(ours: str, named: Who) -> bool | None:
    """Whether the appointment names the person of the booking, None where that cannot be said.

    A booking without an id has nothing to compare, and an appointment that names nobody contradicts
    no booking.
    """
    match named:
        case Nobody():
            return True
        case One(ref):
            refs, is_whole = frozenset((ref,)), True
        case Several(refs, is_whole):
            pass
        case Unclear(refs):
            is_whole = False
        case _:
            assert_never(named)
    if not ours or ours in refs:
        return True
    return False if is_whole and all(_space(ref) == _space(ours) for ref in refs) else None


def _space(ref: str) -> str:
    """Return where an id is one: two of different servers or types may mean the same person."""
    return ref.rpartition("/")[0]
