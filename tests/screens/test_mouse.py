"""The mouse: a press marks a row, two open its menu, the wheel moves; nothing is ever confirmed by it."""

from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.terminal import Pointed
from tests.screens.front import Front

FIRST = 4
"""The line of the first row."""
FAR = (20, 0)


async def point(front: Front, x: int, y: int, turned: int = 0) -> None:
    front.app.post_message(Pointed(x, y, turned))
    await front.idle()


async def test_a_press_marks_the_row_and_find_keeps_the_keys(front: Front) -> None:
    await front.type("kov")
    rows = front.rows()
    await point(front, 30, FIRST + 5)
    assert front.marked == rows[5]
    assert front.screen.find.has_focus
    await point(front, 30, FIRST)
    assert front.marked == rows[0]


async def test_a_press_beside_the_rows_does_nothing(front: Front) -> None:
    await front.type("kov")
    marked = front.marked
    for y in (0, 1, FIRST - 1, FIRST + 12, 20, 23):
        await point(front, 30, y)
        await point(front, 30, y)
        assert front.marked == marked, y
        assert not front.screen.menu.is_open, y


async def test_two_presses_open_the_menu_of_the_row(front: Front) -> None:
    await front.type("kov")
    booking = front.rows()[4]
    await point(front, 30, FIRST + 4)
    await point(front, 31, FIRST + 4)
    assert front.screen.menu.is_open
    assert front.marked == booking


async def test_two_presses_that_are_far_apart_or_on_two_rows_open_nothing(front: Front) -> None:
    await front.type("kov")
    await point(front, 30, FIRST + 4)
    front.clock.advance(0.6)
    await point(front, 30, FIRST + 4)
    assert not front.screen.menu.is_open
    await point(front, 30, FIRST + 3)
    assert not front.screen.menu.is_open


async def test_the_wheel_moves_and_turns_the_page_at_its_edge(front: Front) -> None:
    await front.press("tab", "home")
    rows = front.rows()
    await point(front, *FAR, 1)
    assert front.marked == rows[1]
    await point(front, *FAR, -1)
    assert front.marked == rows[0]
    for _ in rows:
        await point(front, *FAR, 1)
    assert front.marked not in rows


async def test_in_the_menu_and_in_a_dialog_it_does_nothing(front: Front) -> None:
    await front.type("sd-10482")
    await front.press("enter")
    await point(front, 10, 7)
    await point(front, 10, 7)
    await point(front, 10, 7, 1)
    assert front.screen.menu.is_open
    await front.press("c")
    dialog = front.app.screen
    assert isinstance(dialog, CancelScreen)
    booking_id = dialog.booking.id
    front.clock.advance(2.0)
    for y in range(24):
        for x in (5, 30, 60):
            await point(front, x, y)
            await point(front, x, y)
    await point(front, 30, 12, -1)
    assert dialog.typed == ""
    assert (await front.store.get(booking_id)).cancellation is None
    assert isinstance(front.app.screen, CancelScreen)
