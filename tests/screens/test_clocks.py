"""Writes are told by the clock at the desk, appointments by their practice's, and it is said which."""

from collections.abc import AsyncIterator

import pytest

from frontdesk.desk import Settings
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.screens.dialogs.command import Progress
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front
from tests.screens.test_several_desks import cancel_elsewhere, cancel_there


@pytest.fixture
async def front_in_sydney(open_front: FrontOpener) -> AsyncIterator[Front]:
    """A desk in Sydney, half an hour ahead of Adelaide: it is 09:44 there."""
    async with open_front(settings=Settings(home="sydney")) as front:
        yield front


async def test_what_is_written_here_is_told_by_the_clock_here(front_in_sydney: Front) -> None:
    front = front_in_sydney
    await front.type("sd-10482")
    await front.press("enter", "c")
    assert any(
        "Thu 26 Nov 2026 10:30" in line and "Adelaide time, 11:00 here" in line for line in front.lines()
    )
    front.clock.advance(2.0)
    await front.press("f8")
    assert front.line("last").startswith("09:44  Mirela Kovač   ✓ cancelled")
    await front.pilot.resize_terminal(120, 40)
    await front.idle()
    assert front.line("last").startswith("09:44  Mirela Kovač Thu 26 Nov 10:30 ADL   ")
    await front.pilot.resize_terminal(80, 24)
    await front.idle()
    await front.press("tab", "c")
    menu = "\n".join(front.lines())
    assert "cancelled by Kim Nguyen Sun 22 Nov 09:44 Sydney time" in menu
    await front.press("escape", "tab", "d")
    lines = front.lines()
    assert any(line.startswith(" What followed   Sydney time") for line in lines)
    assert any(line.startswith(" History   Sydney time") for line in lines)
    assert any("Cancelled here" in line and "Sun 22 Nov 09:44:02" in line for line in lines)
    assert any("Sun 22 Nov 09:44  Kim Nguyen" in line for line in lines)
    assert any("Mon  2 Nov 20:41  online" in line for line in lines)
    assert not any("09:14" in line for line in lines)


async def test_at_a_practice_with_the_same_clock_nothing_has_to_be_said(front_in_sydney: Front) -> None:
    front = front_in_sydney
    await front.type("sd-10485")
    await front.press("enter", "c")
    front.clock.advance(2.0)
    await front.press("f8", "tab", "d")
    assert "Sydney time" not in "\n".join(front.lines())


async def test_attention_says_by_which_clock_it_was_cancelled(front_in_sydney: Front) -> None:
    front = front_in_sydney
    await front.type("sd-10486")
    await front.press("enter", "c")
    front.clock.advance(2.0)
    await front.press("f8", "f4")
    lines = "\n".join(front.lines())
    assert "Fri 27 Nov 08:15 PRT" in lines
    assert "Cancelled Sun 22 Nov 09:44 Sydney time by Kim Nguyen" in lines


async def test_the_dialog_says_by_which_clock_another_desk_cancelled(front_in_sydney: Front) -> None:
    front = front_in_sydney
    await front.type("sd-10482")
    await front.press("enter", "c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    await cancel_there(front.store, "SD-10482")
    await front.until(lambda: dialog._progress is Progress.OVER)
    assert "cancelled this at 09:44 Sydney time." in dialog.said


async def test_news_of_another_desk_names_the_practice_of_the_time(front: Front) -> None:
    await front.type("mirela")
    await cancel_elsewhere(front, "SD-10485")
    assert "Thu 26 Nov 10:30 SYD M. Kovač." in front.line("keys")
