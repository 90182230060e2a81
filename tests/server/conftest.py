"""A store with bookings of two practices, and desks at a server in front of it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from frontdesk.store.sql import SqlStore
from tests.making import fill
from tests.serving import Told, client_of, make_token, served, service_of

ON_POSTGRES_TOO = ["sqlite", pytest.param("postgres", marks=pytest.mark.full)]


@pytest.fixture(params=ON_POSTGRES_TOO)
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty store: what the server makes of HTTP has little to do with which."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


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
    """A desk that may read and cancel at all practices."""
    async with client_of(server, await make_token(filled)) as client:
        yield client
