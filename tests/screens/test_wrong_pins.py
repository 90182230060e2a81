"""Who signs in reads first what was tried in their name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from frontdesk.screens.list.bookings import BookingsScreen
from frontdesk.screens.shell.lock import SignInScreen, wrong_pins_in_words
from frontdesk.wrong_pins import WrongPins
from tests.screens.front import Front
from tests.screens.pins import Pins
from tests.screens.test_lock import posted, signed_in

ADELAIDE = ZoneInfo("Australia/Adelaide")
NOW = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
LONG_AGO = WrongPins(3, NOW - timedelta(days=400))


async def give(front: Front, pin: str) -> None:
    await posted(front, *pin, "enter")
    await front.idle()


async def reached(front: Front, screen: type) -> None:
    while not isinstance(front.app.screen, screen):
        await front.pilot.pause(0.01)
    await front.idle()


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(hours=1), "3 wrong PINs since 09:30"),
        (timedelta(hours=17, minutes=10), "3 wrong PINs since yesterday 17:20"),
        (timedelta(days=2), "3 wrong PINs since Tue 24 Nov 10:30"),
    ],
)
def test_the_words(ago: timedelta, said: str) -> None:
    assert wrong_pins_in_words(WrongPins(3, NOW - ago), ADELAIDE, NOW) == said


def test_one_is_one_and_a_damaged_count_is_said() -> None:
    assert wrong_pins_in_words(WrongPins(1, NOW), ADELAIDE, NOW) == "1 wrong PIN since 10:30"
    assert wrong_pins_in_words(WrongPins(2, NOW, was_damaged=True), ADELAIDE, NOW) == (
        "The count of wrong PINs was damaged. From 10:30 on it counts: 2 wrong PINs"
    )


async def test_she_reads_it_and_enter_goes_on(store_path: Path) -> None:
    pins = Pins()
    pins.before["Kim Nguyen"] = LONG_AGO
    async with signed_in(store_path, pins) as front:
        await front.press("enter")
        await give(front, "4711")
        assert isinstance(front.app.screen, SignInScreen)
        lines = [line.strip() for line in front.lines()]
        assert any(line.startswith("3 wrong PINs since ") for line in lines), lines
        assert "Enter goes on   Tab another name" in lines
        await front.press("enter")
        await reached(front, BookingsScreen)


async def test_another_name_is_asked_for_its_own_pin(store_path: Path) -> None:
    pins = Pins()
    pins.before["Kim Nguyen"] = LONG_AGO
    async with signed_in(store_path, pins) as front:
        await front.press("enter")
        await give(front, "4711")
        await front.press("tab")
        await front.press("enter", "enter")
        assert isinstance(front.app.screen, SignInScreen)
        await give(front, "4711")
        await reached(front, BookingsScreen)


async def test_what_she_mistyped_here_herself_is_not_told_again(store_path: Path) -> None:
    pins = Pins()
    async with signed_in(store_path, pins) as front:
        await front.press("enter")
        await give(front, "9999")
        pins.before["Kim Nguyen"] = WrongPins(1, datetime.now(UTC))
        await give(front, "4711")
        await reached(front, BookingsScreen)


async def test_what_was_mistyped_here_a_while_ago_is_told(store_path: Path) -> None:
    pins = Pins()
    async with signed_in(store_path, pins) as front:
        await front.press("enter")
        await give(front, "9999")
        front.clock.advance(121)
        pins.before["Kim Nguyen"] = WrongPins(1, datetime.now(UTC))
        await give(front, "4711")
        assert isinstance(front.app.screen, SignInScreen)
        assert any("1 wrong PIN since " in line for line in front.lines())


async def test_it_says_where_wrong_pins_cannot_be_counted(store_path: Path) -> None:
    pins = Pins()
    pins.before["Kim Nguyen"] = WrongPins(0, datetime.now(UTC), why_not_kept="/x cannot be used: full")
    async with signed_in(store_path, pins) as front:
        await front.press("enter")
        await give(front, "4711")
        assert isinstance(front.app.screen, SignInScreen)
        assert any("Wrong PINs cannot be counted: /x cannot be used: full." in line for line in front.lines())
