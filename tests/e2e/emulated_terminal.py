"""The terminal's side of a pty: a screen that shows output and answers as a real one does."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte

_MODES = {"2026": 2}
_POSITION = b"\x1b[6n"
BACKGROUND_QUESTION = b"\x1b]11;?\x1b\\"
_TOKEN = re.compile(
    rb"\x1b\[6n"
    rb"|(?P<background>\x1b\]11;\?\x1b\\)"
    rb"|\x1b\[\?(?P<mode>\d+)\$p"
    rb"|(?P<attributes>\x1b\[0?c)"
    # What follows asks nothing, and pyte would draw it as text or take it for another control.
    rb"|\x1b\[[<=>][0-?]*[ -/]*[@-~]|\x1b\[[0-?]*[ -/]+[@-~]|\x1b\[[\d;]*t"
    rb"|\x1b[P_^X][^\x1b]*\x1b\\|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
_CUT = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[P_^X\]][^\x07\x1b]*\x1b?)?\Z")


class XtermScreen(pyte.Screen):
    """pyte's screen with what it lacks of an xterm: SU, SD, REP, and the cursor's way home."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self._drawn = ""

    def draw(self, data: str) -> None:
        self._drawn = data[-1:]
        super().draw(data)

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        super().set_margins(top, bottom)
        # Taking the margins away moves the cursor as setting them does; pyte does not.
        self.cursor_position()

    def repeat(self, times: int | None = None, **_: Any) -> None:
        super().draw(self._drawn * (times or 1))

    def scroll_up(self, lines: int | None = None, **_: Any) -> None:
        self._scroll(self.delete_lines, lines)

    def scroll_down(self, lines: int | None = None, **_: Any) -> None:
        self._scroll(self.insert_lines, lines)

    def _scroll(self, move: Callable[[int], None], lines: int | None) -> None:
        line = self.cursor.y
        column = self.cursor.x
        self.cursor.y = self.margins.top if self.margins else 0
        move(lines or 1)
        self.cursor.y, self.cursor.x = line, column


class _Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "b": "repeat", "S": "scroll_up", "T": "scroll_down"}  # noqa: RUF012 - as in pyte
    events = pyte.ByteStream.events | {"repeat", "scroll_up", "scroll_down"}


class EmulatedTerminal:
    """Shows what a program writes on a screen of `columns` x `rows`.

    `questions` is how often the program has asked where the cursor stands (`CSI 6n`). It says what its
    background is (OSC 11), 0xRRGGBB, if it has one.
    """

    def __init__(
        self, columns: int, rows: int, screen: XtermScreen | None = None, background: int | None = None
    ) -> None:
        self.questions = 0
        self._background = background
        self._screen = screen or XtermScreen(columns, rows)
        self._stream = _Stream(self._screen)
        self._cut = b""
        self._lines = [""] * rows

    def feed(self, data: bytes) -> list[bytes]:
        """Show `data`; return the answers to what it asks, oldest first.

        Answered are the cursor's position, mode requests (2026 is supported), device
        attributes, and the background where it is known.
        """
        answers: list[bytes] = []
        data = self._cut + data
        cut = _CUT.search(data)
        end = cut.start() if cut else len(data)
        self._cut = data[end:]
        start = 0
        for token in _TOKEN.finditer(data, 0, end):
            self._stream.feed(data[start : token.start()])
            start = token.end()
            if token[0] == _POSITION:
                self.questions += 1
                answers.append(b"\x1b[%d;%dR" % (self._screen.cursor.y + 1, self._screen.cursor.x + 1))
            elif token["background"]:
                if self._background is not None:
                    digits = f"{self._background:06x}"
                    rgb = "/".join(digits[at : at + 2] * 2 for at in (0, 2, 4))
                    answers.append(f"\x1b]11;rgb:{rgb}\x1b\\".encode())
            elif token["mode"]:
                mode = token["mode"].decode()
                answers.append(f"\x1b[?{mode};{_MODES.get(mode, 0)}$y".encode())
            elif token["attributes"]:
                answers.append(b"\x1b[?62;22c")
        self._stream.feed(data[start:end])
        return answers

    def lines(self) -> list[str]:
        """Return the screen as lines without trailing blanks."""
        screen = self._screen
        # pyte knows which lines it touched; putting all of them together takes milliseconds.
        for place in screen.dirty:
            cells = screen.buffer[place]
            self._lines[place] = "".join(cells[column].data for column in range(screen.columns)).rstrip()
        screen.dirty.clear()
        return list(self._lines)


def spawn(
    argv: Sequence[str],
    *,
    columns: int,
    rows: int,
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
) -> tuple[subprocess.Popen[bytes], int]:
    """Start `argv` in a pty of its own; return the process and the terminal's side of the pty.

    `env` is added to this process's environment; a None takes a variable away.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    changed = {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": None,
        "LINES": None,
        "NO_COLOR": None,
        **(env or {}),
    }
    process = subprocess.Popen(
        argv,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=cwd,
        env={name: value for name, value in {**os.environ, **changed}.items() if value is not None},
        start_new_session=True,
        # Without a controlling terminal the program would never get a SIGHUP.
        preexec_fn=_control_terminal,
    )
    os.close(slave)
    return process, master


def _control_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
