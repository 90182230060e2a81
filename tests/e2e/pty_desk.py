"""A program in a real pty, with a terminal on the other side that answers as a real one does."""

import contextlib
import fcntl
import heapq
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte

ROOT = Path(__file__).parents[2]
_MODES = {"2026": 2}
_POSITION = b"\x1b[6n"
_TOKEN = re.compile(
    rb"\x1b\[6n"
    rb"|\x1b\[\?(?P<mode>\d+)\$p"
    rb"|(?P<attributes>\x1b\[0?c)"
    # What follows asks nothing, and pyte would draw it as text or take it for another control.
    rb"|\x1b\[[<=>][0-?]*[ -/]*[@-~]|\x1b\[[0-?]*[ -/]+[@-~]|\x1b\[[\d;]*t"
    rb"|\x1b[P_^X][^\x1b]*\x1b\\|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
_CUT = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[P_^X\]][^\x07\x1b]*\x1b?)?\Z")


class PtyDesk:
    """Runs `argv` in a pty of `columns` x `rows` and shows its output on an emulated screen.

    The terminal answers `CSI 6n` (cursor position), mode requests (2026 is supported) and
    device attributes, each after `answer_delay` seconds; with `answers=False` it never
    does. `env` is added to this process's environment; a None takes a variable away. Use
    as a context manager, or call `close`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str | None] | None = None,
        cwd: Path = ROOT,
        answers: bool = True,
        answer_delay: float = 0.0,
    ) -> None:
        self.answers = answers
        self.answer_delay = answer_delay
        self.output = b""
        self.questions = 0
        self._screen: Any = pyte.Screen(columns, rows)
        self._stream: Any = pyte.ByteStream(self._screen)
        self._cut = b""
        self._due: list[tuple[float, int, bytes]] = []
        self._master, slave = pty.openpty()
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
        self._process = subprocess.Popen(
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def send(self, data: bytes) -> None:
        """Type `data` in one write."""
        os.write(self._master, data)

    def screen_lines(self) -> list[str]:
        """Return the screen as lines without trailing blanks, after taking in what has come."""
        while self._pump(0.0):
            pass
        return [line.rstrip() for line in self._screen.display]

    def wait_for(self, wanted: str | Callable[[list[str]], bool], timeout: float = 20.0) -> list[str]:
        """Wait until a text is on the screen, or a test of its lines holds; return the lines.

        Raises AssertionError with the screen when it does not come in `timeout` seconds, or
        when the program ends first.
        """
        deadline = time.monotonic() + timeout
        while True:
            lines = self.screen_lines()
            if any(wanted in line for line in lines) if isinstance(wanted, str) else wanted(lines):
                return lines
            if self._master < 0 or self._process.poll() is not None or time.monotonic() > deadline:
                shown = "\n".join(lines)
                raise AssertionError(f"never on the screen: {wanted!r}\nit shows:\n{shown}")
            self._pump(0.05)

    def wait_exit(self, timeout: float = 20.0) -> int:
        """Wait for the program's end; return its exit code, -N for signal N (see subprocess)."""
        deadline = time.monotonic() + timeout
        while (code := self._process.poll()) is None:
            assert time.monotonic() < deadline, "the program has not ended"
            self._pump(0.01)
        return code

    def hang_up(self) -> None:
        """Take the terminal away, as a dropped SSH connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        os.kill(self.pid, number)

    def close(self) -> None:
        """Kill the program if it still runs, and give the pty back."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self.hang_up()

    def _pump(self, wait: float) -> bool:
        """Take in one piece of output, waiting at most `wait` seconds; say if there was one."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            answer = heapq.heappop(self._due)[2]
            if self._master >= 0:
                os.write(self._master, answer)
        if self._due:
            wait = min(wait, max(0.0, self._due[0][0] - now))
        if self._master < 0:
            time.sleep(wait)
            return False
        ready, _, _ = select.select([self._master], [], [], wait)
        data = b""
        if ready:
            with contextlib.suppress(OSError):  # EIO: the program has closed its side
                data = os.read(self._master, 65_536)
        self._show(data)
        return bool(data)

    def _show(self, data: bytes) -> None:
        self.output += data
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
                self._answer(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")
            elif token["mode"]:
                mode = token["mode"].decode()
                self._answer(f"\x1b[?{mode};{_MODES.get(mode, 0)}$y")
            elif token["attributes"]:
                self._answer("\x1b[?62;22c")
        self._stream.feed(data[start:end])

    def _answer(self, answer: str) -> None:
        if self.answers:
            due = time.monotonic() + self.answer_delay
            heapq.heappush(self._due, (due, len(self.output), answer.encode()))


def _control_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
