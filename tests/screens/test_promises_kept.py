"""Whatever a store raises, no screen waits for ever, and none says more than is certain."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk import saving
from frontdesk.app import FrontdeskApp
from frontdesk.commands import Command, Done
from frontdesk.errors import CommitLost, FrontdeskError, Unavailable
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.screens.dialogs.settling import NoteScreen
from frontdesk.screens.list import store_watch
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore
from tests import making
from tests.contract.raw import bring_back, take_away
from tests.making import cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.cuts import in_front
from tests.screens.desk_data import KIM, NOW
from tests.screens.front import Front, StillClock, desk_on, key_event, screen_lines

SEEN = 2.0
"""Seconds after which a confirm counts where the terminal cannot be asked."""
REF = "SD-10482"
NOT_SAVED = "Not saved, nothing has happened: "
NOT_KNOWN = "Not known yet whether it was saved. Asking. Do not tell the patient yet."
OUTSIDE: list[Exception] = [FileNotFoundError(2, "No such file"), RuntimeError("patient Mirela"), KeyError(0)]
"""Errors outside the family: of the system, of a library, of a mistake in the program."""


class Raises:
    """A store in front of the real one; questions named in `errors` raise what stands there."""

    def __init__(self, store: BookingStore) -> None:
        self._store: Any = store
        self.errors: dict[str, Exception] = {}
        self.errors_after: dict[str, Exception] = {}
        """Those that are raised once it was done."""
        self.asked = 0
        """How often such a question was asked."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def ask(*arguments: Any, **named: Any) -> Any:
            if error := self.errors.get(name):
                self.asked += 1
                raise error
            if name == "changes":
                arguments = (arguments[0], 0.02)  # else an error is noticed when a change comes
            answer = await getattr(self._store, name)(*arguments, **named)
            if error := self.errors_after.get(name):
                raise error
            return answer

        return ask


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> list[Raises]:
    """The store that `wrapped` will have put in front of the real one; it is asked again at once."""
    monkeypatch.setattr(saving, "ASK_AGAIN", (0.01,))
    monkeypatch.setattr(store_watch, "ASK_AWAY", 0.01)
    return []


def wrapped(made: list[Raises]) -> Callable[[BookingStore], Any]:
    return in_front(made, Raises)


async def open_dialog(front: Front, ref: str = REF) -> CancelScreen:
    await front.type(ref.lower())
    await front.press("enter", "c")
    assert isinstance(front.app.screen, CancelScreen)
    front.clock.advance(SEEN)
    return front.app.screen


def said(dialog: CancelScreen) -> str:
    return dialog.said


async def press(front: Front, dialog: CancelScreen, answer: str) -> None:
    """Press F8 and wait for a sentence: what goes on behind it would keep `press` waiting."""
    front.app.post_message(key_event("f8"))
    while not said(dialog).startswith(answer):
        await front.pilot.pause(0.01)


