"""A second desk, and a store with a few bookings in it; desks are here, or at a server.

Tests marked `far_too` run with desks at a server as well, unless they are marked `only_here`;
with `full=True` only the full suite does that.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from frontdesk import diary_schedule
from frontdesk.bookings import Booking
from frontdesk.store.sql.store import SqlStore
from tests.contract.desks import DesksHere, FarDesks, OpenDesk
from tests.contract.queueing import Desk
from tests.contract.reads import Reads
from tests.making import KIM, Store, make_incoming, make_practice

HERE, FAR = "here", "far"
DESKS = [
    pytest.param("sqlite", HERE, id="sqlite"),
    pytest.param("postgres", HERE, id="postgres"),
    pytest.param("postgres", FAR, id="far-postgres", marks=pytest.mark.full),
]


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    far_too = metafunc.definition.get_closest_marker("far_too")
    if far_too and not metafunc.definition.get_closest_marker("only_here"):
        marks = [pytest.mark.full] if far_too.kwargs.get("full") else []
        desks = [*DESKS, pytest.param("sqlite", FAR, id="far-sqlite", marks=marks)]
        # Only what a mark says is known to win over the parameters that store_url has itself.
        metafunc.definition.add_marker(pytest.mark.parametrize(("store_url", "reach"), desks, indirect=True))


@pytest.fixture
def reach(request: pytest.FixtureRequest) -> str:
    """How desks come to their store."""
    way: str = getattr(request, "param", HERE)
    return way


@pytest.fixture
async def open_desk(store_url: str, reach: str) -> AsyncIterator[OpenDesk]:
    """Opens desks at one store."""
    async with AsyncExitStack() as stack:
        yield DesksHere(store_url, stack) if reach == HERE else FarDesks(store_url, stack)


@pytest.fixture
async def store(open_desk: OpenDesk) -> Store:
    """An empty store that this desk may do everything with, on each database in turn."""
    return await open_desk()


@pytest.fixture
async def other(open_desk: OpenDesk, store: Store) -> Store:
    """Another desk at the same store."""
    return await open_desk()


@pytest.fixture
async def booking(store: Store) -> Booking:
    """Amelia Wilson's booking in three days, at a practice whose PMS can cancel."""
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (found,) = await store.find("A1")
    return found


@pytest.fixture
async def desk(store: SqlStore, store_url: str) -> Desk:
    """A practice whose PMS can cancel; nothing is cancelled yet."""
    await store.registry.apply_practices([make_practice()], KIM)
    return Desk(store, store_url)


@pytest.fixture
async def pms_only(store: SqlStore, store_url: str) -> Desk:
    """A practice that has nothing but its PMS told."""
    await store.registry.apply_practices([make_practice(email="", patient_channels=())], KIM)
    return Desk(store, store_url)


@pytest.fixture
async def reads(store: SqlStore, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Reads:
    """A practice whose diary was never read, with three appointments in it, and not many days to compare."""
    monkeypatch.setattr(diary_schedule, "BACK", timedelta(days=3))
    monkeypatch.setattr(diary_schedule, "AHEAD", timedelta(days=20))
    await store.registry.apply_practices([make_practice()], KIM)
    found = Reads(store, store_url)
    found.book(3)
    return found
