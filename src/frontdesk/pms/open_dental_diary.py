"""The diary that Open Dental keeps (https://www.opendental.com/site/apiappointments.html).

Its lists are counted off by rows and say no total, so a page begins with the last row of the one before: where it
does not, the list has changed meanwhile.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from frontdesk.http_answers import Answer, Unreadable
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms import open_dental_documents as documents
from frontdesk.pms.diary import Abilities, Block, Location, WeeklyHours
from frontdesk.pms.outcomes import failure, judged, say
from frontdesk.pms.paging import MOST_PAGES
from frontdesk.pms.people import NO_PATIENT
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    ContractDrift,
    PmsError,
    PmsNotFound,
    PmsPatient,
    PmsPractitioner,
    PmsUnavailable,
    Rejected,
    UnknownOutcome,
    Unsupported,
)
from frontdesk.pms.profile import Profile
from frontdesk.pms.profile_routes import Route
from frontdesk.pms.rest_client import RestClient
from frontdesk.pms.signing import SignIn
from frontdesk.pointers import find
from frontdesk.templates import Values
from frontdesk.text import clean

_WITH_OFFSET = {"DateTimeFormatString": "yyyy-MM-dd HH:mm:ss zzz"}
"""From version 22.2.14 on; older ones leave it out (https://www.opendental.com/site/apiimplementation.html)."""

_CHANGES = Route(
    path="/appointments", query={"DateTStamp": "{since}", "ClinicNum": "{location}", **_WITH_OFFSET}
)
_DELETED = Route(
    path="/histappointments",
    query={"HistApptAction": "Deleted", "dateStart": "{start}", "dateEnd": "{end}", **_WITH_OFFSET},
)
_HISTORY = Route(path="/histappointments", query={"AptNum": "{id}", **_WITH_OFFSET})
_PATIENT = Route(path="/patients/{id}")
_CLINICS = Route(path="/clinics")
_OPERATORIES = Route(path="/operatories")
_SCHEDULES = Route(
    path="/schedules", query={"SchedType": "{type}", "dateStart": "{start}", "dateEnd": "{end}"}
)

_SECOND = timedelta(seconds=1)
_HORIZON = timedelta(days=200)
"""How far ahead appointments are looked for that were deleted."""
_FORTNIGHT = timedelta(days=14)
_DELETED_PAGE = "deleted"
"""How the cursors begin that ask for a page of what was deleted."""

_NO_CONNECTION = re.compile(r"econnector|tim(ed?|ing)[ -]?out|network|connect", re.IGNORECASE)
"""What a 400 says where the office could not be reached: it is no refusal then, and of a write nobody knows."""


class OpenDentalDiary:
    """What can be read of one practice's Open Dental. The arguments are those of RestDiary."""

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
        self.abilities = Abilities(
            name=profile.name,
            changed_since=True,
            shows_deleted=True,
            has_patients=True,
            has_locations=True,
            has_blocks=True,
            has_hours=True,
            page_size=profile.paging.size,
            per_minute=profile.limits.per_minute if profile.limits else 0,
        )
        self._profile = profile
        self._client = RestClient(profile, root, common, client, sign_in, now)
        self._zone = ZoneInfo(time_zone)
        self._now = now

    async def ping(self) -> datetime | None:
        """Return the practice's own time, as its server tells it beside a provider."""
        route = self._profile.routes.ping
        if route is None:
            raise Unsupported("it cannot do that from outside")
        rows = self._rows(await self._read(route, {}))
        return documents.moment(find(rows[0], "/serverDateTime"), self._zone) if rows else None

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return appointments that start from `start` until before `end`, broken and unscheduled ones too.

        Raises PmsUnavailable where the list changed while it was read.
        """
        listing = self._profile.routes.list
        if listing is None:
            raise Unsupported("it cannot do that from outside")
        route = Route(path=listing.path, query={**listing.query, "ClinicNum": "{location}"})
        page = await self._listed(route, self._days(start, end - _SECOND), cursor, location)
        inside = tuple(one for one in page.appointments if start <= one.starts_at < end)
        return replace(page, appointments=inside)

    async def changes(
        self, since: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return what was changed at `since` or later, and behind it what was deleted, by version 23.1.30."""
        if cursor and cursor.startswith(_DELETED_PAGE):
            return await self._deleted(since, cursor.removeprefix(_DELETED_PAGE).lstrip() or None)
        asked = documents.earliest(since - _SECOND, self._zone)
        page = await self._listed(_CHANGES, {"since": asked}, cursor, location)
        return replace(page, cursor=page.cursor or (_DELETED_PAGE if self.abilities.shows_deleted else None))

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment. Raises PmsNotFound for what is deleted, or is no booking."""
        _, shown = await self._shown(ref)
        return shown

    async def patient(self, ref: str) -> PmsPatient:
        """Return who a patient is. Raises PmsNotFound."""
        try:
            answer = await self._read(_PATIENT, self._client.named(ref))
        except PmsNotFound:
            raise PmsNotFound(NO_PATIENT) from None
        found = documents.patient(self._document(answer))
        if found.ref != ref:
            raise ContractDrift("it answers with another patient")
        return found

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        route = self._profile.routes.practitioners
        if route is None:
            raise Unsupported("it cannot do that from outside")
        return tuple(
            [documents.practitioner(self._profile, one) async for one in self._all(route, {}, "/ProvNum")]
        )

    async def locations(self) -> tuple[Location, ...]:
        """Return the clinics of the practice; none where it does not use them."""
        return tuple([documents.location(one) async for one in self._all(_CLINICS, {}, "/ClinicNum")])

    async def blocks(self, start: datetime, end: datetime, location: str = "") -> tuple[Block, ...]:
        """Return the blockouts that touch `start` until before `end`."""
        known = await self._chairs()
        values = {"type": "Blockout", **self._days(start, end - _SECOND)}
        found = [
            block
            async for one in self._all(_SCHEDULES, values, "/ScheduleNum")
            if find(one, "/SchedType") == "Blockout"
            for block in documents.blocks(one, known, self._zone, location)
        ]
        return tuple(one for one in found if one.starts_at < end and start < one.ends_at)

    async def hours(self, location: str = "") -> tuple[WeeklyHours, ...]:
        """Return when providers work, by their schedules of the next fortnight."""
        known, now = await self._chairs(), self._now()
        values = {"type": "Provider", **self._days(now, now + _FORTNIGHT)}
        found = [one async for one in self._all(_SCHEDULES, values, "/ScheduleNum")]
        return documents.hours(
            [one for one in found if find(one, "/SchedType") == "Provider"], known, location
        )

    def in_pages_of(self, size: int) -> "OpenDentalDiary":
        """Return the same diary, read in pages of `size` and the row before; both are closed together."""
        other = copy(self)
        paging = msgspec.structs.replace(self._profile.paging, size=size + 1)
        other._profile = msgspec.structs.replace(self._profile, paging=paging)
        return other

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def _shown(self, ref: str) -> tuple[Any, Appointment]:
        """Return an appointment as it came, and what it says. Raises PmsError."""
        item = self._document(await self._read(self._profile.routes.get, self._client.named(ref)))
        if documents.needed_id(item, self._profile.fields.id) != ref:
            raise ContractDrift("it answers with another appointment")
        if why_not := documents.NO_BOOKINGS.get(documents.word_of(item)):
            raise PmsNotFound(why_not)
        if documents.start_of(item, self._zone) is None:
            raise PmsNotFound("it has no time there any more")
        return item, await self._understood(item)

    async def _understood(self, item: Any) -> Appointment:
        """Return an appointment; of a broken one its history is asked whether it is a no-show."""
        is_missed = False
        if documents.word_of(item) == documents.BROKEN:
            ref = documents.needed_id(item, self._profile.fields.id)
            try:
                lines = [one async for one in self._all(_HISTORY, {"id": ref}, "/HistApptNum")]
            except (Rejected, PmsNotFound, Unsupported):
                # Versions before 23.1.30 tell no history.
                lines = []
            is_missed = documents.is_missed(
                [one for one in lines if documents.needed_id(one, "/AptNum") == ref]
            )
        return documents.appointment(self._profile, item, self._zone, is_missed=is_missed)

    async def _listed(
        self, route: Route, values: Values, cursor: str | None, location: str
    ) -> AppointmentPage:
        rows, following = await self._page(route, {**values, "location": location}, cursor, "/AptNum")
        real = [one for one in rows if documents.word_of(one) not in documents.NO_BOOKINGS]
        timed = [one for one in real if documents.start_of(one, self._zone) is not None]
        found = [await self._understood(one) for one in timed]
        here = tuple(one for one in found if not location or one.location == location)
        return AppointmentPage(here, following, without_time=len(real) - len(timed))

    async def _deleted(self, since: datetime, cursor: str | None) -> AppointmentPage:
        """Return what the history says was deleted, each proven by asking for it.

        Which of its times a history's date filter means is not said, so both are asked for at once.
        """
        values = self._days(since, max(since, self._now()) + _HORIZON)
        try:
            rows, following = await self._page(_DELETED, values, cursor, "/HistApptNum")
        except (Rejected, PmsNotFound, Unsupported):
            self.abilities = replace(self.abilities, shows_deleted=False)
            return AppointmentPage(())
        told = (
            documents.needed_id(one, "/AptNum")
            for one in rows
            if find(one, "/HistApptAction") == "Deleted"
            and self._is_since(find(one, "/HistDateTStamp"), since)
        )
        gone = [ref for ref in dict.fromkeys(told) if await self._is_gone(ref)]
        following = f"{_DELETED_PAGE} {following}" if following else None
        return AppointmentPage((), following, gone=tuple(gone))

    def _is_since(self, stamp: object, since: datetime) -> bool:
        at = documents.moment(stamp, self._zone)
        return at is None or at >= since.replace(microsecond=0)

    async def _is_gone(self, ref: str) -> bool:
        try:
            await self._read(self._profile.routes.get, self._client.named(ref))
        except PmsNotFound:
            return True
        return False

    async def _chairs(self) -> dict[str, documents.Chair]:
        return documents.chairs([one async for one in self._all(_OPERATORIES, {}, "/OperatoryNum")])

    def _days(self, start: datetime, end: datetime) -> dict[str, str]:
        """Return the days of a window by the practice's calendar, the last one included."""
        days = (one.astimezone(self._zone).date().isoformat() for one in (start, end))
        return dict(zip(("start", "end"), days, strict=True))

    async def _all(self, route: Route, values: Values, key: str) -> AsyncIterator[Any]:
        """Yield every row of a list. Raises as `_page` does."""
        cursor: str | None = None
        while True:
            rows, cursor = await self._page(route, values, cursor, key)
            for row in rows:
                yield row
            if cursor is None:
                return

    async def _page(
        self, route: Route, values: Values, cursor: str | None, key: str
    ) -> tuple[Sequence[Any], str | None]:
        """Return rows of a list that the page before did not have, and the cursor of the next.

        `key` is where a row's number stands. Raises PmsError.
        """
        rules = self._profile.paging
        offset, first, last = cursor.split(" ") if cursor else ("0", "", "")
        extra = [(rules.size_parameter, str(rules.size)), (rules.parameter, offset)]
        rows = self._rows(await self._read(route, values, extra if cursor else extra[:1]))
        ids = [documents.needed_id(one, key) for one in rows]
        if cursor and ids[:1] != [last]:
            if not ids:
                raise ContractDrift("a list ends where it should go on")
            if ids[0] == first:
                raise ContractDrift("a list repeats itself")
            raise PmsUnavailable("its list changed while it was read")
        following = None
        if len(rows) >= rules.size:
            reached = int(offset) + len(rows) - 1
            following = f"{reached} {ids[0]} {ids[-1]}"
            if reached >= MOST_PAGES * rules.size:
                raise ContractDrift("a list does not end")
        return rows[1:] if cursor else rows, following

    async def _read(self, route: Route, values: Values, extra: Sequence[tuple[str, str]] = ()) -> Answer:
        try:
            answer = await self._client.send(route, values, None, "", extra)
        except (NotSent, Lost) as error:
            raise PmsUnavailable(str(error)) from None
        if problem := self._problem(answer, is_write=False):
            raise problem
        return answer

    def _problem(self, answer: Answer, *, is_write: bool) -> PmsError | None:
        """Return what is wrong with an answer; a 400 is a refusal, or the office could not be reached."""
        if answer.status != 400:
            return failure(self._profile, answer, self._now(), is_write=is_write)
        words = _words(answer)
        if _NO_CONNECTION.search(words):
            said = say(f'it does not reach the practice and says "{words}"')
            return UnknownOutcome(said) if is_write else PmsUnavailable(said)
        return judged(answer, self._now(), refusal=words, is_write=is_write)

    def _document(self, answer: Answer) -> Any:
        return self._client.document(answer)

    def _rows(self, answer: Answer) -> list[Any]:
        rows = self._document(answer)
        if not isinstance(rows, list):
            raise ContractDrift("its answer holds no list")
        return rows


def _words(answer: Answer) -> str:
    """Return the explanation in an answer, which is a text in JSON or plain."""
    try:
        found = answer.json()
    except Unreadable:
        found = "" if answer.is_html else answer.body[:500].decode("utf-8", "replace")
    return clean(found[:200]).strip(' "') if isinstance(found, str) else ""
