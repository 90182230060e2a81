"""Reasons at hand and the note for the practice: what is offered, what is kept, and what stays in the practice."""

import pytest
from textual import events

from frontdesk.bookings import Booking, Cancellation
from frontdesk.commands.cancel import ReasonAtHand
from frontdesk.desk import Settings
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.widgets.button import Button
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import TOM
from tests.screens.front import Front

SEEN = 2.0
"""Seconds after which a confirm counts where the terminal cannot be asked."""
SICK, AWAY = ReasonAtHand("Sick"), ReasonAtHand("Dr away", "Your dentist is away that day.")
AT_HAND = Settings(reasons=(SICK, AWAY))


async def open_dialog(front: Front, ref: str = "SD-10482") -> CancelScreen:
    await front.type(ref.lower())
    await front.press("enter", "c")
    return dialog_of(front)


def dialog_of(front: Front) -> CancelScreen:
    assert isinstance(front.app.screen, CancelScreen)
    return front.app.screen


async def cancelled(front: Front, ref: str = "SD-10482") -> Cancellation:
    front.clock.advance(SEEN)
    await front.press("f8")
    booking = await stored(front, ref)
    assert booking.cancellation is not None
    return booking.cancellation


async def stored(front: Front, ref: str = "SD-10482") -> Booking:
    (booking,) = await front.store.find(ref)
    return booking


def shown(front: Front) -> str:
    return "\n".join(front.lines())


class TestReasonsAtHand:
    @pytest.mark.parametrize("keys", [("down", "2"), ("down", "down", "enter")], ids=["number", "arrows"])
    async def test_one_that_is_chosen_fills_the_reason_and_writes_nothing(
        self, open_front: FrontOpener, keys: tuple[str, ...]
    ) -> None:
        async with open_front(settings=AT_HAND) as front:
            dialog = await open_dialog(front)
            await front.press(*keys)
            assert front.app.screen is dialog
            assert dialog.reason.text == AWAY.patient
            assert "Filed as Dr away  30/255" in shown(front)
            assert (await stored(front)).cancellation is None
            await front.type(" Sorry.")
            done = await cancelled(front)
            assert (done.reason, done.filed) == ("Your dentist is away that day. Sorry.", "Dr away")

    async def test_one_without_words_for_the_patient_gives_the_patient_none(
        self, open_front: FrontOpener
    ) -> None:
        async with open_front(settings=AT_HAND) as front:
            dialog = await open_dialog(front)
            await front.press("down")
            assert "1  Sick" in shown(front)
            await front.press("1")
            assert dialog.said == "Filed as Sick. The patient is given no reason. Backspace takes it out."
            assert "Filed as Sick  0/255" in shown(front)
            done = await cancelled(front)
            assert (done.reason, done.filed, done.note) == ("", "Sick", "")

    async def test_escape_goes_back_to_the_field_with_nothing_chosen(self, open_front: FrontOpener) -> None:
        async with open_front(settings=AT_HAND) as front:
            dialog = await open_dialog(front)
            await front.press("down")
            assert "Its number  chooses" in shown(front)
            await front.press("escape", *"ill")
            assert (dialog_of(front), dialog.reason.text, dialog.ask().filed) == (dialog, "ill", "")

    async def test_a_number_that_no_reason_has_chooses_none(self, open_front: FrontOpener) -> None:
        async with open_front(settings=AT_HAND) as front:
            dialog = await open_dialog(front)
            await front.press("down", "3", "0", "enter")
            assert dialog.reason.text == ""
            assert dialog.ask().filed == ""

    async def test_a_confirm_counts_only_after_the_choice_was_seen(self, open_front: FrontOpener) -> None:
        async with open_front(settings=AT_HAND) as front:
            dialog = await open_dialog(front)
            front.clock.advance(SEEN)
            await front.press("down", "1", "f8")
            assert dialog.said.startswith("Too early")
            assert (await stored(front)).cancellation is None

    async def test_down_offers_nothing_where_something_is_typed_or_the_focus_is_elsewhere(
        self, open_front: FrontOpener
    ) -> None:
        async with open_front(settings=AT_HAND) as front:
            dialog = await open_dialog(front)
            await front.press("i", "down", "backspace", "tab", "down", "tab", "down")
            assert front.app.screen is dialog

    async def test_without_any_it_says_where_they_are_written(self, front: Front) -> None:
        dialog = await open_dialog(front)
        await front.press("down")
        assert front.app.screen is dialog
        assert "[ui] reasons" in dialog.said

    @pytest.mark.parametrize("keys", [("1", "backspace"), ("2", "ctrl+u")], ids=["none", "some"])
    async def test_the_word_for_the_file_goes_with_the_reason(
        self, open_front: FrontOpener, keys: tuple[str, ...]
    ) -> None:
        async with open_front(settings=AT_HAND) as front:
            dialog = await open_dialog(front)
            await front.press("down", *keys)
            assert dialog.ask().filed == ""
            assert "Filed as" not in shown(front).replace(dialog.said, "")


