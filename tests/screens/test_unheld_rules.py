"""Rules of the list that are easily broken: whose rows, whose keys, whose change, whose last write."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk.bookings import Booking, Page
from frontdesk.commands import Done
from frontdesk.deliveries import Delivery
from frontdesk.listing import Listing
from frontdesk.paging import View
from frontdesk.screens.list.bookings import BookingsScreen
from frontdesk.sources.bookings import BookingSource
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore, Change
from tests.making import cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import in_front
from tests.screens.desk_data import KIM, NOW
from tests.screens.front import Front
from tests.screens.pins import Pins
from tests.screens.test_lock import asked_after, patients_on, posted, reached, sign_in, signed_in


class Held:
    """A store in front of the real one: while `gate` is closed, the methods in `holds` wait."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store
        self.holds: set[str] = set()
        self.gate = asyncio.Event()
        self.waiting = asyncio.Event()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def ask(*arguments: Any, **named: Any) -> Any:
            if name in self.holds:
                self.waiting.set()
                await self.gate.wait()
            return await getattr(self._store, name)(*arguments, **named)

        return ask

    async def page(self, *question: Any) -> Page:
        page: Page = await self._asked("page", *question)
        return page

    async def deliveries(self, booking_id: int) -> tuple[Delivery, ...]:
        found: tuple[Delivery, ...] = await self._asked("deliveries", booking_id)
        return found

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        found = await self._store.changes(after, min(wait, 0.02), store_id)
        if found and "changes" in self.holds:
            self.waiting.set()
            await self.gate.wait()
        return found  # type: ignore[no-any-return]

    async def _asked(self, name: str, *question: Any) -> Any:
        if name in self.holds:
            self.waiting.set()
            await self.gate.wait()
        return await getattr(self._store, name)(*question)


def held(made: list[Held]) -> Callable[[BookingStore], Any]:
    return in_front(made, Held)


async def test_a_forgotten_list_has_no_row_left(store_path: Path) -> None:
    store = await open_store(f"sqlite:///{store_path}", clock=lambda: NOW)
    listing = Listing(BookingSource(store, lambda: NOW, await store.practices()), lambda: NOW)
    await listing.search("kov")
    assert listing.view.rows
    listing.forget()
    assert listing.view == View()
    assert (listing.text, listing.query, listing.current) == ("", None, None)
    await store.close()


async def test_another_operator_sees_no_row_of_the_one_before_while_the_list_is_read(
    store_path: Path,
) -> None:
    made: list[Held] = []
    async with signed_in(store_path, Pins(), wrap=held(made)) as front:
        await sign_in(front)
        await front.type("kov")
        assert patients_on(front)
        await front.press("f9", "tab")
        made[0].holds = {"page"}
        await posted(front, *"tom", "enter", *"2580", "enter")
        await reached(front, BookingsScreen)
        await made[0].waiting.wait()
        await front.pilot.pause()
        assert not patients_on(front)
        assert front.rows() == []
        made[0].holds = set()
        made[0].gate.set()
        await front.idle()
        assert front.rows()


@pytest.mark.parametrize("key", ["x", "down", "enter", "tab"])
async def test_a_key_typed_at_a_screen_that_is_gone_does_nothing_on_the_list(
    store_path: Path, key: str
) -> None:
    pins = Pins()
    async with signed_in(store_path, pins) as front:
        await sign_in(front)
        await front.type("kov")
        marked = front.marked.id
        await front.press("f9")
        pins.gate.clear()
        pins.asked.clear()
        await asked_after(pins, front, *"4711", "enter", key)
        front.clock.advance(10)
        pins.gate.set()
        await reached(front, BookingsScreen)
        await front.idle()
        assert front.app.screen is front.screen
        assert (front.screen.find.value, front.marked.id) == ("kov", marked)
        await front.until(lambda: front.screen.find.has_focus)
        assert not front.screen.menu.is_open


async def test_what_this_desk_did_is_no_change_by_another_one(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Held] = []
    async with open_front(wrap=held(made)) as front:
        made[0].holds = {"changes"}
        await front.type("sd-10486")
        await front.press("enter", "c")
        front.clock.advance(2.0)
        await front.press("f8")
        await front.type("sd-10482")  # the booking is in view no more when the news of it comes
        await made[0].waiting.wait()
        was_taken_in = asyncio.Event()
        repaint = front.screen.listing.repaint

        async def repainted(ids: Any) -> bool:
            was_taken_in.set()
            return await repaint(ids)

        monkeypatch.setattr(front.screen.listing, "repaint", repainted)
        made[0].gate.set()
        await was_taken_in.wait()
        await front.idle()
        assert "by other desks" not in front.shows
        assert front.app.open_desk is not None
        assert front.app.open_desk.changed_elsewhere == {}


@pytest.fixture
async def earlier_write(store_path: Path) -> Done[Booking]:
    """What Kim Nguyen cancelled before this desk was opened."""
    store = await open_store(f"sqlite:///{store_path}", clock=lambda: NOW)
    (booking,) = await store.find("SD-10485")
    done = await store.do(cancel_of(booking, KIM))
    await store.close()
    return done


async def test_an_earlier_write_that_is_read_late_does_not_take_the_place_of_a_later_one(
    open_front: FrontOpener, earlier_write: Done[Booking]
) -> None:
    made: list[Held] = []
    async with open_front(wrap=held(made)) as front:
        await front.until(lambda: "cancelled" in front.facts)
        last, desk = front.screen.last, front.app.open_desk
        assert desk is not None
        made[0].holds = {"deliveries"}
        late = asyncio.ensure_future(last._state(desk, earlier_write))
        await made[0].waiting.wait()
        made[0].holds = set()
        await _cancel(front, "sd-10486")
        assert "Petra Kovalenko" in front.line("last")
        made[0].gate.set()
        await late
        assert "Petra Kovalenko" in front.line("last")
        assert "Mirela" not in front.line("last")


async def _cancel(front: Front, ref: str) -> None:
    await front.type(ref)
    await front.press("enter", "c")
    front.clock.advance(2.0)
    await front.press("f8")
