"""A made-up dialog has what every dialog of a command has, by bringing its words, its fields and its ask."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

import pytest
from textual.binding import BindingType
from textual.widget import Widget

from frontdesk.actions import CANCEL_ACTIONS
from frontdesk.bookings import Booking
from frontdesk.commands import Cancel
from frontdesk.errors import CommitLost, Unavailable
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.booking import BookingDialog, Closed
from frontdesk.screens.dialogs.command import Progress
from frontdesk.store.sql.store import SqlStore
from frontdesk.terminal import PositionAnswered
from frontdesk.widgets.button import Button, Tick
from frontdesk.widgets.reason_field import ReasonField
from frontdesk.words.dialog import LABEL_AT, UNTICKED, Wording, field, frame, inset, text_width
from frontdesk.words.summary import summary
from frontdesk.words.told import Role, Shown, told
from tests.making import cancel, cancel_of
from tests.screens import test_promises_kept
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import KIM, NOW, everything
from tests.screens.front import Front, key_event
from tests.screens.test_promises_kept import Raises, wrapped

raising = test_promises_kept.raising
"""The store in front of the real one, which raises at will."""

REF, SEEN = "SD-10482", 2.0
PATIENT_KNOWS, PRACTITIONER_KNOWS = "The patient knows", "The practitioner knows"

# -- the made-up kind ---------------------------------------------------------------------

WORDS = Wording(
    title="Call Off",
    keep="Leave It",
    confirm="Call It Off",
    kept="Left as it is.",
    on_enter="Enter calls nothing off. F8 does.",
    does="calls it off",
    final="Nobody is told.",
)


@dataclass(frozen=True)
class CallingOff:
    booking: Booking
    message: str


def call_off_lines(state: CallingOff, width: int, height: int) -> Shown:
    body = {
        "summary": inset(summary(state.booking, NOW, None, text_width(width)), width),
        "knows": (told(f"{' ' * LABEL_AT}{UNTICKED}{PATIENT_KNOWS}"),),
        "rests": (told(f"{' ' * LABEL_AT}{UNTICKED}{PRACTITIONER_KNOWS}"),),
        "label": (told(f"{' ' * LABEL_AT}Why, optional", Role.LABEL),),
        "reason": (field(width),) * 2,
    }
    return frame(WORDS, body, state.message, width, height)


class CallOffScreen(BookingDialog, inherit_bindings=False):
    WORDS = WORDS
    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(CANCEL_ACTIONS)

    def shown(self, width: int, height: int) -> Shown:
        return call_off_lines(CallingOff(self.booking, self.said), width, height)

    def fields(self) -> Sequence[Widget]:
        ticks = [Tick(PATIENT_KNOWS, id="knows"), Tick(PRACTITIONER_KNOWS, id="rests")]
        return [*ticks, ReasonField(id="reason")]

    def stops(self) -> Sequence[Widget]:
        return [*self.those_of(Tick), *self.those_of(ReasonField), *self.those_of(Button)]

    def why_not_ready(self) -> str:
        return "" if all(tick.is_set for tick in self.those_of(Tick)) else "Answer both, then press F8."

    def ask(self) -> Cancel:
        return Cancel(f"called off: {self.typed}")


# -- what it has --------------------------------------------------------------------------


async def opened(front: Front, closed: list[Closed | None]) -> CallOffScreen:
    assert front.app.open_desk is not None
    (booking,) = await front.store.find(REF)
    dialog = CallOffScreen(front.app.open_desk, booking)
    await front.app.push_screen(dialog, closed.append)
    await front.idle()
    return dialog


async def answer_both(front: Front) -> None:
    await front.press("space", "tab", "space", "tab")


async def stored(front: Front) -> Booking:
    (booking,) = await front.store.find(REF)
    return booking


async def test_it_shows_its_own_words_and_keeps_on_escape(front: Front) -> None:
    closed: list[Closed | None] = []
    await opened(front, closed)
    shown = "\n".join(front.lines())
    for words in (WORDS.title, "Esc  Leave It", "F8  Call It Off", WORDS.final, "Why, optional"):
        assert words in shown
    assert "Cancel Booking" not in shown
    assert "What follows" not in shown
    await answer_both(front)
    await front.press("enter")
    assert WORDS.on_enter in "\n".join(front.lines())
    await front.press("escape")
    assert closed == [Closed(None, WORDS.kept)]


async def test_f8_counts_once_it_was_seen_and_all_is_answered(front: Front) -> None:
    closed: list[Closed | None] = []
    dialog = await opened(front, closed)
    await answer_both(front)
    await front.press("f8")
    assert dialog.said == "Too early: this window was not yet on your screen. Read it, then press F8."
    front.clock.advance(SEEN)
    await front.press("shift+tab", "space", "f8")
    assert dialog.said == "Answer both, then press F8."
    assert (await stored(front)).cancellation is None
    await front.press("space", "tab", *"ill", "f8")
    saved = await stored(front)
    assert saved.cancellation is not None
    assert saved.cancellation.reason == "called off: ill"
    assert closed == [Closed(saved)]


async def test_the_terminals_answer_reaches_it(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.screens.dialogs.command.ask_position", lambda app: 7)
    dialog = await opened(front, [])
    await answer_both(front)
    front.clock.advance(0.5)
    await front.press("f8")
    assert dialog.said.startswith("Too early")
    front.app.post_message(PositionAnswered(7))
    await front.idle()
    await front.press("f8")
    assert (await stored(front)).cancellation is not None


@pytest.mark.parametrize("is_saved", [True, False])
async def test_a_lost_answer_is_asked_for(
    open_front: FrontOpener, raising: list[Raises], is_saved: bool
) -> None:
    async with open_front(wrap=wrapped(raising)) as front:
        closed: list[Closed | None] = []
        dialog = await opened(front, closed)
        await answer_both(front)
        front.clock.advance(SEEN)
        (lost,) = raising
        lost.errors["outcome"] = Unavailable("The line is cut.")
        if is_saved:
            lost.errors_after["do"] = CommitLost(Unavailable("The line is cut."))
        else:
            lost.errors["do"] = CommitLost(Unavailable("The line is cut."))
        front.app.post_message(key_event("f8"))
        while dialog._progress is not Progress.UNKNOWN:
            await front.pilot.pause(0.01)
        assert dialog.said == "Not known yet whether it was saved. Asking. Do not tell the patient yet."
        lost.errors.clear()
        await front.idle()
        assert ((await stored(front)).cancellation is not None) is is_saved
        if is_saved:
            assert closed == [Closed(await stored(front))]
        else:
            assert dialog.said == "Not saved, nothing has happened: The line is cut. Try again or Esc."


async def test_who_was_first_is_named_and_nothing_is_done_again(front: Front, second_store: SqlStore) -> None:
    dialog = await opened(front, [])
    await cancel(second_store, cancel_of(await stored(front), KIM))
    await front.until(lambda: dialog._progress is Progress.OVER)
    assert dialog.said == "Kim Nguyen cancelled this at 09:14. Nothing was done again. Esc closes."
    await front.press("escape")


async def test_a_booking_that_moves_under_it_is_read_again_and_must_be_seen(
    front: Front, second_store: SqlStore
) -> None:
    dialog = await opened(front, [])
    await answer_both(front)
    front.clock.advance(SEEN)
    (one,) = [one for one in everything() if one.ref == REF]
    later = timedelta(days=1)
    moved = replace(one, starts_at=one.starts_at + later, ends_at=one.ends_at and one.ends_at + later)
    await second_store.registry.load([moved], KIM, "file")
    await front.until(lambda: "Fri 27 Nov 2026 10:30" in "\n".join(front.lines()))
    assert "time" in dialog.said
    await front.press("f8")
    assert dialog.said.startswith("Too early")
    assert (await stored(front)).cancellation is None
    front.clock.advance(SEEN)
    await front.press("f8")
    assert (await stored(front)).cancellation is not None
