"""Requests to one account at a PMS with a REST interface, as its profile describes them.

Everything that an answer says is doubted, and nothing is sent twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from frontdesk.http_answers import Answer, Unreadable
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms import paging
from frontdesk.pms.outcomes import failure
from frontdesk.pms.port import ContractDrift, PmsUnavailable, RateLimited, Rejected
from frontdesk.pms.profile import Paging, Profile
from frontdesk.pms.profile_routes import Route
from frontdesk.pms.signing import SignIn
from frontdesk.pms.token_bucket import TokenBucket
from frontdesk.pointers import find
from frontdesk.templates import Values, fill, fill_path, is_empty
from frontdesk.text import clean

_LONGEST_PAUSE = timedelta(seconds=2)
_ASKS_FOR_REFS = frozenset("/\\?#%")


class RestClient:
    """Sends what a profile says for one account, at the pace that it allows.

    `root` is the address that its routes begin with, `common` what stands for the names that
    all of them know. `client` is closed with it.
    """

    def __init__(
        self,
        profile: Profile,
        root: str,
        common: Values,
        client: HttpClient,
        sign_in: SignIn,
        now: Callable[[], datetime],
    ) -> None:
        self.root = root
        self.common = common
        self._profile = profile
        self._client = client
        self._sign_in = sign_in
        self._now = now
        limits = profile.limits
        self._bucket = TokenBucket(limits.per_minute, limits.burst) if limits else None

    async def page(
        self, route: Route, pointer: str, rules: Paging, values: Values, place: str | None
    ) -> tuple[Any, Sequence[Any], str]:
        """Return a page of a list: the document, what stands at `pointer`, and where it came from.

        `place` is what `paging.following` said of the page before. Raises PmsError.
        """
        link = paging.place(place)[1] if rules.kind == "next-link" else ""
        answer = await self.read(route, values, link=link, extra=paging.parameters(rules, place))
        document = self.document(answer)
        items = find(document, pointer)
        if not isinstance(items, list):
            raise ContractDrift("its answer holds no list")
        return document, items, link or self.root

    async def read(
        self, route: Route, values: Values, link: str = "", extra: Sequence[tuple[str, str]] = ()
    ) -> Answer:
        """Return the answer to a request that changes nothing. Raises PmsError."""
        try:
            answer = await self.send(route, values, None, link, extra)
        except (NotSent, Lost) as error:
            raise PmsUnavailable(str(error)) from None
        if problem := failure(self._profile, answer, self._now(), is_write=False):
            raise problem
        return answer

    async def send(
        self,
        route: Route,
        values: Values,
        body: dict[str, Any] | None,
        link: str = "",
        extra: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Return the answer to a request, whatever it says. Raises PmsError, NotSent, Lost."""
        await self._pace()
        known = {**self.common, **values}
        url = link or self.root + fill_path(route.path, known)
        params = [] if link else [*_query(self._profile.query, known), *_query(route.query, known), *extra]
        own = {**self._profile.headers, **route.headers}
        headers = {header: fill(text, known) for header, text in own.items() if not is_empty(text, known)}
        return await self._sign_in.signed(
            lambda signature: self._client.send(
                route.method, url, headers={**headers, **signature}, params=params, json=body
            )
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def named(self, ref: str) -> Values:
        """Return what names one thing of the PMS. Raises Rejected for what cannot be an id."""
        if (
            not ref
            or ref.strip(".") == ""
            or clean(ref) != ref
            or _ASKS_FOR_REFS & set(ref)
            or len(ref) > 200
        ):
            raise Rejected("the booking's reference there cannot be right")
        return {"id": ref}

    def document(self, answer: Answer) -> Any:
        """Return the JSON of an answer. Raises ContractDrift."""
        try:
            return answer.json()
        except Unreadable as error:
            raise ContractDrift(str(error)) from None

    async def _pace(self) -> None:
        if self._bucket is None:
            return
        now = self._now()
        pause = self._bucket.take(now)
        if pause > _LONGEST_PAUSE:
            self._bucket.give_back()
            raise RateLimited("we ask it too often", now + pause)
        await asyncio.sleep(pause.total_seconds())


def _query(templates: Any, values: Values) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, template in templates.items():
        for text in (template,) if isinstance(template, str) else template:
            if not is_empty(text, values):
                found.append((name, fill(text, values)))
    return found
