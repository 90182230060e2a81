"""The diary that a FHIR server keeps, R4 or R5: read page by page, nothing in it changed.

Sources: https://hl7.org/fhir/R4/search.html, https://hl7.org/fhir/R4/http.html#history. What is no booking there (a
proposal, a waiting list, an entry made in error) is left out, and asked for by its id it is not found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms import fhir_times
from frontdesk.pms.diary import Abilities, Block, Location, WeeklyHours
from frontdesk.pms.fhir_json import Resource, tables_of, text_of
from frontdesk.pms.fhir_patients import patient
from frontdesk.pms.fhir_probe import probe_searches
from frontdesk.pms.fhir_wire import PAGE_SIZE, FhirWire
from frontdesk.pms.people import NO_PATIENT
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    PmsNotFound,
    PmsPatient,
    PmsPractitioner,
    Rejected,
    Unsupported,
)
from frontdesk.pms.probe import Assumption

ABILITIES = Abilities(
    name=fhir.NAME,
    changed_since=True,
    has_patients=True,
    has_locations=True,
    has_blocks=True,
    has_hours=True,
    page_size=PAGE_SIZE,
)
"""What is assumed of a server that does not say what it has; `ping` finds out more."""

LONGEST_BLOCK = timedelta(days=31)
"""How long before a time a slot is looked for that touches it: slots are searched by their start alone."""

_NO_BOOKING = {
    "proposed": "it is a proposal there, not a booking",
    "waitlist": "it is in the waiting list there, not a booking",
    "entered-in-error": "it was entered in error there",
}
_HISTORY = "history"
"""How the cursors begin that ask for a page of the history."""


class FhirDiary:
    """One account's diary at a FHIR server, asked over `wire`, which is closed with it."""

    def __init__(self, wire: FhirWire) -> None:
        self.abilities = ABILITIES
        self.wire = wire

    async def ping(self) -> datetime | None:
        """Return the server's own time; that it speaks the configured release, and what it has, is noted."""
        statement, its_time = await self.wire.hello()
        self.abilities = _abilities(statement)
        return its_time

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return appointments that start from `start` until before `end`, cancelled ones too.

        A day is never asked for by its date: servers were seen that take it for a day in UTC. Raises
        ContractDrift where the list ends before it is whole; that it is empty proves nothing.
        """
        asked = [("date", f"ge{fhir.in_utc(start)}"), ("date", f"lt{fhir.in_utc(end)}"), *_at(location)]
        page = await self._page(asked, cursor, location)
        inside = tuple(one for one in page.appointments if start <= one.starts_at < end)
        return replace(page, appointments=inside)

    async def changes(
        self, since: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return what was changed at `since` or later; `since` counts by the second.

        Behind the pages of what is there come those of the server's history, for what was deleted,
        where it keeps one.
        """
        if cursor and cursor.startswith(_HISTORY):
            return await self._deleted(since, cursor.removeprefix(_HISTORY).lstrip() or None)
        asked = [("_lastUpdated", f"ge{fhir.in_utc(since)}"), *_at(location)]
        page = await self._page(asked, cursor, location)
        if page.cursor is None and self.abilities.shows_deleted:
            return replace(page, cursor=_HISTORY)
        return page

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment. Raises PmsNotFound for what is deleted, or no booking any more."""
        resource, tag = await self.wire.read("Appointment", ref)
        if why_not := _NO_BOOKING.get(text_of(resource.get("status"))):
            raise PmsNotFound(why_not)
        if fhir.is_without_time(resource):
            raise PmsNotFound("it is cancelled there and has no time any more")
        return fhir.appointment(resource, self.wire.base, tag)

    async def patient(self, ref: str) -> PmsPatient:
        """Return who a patient is. Raises PmsNotFound, with the id after a merge where the server tells it."""
        try:
            resource, _ = await self.wire.read("Patient", ref)
        except PmsNotFound:
            raise PmsNotFound(NO_PATIENT) from None
        found = patient(resource, self.wire.base, self.wire.clock().date())
        if found.merged_into:
            raise PmsNotFound(NO_PATIENT, found.merged_into)
        return found

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        return tuple(map(fhir.practitioner, await self.wire.all("Practitioner")))

    async def locations(self) -> tuple[Location, ...]:
        """Return the sites of the account, rooms among them: the config names which are practices."""
        found = await self.wire.all("Location")
        return tuple(fhir_times.location(one) for one in found if one.get("status") != "inactive")

    async def blocks(self, start: datetime, end: datetime, location: str = "") -> tuple[Block, ...]:
        """Return the slots that are `busy-unavailable`: nobody is booked then, and nobody can be."""
        asked = [
            ("status", "busy-unavailable"),
            ("start", f"ge{fhir.in_utc(start - LONGEST_BLOCK)}"),
            ("start", f"lt{fhir.in_utc(end)}"),
        ]
        slots = [one for one in await self.wire.all("Slot", asked) if one.get("status") == "busy-unavailable"]
        schedules = {ref for slot in slots if (ref := fhir_times.schedule_of(slot, self.wire.base))}
        calendars = {"": fhir_times.Calendar(), **{ref: await self._calendar(ref) for ref in schedules}}
        found: list[Block] = []
        for slot in slots:
            whose = calendars[fhir_times.schedule_of(slot, self.wire.base)]
            if whose.is_at(location):
                found += fhir_times.blocks(slot, whose)
        return tuple(one for one in found if one.starts_at < end and start < one.ends_at)

    async def hours(self, location: str = "") -> tuple[WeeklyHours, ...]:
        """Return when practitioners work by their roles. Free slots say nothing of that."""
        base = self.wire.base
        roles = await self.wire.all("PractitionerRole")
        here = [one for one in roles if fhir_times.is_role_at(one, base, location)]
        return tuple(dict.fromkeys(hour for role in here for hour in fhir_times.hours(role, base)))

    def in_pages_of(self, size: int) -> "FhirDiary":
        """Return the same diary, read in pages of `size`; both are closed together."""
        return FhirDiary(self.wire.in_pages_of(size))

    async def peculiarities(self, now: datetime) -> tuple[Assumption, ...]:
        """Return how the server takes a search."""
        return await probe_searches(self.wire, now)

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        await self.wire.close()

    async def _page(
        self, asked: Sequence[tuple[str, str]], cursor: str | None, location: str
    ) -> AppointmentPage:
        resources, page = await self.wire.page("Appointment", asked, cursor)
        timed = [one for one in resources if not fhir.is_without_time(one)]
        there = [one for one in timed if text_of(one.get("status")) not in _NO_BOOKING]
        shown = tuple(self._at_site(there, location))
        return AppointmentPage(shown, page.cursor, len(resources) - len(timed))

    def _at_site(self, resources: Sequence[Resource], location: str) -> Iterator[Appointment]:
        """Yield the appointments of a site, or all: a server may ignore that one was asked for."""
        for resource in resources:
            shown = fhir.appointment(resource, self.wire.base)
            if not location:
                yield shown
            elif location in fhir.locations(resource, self.wire.base):
                yield replace(shown, location=location)

    async def _deleted(self, since: datetime, cursor: str | None) -> AppointmentPage:
        """Return what a page of the history says was deleted, each asked for: it may have been put back since."""
        try:
            said, page = await self.wire.deleted("Appointment", fhir.in_utc(since), cursor)
        except (PmsNotFound, Rejected, Unsupported):
            self.abilities = replace(self.abilities, shows_deleted=False)
            return AppointmentPage(())
        gone = [ref for ref in dict.fromkeys(said) if await self._is_gone(ref)]
        following = f"{_HISTORY} {page.cursor}" if page.cursor else None
        return AppointmentPage((), following, gone=tuple(gone))

    async def _is_gone(self, ref: str) -> bool:
        try:
            await self.wire.read("Appointment", ref)
        except PmsNotFound:
            return True
        return False

    async def _calendar(self, ref: str) -> fhir_times.Calendar:
        """Return whose slots a Schedule has: nobody's, where there is none."""
        try:
            schedule, _ = await self.wire.read("Schedule", ref)
        except PmsNotFound:
            return fhir_times.Calendar()
        return fhir_times.calendar(schedule, self.wire.base)


def _at(location: str) -> list[tuple[str, str]]:
    if location and not fhir.is_id(location):
        raise Rejected("the id of the site there cannot be right")
    return [("location", f"Location/{location}")] if location else []


def _abilities(statement: Resource) -> Abilities:
    """Return what can be read of a server that says what it has (https://hl7.org/fhir/R4/capabilitystatement.html)."""
    offered = {
        text_of(resource.get("type")): frozenset(
            text_of(one.get("code")) for one in tables_of(resource.get("interaction"))
        )
        for rest in tables_of(statement.get("rest"))
        if rest.get("mode") != "client"
        for resource in tables_of(rest.get("resource"))
    }
    if not offered:
        return ABILITIES
    return replace(
        ABILITIES,
        shows_deleted="history-type" in offered.get("Appointment", ()),
        has_patients="Patient" in offered,
        has_locations="Location" in offered,
        has_blocks="Slot" in offered,
        has_hours="PractitionerRole" in offered,
    )