class TestTheLastReason:
    async def test_up_brings_it_back_with_its_word_and_without_the_note(
        self, open_front: FrontOpener
    ) -> None:
        async with open_front(settings=AT_HAND) as front:
            await open_dialog(front)
            await front.press("down", "2", "tab", *"private")
            await cancelled(front)
            await front.press("escape", "escape")
            dialog = await open_dialog(front, "SD-10487")
            await front.press("up")
            assert (dialog.reason.text, dialog.ask().filed) == (AWAY.patient, "Dr away")
            assert dialog.note.text == ""
            assert (await stored(front, "SD-10487")).cancellation is None

    async def test_before_the_first_there_is_none(self, front: Front) -> None:
        dialog = await open_dialog(front)
        await front.press("up")
        assert dialog.said == "You have given no reason yet that could be brought back."

    async def test_a_reason_that_was_typed_is_not_replaced(self, front: Front) -> None:
        await open_dialog(front)
        await front.type("ill")
        await cancelled(front)
        await front.press("escape", "escape")
        dialog = await open_dialog(front, "SD-10487")
        await front.press("x", "up")
        assert dialog.reason.text == "x"

    async def test_the_lock_forgets_it(self, front: Front) -> None:
        await open_dialog(front)
        await front.type("ill")
        await cancelled(front)
        await front.press("escape", "escape", "f9", "enter")
        dialog = await open_dialog(front, "SD-10487")
        await front.press("up")
        assert dialog.reason.text == ""

    async def test_another_operator_does_not_get_it(self, front: Front) -> None:
        await open_dialog(front)
        await front.type("ill")
        await cancelled(front)
        await front.press("escape", "escape")
        desk = front.app.open_desk
        assert desk is not None
        desk.signed_in = TOM.name
        dialog = await open_dialog(front, "SD-10487")
        await front.press("up")
        assert dialog.reason.text == ""


class TestTheNote:
    async def test_it_is_stored_beside_the_reason_and_shown_in_details(self, front: Front) -> None:
        await open_dialog(front)
        await front.press(*"ill", "tab", *"owes us a call")
        done = await cancelled(front)
        assert (done.reason, done.note, done.filed) == ("ill", "owes us a call", "")
        assert "owes us a call" not in shown(front)
        await front.press("tab", "d")
        assert "  Note          owes us a call" in front.lines()

    async def test_tab_goes_from_the_reason_to_the_note_to_the_buttons_and_round(self, front: Front) -> None:
        dialog = await open_dialog(front)
        stops = [dialog.reason, dialog.note, *dialog.query(Button)]
        for stop in (*stops, dialog.reason):
            assert dialog.focused is stop
            await front.press("tab")

    async def test_enter_in_it_never_confirms(self, front: Front) -> None:
        dialog = await open_dialog(front)
        front.clock.advance(SEEN)
        await front.press("tab", "x", "enter")
        assert dialog.said == "Enter does not confirm. F8 cancels the booking, Esc keeps it."
        assert (await stored(front)).cancellation is None

    async def test_a_paste_is_one_line_and_cut_with_a_notice(self, front: Front) -> None:
        dialog = await open_dialog(front)
        await front.press("tab")
        front.app.post_message(events.Paste("one\ntwo\n" + "x" * 300))
        await front.idle()
        assert dialog.note.text.startswith("one two x")
        assert len(dialog.note.reason) == 255
        assert dialog.said == "Cut at 255 characters: the end of what you pasted is missing."
        await front.press("y")
        assert dialog.said == "The note is full: 255 characters."
        assert dialog.reason.text == ""

    async def test_in_a_low_window_it_is_left_out_and_loses_neither_its_text_nor_the_focus(
        self, front: Front
    ) -> None:
        dialog = await open_dialog(front)
        await front.press("tab", *"keep me")
        await front.pilot.resize_terminal(80, 17)
        await front.idle()
        assert "Note for the practice" not in shown(front)
        assert "Billing" in shown(front)
        assert "Keep Booking" in shown(front)
        assert dialog.focused is dialog.reason
        await front.press("tab")
        assert isinstance(dialog.focused, Button)
        await front.pilot.resize_terminal(80, 19)
        await front.idle()
        assert "keep me" in shown(front)
        assert "Keep Booking" in shown(front)

    async def test_what_the_lock_closed_comes_back_to_who_typed_it(self, open_front: FrontOpener) -> None:
        async with open_front(settings=AT_HAND) as front:
            await open_dialog(front)
            await front.press("down", "1", "tab", *"secret", "f9")
            assert "secret" not in shown(front)
            await front.press("enter")
            await front.until(lambda: "Enter goes on" in shown(front))
            await front.press("enter")
            dialog = dialog_of(front)
            assert (dialog.reason.text, dialog.note.text, dialog.ask().filed) == ("", "secret", "Sick")
