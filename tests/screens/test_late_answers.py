"""A world that changes under the screen: late answers, other stores, other operators, other desks."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from frontdesk.bookings import Booking
from frontdesk.commands import Command, Done, Subject
from frontdesk.desk import OpenDesk
from frontdesk.errors import Unavailable
from frontdesk.screens.attention import AttentionScreen
from frontdesk.screens.details import DetailsScreen
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.screens.list import store_watch
from frontdesk.screens.list.bookings import BookingsScreen
from frontdesk.screens.shell.lock import Admitted
from frontdesk.store.port import BookingStore, Change
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import Cut, in_front
from tests.screens.desk_data import KIM, NOW, TOM
from tests.screens.front import Front
from tests.screens.pins import Pins
from tests.screens.test_lock import posted, reached, sign_in, signed_in

REF = "SD-10482"
AWAY = Unavailable("The line is cut.")


class Late:
    """A store in front of the real one that holds answers back: the first one to a question in `holds`.

    `asked` is set when it is there; it comes when `may_come` is set.
    """

    def __init__(self, store: BookingStore, *holds: str) -> None:
        self._store: Any = store
        self.holds = set(holds)
        self.asked, self.may_come = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def ask(*arguments: Any, **named: Any) -> Any:
            is_held = name in self.holds
            self.holds.discard(name)
            answer = await getattr(self._store, name)(*arguments, **named)
            if is_held:
                self.asked.set()
                await self.may_come.wait()
            return answer

        return ask


def late(made: list[Late], *holds: str) -> Callable[[BookingStore], Any]:
    return in_front(made, lambda store: Late(store, *holds))


async def cancelled_by(store: BookingStore, ref: str, operator: Any = TOM) -> Booking:
    (booking,) = await store.find(ref)
    return await cancel(store, cancel_of(booking, operator))


async def settled_down(front: Front) -> None:
    """Let whatever can go on do so; what is held back stays held back."""
    for _ in range(20):
        await front.pilot.pause()


# -- the dialog -----------------------------------------------------------------------------


class Saves:
    """A store that saves a cancel and loses the answer, and whose early read of a booking comes late.

    What became of the cancel is not known until `is_known`.
    """

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store
        self.holds = False
        self.may_come = asyncio.Event()
        self.has_come = asyncio.Event()
        self.is_known = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def get(self, booking_id: int) -> Booking:
        if self.holds:
            self.holds = False
            await self.may_come.wait()
            self.has_come.set()
        booking: Booking = await self._store.get(booking_id)
        return booking

    async def do(self, command: Command) -> Done[Any]:
        await self._store.do(command)
        raise Unavailable("The line was cut.")

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        await self.is_known.wait()
        done: Done[Any] | None = await self._store.outcome(command_id)
        return done


async def _confirmed_while_a_read_is_late(
    front: Front, store: Saves, begins_to_read: Callable[[CancelScreen], object]
) -> CancelScreen:
    await front.type(REF.lower())
    await front.press("enter", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    front.clock.advance(2)
    store.holds = True
    begins_to_read(dialog)
    await posted(front, "f8")
    while dialog.sheet.text("message").strip() != "Saving...":
        await front.pilot.pause()
    while (await store._store.get(dialog.booking.id)).cancellation is None:
        await front.pilot.pause()
    store.may_come.set()
    await store.has_come.wait()
    await settled_down(front)
    return dialog


@pytest.mark.parametrize("reader", ["opened", "told"])
async def test_a_read_that_comes_late_does_not_take_her_own_cancel_for_another_ones(
    open_front: FrontOpener, reader: str
) -> None:
    made: list[Saves] = []

    def saves(store: BookingStore) -> Any:
        made.append(Saves(store))
        return made[-1]

    def begins_to_read(dialog: CancelScreen) -> object:
        change = Change(99, Subject("booking", dialog.booking.id), dialog.booking.id, TOM, NOW)
        return dialog._read_again() if reader == "opened" else dialog._follow(change)

    async with open_front(wrap=saves) as front:
        dialog = await _confirmed_while_a_read_is_late(front, made[0], begins_to_read)
        assert front.app.screen is dialog
        assert dialog.sheet.text("message").strip() == "Saving..."
        made[0].is_known.set()
        await reached(front, BookingsScreen)
        await front.idle()
        assert "cancelled" in front.facts


class NotSaved:
    """A store whose line is cut before the first cancel reaches it."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def changes(self, after: int, wait: float, store_id: str = "") -> Any:
        return await self._store.changes(after, min(wait, 0.02), store_id)

    async def do(self, command: Command) -> Done[Any]:
        raise Unavailable("The line was cut.")


