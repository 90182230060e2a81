"""The lock, signing in, and who gets what back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from frontdesk.app import FrontdeskApp
from frontdesk.bookings import Page, Reason
from frontdesk.commands import Command, Done
from frontdesk.desk import OpenDesk, Settings
from frontdesk.errors import FrontdeskError, Refused, Unavailable
from frontdesk.screens.attention import AttentionScreen
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.screens.dialogs.settling import NoteScreen
from frontdesk.screens.list.bookings import BookingsScreen
from frontdesk.screens.shell.leave import LeaveScreen
from frontdesk.screens.shell.lock import HiddenScreen, SignInScreen
from frontdesk.screens.shell.notices import TooSmallScreen
from frontdesk.store.port import BookingStore
from frontdesk.widgets.text_field import TextField
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import TOM
from tests.screens.front import Front, StillClock, desk_on, key_event
from tests.screens.golden import same_as_golden
from tests.screens.pins import Pins


def patients_on(front: Front) -> list[str]:
    """Every line on the screen with something of a patient, or of what was typed."""
    telling = ("Kova", "Neighbour", "0491", "SD-", "ill", "kov")
    return [line for line in front.lines() if any(word in line for word in telling)]


@asynccontextmanager
async def signed_in(
    store_path: Path, pins: Pins, size: tuple[int, int] = (80, 24), **desk: object
) -> AsyncIterator[Front]:
    """A desk of several operators; Kim Nguyen has signed in."""
    clock, reports = StillClock(), list[BaseException]()
    app = FrontdeskApp(desk_on(store_path, clock, reports, sign_in=pins, **desk))  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        front = Front(app, pilot, clock, reports)
        while not isinstance(app.screen, SignInScreen):
            await pilot.pause(0.01)
        await front.idle()
        yield front
    assert not reports, reports


async def sign_in(front: Front, pin: str = "4711", name: str = "") -> None:
    """Sign in as the operator that is marked, or one whose name begins so, and wait for the list."""
    if name:
        await front.type(name)
    if front.app.screen.name_field.has_focus:  # type: ignore[attr-defined]
        await front.press("enter")
    await posted(front, *pin, "enter")
    while isinstance(front.app.screen, SignInScreen):
        await front.pilot.pause(0.01)
    await front.idle()


class TestHidden:
    """A desk without PINs."""

    async def test_f9_hides_everything_and_enter_shows_it_again(self, front: Front) -> None:
        await front.type("kov")
        before = front.lines()
        assert patients_on(front)
        await front.press("f9")
        same_as_golden("hidden-80x24", front.lines())
        await front.press("escape", "q", "x", "f8", "space")
        assert top(front) is HiddenScreen
        await front.press("enter")
        assert front.lines() == before

    async def test_l_locks_in_the_list_and_is_a_letter_in_find(self, front: Front) -> None:
        await front.press("l")
        assert front.screen.find.value == "l"
        await front.press("escape", "tab", "l")
        assert top(front) is HiddenScreen

    @pytest.mark.parametrize(
        "keys",
        [("enter",), ("tab", "p"), ("ctrl+p",), ("ctrl+c",)],
        ids=["menu", "chooser", "palette", "leave"],
    )
    @pytest.mark.full
    async def test_what_only_asks_is_closed(self, front: Front, keys: tuple[str, ...]) -> None:
        await front.press(*keys)
        await front.press("f9")
        assert top(front) is HiddenScreen
        await front.press("enter")
        assert top(front) is BookingsScreen
        assert not front.screen.menu.is_open
        await front.type("kov")
        assert front.screen.find.value == "kov"

    @pytest.mark.parametrize("keys", [("tab", "d"), ("f4",), ("f1",)], ids=["details", "attention", "help"])
    @pytest.mark.full
    async def test_a_page_comes_back_as_it_was(self, front: Front, keys: tuple[str, ...]) -> None:
        await front.press(*keys)
        before = front.lines()
        await front.press("f9")
        assert top(front) is HiddenScreen
        assert not patients_on(front)
        await front.press("enter")
        assert front.lines() == before

    async def test_the_dialog_is_closed_and_enter_goes_on_with_what_was_typed(self, front: Front) -> None:
        await front.type("sd-10482")
        await front.press("tab", "c")
        await front.type("ill")
        front.clock.advance(2.0)
        await front.press("f9")
        assert not patients_on(front)
        await front.press("f8", "enter")
        assert top(front) is BookingsScreen
        assert front.line("keys") == "You were about to cancel Mirela Kovač. Enter goes on."
        await front.press("enter")
        dialog = front.app.screen
        assert isinstance(dialog, CancelScreen)
        assert dialog.reason.text == "ill"
        assert dialog.sheet.text("label").endswith("3/255")
        await front.press("f8")
        assert "Too early: this window was not yet on your screen" in dialog.said
        front.clock.advance(2.0)
        await front.press(".", "f8")
        assert top(front) is BookingsScreen
        done = front.marked.cancellation
        assert done is not None
        assert done.reason == "ill."

    @pytest.mark.full
    async def test_a_window_that_is_too_small_locks_and_comes_back(self, front: Front) -> None:
        await front.pilot.resize_terminal(50, 12)
        await front.idle()
        assert top(front) is TooSmallScreen
        await front.press("f9")
        assert top(front) is HiddenScreen
        await front.press("enter")
        assert top(front) is TooSmallScreen
        await front.press("f9")
        await front.pilot.resize_terminal(80, 24)
        await front.idle()
        assert top(front) is HiddenScreen
        await front.press("enter")
        assert top(front) is BookingsScreen

    @pytest.mark.full
    async def test_one_can_leave_from_the_lock(self, front: Front) -> None:
        await front.press("f9", "ctrl+c")
        assert top(front) is LeaveScreen
        assert not patients_on(front)
        await front.press("escape")
        assert top(front) is HiddenScreen
        await front.press("f9", "enter")
        assert top(front) is BookingsScreen


class TestIdle:
    """Nobody presses a key."""

    async def test_the_screen_is_locked_after_the_time_and_not_before(self, open_front: FrontOpener) -> None:
        async with open_front(settings=Settings(lock_after=timedelta(minutes=5))) as front:
            idle = front.app._desk_lock.idle
            front.clock.advance(299)
            await front.press("k")
            front.clock.advance(299)
            idle.look()
            await front.idle()
            assert top(front) is BookingsScreen
            front.clock.advance(1)
            idle.look()
            await front.until(lambda: isinstance(front.app.screen, HiddenScreen))
            await front.press("enter")
            front.clock.advance(299)
            idle.look()
            await front.idle()
            assert top(front) is BookingsScreen

    @pytest.mark.full
    async def test_without_a_time_it_never_locks(self, front: Front) -> None:
        assert front.app._desk_lock.idle._timer is None

    async def test_a_key_costs_no_timer(self, open_front: FrontOpener) -> None:
        async with open_front(settings=Settings(lock_after=timedelta(minutes=5))) as front:
            timer = front.app._desk_lock.idle._timer
            await front.type("kov")
            assert front.app._desk_lock.idle._timer is timer


class Holds:
    """A store in front of the real one that answers a cancel only when the test lets it."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self.gate = asyncio.Event()
        self.began = asyncio.Event()
        self.error: FrontdeskError | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def do(self, command: Command) -> Done[Any]:
        self.began.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return await self._store.do(command)

    @classmethod
    def wrap(cls, made: "list[Holds]") -> object:
        def wrapped(store: BookingStore) -> object:
            made.append(cls(store))
            return made[-1]

        return wrapped


