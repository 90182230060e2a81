"""A PMS with a REST interface, as its profile describes it.

Nothing here knows a vendor. Everything that an answer says is doubted: a write whose answer
does not prove it is an unknown outcome, never a success.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from frontdesk.http_answers import Answer, Unreadable
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms import appointments, paging
from frontdesk.pms.outcomes import failure
from frontdesk.pms.port import (
    NO_VERSIONS,
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    Attendance,
    CancelRequest,
    Capabilities,
    ContractDrift,
    MoveRequest,
    NoShowRequest,
    PmsError,
    PmsPractitioner,
    PmsUnavailable,
    RateLimited,
    Rejected,
    UnknownOutcome,
    Unsupported,
    WriteResult,
    WriteState,
)
from frontdesk.pms.profile import Paging, Profile, Reason, Route, Write
from frontdesk.pms.signing import SignIn
from frontdesk.pms.token_bucket import TokenBucket
from frontdesk.pointers import MISSING, find
from frontdesk.templates import Values, fill, fill_path, fill_table, is_empty, names_in
from frontdesk.text import clean

RouteT = TypeVar("RouteT", bound=Route)

_LONGEST_PAUSE = timedelta(seconds=2)
_ASKS_FOR_REFS = frozenset("/\\?#%")


class RestPms:
    """One account at a PMS that `profile` describes.

    `root` is the address that its routes begin with, `common` what stands for the names that
    all of them know, `time_zone` the practice's. `client` is closed with it.
    """

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
        self.capabilities = capabilities(profile)
        self._profile = profile
        self._root = root
        self._common = common
        self._client = client
        self._sign_in = sign_in
        self._form = appointments.instant_format(profile.times, time_zone)
        self._now = now
        limits = profile.limits
        self._bucket = TokenBucket(limits.per_minute, limits.burst) if limits else None

    async def ping(self) -> datetime | None:
        """Return the PMS's own time, from its answer or its `Date` header."""
        route = self._wanted(self._profile.routes.ping)
        answer = await self._read(route, {})
        if not route.time:
            return answer.sent_at
        return self._form.read(find(self._document(answer), route.time))

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None
    ) -> AppointmentPage:
        """Return a page of the appointments that start from `start` until before `end`."""
        route = self._wanted(self._profile.routes.list)
        values = {"start": self._form.write(start), "end": self._form.write(end)}
        rules = self._profile.paging
        items, following = await self._page(route, route.items, rules, values, cursor)
        timed = [item for item in items if find(item, self._profile.fields.start) is not None]
        found = [appointments.appointment(self._profile, self._form, item, {}, self._root) for item in timed]
        # Whether a PMS counts the edges in is nowhere written down.
        inside = tuple(one for one in found if start <= one.starts_at < end)
        return AppointmentPage(inside, following, without_time=len(items) - len(timed))

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment; with its version, or ContractDrift where one is promised."""
        route = self._profile.routes.get
        answer = await self._read(route, self._named(ref))
        shown = self._shown(answer, route.item, ref)
        if self.capabilities.has_versions and not shown.version:
            raise ContractDrift("an appointment without a version")
        return shown

    async def cancel(self, ref: str, request: CancelRequest) -> WriteResult:
        """Cancel an appointment: one request."""
        route = self._wanted(self._profile.routes.cancel)
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
        route = self._wanted(self._profile.routes.reschedule)
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
        route = self._wanted(self._profile.routes.no_show)
        values = {"attendance": self._attendance(Attendance.FTA), **self._condition(request)}
        return await self._write(route, ref, values, lambda shown: shown.status is AppointmentStatus.NO_SHOW)

    async def take_back_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Say that the patient did come after all: one request."""
        route = self._wanted(self._profile.routes.take_back_no_show)
        values = {"attendance": None, **self._condition(request)}
        return await self._write(route, ref, values, lambda shown: shown.status is AppointmentStatus.BOOKED)

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        route = self._wanted(self._profile.routes.practitioners)
        found: list[PmsPractitioner] = []
        rules = self._profile.paging if route.paged else Paging()
        cursor: str | None = None
        while True:
            items, cursor = await self._page(route, route.items, rules, {}, cursor)
            found += [appointments.practitioner(route, item) for item in items]
            if cursor is None:
                return tuple(found)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _wanted(self, route: RouteT | None) -> RouteT:
        if route is None:
            raise Unsupported("it cannot do that from outside")
        return route

    def _condition(self, request: CancelRequest | MoveRequest | NoShowRequest) -> Values:
        """Return what names a request, and what it is to find there."""
        if self.capabilities.has_versions and not request.version:
            # It would be sent without a condition, to an appointment that nobody has compared.
            raise Unsupported(NO_VERSIONS)
        return {"request_id": str(request.request_id), "version": request.version}

    def _named(self, ref: str) -> Values:
        if (
            not ref
            or ref.strip(".") == ""
            or clean(ref) != ref
            or _ASKS_FOR_REFS & set(ref)
            or len(ref) > 200
        ):
            raise Rejected("the booking's reference there cannot be right")
        return {"id": ref}

    def _attendance(self, attendance: Attendance) -> str | int:
        words = self._profile.attendance
        return words.FTA if attendance is Attendance.FTA else words.UTA

    async def _page(
        self, route: Route, pointer: str, rules: Paging, values: Values, cursor: str | None
    ) -> tuple[Sequence[Any], str | None]:
        link = paging.place(cursor)[1] if rules.kind == "next-link" else ""
        answer = await self._read(route, values, link=link, extra=paging.parameters(rules, cursor))
        document = self._document(answer)
        items = find(document, pointer)
        if not isinstance(items, list):
            raise ContractDrift("its answer holds no list")
        return items, paging.following(rules, document, items, cursor, link or self._root)

    async def _read(
        self, route: Route, values: Values, link: str = "", extra: Sequence[tuple[str, str]] = ()
    ) -> Answer:
        try:
            answer = await self._signed(route, values, None, link, extra)
        except (NotSent, Lost) as error:
            raise PmsUnavailable(str(error)) from None
        if problem := failure(self._profile, answer, self._now(), is_write=False):
            raise problem
        return answer

    async def _write(
        self,
        route: Write,
        ref: str,
        values: Values,
        is_done: Callable[[Appointment], bool],
        *,
        may_have_new_id: bool = False,
    ) -> WriteResult:
        known = {**self._named(ref), **values}
        body = fill_table(route.body, {**self._common, **known}, omit_empty=route.omit_empty)
        try:
            answer = await self._signed(route, known, body if route.body else None)
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

    async def _signed(
        self,
        route: Route,
        values: Values,
        body: dict[str, Any] | None,
        link: str = "",
        extra: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        await self._pace()
        known = {**self._common, **values}
        url = link or self._root + fill_path(route.path, known)
        params = [] if link else [*_query(self._profile.query, known), *_query(route.query, known), *extra]
        own = {**self._profile.headers, **route.headers}
        headers = {header: fill(text, known) for header, text in own.items() if not is_empty(text, known)}
        return await self._sign_in.signed(
            lambda signature: self._client.send(
                route.method, url, headers={**headers, **signature}, params=params, json=body
            )
        )

    async def _pace(self) -> None:
        if self._bucket is None:
            return
        now = self._now()
        pause = self._bucket.take(now)
        if pause > _LONGEST_PAUSE:
            self._bucket.give_back()
            raise RateLimited("we ask it too often", now + pause)
        await asyncio.sleep(pause.total_seconds())

    def _document(self, answer: Answer) -> Any:
        try:
            return answer.json()
        except Unreadable as error:
            raise ContractDrift(str(error)) from None

    def _shown(self, answer: Answer, pointer: str, ref: str | None) -> Appointment:
        """Return the appointment in an answer, which must be the one asked for."""
        item = find(self._document(answer), pointer)
        shown = appointments.appointment(self._profile, self._form, item, answer.headers, self._root)
        if ref is not None and shown.ref != ref:
            raise ContractDrift("it answers with another appointment")
        return shown


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


def _query(templates: Any, values: Values) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, template in templates.items():
        for text in (template,) if isinstance(template, str) else template:
            if not is_empty(text, values):
                found.append((name, fill(text, values)))
    return found