@pytest.mark.parametrize("error", OUTSIDE, ids=lambda one: type(one).__name__)
async def test_whatever_a_cancel_raises_it_is_asked_what_became_of_it(
    open_front: FrontOpener, raising: list[Raises], error: Exception
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        dialog = await open_dialog(front)
        raising[0].errors["do"] = error
        await front.press("f8")
        assert said(dialog) == (
            f"{NOT_SAVED}Something went wrong in frontdesk, reference TEST01: "
            "tell the person who looks after it. Try again or Esc."
        )
        del raising[0].errors["do"]
        await front.press("f8")
        (booking,) = await front.store.find(REF)
        assert booking.cancellation is not None
        assert front.reports == [error]
        front.reports.clear()


@pytest.mark.parametrize("error", OUTSIDE, ids=lambda one: type(one).__name__)
async def test_whatever_the_question_raises_it_is_asked_on(
    open_front: FrontOpener, raising: list[Raises], error: Exception
) -> None:
    class AnswerLost(Raises):
        async def do(self, command: Command) -> Done[Any]:
            await self._store.do(command)
            raise Unavailable("The line was cut.")

    async with open_front(wrap=in_front(raising, AnswerLost)) as front:
        dialog = await open_dialog(front)
        raising[0].errors["outcome"] = error
        await press(front, dialog, NOT_KNOWN)
        while raising[0].asked < 3:
            await front.pilot.pause(0.01)
        assert said(dialog) == NOT_KNOWN
        assert front.reports == [error]  # once, however often it came back
        front.reports.clear()
        del raising[0].errors["outcome"]
        await front.until(lambda: front.app.screen is front.screen)
        assert "cancelled" in front.facts


async def test_a_store_file_that_goes_away_under_the_dialog_is_said_and_asked_for_until_it_is_back(
    front: Front, store_path: Path, raising: list[Raises]
) -> None:
    dialog = await open_dialog(front)
    take_away(store_path)
    await press(front, dialog, NOT_KNOWN)
    bring_back(store_path)
    # The path of this test's file is too long for the reason to be told.
    await front.until(lambda: said(dialog) == "Not saved, nothing has happened. Try again or Esc.")
    await front.until(lambda: "No connection to the bookings" not in front.shows)
    await front.press("f8")
    (booking,) = await front.store.find(REF)
    assert booking.cancellation is not None


async def test_a_store_file_that_is_replaced_under_the_dialog_is_the_one_that_is_written(
    front: Front, store_path: Path
) -> None:
    await open_dialog(front)
    take_away(store_path, leave_a_copy=True)
    await front.press("f8")
    assert "cancelled" in front.facts
    for path, is_cancelled in ((store_path, True), (store_path.with_suffix(".away"), False)):
        store = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
        (booking,) = await store.find(REF)
        assert (booking.cancellation is not None) == is_cancelled
        await store.close()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            CommitLost(Unavailable("The disk is full: nothing was changed; free some space.")),
            f"{NOT_SAVED}The disk is full: nothing was changed; free some space. Try again or Esc.",
        ),
        (Unavailable("The line was cut."), f"{NOT_SAVED}The line was cut. Try again or Esc."),
    ],
    ids=["commit lost", "away"],
)
async def test_one_sentence_never_says_both(
    open_front: FrontOpener, raising: list[Raises], error: FrontdeskError, expected: str
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        dialog = await open_dialog(front)
        raising[0].errors["do"] = error
        await front.press("f8")
        assert said(dialog) == expected


async def test_an_outcome_that_a_standby_cannot_know_is_asked_on(
    open_front: FrontOpener, raising: list[Raises]
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        dialog = await open_dialog(front)
        raising[0].errors["do"] = CommitLost(Unavailable("The line was cut: nothing was changed."))
        raising[0].errors["outcome"] = Unavailable("The database is read-only: it may not have it yet.")
        await press(front, dialog, NOT_KNOWN)
        del raising[0].errors["outcome"]
        await front.until(lambda: said(dialog).startswith(NOT_SAVED))
        assert "not known" not in said(dialog)


# -- a person deals with what failed ---------------------------------------------------------


@pytest.fixture
async def in_attention(store_path: Path) -> None:
    """A booking whose patient has to be phoned, and whose PMS updated by hand."""
    store = await open_store(f"sqlite:///{store_path}", clock=lambda: NOW)
    (booking,) = await store.find("SD-10486")
    await making.cancel(store, cancel_of(booking, KIM))
    await store.close()


@pytest.mark.usefixtures("in_attention")
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("patient Petra"), "Not settled: Something went wrong in frontdesk, reference TEST01"),
        (
            CommitLost(Unavailable("The line was cut: nothing was changed.")),
            "Not settled: The line was cut: nothing was changed.",
        ),
        (Unavailable("The line is cut."), "Not settled: The line is cut."),
    ],
    ids=["bug", "commit lost", "away"],
)
async def test_settling_says_what_is_certain_and_keeps_the_note(
    open_front: FrontOpener, raising: list[Raises], error: Exception, sentence: str
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        await front.press("f4")
        await front.press("s")
        raising[0].errors["do"] = error
        await front.type("phoned")
        note = front.app.screen
        assert isinstance(note, NoteScreen)
        raising[0].errors["outcome"] = OSError("gone")
        front.app.post_message(key_event("enter"))
        while note.said != "Not known yet whether it was settled. Esc, then F5 shows how it stands.":
            await front.pilot.pause(0.01)
        del raising[0].errors["outcome"]
        await front.idle()
        assert note.sheet.text("message").strip().startswith(sentence)
        raising[0].errors.clear()
        raising[0].errors["state"] = OSError("gone")
        await front.press("enter")
        assert "Settled and signed." in "\n".join(front.lines())
        raising[0].errors.clear()
        front.reports.clear()


@pytest.mark.usefixtures("in_attention")
@pytest.mark.parametrize("error", [RuntimeError("patient Petra"), Unavailable("The line is cut.")])
async def test_attention_that_cannot_be_read_says_so_and_is_read_with_f5(
    open_front: FrontOpener, raising: list[Raises], error: Exception
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        raising[0].errors["attention"] = error
        await front.press("f4")
        words = "Something went wrong" if isinstance(error, RuntimeError) else "The line is cut."
        assert words in front.lines()[-1]
        assert "Petra" not in "\n".join(front.lines())
        raising[0].errors.clear()
        await front.press("f5")
        assert "need a person" in front.lines()[1]
        raising[0].errors["do"] = error
        await front.press("a")
        assert front.lines()[-1].startswith(f" Not tried again: {words}")
        raising[0].errors["outcome"] = error
        await front.press("a")
        assert front.lines()[-1].startswith(" Not known yet whether it was tried again.")
        raising[0].errors.clear()
        front.reports.clear()


async def test_a_bug_in_what_others_write_is_told_as_trouble_and_followed_again(
    open_front: FrontOpener, raising: list[Raises]
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        raising[0].errors["changes"] = raising[0].errors["state"] = RuntimeError("patient Mirela")
        await front.until(lambda: "No connection to the bookings" in front.shows)
        while raising[0].asked < 5:
            await front.pilot.pause(0.01)
        assert len(front.reports) == 1
        front.reports.clear()
        raising[0].errors.clear()
        await front.until(lambda: front.line("keys") == "Connected to the bookings again.")


async def test_a_list_that_cannot_be_built_is_said_and_not_waited_for(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(desk: object) -> None:
        raise ImportError("a file of the program is missing")

    monkeypatch.setattr(FrontdeskApp, "_bookings_screen", staticmethod(breaks))
    reports: list[BaseException] = []
    app = FrontdeskApp(desk_on(store_path, StillClock(), reports))
    async with app.run_test(size=(80, 24)) as pilot:
        while "Reference TEST01" not in "\n".join(screen_lines(app)):
            await pilot.pause(0.01)
    assert [type(one) for one in reports] == [ImportError]
