"""A server with FHIR's Appointment, R4 or R5 (https://hl7.org/fhir/R4/http.html).

An appointment is changed by reading it and putting the whole resource back with If-Match:
the one way that every server knows and that never overwrites what somebody else changed.
PATCH is not used: Medplum's router 4.5.2 carries out a stale one.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from frontdesk.http_answers import Answer, Unreadable
from frontdesk.http_client import Lost
from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.fhir_json import Resource, text_of
from frontdesk.pms.fhir_resources import NAME
from frontdesk.pms.fhir_wire import JSON, FhirWire, refusal
from frontdesk.pms.outcomes import judged, say
from frontdesk.pms.port import (
    NO_VERSIONS,
    AlreadyCancelled,
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    CancelRequest,
    Capabilities,
    ContractDrift,
    MoveRequest,
    NoShowRequest,
    PmsConflict,
    PmsError,
    PmsPractitioner,
    Rejected,
    Several,
    SlotsLeft,
    UnknownOutcome,
    Unsupported,
    Verified,
    WriteResult,
    WriteState,
)

CAPABILITIES = Capabilities(
    name=NAME,
    can_list=True,
    can_reschedule=True,
    can_mark_no_show=True,
    can_take_back_no_show=True,
    has_versions=True,
    verify_after_write=True,
    verified=Verified.CONTRACT,
)

LOOK_SECONDS = 2.0
"""How long is waited for what a cancel does not depend on: the server's release, and slots."""

_BUSY = frozenset(("busy", "busy-unavailable", "busy-tentative"))
"""https://hl7.org/fhir/R4/valueset-slotstatus.html"""


