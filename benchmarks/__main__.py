"""Measures all programs in turns and writes `benchmarks/RESULTS.md`."""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import peers
from benchmarks.datasets import ROOT, SIZES, Dataset, prepare
from benchmarks.goals import Results
from benchmarks.link import Link, slow_line
from benchmarks.measuring import Measured, Run, Unanswered
from benchmarks.processes import calibrate
from benchmarks.report import Conditions, report
from benchmarks.terminal import Terminal

RESULTS = Path(__file__).parent / "RESULTS.md"
_STARTS = 7
"""A start is short and its ratios are close to their goals: it is repeated more often than keys."""
_PEERS: Sequence[tuple[str, str, Callable[[Dataset], peers.Program]]] = (
    ("less", "1M", peers.less),
    ("vd", "1M", peers.visidata),
    ("neomutt", "1M", peers.neomutt),
)


def main() -> int:
    """Measure and write; return the exit code."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="how many bookings")
    arguments.add_argument("--once", action="store_true", help="no repeats: a first look")
    arguments.add_argument("--only", default="", help="programs whose name has this in it")
    arguments.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    chosen = arguments.parse_args()
    begun = time.monotonic()
    datasets = prepare(chosen.sizes, _say)
    programs = [one for one in _programs(datasets) if chosen.only in one.name]
    bench = _Bench(begun)
    bench.measure(programs, once=chosen.once)
    conditions = Conditions(
        datetime.now(UTC),
        (time.monotonic() - begun) / 60,
        bench.calibration,
        [command for command, size, _ in _PEERS if size in datasets and not peers.is_installed(command)],
    )
    chosen.out.write_text(report(conditions, bench.near, bench.slow), encoding="utf-8")
    _say(f"written: {chosen.out}")
    return 0


def _programs(datasets: dict[str, Dataset]) -> Iterator[peers.Program]:
    yield peers.smallest()
    yield from map(peers.frontdesk, datasets.values())
    yield peers.data_table(datasets[min(datasets, key=SIZES.__getitem__)])
    for command, size, program in _PEERS:
        if size in datasets and peers.is_installed(command):
            yield program(datasets[size])


class _Bench:
    """Runs programs in turns, so that whatever else the machine does meets all of them."""

    def __init__(self, begun: float) -> None:
        self.near: Results = {}
        self.slow: Results = {}
        self.calibration: list[float] = []
        self._begun = begun

    def measure(self, programs: Sequence[peers.Program], *, once: bool) -> None:
        """Measure the starts, then the keys near, then the keys behind the slow line."""
        gc.disable()
        self.near = {program.name: Measured() for program in programs}
        for program in filter(_is_textual, programs):
            # The first start reads files that no later one has to; it does not count.
            self._run(program, Measured(), Link(), keys=False)
        for _ in range(1 if once else _STARTS):
            for program in filter(_is_textual, programs):
                self._run(program, self.near[program.name], Link(), keys=False)
        for turn in range(1 if once else max(one.repeats for one in programs)):
            for program in programs:
                if program.drive and turn < program.repeats:
                    self._run(program, self.near[program.name], Link(), keys=True)
        for turn in range(1 if once else max(one.slow_repeats for one in programs)):
            for program in programs:
                if program.drive_slow and turn < program.slow_repeats:
                    into = self.slow.setdefault(program.name, Measured())
                    self._run(program, into, slow_line(), keys=True)

    def _run(self, program: peers.Program, into: Measured, link: Link, *, keys: bool) -> None:
        where = "slow line" if link.round_trip else "near"
        _say(
            f"{time.monotonic() - self._begun:4.0f} s  {program.name}, {where}, {'keys' if keys else 'start'}"
        )
        self.calibration.append(calibrate())
        gc.collect()
        drive = program.drive_slow if link.round_trip else program.drive
        with Terminal(program.argv, cwd=ROOT, env=program.env, link=link) as terminal:
            run = Run(terminal, into)
            try:
                run.start(program.watch(), program.timeout)
                if keys and drive:
                    drive(run)
                    run.end()
            except Unanswered as problem:
                _say(f"{program.name}: {problem}")
                into.missing["(broken off)"] += 1


def _is_textual(program: peers.Program) -> bool:
    """Whether this is one of those whose starts are compared closely."""
    return program.argv[0] == sys.executable


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
