"""The operator leaves the desk, in a real pty: what stays on the terminal."""

import sys
from typing import Any

import pyte

from frontdesk.operators import Operators
from tests.e2e.emulated_terminal import XtermScreen
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk

FRONTDESK = [sys.executable, "-m", "frontdesk"]
PATIENT = "Wilson"
F9 = b"\x1b[20~"


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
        assert "Hidden. Enter shows." in "\n".join(shown.screen_lines())
        assert PATIENT not in "\n".join(shown.screen_lines()) + screen.remembered()
        assert b"\x1b]" not in shown.output  # no title, no clipboard
        shown.send(b"\r")
        shown.wait_for(PATIENT)
        assert shown.output.count(b"\x1b[3J") == 1


def test_what_is_typed_before_the_unlock_frame_goes_nowhere(desk: LineDesk) -> None:
    Operators(desk.config_file.parent).set("Kim Nguyen", "4711")
    with PtyDesk([*FRONTDESK, "--config", str(desk.config_file)], answer_delay=0.05) as shown:
        shown.wait_for("who is there?")
        assert PATIENT not in shown.output.decode()
        shown.send(b"\r4711\rzzz")
        shown.wait_for("6 bookings")
        shown.wait_still()
        assert "zzz" not in shown.screen_lines()[0]
        shown.send(F9)
        shown.wait_for("Locked by Kim Nguyen")
        assert PATIENT not in "\n".join(shown.screen_lines())
        shown.send(b"4711\rzzz")
        shown.wait_for("6 bookings")
        shown.wait_still()
        assert "zzz" not in shown.screen_lines()[0]
        shown.send(b"wil")
        shown.wait_for("Find: wil")
        assert b"4711" not in shown.output
