"""The operator leaves the desk, in a real pty: what stays on the terminal, and what a cut line leaves behind."""

import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pyte
import pytest

from frontdesk.operators import Operators
from tests.e2e.emulated_terminal import XtermScreen
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk

FRONTDESK = [sys.executable, "-m", "frontdesk"]
PATIENT = "Wilson"
F9 = b"\x1b[20~"
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class RememberingScreen(XtermScreen, pyte.HistoryScreen):
    """A screen whose lines can be scrolled back to."""

    def erase_in_display(self, how: int = 0, *args: Any, **private: Any) -> None:
        if how == 3:
            self.history.top.clear()  # pyte would erase the screen as well
        else:
            super().erase_in_display(how, *args, **private)

    def remembered(self) -> str:
        """What has left the screen at its top."""
        return "\n".join("".join(cell.data for cell in line.values()) for line in self.history.top)


def test_after_f9_neither_screen_nor_scrollback_holds_a_patient(desk: LineDesk) -> None:
    before = f"for i in $(seq 40); do echo Amelia {PATIENT}; done; "
    program = ["sh", "-c", before + 'exec "$@"', "sh", *FRONTDESK, "--config", str(desk.config_file)]
    screen = RememberingScreen(80, 24)
    with PtyDesk(program, screen=screen) as shown:
        shown.wait_for("6 bookings")
        shown.wait_for(lambda lines: PATIENT in "\n".join(lines[2:]))
        assert PATIENT in screen.remembered()
        shown.send(F9)
        shown.wait_for(lambda _: b"\x1b[3J" in shown.output)
        shown.wait_still()
        assert "The screen is hidden. Press Enter to go on." in "\n".join(shown.screen_lines())
        assert PATIENT not in "\n".join(shown.screen_lines()) + screen.remembered()
        # No title, no clipboard: the only such command asks for the background.
        assert b"\x1b]" not in shown.output.replace(b"\x1b]11;?", b"")
        shown.send(b"\r")
        shown.wait_for(PATIENT)
        assert shown.output.count(b"\x1b[3J") == 1


def typed_too_soon(shown: PtyDesk) -> None:
    """Type at a list that the program has written, and the terminal not yet said to have shown."""
    shown.wait_for("6 bookings")
    shown.wait_still()
    assert shown.owes_answers
    shown.send(b"yyy")
    shown.wait_for(lambda _: not shown.owes_answers)
    shown.wait_still()
    assert shown.screen_lines()[1].split()[:2] == ["Find", "["]


@pytest.mark.full
def test_what_is_typed_before_the_unlock_frame_goes_nowhere(desk: LineDesk) -> None:
    Operators(desk.config_file.parent).set("Kim Nguyen", "4711")
    with PtyDesk([*FRONTDESK, "--config", str(desk.config_file)], answer_delay=1.5) as shown:
        shown.wait_for("who is there?")
        assert PATIENT not in shown.output.decode()
        shown.send(b"\r4711\rzzz")
        typed_too_soon(shown)
        shown.send(F9)
        shown.wait_for("Locked by Kim Nguyen")
        assert PATIENT not in "\n".join(shown.screen_lines())
        shown.send(b"4711\rzzz")
        typed_too_soon(shown)
        shown.send(b"wil")
        shown.wait_for("Find [wil")
        assert b"4711" not in shown.output


@pytest.mark.full
def test_while_nobody_is_there_nothing_is_written_until_it_locks(desk: LineDesk) -> None:
    desk.write_config("[ui]\nlock_minutes = 0.03\n")
    with PtyDesk([*FRONTDESK, "--config", str(desk.config_file)]) as shown:
        shown.wait_for("6 bookings")
        shown.wait_still()
        before = len(shown.output)
        shown.wait_for("The screen is hidden. Press Enter to go on.")
        shown.wait_for(lambda _: b"\x1b[3J" in shown.output)
        frame, _, _ = shown.output[before:].partition(b"The screen")
        assert CONTROL.sub(b"", frame).strip() == b"", "the first text written is that of the lock"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program keeps what it remembers of itself."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "frontdesk"


def cut_offs(state: Path) -> list[Path]:
    return list(state.glob("cut-off-*"))


@pytest.mark.full
def test_a_cut_line_is_told_once_at_the_next_start(desk: LineDesk, state: Path) -> None:
    program = [*FRONTDESK, "--config", str(desk.config_file)]
    with PtyDesk(program) as cut:
        cut.wait_for("6 bookings")
        cut.hang_up()
        assert cut.wait_exit() == 128 + signal.SIGHUP
    (file,) = cut_offs(state)
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text()).keys() == {"operator", "at"}
    for told in (True, False):
        with PtyDesk(program) as again:
            again.wait_for("6 bookings")
            if told:
                again.wait_for("Nothing saved in the last 12 h.")
                assert any(line.startswith("Your line was cut at ") for line in again.screen_lines())
            again.send(b"\x03")
            again.wait_for("Leave frontdesk?")
            assert told == any("Your line was cut" in line for line in again.screen_lines())
            again.send(b"y")
            assert again.wait_exit() == 0
        assert cut_offs(state) == []


def test_a_line_cut_while_the_store_is_loaded_ends_in_order(desk: LineDesk, state: Path) -> None:
    endless = state.parent / "modules" / "sqlalchemy"
    endless.mkdir(parents=True)
    (endless / "__init__.py").write_text("import threading\nthreading.Event().wait()\n")
    path = ":".join([str(endless.parent), *sys.path])
    with PtyDesk([*FRONTDESK, "--config", str(desk.config_file)], env={"PYTHONPATH": path}) as cut:
        cut.wait_for("6 bookings")
        cut.wait_for("Check-up")
        cut.hang_up()
        assert cut.wait_exit() == 128 + signal.SIGHUP
    assert len(cut_offs(state)) == 1
    assert not desk.log_file.exists(), desk.log_file.read_text()
