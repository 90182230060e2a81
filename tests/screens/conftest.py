"""Fixtures: one filled store a run, copied for each test, and an app on it."""

import asyncio
import dataclasses
import shutil
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import screen
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from frontdesk.app import FrontdeskApp
from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Operator, Practice
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION
from frontdesk.screens.list import meant, pane, store_watch
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.screens.cuts import Cut
from tests.screens.desk_data import HOSTILE_NAME, HOSTILE_NAMES, KIM, NOW, PRACTICES, everything, kovacs
from tests.screens.front import Front, StillClock, desk_on

DISPATCHER, EVERY_CONNECTION = "tests", {"smile", MAIL_CONNECTION, SMS_CONNECTION}
"""A dispatcher that is alive at the time of the tests, and carries nothing out."""


@pytest.fixture(scope="session", autouse=True)
def _style_sheets_are_parsed_once() -> Iterator[None]:
    # Textual remembers what it has parsed for one app alone: a fifth of a start is parsing.
    parse = Stylesheet._parse_rules
    parsed: dict[Hashable, list[RuleSet]] = {}

    def remembered(self: Stylesheet, css: str, **how: Any) -> list[RuleSet]:
        key = (css, *sorted(how.items()), frozenset(self._variables.items()))
        if key not in parsed:
            parsed[key] = parse(self, css, **how)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", remembered)
        yield


@pytest.fixture(autouse=True)
def keys_never_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the screen asks when the keys rest would come in the middle of a test, or not; see `meant`."""
    monkeypatch.setattr(meant, "REST", 3600.0)


@pytest.fixture(autouse=True)
def _keys_never_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    # Else what a wide window shows would depend on how long a test takes.
    monkeypatch.setattr(pane, "REST", 3600.0)


@pytest.fixture(scope="session", autouse=True)
def _painted_at_once() -> Iterator[None]:
    # Textual waits up to a sixtieth of a second before it paints, and a test presses many keys.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screen, "UPDATE_PERIOD", 0.002)
        yield


FrontOpener = Callable[..., AbstractAsyncContextManager[Front]]


async def _fill(path: Path, practices: tuple[Practice, ...], bookings: list[IncomingBooking]) -> None:
    store = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
    if practices:
        await store.registry.apply_practices(practices, KIM)
        await store.registry.load(bookings, KIM, "tests")
        await store.queue.heartbeat(DISPATCHER, EVERY_CONNECTION)
    await store.close()


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the practices and bookings of `desk_data`, made once."""
    path = tmp_path_factory.mktemp("filled") / "frontdesk.db"
    asyncio.run(_fill(path, PRACTICES, everything()))
    return path


@pytest.fixture
async def one_practice_store(tmp_path: Path) -> Path:
    """A store of one practice only, with its bookings."""
    path = tmp_path / "one.db"
    await _fill(path, PRACTICES[:1], [one for one in everything() if one.practice_id == PRACTICES[0].id])
    return path


@pytest.fixture
async def empty_store(tmp_path: Path) -> Path:
    """A store on its first morning: no practice, no booking."""
    path = tmp_path / "empty.db"
    await _fill(path, (), [])
    return path


@pytest.fixture
async def store_without_bookings(tmp_path: Path) -> Path:
    """A store that knows its practice and has no booking yet."""
    path = tmp_path / "no-bookings.db"
    await _fill(path, PRACTICES[:1], [])
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
        clock = desk.pop("clock", None) or StillClock()
        reports: list[BaseException] = []
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


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> list[Cut]:
    """The store that `wrap` will have put in front of the real one; it is asked often."""
    monkeypatch.setattr(store_watch, "ASK_AWAY", 0.01)
    monkeypatch.setattr(store_watch, "ASK_SHUT_OUT", 0.01)
    return []


@pytest.fixture
async def hostile_store(tmp_path: Path) -> Path:
    """A store in which every text from outside is hostile."""
    path = tmp_path / "hostile.db"
    store = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
    await store.registry.apply_practices(
        [dataclasses.replace(p, name=f"{p.name} {HOSTILE_NAME}") for p in PRACTICES], Operator("[b]Eve\x1b[m")
    )
    template = next(iter(kovacs()))
    await store.registry.load(
        [
            dataclasses.replace(
                template,
                ref=f"H{index}",
                pms_ref=f"H{index}",
                starts_at=NOW.replace(day=25 + index // 4, hour=index),
                ends_at=None,
                patient=dataclasses.replace(template.patient, name=name, mobile=name, email=name),
                practitioner_name=name,
                appointment_type=name,
            )
            for index, name in enumerate(HOSTILE_NAMES)
        ],
        Operator("x"),
        "tests",
    )
    await store.close()
    return path


@pytest.fixture
async def second_store(store_path: Path) -> AsyncIterator[SqlStore]:
    """The store as another desk has it open."""
    store = await open_store(f"sqlite:///{store_path}", clock=lambda: NOW)
    yield store
    await store.close()
