"""What is to be reached, and whether it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.figures import (
    Figure,
    growth,
    last,
    median,
    median_of,
    p95_of,
    ratio,
    seen,
    written,
)
from benchmarks.measuring import Measured

Results = dict[str, Measured]
"""What was measured, by the program's name."""


@dataclass(frozen=True)
class Goal:
    """One figure to reach: what, how much at most, what it is.

    `unit` is of both figures; with `against`, both are multiples of that, and `absolute` says
    what was measured of either.
    """

    what: str
    limit: float
    figure: Figure
    unit: str
    against: str = ""
    absolute: str = ""
    is_stretch: bool = False

    @property
    def is_reached(self) -> bool | None:
        """Whether the figure is within its limit; None where something was not measured."""
        return None if self.figure is None else self.figure <= self.limit


_PAGES = ("PageDown", "PageUp", "End", "Home", "clear the search")
_DIALOG = (("open dialog", 1_100), ("close dialog", 2_500), ("confirm", 2_500))
_SLOW_TIMES = (
    ("Down", 105),
    ("PageDown", 220),
    ("open dialog", 135),
    ("close dialog", 180),
    ("held Down", 120),
)
_QUIET_MACHINE = 12.0


def goals(near: Results, slow: Results) -> Iterator[Goal]:
    """Yield every goal at 1M bookings, from what was measured near and behind the slow line."""
    big, small = near.get("frontdesk 1M", Measured()), near.get("frontdesk 1k", Measured())
    table = near.get("DataTable 1k", Measured())
    yield from _moving(big, table)
    yield from _repainting(big, near.get("visidata 1M", Measured()))
    yield _ratio(
        "a letter in Find → result on screen, p95", 0.1, p95_of(big, "letter", seen),
        p95_of(table, "letter", seen), "DataTable 1k p95",
    )  # fmt: skip
    for name, limit in _DIALOG:
        yield Goal(f"{name}: bytes, median", limit, median_of(big, name, written), "B")
        yield Goal(f"{name}: visible, p95", 20, p95_of(big, name, seen), "ms")
    yield from _starting(big, small, near.get("smallest Textual app", Measured()))
    yield _ratio(
        "anonymous memory after all keys", 1.3, _anonymous(big), _anonymous(small), "own at 1k", unit="MiB"
    )
    far = slow.get("frontdesk 1M", Measured())
    for name, limit in _SLOW_TIMES:
        yield Goal(f"slow line: {name}, median", limit, median_of(far, name, last), "ms")
    for name, grown in _key_growth(small, big):
        yield Goal(f"1k → 1M: {name}, median", 1.3, grown, "×", "own at 1k")


def _moving(big: Measured, table: Measured) -> Iterator[Goal]:
    anchor = median_of(table, "Down", last)
    for name in ("Down", "Down at the edge"):
        yield Goal(f"{name}: bytes, median", 300, median_of(big, name, written), "B")
        yield _ratio(f"{name}: p95", 1.0, p95_of(big, name, last), anchor, "DataTable 1k median of Down")


def _repainting(big: Measured, visidata: Measured) -> Iterator[Goal]:
    for name in _PAGES:
        yield Goal(f"{name}: bytes, median", 4_100, median_of(big, name, written), "B")
    # Most letters change a few cells; the tail are those that bring another page.
    yield Goal("letter: bytes, p95", 4_100, p95_of(big, "letter", written), "B")
    for name in _PAGES[:4]:
        own = p95_of(big, name, last)
        goal = _ratio(f"{name}: p95", 0.5, own, p95_of(visidata, name, last), "visidata 1M p95")
        if (own is not None and own <= _QUIET_MACHINE) or goal.figure is None:
            goal = Goal(f"{name}: p95", _QUIET_MACHINE, own, "ms")
        yield goal


def _starting(big: Measured, small: Measured, smallest: Measured) -> Iterator[Goal]:
    least = median(start.first_frame for start in smallest.starts)
    usable = median(start.usable for start in big.starts)
    first_frame = median(start.first_frame for start in big.starts)
    yield _ratio("spawn → first frame", 1.4, first_frame, least, "smallest Textual app")
    yield _ratio("spawn → usable table", 3.0, usable, least, "smallest Textual app")
    yield _ratio(
        "spawn → usable table (stretch)", 1.4, usable, least, "smallest Textual app", is_stretch=True
    )
    yield _ratio(
        "spawn → usable table", 1.1, usable, median(start.usable for start in small.starts), "own at 1k"
    )
    yield Goal("start: bytes, median", 8_000, median(start.bytes for start in big.starts), "B")


def _key_growth(small: Measured, big: Measured) -> list[tuple[str, float]]:
    """Typing counts until the result is seen, any other key until the last byte.

    How far a held key lags is no key's time, and there are too few of it for a ratio.
    """
    by_name = dict(growth(small, big, last))
    by_name.pop("held Down", None)
    by_name.update((name, by) for name, by in growth(small, big, seen) if name == "letter")
    return sorted(by_name.items(), key=lambda one: -one[1])


def _anonymous(measured: Measured) -> Figure:
    return median(memory.anonymous for memory in measured.memory_used)


def _ratio(
    what: str,
    limit: float,
    own: Figure,
    anchor: Figure,
    against: str,
    *,
    unit: str = "ms",
    is_stretch: bool = False,
) -> Goal:
    absolute = f"{own:.1f} / {anchor:.1f} {unit}" if own is not None and anchor is not None else ""
    return Goal(what, limit, ratio(own, anchor), "×", against, absolute, is_stretch=is_stretch)
