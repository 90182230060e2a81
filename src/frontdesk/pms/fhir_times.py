"""Sites, times off and hours at a FHIR server.

Sources: https://hl7.org/fhir/R4/location.html, https://hl7.org/fhir/R4/slot.html,
https://hl7.org/fhir/R4/schedule.html, https://hl7.org/fhir/R4/practitionerrole.html and the R5 pages of the same
names. A Schedule says whose slots they are, not when somebody works: that stands in the PractitionerRole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from frontdesk import text
from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.diary import Block, Location, WeeklyHours
from frontdesk.pms.fhir_json import Resource, list_of, table_of, tables_of, text_of
from frontdesk.pms.fhir_people import read_reference
from frontdesk.pms.port import ContractDrift

_TIME_ZONE = "http://hl7.org/fhir/StructureDefinition/timezone"
"""https://hl7.org/fhir/R4/extension-timezone.html"""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY = (time(0), time(23, 59))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whose slots a Schedule has, and where: ids as appointments have them."""

    practitioners: tuple[str, ...] = ()
    locations: frozenset[str] = frozenset()

    def is_at(self, location: str) -> bool:
        """Whether it belongs to a site; one that names none belongs to all, as none at all is asked for by all."""
        return not location or not self.locations or location in self.locations


def location(resource: Resource) -> Location:
    """Return what a Location is. Raises ContractDrift without an id."""
    zones = (
        text_of(one.get("valueCode"))
        for one in tables_of(resource.get("extension"))
        if one.get("url") == _TIME_ZONE
    )
    name = text_of(resource.get("name"))
    return text.clean_fields(Location(fhir.id_of(resource), name, next(zones, "")))


def calendar(schedule: Resource, base: str) -> Calendar:
    """Return whose slots a Schedule has."""
    found = [
        read_reference(text_of(one.get("reference")), schedule, base)
        for one in tables_of(schedule.get("actor"))
    ]
    practitioners = (ref for kind, ref in found if kind in ("Practitioner", "PractitionerRole") and ref)
    places = frozenset(ref for kind, ref in found if kind == "Location")
    return Calendar(tuple(dict.fromkeys(practitioners)), places)


def schedule_of(slot: Resource, base: str) -> str:
    """Return the id of a Slot's Schedule, empty where it has none on this server."""
    said = text_of(table_of(slot.get("schedule")).get("reference"))
    kind, ref = read_reference(said, slot, base)
    return ref.removeprefix("Schedule/") if kind == "Schedule" and "://" not in ref else ""


def blocks(slot: Resource, whose: Calendar) -> Iterator[Block]:
    """Yield a Slot as the time off of each of those whose it is. Raises ContractDrift without id, start or end."""
    ref = fhir.id_of(slot)
    start, end = fhir.instant(slot.get("start"), "start"), fhir.instant(slot.get("end"), "end")
    for one in whose.practitioners or ("",):
        own = ref if len(whose.practitioners) < 2 else f"{ref} {one}"
        yield text.clean_fields(Block(own, one, start, end, text_of(slot.get("comment"))))


def hours(role: Resource, base: str) -> Iterator[WeeklyHours]:
    """Yield when somebody works in a PractitionerRole, R4's or R5's. Raises ContractDrift for what is no time."""
    said = text_of(table_of(role.get("practitioner")).get("reference"))
    kind, practitioner = read_reference(said, role, base)
    if kind != "Practitioner" or not practitioner or role.get("active") is False:
        return
    times = tables_of(role.get("availableTime")) + [
        one
        for available in tables_of(role.get("availability"))
        for one in tables_of(available.get("availableTime"))
    ]
    for one in times:
        starts, ends = _span(one)
        for day in list_of(one.get("daysOfWeek")):
            if day in _WEEKDAYS:
                yield WeeklyHours(practitioner, _WEEKDAYS.index(day) + 1, starts, ends)


def is_role_at(role: Resource, base: str, place: str) -> bool:
    """Whether a PractitionerRole is for a site; one that names none is for all."""
    named = [
        read_reference(text_of(one.get("reference")), role, base)[1]
        for one in tables_of(role.get("location"))
    ]
    return not place or not named or place in named


def _span(available: Resource) -> tuple[time, time]:
    if available.get("allDay") is True:
        return _WHOLE_DAY
    found = [
        _time(available.get("availableStartTime")),
        _time(available.get("availableEndTime")),
    ]
    return found[0], found[1]


def _time(value: object) -> time:
    try:
        found = time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ContractDrift("working hours that cannot be read")
    return found.replace(microsecond=0)
