"""Whether what a PMS shows is what the operator saw."""

import asyncio

from frontdesk.bookings import Booking
from frontdesk.pms.port import Appointment, AppointmentStatus, NotFound, Pms, PmsError, Unauthorised
from frontdesk.preflight import Finding, Preflight

PREFLIGHT_SECONDS = 5.0


def compare(booking: Booking, shown: Appointment) -> Finding:
    """Return how an appointment in the PMS compares with the booking here.

    Start instants must be equal; practitioner and patient count where both sides have ids,
    and names never do. A status that nobody mapped cannot be read. Cancelled counts before
    another time: whoever moved and then cancelled it has cancelled it.
    """
    if _differ(booking.patient.pms_ref, shown.patient_ref):
        return Finding.DIFFERENT
    match shown.status:
        case AppointmentStatus.CANCELLED:
            return Finding.CANCELLED
        case AppointmentStatus.OTHER:
            return Finding.AWAY
        case AppointmentStatus.ARRIVED | AppointmentStatus.COMPLETED | AppointmentStatus.NO_SHOW:
            return Finding.ATTENDED
    if shown.starts_at != booking.starts_at or _differ(booking.practitioner.pms_ref, shown.practitioner_ref):
        return Finding.DIFFERENT
    return Finding.SAME


async def preflight(pms: Pms, booking: Booking) -> Preflight:
    """Ask what the PMS shows of a booking, for a few seconds at most. Never raises."""
    if not booking.pms_ref:
        return Preflight(Finding.NOT_ASKED)
    try:
        async with asyncio.timeout(PREFLIGHT_SECONDS):
            shown = await pms.appointment(booking.pms_ref)
    except NotFound:
        return Preflight(Finding.GONE)
    except Unauthorised:
        return Preflight(Finding.LOCKED_OUT)
    except (PmsError, TimeoutError):
        return Preflight(Finding.AWAY)
    return Preflight(compare(booking, shown), shown.starts_at, shown.practitioner_name)


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other
