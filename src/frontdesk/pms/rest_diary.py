"""The diary of a PMS with a REST interface, as its profile describes it.

Nothing here knows a vendor. Everything that an answer says is doubted.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from frontdesk.http_answers import Answer
from frontdesk.http_client import HttpClient
from frontdesk.pms import appointments, paging
from frontdesk.pms.diary import Abilities, Block, Location, WeeklyHours
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    ContractDrift,
    PmsPatient,
    PmsPractitioner,
    Unsupported,
)
from frontdesk.pms.profile import Paging, Profile, Route
from frontdesk.pms.rest_client import RestClient
from frontdesk.pms.signing import SignIn
from frontdesk.pointers import find
from frontdesk.templates import Values

RouteT = TypeVar("RouteT", bound=Route)


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
        if location:
            raise Unsupported("it tells no locations")
        values = {"start": self._form.write(start), "end": self._form.write(end)}
        rules = self._profile.paging
        document, items, url = await self._client.page(route, route.items, rules, values, cursor)
        timed = [item for item in items if find(item, self._profile.fields.start) is not None]
        root = self._client.root
        found = [appointments.appointment(self._profile, self._form, item, {}, root) for item in timed]
        # Whether a PMS counts the edges in is nowhere written down.
        inside = tuple(one for one in found if start <= one.starts_at < end)
        following = paging.following(rules, document, items, cursor, url)
        return AppointmentPage(inside, following, without_time=len(items) - len(timed))

    async def changes(
        self, since: datetime, cursor: str | None = None, location: str = ""
    ) -> AppointmentPage:
        """Return what was changed at `since` or later, by the PMS's clock. Raises Unsupported."""
        raise Unsupported("it does not tell what has changed")

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
        """Return who a patient is. Raises Unsupported."""
        raise Unsupported("it tells nothing of patients")

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        route = wanted(self._profile.routes.practitioners)
        found: list[PmsPractitioner] = []
        rules = self._profile.paging if route.paged else Paging()
        cursor: str | None = None
        while True:
            document, items, url = await self._client.page(route, route.items, rules, {}, cursor)
            found += [appointments.practitioner(route, item) for item in items]
            cursor = paging.following(rules, document, items, cursor, url)
            if cursor is None:
                return tuple(found)

    async def locations(self) -> tuple[Location, ...]:
        """Return the sites of the account. Raises Unsupported."""
        raise Unsupported("it tells no locations")

    async def blocks(self, start: datetime, end: datetime, location: str = "") -> tuple[Block, ...]:
        """Return the times off that touch `start` until before `end`. Raises Unsupported."""
        raise Unsupported("it tells no times off")

    async def hours(self, location: str = "") -> tuple[WeeklyHours, ...]:
        """Return when each practitioner works. Raises Unsupported."""
        raise Unsupported("it tells no working hours")

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _shown(self, answer: Answer, pointer: str, ref: str | None) -> Appointment:
        """Return the appointment in an answer, which must be the one asked for."""
        item = find(self._client.document(answer), pointer)
        root = self._client.root
        shown = appointments.appointment(self._profile, self._form, item, answer.headers, root)
        if ref is not None and shown.ref != ref:
            raise ContractDrift("it answers with another appointment")
        return shown


def wanted(route: RouteT | None) -> RouteT:
    """Return a route. Raises Unsupported where the profile has none."""
    if route is None:
        raise Unsupported("it cannot do that from outside")
    return route


def abilities(profile: Profile) -> Abilities:
    """Return what can be read of a PMS, by its profile."""
    return Abilities(profile.name, page_size=profile.paging.size)
