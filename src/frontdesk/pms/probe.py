"""Finds out by reading alone which assumptions about a PMS are right.

For `frontdesk doctor`. What is said never has a patient in it.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from frontdesk.pms.port import (
    Appointment,
    AppointmentStatus,
    Capabilities,
    ContractDrift,
    Pms,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    Rejected,
    Unsupported,
    Verified,
)

CLOCK_TOLERANCE = timedelta(minutes=2)
DAYS, PAGES = 7, 3
"""How far ahead a day with appointments is looked for, and how much of it is read."""

NO_APPOINTMENT = "frontdesk-doctor"
"""An id that no appointment has: a PMS that lets us ask answers that there is none."""

_WHY_NO_LIST: dict[type[PmsError], str] = {
    PmsUnauthorised: "our key may not read them",
    PmsNotFound: "there is none at this address",
}
_OPEN, _CLOSED = 6, 22


class Held(Enum):
    """Whether something assumed is so."""

    OK = "ok"
    FAILED = "did not hold"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something assumed of a PMS, whether it is so, and a sentence about it."""

    held: Held
    said: str


async def probe(pms: Pms, time_zone: str, now: datetime) -> tuple[Assumption, ...]:
    """Return what was found out about a PMS, for a practice in `time_zone`. Changes nothing there, never raises."""
    found = [_proof(pms.capabilities)]
    try:
        found += [one async for one in _asked(pms, ZoneInfo(time_zone), now)]
    except PmsError as error:
        found.append(Assumption(Held.FAILED, str(error)))
        found.append(Assumption(Held.NOT_TRIED, "the rest was not tried: it cannot be asked now"))
    found.append(Assumption(Held.NOT_TRIED, "cancelling was not tried: doctor changes nothing there"))
    return tuple(found)


def _proof(capabilities: Capabilities) -> Assumption:
    held = Held.OK if capabilities.verified is Verified.VENDOR else Held.NOT_TRIED
    return Assumption(held, f"{capabilities.name}: {capabilities.verified.value}")


async def _asked(pms: Pms, zone: ZoneInfo, now: datetime) -> AsyncIterator[Assumption]:
    try:
        its_time = await pms.ping()
    except Unsupported:
        yield Assumption(Held.NOT_TRIED, "whether it answers was not tried: there is no request for that")
    else:
        yield Assumption(Held.OK, "it answers")
        yield _clock(its_time, now)
    if not pms.capabilities.can_list:
        yield Assumption(Held.NOT_TRIED, "its lists were not read: it has none")
        return
    try:
        listed, pages, without_time = await _a_day(pms, now)
    except (PmsUnauthorised, Rejected, PmsNotFound, Unsupported) as error:
        yield await _key_alone(pms)
        why = _WHY_NO_LIST.get(type(error), str(error))
        yield Assumption(Held.NOT_TRIED, f"its lists were not read: {why}. Only doctor needs them")
        return
    yield Assumption(Held.OK, "it accepts our key")
    if without_time:
        yield Assumption(
            Held.NOT_TRIED, f"entries without a time, as in a waiting list: {without_time} left out"
        )
    if not listed:
        yield Assumption(Held.NOT_TRIED, f"its appointments: it lists none for the next {DAYS} days")
        return
    yield Assumption(
        Held.OK, f"it lists a day, and every time can be read (appointments: {len(listed)}, pages: {pages})"
    )
    for one in (_distinct(listed), about_hours(listed, zone), about_statuses(listed), _cancelled(listed)):
        yield one
    for one in await _one_of_them(pms, listed[0]):
        yield one


def _clock(its_time: datetime | None, now: datetime) -> Assumption:
    if its_time is None:
        return Assumption(Held.NOT_TRIED, "its clock was not compared: it does not tell the time")
    skew = its_time - now
    if abs(skew) <= CLOCK_TOLERANCE:
        return Assumption(Held.OK, "its clock and the clock here agree")
    minutes, way = abs(skew) // timedelta(minutes=1), "ahead of" if skew > timedelta(0) else "behind"
    return Assumption(Held.FAILED, f"its clock is {minutes} min {way} the clock here")


async def _key_alone(pms: Pms) -> Assumption:
    """A list may be refused to a key that may do all that is needed: an appointment is asked for instead.

    Raises PmsError where that is refused as well.
    """
    with contextlib.suppress(PmsNotFound, Rejected, ContractDrift):
        await pms.appointment(NO_APPOINTMENT)
    return Assumption(Held.OK, "it accepts our key to read an appointment")


async def _a_day(pms: Pms, now: datetime) -> tuple[list[Appointment], int, int]:
    """Return the appointments of the next day that has any, their pages, and how many had no time."""
    without_time = 0
    for day in range(DAYS):
        start = now + timedelta(days=day)
        listed: list[Appointment] = []
        cursor: str | None = None
        pages = 0
        while pages < PAGES and (cursor or not pages):
            answer = await pms.appointments(start, start + timedelta(days=1), cursor)
            listed += answer.appointments
            without_time += answer.without_time
            cursor, pages = answer.cursor, pages + 1
        if listed:
            return listed, pages, without_time
    return [], 0, without_time


def _distinct(listed: Sequence[Appointment]) -> Assumption:
    if len({one.ref for one in listed}) == len(listed):
        return Assumption(Held.OK, "no appointment is listed twice")
    return Assumption(Held.FAILED, "some appointments are listed twice: is the paging right?")


def about_hours(listed: Sequence[Appointment], zone: ZoneInfo) -> Assumption:
    """A wrong time zone shows at once: nobody treats teeth at three in the morning."""
    odd = sum(not _OPEN <= one.starts_at.astimezone(zone).hour < _CLOSED for one in listed)
    if odd == 0:
        return Assumption(Held.OK, "all appointments are between 06:00 and 22:00")
    return Assumption(
        Held.FAILED,
        f"{odd} of {len(listed)} appointments are not between 06:00 and 22:00: is the time zone right?",
    )


def about_statuses(listed: Sequence[Appointment]) -> Assumption:
    """A word that nobody has mapped means nothing here."""
    unknown = sorted({one.raw_status for one in listed if one.status is AppointmentStatus.OTHER})
    if not unknown:
        return Assumption(Held.OK, "every status is known")
    return Assumption(Held.FAILED, f"these statuses are not known: {', '.join(unknown)[:200]}")


def _cancelled(listed: Sequence[Appointment]) -> Assumption:
    if any(one.status is AppointmentStatus.CANCELLED for one in listed):
        return Assumption(Held.OK, "cancelled appointments are listed too")
    return Assumption(
        Held.NOT_TRIED, "whether cancelled appointments are listed is not known: there is none that day"
    )


async def _one_of_them(pms: Pms, listed: Appointment) -> list[Assumption]:
    try:
        shown = await pms.appointment(listed.ref)
    except ContractDrift as error:
        return [Assumption(Held.FAILED, f"an appointment read alone: {error}")]
    found = [Assumption(Held.OK, "an appointment can be read alone, by its id")]
    if (shown.starts_at, shown.status) != (listed.starts_at, listed.status):
        found.append(
            Assumption(Held.FAILED, "read alone, the appointment has another time or status than in the list")
        )
    if not pms.capabilities.has_versions:
        found.append(Assumption(Held.NOT_TRIED, "it has no versions, so a change in between is not noticed"))
    elif shown.version:
        found.append(Assumption(Held.OK, "it has a version"))
    else:
        found.append(Assumption(Held.FAILED, "it has no version"))
    return found
