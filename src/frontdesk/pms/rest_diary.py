"""The diary of a PMS with a REST interface, as its profile describes it.

Nothing here knows a vendor. Everything that an answer says is doubted.
"""

from collections.abc import AsyncIterator, Callable
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient
from frontdesk.pms import appointments, people, rosters
from frontdesk.pms.diary import Abilities, Block, Location, WeeklyHours
from frontdesk.pms.ids import bare, id_at
from frontdesk.pms.lists import Walk
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    ContractDrift,
    PmsNotFound,
    PmsPatient,
    PmsPractitioner,
    Unsupported,
)
from frontdesk.pms.profile import Paging, Profile
from frontdesk.pms.profile_routes import Blocks, Hours, List, Route
from frontdesk.pms.rest_client import RestClient
from frontdesk.pms.signing import SignIn
from frontdesk.pointers import find
from frontdesk.templates import Values, names_in

RouteT = TypeVar("RouteT", bound=Route)
IsMeant = Callable[[Appointment], bool]


class RestDiary:
    """What can be read of one account at a PMS that `profile` describes.

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
        self.abilities = abilities(profile)
        self._profile = profile
        self._client = RestClient(profile, root, common, client, sign_in, now)
        self._form = appointments.instant_format(profile.times, time_zone)
        self._links = f"{root}/" if profile.fields.ids_in_links else ""
        self._now = now

    async def ping(self) -> datetime | None:
        """Return the PMS's own time, from its answer or its `Date` header."""
        route = wanted(self._profile.routes.ping)
        answer = await self._client.read(route, {})
        if not route.time:
            return answer.sent_at
        return self._form.read(find(self._client.document(answer), route.time))

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return a page of the appointments that start from `start` until before `end`."""
        route = wanted(self._profile.routes.list)
        values = {"start": self._form.write(start), "end": self._form.write(end), "location": location}
        # Whether a PMS counts the edges in is nowhere written down.
        return await self._listed(route, values, cursor, location, lambda one: start <= one.starts_at < end)

    async def changes(
        self, since: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return a page of what was changed at `since` or later, by the PMS's clock."""
        route = wanted(self._profile.routes.changes, "it does not tell what has changed")
        values = {"since": self._form.write(since), "location": location}
        return await self._listed(route, values, cursor, location, lambda one: True)

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment; with its version, or ContractDrift where one is promised."""
        route = self._profile.routes.get
        answer = await self._client.read(route, self._client.named(ref))
        shown = self._shown(answer, route.item, ref)
        promised = self._profile.appointment_version
        if (promised.header or promised.field) and not shown.version:
            raise ContractDrift("an appointment without a version")
        return shown

    async def patient(self, ref: str) -> PmsPatient:
        """Return who a patient is. Raises PmsNotFound, with the id after a merge where the PMS tells it."""
        route = wanted(self._profile.routes.patient, "it tells nothing of patients")
        try:
            answer = await self._client.read(route, self._client.named(ref))
        except PmsNotFound as error:
            raise PmsNotFound(people.NO_PATIENT, error.successor) from None
        item = find(self._client.document(answer), route.item)
        found = people.patient(route, self._form, item, self._now())
        if found.ref != ref:
            raise ContractDrift("it answers with another patient")
        return found

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        route = wanted(self._profile.routes.practitioners)
        rows = self._rows(route, route.items, route.id, {}, paged=route.paged)
        return tuple([people.practitioner(route, row) async for row in rows])

    async def locations(self) -> tuple[Location, ...]:
        """Return the sites of the account."""
        route = wanted(self._profile.routes.locations, "it does not tell its locations")
        rows = self._rows(route, route.items, route.id, {}, paged=route.paged)
        return tuple([rosters.location(route, row) async for row in rows])

    async def blocks(self, start: datetime, end: datetime, location: str = "") -> tuple[Block, ...]:
        """Return the times off that touch `start` until before `end`."""
        route = wanted(self._profile.routes.blocks, "it does not tell times off")
        values = {"start": self._form.write(start), "end": self._form.write(end), "location": location}
        found: list[Block] = []
        async for row, whose in self._of_each(route, values, route.id, location):
            one = rosters.block(route, self._form, row, whose, self._links)
            if one is not None and one.starts_at < end and one.ends_at > start:
                found.append(one)
        return tuple(found)

    async def hours(self, location: str = "") -> tuple[WeeklyHours, ...]:
        """Return when each practitioner works."""
        route = wanted(self._profile.routes.hours, "it does not tell working hours")
        found: list[WeeklyHours] = []
        async for row, whose in self._of_each(route, {"location": location}, "", location):
            found += rosters.hours(route, row, whose, self._links)
        return tuple(found)

    def in_pages_of(self, size: int) -> "RestDiary":
        """Return the same diary, read in pages of `size` rows; both are closed together."""
        other = copy(self)
        paging = msgspec.structs.replace(self._profile.paging, size=size)
        other._profile = msgspec.structs.replace(self._profile, paging=paging)
        return other

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def _listed(
        self, route: List, values: Values, cursor: str | None, location: str, is_meant: IsMeant
    ) -> AppointmentPage:
        if location and not self._profile.fields.location:
            raise Unsupported("it does not tell at which location an appointment is")

        def is_wanted(one: Appointment) -> bool:
            return is_meant(one) and location in ("", one.location)

        if route.also:
            return await self._joined(route, values, is_wanted)
        page, walk = await self._page(route, values, Walk.at(cursor), is_wanted)
        total = None if walk.total is None else walk.total - walk.left_out
        return replace(page, cursor=walk.cursor, total=total)

    async def _joined(self, route: List, values: Values, is_wanted: IsMeant) -> AppointmentPage:
        """Return a list that several queries bring together, whole: each of them may have the same rows."""
        found: dict[str, Appointment] = {}
        gone: set[str] = set()
        without_time = 0
        for query in (route.query, *route.also):
            asked, walk, is_first = msgspec.structs.replace(route, query=query), Walk(), True
            while is_first or walk.cursor is not None:
                page, walk = await self._page(asked, values, walk, is_wanted)
                found |= {one.ref: one for one in page.appointments}
                gone |= {*page.gone}
                without_time, is_first = without_time + page.without_time, False
        shown = sorted((one for one in found.values() if one.ref not in gone), key=_place)
        return AppointmentPage(
            tuple(shown), None, without_time, len(shown) + without_time, tuple(sorted(gone))
        )

    async def _page(
        self, route: List, values: Values, walk: Walk, is_wanted: IsMeant
    ) -> tuple[AppointmentPage, Walk]:
        """Return one page of a list without its cursor, and how far the list is read with it."""
        rules, fields = self._profile.paging, self._profile.fields
        document, rows, url = await self._client.page(route, route.items, rules, values, walk.place)
        walk = walk.after(rules, document, rows, url, route.item + fields.id)
        items = [find(row, route.item) for row in rows]
        gone = [item for item in items if self._is_gone(item)]
        there = [item for item in items if item not in gone]
        timed = [item for item in there if find(item, fields.start) is not None]
        found = [self._read(item, {}) for item in timed]
        shown = tuple(one for one in found if is_wanted(one))
        walk = msgspec.structs.replace(walk, left_out=walk.left_out + len(gone) + len(found) - len(shown))
        refs = tuple(id_at(item, fields.id) for item in gone)
        return AppointmentPage(shown, None, len(there) - len(timed), gone=refs), walk

    async def _of_each(
        self, route: Blocks | Hours, values: Values, id_pointer: str, location: str
    ) -> AsyncIterator[tuple[Any, str]]:
        """Yield the rows of a list, each with whose it is where it is asked for each practitioner."""
        whose = [""]
        if "id" in names_in(route.path):
            whose = [one.ref for one in await self.practitioners() if one.is_active]
        for ref in whose:
            known = {**values, **(self._client.named(ref) if ref else {})}
            async for row in self._rows(route, route.items, id_pointer, known, paged=route.paged):
                if not (location and route.location) or self._site(row, route.location) == location:
                    yield row, ref

    async def _rows(
        self, route: Route, pointer: str, id_pointer: str, values: Values, *, paged: bool
    ) -> AsyncIterator[Any]:
        """Yield every row of a list."""
        rules = self._profile.paging if paged else Paging()
        walk, is_first = Walk(), True
        while is_first or walk.cursor is not None:
            document, rows, url = await self._client.page(route, pointer, rules, values, walk.place)
            walk, is_first = walk.after(rules, document, rows, url, id_pointer), False
            for row in rows:
                yield row

    def _site(self, row: Any, pointer: str) -> str:
        return bare(id_at(row, pointer), self._links)

    def _is_gone(self, item: Any) -> bool:
        return appointments.is_gone(self._form, item, self._profile.status.gone)

    def _read(self, item: Any, headers: Any) -> Appointment:
        return appointments.appointment(self._profile, self._form, item, headers, self._links)

    def _shown(self, answer: Answer, pointer: str, ref: str | None) -> Appointment:
        """Return the appointment in an answer, which must be the one asked for."""
        item = find(self._client.document(answer), pointer)
        if self._is_gone(item):
            raise PmsNotFound("it was deleted there")
        shown = self._read(item, answer.headers)
        if ref is not None and shown.ref != ref:
            raise ContractDrift("it answers with another appointment")
        return shown


def wanted(route: RouteT | None, why_not: str = "it cannot do that from outside") -> RouteT:
    """Return a route. Raises Unsupported where the profile has none."""
    if route is None:
        raise Unsupported(why_not)
    return route


def abilities(profile: Profile) -> Abilities:
    """Return what can be read of a PMS, by its profile."""
    routes = profile.routes
    return Abilities(
        profile.name,
        changed_since=routes.changes is not None,
        shows_cancelled=profile.reading.shows_cancelled,
        shows_deleted=profile.reading.shows_deleted,
        id_survives_move=profile.reading.id_survives_move,
        has_patients=routes.patient is not None,
        has_locations=routes.locations is not None,
        has_blocks=routes.blocks is not None,
        has_hours=routes.hours is not None,
        page_size=profile.paging.size,
        per_minute=profile.limits.per_minute if profile.limits else 0,
    )


def _place(one: Appointment) -> tuple[datetime, str]:
    return one.starts_at, one.ref
