"""A program in a real pty, watched from the far end of a line.

Output gets its time when it is read; the screen is emulated only when the program is
quiet, so that the emulator never competes with the program for the processor.
"""

import contextlib
import heapq
import os
import re
import select
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.link import Link
from benchmarks.processes import Memory, cpu_seconds, memory
from benchmarks.watching import Anything, Watch
from tests.e2e.emulated_terminal import EmulatedTerminal, spawn

COLUMNS, ROWS = 120, 40
QUIET = 0.025
"""Seconds of silence after which a program has finished painting."""
_LOOK = 0.004
_IDLE = 0.25
"""The share of `_LOOK` that a process may compute and still be called idle."""
_READ = 65_536
_QUESTION = re.compile(rb"\x1b\[6n|\x1b\[\?\d+\$p|\x1b\[0?c")


@dataclass
class Sample:
    """What one key press, or a start, brought.

    `last` is the last byte before the program went quiet, `seen` the awaited answer on the
    screen, both in milliseconds since the key; None means that it never came.
    """

    last: float | None = None
    seen: float | None = None
    bytes: int = 0


class Terminal:
    """Runs `argv` at the other end of `link`; use as a context manager.

    `started_at` is the moment before the process was made, `first_frame` the milliseconds
    from then until the screen was no longer blank.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        link: Link | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> None:
        self.link = link or Link()
        self.first_frame: float | None = None
        self._screen = EmulatedTerminal(COLUMNS, ROWS)
        self._arrived: deque[tuple[float, bytes]] = deque()
        self._under_way: list[tuple[float, int, bytes]] = []
        self._sent = 0
        self._last_arrival = 0.0
        self._has_ended = False
        self._sample = Sample()
        self._since = 0.0
        self._watch: Watch = Anything()
        self.started_at = time.perf_counter()
        self._process, self._master = spawn(argv, columns=COLUMNS, rows=ROWS, cwd=cwd, env=env)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    def lines(self) -> list[str]:
        """Return the operator's screen as of the last sample."""
        return self._screen.lines()

    def memory(self) -> Memory:
        """Return what the program takes now."""
        return memory(self._process.pid)

    def started(self, watch: Watch, timeout: float) -> Sample:
        """Wait for what says that the program can be used; times count from its start."""
        return self._collect(self.started_at, watch, timeout)

    def press(self, key: bytes, watch: Watch | None = None, timeout: float = 3.0) -> Sample:
        """Press a key and wait until it is answered and the program is quiet."""
        pressed_at = time.perf_counter()
        self._send(key, pressed_at)
        return self._collect(pressed_at, watch or Anything(), timeout)

    def hold(self, key: bytes, times: int, per_second: float) -> Sample:
        """Press a key at a steady rate without waiting; the sample counts from the last press.

        Its bytes are those of one press, on average.
        """
        first = time.perf_counter()
        pressed_at = first
        self._watch, self._sample, self._since = Anything(), Sample(), first
        for number in range(times):
            pressed_at = first + number / per_second
            while (now := time.perf_counter()) < pressed_at:
                self._exchange(pressed_at - now)
            self._send(key, pressed_at)
            self._exchange(0.0)
        self._since = pressed_at
        self._wait_until_quiet(pressed_at, pressed_at + 60.0, quiet=0.15)
        self._show()
        self._sample.bytes //= times
        self._sample.seen = self._sample.last
        return self._sample

    def wait(self, seconds: float) -> None:
        """Let time go by, taking what the program writes."""
        until = time.perf_counter() + seconds
        self._watch, self._sample, self._since = Anything(), Sample(), until
        while (now := time.perf_counter()) < until:
            self._exchange(until - now)
        self._show()

    def _collect(self, since: float, watch: Watch, timeout: float) -> Sample:
        self._watch, self._sample, self._since = watch, Sample(), since
        deadline = since + timeout + self.link.round_trip
        heard_since = since
        while not self._has_ended and time.perf_counter() < deadline:
            self._wait_until_quiet(heard_since, deadline)
            heard_since = max(since, self._last_arrival)
            self._show()
            if watch.seen_at is not None:
                self._sample.seen = (watch.seen_at - since) * 1000
                break
        return self._sample

    def _wait_until_quiet(self, heard_since: float, deadline: float, quiet: float = QUIET) -> None:
        """Return when there was output after `heard_since`, then silence, and the program idles."""
        looked_at = 0.0
        while not self._has_ended and (now := time.perf_counter()) < deadline:
            silent_from = max(self._last_arrival, looked_at)
            if self._last_arrival <= heard_since or self._under_way:
                self._exchange(min(deadline - now, 0.05))
            elif now < silent_from + quiet:
                self._exchange(silent_from + quiet - now)
            elif self._is_idle():
                return
            else:
                looked_at = time.perf_counter()

    def _is_idle(self) -> bool:
        pid, before, heard = self._process.pid, time.perf_counter(), self._last_arrival
        computed = cpu_seconds(pid)
        self._exchange(_LOOK)
        computed = cpu_seconds(pid) - computed
        return self._last_arrival == heard and computed < _IDLE * (time.perf_counter() - before)

    def _send(self, data: bytes, at: float) -> None:
        self._sent += 1
        heapq.heappush(self._under_way, (at + self.link.delay, self._sent, data))
        self._deliver()

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= time.perf_counter():
            os.write(self._master, heapq.heappop(self._under_way)[2])

    def _exchange(self, wait: float) -> None:
        """Let through what is due, and take one piece of output, waiting at most `wait` seconds."""
        self._deliver()
        now = time.perf_counter()
        if self._under_way:
            wait = min(wait, self._under_way[0][0] - now)
        if self.link.is_full(now):
            time.sleep(0.002)
            return
        if not select.select([self._master], [], [], max(0.0, wait))[0]:
            return
        try:
            data = os.read(self._master, _READ)
        except OSError:  # EIO: the program has closed its side
            data = b""
        now = time.perf_counter()
        self._has_ended = not data
        for arrival, part in self.link.arrivals(now, data):
            self._arrived.append((arrival, part))
            self._last_arrival = arrival
        if _QUESTION.search(data):
            self._show()

    def _show(self) -> None:
        """Put what has arrived on the screen, and answer what the program asks."""
        while self._arrived:
            arrival, part = self._arrived.popleft()
            self._sample.bytes += len(part)
            self._sample.last = (arrival - self._since) * 1000
            for answer in self._screen.feed(part):
                self._send(answer, arrival)
            lines = self._screen.lines()
            if self.first_frame is None and any(lines):
                self.first_frame = (arrival - self.started_at) * 1000
            self._watch.look(lines, arrival)
