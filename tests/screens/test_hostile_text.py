"""Text from outside is text: on every screen, with names made of markup and escape codes."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events

from frontdesk.bookings import Operator, Patient
from frontdesk.screens.dialogs.attendance import MarkDialog
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.text import clean
from frontdesk.words.summary import who
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import HOSTILE_NAMES
from tests.screens.front import Front

HARMFUL = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u202e", "\u202c", "\u200b"}


@pytest.fixture
async def hostile_front(open_front: FrontOpener, hostile_store: Path) -> AsyncIterator[Front]:
    async with open_front(
        size=(120, 40), path=hostile_store, operator=Operator(clean("[@click=app.quit]Mallory\x1b[2J"))
    ) as front:
        yield front


def assert_harmless(front: Front) -> None:
    for strip in front.app.screen._compositor.render_strips():
        for segment in strip:
            assert not HARMFUL & set(segment.text)
            assert not (segment.style and segment.style.meta and "@click" in str(segment.style.meta))
        assert strip.cell_length == 120


async def test_every_screen_shows_it_as_it_stands(hostile_front: Front) -> None:
    front = hostile_front
    seen = ""
    for number in range(len(HOSTILE_NAMES)):
        await front.type(f"h{number}")
        for keys in ((), ("enter",), ("d",), ("escape", "tab", "c")):
            await front.press(*keys)
            assert_harmless(front)
            seen += "\n".join(front.lines())
        assert isinstance(front.app.screen, CancelScreen)
        front.app.post_message(events.Paste("[@click=app.quit]reason"))
        front.clock.advance(2.0)
        await front.press("f8")
        assert_harmless(front)
        seen += "\n".join(front.lines())
        await front.press("tab", "d")
        assert_harmless(front)
        await front.press("escape")
    for way in (
        ("tab", "p"),
        ("escape", "tab", "o"),
        ("escape", "ctrl+p"),
        ("escape", "f1"),
        ("escape", "tab", "q"),
    ):
        await front.press(*way)
        assert_harmless(front)
    assert "[@click=app.quit]Smith[/]" in seen
    assert "[bold]x[/bold]" in seen
    assert "Smith [DOB=1.2]" in seen


async def test_so_do_the_windows_of_who_did_not_come(hostile_front: Front) -> None:
    front = hostile_front
    front.clock.advance(10 * 86400)
    for number in range(len(HOSTILE_NAMES)):
        await front.type(f"h{number}")
        await front.press("enter", "f")
        assert isinstance(front.app.screen, MarkDialog)
        assert_harmless(front)
        front.clock.advance(2.0)
        await front.press("f8")
        assert_harmless(front)
        for keys in (("enter", "f"), ("escape", "enter", "d"), ("escape",)):
            await front.press(*keys)
            assert_harmless(front)


@pytest.mark.parametrize(
    "name", ["Maria del Carmen Fernandez de la Vega y Rodriguez-Castellanos", "漢字" * 40]
)
@pytest.mark.parametrize("room", [44, 64])
def test_a_long_name_leaves_birth_date_and_mobile_on_the_line(name: str, room: int) -> None:
    said = who(Patient(name, date(1955, 4, 30), "0491 570 006"), room, ", 71")
    assert said.endswith("  born 30 Apr 1955  0491 570 006")
    assert cell_len(said) <= room
