"""Keys are handled strictly in order, and the row is a booking, not a place."""

import asyncio
from typing import Any

from textual import events

from frontdesk.bookings import Page, Status
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.store.port import BookingStore
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import NOW, TOM
from tests.screens.front import Front


class AnswersLate:
    """A store in front of the real one whose pages come only when the test lets them."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def page(self, *arguments: Any) -> Page:
        self.asked.set()
        await self.may_answer.wait()
        return await self._store.page(*arguments)


def send_all_at_once(front: Front, *keys: str) -> None:
    """Send keys as one write from a fast typist: none waits for the one before."""
    for key in keys:
        front.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_enter_and_arrows_typed_after_a_search_wait_for_its_result(open_front: FrontOpener) -> None:
    late: list[AnswersLate] = []

    def slow(store: BookingStore) -> BookingStore:
        late.append(AnswersLate(store))
        return late[0]

    async with open_front(wrap=slow) as front:
        (store,) = late
        store.may_answer.clear()
        store.asked.clear()
        send_all_at_once(front, *"mirela", "down", "enter", "c")
        await store.asked.wait()
        (above,) = await front.store.find("SD-10485")
        await cancel(front.store, cancel_of(above, TOM))
        store.may_answer.set()
        await front.idle()
        assert isinstance(front.app.screen, CancelScreen)
        assert front.app.screen.booking.ref == "SD-10482"


async def test_type_ahead_through_menu_and_dialog_lands_in_the_reason(front: Front) -> None:
    send_all_at_once(front, *"sd10482", "enter", "c", *"ill", "f8")
    await front.idle()
    assert isinstance(front.app.screen, CancelScreen)
    assert front.app.screen.reason.reason == "ill"
    (booking,) = await front.store.find("SD-10482")
    assert booking.cancellation is None
    assert "Too early: this window was not yet on your screen" in front.app.screen.said


async def test_reflex_keys_in_one_write_cancel_nothing(front: Front) -> None:
    for keys in (
        ("enter", "c", "enter"),
        ("enter", "c", "enter", "enter", "enter"),
        ("enter", "c", "tab", "tab", "enter"),
        ("enter", "c", "tab", "tab", "tab", "enter"),
        ("enter", "c", "tab", "tab", "tab", "space", "f8"),
        ("enter", "enter", "y", "f8", "f8"),
        ("tab", "c", "f8", "y", "enter"),
    ):
        send_all_at_once(front, *"sd10482", *keys)
        await front.idle()
        (booking,) = await front.store.find("SD-10482")
        assert booking.cancellation is None, keys
        await front.press("escape", "escape", "escape")


async def test_a_row_that_no_longer_matches_stays_until_the_operator_moves_on(front: Front) -> None:
    await front.press("tab", "1")
    rows = [row.booking.id for row in front.screen.listing.view.rows]
    front.screen.find.focus()
    await front.press("tab", "down", "c")
    front.clock.advance(2.0)
    await front.press("f8")
    assert [row.booking.id for row in front.screen.listing.view.rows] == rows
    assert front.marked.status(NOW) is Status.CANCELLED
    await front.press("f5")
    assert front.marked.status(NOW) is Status.UPCOMING
    assert not [row for row in front.screen.listing.view.rows if row.booking.cancellation]
