"""Medians, p95s and ratios of what was measured."""

import statistics
from collections.abc import Callable, Iterable, Sequence

from benchmarks.measuring import Measured
from benchmarks.terminal import Sample

Figure = float | None
"""A figure, or None where nothing was measured."""


def median(values: Iterable[float | None]) -> Figure:
    """Return the median of the values that are there."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def p95(values: Iterable[float | None]) -> Figure:
    """Return the value that 95 of 100 do not exceed; of fewer than 20, the greatest."""
    there = sorted(value for value in values if value is not None)
    return there[min(len(there) - 1, int(len(there) * 0.95))] if there else None


def ratio(one: Figure, other: Figure) -> Figure:
    """Return how many times `other` goes into `one`."""
    return one / other if one is not None and other else None


def growth(small: Measured, big: Measured, time: Callable[[Sample], Figure]) -> list[tuple[str, float]]:
    """Return by how much each key's median grew from a small list to a big one, worst first."""
    grown = [(name, ratio(median_of(big, name, time), median_of(small, name, time))) for name in big.keys]
    return sorted(((name, by) for name, by in grown if by is not None), key=lambda one: -one[1])


def median_of(measured: Measured, name: str, of: Callable[[Sample], Figure]) -> Figure:
    """Return the median of one key's figure."""
    return median(map(of, samples(measured, name)))


def p95_of(measured: Measured, name: str, of: Callable[[Sample], Figure]) -> Figure:
    """Return the p95 of one key's figure."""
    return p95(map(of, samples(measured, name)))


def samples(measured: Measured, name: str) -> Sequence[Sample]:
    """Return one key's samples, none when it was never pressed."""
    return measured.keys.get(name, [])


def last(sample: Sample) -> Figure:
    """Milliseconds from the key to the last byte."""
    return sample.last


def seen(sample: Sample) -> Figure:
    """Milliseconds from the key to the answer on the screen."""
    return sample.seen


def written(sample: Sample) -> Figure:
    """Bytes written to the terminal."""
    return float(sample.bytes)
