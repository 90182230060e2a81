"""What Open Dental's JSON says: appointments, people, sites and schedules.

Source: https://www.opendental.com/site/apispecification.html and its pages on appointments, histappointments,
patients, providers, operatories, clinics and schedules. Numbers come as numbers or as text, yes and no as
text, and times as wall clock time of the practice.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from frontdesk import text, times
from frontdesk.pms.diary import Block, Location, WeeklyHours
from frontdesk.pms.ids import id_at, who_at
from frontdesk.pms.port import (
    Appointment,
    AppointmentStatus,
    ContractDrift,
    Nobody,
    One,
    PmsPatient,
    PmsPractitioner,
    Several,
    Unclear,
    Who,
)
from frontdesk.pms.profile import Profile
from frontdesk.pointers import find, text_at

STEP = timedelta(minutes=5)
"""How long each character of a pattern is."""

NO_BOOKINGS = {
    "Planned": "it is only planned there, not a booking",
    "PtNote": "it is a note there, not a booking",
    "PtNoteCompleted": "it is a note there, not a booking",
}
"""Statuses of what stands among the appointments and is none, and what is said of it."""

BROKEN = "Broken"
_MISSED, _CANCELLED = "Missed", "Cancelled"

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?: ([+-])(\d\d):(\d\d))?")
_WRITTEN = "%Y-%m-%d %H:%M:%S"
_HOUR = timedelta(hours=1)
_NUMBER = re.compile(r"-?[0-9]{1,20}")
_PATTERN = re.compile(r"[X/]{1,288}")
_NO_YEAR, _NOBODY = 1, "0"
_UNSAID = frozenset(("new_patient",))


@dataclass(frozen=True, slots=True)
class Chair:
    """An operatory: who works there as a rule, and at which site; each empty where it says nobody and none."""

    practitioner: str = ""
    location: str = ""


def moment(value: object, zone: ZoneInfo) -> datetime | None:
    """Return an instant in UTC of what is written as wall clock time, None for Open Dental's 0001-01-01.

    An offset is only believed where the practice's zone has it then: it tells apart the two hours of one
    name, and is otherwise that of the server, which may stand elsewhere. Raises ContractDrift.
    """
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is None:
            raise ValueError
        local = datetime.fromisoformat(f"{found[1]} {found[2]}")
        if local.year == _NO_YEAR:
            return None
        if found[3]:
            offset = timedelta(hours=int(found[4]), minutes=int(found[5])) * (-1 if found[3] == "-" else 1)
            for fold in (0, 1):
                aware = local.replace(tzinfo=zone, fold=fold)
                if aware.utcoffset() == offset:
                    return aware.astimezone(UTC)
        return times.from_local(local, zone)
    except (ValueError, OverflowError):
        raise ContractDrift("a time in its answer cannot be read") from None


def written(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant as Open Dental takes it: wall clock time of the practice."""
    return instant.astimezone(zone).strftime(_WRITTEN)


def earliest(instant: datetime, zone: ZoneInfo) -> str:
    """Return the earliest wall clock time that any moment from `instant` on may be stamped with.

    Within the hour before clocks go back it is earlier than that of the instant itself.
    """
    moments = (instant, instant + _HOUR)
    offsets = [one.astimezone(zone).utcoffset() or timedelta(0) for one in moments]
    local = instant.astimezone(UTC).replace(tzinfo=None) + min(offsets)
    return local.strftime(_WRITTEN)


def word_of(item: Any) -> str:
    """Return an appointment's status in Open Dental's own word. Raises ContractDrift without one."""
    word = find(item, "/AptStatus")
    if not isinstance(word, str) or not word:
        raise ContractDrift("an appointment without a status")
    return word


def start_of(item: Any, zone: ZoneInfo) -> datetime | None:
    """Return when an appointment starts, None for one without a time. Raises ContractDrift."""
    return moment(find(item, "/AptDateTime"), zone)


