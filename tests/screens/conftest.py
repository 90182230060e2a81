"""Fixtures: one filled store a run, copied for each test, and an app on it."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from frontdesk.app import FrontdeskApp
from frontdesk.store.opening import open_store
from tests.screens.desk_data import KIM, NOW, PRACTICES, everything
from tests.screens.front import Front, StillClock, desk_on

FrontOpener = Callable[..., AbstractAsyncContextManager[Front]]


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the practices and bookings of `desk_data`, made once."""
    import asyncio

    path = tmp_path_factory.mktemp("filled") / "store" / "frontdesk.db"

    async def fill() -> None:
        store = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
        await store.registry.apply_practices(PRACTICES, KIM)
        await store.registry.load(everything(), KIM, "tests")
        await store.close()

    asyncio.run(fill())
    return path


@pytest.fixture
def store_path(filled_store: Path, tmp_path: Path) -> Path:
    """A copy of the filled store for one test."""
    path = tmp_path / "frontdesk.db"
    shutil.copy(filled_store, path)
    path.chmod(0o600)
    return path


@pytest.fixture
def open_front(store_path: Path) -> FrontOpener:
    """Open a front desk on this test's store: `async with open_front(size=(80, 24)) as front`."""

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (80, 24), **desk: Any) -> AsyncIterator[Front]:
        clock, reports = desk.pop("clock", None) or StillClock(), []
        app = FrontdeskApp(desk_on(desk.pop("path", store_path), clock, reports, **desk))
        async with app.run_test(size=size) as pilot:
            front = Front(app, pilot, clock, reports)
            await pilot.pause()
            while app.open_desk is None:
                await pilot.pause(0.01)
            await front.idle()
            yield front
        assert not reports, reports

    return opened


@pytest.fixture
async def front(open_front: FrontOpener) -> AsyncIterator[Front]:
    """A front desk at 80 by 24."""
    async with open_front() as opened:
        yield opened
