"""Open Dental: its profile, and what no profile can say of changing an appointment there.

Source: https://www.opendental.com/site/apiappointments.html. There are no versions and no request ids: every change is
read before and after. A cancel breaks the appointment and then writes the reason into its note, which is a
request of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from frontdesk import times
from frontdesk.credentials import Secrets
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms import open_dental_documents as documents
from frontdesk.pms.diary import Diary
from frontdesk.pms.open_dental_diary import OpenDentalDiary
from frontdesk.pms.opening import joined
from frontdesk.pms.outcomes import say
from frontdesk.pms.port import (
    Account,
    AlreadyCancelled,
    Appointment,
    AppointmentStatus,
    CancelRequest,
    MoveRequest,
    NoShowRequest,
    One,
    Pms,
    PmsError,
    PmsUnavailable,
    Rejected,
    UnknownOutcome,
    Unsupported,
    WriteResult,
    WriteState,
)
from frontdesk.pms.profile import Profile
from frontdesk.pms.profile_routes import Write
from frontdesk.pms.rest_profile import capabilities
from frontdesk.pms.signing import SignIn
from frontdesk.pointers import find
from frontdesk.templates import Values, fill_table

_NOTE = Write(method="PUT", path="/appointments/{id}/Note", body={"Note": "{note}"}, shows_result=False)
_NOT_SHOWN = "its answer does not show that it was done"


def open_open_dental(account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]) -> Pms:
    """Return the Open Dental of an account. Raises UnusableSettings."""
    return joined(OpenDental, account, secrets, time_zone, now)


def open_open_dental_diary(
    account: Account, secrets: Secrets, time_zone: str, now: Callable[[], datetime]
) -> Diary:
    """Return the diary of an account at Open Dental. Raises UnusableSettings."""
    return joined(OpenDentalDiary, account, secrets, time_zone, now)


class OpenDental(OpenDentalDiary):
    """One practice's Open Dental, and what is changed there. The arguments are those of OpenDentalDiary."""

    def __init__(
        self,
        profile: Profile,
        root: str,
        common: Values,
        client: HttpClient,
        sign_in: SignIn,
        time_zone: str,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(profile, root, common, client, sign_in, time_zone, now)
        self.capabilities = replace(capabilities(profile), reason_is_apart=True)

    async def cancel(self, ref: str, request: CancelRequest) -> WriteResult:
        """Break an appointment, see that it is broken, and write the reason into its note.

        Where the note fails, the result says that the reason is missing.
        """
        await self._standing(ref, AppointmentStatus.BOOKED)
        try:
            result = await self._write(self._profile.routes.cancel, ref)
        except Rejected:
            # Only what is scheduled can be broken: somebody may have been quicker.
            await self._standing(ref, AppointmentStatus.BOOKED)
            raise
        if result.state is WriteState.ACCEPTED:
            return result
        await self._proven(ref, lambda shown: shown.status is AppointmentStatus.CANCELLED)
        if request.reason and not await self._is_noted(ref, request.reason):
            return replace(result, lacks_reason=True)
        return result

    async def reschedule(self, ref: str, request: MoveRequest) -> WriteResult:
        """Move an appointment within its operatory; its id stays. A length that has no pattern is refused."""
        item, shown = await self._standing(ref, AppointmentStatus.BOOKED)
        if times.from_local(request.starts_at.astimezone(self._zone).replace(tzinfo=None), self._zone) != (
            request.starts_at
        ):
            raise Rejected("that hour comes twice on that day: move it there by hand")
        body: dict[str, Any] = {}
        try:
            if pattern := documents.fitted(find(item, "/Pattern"), request.ends_at - request.starts_at):
                body["Pattern"] = pattern
        except ValueError:
            raise Rejected("it books in steps of 5 minutes there") from None
        values = {"start": documents.written(request.starts_at, self._zone), "practitioner": ""}
        if request.practitioner and shown.practitioners != One(request.practitioner):
            who = request.practitioner
            body[documents.provider_field(item).removeprefix("/")] = int(who) if who.isdecimal() else who
        result = await self._write(self._profile.routes.reschedule, ref, values, body)
        if result.state is not WriteState.ACCEPTED:
            await self._proven(ref, lambda there: there.starts_at == request.starts_at)
        return result

    async def mark_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Break an appointment as missed, which stays in the appointment book where it is."""
        await self._standing(ref, AppointmentStatus.BOOKED)
        result = await self._write(self._profile.routes.no_show, ref)
        if result.state is not WriteState.ACCEPTED:
            await self._proven(ref, lambda shown: shown.status is AppointmentStatus.NO_SHOW)
        return result

    async def take_back_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Schedule an appointment again that was missed; a procedure that was charged for it stays."""
        await self._standing(ref, AppointmentStatus.NO_SHOW)
        result = await self._write(self._profile.routes.take_back_no_show, ref)
        if result.state is not WriteState.ACCEPTED:
            await self._proven(ref, lambda shown: shown.status is AppointmentStatus.BOOKED)
        return result

    async def _standing(self, ref: str, status: AppointmentStatus) -> tuple[Any, Appointment]:
        """Return an appointment that stands so. Raises AlreadyCancelled, Rejected."""
        item, shown = await self._shown(ref)
        if shown.status is AppointmentStatus.CANCELLED:
            raise AlreadyCancelled("it is cancelled there already")
        if shown.status is AppointmentStatus.ARRIVED:
            raise Rejected("the patient has arrived there")
        if shown.status is not status:
            raise Rejected(say(f'its status there is "{shown.raw_status}"'))
        return item, shown

    async def _proven(self, ref: str, is_done: Callable[[Appointment], bool]) -> None:
        """Read an appointment and see that a change is done. Raises UnknownOutcome."""
        try:
            _, shown = await self._shown(ref)
        except PmsError:
            raise UnknownOutcome(_NOT_SHOWN) from None
        if not is_done(shown):
            raise UnknownOutcome(_NOT_SHOWN)

    async def _is_noted(self, ref: str, reason: str) -> bool:
        """Write a reason into an appointment's note; whether it is seen there then."""
        try:
            await self._write(_NOTE, ref, {"note": reason})
            item, _ = await self._shown(ref)
        except PmsError:
            return False
        return " ".join(reason.split()) in " ".join(str(find(item, "/Note")).split())

    async def _write(
        self,
        route: Write | None,
        ref: str,
        values: Values | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> WriteResult:
        """Send one change. Raises PmsError; an answer proves nothing but that it was taken."""
        if route is None:
            raise Unsupported("it cannot do that from outside")
        known = {**self._client.named(ref), **(values or {})}
        body = fill_table(route.body, known, omit_empty=route.omit_empty) | dict(more or {})
        try:
            answer = await self._client.send(route, known, body)
        except NotSent as error:
            raise PmsUnavailable(str(error)) from None
        except Lost as error:
            raise UnknownOutcome(str(error)) from None
        if problem := self._problem(answer, is_write=True):
            raise problem
        return WriteResult(WriteState.ACCEPTED if answer.status == 202 else WriteState.APPLIED, ref)
