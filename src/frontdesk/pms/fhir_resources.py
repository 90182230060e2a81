"""FHIR resources as JSON: an Appointment read, and changed without losing what is not understood here.

Sources: https://hl7.org/fhir/R4/appointment.html and https://hl7.org/fhir/R5/appointment.html;
JSON: https://hl7.org/fhir/R4/json.html; versions: https://hl7.org/fhir/R4/http.html#concurrency.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import msgspec

from frontdesk import text
from frontdesk.pms.fhir_json import Resource, list_of, table_of, tables_of, text_of
from frontdesk.pms.fhir_people import (
    LOCATIONS,
    PATIENTS,
    PRACTITIONERS,
    actor_of,
    actors,
    names,
    of_r5,
    read_reference,
    who,
)
from frontdesk.pms.outcomes import say
from frontdesk.pms.port import (
    Appointment,
    AppointmentStatus,
    ByHand,
    ContractDrift,
    One,
    PmsPractitioner,
    Unsupported,
)

NAME = "FHIR"
"""What such a PMS is called on the screen: FHIR does not say which product it is."""

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

RELEASES: Mapping[str, str] = {"4.0": "R4", "4.3": "R4", "5.0": "R5"}
"""What is spoken here, by the start of a version (https://hl7.org/fhir/R5/versions.html#publications).

R4B (4.3) has the Appointment of R4; what is between 4.3 and 5.0 are drafts.
"""

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
_IN_PUBLIC = PRACTITIONERS | {"Location", "HealthcareService", "Device"}
_NAME_USES = {"usual": 0, "official": 1}
_PRIVATE = re.compile(r"Patient/\S+|\S+@\S+|\d[\d /.-]{4,}\d")
_HIDDEN = "…"
_SERIES_IN_R4 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.recurrenceTemplate"
_WITHOUT_START = frozenset(("proposed", "cancelled", "waitlist"))
"""Which appointments need no time (https://hl7.org/fhir/R4/appointment-definitions.html, app-3)."""

_encoder = msgspec.json.Encoder(decimal_format="number")


def exact(literal: str) -> Decimal:
    """Return a number as it is written: in FHIR 1.50 is not 1.5. Raises ValueError."""
    try:
        return Decimal(literal)
    except InvalidOperation:
        raise ValueError("a number that is too large") from None


def encoded(resource: Resource) -> bytes:
    """Return a resource as JSON, numbers as they came. Raises Unsupported."""
    try:
        return _encoder.encode(resource)
    except UnicodeEncodeError:
        raise Unsupported("the appointment holds text that cannot be written back") from None


def is_id(ref: str) -> bool:
    """Whether `ref` can be the id of a resource, and so a part of an address."""
    return bool(_ID.fullmatch(ref)) and ref not in (".", "..")


def why_not_spoken(version: str, release: str) -> str:
    """Return why a server of this version is not of the configured release, empty if it is."""
    if not version:
        return "it does not say which version of FHIR it speaks"
    found = re.fullmatch(r"(\d+\.\d+)(\.\d+)?", version)
    there = RELEASES.get(found[1]) if found else None
    if there is None:
        return f"it speaks FHIR {version[:12]}, and frontdesk only R4 (4.0, 4.3) and R5 (5.0)"
    if there != release:
        return f"it speaks FHIR {there} ({version[:12]}), the config says {release}: correct fhir_version"
    return ""


def resource_of(value: object, kind: str) -> Resource:
    """Return a decoded answer if it is a resource of that kind. Raises ContractDrift."""
    if not isinstance(value, dict) or value.get("resourceType") != kind:
        raise ContractDrift(say(f"its answer is no {kind}"))
    return value


def entity_tag(resource: Resource, etag: str) -> str:
    """Return what If-Match has to say: the answer's ETag as it came, or one of the version id, or nothing."""
    if _ETAG.fullmatch(etag):
        return etag
    version_id = text_of(table_of(resource.get("meta")).get("versionId"))
    return f'W/"{version_id}"' if is_id(version_id) else ""


def appointment(resource: Resource, base: str, etag: str = "") -> Appointment:
    """Return what an Appointment says; `base` is the server's address, for references written in full.

    Raises ContractDrift without an id, a status or a start with an offset.
    """
    raw_status = text_of(resource.get("status"))
    if not raw_status:
        raise ContractDrift("an appointment without a status")
    end = resource.get("end")
    found = actors(resource, base)
    site = who(tuple(one for one in found if one.kind in LOCATIONS), LOCATIONS)
    tag = _ETAG.fullmatch(entity_tag(resource, etag))
    return text.clean_fields(
        Appointment(
            ref=id_of(resource),
            status=STATUSES.get(raw_status, AppointmentStatus.OTHER),
            starts_at=instant(resource.get("start"), "start"),
            ends_at=None if end is None else instant(end, "end"),
            practitioners=who(found, PRACTITIONERS),
            practitioner_name=names(found, PRACTITIONERS),
            patients=who(found, PATIENTS),
            patient_name=names(found, PATIENTS),
            appointment_type=_appointment_type(resource),
            version=tag[1] if tag else "",
            raw_status=raw_status,
            by_hand=_by_hand(resource),
            location=site.ref if isinstance(site, One) else "",
            previous=_only_id(of_r5(resource, "replaces"), resource, base),
            series=_only_id(of_r5(resource, "originatingAppointment"), resource, base),
            updated_at=last_updated(resource),
            time_text=text_of(resource.get("start")),
        )
    )


def last_updated(resource: Resource) -> datetime | None:
    """Return when a resource was changed last, None where it does not say so that it can be understood."""
    try:
        return instant(table_of(resource.get("meta")).get("lastUpdated"), "last change")
    except ContractDrift:
        return None


def locations(resource: Resource, base: str) -> frozenset[str]:
    """Return the ids of all places that an Appointment or a Schedule names: a site, a room."""
    return frozenset(one.ref for one in actors(resource, base) if one.kind in LOCATIONS and one.ref)


def _only_id(references: list[object], resource: Resource, base: str) -> str:
    """Return the id of the one Appointment of this server that is referred to, empty where it is not one."""
    found = [read_reference(text_of(table_of(one).get("reference")), resource, base) for one in references]
    if len(found) != 1 or found[0][0] != "Appointment" or "://" in found[0][1]:
        return ""
    return found[0][1].removeprefix("Appointment/")


def is_without_time(resource: Resource) -> bool:
    """Whether an Appointment has no time and needs none, such as one in a waiting list."""
    return resource.get("start") is None and text_of(resource.get("status")) in _WITHOUT_START


def slots(resource: Resource, base: str) -> list[str]:
    """Return the ids of an Appointment's slots, an empty one for each that is not to be read there."""
    found = (
        read_reference(text_of(one.get("reference")), resource, base)
        for one in tables_of(resource.get("slot"))
    )
    return [ref.removeprefix("Slot/") if kind == "Slot" and "://" not in ref else "" for kind, ref in found]


def cancelled(resource: Resource, reason: str, release: str, now: datetime) -> Resource:
    """Return a copy of an Appointment, cancelled by the patient; `release` is R4 or R5."""
    concept = {"coding": [_BY_PATIENT]} | ({"text": reason} if reason else {})
    changes = {"status": "cancelled", REASON_ELEMENTS[release]: concept}
    return _changed(resource, changes | ({"cancellationDate": in_utc(now)} if release == "R5" else {}))


def missed(resource: Resource) -> Resource:
    """Return a copy of an Appointment that the patient did not come to."""
    return _changed(resource, {"status": "noshow"})


def booked(resource: Resource) -> Resource:
    """Return a copy of an Appointment that stands as before the patient was said not to have come."""
    return _changed(resource, {"status": "booked"})


def moved(resource: Resource, base: str, start: datetime, end: datetime, practitioner_ref: str) -> Resource:
    """Return a copy of an Appointment at another time, with another practitioner if it has one.

    `base` as in `appointment`. The slots of the time before are no longer its own. Raises
    Unsupported where it is not plain whom to replace.
    """
    changes: Resource = {"start": in_utc(start), "end": in_utc(end)}
    if "minutesDuration" in resource:
        changes["minutesDuration"] = round((end - start).total_seconds() / 60)
    changed = _changed(resource, changes)
    changed.pop("slot", None)
    if not practitioner_ref:
        return changed
    participants = tables_of(resource.get("participant"))
    treating = [
        (one, actor)
        for one in participants
        if (actor := actor_of(one.get("actor"), resource, base)).kind in (*PRACTITIONERS, "")
    ]
    if len(treating) != 1:
        raise Unsupported("the appointment does not have exactly one practitioner")
    ((before, actor),) = treating
    if actor.ref != practitioner_ref:
        reference = practitioner_ref if "/" in practitioner_ref else f"Practitioner/{practitioner_ref}"
        replaced = before | {"actor": {"reference": reference}}
        changed["participant"] = [replaced if one is before else one for one in resource["participant"]]
    return changed


def _changed(resource: Resource, changes: Resource) -> Resource:
    """Return a copy with some elements changed, and without what still says what they were.

    That is what extends a changed element (https://hl7.org/fhir/R4/json.html#primitive), and
    the narrative, which a server makes anew (https://hl7.org/fhir/R4/narrative.html).
    """
    stale = {"text", *(f"_{name}" for name in changes)}
    return {name: value for name, value in resource.items() if name not in stale} | changes


def _by_hand(resource: Resource) -> ByHand | None:
    """Whatever may change the meaning of a resource must be understood, or left alone.

    https://hl7.org/fhir/R4/extensibility.html#modifierExtension,
    https://hl7.org/fhir/R4/resource-definitions.html#Resource.implicitRules,
    https://hl7.org/fhir/R4/search.html#summary (SUBSETTED).
    """
    parts = (resource, *tables_of(resource.get("participant")))
    if resource.get("implicitRules") or any(one.get("modifierExtension") for one in parts):
        return ByHand.MARKED
    if any(tag.get("code") == "SUBSETTED" for tag in tables_of(table_of(resource.get("meta")).get("tag"))):
        return ByHand.PARTIAL
    extensions = tables_of(resource.get("extension"))
    if resource.get("recurrenceTemplate") or any(one.get("url") == _SERIES_IN_R4 for one in extensions):
        return ByHand.SERIES
    return None


def practitioner(resource: Resource) -> PmsPractitioner:
    """Return who a Practitioner is. Raises ContractDrift without an id."""
    return text.clean_fields(
        PmsPractitioner(
            ref=id_of(resource), name=name_of(resource), is_active=resource.get("active") is not False
        )
    )


def name_of(resource: Resource) -> str:
    """Return the name by which a Patient or a Practitioner is called, empty where there is none."""
    names = [name for name in tables_of(resource.get("name")) if name.get("use") != "old"]
    names.sort(key=lambda name: _NAME_USES.get(text_of(name.get("use")), 2))
    return _human_name(names[0]) if names else ""


def words_of(outcome: object, about: Resource) -> str:
    """Return what an OperationOutcome says, for the operator, without what it tells of a patient.

    `about` is the resource it is about: the names in it are left out, and so is whatever
    looks like a number or an address of a person. Empty when it is no OperationOutcome.
    """
    if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
        return ""
    issues = [one for one in tables_of(outcome.get("issue")) if one.get("severity") in ("fatal", "error")]
    told = (
        text_of(table_of(issue.get("details")).get("text")) or text_of(issue.get("diagnostics"))
        for issue in issues
    )
    said = text.clean(next(filter(None, told), ""))
    for name in _private_words(about):
        said = re.sub(re.escape(name), _HIDDEN, said, flags=re.IGNORECASE)
    return _PRIVATE.sub(_HIDDEN, said)


def in_utc(instant: datetime) -> str:
    """Return an instant as FHIR writes it: `2026-11-26T00:00:00Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _private_words(resource: Resource) -> Iterable[str]:
    # Of whom it is not known who they are, the name may be a patient's, and a group's or a parent's tells it.
    people = (one.name for one in actors(resource, "") if one.kind not in _IN_PUBLIC)
    return (word for name in people for word in re.findall(r"[^\W\d_][^\W_'-]+", name))


def id_of(resource: Resource) -> str:
    """Return a resource's id. Raises ContractDrift without one."""
    ref = text_of(resource.get("id"))
    if not is_id(ref):
        raise ContractDrift(say(f"a {resource['resourceType']} without an id"))
    return ref


def instant(value: object, name: str) -> datetime:
    """Return an instant in UTC. Raises ContractDrift: one without an offset could be anybody's."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ContractDrift(say(f"an appointment whose {name} cannot be read"))


def _appointment_type(resource: Resource) -> str:
    concepts = [table_of(resource.get("appointmentType")), *tables_of(resource.get("serviceType"))]
    for concept in concepts:
        codings = (text_of(coding.get("display")) for coding in tables_of(concept.get("coding")))
        if said := text_of(concept.get("text")) or next(filter(None, codings), ""):
            return said
    return ""


def _human_name(name: Resource) -> str:
    parts = (*list_of(name.get("prefix")), *list_of(name.get("given")), name.get("family"))
    return text_of(name.get("text")) or " ".join(filter(None, map(text_of, parts)))
