"""A program in a real pty, with a terminal on the other side that answers as a real one does."""

import contextlib
import heapq
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.emulated_terminal import EmulatedTerminal, XtermScreen, spawn

ROOT = Path(__file__).parents[2]


def shows_a_cancelled_row(lines: list[str]) -> bool:
    """Whether one of the rows in view is marked as cancelled, on a terminal of two colours."""
    return any(line[2:3] == "x" for line in lines[4:-4])


class PtyDesk:
    """Runs `argv` in a pty of `columns` x `rows` and shows its output on an emulated screen.

    The terminal answers `CSI 6n` (cursor position), mode requests (2026 is supported) and
    device attributes, and what its `background` is (OSC 11) if it has one, each after `answer_delay`
    seconds; with `answers=False` it never does. `env` is added to this process's environment; a None takes a variable away. Use
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
        screen: XtermScreen | None = None,
        background: int | None = None,
    ) -> None:
        self.answers = answers
        self.answer_delay = answer_delay
        self.output = b""
        self._terminal = EmulatedTerminal(columns, rows, screen, background)
        self._due: list[tuple[float, int, bytes]] = []
        self._process, self._master = spawn(argv, columns=columns, rows=rows, cwd=cwd, env=env)

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

    @property
    def questions(self) -> int:
        """How often the program has asked where the cursor stands."""
        return self._terminal.questions

    @property
    def owes_answers(self) -> bool:
        """Whether the terminal has been asked something that it has not answered yet."""
        return bool(self._due)

    def send(self, data: bytes) -> None:
        """Type `data` in one write."""
        os.write(self._master, data)

    def screen_lines(self) -> list[str]:
        """Return the screen as lines without trailing blanks, after taking in what has come."""
        while self._pump(0.0):
            pass
        return self._terminal.lines()

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

    def wait_still(self, seconds: float = 0.2) -> None:
        """Wait until the program has written nothing for so long."""
        while self._pump(seconds):
            pass

    def wait_exit(self, timeout: float = 20.0) -> int:
        """Wait for the program's end; return its exit code, -N for signal N (see subprocess)."""
        deadline = time.monotonic() + timeout
        while (code := self._process.poll()) is None:
            assert time.monotonic() < deadline, "the program has not ended"
            self._pump(0.01)
        while self._pump(0.0):
            pass  # what it wrote last is still on its way
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
        for answer in self._terminal.feed(data):
            if self.answers:
                due = time.monotonic() + self.answer_delay
                heapq.heappush(self._due, (due, len(self.output), answer))
