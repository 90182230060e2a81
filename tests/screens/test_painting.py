"""The oracle: what is painted as changes shows the same cells as what Textual paints itself."""

import random
from asyncio import get_running_loop
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from textual._compositor import CompositorUpdate, LayoutUpdate
from textual.geometry import Offset

from frontdesk.desk import Settings
from frontdesk.frame_writer import FrameWriter
from tests.emulator import emulated
from tests.screens.conftest import FrontOpener
from tests.screens.desk_data import KIM, everything
from tests.screens.front import Front

SCRIPT = [
    *("down", "down", "pagedown", "up", "pageup"),
    *("k", "o", "v", "a", "c", "down", "down", "escape"),
    *("tab", "end", "down", "home", "up", "pagedown", "n", "0", "2", "t", "a", "p", "down", "enter", "0"),
    *("c", "s", "i", "c", "k", "tab", "tab", "escape"),
    *("enter", "down", "d", "down", "down", "pagedown", "up", "escape"),
    *("f1", "down", "pagedown", "pageup", "escape", "ctrl+p", "down", "escape"),
    *("ctrl+c", "escape", "z", "z", "z", "escape", "escape"),
]
HABITS = [
    *("down", "up", "pagedown", "pageup", "tab", "escape", "enter", "f1", "ctrl+p", "home", "end"),
    *("c", "d", "k", "a", "1", "2", "3", "0", "n", "w", "left", "right", "backspace", "f8"),
]


class Oracle:
    """Every frame of an app, painted twice on emulated terminals: by Textual and as changes."""

    def __init__(self, front: Front, width: int, height: int) -> None:
        self._app: Any = front.app
        self._size = (width, height)
        self.plain, self._plain_stream = emulated(width, height)
        self.changed, self._changed_stream = emulated(width, height)
        self.plain_bytes = self.changed_bytes = self.frames = 0
        self.writer = FrameWriter(self._write, lambda: (0, ""), get_running_loop().call_later)
        self.differing: list[int] = []

    def __enter__(self) -> Self:
        self._app._display = self._display
        self._app.screen.refresh(layout=True)
        return self

    def __exit__(self, *_: object) -> None:
        del self._app._display

    def _display(self, screen: object, renderable: Any) -> None:
        if renderable is None or self._app._batch_count:
            return
        if not self.frames and not isinstance(renderable, LayoutUpdate):
            return
        self.frames += 1
        self._write_plain(renderable)
        is_shown = self.writer.show(renderable, self._app.size, Offset(0, 0), self._app.console._color_system)
        self.writer.answered(0)
        # An exception here would end the app and leave the test waiting for it.
        if not is_shown or self.changed.cells() != self.plain.cells():
            self.differing.append(self.frames)

    def _write_plain(self, update: CompositorUpdate) -> None:
        painted = update.render_segments(self._app.console)
        self.plain_bytes += len(painted.encode())
        self._plain_stream.feed(painted)

    def _write(self, text: str) -> None:
        self.changed_bytes += len(text.encode())
        self._changed_stream.feed(text)


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.full)])
async def test_every_screen_looks_the_same(open_front: FrontOpener, size: tuple[int, int]) -> None:
    async with open_front(size=size) as front:
        with Oracle(front, *size) as oracle:
            await front.idle()
            for key in SCRIPT:
                await front.press(key)
        assert oracle.differing == []
        assert oracle.frames > len(SCRIPT)
        assert oracle.changed_bytes < oracle.plain_bytes / 3


async def press_at_random(front: Front, oracle: Oracle, seed: int, keys: int) -> None:
    habits = random.Random(seed)
    await front.idle()
    for _ in range(keys):
        await front.press(habits.choice(HABITS))
    assert oracle.differing == []


async def test_random_keys_look_the_same(open_front: FrontOpener) -> None:
    async with open_front(settings=Settings(theme="dark")) as front:
        with Oracle(front, 80, 24) as oracle:
            await press_at_random(front, oracle, 1, 50)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(12))
async def test_many_random_keys_look_the_same(open_front: FrontOpener, seed: int) -> None:
    size = random.Random(seed).choice([(60, 16), (80, 24), (97, 31), (120, 40)])
    theme = ("dark", "light", "plain")[seed % 3]
    async with open_front(size=size, settings=Settings(theme=theme)) as front:
        with Oracle(front, *size) as oracle:
            await press_at_random(front, oracle, seed, 250)


@pytest.mark.full
async def test_names_of_wide_characters_look_the_same(open_front: FrontOpener, hostile_store: Path) -> None:
    async with open_front(path=hostile_store) as front:
        with Oracle(front, 80, 24) as oracle:
            await press_at_random(front, oracle, 2, 40)
            await front.press("escape", "escape", "名")
            assert any("名前" in line for line in oracle.changed.text())
        assert oracle.differing == []


async def test_a_change_that_alters_nothing_in_view_writes_no_byte(front: Front) -> None:
    desk = front.app.open_desk
    assert desk is not None
    shown = {row.booking.ref for row in front.screen.listing.view.rows}
    hidden = next(one for one in everything() if one.ref not in shown)

    async def loaded_elsewhere(e_mail: str) -> None:
        patient = replace(hidden.patient, email=e_mail)
        before = desk.state.number
        await front.store.registry.load([replace(hidden, patient=patient)], KIM, "tests")  # type: ignore[attr-defined]
        await front.until(lambda: desk.state.number > before)

    with Oracle(front, 80, 24) as oracle:
        await front.idle()
        before = oracle.changed_bytes
        await loaded_elsewhere("one@example.com")
        counted = oracle.changed_bytes
        assert counted > before, "the change is counted in the status line"
        await loaded_elsewhere("two@example.com")
        assert oracle.changed_bytes == counted
