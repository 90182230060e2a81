"""A few pictures in colour, for what text goldens cannot show: marks, weights, the red of Cancelled."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from frontdesk.app import FrontdeskApp
from tests.screens.front import Front, StillClock, desk_on

SCENES = {
    "bookings": (),
    "found": ("k", "o", "v"),
    "menu": ("k", "o", "v", "down", "enter"),
    "dialog": ("k", "o", "v", "down", "enter", "c"),
    "filter": ("tab", "3"),
    "details": ("k", "o", "v", "down", "tab", "d"),
}


@pytest.mark.parametrize("scene", SCENES)
def test_scene(scene: str, snap_compare: Any, store_path: Path) -> None:
    clock = StillClock()
    app = FrontdeskApp(desk_on(store_path, clock, []))

    async def before(pilot: Pilot[None]) -> None:
        front = Front(app, pilot, clock, [])
        while app.open_desk is None:
            await pilot.pause(0.01)
        await front.idle()
        if SCENES[scene]:
            await front.press(*SCENES[scene])

    assert snap_compare(app, run_before=before, terminal_size=(80, 24))
