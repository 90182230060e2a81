"""What a line says of a key is true for where the focus is; a chooser goes back to where it was opened."""

import pytest

from frontdesk.desk import Settings
from frontdesk.screens.chooser import ChooserScreen
from tests.choosing import few_in_quick
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front
from tests.screens.test_several_desks import cancel_there

STATUS = ("1 change by other desks", "a person")


async def test_how_a_filter_is_cleared_is_said_for_where_the_focus_is(front: Front) -> None:
    await front.press("tab", "1")
    assert front.shows.endswith("of 68   0 clears")
    assert "Tab 0" not in front.shows
    await front.press("tab")
    assert front.shows.endswith("of 68   Tab 0 clears")
    await front.press("enter")
    assert front.screen.menu.is_open
    assert front.shows.endswith("of 68")
    await front.press("escape")
    assert front.shows.endswith("Tab 0 clears")
    await front.press("tab", "0")
    assert front.shows == "All days, all practices, cancelled too"


async def test_how_an_empty_list_is_left_is_said_for_where_the_focus_is(front: Front) -> None:
    await front.press("tab", "3", "n")
    text = "None: Cancelled, Mon 23 Nov."
    assert any(f"{text} 0 shows everything." in line for line in front.lines())
    await front.press("tab")
    assert any(f"{text} Tab 0 shows everything." in line for line in front.lines())


async def test_a_key_that_the_config_changed_is_named(open_front: FrontOpener) -> None:
    async with open_front(settings=Settings(keys={"filter.none": "z"})) as front:
        await front.press("tab", "1")
        assert front.shows.endswith("   z clears")
        await front.press("z")
        assert front.shows == "All days, all practices, cancelled too"


@pytest.mark.parametrize(
    "keys",
    few_in_quick(
        [("enter",), ("tab", "p"), ("ctrl+c",), ("f1",), ("f4",), ("enter", "d")],
        quick=[("enter",), ("tab", "p")],
    ),
)
async def test_keys_that_do_nothing_here_are_not_named(front: Front, keys: tuple[str, ...]) -> None:
    await front.type("sd-10486")
    await front.press("enter", "c")
    front.clock.advance(2.0)
    await front.press("f8")
    await cancel_there(front.store, "SD-20043")
    await front.until(lambda: "by other desks" in front.shows)
    assert "F5 shows them" in front.shows
    assert "F4" in front.line("bar")
    await front.press(*keys)
    text = "\n".join(front.lines()[1:])
    named = "F1 help" if front.app.screen is front.screen else "Tab to the list"
    assert named not in text
    if keys != ("f1",):
        assert "F4" not in text
        assert "F5" not in text
    await front.press("escape")
    assert "F5 shows them" in front.shows


@pytest.mark.parametrize("letter", ["p", "o"])
@pytest.mark.parametrize("way_out", ["enter", "escape"])
async def test_a_chooser_goes_back_to_the_list_it_was_opened_from(
    front: Front, letter: str, way_out: str
) -> None:
    await front.press("tab", letter)
    assert isinstance(front.app.screen, ChooserScreen)
    await front.press(way_out)
    assert front.screen.table.has_focus
    assert front.line("show").startswith("LIST")
    await front.press("1")
    assert front.shows.startswith("FILTER Upcoming")
    await front.press("d", "escape")
    assert front.screen.find.has_focus


async def test_a_chooser_opened_from_find_goes_back_to_find(front: Front) -> None:
    await front.press("ctrl+p")
    await front.type("one practitioner")
    await front.press("enter")
    await front.press("escape")
    assert front.screen.find.has_focus
    await front.type("kov")
    assert front.screen.find.value == "kov"


async def test_a_chooser_that_the_lock_closes_leaves_the_focus_at_find(front: Front) -> None:
    await front.press("tab", "p", "f9", "enter")
    assert front.screen.find.has_focus
    await front.type("kov")
    assert front.screen.find.value == "kov"
