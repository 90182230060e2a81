"""The screen at a server: the main job, the server away and back, and nobody starts anything again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from frontdesk.app import FrontdeskApp
from frontdesk.desk import Desk, Settings
from frontdesk.screens.list import store_watch
from frontdesk.store.far import following
from frontdesk.store.port import BookingStore
from tests.contract.between import Between, standing_between
from tests.contract.desks import FarDesk, FarDesks
from tests.making import LEE, cancel_of, fill
from tests.screens.desk_data import KIM
from tests.screens.front import Front, StillClock


@pytest.fixture
async def behind(sqlite_url: str) -> AsyncIterator[FarDesk]:
    """A desk at a server whose store has bookings."""
    async with AsyncExitStack() as stack:
        desk = await FarDesks(sqlite_url, stack)()
        await fill(desk, 60)
        yield desk


@pytest.fixture
async def between(behind: FarDesk) -> AsyncIterator[Between]:
    async with standing_between(int(behind.url.rpartition(":")[2])) as proxy:
        yield proxy


async def test_a_server_goes_away_and_comes_back_under_an_open_screen(
    behind: FarDesk, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PAUSES", (0.05,))
    clock, reports = StillClock(), list[BaseException]()

    async def opened() -> BookingStore:
        return FarDesk(f"http://127.0.0.1:{between.port}", behind.token, behind.behind)

    def report(error: BaseException) -> str:
        reports.append(error)
        return "TEST01"

    app = FrontdeskApp(Desk(opened, KIM, clock, Settings(), report))
    async with app.run_test(size=(80, 24)) as pilot:
        front = Front(app, pilot, clock, reports)
        await front.until(lambda: app.open_desk)
        await front.idle()
        desk = app.open_desk
        assert desk is not None
        await front.press("tab", "end", "home", "pagedown", "1")
        mine = front.marked
        await front.press("c")
        await front.type("ill")
        clock.advance(2.0)
        await front.press("f8")
        done = (await behind.get(mine.id)).cancellation
        assert done is not None
        assert (done.by.name, done.by.via) == (KIM.name, LEE.via)
        assert "cancelled" in front.facts

        await front.until(lambda: between.number("/changes"))
        await front.press("tab", "down")
        rows = front.rows()
        theirs = front.marked
        between.go_away()
        await front.until(lambda: desk.away_since)
        assert [one.id for one in front.rows()] == [one.id for one in rows]
        assert "No connection to the bookings since" in front.shows
        await front.press("c")
        assert any("no connection to the bookings since" in line for line in front.lines())
        await behind.behind.do(cancel_of(theirs, LEE))

        await between.listen()
        await front.until(lambda: not desk.away_since)
        await front.until(lambda: front.marked.cancellation)
        assert "No connection to the bookings" not in front.shows
    await desk.store.close()
    assert not reports


async def test_a_search_that_the_server_did_not_answer_stands_over_no_other_patient(
    behind: FarDesk, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PAUSES", (0.05,))
    monkeypatch.setattr(store_watch, "ASK_AWAY", 0.05)
    clock, reports = StillClock(), list[BaseException]()

    async def opened() -> BookingStore:
        return FarDesk(f"http://127.0.0.1:{between.port}", behind.token, behind.behind)

    def report(error: BaseException) -> str:
        reports.append(error)
        return "TEST01"

    app = FrontdeskApp(Desk(opened, KIM, clock, Settings(), report))
    async with app.run_test(size=(80, 24)) as pilot:
        front = Front(app, pilot, clock, reports)
        await front.until(lambda: app.open_desk)
        await front.idle()
        desk = app.open_desk
        assert desk is not None
        await front.until(lambda: between.number("/changes"))
        await front.type("amelia")
        assert {one.patient.name.split()[0] for one in front.rows()} == {"Amelia"}
        between.go_away()
        await front.press("escape")
        await front.type("noah")
        assert front.rows() == []
        assert front.line("found") == ""
        assert not any("Amelia" in line for line in front.lines())
        assert any('Bookings for "noah" could not be read.' in line for line in front.lines())
        await front.press("enter")
        assert app.screen is front.screen
        assert not front.screen.menu.is_open
        assert "There is no booking here to act on." in front.line("keys")

        await between.listen()
        await front.until(lambda: front.rows() and not desk.away_since)
        assert front.screen.find.value == "noah"
        assert {one.patient.name.split()[0] for one in front.rows()} == {"Noah"}
        assert "5 to come, 5 past or cancelled" in front.line("found")
        assert "could not be read" not in "\n".join(front.lines())
        await front.press("enter")
        assert any("Enter does the line marked >" in line for line in front.lines())
        assert any("Noah" in line for line in front.lines())
    await desk.store.close()
    assert not reports