async def test_after_a_cancel_that_was_not_saved_what_another_desk_does_is_told_again(
    open_front: FrontOpener, second_store: BookingStore
) -> None:
    async with open_front(wrap=NotSaved) as front:
        await front.type(REF.lower())
        await front.press("enter", "c")
        front.clock.advance(2)
        await front.press("f8")
        dialog = front.app.screen
        assert isinstance(dialog, CancelScreen)
        assert "Not saved, nothing has happened" in dialog.sheet.text("message")
        await cancelled_by(second_store, REF)
        await front.until(lambda: "Tom Reid cancelled this" in dialog.sheet.text("message"))
        await front.press("escape")
        assert front.marked.cancellation is not None


# -- the list -------------------------------------------------------------------------------


async def test_a_namesake_that_is_found_late_is_not_said_of_another_patient(
    open_front: FrontOpener,
) -> None:
    made: list[Late] = []
    async with open_front(wrap=late(made)) as front:
        await front.type("kov")
        await front.press("down")
        assert "Same name" in front.line("beside")
        await front.press("down")
        assert front.marked.patient.name == "Petra Kovalenko"
        petra = front.screen.listing.view.cursor
        made[0].holds = {"related"}
        await posted(front, "up")
        await made[0].asked.wait()
        # The list is being read anew: the cursor is on another booking, which is not painted yet.
        listing = front.screen.listing
        listing._see(replace(listing.view, cursor=petra))
        made[0].may_come.set()
        await front.idle()
        assert "Same name" not in front.line("beside")


async def test_another_operator_is_not_told_to_read_what_is_read_anew_for_them(
    store_path: Path, second_store: BookingStore
) -> None:
    async with signed_in(store_path, Pins()) as front:
        await sign_in(front)
        await front.type("kov")
        await cancelled_by(second_store, "SD-20055")
        await front.until(lambda: "1 change by other desks. F5 shows them" in front.shows)
        await front.press("f9", "tab")
        await sign_in(front, "2580", "tom")
        assert "by other desks" not in front.shows


# -- the lock -------------------------------------------------------------------------------


async def test_the_offer_to_go_on_is_of_the_booking_under_the_cursor(
    front: Front, second_store: BookingStore
) -> None:
    await front.type(REF.lower())
    await front.press("enter", "c", "f9")
    await front.screen.listing.search("sd-10486")
    await front.press("enter")
    assert front.marked.ref == "SD-10486"
    assert "about to cancel" not in front.line("keys")
    await front.press("enter")
    assert front.app.screen is front.screen


async def test_an_offer_is_made_once(front: Front) -> None:
    await front.type(REF.lower())
    await front.press("enter", "c", "f9", "enter")
    assert "about to cancel" in front.line("keys")
    await front.press("down", "f9", "enter")
    assert "about to cancel" not in front.line("keys")


