"""The main job, once on each database: the start view, a search, a cancel, and another desk's change."""

from frontdesk.app import FrontdeskApp
from frontdesk.bookings import Status
from frontdesk.desk import Desk, Settings
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore
from frontdesk.store.sql.store import SqlStore
from tests.making import cancel, cancel_of, fill, make_practice
from tests.screens.desk_data import KIM, TOM
from tests.screens.front import Front, StillClock


async def test_find_cancel_and_see_another_desk(store: SqlStore, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    await fill(store, 60)

    async def opened() -> BookingStore:
        return await open_store(store_url)

    clock, reports = StillClock(), list[BaseException]()

    def report(error: BaseException) -> str:
        reports.append(error)
        return "TEST01"

    desk = Desk(opened, KIM, clock, Settings(), report)
    app = FrontdeskApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        front = Front(app, pilot, clock, reports)
        while app.open_desk is None:
            await pilot.pause(0.01)
        await front.idle()
        assert len(front.screen.listing.view.rows) == 16
        await front.press("tab", "end", "home", "pagedown", "1")
        rows = [row.booking for row in front.screen.listing.view.rows]
        mine, theirs = rows[0], rows[1]
        await front.press("home", "c")
        await front.type("ill")
        clock.advance(2.0)
        await front.press("f8")
        assert (await store.get(mine.id)).cancellation is not None
        assert "cancelled" in front.facts
        await cancel(store, cancel_of(theirs, TOM))
        while front.screen.listing.view.rows[1].booking.cancellation is None:
            await pilot.pause(0.02)
        await front.idle()
        now = app.open_desk.now()
        assert [row.booking.id for row in front.screen.listing.view.rows] == [one.id for one in rows]
        assert front.screen.listing.view.rows[1].booking.status(now) is Status.CANCELLED
    assert not reports
