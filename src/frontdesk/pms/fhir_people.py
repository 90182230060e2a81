"""The people that a FHIR Appointment names: its participants and, in R5, its subject.

Sources: https://hl7.org/fhir/R4/references.html and https://hl7.org/fhir/R5/appointment.html.
An entry that is not understood still counts as somebody, never as nobody.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from frontdesk.pms.fhir_json import Resource, list_of, table_of, tables_of, text_of
from frontdesk.pms.paging import is_same_server
from frontdesk.pms.port import Nobody, One, Several, Unclear, Who
from frontdesk.text import clean

PATIENTS = frozenset(("Patient",))
PRACTITIONERS = frozenset(("Practitioner", "PractitionerRole"))
LOCATIONS = frozenset(("Location",))

_GROUP = "Group"
_BY_BARE_ID = ("Patient", "Practitioner", "Location")
"""Bookings, and the config, have these ids without the type in front of them."""

_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})")
_TYPE = re.compile(r"[A-Z][A-Za-z]+")
_TYPES = "http://hl7.org/fhir/StructureDefinition/"
_R5_IN_R4 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment."
"""An element of R5 in an R4 resource (https://hl7.org/fhir/R5/versions.html#extensions)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or something, that takes part. Without a `kind` it may be anybody.

    `ref` is the id that a booking would have, or an address on another server; empty where there
    is none.
    """

    kind: str = ""
    ref: str = ""
    name: str = ""


def actors(resource: Resource, base: str) -> tuple[Actor, ...]:
    """Return everybody and everything that an appointment names; `base` is the server's address."""
    return tuple(_actors(resource, base.rstrip("/")))


def who(found: Sequence[Actor], kinds: frozenset[str]) -> Who:
    """Return which of them are of these kinds. One of no known kind may be, and a group is several."""
    named = [one for one in found if one.kind in kinds]
    refs = frozenset(one.ref for one in named if one.ref)
    is_whole = all(one.kind for one in found) and all(one.ref for one in named)
    if any(one.kind == _GROUP for one in found) and kinds == PATIENTS:
        return Several(refs, is_whole=False)
    if len(refs) > 1:
        return Several(refs, is_whole)
    if not is_whole:
        return Unclear(refs)
    return One(*refs) if refs else Nobody()


def names(found: Sequence[Actor], kinds: frozenset[str]) -> str:
    """Return the names of those of these kinds, each once."""
    return ", ".join(dict.fromkeys(one.name for one in found if one.kind in kinds and one.name))


def _actors(resource: Resource, base: str) -> Iterator[Actor]:
    participants = resource.get("participant")
    if not isinstance(participants, list) or not participants:
        # There must be one: what hides them hides whose it is.
        yield Actor()
    for participant in list_of(participants):
        if not isinstance(participant, dict):
            yield Actor()
        elif "actor" in participant:
            yield actor_of(participant["actor"], resource, base)
    for subject in of_r5(resource, "subject"):
        yield actor_of(subject, resource, base)


def of_r5(resource: Resource, element: str) -> list[object]:
    """Return the References that an element of R5 holds, in whichever release the resource is written."""
    own = resource.get(element, [])
    extensions = tables_of(resource.get("extension"))
    return [
        *(own if isinstance(own, list) else [own]),
        *(one.get("valueReference") for one in extensions if one.get("url") == f"{_R5_IN_R4}{element}"),
    ]


def actor_of(value: object, resource: Resource, base: str) -> Actor:
    """Return whom a Reference of a resource means; one whose type and address differ may be anybody."""
    actor = table_of(value)
    said = text_of(actor.get("type")).removeprefix(_TYPES)
    kind, ref = read_reference(text_of(actor.get("reference")), resource, base)
    name = text_of(actor.get("display"))
    if said and kind and said != kind:
        return Actor(name=name)
    return Actor(said or kind, ref if clean(ref) == ref else "", name)


def read_reference(reference: str, resource: Resource, base: str) -> tuple[str, str]:
    """Return the type and the id that a reference names, each empty where it cannot be told."""
    if reference.startswith("#"):
        return _contained(reference[1:], resource), ""
    bare = reference.partition("/_history/")[0]
    if "://" in bare:
        try:
            local = _below(bare, base)
        except ValueError:
            return "", ""
        if local is None:
            kind = bare.split("/")[-2]
            return kind if _TYPE.fullmatch(kind) else "", bare
        bare = local
    if found := _LOCAL.fullmatch(bare):
        kind, id_ = found.groups()
        return kind, id_ if kind in _BY_BARE_ID else bare
    type_ = _TYPE.match(bare)
    return (type_[0] if type_ and bare[type_.end() :].startswith(("?", "/")) else ""), ""


def _contained(id_: str, resource: Resource) -> str:
    """A contained resource has a type, and no id that anybody outside knows."""
    found = {
        text_of(one.get("id")): text_of(one.get("resourceType"))
        for one in tables_of(resource.get("contained"))
    }
    return found.get(id_, "")


def _below(address: str, base: str) -> str | None:
    """Return what follows the server's base in an address, None for another one's. Raises ValueError."""
    root, parts = f"{urlsplit(base).path}/", urlsplit(address)
    if not is_same_server(address, base) or not parts.path.startswith(root):
        return None
    return parts._replace(scheme="", netloc="", path=parts.path.removeprefix(root)).geturl()