def appointment(profile: Profile, item: Any, zone: ZoneInfo, *, is_missed: bool = False) -> Appointment:
    """Return the appointment in a JSON object; `is_missed` says of a broken one that nobody came.

    Raises ContractDrift without an id, a status or a start.
    """
    fields = profile.fields
    ref, start, word = needed_id(item, fields.id), start_of(item, zone), word_of(item)
    if start is None:
        raise ContractDrift("an appointment without a time")
    status = profile.status.words.get(word, AppointmentStatus.OTHER)
    arrived_at = _arrived_at(item, zone) if status is AppointmentStatus.BOOKED else None
    if arrived_at:
        status = AppointmentStatus.ARRIVED
    if word == BROKEN and is_missed:
        status = AppointmentStatus.NO_SHOW
    length = find(item, "/Pattern")
    has_length = isinstance(length, str) and _PATTERN.fullmatch(length)
    return text.clean_fields(
        Appointment(
            ref=ref,
            status=status,
            starts_at=start,
            ends_at=start + STEP * len(length) if has_length else None,
            practitioners=_who(item, provider_field(item)),
            practitioner_name=text_at(item, *_pointers(fields.practitioner_name)),
            patients=_who(item, fields.patient_id),
            appointment_type=text_at(item, fields.appointment_type),
            raw_status=word[:100],
            since=arrived_at,
            location=_number(item, "/ClinicNum"),
            updated_at=_told(item, "/DateTStamp", zone),
            time_text=str(find(item, "/AptDateTime")),
        )
    )


def provider_field(item: Any) -> str:
    """Return where the number of the one stands who treats: a hygienist has a field of their own."""
    is_hygiene = find(item, "/IsHygiene") == "true"
    return "/ProvHyg" if is_hygiene and _number(item, "/ProvHyg") else "/ProvNum"


def is_missed(history: Iterable[Any]) -> bool:
    """Whether the history of a broken appointment says that the patient did not come, and gave no notice.

    What counts is why it was broken the last time (https://www.opendental.com/site/apihistappointments.html).
    """
    for line in sorted(history, key=lambda one: _order(find(one, "/HistApptNum")), reverse=True):
        action = find(line, "/HistApptAction")
        if action in (_MISSED, _CANCELLED) or find(line, "/AptStatus") != BROKEN:
            return bool(action == _MISSED)
    return False


def patient(item: Any) -> PmsPatient:
    """Return who a patient is. Raises ContractDrift without a number."""
    return text.clean_fields(
        PmsPatient(
            ref=needed_id(item, "/PatNum"),
            name=text_at(item, "/FName", "/LName"),
            birth_date=_day(find(item, "/Birthdate")),
            mobile=text_at(item, "/WirelessPhone"),
            email=text_at(item, "/Email"),
            unsaid=_UNSAID,
        )
    )


def practitioner(profile: Profile, item: Any) -> PmsPractitioner:
    """Return who a provider is: by name, else by the short one. Raises ContractDrift without a number."""
    route = profile.routes.practitioners
    names = _pointers(route.name) if route else ()
    is_active = find(item, "/IsHidden") != "true" and find(item, "/ProvStatus") != "Deleted"
    name = text_at(item, *names) or text_at(item, "/Abbr")
    return PmsPractitioner(needed_id(item, "/ProvNum"), name, is_active)


def location(item: Any) -> Location:
    """Return the site that a clinic is. Raises ContractDrift without a number."""
    return Location(needed_id(item, "/ClinicNum"), text_at(item, "/Description"))


def chairs(operatories: Iterable[Any]) -> dict[str, Chair]:
    """Return the operatories by their numbers."""
    return {needed_id(one, "/OperatoryNum"): _chair(one) for one in operatories}


def blocks(item: Any, known: dict[str, Chair], zone: ZoneInfo, place: str) -> list[Block]:
    """Return a blockout as the time off of everybody whose operatories it blocks at a site, or anywhere.

    A blockout names operatories, not providers. Raises ContractDrift.
    """
    ref, span = needed_id(item, "/ScheduleNum"), _span(item)
    day = _needed_day(item)
    start, end = (times.from_local(datetime.combine(day, one), zone) for one in span)
    blocked = [known.get(one, Chair()) for one in _operatories(item)] or [Chair()]
    here = [one for one in blocked if place in ("", one.location) or not one.location]
    people = dict.fromkeys(one.practitioner for one in here)
    label = text_at(item, "/blockoutType") or text_at(item, "/Note")
    return [Block(ref if len(people) == 1 else f"{ref} {one}", one, start, end, label) for one in people]


