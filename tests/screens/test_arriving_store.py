"""The list is there before its store: what can be done meanwhile, and what waits."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from frontdesk.app import FrontdeskApp
from frontdesk.errors import Unavailable
from frontdesk.store import opening
from frontdesk.store.early.arriving import ArrivingStore
from frontdesk.store.early.reads import EarlyReads
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore
from frontdesk.store.sql.database import Database
from tests.screens.front import Front, StillClock, desk_on, key_event


class Arrival:
    """The store's opening in the test's hands: it fails with `fault`, or waits for `may_arrive`."""

    def __init__(self, path: Path, clock: StillClock) -> None:
        self.may_arrive = asyncio.Event()
        self.fault: Exception | None = None
        self.times_asked = 0
        self._path = path
        self._clock = clock

    async def __call__(self) -> BookingStore:
        self.times_asked += 1
        await self.may_arrive.wait()
        if self.fault is not None:
            raise self.fault
        return await open_store(f"sqlite:///{self._path}", clock=self._clock.now)


@asynccontextmanager
async def arriving(path: Path) -> AsyncIterator[tuple[Front, Arrival]]:
    """A front desk whose list is there and whose store is not."""
    clock, reports = StillClock(), list[BaseException]()
    arrival = Arrival(path, clock)

    async def opened() -> BookingStore:
        early = EarlyReads(path, clock.now)
        await early.open()
        return cast("BookingStore", ArrivingStore(early, arrival))

    app = FrontdeskApp(replace(desk_on(path, clock, reports), open_store=opened))
    async with app.run_test(size=(80, 24)) as pilot:
        front = Front(app, pilot, clock, reports)
        while not arrival.times_asked:
            await pilot.pause(0.01)
        yield front, arrival
        arrival.may_arrive.set()
        await front.idle()
    assert not reports, reports


async def handled(front: Front, *keys: str) -> None:
    """Press keys and wait until they are handled, without waiting for the store."""
    for key in keys:
        front.app.post_message(key_event(key))
    await front.pilot.pause()
    await front.app.settled()


async def test_the_list_can_be_walked_before_the_store_is_there(store_path: Path) -> None:
    async with arriving(store_path) as (front, arrival):
        first = front.marked
        await handled(front, "down")
        assert front.marked.starts_at > first.starts_at
        await handled(front, "tab", "end", "pageup", "home")
        assert not front.screen.listing.view.more_before
        assert front.screen.listing.view.more_after
        assert arrival.times_asked == 1


async def test_keys_typed_meanwhile_are_kept_in_their_order(store_path: Path) -> None:
    async with arriving(store_path) as (front, arrival):
        for key in ("k", "o", "v", "down", "enter", "c"):
            front.app.post_message(key_event(key))
        await front.pilot.pause()
        assert "Cancel Booking" not in front.lines()[0]
        arrival.may_arrive.set()
        await front.idle()
        assert front.screen.listing.text == "kov"
        assert "Cancel Booking" in front.lines()[0]
        assert "Kov" in front.marked.patient.name


async def test_a_store_that_does_not_come_leaves_no_row_under_a_search_and_says_why(store_path: Path) -> None:
    async with arriving(store_path) as (front, arrival):
        arrival.fault = Unavailable("The disk is gone: see to it.")
        arrival.may_arrive.set()
        await front.type("kov")
        assert front.screen.listing.view.rows == ()
        assert 'Bookings for "kov" could not be read.' in "\n".join(front.lines())
        assert "No connection to the bookings" in front.shows
        assert "The disk is gone" in front.line("keys")


async def test_those_who_ask_share_one_opening_and_may_go_away(store_path: Path) -> None:
    arrival = Arrival(store_path, StillClock())
    store = ArrivingStore(EarlyReads(store_path), arrival)
    impatient, patient = (asyncio.ensure_future(store.appointment_types()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    arrival.may_arrive.set()
    assert await patient
    assert (await store.state()).bookings
    assert arrival.times_asked == 1
    await store.close()


async def test_an_opening_that_failed_is_tried_again(store_path: Path) -> None:
    arrival = Arrival(store_path, StillClock())
    arrival.may_arrive.set()
    arrival.fault = Unavailable("The disk is gone: see to it.")
    store = ArrivingStore(EarlyReads(store_path), arrival)
    with pytest.raises(Unavailable, match="disk is gone"):
        await store.practices()
    arrival.fault = None
    assert await store.practices()
    assert arrival.times_asked == 2
    await store.close()


async def test_leaving_does_not_wait_for_a_store_that_never_comes(store_path: Path) -> None:
    arrival = Arrival(store_path, StillClock())
    store = ArrivingStore(EarlyReads(store_path), arrival)
    asking = asyncio.ensure_future(store.appointment_types())
    await asyncio.sleep(0)  # it asks, and begins to open
    await asyncio.sleep(0)
    assert arrival.times_asked == 1
    await store.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_store_that_is_opened_for_nobody_any_more_is_closed(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_open, closed = threading.Event(), list[Database]()
    inner, close = opening._open, Database.close

    def late(*arguments: Any) -> Database:
        may_open.wait()
        return inner(*arguments)

    async def counted(database: Database) -> None:
        await close(database)
        closed.append(database)

    monkeypatch.setattr(opening, "_open", late)
    monkeypatch.setattr(Database, "close", counted)
    abandoned = asyncio.ensure_future(open_store(f"sqlite:///{store_path}"))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.sleep(0)
    may_open.set()
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    assert len(closed) == 1
