"""A store that does not open, goes away and comes back, and a bug in the program itself."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual import events

from frontdesk.app import FrontdeskApp
from frontdesk.bookings import Page, Reason
from frontdesk.errors import FrontdeskError, Refused, Unauthorised, Unavailable
from frontdesk.screens.list import store_watch
from frontdesk.store.port import BookingStore
from frontdesk.store_state import StoreState
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front, StillClock, desk_on, screen_lines


async def wait_for_text(app: FrontdeskApp, pilot: Any, text: str) -> None:
    while text not in " ".join(screen_lines(app)):
        await pilot.pause(0.01)


async def test_a_file_that_is_no_store_says_so_and_r_tries_again(store_path: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is not a database, it is a letter to the dentist" * 100)
    app = FrontdeskApp(desk_on(broken, StillClock(), []))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(app, pilot, "r tries again   q leaves")
        assert "No connection to the bookings" in "\n".join(screen_lines(app))
        assert "broken.db" in " ".join(screen_lines(app)).replace(" ", "")
        shutil.copy(store_path, broken)
        await pilot.press("r")
        await wait_for_text(app, pilot, "All days, all practices, cancelled too")
    app = FrontdeskApp(desk_on(tmp_path / "config.toml" / "x.db", StillClock(), []))
    (tmp_path / "config.toml").write_text("")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(app, pilot, "r tries again   q leaves")
        await pilot.press("q")
        assert app._exit


async def test_keys_typed_while_the_store_opens_are_kept(store_path: Path) -> None:
    gate = asyncio.Event()
    desk = desk_on(store_path, StillClock(), [])
    inner = desk.open_store

    async def late() -> BookingStore:
        await gate.wait()
        return await inner()

    app = FrontdeskApp(type(desk)(late, desk.operator, desk.clock, desk.settings, desk.report))
    async with app.run_test(size=(80, 24)) as pilot:
        for key in "kov":
            app.post_message(events.Key(key, key))
        await pilot.pause()
        gate.set()
        await wait_for_text(app, pilot, "5 to come, 3 past")


class GoesAway:
    """A store in front of the real one that can be cut off."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self.is_away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def page(self, *arguments: Any) -> Page:
        if self.is_away:
            raise Unavailable("The line is cut.")
        return await self._store.page(*arguments)


async def test_a_store_that_goes_away_says_since_when_and_comes_back_with_f5(open_front: FrontOpener) -> None:
    stores: list[GoesAway] = []

    def cut(store: BookingStore) -> BookingStore:
        stores.append(GoesAway(store))
        return stores[0]

    async with open_front(wrap=cut) as front:
        rows = front.screen.listing.view.rows
        stores[0].is_away = True
        await front.press("tab", "end")
        assert front.screen.listing.view.rows == rows
        assert front.shows == ("No connection to the bookings since 09:14. Nothing can be cancelled now.")
        await front.press("c")
        assert "no connection to the bookings since 09:14" in "\n".join(front.lines())
        await front.press("escape")
        stores[0].is_away = False
        await front.press("f5")
        assert "No connection to the bookings" not in front.shows


class FirstListFails:
    """A store in front of the real one whose first pages are not to be had."""

    def __init__(self, store: BookingStore, error: FrontdeskError) -> None:
        self._store = store
        self.error: FrontdeskError | None = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def page(self, *arguments: Any) -> Page:
        if self.error is not None:
            raise self.error
        return await self._store.page(*arguments)

    async def state(self) -> StoreState:
        if self.error is not None and self.has_opened:
            raise self.error
        self.has_opened = True
        return await self._store.state()

    has_opened = False


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("The line is cut: see to the router."),
        Refused(Reason("busy", "the line is cut: see to the router")),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_first_list_that_failed_says_why_and_comes_by_itself(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch, error: FrontdeskError
) -> None:
    monkeypatch.setattr(store_watch, "ASK_AWAY", 0.01)
    monkeypatch.setattr(store_watch, "ASK_SHUT_OUT", 0.01)
    stores: list[FirstListFails] = []

    def failing(store: BookingStore) -> Any:
        stores.append(FirstListFails(store, error))
        return stores[0]

    async with open_front(wrap=failing) as front:
        await front.press("down")
        shown = "\n".join(front.lines()[2:20])
        assert "The bookings could not be read." in shown
        assert "he line is cut: see to the router" in shown
        assert "Reading the bookings" not in shown
        stores[0].error = None
        await front.until(lambda: front.screen.listing.view.rows)
        assert "could not be read" not in "\n".join(front.lines())
        assert "Kim Nguyen" in front.line("bar")


async def test_a_desk_that_is_shut_out_when_it_opens_says_so_and_can_try_again(store_path: Path) -> None:
    desk = desk_on(store_path, StillClock(), [])
    answers: list[FrontdeskError] = [
        Unauthorised("The desk token Desk One was revoked: have a new one made.")
    ]

    async def opened() -> BookingStore:
        if answers:
            raise answers.pop()
        return await desk.open_store()

    app = FrontdeskApp(replace(desk, open_store=opened))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(app, pilot, "r tries again   q leaves")
        shown = screen_lines(app)
        assert Unauthorised.title in "\n".join(shown)
        assert "The desk token Desk One was revoked: have a new one made." in "\n".join(shown)
        await pilot.press("r")
        await wait_for_text(app, pilot, "All days, all practices, cancelled too")


class Breaks:
    """A store in front of the real one with a bug in it."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self.breaks = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def page(self, *arguments: Any) -> Page:
        if self.breaks:
            raise ZeroDivisionError("patient Mirela")
        return await self._store.page(*arguments)


async def test_a_bug_shows_a_reference_and_no_traceback(store_path: Path) -> None:
    stores: list[Breaks] = []

    def faulty(store: BookingStore) -> BookingStore:
        stores.append(Breaks(store))
        return stores[0]

    reports: list[BaseException] = []
    clock = StillClock()
    app = FrontdeskApp(desk_on(store_path, clock, reports, wrap=faulty))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_text(app, pilot, "All days, all practices, cancelled too")
        front = Front(app, pilot, clock, reports)
        await front.idle()
        stores[0].breaks = True
        await front.press("tab", "end")
        await wait_for_text(app, pilot, "Reference TEST01")
        assert "Mirela" not in "\n".join(screen_lines(app))
        assert [type(report) for report in reports] == [ZeroDivisionError]
        stores[0].breaks = False
        await front.press("escape")
        assert app.screen is front.screen
        await front.type("kov")
        assert front.marked.ref == "SD-10485"


async def test_a_paste_at_find_is_one_clean_line(front: Front) -> None:
    front.app.post_message(events.Paste("mirela\r\n\u202ekov\u200b"))
    await front.idle()
    assert front.screen.find.value.startswith("mirela ")
    assert not {"\n", "\u202e", "\u200b"} & set(front.screen.find.value)
