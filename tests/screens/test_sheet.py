"""A dialog is one sheet: where its fields lie, what is painted when, and what is left of it when it closes."""

from dataclasses import replace
from typing import Any

import pytest
from textual.screen import Screen

from frontdesk.screens.dialogs.booking import NOTHING_YET
from frontdesk.screens.dialogs.cancel import SPARE, CancelScreen
from frontdesk.screens.dialogs.requesting import DidNotComeScreen
from frontdesk.store.sql.store import SqlStore
from frontdesk.widgets.button import Button
from frontdesk.widgets.reason_field import ReasonField
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import KIM, PRACTICES, TOM
from tests.screens.front import Front

SEEN = 2.0


async def opened(front: Front, ref: str = "SD-10482") -> CancelScreen:
    await front.press("escape", "escape")
    await front.type(ref.lower())
    await front.press("enter", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    return dialog


async def spare_of(front: Front) -> CancelScreen:
    """The dialog that waits for the next booking, once it is mounted."""
    await front.until(lambda: front.app.is_screen_installed(SPARE))
    spare = front.app.get_screen(SPARE, CancelScreen)
    await front.until(lambda: spare.is_mounted and len(spare.query(Button)) == 2)
    return spare


# -- what is kept between two dialogs ---------------------------------------------------------


async def test_the_next_dialog_waits_mounted_and_is_about_nobody(front: Front) -> None:
    spare = await spare_of(front)
    assert spare.subject is NOTHING_YET
    assert not hasattr(spare, "booking")
    assert spare.sheet.lines == 0
    dialog = await opened(front)
    assert dialog is spare
    assert dialog.booking.ref == "SD-10482"


async def test_nothing_of_a_dialog_is_in_the_next_one(front: Front) -> None:
    await spare_of(front)
    first = await opened(front, "SD-10486")
    await front.type("my reason")
    await front.press("tab", *"my note", "tab", "space")
    assert "Petra Kovalenko" in "\n".join(front.lines())
    await front.press("escape")
    await spare_of(front)
    second = await opened(front)
    assert second is not first
    assert [field.text for field in second.query(ReasonField)] == ["", ""]
    assert not second.ask().told_by_phone
    shown = "\n".join(front.lines())
    for words in ("Petra", "Kovalenko", "Dentix", "my reason", "my note", "Told by me"):
        assert words not in shown
    assert not first.is_running


async def test_two_dialogs_in_one_go_are_each_about_their_own_booking(front: Front) -> None:
    await front.type("sd-10486")
    await front.press("enter", "c", "escape", "escape", "escape", *"sd-10482", "enter", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    assert dialog.booking.ref == "SD-10482"
    assert "Mirela Kovač" in dialog.sheet.text("summary")


# -- painted once -------------------------------------------------------------------------------


async def test_it_is_laid_out_once_when_it_opens(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    await spare_of(front)
    laid_out = list[Screen[Any]]()
    lay_out = Screen._refresh_layout

    def counted(self: Screen[Any], *arguments: Any, **named: Any) -> None:
        laid_out.append(self)
        lay_out(self, *arguments, **named)

    monkeypatch.setattr(Screen, "_refresh_layout", counted)
    dialog = await opened(front)
    await front.type("ill")
    assert laid_out.count(dialog) == 1


async def test_a_resize_and_a_change_below_leave_it_as_it_is(
    open_front: FrontOpener, second_store: SqlStore
) -> None:
    async with open_front(size=(100, 40)) as front:
        await opened(front)
        covered = front.lines()[3:27]
        (other,) = await second_store.find("SD-10485")
        await front.pilot.resize_terminal(100, 36)
        await front.idle()
        assert front.lines()[3:27] == covered
        await cancel(second_store, cancel_of(other, TOM))
        await front.idle()
        assert front.lines()[3:27] == covered


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 26), (124, 32), (200, 50)])
async def test_bars_go_over_the_whole_width_and_the_text_stands_in_the_middle(
    open_front: FrontOpener, size: tuple[int, int]
) -> None:
    width, height = size
    async with open_front(size=size) as front:
        dialog = await opened(front)
        top = max(0, min(3, height - 24))
        assert dialog.sheet.region == (0, top, width, min(24, height))
        strips = front.app.screen._compositor.render_strips()
        for y in (top, top + min(24, height) - 1):
            reversed_cells = sum(
                len(text) for text, style, _ in strips[y] if style is not None and style.reverse
            )
            assert reversed_cells > width - 60
        left = max(0, (width - 80) // 2)
        assert front.lines()[top].index("Cancel Booking") == left + 1
        label = next(line for line in front.lines() if "Cancellation Reason" in line)
        assert label.index("Cancellation") == left + 3
        assert dialog.reason.region.x == left + 4


# -- what is left to confirm --------------------------------------------------------------------


async def test_where_somebody_was_first_the_confirm_goes(front: Front) -> None:
    dialog = await opened(front)
    await front.press("tab", "tab", "tab")
    assert isinstance(dialog.focused, Button)
    await cancel(front.store, cancel_of(dialog.booking, TOM))
    front.clock.advance(SEEN)
    await front.press("f8")
    keys = front.lines()[-1]
    assert "Close" in keys
    assert "F8" not in keys
    assert "Keep Booking" not in keys
    assert dialog.focused is dialog.query_one("#keep")
    await front.press("shift+tab", "tab")
    await front.press("enter")
    assert front.app.screen is front.screen


async def test_a_field_without_a_line_is_not_there(front: Front, second_store: SqlStore) -> None:
    await second_store.registry.apply_practices(
        [replace(one, account="smile", biller="biller@smile.example") for one in PRACTICES], KIM
    )
    await front.type("sd-10484")
    await front.press("enter", "f")
    dialog = front.app.screen
    assert isinstance(dialog, DidNotComeScreen)
    await front.until(lambda: "Your name" in "\n".join(front.lines()))
    name, text = dialog.query_one("#name"), dialog.query_one("#text")
    assert dialog.sheet.shows(name)
    assert not dialog.sheet.shows(text)
    assert text not in dialog.stops()
    line = front.lines()[name.region.y]
    assert line.startswith("   Your name      [Kim Nguyen")
