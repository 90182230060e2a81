"""RESULTS.md: what was measured, on what, and which goals are reached."""

import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from os import cpu_count

from benchmarks.figures import Figure, last, median, p95, samples, seen, written
from benchmarks.goals import Goal, Results, goals
from benchmarks.link import slow_line
from benchmarks.measuring import Measured
from benchmarks.terminal import COLUMNS, ROWS

_INTRODUCTION = """\
Written by `make bench`; [how it is measured](../docs/performance.md). Every program ran in a
pty of {columns} × {rows}, in truecolor, in turns with the others. Times are milliseconds from the key to
the last byte before the program went quiet (*last*), or to its answer on the screen (*seen*); bytes
are those written to the terminal for one key. A p95 of fewer than 20 samples is the greatest of them.
"""


@dataclass(frozen=True)
class Conditions:
    """Under which a run took place.

    `calibration` is the milliseconds a fixed loop took before each program: how fast the
    machine was, and how evenly. `absent` names the peers that are not installed.
    """

    day: datetime
    minutes: float
    calibration: Sequence[float]
    absent: Sequence[str]


def report(conditions: Conditions, near: Results, slow: Results) -> str:
    """Return the whole document."""
    line = slow_line()
    kilobits = line.bits_per_second // 1000
    parts = [
        "# Benchmark results\n",
        _INTRODUCTION.format(columns=COLUMNS, rows=ROWS),
        *_conditions(conditions),
        "\n## Goals\n",
        *_goal_table(goals(near, slow)),
        "\n## Starts and memory\n",
        *_starts(near),
        "\n## Keys\n",
        *_keys(near),
        f"\n## Behind {line.round_trip * 1000:.0f} ms and {kilobits} kbit/s\n",
        *_starts(slow),
        "",
        *_keys(slow),
    ]
    return "\n".join(parts) + "\n"


def _conditions(conditions: Conditions) -> Iterator[str]:
    speeds = conditions.calibration
    yield f"- {conditions.day:%Y-%m-%d}, in {conditions.minutes:.0f} minutes"
    yield (
        f"- {platform.system()} on {platform.machine()}, {cpu_count()} cores; Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, Textual {version('textual')}"
    )
    yield (
        f"- a fixed loop before each run took {_number(median(speeds))} ms in the middle, {_number(min(speeds))} to "
        f"{_number(max(speeds))}: absolute times move with it, ratios less, bytes not at all"
    )
    if conditions.absent:
        yield f"- not installed, so not measured: {', '.join(conditions.absent)}"


def _goal_table(rows: Iterable[Goal]) -> Iterator[str]:
    yield "| | goal | measured | of | reached |"
    yield "|---|--:|--:|---|---|"
    for goal in rows:
        reached = {True: "yes", False: "**no**", None: "not measured"}[goal.is_reached]
        if goal.is_stretch and not goal.is_reached:
            reached = "not yet"
        of = f"{goal.against} ({goal.absolute})" if goal.absolute else goal.against
        limit = f"≤ {goal.limit:,g} {goal.unit}"
        yield f"| {goal.what} | {limit} | {_figure(goal.figure, goal.unit)} | {of} | {reached} |"


def _starts(results: Results) -> Iterator[str]:
    yield "| program | n | first frame | usable | bytes | anonymous MiB, started | after all keys | peak |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, one in results.items():
        cells = [
            str(len(one.starts)),
            _number(median(start.first_frame for start in one.starts)),
            _number(median(start.usable for start in one.starts)),
            _bytes(median(start.bytes for start in one.starts)),
            _number(median(memory.anonymous for memory in one.memory_started)),
            _number(median(memory.anonymous for memory in one.memory_used)),
            _number(median(memory.peak for memory in one.memory_used)),
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def _keys(results: Results) -> Iterator[str]:
    yield "| program | key | n | last p50 | p95 | max | seen p50 | p95 | bytes p50 | p95 | missing |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for program, one in results.items():
        for name in dict.fromkeys((*one.keys, *one.missing)):
            yield f"| {program} | {name} | {' | '.join(_key_cells(one, name))} |"


def _key_cells(one: Measured, name: str) -> Iterator[str]:
    there = samples(one, name)
    times = [last(sample) for sample in there]
    answers = [seen(sample) for sample in there]
    sizes = [written(sample) for sample in there]
    yield str(len(there))
    yield from (_number(median(times)), _number(p95(times)), _number(max(filter(None, times), default=None)))
    yield from (_number(median(answers)), _number(p95(answers)))
    yield from (_bytes(median(sizes)), _bytes(p95(sizes)))
    yield str(one.missing.get(name, 0) or "")


def _figure(value: Figure, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "×":
        return f"{value:.2f} ×"
    return f"{_bytes(value) if unit == 'B' else _number(value)} {unit}"


def _number(value: Figure) -> str:
    return "-" if value is None else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _bytes(value: Figure) -> str:
    return "-" if value is None else f"{value:,.0f}"
