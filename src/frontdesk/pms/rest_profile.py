"""A PMS with a REST interface, as its profile describes it: its diary, and what is changed there.

Nothing here knows a vendor. Everything that an answer says is doubted: a write whose answer
does not prove it is an unknown outcome, never a success.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from frontdesk.http_answers import Unreadable
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms.outcomes import failure
from frontdesk.pms.port import (
    NO_VERSIONS,
    Appointment,
    AppointmentStatus,
    Attendance,
    CancelRequest,
    Capabilities,
    MoveRequest,
    NoShowRequest,
    PmsError,
    PmsUnavailable,
    UnknownOutcome,
    Unsupported,
    WriteResult,
    WriteState,
)
from frontdesk.pms.profile import Profile, Reason
from frontdesk.pms.profile_routes import Write
from frontdesk.pms.rest_diary import RestDiary, wanted
from frontdesk.pms.signing import SignIn
from frontdesk.pointers import MISSING, find
from frontdesk.templates import Values, fill_table, names_in


class RestPms(RestDiary):
    """One account at a PMS that `profile` describes. The arguments are those of RestDiary."""

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
        self.capabilities = capabilities(profile)

    async def cancel(self, ref: str, request: CancelRequest) -> WriteResult:
        """Cancel an appointment: one request."""
        route = wanted(self._profile.routes.cancel)
        reason, note, code = carried_reason(self._profile.reason, request.reason)
        values = {
            "reason": reason,
            "note": note,
            "reason_code": code,
            "attendance": self._attendance(request.attendance),
            **self._condition(request),
        }
        return await self._write(
            route, ref, values, lambda shown: shown.status is AppointmentStatus.CANCELLED
        )

    async def reschedule(self, ref: str, request: MoveRequest) -> WriteResult:
        """Move an appointment: one request. The result may have another id."""
        route = wanted(self._profile.routes.reschedule)
        values = {
            "start": self._form.write(request.starts_at),
            "end": self._form.write(request.ends_at),
            "minutes": (request.ends_at - request.starts_at) // timedelta(minutes=1),
            "practitioner": request.practitioner,
            **self._condition(request),
        }
        return await self._write(
            route, ref, values, lambda shown: shown.starts_at == request.starts_at, may_have_new_id=True
        )

    async def mark_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Say that the patient did not come: one request."""
        route = wanted(self._profile.routes.no_show)
        values = {"attendance": self._attendance(Attendance.FTA), **self._condition(request)}
        return await self._write(route, ref, values, lambda shown: shown.status is AppointmentStatus.NO_SHOW)

    async def take_back_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Say that the patient did come after all: one request."""
        route = wanted(self._profile.routes.take_back_no_show)
        values = {"attendance": None, **self._condition(request)}
        return await self._write(route, ref, values, lambda shown: shown.status is AppointmentStatus.BOOKED)

    def _condition(self, request: CancelRequest | MoveRequest | NoShowRequest) -> Values:
        """Return what names a request, and what it is to find there."""
        if self.capabilities.has_versions and not request.version:
            # It would be sent without a condition, to an appointment that nobody has compared.
            raise Unsupported(NO_VERSIONS)
        return {"request_id": str(request.request_id), "version": request.version}

    def _attendance(self, attendance: Attendance) -> str | int:
        words = self._profile.attendance
        return words.FTA if attendance is Attendance.FTA else words.UTA

    async def _write(
        self,
        route: Write,
        ref: str,
        values: Values,
        is_done: Callable[[Appointment], bool],
        *,
        may_have_new_id: bool = False,
    ) -> WriteResult:
        known = {**self._client.named(ref), **values}
        body = fill_table(route.body, {**self._client.common, **known}, omit_empty=route.omit_empty)
        try:
            answer = await self._client.send(route, known, body if route.body else None)
        except NotSent as error:
            raise PmsUnavailable(str(error)) from None
        except Lost as error:
            raise UnknownOutcome(str(error)) from None
        if problem := failure(self._profile, answer, self._now(), is_write=True):
            raise problem
        if answer.status == 202:
            return WriteResult(WriteState.ACCEPTED, ref)
        if not route.shows_result:
            return WriteResult(WriteState.APPLIED, ref)
        try:
            if route.pending and find(answer.json(), route.pending) not in (MISSING, None, False):
                return WriteResult(WriteState.ACCEPTED, ref)
            shown = self._shown(answer, route.item, None if may_have_new_id else ref)
        except (Unreadable, PmsError):
            raise UnknownOutcome("its answer does not say whether it was done") from None
        if not is_done(shown):
            raise UnknownOutcome("its answer does not show that it was done")
        return WriteResult(WriteState.APPLIED, shown.ref)


def capabilities(profile: Profile) -> Capabilities:
    """Return what a PMS can do, by its profile."""
    routes = profile.routes
    writes = (routes.cancel,) if routes.cancel else ()
    return Capabilities(
        name=profile.name,
        can_cancel=profile.can_cancel,
        can_list=routes.list is not None,
        can_reschedule=routes.reschedule is not None,
        can_mark_no_show=routes.no_show is not None,
        can_take_back_no_show=routes.take_back_no_show is not None,
        tells_patient=profile.tells_patient,
        has_versions=bool(profile.appointment_version.header or profile.appointment_version.field),
        has_request_ids=any(
            "request_id" in names_in((write.body, write.headers, write.query)) for write in writes
        ),
        verify_after_write=profile.verify_after_write,
        verified=profile.proof,
    )


def carried_reason(rules: Reason, reason: str) -> tuple[str, str, str | int]:
    """Return what a reason becomes: the text, the note, and the code."""
    codes = {text.casefold(): code for text, code in rules.codes.items()}
    code = codes.get(reason.casefold(), rules.other_code)
    if rules.limit is None or len(reason) <= rules.limit:
        return reason, "", code
    if rules.overflow == "note":
        return "", _cut(reason, rules.note_limit), code
    return _cut(reason, rules.limit), "", code


def _cut(value: str, limit: int | None) -> str:
    if limit is None or len(value) <= limit:
        return value
    return f"{value[: limit - 1]}…" if limit else ""