async def posted(front: Front, *keys: str) -> None:
    """Press keys without waiting for what is under way."""
    for key in keys:
        front.app.post_message(key_event(key))


async def asked_after(pins: Pins, front: Front, *keys: str) -> None:
    """Press keys, and wait until a PIN among them is being looked at."""
    await posted(front, *keys)
    while not pins.asked:
        await front.pilot.pause(0.01)


async def reached(front: Front, screen: type[Screen[Any]]) -> None:
    """Wait for a screen on top of the others."""
    while type(front.app.screen) is not screen:
        await front.pilot.pause(0.01)


def top(front: Front) -> type[Screen[Any]]:
    """Which screen is on top."""
    return type(front.app.screen)


def unlocking(front: Front) -> bool:
    """Whether a PIN was right and the screen is about to be given back."""
    return any(worker.group == "unlocking" for worker in front.app.workers)


async def begin_write(front: Front, store: Holds) -> None:
    """Confirm a cancel whose answer is held back."""
    await front.type("sd-10482")
    await front.press("tab", "c")
    await front.type("ill")
    front.clock.advance(2.0)
    front.app.post_message(key_event("f8"))
    await store.began.wait()


class TestAWriteUnderWay:
    async def test_f9_waits_for_no_answer_and_the_result_is_there_afterwards(
        self, open_front: FrontOpener
    ) -> None:
        made: list[Holds] = []
        async with open_front(wrap=Holds.wrap(made)) as front:
            await begin_write(front, made[0])
            # The first key waits for the answer, and nobody would see what it does.
            await posted(front, "d", "f9")
            await reached(front, HiddenScreen)
            made[0].gate.set()
            (booking,) = await front.store.find("SD-10482")
            while booking.cancellation is None:
                await front.pilot.pause(0.01)
                (booking,) = await front.store.find("SD-10482")
            await front.idle()
            assert top(front) is HiddenScreen
            assert not patients_on(front)
            await posted(front, "enter")
            await reached(front, BookingsScreen)
            await front.idle()
            assert front.marked.cancellation is not None
            assert "cancelled" in front.facts

    async def test_a_write_that_failed_under_the_lock_is_told_and_offered_again(
        self, open_front: FrontOpener
    ) -> None:
        made: list[Holds] = []
        async with open_front(wrap=Holds.wrap(made)) as front:
            await begin_write(front, made[0])
            await posted(front, "f9")
            await reached(front, HiddenScreen)
            made[0].error = Refused(Reason("read-only", "the disk is full."))
            made[0].gate.set()
            dialog = next(one for one in front.app.screen_stack if isinstance(one, CancelScreen))
            await dialog.is_known.wait()
            await posted(front, "enter")
            await reached(front, BookingsScreen)
            await front.idle()
            assert front.marked.cancellation is None
            assert front.line("keys") == "Mirela Kovač is not cancelled: the disk is full. Enter goes on."
            await front.press("enter")
            assert isinstance(front.app.screen, CancelScreen)
            assert front.app.screen.reason.text == "ill"

    async def test_another_operator_waits_for_it_and_it_is_not_cut_off(self, store_path: Path) -> None:
        made: list[Holds] = []
        pins = Pins()
        async with signed_in(store_path, pins, wrap=Holds.wrap(made)) as front:
            await sign_in(front)
            await begin_write(front, made[0])
            await posted(front, "f9", "tab", *"tom", "enter", *"2580", "enter")
            await reached(front, SignInScreen)
            while top(front) is SignInScreen and not unlocking(front):
                await front.pilot.pause(0.01)
            for _ in range(20):  # whatever gave the screen away would have done so
                await front.pilot.pause()
            assert top(front) is SignInScreen
            made[0].gate.set()
            await reached(front, BookingsScreen)
            await front.idle()
            (booking,) = await front.store.find("SD-10482")
            assert booking.cancellation is not None
            assert booking.cancellation.by.name == "Kim Nguyen"
            assert front.line("last") == ""


