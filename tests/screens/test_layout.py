"""What the screens look like: text goldens at the design size and wider, one sentence when too small."""

import pytest

from frontdesk import times
from frontdesk.config import PRACTICE_EXAMPLE
from frontdesk.desk import FirstSteps, Settings
from frontdesk.words.pane import SINCE, pane_width
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front
from tests.screens.golden import same_as_golden

SIZES = [(80, 24), (120, 40)]
WIDTHS = (60, 63, 64, 79, 80, 96, 97, 110, 119, 120, 160)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_layout_of_every_screen(open_front: FrontOpener, size: tuple[int, int]) -> None:
    tag = f"{size[0]}x{size[1]}"
    async with open_front(size=size) as front:

        def look(name: str) -> None:
            lines = front.lines()
            assert len(lines) == size[1]
            assert all(len(line) <= size[0] for line in lines)
            same_as_golden(f"{name}-{tag}", lines)

        look("bookings")
        await front.type("kov")
        await front.press("down")
        if size[0] >= SINCE:
            front.screen.pane.rest()
            await front.until(lambda: any("History" in line for line in front.lines()))
        look("found")
        await front.press("enter")
        look("menu")
        await front.press("c")
        look("cancel")
        await front.type("patient ill")
        front.clock.advance(2.0)
        await front.press("f8")
        await front.until(lambda: front.line("found") == "4 to come, 4 past or cancelled")
        look("cancelled")
        await front.press("tab", "d")
        look("details")
        await front.press("escape", "f1")
        look("help")
        await front.press("escape", "escape", "tab", "1", "n")
        look("filtered")


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_layout_of_a_day_gone_to(open_front: FrontOpener, size: tuple[int, int]) -> None:
    async with open_front(size=size) as front:
        await front.press("ctrl+g", *"fri")
        same_as_golden(f"go-to-day-{size[0]}x{size[1]}", front.lines())
        await front.press("enter")
        same_as_golden(f"gone-to-day-{size[0]}x{size[1]}", front.lines())


async def test_columns_go_in_their_order_when_it_gets_narrow(open_front: FrontOpener) -> None:
    async with open_front(size=(60, 16)) as front:
        same_as_golden("bookings-60x16", front.lines())
        await front.type("sd-10482")
        await front.press("enter", "c")
        same_as_golden("cancel-60x16", front.lines())
    async with open_front(size=(70, 20)) as front:
        header = front.lines()[3]
        assert "Born" in header
        assert "Practitioner" not in header


async def test_a_wide_window(open_front: FrontOpener) -> None:
    async with open_front(size=(160, 45)) as front:
        await front.type("kov")
        await front.press("down")
        same_as_golden("found-160x45", front.lines())


@pytest.mark.parametrize("one_practice", [False, True])
async def test_every_row_shows_time_patient_and_birth_date_at_every_width(
    open_front: FrontOpener, store_path: object, one_practice_store: object, one_practice: bool
) -> None:
    async with open_front(path=one_practice_store if one_practice else store_path) as front:
        await front.type("mirela")
        for width in WIDTHS:
            await front.pilot.resize_terminal(width, 24)
            await front.idle()
            rows = [line for line in front.lines()[4:-4] if "Mirela Kovač" in line]
            assert len(rows) == len(front.rows())
            for line, booking in zip(rows, front.rows(), strict=True):
                born = booking.patient.birth_date
                assert born is not None
                assert times.birth(born) in line, width
                zone, now = booking.practice.zone, front.clock.now()
                assert times.when(booking.starts_at, zone, now) in line, width
                assert (booking.practitioner.name[:8] in line) is (width >= 80), width
                assert (f" {booking.practice.short} " in line) is (not one_practice and width >= 64), width


async def test_another_patient_of_the_name_is_pointed_out_in_words_at_every_width(front: Front) -> None:
    await front.type("kov")
    await front.press("down")
    for width in (width for width in WIDTHS if not pane_width(width)):
        await front.pilot.resize_terminal(width, 24)
        await front.idle()
        (line,) = [line for line in front.lines() if "Same name: another" in line]
        assert "born 30 Aug 2007" in line, width
        assert any("Mirela Kovač" in one and "born 14 Mar 1981" in one for one in front.lines()[4:]), width
        assert "!" not in "".join(front.lines()[4:]), width
    await front.press("escape")
    await front.type("siew")
    assert "Same name" not in "\n".join(front.lines())


async def test_a_window_too_small_says_one_sentence_and_comes_back(front: Front) -> None:
    await front.type("kov")
    await front.pilot.resize_terminal(59, 24)
    await front.idle()
    text = " ".join(front.lines()).strip()
    assert text == "frontdesk needs 60 columns and 16 rows; this window has 59 and 24. Make it larger."
    await front.pilot.resize_terminal(80, 24)
    await front.idle()
    assert front.app.screen is front.screen
    assert front.screen.find.value == "kov"


async def test_a_resize_keeps_the_cursor_on_its_booking(front: Front) -> None:
    await front.type("kov")
    await front.press("down", "down")
    marked = front.marked.id
    for size in ((100, 16), (80, 40), (80, 24)):
        await front.pilot.resize_terminal(*size)
        await front.idle()
        assert front.marked.id == marked


async def test_one_practice_needs_no_column_for_it(
    open_front: FrontOpener, one_practice_store: object
) -> None:
    async with open_front(path=one_practice_store) as front:
        assert "At" not in front.lines()[3].split()
        same_as_golden("one-practice-80x24", front.lines())


LONG_PATH = "/home/practice.manager/smile-dental-adelaide/settings/.config/frontdesk/config.toml"
EXAMPLE = (*PRACTICE_EXAMPLE.splitlines(),)


async def test_a_practice_without_bookings_waits_for_an_import(
    open_front: FrontOpener, store_without_bookings: object
) -> None:
    async with open_front(path=store_without_bookings) as front:
        same_as_golden("no-bookings-80x24", front.lines())


async def test_without_the_demonstration_nobody_is_sent_to_it(
    open_front: FrontOpener, empty_store: object
) -> None:
    for is_there in (True, False):
        settings = Settings(first_steps=FirstSteps(config="a file", has_demonstration=is_there))
        async with open_front(path=empty_store, settings=settings) as front:
            assert any("frontdesk demo" in line for line in front.lines()) == is_there


async def test_the_first_morning(open_front: FrontOpener, empty_store: object) -> None:
    """Without practices the first step is to write them, and the file for them is named whole."""
    steps = FirstSteps(config=f"{LONG_PATH}, which does not exist yet", example=EXAMPLE)
    async with open_front(path=empty_store, settings=Settings(first_steps=steps)) as front:
        same_as_golden("first-morning-80x24", front.lines())
        assert [line.strip() for line in front.lines()][15:20] == list(EXAMPLE)
        await front.pilot.resize_terminal(60, 16)
        await front.idle()
        shown = "".join(line.strip() for line in front.lines())
        assert LONG_PATH in shown
        assert "frontdesk import FILE" in shown
        await front.press("enter", "down", "pagedown", "tab", "c", "d", "end", "f5", "0")
        assert front.app.screen is front.screen
