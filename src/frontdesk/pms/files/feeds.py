"""Where a calendar comes from: a file that is watched, or an address that is asked again and again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from frontdesk.credentials import Secrets
from frontdesk.errors import FrontdeskError
from frontdesk.exchange.sources import unpacked
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms.files.watch import Stamp, Watch
from frontdesk.pms.outcomes import judged, say
from frontdesk.pms.port import ContractDrift, PmsUnauthorised, PmsUnavailable

FRESH = timedelta(minutes=1)
"""A feed is not asked for again earlier: one run reads many days of it."""

_GONE = "there is no calendar at its address any more: was another address made for it?"
_MOVED = {"webcal://": "https://", "webcals://": "https://"}


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar as it was at `as_of`; `name` is its file's, empty where it has none."""

    content: bytes = field(repr=False)
    as_of: datetime
    name: str = ""


class Feeds(Protocol):
    """Where the newest calendar comes from. Raises `PmsError` and nothing else."""

    async def look(self) -> None:
        """Look whether there is one."""
        ...

    async def newest(self) -> Feed:
        """Return the newest one."""
        ...

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        ...


class WatchedFeed:
    """The newest calendar file that stands still, of `limit` bytes at most."""

    def __init__(self, watch: Watch, limit: int, now: Callable[[], datetime]) -> None:
        self._watch = watch
        self._limit = limit
        self._now = now
        self._held: tuple[Stamp, Feed] | None = None

    async def look(self) -> None:
        await self._watch.newest()

    async def newest(self) -> Feed:
        stamp = await self._watch.settled()
        if self._held is None or self._held[0] != stamp:
            content = await asyncio.to_thread(self._content, stamp)
            self._held = stamp, Feed(content, min(stamp.written_at, self._now()), stamp.path.name)
        return self._held[1]

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _content(self, stamp: Stamp) -> bytes:
        try:
            with stamp.path.open("rb") as file:
                content = unpacked(file).read(self._limit + 1)
        except OSError:
            stamp.check()
            raise PmsUnavailable(f"{stamp.path.name} cannot be read") from None
        except Exception:
            stamp.check()
            raise ContractDrift(f"{stamp.path.name} is damaged or cut off") from None
        stamp.check()
        return content


class WebFeed:
    """A calendar at an address that is a secret: it is in no sentence, and asked for again only if it changed.

    `ETag` and `Last-Modified` (RFC 9110, 13.1) are honoured where the server tells them.
    """

    def __init__(
        self, client: HttpClient, secrets: Secrets, credential: str, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._secrets = secrets
        self._credential = credential
        self._now = now
        self._held: Feed | None = None
        self._asked_at: datetime | None = None
        self._unless: dict[str, str] = {}

    async def look(self) -> None:
        await self.newest()

    async def newest(self) -> Feed:
        now = self._now()
        if self._held is not None and self._asked_at is not None and now - self._asked_at < FRESH:
            return self._held
        address = await self._address()
        try:
            answer = await self._client.fetch(address, headers={"Accept": "text/calendar", **self._unless})
        except (NotSent, Lost) as error:
            raise PmsUnavailable(say(str(error))) from None
        if answer.status == 304 and self._held is not None:
            # What it was then it still is now.
            self._held = Feed(self._held.content, now)
        else:
            if answer.status in (404, 410):
                raise PmsUnauthorised(_GONE)
            if problem := judged(answer, now, is_write=False):
                raise problem
            told = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
            self._unless = {
                name: value
                for name, of in told.items()
                if (value := answer.headers.get(of, "")).isprintable() and value
            }
            self._held = Feed(answer.body, now)
        self._asked_at = now
        return self._held

    async def close(self) -> None:
        await self._client.close()

    async def _address(self) -> str:
        try:
            address = await asyncio.to_thread(self._secrets, self._credential)
        except FrontdeskError:
            said = f"this machine has no secret called {self._credential} that can be used"
            raise PmsUnauthorised(say(said)) from None
        for scheme, instead in _MOVED.items():
            if address.lower().startswith(scheme):
                return instead + address[len(scheme) :]
        return address
