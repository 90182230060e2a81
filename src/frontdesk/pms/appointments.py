"""Appointments out of a PMS's JSON, as a profile says where everything stands."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from frontdesk.pms import instants
from frontdesk.pms.ids import bare, id_at, who_at
from frontdesk.pms.instants import InstantFormat
from frontdesk.pms.port import Appointment, AppointmentStatus, ContractDrift
from frontdesk.pms.profile import Mark, Profile, Status, Times
from frontdesk.pointers import MISSING, find, several, text_at
from frontdesk.text import clean

A_DAY = 24 * 60
_LONGEST_TIME = 60


def instant_format(times: Times, time_zone: str) -> InstantFormat:
    """Return how times are written by a PMS for a practice in `time_zone`."""
    if times.zone == instants.OFFSET:
        return InstantFormat(times.format, None)
    return InstantFormat(times.format, ZoneInfo(time_zone if times.zone == instants.PRACTICE else times.zone))


def appointment(
    profile: Profile, form: InstantFormat, item: Any, headers: Mapping[str, str], links: str
) -> Appointment:
    """Return the appointment in a JSON value; `headers` are those of an answer about it alone.

    `links` is how those addresses of the PMS begin whose last step is an id, empty where ids are plain. Fields that the profile does not
    name are not read. Raises ContractDrift where id, start or status is missing, or an id is no id.
    """
    fields = profile.fields
    ref = id_at(item, fields.id)
    if not ref:
        raise ContractDrift("an appointment without an id")
    written = find(item, fields.start)
    starts_at = form.read(written)
    status, word = _status(profile.status, form, item)
    return Appointment(
        ref=ref,
        status=status,
        starts_at=starts_at,
        ends_at=end_of(form, item, starts_at, fields.end, fields.duration),
        practitioners=who_at(item, fields.practitioner_id, links),
        practitioner_name=text_at(item, *several(fields.practitioner_name)),
        patients=who_at(item, fields.patient_id, links),
        patient_name=text_at(item, *several(fields.patient_name)),
        appointment_type=text_at(item, fields.appointment_type),
        version=_version(profile, item, headers),
        raw_status=word,
        since=_since(profile, form, item, status),
        location=bare(id_at(item, fields.location), links),
        previous=bare(id_at(item, fields.previous), links),
        series=bare(id_at(item, fields.series), links),
        updated_at=_instant(form, item, fields.updated_at),
        time_text=clean(str(written)[:_LONGEST_TIME]),
    )


def is_gone(form: InstantFormat, item: Any, pointers: Iterable[str]) -> bool:
    """Whether a JSON value says that it was deleted: with a time, or true.

    Raises ContractDrift where one of the keys is missing, or has a value that says neither.
    """
    said = [(pointer, find(item, pointer)) for pointer in pointers]
    for pointer, value in said:
        if value is MISSING:
            raise ContractDrift(f"something without {pointer}")
        if value not in (None, False, True):
            form.read(value)
    return any(value not in (None, False) for _, value in said)


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
    return _instant(form, item, pointers.get(status, ""))


def _instant(form: InstantFormat, item: Any, pointer: str) -> datetime | None:
    """Return an instant that may be missing, or be anything: nothing is decided by it alone."""
    value = find(item, pointer) if pointer else None
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


def end_of(
    form: InstantFormat, item: Any, starts_at: datetime, end: str, duration: str, most_minutes: int = A_DAY
) -> datetime | None:
    """Return when something ends: at `end`, or after the minutes at `duration`; None where neither is told.

    More minutes than `most_minutes` are none.

    Raises ContractDrift for an end that is no time.
    """
    if end:
        value = find(item, end)
        return None if value is MISSING or value is None else form.read(value)
    minutes = find(item, duration) if duration else None
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 < minutes <= most_minutes:
        return None
    return starts_at + timedelta(minutes=minutes)


def _version(profile: Profile, item: Any, headers: Mapping[str, str]) -> str:
    wanted = profile.appointment_version
    if wanted.header:
        return headers.get(wanted.header, "")
    return id_at(item, wanted.field)
