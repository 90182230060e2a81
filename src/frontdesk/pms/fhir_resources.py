"""FHIR resources as JSON: an Appointment read, and changed without losing what is not understood here.

Sources: https://hl7.org/fhir/R4/appointment.html and https://hl7.org/fhir/R5/appointment.html;
JSON: https://hl7.org/fhir/R4/json.html; versions: https://hl7.org/fhir/R4/http.html#concurrency.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from frontdesk import text
from frontdesk.pms.outcomes import say
from frontdesk.pms.port import (
    Appointment,
    AppointmentStatus,
    ContractDrift,
    PmsPractitioner,
    Unsupported,
)

Resource = dict[str, Any]

NAME = "FHIR"
"""What such a PMS is called on the screen: which product is behind it nobody says."""

STATUSES: Mapping[str, AppointmentStatus] = {
    "proposed": AppointmentStatus.BOOKED,
    "pending": AppointmentStatus.BOOKED,
    "booked": AppointmentStatus.BOOKED,
    "arrived": AppointmentStatus.ARRIVED,
    "checked-in": AppointmentStatus.ARRIVED,
    "fulfilled": AppointmentStatus.COMPLETED,
    "noshow": AppointmentStatus.NO_SHOW,
    "cancelled": AppointmentStatus.CANCELLED,
}
"""https://hl7.org/fhir/R4/valueset-appointmentstatus.html; waitlist and entered-in-error are no bookings."""

REASON_ELEMENTS = {"R4": "cancelationReason", "R5": "cancellationReason"}
"""R5 spells it with two l."""

_BY_PATIENT = {
    "system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
    "code": "pat",
    "display": "Patient",
}
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_ETAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]+)"')
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_PRACTITIONERS = frozenset(("Practitioner", "PractitionerRole"))
_NAME_USES = {"usual": 0, "official": 1}
_PRIVATE = re.compile(r"Patient/\S+|\S+@\S+|\d[\d /.-]{4,}\d")
_HIDDEN = "…"

_encoder = msgspec.json.Encoder(decimal_format="number")


def exact(literal: str) -> Decimal:
    """Return a number as it is written: in FHIR 1.50 is not 1.5. Raises ValueError."""
    try:
        return Decimal(literal)
    except InvalidOperation:
        raise ValueError("a number beyond measure") from None


def encoded(resource: Resource) -> bytes:
    """Return a resource as JSON, numbers as they came. Raises Unsupported."""
    try:
        return _encoder.encode(resource)
    except UnicodeEncodeError:
        raise Unsupported("the appointment holds text that cannot be written back") from None


def is_id(ref: str) -> bool:
    """Whether `ref` can be the id of a resource, and so a part of an address."""
    return bool(_ID.fullmatch(ref)) and ref not in (".", "..")


def resource_of(value: object, kind: str) -> Resource:
    """Return a decoded answer if it is a resource of that kind. Raises ContractDrift."""
    if not isinstance(value, dict) or value.get("resourceType") != kind:
        raise ContractDrift(say(f"its answer is no {kind}"))
    return value


def entity_tag(resource: Resource, etag: str) -> str:
    """Return what If-Match has to say: the answer's ETag as it came, or one of the version id, or nothing."""
    if _ETAG.fullmatch(etag):
        return etag
    version_id = _text(_table(resource.get("meta")).get("versionId"))
    return f'W/"{version_id}"' if is_id(version_id) else ""


def appointment(resource: Resource, base: str, etag: str = "") -> Appointment:
    """Return what an Appointment says; `base` is the server's address, for references written in full.

    Raises ContractDrift without an id, a status or a start with an offset.
    """
    raw_status = _text(resource.get("status"))
    if not raw_status:
        raise ContractDrift("an appointment without a status")
    end = resource.get("end")
    practitioners = list(_actors(resource, _PRACTITIONERS, base))
    patients = list(_actors(resource, frozenset(("Patient",)), base))
    tag = _ETAG.fullmatch(entity_tag(resource, etag))
    return text.clean_fields(
        Appointment(
            ref=_id(resource),
            status=STATUSES.get(raw_status, AppointmentStatus.OTHER),
            starts_at=_instant(resource.get("start"), "start"),
            ends_at=None if end is None else _instant(end, "end"),
            practitioner_ref=_only_ref(practitioners),
            practitioner_name=_names(practitioners),
            patient_ref=_only_ref(patients),
            patient_name=_names(patients),
            appointment_type=_appointment_type(resource),
            version=tag[1] if tag else "",
            raw_status=raw_status,
        )
    )


def cancelled(resource: Resource, reason: str, release: str, now: datetime) -> Resource:
    """Return a copy of an Appointment, cancelled by the patient; `release` is R4 or R5."""
    concept = {"coding": [_BY_PATIENT]} | ({"text": reason} if reason else {})
    changed = resource | {"status": "cancelled", REASON_ELEMENTS[release]: concept}
    return changed | {"cancellationDate": in_utc(now)} if release == "R5" else changed


def missed(resource: Resource) -> Resource:
    """Return a copy of an Appointment that the patient did not come to."""
    return resource | {"status": "noshow"}


