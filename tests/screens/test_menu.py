"""The row menu: what can be done, what cannot, and why."""

from tests.screens.front import Front


def menu_lines(front: Front) -> list[str]:
    return [line for line in front.lines() if line.startswith(("  +--", "  |"))]


async def test_an_upcoming_booking(front: Front) -> None:
    await front.type("sd-10482")
    await front.press("enter")
    title, cancel, reschedule, did_not_come, details, foot = menu_lines(front)
    assert title.startswith("  +-- Mirela Kovač  14 Mar 1981  0491 570 006  Thu 26 Nov 10:30 ADL -")
    assert cancel.startswith("  | > c  Cancel")
    assert "not in this version. Do it in Praktika" in reschedule
    assert "only after the start, Thu 26 Nov 10:30. Before it: c" in did_not_come
    assert details.startswith("  |   d  Details")
    assert "Enter does the line marked >   Esc closes" in foot
    assert {len(line) for line in menu_lines(front)} == {80}


async def test_a_passed_booking_greys_cancel_with_the_way_on(front: Front) -> None:
    await front.type("sd-10484")
    await front.press("enter")
    _, cancel, reschedule, did_not_come, details, _ = menu_lines(front)
    assert "c  Cancel       the time has passed, 6 days ago. Did not come: f" in cancel
    assert "the time has passed. Book a new appointment in Praktika" in reschedule
    assert "not in this version. Do it in your billing portal" in did_not_come
    assert details.startswith("  | > d  Details")
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
    assert front.line("show") == "Show: everything"


async def test_d_opens_details_from_list_and_menu(front: Front) -> None:
    for keys in (("tab", "d"), ("enter", "d"), ("enter", "down", "enter"), ("tab", "m", "j", "enter")):
        await front.type("sd-10482")
        await front.press(*keys)
        assert front.lines()[0].startswith(" Booking SD-10482"), keys
        await front.press("escape", "escape")


async def test_below_the_row_or_above_it_in_the_lower_half(front: Front) -> None:
    await front.press("tab", "home", "enter")
    assert front.lines()[4].startswith("  +--")
    await front.press("escape", "tab", "end", "enter")
    bottom = next(y for y, line in enumerate(front.lines()) if "Esc closes" in line)
    marked = next(y for y, line in enumerate(front.lines()) if line.startswith("> "))
    assert bottom == marked - 1
