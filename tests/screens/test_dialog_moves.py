"""A booking that changes under the open dialog is seen before a confirm counts."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from frontdesk.bookings import Booking, Operator
from frontdesk.commands import Subject
from frontdesk.preflight import Finding, Preflight
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.screens.dialogs.command import Progress
from frontdesk.store.port import BookingStore, Change
from frontdesk.store.sql.store import SqlStore
from tests.making import cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import KIM, TOM, everything
from tests.screens.front import Front, key_event

REF = "SD-10482"
SEEN = 2.0
"""Seconds after which a confirm counts where the terminal cannot be asked."""
LATER = timedelta(days=1)
TOO_EARLY = "Too early: this window was not yet on your screen. Read it, then press F8."
LEE = Operator("Lee Tran", via="Desk Two")


async def open_dialog(front: Front) -> CancelScreen:
    await front.type(REF.lower())
    await front.press("enter", "c")
    assert isinstance(front.app.screen, CancelScreen)
    return front.app.screen


async def move(store: SqlStore) -> None:
    """Have a file move the booking by a day, as another desk's import would."""
    (one,) = [one for one in everything() if one.ref == REF]
    ends_at = one.ends_at + LATER if one.ends_at else None
    await store.registry.load([replace(one, starts_at=one.starts_at + LATER, ends_at=ends_at)], KIM, "file")


async def f8_counts_only_once_it_was_seen(front: Front, dialog: CancelScreen) -> None:
    """Press F8 before the new frame could be read, and after it."""
    shown = "\n".join(front.lines())
    assert "Fri 27 Nov 2026 10:30" in shown
    assert "Thu 26 Nov 2026 10:30" not in shown
    await front.press("f8")
    assert dialog.said == TOO_EARLY
    (booking,) = await front.store.find(REF)
    assert booking.cancellation is None
    front.clock.advance(SEEN)
    await front.press("f8")
    (booking,) = await front.store.find(REF)
    assert booking.cancellation is not None


async def test_a_booking_that_a_file_moves_is_read_again_and_must_be_seen(
    front: Front, second_store: SqlStore
) -> None:
    dialog = await open_dialog(front)
    front.clock.advance(SEEN)
    await move(second_store)
    await front.until(lambda: dialog.booking.version > 1)
    assert "The time changed since the list was read." in dialog.said
    await f8_counts_only_once_it_was_seen(front, dialog)


class MovesAlone:
    """A store in front of the real one: what moves the booking tells of this very booking, as a desk does."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        changes: tuple[Change, ...] = await self._store.changes(after, wait, store_id)
        (booking,) = await self._store.find(REF)
        return tuple(
            Change(one.number, Subject("booking", booking.id), booking.id, LEE, one.at) for one in changes
        )


async def test_another_desks_move_is_told_with_its_name_and_must_be_seen(
    open_front: FrontOpener, second_store: SqlStore
) -> None:
    async with open_front(wrap=MovesAlone) as front:
        dialog = await open_dialog(front)
        front.clock.advance(SEEN)
        await move(second_store)
        await front.until(lambda: dialog.booking.version > 1)
        assert "Lee Tran (Desk Two) changed the time" in dialog.said
        assert "Read it again, then F8 cancels it." in dialog.said
        await f8_counts_only_once_it_was_seen(front, dialog)


class HeldBack:
    """A store in front of the real one that tells of no changes, so that the list stays as it was read.

    What the dialog reads when it opens comes when `may_answer` is set.
    """

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store
        self.may_answer = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        await self._store.changes(after + 1_000_000, wait)
        return ()

    async def get(self, booking_id: int) -> Booking:
        booking: Booking = await self._store.get(booking_id)
        await self.may_answer.wait()
        return booking


async def test_a_list_older_than_the_booking_is_put_right_and_must_be_seen(
    open_front: FrontOpener, second_store: SqlStore
) -> None:
    stores: list[HeldBack] = []

    def held_back(store: BookingStore) -> Any:
        stores.append(HeldBack(store))
        return stores[-1]

    async with open_front(wrap=held_back) as front:
        await front.type(REF.lower())
        await move(second_store)
        front.app.post_message(key_event("enter"))
        front.app.post_message(key_event("c"))
        while not isinstance(dialog := front.app.screen, CancelScreen) or not dialog._gate.is_open(
            front.clock() + SEEN
        ):
            await front.pilot.pause(0.01)
        assert any("Thu 26 Nov 2026 10:30" in line for line in front.lines())
        front.clock.advance(SEEN)
        stores[0].may_answer.set()
        await front.until(lambda: dialog.booking.version > 1)
        await f8_counts_only_once_it_was_seen(front, dialog)


async def test_one_that_was_cancelled_since_the_list_was_read_says_by_whom(
    open_front: FrontOpener, second_store: SqlStore
) -> None:
    def held_back(store: BookingStore) -> Any:
        made = HeldBack(store)
        made.may_answer.set()
        return made

    async with open_front(wrap=held_back) as front:
        await front.type(REF.lower())
        (booking,) = await second_store.find(REF)
        await second_store.do(cancel_of(booking, TOM))
        await front.press("enter", "c")
        dialog = front.app.screen
        assert isinstance(dialog, CancelScreen)
        assert dialog._progress is Progress.OVER
        assert dialog.said == ("Tom Reid cancelled this at 09:14. Nothing was done again. Esc closes.")


async def test_a_pms_that_contradicts_the_moved_booking_must_be_seen_too(
    open_front: FrontOpener, second_store: SqlStore
) -> None:
    asked: list[Booking] = []

    async def contradicts_the_second(booking: Booking) -> Preflight:
        asked.append(booking)
        if len(asked) == 1:
            return Preflight(Finding.SAME, booking.starts_at, "Dr Lee")
        front.clock.advance(SEEN)  # the frame of the move has been seen when the PMS answers
        return Preflight(Finding.DIFFERENT, booking.starts_at - LATER, "Dr Lee")

    async with open_front(preflight=contradicts_the_second) as front:
        dialog = await open_dialog(front)
        front.clock.advance(SEEN)
        await move(second_store)
        await front.until(lambda: any("! now shows Thu 26 Nov 10:30" in line for line in front.lines()))
        assert [booking.version for booking in asked] == [1, 2]
        await f8_counts_only_once_it_was_seen(front, dialog)
