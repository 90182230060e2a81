"""Changes as a server tells them: one stream in the background, taken up again where it broke off."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from frontdesk.api import wire
from frontdesk.api.event_stream import Event, EventReader, is_comment
from frontdesk.bookings import Operator
from frontdesk.errors import FrontdeskError, Unauthorised, Unavailable
from frontdesk.pauses import pause
from frontdesk.store.far.client import Api
from frontdesk.store.port import CHANGES_AT_ONCE, STORE, Change

PATH = "/changes"
IDLE_SECONDS = 25.0
"""The server says something every 10 s: a stream silent for longer has lost its other end."""

_KEPT = 4 * CHANGES_AT_ONCE
_PAUSES = (0.25, 0.5, 1.0, 2.0, 4.0)
_STEADY_SECONDS = 5.0
"""A stream that lasted for so long was in order: the next one is opened without a pause."""

_RESET = "reset"


class ChangeStream:
    """The changes that the server sends, from the first call of `wait` on.

    It keeps changes above `_start`, and reads no further when they are too many; who wants
    older ones has it begin again.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._following: asyncio.Task[None] | None = None
        self._start = self._position = 0
        self._store_id = ""
        self._kept: deque[Change] = deque()
        self._reset: Change | None = None
        self._is_open = self._was_away = False
        self._fault: FrontdeskError | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def wait(self, after: int, seconds: float, store_id: str = "") -> tuple[Change, ...]:
        """Return changes above `after`; see BookingStore.changes.

        While the server is away it raises at once. The first call after the server is back
        returns no changes, at once.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        if (
            self._following is None
            or self._following.done()
            or after < self._start
            or store_id not in ("", self._store_id)
        ):
            await self._begin(after, store_id)
        self._make_room(after)
        while True:
            news = self._news
            if found := tuple(self._above(after)):
                return found
            if self._following is not None and self._following.done():
                self._following.result()
            if self._fault is not None:
                self._was_away = True
                raise type(self._fault)(self._fault.hint)
            if self._was_away and self._is_open:
                self._was_away = False
                return ()
            left = deadline - loop.time()
            if left <= 0:
                return ()
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), left)

    async def look(self, after: int, store_id: str = "") -> tuple[Change, ...]:
        """Return changes above `after` that there are now: the server says when it has told them."""
        found: list[Change] = []
        reader = EventReader()
        async with self._api.listen(PATH, [("after", str(after)), *_of(store_id)], {}, IDLE_SECONDS) as lines:
            async for line in lines:
                if is_comment(line) or len(found) == CHANGES_AT_ONCE:
                    break
                if event := reader.take(line):
                    found.append(_change(event))
        return tuple(found)

    def _above(self, after: int) -> Iterator[Change]:
        if self._reset is not None:
            # The store went back to an earlier number, and so must who reads it.
            yield self._reset
            self._reset = None
            return
        yield from [change for change in self._kept if change.number > after][:CHANGES_AT_ONCE]

    async def _begin(self, after: int, store_id: str) -> None:
        await self.close()
        self._kept.clear()
        self._store_id = store_id
        self._start = self._position = after
        self._reset = self._fault = None
        self._following = asyncio.create_task(self._follow())
        self._following.add_done_callback(lambda _: self._wake())

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            opened_at = None
            try:
                headers = {"Last-Event-ID": str(self._position)}
                async with self._api.listen(PATH, _of(self._store_id), headers, IDLE_SECONDS) as lines:
                    opened_at = loop.time()
                    self._tell(is_open=True)
                    await self._take(lines)
            except FrontdeskError as error:
                fault: FrontdeskError = error if isinstance(error, Unauthorised) else Unavailable(error.hint)
            # That a stream ends may mean no more than that a proxy lets none last for long.
            if opened_at is None or failures:
                self._tell(fault=fault)
            was_steady = opened_at is not None and loop.time() - opened_at >= _STEADY_SECONDS
            failures = 0 if was_steady else failures + 1
            if opened_at is None or failures > 1:
                await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        # A server that starts again must not meet all its desks in the same moment.
        await asyncio.sleep(pause(_PAUSES, failures) * random.uniform(0.5, 1.0))  # noqa: S311

    def _tell(self, *, is_open: bool = False, fault: FrontdeskError | None = None) -> None:
        self._is_open, self._fault = is_open, fault
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _take(self, lines: AsyncIterator[str]) -> None:
        reader = EventReader()
        async for line in lines:
            event = reader.take(line)
            if event is None:
                continue
            change = _change(event)
            self._position = change.number
            if event.name == _RESET:
                self._kept.clear()
                self._start, self._reset = 0, change
                self._store_id = wire.decode(event.data.encode(), wire.Reset).store_id
            else:
                self._kept.append(change)
            self._wake()
            while len(self._kept) >= _KEPT:
                self._room.clear()
                await self._room.wait()

    def _make_room(self, after: int) -> None:
        if len(self._kept) >= _KEPT:
            while self._kept and self._kept[0].number <= after:
                self._start = self._kept.popleft().number
            self._room.set()

    async def close(self) -> None:
        """Hang up. Calling it twice is harmless."""
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.wait([following])


def _of(store_id: str) -> list[tuple[str, str]]:
    """Return the parameter that says which store the numbers are known of."""
    return [("store", store_id)] if store_id else []


def _change(event: Event) -> Change:
    """Return what an event tells. Raises Unavailable for what no frontdesk server says."""
    try:
        if event.name == _RESET:
            number = wire.decode(event.data.encode(), wire.Reset).number
            return Change(number, STORE, None, Operator(""), datetime.min.replace(tzinfo=UTC))
        return wire.decode(event.data.encode(), Change)
    except ValueError:
        raise Unavailable("The server tells of changes in words that this desk does not know.") from None
