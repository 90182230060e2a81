"""Appointments out of a PMS's JSON, as a profile says where everything stands."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from frontdesk.pms import instants
from frontdesk.pms.instants import InstantFormat
from frontdesk.pms.port import (
    Appointment,
    AppointmentStatus,
    ContractDrift,
    Nobody,
    One,
    PmsPractitioner,
    Several,
    Unclear,
    Who,
)
from frontdesk.pms.profile import Mark, Practitioners, Profile, Status, Times
from frontdesk.pointers import MISSING, find, text_at
from frontdesk.text import clean

_MOST_MINUTES = 24 * 60
_LONGEST_ID = 200


def instant_format(times: Times, time_zone: str) -> InstantFormat:
    """Return how times are written by a PMS for a practice in `time_zone`."""
    if times.zone == instants.OFFSET:
        return InstantFormat(times.format, None)
    return InstantFormat(times.format, ZoneInfo(time_zone if times.zone == instants.PRACTICE else times.zone))


def appointment(
    profile: Profile, form: InstantFormat, item: Any, headers: Mapping[str, str], root: str
) -> Appointment:
    """Return the appointment in a JSON value; `headers` are those of an answer about it alone.

    `root` is the address that the PMS's own links begin with. Fields that the profile does not
    name are not read. Raises ContractDrift where id, start or status is missing, or an id is no id.
    """
    fields = profile.fields
    ref = id_at(item, fields.id)
    if not ref:
        raise ContractDrift("an appointment without an id")
    starts_at = form.read(find(item, fields.start))
    status, word = _status(profile.status, form, item)
    links = f"{root}/" if fields.ids_in_links else ""
    return Appointment(
        ref=ref,
        status=status,
        starts_at=starts_at,
        ends_at=_end(profile, form, item, starts_at),
        practitioners=who_at(item, fields.practitioner_id, links),
        practitioner_name=text_at(item, *_several(fields.practitioner_name)),
        patients=who_at(item, fields.patient_id, links),
        patient_name=text_at(item, *_several(fields.patient_name)),
        appointment_type=text_at(item, fields.appointment_type),
        version=_version(profile, item, headers),
        raw_status=word,
        since=_since(profile, form, item, status),
    )


def practitioner(route: Practitioners, item: Any) -> PmsPractitioner:
    """Return the practitioner in a JSON value. Raises ContractDrift for one without an id."""
    ref = id_at(item, route.id)
    if not ref:
        raise ContractDrift("a practitioner without an id")
    active = find(item, route.active) if route.active else True
    return PmsPractitioner(ref, text_at(item, *_several(route.name)), active is not False)


def _several(pointers: str | tuple[str, ...]) -> tuple[str, ...]:
    return (pointers,) if isinstance(pointers, str) else pointers


def _status(status: Status, form: InstantFormat, item: Any) -> tuple[AppointmentStatus, str]:
    found, word = AppointmentStatus.BOOKED, AppointmentStatus.BOOKED.value
    if status.field:
        said = find(item, status.field)
        if not isinstance(said, str) or not said:
            raise ContractDrift("an appointment without a status")
        # A word that nobody mapped may mean anything, so it means nothing.
        found, word = status.words.get(said, AppointmentStatus.OTHER), clean(said[:100])
    if found is AppointmentStatus.CANCELLED:
        return found, word
    for mark in status.marks:
        if _holds(mark, form, item):
            return mark.means, word if status.field else mark.field.rpartition("/")[2]
    return found, word


def _since(profile: Profile, form: InstantFormat, item: Any, status: AppointmentStatus) -> datetime | None:
    """Return since when a patient is there, or is known not to come. Nothing depends on it but words."""
    pointers = {
        AppointmentStatus.ARRIVED: profile.fields.arrived_at,
        AppointmentStatus.NO_SHOW: profile.fields.no_show_at,
    }
    if not (pointer := pointers.get(status, "")):
        return None
    value = find(item, pointer)
    try:
        return None if value is MISSING or value is None else form.read(value)
    except ContractDrift:
        return None


def _holds(mark: Mark, form: InstantFormat, item: Any) -> bool:
    value = find(item, mark.field)
    if value is MISSING and mark.required:
        raise ContractDrift(f"an appointment without {mark.field}")
    if mark.is_ is not None and value is not MISSING and value is not None:
        if type(value) is not type(mark.is_):
            raise ContractDrift(f"an appointment whose {mark.field} cannot be read")
        return bool(value == mark.is_)
    is_there = value is not MISSING and value not in (None, False, "", 0)
    if is_there and mark.is_time:
        form.read(value)
    return is_there


def _end(profile: Profile, form: InstantFormat, item: Any, starts_at: datetime) -> datetime | None:
    if profile.fields.end:
        value = find(item, profile.fields.end)
        return None if value is MISSING or value is None else form.read(value)
    minutes = find(item, profile.fields.duration) if profile.fields.duration else None
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 < minutes <= _MOST_MINUTES:
        return None
    return starts_at + timedelta(minutes=minutes)


def _version(profile: Profile, item: Any, headers: Mapping[str, str]) -> str:
    wanted = profile.appointment_version
    if wanted.header:
        return headers.get(wanted.header, "")
    return id_at(item, wanted.field)


def id_at(document: Any, pointer: str) -> str:
    """Return the id at `pointer` as text, empty where there is none.

    Ids are text or whole numbers. Raises ContractDrift for anything else, and for an id that
    could not be told from another one.
    """
    value = find(document, pointer) if pointer else MISSING
    return "" if value is None or value is MISSING else _id(value, pointer)


def who_at(document: Any, pointer: str, links: str = "") -> Who:
    """Return whose ids are at `pointer`: all of them, wherever on the way there is a list.

    null, an empty text and an empty list mean nobody. An empty pointer means nobody too: the
    contract has no place for somebody then. Where the value is missing, nothing is known. `links`
    is how those addresses of the PMS begin whose last step is an id; other addresses stay whole.
    Raises ContractDrift as `id_at` does.
    """
    if not pointer:
        return Nobody()
    found = list(_all_at(document, pointer.split("/")[1:]))
    refs = frozenset(_bare(_id(one, pointer), links) for one in found if one is not MISSING and one != "")
    if len(refs) > 1:
        return Several(refs, is_whole=MISSING not in found)
    if MISSING in found:
        return Unclear(refs)
    return One(*refs) if refs else Nobody()


def _all_at(here: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Yield every value that the steps lead to; a number is a place in a list, and all others count too."""
    if isinstance(here, list):
        for one in here:
            yield from _all_at(one, steps[1:] if steps and steps[0].isdigit() else steps)
    elif here is None:
        return
    elif not steps:
        yield here
    else:
        yield from _all_at(find(here, f"/{steps[0]}"), steps[1:]) if isinstance(here, dict) else (MISSING,)


def _id(value: Any, pointer: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ContractDrift(f"an id at {pointer} is neither text nor a whole number")
    found = str(value)
    if clean(found) != found or len(found) > _LONGEST_ID:
        raise ContractDrift(f"an id at {pointer} cannot be used")
    return found


def _bare(ref: str, links: str) -> str:
    if not links or not ref.startswith(links) or "?" in ref or "#" in ref:
        return ref
    return ref.rstrip("/").rpartition("/")[2]
