"""A store with bookings of two practices, and desks at a server in front of it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvloop

from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.making import fill
from tests.serving import Told, client_of, make_token, served, service_of

ON_POSTGRES_TOO = ["sqlite", pytest.param("postgres", marks=pytest.mark.full)]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run these tests on the loop that `frontdesk serve` runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store as `filled` says, for tests to copy: to make one takes longer than most of them."""
    file = tmp_path_factory.mktemp("filled") / "frontdesk.db"

    async def make() -> None:
        store = await open_store(f"sqlite:///{file}")
        await _fill(store)
        await store.close()

    asyncio.run(make())
    return file


async def _fill(store: SqlStore) -> None:
    await fill(store, 64, now=datetime.now(UTC) + timedelta(hours=4))


@pytest.fixture(params=ON_POSTGRES_TOO)
def store_url(request: pytest.FixtureRequest, tmp_path: Path, filled_file: Path) -> str:
    """The address of a store: what the server makes of HTTP has little to do with which."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    shutil.copy(filled_file, folder)
    return f"sqlite:///{folder / filled_file.name}"


@pytest.fixture
def told() -> Told:
    """What the server of this test tells the rest of its program."""
    return Told()


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """64 bookings, the odd ids at `adelaide`, the even ones at `perth`; 1 to 14 are past, 33 to 64 to come."""
    if not (await store.state()).bookings:
        await _fill(store)
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