class TestSignIn:
    async def test_no_patient_is_shown_before_somebody_signed_in(self, store_path: Path) -> None:
        pins = Pins()
        async with signed_in(store_path, pins) as front:
            same_as_golden("sign-in-80x24", front.lines())
            await front.press("k", "i", "down")
            same_as_golden("sign-in-narrowed-80x24", front.lines())
            await front.press("enter", "0", "8", "1", "5")
            same_as_golden("sign-in-pin-80x24", front.lines())
            await posted(front, "enter")
            await reached(front, BookingsScreen)
            await front.idle()
            assert pins.asked == ["Kira O'Neil"]
            assert "Kira O'Neil" in front.line("bar")

    @pytest.mark.full
    async def test_at_120_by_40(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins(), size=(120, 40)) as front:
            same_as_golden("sign-in-120x40", front.lines())

    async def test_a_wrong_pin_is_told_and_the_pause_after_too_many(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await front.press("enter", *"1111", "enter")
            assert "That is not the PIN of Kim Nguyen." in "\n".join(front.lines())
            assert "typed, not shown" not in "\n".join(front.lines())
            assert "Forgotten? Ask the person who looks after frontdesk." in "\n".join(front.lines())
            for _ in range(3):
                await front.press(*"1111", "enter")
            assert "Too many wrong PINs: try again in 4 seconds." in "\n".join(front.lines())
            assert top(front) is SignInScreen

    @pytest.mark.full
    async def test_esc_clears_what_was_typed(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await front.type("zz")
            assert "No operator has that name." in "\n".join(front.lines())
            await front.press("enter", "escape", "t", "enter", *"99", "escape")
            await posted(front, *"2580", "enter")
            await reached(front, BookingsScreen)
            await front.idle()
            assert "Tom Reid" in front.line("bar")

    @pytest.mark.full
    async def test_keys_typed_before_the_list_is_there_are_dropped(self, store_path: Path) -> None:
        pins = Pins()
        async with signed_in(store_path, pins) as front:
            pins.gate.clear()
            await asked_after(pins, front, "enter", *"4711", "enter", "k", "o", "v")
            front.clock.advance(1)
            pins.gate.set()
            await reached(front, BookingsScreen)
            await front.idle()
            assert front.screen.find.value == ""
            await front.type("kov")
            assert front.screen.find.value == "kov"

    async def test_every_write_is_signed_by_who_signed_in(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front, "2580", "tom")
            await front.type("sd-10482")
            await front.press("tab", "c")
            front.clock.advance(2)
            await front.press("f8")
            done = front.marked.cancellation
            assert done is not None
            assert done.by.name == "Tom Reid"


class TestLocked:
    """A desk with PINs."""

    async def test_the_screen_says_who_locked_it_and_no_more(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("kov")
            await front.press("f9")
            same_as_golden("locked-80x24", front.lines())
            await front.press("tab")
            same_as_golden("locked-names-80x24", front.lines())

    async def test_the_same_operator_gets_the_list_and_goes_on_by_enter(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("kov")
            await front.press("down", "tab", "c")
            await front.type("ill")
            await front.press("f9")
            assert not patients_on(front)
            await sign_in(front)
            assert top(front) is BookingsScreen
            assert front.screen.find.has_focus
            assert front.marked.ref == "SD-10482"
            assert front.line("keys") == "You were about to cancel Mirela Kovač. Enter goes on."
            await front.press("enter")
            dialog = front.app.screen
            assert isinstance(dialog, CancelScreen)
            assert (dialog.booking.ref, dialog.reason.text) == ("SD-10482", "ill")
            await front.press("escape")
            assert front.marked.cancellation is None

    async def test_any_other_key_takes_the_offer_away(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("kov")
            await front.press("down", "tab", "c", "f9")
            await sign_in(front)
            await front.press("down")
            assert "about to cancel" not in front.line("keys")
            await front.press("enter")
            assert top(front) is BookingsScreen
            assert front.screen.menu.is_open

    async def test_nothing_is_offered_that_cannot_be_done_any_more(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("sd-10482")
            await front.press("tab", "c", "f9")
            (booking,) = await front.store.find("SD-10482")
            await cancel(front.store, cancel_of(booking, TOM))
            await front.until(lambda: front.marked.cancellation)
            await sign_in(front)
            assert "about to cancel" not in front.line("keys")
            assert "Tom Reid cancelled" in front.line("keys")

    @pytest.mark.parametrize(("minutes", "reason"), [(14, "ill"), (16, "")])
    async def test_the_typed_reason_comes_back_for_a_quarter_of_an_hour(
        self, store_path: Path, minutes: int, reason: str
    ) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("sd-10482")
            await front.press("tab", "c")
            await front.type("ill")
            await front.press("f9")
            await sign_in(front)
            await front.type("sd-10485")
            await front.press("enter", "c")
            assert front.app.screen.reason.text == ""  # type: ignore[attr-defined]
            await front.press("escape")
            front.clock.advance(60 * minutes)
            await front.type("sd-10482")
            await front.press("enter", "c")
            assert front.app.screen.reason.text == reason  # type: ignore[attr-defined]
            await front.press("escape", "enter", "c")
            assert front.app.screen.reason.text == ""  # type: ignore[attr-defined]

    async def test_another_operator_gets_neither_the_offer_nor_the_reason(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("sd-10482")
            await front.press("tab", "c")
            await front.type("ill")
            await front.press("f9", "tab")
            await sign_in(front, "2580", "tom")
            assert "about to cancel" not in front.line("keys")
            await front.type("sd-10482")
            await front.press("enter")
            assert top(front) is BookingsScreen
            await front.press("c")
            assert isinstance(front.app.screen, CancelScreen)
            assert front.app.screen.reason.text == ""
            await front.press("escape", "f9", "tab")
            await sign_in(front, "4711", "kim")
            assert "about to cancel" not in front.line("keys")

    async def test_help_over_the_dialog_goes_with_it(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("sd-10482")
            await front.press("tab", "c", "f1", "f9")
            await sign_in(front)
            assert top(front) is BookingsScreen
            assert front.line("keys") == "You were about to cancel Mirela Kovač. Enter goes on."

    async def test_a_note_is_closed_and_comes_back_when_it_is_opened_again(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("sd-10486")
            await front.press("enter", "c")
            front.clock.advance(2.0)
            await front.press("f8")
            await front.press("f4")
            await front.press("s")
            assert top(front) is NoteScreen
            await front.type("phoned")
            await front.press("f9")
            assert not patients_on(front)
            await sign_in(front)
            assert top(front) is AttentionScreen
            await front.press("s")
            assert front.app.screen.query_one("#note", TextField).value == "phoned"
            await front.press("escape", "escape")

    async def test_at_the_smallest_size_the_offer_is_whole(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins(), size=(60, 16)) as front:
            await sign_in(front)
            await front.type("sd-10488")
            await front.press("tab", "c", "f9")
            await sign_in(front)
            assert front.lines()[-1] == " You were about to cancel Siew Ling Kovac-... Enter goes on."

    async def test_another_operator_begins_at_find_with_nothing_of_it(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            start = front.lines()
            await front.type("sd-10482")
            await front.press("tab", "c")
            front.clock.advance(2)
            await front.press("f8", "tab", "0", "2", "d", "escape", "tab", "1")
            await front.press("c")
            await front.type("ill")
            await front.press("f9", "tab")
            await sign_in(front, "2580", "tom")
            assert front.app.screen_stack[1:] == [front.screen]
            assert front.screen.find.value == ""
            assert front.screen.find.has_focus
            assert front.shows == "All days, all practices, cancelled too"
            assert front.line("last") == ""
            assert [line for line in front.lines()[:19] if "10482" not in line][3:10] == start[3:10]
            await front.press("f9", "tab")
            await sign_in(front, "4711", "kim")
            assert "cancelled" in front.facts

    @pytest.mark.full
    async def test_a_wrong_pin_brings_nothing_back(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.press("f9", *"0000", "enter")
            assert top(front) is SignInScreen
            assert not patients_on(front)

    async def test_keys_typed_before_the_unlock_frame_are_dropped(self, store_path: Path) -> None:
        pins = Pins()
        async with signed_in(store_path, pins) as front:
            await sign_in(front)
            await front.type("sd-10482")
            await front.press("tab", "c", "f9")
            pins.gate.clear()
            pins.asked.clear()
            await asked_after(pins, front, *"4711", "enter", "enter", "f8", "x")
            front.clock.advance(10)
            pins.gate.set()
            await reached(front, BookingsScreen)
            await front.idle()
            assert top(front) is BookingsScreen
            assert front.screen.find.value == "sd-10482"
            assert front.line("keys") == "You were about to cancel Mirela Kovač. Enter goes on."

    @pytest.mark.full
    async def test_a_key_that_comes_while_the_screen_is_given_back_is_dropped(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lock, keys = front.app._desk_lock, front.app._keys
        uncover = lock._uncover

        async def uncovered(desk: OpenDesk, name: str) -> None:
            await uncover(desk, name)
            keys.put(key_event("x"))
            await keys.handled()

        monkeypatch.setattr(lock, "_uncover", uncovered)
        await posted(front, "f9")
        await reached(front, HiddenScreen)
        await posted(front, "enter")
        await reached(front, BookingsScreen)
        await front.idle()
        assert front.screen.find.value == ""

    @pytest.mark.full
    async def test_another_operator_sees_nothing_of_it_while_the_store_is_away(
        self, store_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def away(*_: object) -> Page:
            raise Unavailable("The line is cut.")

        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            await front.type("kov")
            await front.press("f9", "tab")
            monkeypatch.setattr(front.store, "page", away)
            await sign_in(front, "2580", "tom")
            assert front.shows.startswith("No connection to the bookings")
            assert not patients_on(front)

    @pytest.mark.full
    async def test_what_other_desks_do_goes_on_under_the_lock(self, store_path: Path) -> None:
        async with signed_in(store_path, Pins()) as front:
            await sign_in(front)
            ref = front.marked.ref
            await front.press("f9")
            (booking,) = await front.store.find(ref)
            await cancel(front.store, cancel_of(booking, TOM))
            await front.until(lambda: front.marked.cancellation)
            assert not patients_on(front)
            await sign_in(front)
            assert "Tom Reid cancelled" in front.line("keys")
