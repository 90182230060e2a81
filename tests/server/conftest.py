"""A store with bookings of two practices, and desks at a server in front of it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from frontdesk.store.sql import SqlStore
from tests.making import fill
from tests.serving import Told, bearer, make_token, served, service_of

ADELAIDE_ONLY = frozenset({"adelaide"})


@pytest.fixture
def told() -> Told:
    """What the server of this test tells the rest of its program."""
    return Told()


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """A store with 64 bookings, the odd ids at `adelaide`, the even ones at `perth`; 33 to 64 are to come."""
    await fill(store, 64)
    return store


@pytest.fixture
async def server(filled: SqlStore, told: Told) -> AsyncIterator[str]:
    """The address of a server in front of `filled`."""
    async with served(service_of(filled, told)) as url:
        yield url


@pytest.fixture
async def desk(server: str, filled: SqlStore) -> AsyncIterator[httpx.AsyncClient]:
    """A desk that may do everything at all practices."""
    async with httpx.AsyncClient(base_url=server, headers=bearer(await make_token(filled))) as client:
        yield client
