"""Deliveries carried out beside something else: a screen, a server, a wait for the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from frontdesk.cli import crash
from frontdesk.cli.outside import Outside
from frontdesk.config import Config
from frontdesk.errors import FrontdeskError
from frontdesk.outbox import Dispatcher
from frontdesk.store.port import BookingStore
from frontdesk.threads import abandonable

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore

WATCH_SECONDS = 20.0
"""How long changes are waited for at a time, and how long a store that is away is left alone."""


def dispatcher(store: "SqlStore", config: Config, outside: Outside) -> Dispatcher:
    """Return who carries out what this installation reaches. Blocks as `Outside.connections` does."""
    return Dispatcher(store.queue, outside.connections, outside.carriers, config.retry, crash.report)


@asynccontextmanager
async def dispatching(store: "SqlStore", config: Config, outside: Outside) -> AsyncIterator[Dispatcher]:
    """Carry deliveries out as long as the context lasts; what is under way then gets a moment to end well.

    What other desks write is carried out at once, not when the dispatcher looks next.
    """
    carrying = dispatcher(store, config, outside)
    number = (await store.state()).number
    tasks = [
        asyncio.create_task(carrying.run()),
        asyncio.create_task(wake_for_others(store, number, carrying.wake)),
    ]
    try:
        yield carrying
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def wake_for_others(store: BookingStore, number: int, wake: Callable[[], None]) -> None:
    """Have what desks write after change `number` carried out at once."""
    while True:
        try:
            changes = await store.changes(number, WATCH_SECONDS)
        except Exception as error:
            if not isinstance(error, FrontdeskError):
                crash.report(error)
            await asyncio.sleep(WATCH_SECONDS)
            continue
        if changes:
            number = changes[-1].number
        if any(change.makes_due for change in changes):
            wake()


class BesideTheScreen:
    """Carries deliveries out for the screen, on the store that the screen has opened; see desk.Dispatch.

    `say` takes sentences for line 3 of Bookings.
    """

    _store: "SqlStore"

    def __init__(self, config: Config, outside: Outside, say: Callable[[str], None]) -> None:
        self._config = config
        self._outside = outside
        self._say = say
        self._dispatcher: Dispatcher | None = None
        self._is_open = asyncio.Event()

    def opened(self, store: "SqlStore") -> None:
        """Take note of the store: there is nothing to carry out before it is there."""
        self._store = store
        self._is_open.set()

    async def prepare(self) -> None:
        """Look for the secrets, and say which connections lack theirs."""
        for problem in await abandonable(lambda: self._outside.problems):
            self._say(problem)

    async def run(self) -> None:
        """Carry out deliveries until cancelled; without a connection that can be reached there are none."""
        await self._is_open.wait()
        if await abandonable(lambda: self._outside.connections):
            self._dispatcher = dispatcher(self._store, self._config, self._outside)
            async with self._reading():
                await self._dispatcher.run()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[None]:
        """Have diaries read too where the store is this account's own file: elsewhere a server or a service does it."""
        config = self._config
        if not config.reads_diaries or config.file is None or config.store_file is None:
            yield
            return
        from frontdesk.cli.diaries import read_beside

        task = asyncio.create_task(read_beside(config.file, crash.report))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def wake(self) -> None:
        """Look at once: something became due just now."""
        if self._dispatcher is not None:
            self._dispatcher.wake()

    async def left_alone(self) -> int:
        """Return how many deliveries under way would wait if this dispatcher left now."""
        await self._is_open.wait()
        return await self._store.queue.unattended(self._dispatcher.id if self._dispatcher else "")