def hours(items: Iterable[Any], known: dict[str, Chair], place: str) -> tuple[WeeklyHours, ...]:
    """Return when providers work at a site, or anywhere, by the first day of each weekday that they have."""
    days: dict[tuple[str, int], date] = {}
    found: dict[WeeklyHours, None] = {}
    for item in sorted(items, key=_needed_day):
        who, day, (starts, ends) = _number(item, "/ProvNum"), _needed_day(item), _span(item)
        sites = {known[one].location for one in _operatories(item) if one in known} - {""}
        is_there = not place or not sites or place in sites
        if who and is_there and starts < ends and days.setdefault((who, day.isoweekday()), day) == day:
            found[WeeklyHours(who, day.isoweekday(), starts, ends)] = None
    return tuple(found)


def needed_id(item: Any, pointer: str) -> str:
    """Return the number at `pointer` as text. Raises ContractDrift where there is none."""
    if not _NUMBER.fullmatch(found := id_at(item, pointer)):
        raise ContractDrift(f"an entry without {pointer}")
    return found


def fitted(pattern: object, length: timedelta) -> str:
    """Return a pattern for another length, cut or with more of the provider's time at its end; empty if it fits.

    Raises ValueError for a length that has no pattern.
    """
    steps, rest = divmod(length, STEP)
    if rest or steps < 1:
        raise ValueError(length)
    before = pattern if isinstance(pattern, str) and _PATTERN.fullmatch(pattern) else ""
    return "" if len(before) == steps else (before + "X" * steps)[:steps]


def _pointers(pointers: str | tuple[str, ...]) -> tuple[str, ...]:
    return (pointers,) if isinstance(pointers, str) else pointers


def _number(item: Any, pointer: str) -> str:
    """Return a number that names something, empty for 0, which names nothing."""
    found = id_at(item, pointer)
    return "" if found == _NOBODY else found


def _who(item: Any, pointer: str) -> Who:
    """Return whose numbers are at `pointer`; 0 is somebody who cannot be told."""
    found = who_at(item, pointer)
    refs = found.refs if isinstance(found, Several | Unclear) else frozenset[str]()
    known = refs - {_NOBODY}
    match found:
        case One(ref):
            return Unclear() if ref == _NOBODY else found
        case Several(_, is_whole) if len(known) > 1:
            return Several(known, is_whole and known == refs)
        case Several() | Unclear():
            return Unclear(known)
    return Nobody()


def _arrived_at(item: Any, zone: ZoneInfo) -> datetime | None:
    """Return when the patient arrived. A date at midnight is what stands there before they do."""
    value = find(item, "/DateTimeArrived")
    found = _told(item, "/DateTimeArrived", zone)
    return None if found is None or str(value)[11:19] == "00:00:00" else found


def _told(item: Any, pointer: str, zone: ZoneInfo) -> datetime | None:
    """Return an instant on which nothing depends, None where it is not told."""
    try:
        return moment(find(item, pointer), zone)
    except ContractDrift:
        return None


def _order(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _day(value: object) -> date | None:
    try:
        found = date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or found.year == _NO_YEAR else found


def _needed_day(item: Any) -> date:
    found = _day(find(item, "/SchedDate"))
    if found is None:
        raise ContractDrift("a schedule without a date")
    return found


def _span(item: Any) -> tuple[time, time]:
    try:
        starts, ends = (time.fromisoformat(str(find(item, one))) for one in ("/StartTime", "/StopTime"))
    except ValueError:
        raise ContractDrift("a schedule whose times cannot be read") from None
    if starts.tzinfo or ends.tzinfo:
        raise ContractDrift("a schedule whose times cannot be read")
    return starts, ends


def _operatories(item: Any) -> Sequence[str]:
    return [one.strip() for one in text_at(item, "/operatories").split(",") if one.strip()]


def _chair(item: Any) -> Chair:
    order = ("/ProvHygienist", "/ProvDentist")
    who = order if find(item, "/IsHygiene") == "true" else order[::-1]
    return Chair(_number(item, who[0]) or _number(item, who[1]), _number(item, "/ClinicNum"))