class FhirPms:
    """One account at a FHIR server, asked over `wire`, which is closed with it."""

    capabilities = CAPABILITIES

    def __init__(self, wire: FhirWire) -> None:
        self._wire = wire
        self._is_release_checked = False

    async def ping(self) -> datetime | None:
        """Return the server's own time; that it speaks the configured release of FHIR is checked."""
        _, its_time = await self._wire.hello()
        return its_time

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None
    ) -> AppointmentPage:
        """Return appointments that start from `start` until before `end`, cancelled ones too.

        A day is never asked for by its date: servers were seen that take it for a day in UTC.
        """
        asked = (("date", f"ge{fhir.in_utc(start)}"), ("date", f"lt{fhir.in_utc(end)}"))
        resources, page = await self._wire.page("Appointment", asked, cursor)
        timed = [one for one in resources if not fhir.is_without_time(one)]
        found = [fhir.appointment(one, self._wire.base) for one in timed]
        # A server may ignore a parameter, and its `lt` looks at ends in some.
        inside = tuple(one for one in found if start <= one.starts_at < end)
        return AppointmentPage(inside, page.cursor, len(resources) - len(found))

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment; its version is what If-Match compares.

        Of a cancelled one its slots are read too: not every server frees them.
        """
        resource, tag = await self._fresh(ref)
        shown = fhir.appointment(resource, self._wire.base, tag)
        if shown.status is not AppointmentStatus.CANCELLED:
            return shown
        return replace(shown, slots=await self._slots_left(fhir.slots(resource, self._wire.base)))

    async def cancel(self, ref: str, request: CancelRequest) -> WriteResult:
        """Cancel an appointment: read, compared with `request.version`, and put back cancelled."""
        resource, tag = await self._compared(ref, request.version)
        changed = fhir.cancelled(resource, request.reason, self._wire.release, self._wire.clock())
        return await self._put(changed, tag)

    async def reschedule(self, ref: str, request: MoveRequest) -> WriteResult:
        """Move an appointment: read, compared, and put back with other times. The id stays."""
        resource, tag = await self._compared(ref, request.version)
        moved = fhir.moved(
            resource, self._wire.base, request.starts_at, request.ends_at, request.practitioner
        )
        return await self._put(moved, tag)

    async def mark_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Say that the patient did not come: read, compared, and put back with that status."""
        resource, tag = await self._compared(ref, request.version)
        return await self._put(fhir.missed(resource), tag)

    async def take_back_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Say that the patient did come after all: read, compared, and put back as booked."""
        resource, tag = await self._compared(ref, request.version, AppointmentStatus.NO_SHOW)
        return await self._put(fhir.booked(resource), tag)

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        return tuple(map(fhir.practitioner, await self._wire.all("Practitioner")))

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        await self._wire.close()

    async def _compared(
        self, ref: str, version: str, status: AppointmentStatus = AppointmentStatus.BOOKED
    ) -> tuple[Resource, str]:
        """Return an appointment that stands as it was compared, and the entity tag for If-Match."""
        resource, there, tag = await self._changeable(ref)
        if not version or not there.version:
            raise Unsupported(NO_VERSIONS)
        if there.version != version:
            raise PmsConflict("it was changed there meanwhile")
        if there.status is not status:
            raise Rejected(say(f'its status there is "{there.raw_status}"'))
        return resource, tag

    async def _changeable(self, ref: str) -> tuple[Resource, Appointment, str]:
        """Return an appointment that a program may change, what it says, and the entity tag for If-Match."""
        await self._check_release()
        resource, tag = await self._fresh(ref)
        if resource.get("status") == "cancelled":
            raise AlreadyCancelled("it is cancelled there already")
        there = fhir.appointment(resource, self._wire.base, tag)
        if there.by_hand:
            raise Rejected(there.by_hand.value)
        if isinstance(there.patients, Several):
            raise Rejected("it is for several patients there")
        return resource, there, tag

    async def _check_release(self) -> None:
        """Write nothing to a server that says, once for all, that it speaks another FHIR than the config's.

        Does it not say, the config is believed: not every key may read what a server can do.
        """
        if self._is_release_checked:
            return
        said = ""
        with contextlib.suppress(PmsError, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                statement, _ = await self._wire.statement()
            said = text_of(statement.get("fhirVersion"))
        if said and (why_not := fhir.why_not_spoken(said, self._wire.release)):
            raise Rejected(say(why_not))
        self._is_release_checked = True

    async def _slots_left(self, ids: Sequence[str]) -> SlotsLeft:
        """Return whether slots are still kept busy. That they cannot be read says nothing of the cancel."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                for id_ in ids:
                    slot = (await self._wire.read("Slot", id_))[0] if fhir.is_id(id_) else {}
                    status = text_of(slot.get("status"))
                    if status in _BUSY:
                        return SlotsLeft.BUSY
                    if status != "free":
                        return SlotsLeft.UNKNOWN
        except (PmsError, TimeoutError):
            return SlotsLeft.UNKNOWN
        return SlotsLeft.NONE

    async def _fresh(self, ref: str) -> tuple[Resource, str]:
        return await self._wire.read("Appointment", ref)

    async def _put(self, changed: Resource, tag: str) -> WriteResult:
        if not tag:
            # Putting back a whole resource could undo what somebody else changed meanwhile.
            raise Unsupported(NO_VERSIONS)
        ref, content = changed["id"], fhir.encoded(changed)
        try:
            answer = await self._wire.send(
                "PUT",
                f"Appointment/{ref}",
                headers={"If-Match": tag, "Content-Type": JSON, "Prefer": "return=representation"},
                content=content,
            )
        except Lost as error:
            raise UnknownOutcome(str(error)) from None
        words = refusal(answer, changed)
        if problem := judged(answer, self._wire.clock(), refusal=words, is_write=True):
            raise problem
        if answer.status == 202:
            return WriteResult(WriteState.ACCEPTED, ref)
        self._check_written(answer, changed)
        return WriteResult(WriteState.APPLIED, ref)

    def _check_written(self, answer: Answer, changed: Resource) -> None:
        """A server may answer with the resource, an OperationOutcome or nothing, never with something else."""
        if not answer.body.strip():
            return
        try:
            said = answer.json(fhir.exact)
            if isinstance(said, dict) and said.get("resourceType") == "OperationOutcome":
                return
            shown = fhir.appointment(fhir.resource_of(said, "Appointment"), self._wire.base)
        except (Unreadable, ContractDrift):
            raise UnknownOutcome("its answer does not say whether it was done") from None
        meant = fhir.appointment(changed, self._wire.base)
        if (shown.status, shown.starts_at) != (meant.status, meant.starts_at):
            raise UnknownOutcome("its answer does not show that it was done")
