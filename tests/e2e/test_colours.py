"""The oracle in a real terminal: with the layer and without, in all colours a terminal may have."""

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.pty_desk import PtyDesk
from tests.emulator import ExactScreen

KEYS = [
    *(b"\x1b[B", b"\x1b[6~", b"\t", b"c", b"\x1b", b"\r", b"\x1b[B", b"\x1b", b"\x1bOP", b"\x1b[6~", b"\x1b"),
    *(b"smi", b"\x1b", b"\t", b"3", b"0", b"\x1b[F", b"\x1b[H", b"\x0c", b"\x10", b"\x1b"),
]
TERMINALS: dict[str, dict[str, str | None]] = {
    "truecolor": {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
    "256 colours": {"TERM": "xterm-256color", "COLORTERM": None},
    "16 colours": {"TERM": "linux", "COLORTERM": None},
    "no colour": {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"},
}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 300 made-up bookings."""
    folder = tmp_path_factory.mktemp("colours")
    config = config_in(folder, diff=True)
    program = [sys.executable, "-m", "frontdesk", "--config", str(config)]
    for command in (["store", "create"], ["seed", "--quiet", "--bookings", "300", "--seed", "1"]):
        with PtyDesk([*program, *command], env=home(folder)) as run:
            assert run.wait_exit(60) == 0
    return folder / "frontdesk.db"


def config_in(folder: Path, *, diff: bool) -> Path:
    config = folder / "frontdesk.toml"
    store = f'[store]\nurl = "sqlite:///{folder}/frontdesk.db"\n'
    config.write_text(f'operator = "Kim Nguyen"\n{store}[ui]\ndiff = {str(diff).lower()}\n', encoding="utf-8")
    return config


def home(folder: Path) -> dict[str, str | None]:
    return {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_DATA_HOME": str(folder)}


@pytest.mark.full
@pytest.mark.parametrize("name", TERMINALS)
def test_every_screen_looks_the_same(seeded: Path, tmp_path: Path, name: str) -> None:
    desks: list[tuple[PtyDesk, ExactScreen]] = []
    with ExitStack() as opened:
        for diff in (True, False):
            folder = tmp_path / str(diff)
            folder.mkdir()
            shutil.copy(seeded, folder / "frontdesk.db")
            program = [sys.executable, "-m", "frontdesk", "--config", str(config_in(folder, diff=diff))]
            screen = ExactScreen(80, 24)
            desk = opened.enter_context(
                PtyDesk(program, env={**home(folder), **TERMINALS[name]}, screen=screen)
            )
            desk.wait_for("300 bookings")
            desks.append((desk, screen))
        (layered, with_layer), (plain, without) = desks
        for key in KEYS:
            for desk, _ in desks:
                desk.send(key)
            for desk, _ in desks:
                desk.wait_still()
            # One may be slower than the other; what differs at rest differs for ever.
            layered.wait_for(lambda _: bool(plain.screen_lines()) and with_layer.cells() == without.cells())
        assert len(layered.output) < len(plain.output) / 3