async def test_who_signed_in_is_not_replaced_without_a_lock(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signed_in(store_path, Pins()) as front:
        opened: list[str] = []

        async def opens(desk: OpenDesk) -> None:
            opened.append(desk.signed_in)

        monkeypatch.setattr(front.app, "_open_list", opens)
        front.app.post_message(Admitted("Kim Nguyen"))
        front.app.post_message(Admitted("Tom Reid"))
        await settled_down(front)
        assert opened == ["Kim Nguyen"]
        assert front.app.open_desk is not None
        assert front.app.open_desk.operator.name == "Kim Nguyen"


# -- other screens --------------------------------------------------------------------------


async def test_a_row_that_was_settled_meanwhile_does_not_come_back(
    open_front: FrontOpener, second_store: BookingStore
) -> None:
    made: list[Late] = []
    for ref in (REF, "SD-10486"):
        await cancelled_by(second_store, ref)
    async with open_front(wrap=late(made)) as front:
        await front.press("f4")
        screen = front.app.screen
        assert isinstance(screen, AttentionScreen)
        before = list(screen.source._items)
        made[0].holds = {"attention"}
        screen.catch_up()
        await made[0].asked.wait()
        screen._settled(before[0])
        made[0].may_come.set()
        await front.idle()
        assert [item.id for item in screen.source._items] == [item.id for item in before[1:]]


async def test_details_that_were_read_earlier_do_not_take_the_place_of_later_ones(
    open_front: FrontOpener, second_store: BookingStore
) -> None:
    made: list[Late] = []
    async with open_front(wrap=late(made)) as front:
        await front.type(REF.lower())
        made[0].holds = {"history"}
        await posted(front, "tab", "d")
        await made[0].asked.wait()
        screen = front.app.screen
        assert isinstance(screen, DetailsScreen)
        await cancelled_by(second_store, REF)
        while screen.booking.cancellation is None:
            await front.pilot.pause(0.01)
        made[0].may_come.set()
        await front.idle()
        assert screen.booking.cancellation is not None
        assert "Cancelled here" in "\n".join(front.lines())


async def test_the_last_write_that_is_found_late_does_not_take_the_place_of_one_just_made(
    open_front: FrontOpener, second_store: BookingStore
) -> None:
    made: list[Late] = []
    await cancelled_by(second_store, "SD-10485", KIM)
    async with open_front(wrap=late(made)) as front:
        last, desk = front.screen.last, front.app.open_desk
        assert desk is not None
        last.forget()
        made[0].holds = {"last_write"}
        finding = asyncio.ensure_future(last.find(desk))
        await made[0].asked.wait()
        await front.type("sd-10486")
        await front.press("enter", "c")
        front.clock.advance(2)
        await front.press("f8")
        assert "Petra Kovalenko" in front.line("last")
        made[0].may_come.set()
        await finding
        assert "Petra Kovalenko" in front.line("last")


# -- the store comes back ---------------------------------------------------------------------


class Deaf(Cut):
    """A store that tells of no change by itself: the test does. One question for rows may get no answer."""

    loses_rows = False

    async def changes(self, *_: object) -> None:
        await asyncio.Event().wait()

    async def rows(self, booking_ids: Any) -> Any:
        if self.loses_rows:
            self.loses_rows = False
            raise AWAY
        return await self._store.rows(booking_ids)


def deaf_ones(made: list[Deaf]) -> Callable[[BookingStore], Any]:
    return in_front(made, Deaf)


async def test_news_that_is_lost_while_the_store_comes_back_is_read_again(
    open_front: FrontOpener, second_store: BookingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_watch, "ASK_AWAY", 0.01)
    made: list[Deaf] = []
    async with open_front(wrap=deaf_ones(made)) as front:
        await front.type(REF.lower())
        elsewhere = front.screen.elsewhere
        read_again = elsewhere._read_again
        done: list[Booking] = []

        async def and_then_loses_news() -> None:
            await read_again()
            elsewhere._read_again = read_again  # type: ignore[method-assign]
            done.append(await cancelled_by(second_store, REF))
            made[0].loses_rows = True
            elsewhere._changed((Change(99, Subject("booking", done[0].id), done[0].id, TOM, NOW),))

        elsewhere._read_again = and_then_loses_news  # type: ignore[method-assign]
        made[0].error = AWAY
        await front.press("f5")
        assert "No connection" in front.shows
        made[0].error = None
        await front.until(lambda: done and "No connection" not in front.shows)
        assert front.marked.cancellation is not None


@pytest.mark.parametrize("key", ["d", "c"])
async def test_news_that_was_lost_comes_to_what_is_open_over_the_list(
    open_front: FrontOpener, second_store: BookingStore, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(store_watch, "ASK_AWAY", 0.01)
    made: list[Deaf] = []
    async with open_front(wrap=deaf_ones(made)) as front:
        await front.type(REF.lower())
        await front.press("tab", key)
        screen = front.app.screen
        assert isinstance(screen, DetailsScreen | CancelScreen)
        done = await cancelled_by(second_store, REF)
        made[0].loses_rows = True
        front.screen.elsewhere._changed((Change(99, Subject("booking", done.id), done.id, TOM, NOW),))
        await front.until(lambda: front.marked.cancellation and "No connection" not in front.shows)
        assert screen.booking.cancellation is not None
        assert "Tom Reid" in "\n".join(front.lines())
