"""The row menu: what can be done, what cannot, and why."""

import pytest

from frontdesk.actions import ALL_ACTIONS
from frontdesk.bookings import Operator
from frontdesk.errors import Unauthorised
from tests.choosing import few_in_quick
from tests.making import cancel, cancel_of
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front

LONG_NAME = Operator("Alexandra Papadopoulos-Featherstonehaugh", via="Front Desk Adelaide North")
REVOKED = (
    "The desk token Front Desk Adelaide North was revoked: have whoever looks after frontdesk make a new one."
)
SIZES = [(80, 24), (60, 16), (61, 17), (79, 24), (100, 16), (120, 40)]


def menu_lines(front: Front) -> list[str]:
    return [line for line in front.lines() if line.startswith(("  +--", "  |"))]


async def test_an_upcoming_booking(front: Front) -> None:
    await front.type("sd-10482")
    await front.press("enter")
    title, cancel, reschedule, did_not_come, details, foot = menu_lines(front)
    assert title.startswith("  +-- Mirela Kovač  14 Mar 1981  0491 570 006  Thu 26 Nov 10:30 ADL -")
    assert cancel.startswith("  | > c  Cancel")
    assert "not in this version. Do it in Praktika" in reschedule
    assert "not before it starts, Thu 26 Nov 10:30. To cancel: c" in did_not_come
    assert details.startswith("  |   d  Details")
    assert "Enter does the line marked >   Esc closes" in foot
    assert {len(line) for line in menu_lines(front)} == {80}


async def test_a_passed_booking_greys_cancel_with_the_way_on(front: Front) -> None:
    await front.type("sd-10484")
    await front.press("enter")
    _, cancel, reschedule, did_not_come, arrived, attended, details, _ = menu_lines(front)
    assert "c  Cancel       it started 6 days ago. Did not come: f  " in cancel
    assert "it has started. Book a new appointment in Praktika" in reschedule
    assert did_not_come.startswith("  | > f  FTA / DNA   ")
    assert arrived.startswith("  |   v  Arrived")
    assert attended.startswith("  |   t  Attended")
    assert details.startswith("  |   d  Details")
    await front.press("c")
    assert front.app.screen is front.screen
    assert menu_lines(front)


async def test_c_in_the_list_opens_the_menu_with_the_reason(front: Front) -> None:
    await front.type("sd-10483")
    await front.press("tab", "c")
    cancel = menu_lines(front)[1]
    assert "cancelled by" in cancel
    await front.press("escape")
    assert not menu_lines(front)
    assert front.screen.find.has_focus


async def test_the_menu_keeps_every_other_key_to_itself(front: Front) -> None:
    await front.type("sd-10482")
    await front.press("enter")
    await front.press("q", "3", "tab", "f5", "pagedown", "x", "ctrl+p", "f1")
    assert front.screen.menu.is_open
    assert front.app.screen is front.screen
    assert front.shows == "All days, all practices, cancelled too"


async def test_d_opens_details_from_list_and_menu(front: Front) -> None:
    for keys in (("tab", "d"), ("enter", "d"), ("enter", "down", "enter"), ("tab", "m", "j", "enter")):
        await front.type("sd-10482")
        await front.press(*keys)
        assert front.lines()[1].startswith(" Booking SD-10482"), keys
        await front.press("escape", "escape")


async def test_below_the_row_or_above_it_in_the_lower_half(front: Front) -> None:
    await front.press("tab", "home", "enter")
    assert front.lines()[5].startswith("  +--")
    await front.press("escape", "tab", "end", "enter")
    bottom = next(y for y, line in enumerate(front.lines()) if "Esc closes" in line)
    marked = next(y for y, line in enumerate(front.lines()) if line.startswith("> "))
    assert bottom == marked - 1


def said_in_the_menu(front: Front) -> str:
    """What stands in the menu, its lines joined as one reads them."""
    inner = [line.strip(" |") for line in front.lines() if line.lstrip().startswith("|")]
    return " ".join(" ".join(inner).split())


@pytest.mark.parametrize("size", few_in_quick(SIZES, quick=[(80, 24), (60, 16)]), ids=str)
@pytest.mark.parametrize("ref", ["SD-10482", "SD-10484", "SD-10485"])
async def test_no_reason_is_cut_at_any_size(open_front: FrontOpener, ref: str, size: tuple[int, int]) -> None:
    async with open_front(size=(80, 24)) as front:
        (booking,) = await front.store.find("SD-10485")
        await cancel(front.store, cancel_of(booking, LONG_NAME))
        await front.type(ref.lower())
        await front.press("enter")
        await front.pilot.resize_terminal(*size)
        await front.idle()
        reasons = [str(reason) for _, _, reason in front.screen.menu._lines if reason]
        assert reasons
        for reason in reasons:
            assert reason in said_in_the_menu(front)
        title, *_, foot = [line[line.index("+--") :] for line in front.lines() if "+--" in line]
        assert ".." not in title
        assert "Esc closes" in foot
        assert {line.rindex("+") + 1 for line in (title, foot)} == {min(78, size[0])}


@pytest.mark.parametrize("size", [(80, 24), (60, 16)], ids=str)
async def test_why_a_desk_may_not_write_is_read_whole(open_front: FrontOpener, size: tuple[int, int]) -> None:
    async with open_front(size=size) as front:
        assert front.app.open_desk is not None
        front.app.open_desk.lost(Unauthorised(REVOKED))
        await front.type("sd-10482")
        await front.press("enter")
        assert REVOKED in said_in_the_menu(front)
        assert front.lines()[1].startswith(" Find")


async def test_what_is_not_in_this_version_stands_in_the_menu_alone(front: Front) -> None:
    await front.press("f1")
    seen = list(front.lines())
    for _ in range(12):
        await front.press("pagedown")
        seen += front.lines()
    shown = "\n".join(seen)
    assert "Cancel the marked booking" in shown
    for promise in ("Move the marked booking", "resched"):
        assert promise not in shown
    await front.press("escape", "tab")
    assert front.line("keys").startswith("c cancel")
    await front.press("ctrl+p")
    assert "Reschedule" not in "\n".join(front.lines())
    await front.press("escape")
    await front.type("sd-10482")
    await front.press("tab", "r")
    assert "not in this version" in said_in_the_menu(front)


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_no_sentence_of_help_is_cut(open_front: FrontOpener, width: int) -> None:
    async with open_front(size=(100, 24)) as front:
        await front.press("f1")
        await front.pilot.resize_terminal(width, 400)
        await front.idle()
        lines = front.lines()
        assert not [line for line in lines[1:-2] if line.endswith("..")]
        shown = " ".join(" ".join(lines).split())
        for one in ALL_ACTIONS:
            assert one.help in shown, one.help
