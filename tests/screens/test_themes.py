"""The look of the screens: chosen at the start, changed by an answer that counts, and by nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widget import Widget

from frontdesk.app import FrontdeskApp
from frontdesk.desk import Settings
from frontdesk.screens.details import DetailsScreen
from frontdesk.screens.shell import colours
from frontdesk.store.port import BookingStore
from frontdesk.terminal import BackgroundAnswered
from frontdesk.widgets.look import DARK, LIGHT, PLAIN
from frontdesk.widgets.theme import Ability
from frontdesk.words.told import Role
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front, StillClock, desk_on

ASK = "ask the terminal"


def drawn(app: FrontdeskApp) -> list[list[tuple[str, object]]]:
    """What the screen on top draws: each line's texts and how they look."""
    strips = app.screen._compositor.render_strips()
    return [[(segment.text, segment.style) for segment in strip.simplify()] for strip in strips]


async def answer(front: Front, background: int) -> None:
    front.app.post_message(BackgroundAnswered(background))
    await front.idle()


@pytest.mark.parametrize("look", [DARK, LIGHT, PLAIN], ids=lambda look: look.name)
async def test_the_config_chooses(open_front: FrontOpener, look: Any) -> None:
    async with open_front(settings=Settings(theme=look.name)) as front:
        assert front.app.look == look
        await answer(front, 0xFFFFFF)
        assert front.app.look == look


@asynccontextmanager
async def opening(path: Path) -> AsyncIterator[tuple[Front, asyncio.Event]]:
    """A front desk whose store opens when the event is set."""
    opens, clock, reports = asyncio.Event(), StillClock(), list[BaseException]()
    desk = desk_on(path, clock, reports)
    open_store = desk.open_store

    async def later() -> BookingStore:
        await opens.wait()
        return await open_store()

    object.__setattr__(desk, "open_store", later)
    app = FrontdeskApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        yield Front(app, pilot, clock, reports), opens
    assert not reports


@pytest.mark.parametrize(("background", "look"), [(0x000000, DARK), (0xFFFFFF, LIGHT), (0x808080, PLAIN)])
async def test_an_answer_before_the_first_list_counts(store_path: Path, background: int, look: Any) -> None:
    async with opening(store_path) as (front, opens):
        assert front.app.look == PLAIN
        front.app.post_message(BackgroundAnswered(background))
        while front.app.look != look:
            await front.pilot.pause(0.01)
        opens.set()
        await front.until(lambda: front.app.open_desk)
        assert front.app.look == look
        assert any("Opening" in line for line in front.lines()) is False
        await answer(front, 0xFFFFFF if look is DARK else 0x000000)
        assert front.app.look == look, "the first answer is the one that counts"


async def test_an_answer_after_the_first_list_is_too_late(front: Front) -> None:
    before = drawn(front.app)
    await answer(front, 0x000000)
    assert front.app.look == PLAIN
    assert drawn(front.app) == before


async def test_the_palette_asks_again(front: Front) -> None:
    await front.press("ctrl+p", *ASK, "enter")
    assert front.app.look == PLAIN
    await answer(front, 0x1E1E1E)
    assert front.app.look == DARK
    assert front.line("keys") == "The terminal's background is #1e1e1e: theme dark."
    await answer(front, 0xFFFFFF)
    assert front.app.look == DARK, "it was asked once"
    await front.press("ctrl+p", *ASK, "enter")
    await answer(front, 0x808080)
    assert front.app.look == PLAIN
    assert front.line("keys") == (
        "The terminal's background is #808080: no colours stand out there, it is plain."
    )


async def test_no_answer_is_said(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colours, "ANSWER_WAIT", 0.01)
    await front.press("ctrl+p", *ASK, "enter")
    await front.until(lambda: front.line("keys").startswith("The terminal does not say"))
    await answer(front, 0x000000)
    assert front.app.look == PLAIN


async def test_why_nothing_is_asked_is_said(open_front: FrontOpener) -> None:
    async with open_front(settings=Settings(theme="light")) as front:
        await front.press("ctrl+p", *ASK, "enter")
        assert front.line("keys") == "The config says [ui] theme = light: the terminal is not asked."
        front.app.colours = colours.Colours(front.app, "auto", front.app.take_look)
        front.app.colours._can = Ability(has_colours=False)
        await front.press("ctrl+p", *ASK, "enter")
        assert front.line("keys") == (
            "This terminal has no 256 colours, or NO_COLOR is set: the screen stays plain."
        )


async def test_another_look_repaints_every_screen_and_nothing_else(
    open_front: FrontOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = ("tab", "down", "d")
    async with open_front(settings=Settings(theme="dark")) as front:
        await front.press(*way)
        details = drawn(front.app)
        await front.press("escape")
        bookings = drawn(front.app)
    async with open_front() as front:
        await front.press(*way)
        front.app.colours._counts = True
        refreshed: list[tuple[Widget, dict[str, Any]]] = []
        refresh = Widget.refresh

        def noted(self: Widget, *regions: Any, **how: Any) -> Widget:
            refreshed.append((self, how))
            return refresh(self, *regions, **how)

        monkeypatch.setattr(Widget, "refresh", noted)
        await answer(front, 0x000000)
        assert isinstance(front.app.screen, DetailsScreen)
        assert not [how for _, how in refreshed if how.get("layout") or how.get("recompose")]
        everything = {
            widget for screen in front.app.screen_stack for widget in screen.walk_children(with_self=True)
        }
        assert everything <= {widget for widget, _ in refreshed}
        assert drawn(front.app) == details
        await front.press("escape")
        assert drawn(front.app) == bookings


async def test_a_patch_in_a_row_ends_with_its_words(front: Front) -> None:
    await front.type("kov")
    front.app.take_look(LIGHT)
    await front.idle()
    strip = front.screen.table.render_line(1 + front.screen.listing.view.cursor + 1)
    patches = [one.text for one in strip if one.style == LIGHT[Role.WARNING]]
    assert patches == ["same name"]
