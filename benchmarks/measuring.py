"""One program's run, and what all its runs brought together."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.processes import Memory
from benchmarks.terminal import Sample, Terminal
from benchmarks.watching import Watch


@dataclass
class Start:
    """A start: milliseconds to the first frame and to where the program is of use; bytes until quiet."""

    first_frame: float | None
    usable: float | None
    bytes: int


@dataclass
class Measured:
    """Everything measured of one program on one line, of all repeats."""

    starts: list[Start] = field(default_factory=list)
    keys: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    memory_started: list[Memory] = field(default_factory=list)
    memory_used: list[Memory] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often a key's answer never came, by the key's name; such samples are not in `keys`."""


class Run:
    """One run of a program: what it is sent, and where the samples go."""

    def __init__(self, terminal: Terminal, into: Measured) -> None:
        self.terminal = terminal
        self._into = into

    def start(self, watch: Watch, timeout: float) -> None:
        """Wait until the program is of use. Raises Unanswered when it never is."""
        sample = self.terminal.started(watch, timeout)
        if sample.seen is None:
            shown = "\n".join(self.terminal.lines())
            raise Unanswered(f"the program was of no use after {timeout} s; it shows:\n{shown}")
        self._into.starts.append(Start(self.terminal.first_frame, sample.seen, sample.bytes))
        self._into.memory_started.append(self.terminal.memory())

    def press(self, name: str, key: bytes, watch: Watch | None = None, timeout: float = 3.0) -> None:
        """Press a key and wait for its answer; the sample is kept under `name`."""
        self.keep(name, self.terminal.press(key, watch, timeout))

    def repeat(self, name: str, key: bytes, times: int) -> None:
        """Press a key that anything answers, the next time when it was answered."""
        for _ in range(times):
            self.press(name, key)

    def hold(self, key: bytes) -> None:
        """Hold Down for two seconds, as a keyboard repeats it; the sample is how late the screen is."""
        self.keep("held Down", self.terminal.hold(key, times=60, per_second=30))

    def keep(self, name: str, sample: Sample) -> None:
        """Put a sample under a name."""
        if sample.last is None or sample.seen is None:
            self._into.missing[name] += 1
        else:
            self._into.keys[name].append(sample)

    def do(self, key: bytes, watch: Watch | None = None) -> None:
        """Press a key that only prepares the next. Raises Unanswered."""
        if self.terminal.press(key, watch).seen is None:
            shown = "\n".join(self.terminal.lines())
            raise Unanswered(f"{key!r} was not answered; the program shows:\n{shown}")

    def end(self) -> None:
        """Take the last figures of the run."""
        self._into.memory_used.append(self.terminal.memory())


class Unanswered(Exception):
    """A program did not do what the benchmark stands on."""


Drive = Callable[[Run], None]
"""Takes a program that can be used through its keys."""
