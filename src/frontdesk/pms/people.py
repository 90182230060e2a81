"""Patients and practitioners out of a PMS's JSON, as a profile says where everything stands."""

from datetime import date, datetime
from typing import Any

from frontdesk.pms.appointments import is_gone
from frontdesk.pms.ids import id_at
from frontdesk.pms.instants import InstantFormat
from frontdesk.pms.port import ContractDrift, PmsNotFound, PmsPatient, PmsPractitioner
from frontdesk.pms.profile_routes import Patient, Practitioners
from frontdesk.pointers import MISSING, find, several, text_at

NO_PATIENT = "there is no such patient; was it merged or deleted?"


def practitioner(route: Practitioners, item: Any) -> PmsPractitioner:
    """Return the practitioner in a JSON value. Raises ContractDrift for one without an id or a name."""
    ref = id_at(item, route.id)
    if not ref or not is_named(item, route.name):
        raise ContractDrift("a practitioner without an id or a name")
    active = find(item, route.active) if route.active else True
    return PmsPractitioner(ref, text_at(item, *several(route.name)), active is not False)


def patient(route: Patient, form: InstantFormat, item: Any, now: datetime) -> PmsPatient:
    """Return the patient in a JSON value.

    Raises ContractDrift for one without an id or with a birth date that is none, PmsNotFound for a
    deleted one.
    """
    ref = id_at(item, route.id)
    if not ref:
        raise ContractDrift("a patient without an id")
    if is_gone(form, item, route.gone):
        raise PmsNotFound(NO_PATIENT, id_at(item, route.merged_into))
    told = {
        "patient_dob": _is_told(item, route.birth_date),
        "patient_mobile": _is_told(item, route.phones.items if route.phones else route.mobile),
        "patient_email": _is_told(item, route.email),
        "new_patient": _is_told(item, route.is_new or route.first_visit),
    }
    is_new = _is_new(route, form, item, now)
    if is_new is None:
        told["new_patient"] = False
    return PmsPatient(
        ref,
        name=text_at(item, *several(route.name)),
        birth_date=_birth_date(item, route.birth_date),
        mobile=_mobile(route, item),
        email=text_at(item, route.email),
        is_new=is_new,
        merged_into=id_at(item, route.merged_into),
        unsaid=frozenset(column for column, is_told in told.items() if not is_told),
    )


def is_named(item: Any, pointers: str | tuple[str, ...]) -> bool:
    """Whether a JSON value has a name at all, which may be empty."""
    return any(isinstance(find(item, pointer), str) for pointer in several(pointers))


def _is_told(item: Any, pointer: str) -> bool:
    return bool(pointer) and find(item, pointer) is not MISSING


def _birth_date(item: Any, pointer: str) -> date | None:
    value = find(item, pointer) if pointer else None
    if value in (MISSING, None, ""):
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ContractDrift("a birth date in its answer cannot be read") from None


def _mobile(route: Patient, item: Any) -> str:
    if route.phones is None:
        return text_at(item, route.mobile)
    listed = find(item, route.phones.items)
    for one in listed if isinstance(listed, list) else ():
        if find(one, route.phones.kind) == route.phones.mobile:
            return text_at(one, route.phones.number)
    return ""


def _is_new(route: Patient, form: InstantFormat, item: Any, now: datetime) -> bool | None:
    if route.is_new:
        value = find(item, route.is_new)
        return value if isinstance(value, bool) else None
    value = find(item, route.first_visit) if route.first_visit else MISSING
    if value is MISSING:
        return None
    return value is None or form.read(value) > now
