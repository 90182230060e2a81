"""Desks at one store: here, where its database is, or far, by way of a server and with a token."""

from contextlib import AsyncExitStack
from typing import Protocol

from frontdesk.bookings import Standing
from frontdesk.http_client import SECONDS
from frontdesk.store.far.store import RemoteStore
from frontdesk.store.opening import open_store
from frontdesk.store.port import DeliveryQueue, Registry
from frontdesk.store.sql.store import SqlStore
from tests.making import LEE, Store


class OpenDesk(Protocol):
    """Opens a desk that is closed at the end of the test."""

    async def __call__(self, standing: Standing | None = None, /) -> Store:
        """Return a desk that may do what `standing` says, by default everything."""
        ...


class DesksHere:
    """Opens the store itself."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url, self._stack = url, stack

    async def __call__(self, standing: Standing | None = None, /) -> SqlStore:
        store = await open_store(self._url, standing=standing)
        self._stack.push_async_callback(store.close)
        return store


class FarDesk(RemoteStore):
    """A desk at a server, and past the server the store itself, so that tests can fill it."""

    def __init__(self, url: str, token: str, behind: SqlStore, *, seconds: float = SECONDS) -> None:
        super().__init__(url, token, seconds=seconds)
        self.url, self.token, self.behind = url, token, behind

    @property
    def registry(self) -> Registry:
        return self.behind.registry

    @property
    def queue(self) -> DeliveryQueue:
        return self.behind.queue


class FarDesks:
    """Serves the store on loopback from the first desk on; tokens have the name of LEE's."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url, self._stack = url, stack
        self._served: tuple[str, SqlStore] | None = None

    async def __call__(self, standing: Standing | None = None, /) -> FarDesk:
        # What a server needs takes a while to load, and most tests need none.
        from tests.serving import make_token, served, service_of

        if self._served is None:
            behind = await DesksHere(self._url, self._stack)()
            self._served = await self._stack.enter_async_context(served(service_of(behind))), behind
        url, behind = self._served
        standing = standing or Standing()
        token = await make_token(behind, LEE.via, scopes=standing.scopes, practices=standing.practices)
        desk = FarDesk(url, token, behind)
        self._stack.push_async_callback(desk.close)
        return desk