def moved(resource: Resource, base: str, start: datetime, end: datetime, practitioner_ref: str) -> Resource:
    """Return a copy of an Appointment at another time, with another practitioner if it has one.

    `base` as in `appointment`. Raises Unsupported where it is not plain whom to replace.
    """
    changed = resource | {"start": in_utc(start), "end": in_utc(end)}
    if "minutesDuration" in resource:
        changed["minutesDuration"] = round((end - start).total_seconds() / 60)
    if not practitioner_ref:
        return changed
    participants = _tables(resource.get("participant"))
    treating = [one for one in participants if _kind(_table(one.get("actor"))) in _PRACTITIONERS]
    if len(treating) != 1:
        raise Unsupported("the appointment is not one practitioner's alone")
    if _ref(_text(treating[0]["actor"].get("reference")), base) != practitioner_ref:
        reference = practitioner_ref if "/" in practitioner_ref else f"Practitioner/{practitioner_ref}"
        replaced = treating[0] | {"actor": {"reference": reference}}
        changed["participant"] = [replaced if one is treating[0] else one for one in resource["participant"]]
    return changed


def practitioner(resource: Resource) -> PmsPractitioner:
    """Return who a Practitioner is. Raises ContractDrift without an id."""
    names = [name for name in _tables(resource.get("name")) if name.get("use") != "old"]
    names.sort(key=lambda name: _NAME_USES.get(_text(name.get("use")), 2))
    return text.clean_fields(
        PmsPractitioner(
            ref=_id(resource),
            name=_human_name(names[0]) if names else "",
            is_active=resource.get("active") is not False,
        )
    )


def resources(bundle: Resource, kind: str) -> Iterator[Resource]:
    """Yield the resources of one kind that a searchset found; what came along with them is left out.

    Raises ContractDrift for what is no resource at all.
    """
    entries = bundle.get("entry", [])
    for entry in entries if isinstance(entries, list) else [None]:
        resource = _table(_table(entry).get("resource"))
        there = _text(resource.get("resourceType"))
        if not there:
            raise ContractDrift("a list of something else than resources")
        if there == kind:
            yield resource


def next_link(bundle: Resource) -> str:
    """Return the address of a searchset's next page, or nothing (https://hl7.org/fhir/R4/http.html#paging)."""
    links = (_text(link.get("url")) for link in _tables(bundle.get("link")) if link.get("relation") == "next")
    return next(links, "")


def words_of(outcome: object, about: Resource) -> str:
    """Return what an OperationOutcome says, for the operator, without what it tells of a patient.

    `about` is the resource it is about: the names in it are left out, and so is whatever
    looks like a number or an address of a person. Empty when it is no OperationOutcome.
    """
    if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
        return ""
    issues = [one for one in _tables(outcome.get("issue")) if one.get("severity") in ("fatal", "error")]
    told = (
        _text(_table(issue.get("details")).get("text")) or _text(issue.get("diagnostics")) for issue in issues
    )
    said = text.clean(next(filter(None, told), ""))
    for name in _private_words(about):
        said = re.sub(re.escape(name), _HIDDEN, said, flags=re.IGNORECASE)
    return _PRIVATE.sub(_HIDDEN, said)


def in_utc(instant: datetime) -> str:
    """Return an instant as FHIR writes it: `2026-11-26T00:00:00Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _private_words(resource: Resource) -> Iterable[str]:
    people = (_text(actor.get("display")) for actor in _actors_of(resource) if _kind(actor) == "Patient")
    return (word for name in people for word in re.findall(r"[^\W\d_][^\W_'-]+", name))


def _id(resource: Resource) -> str:
    ref = _text(resource.get("id"))
    if not is_id(ref):
        raise ContractDrift(say(f"a {resource['resourceType']} without an id"))
    return ref


def _instant(value: object, name: str) -> datetime:
    """A time without an offset could be anybody's: it is refused, never guessed."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ContractDrift(say(f"an appointment whose {name} cannot be read"))


def _actors_of(resource: Resource) -> Iterator[Resource]:
    for participant in _tables(resource.get("participant")):
        yield _table(participant.get("actor"))


def _actors(resource: Resource, kinds: frozenset[str], base: str) -> Iterator[tuple[str, str]]:
    """Yield the reference and the name of each participant of these kinds."""
    for actor in _actors_of(resource):
        if _kind(actor) in kinds:
            yield _ref(_text(actor.get("reference")), base), _text(actor.get("display"))


def _ref(reference: str, base: str) -> str:
    """Return the bare id of one of this server's, as a booking has it; else what is referred to as it is."""
    local = reference.removeprefix(f"{base}/").partition("/_history/")[0]
    kind, _, id_ = local.partition("/")
    # A contained resource has no id that anybody outside knows.
    return "" if local.startswith("#") else id_ if kind in ("Practitioner", "Patient") else local


def _kind(actor: Resource) -> str:
    parts = _text(actor.get("reference")).partition("/_history/")[0].split("/")
    return _text(actor.get("type")) or (parts[-2] if len(parts) > 1 else "")


def _only_ref(actors: list[tuple[str, str]]) -> str:
    """One of several would be compared with the booking's as if it were the only one."""
    return actors[0][0] if len(actors) == 1 else ""


def _names(actors: list[tuple[str, str]]) -> str:
    return ", ".join(name for _, name in actors if name)


def _appointment_type(resource: Resource) -> str:
    concepts = [_table(resource.get("appointmentType")), *_tables(resource.get("serviceType"))]
    for concept in concepts:
        codings = (_text(coding.get("display")) for coding in _tables(concept.get("coding")))
        if said := _text(concept.get("text")) or next(filter(None, codings), ""):
            return said
    return ""


def _human_name(name: Resource) -> str:
    parts = (*_list(name.get("prefix")), *_list(name.get("given")), name.get("family"))
    return _text(name.get("text")) or " ".join(filter(None, map(_text, parts)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _table(value: object) -> Resource:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _tables(value: object) -> list[Resource]:
    return [one for one in _list(value) if isinstance(one, dict)]
