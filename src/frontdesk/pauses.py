"""Pauses before something is tried again: each is longer than the one before it, and the last one repeats."""

from collections.abc import Sequence


def pause(lengths: Sequence[float], failures: int) -> float:
    """Return the seconds to wait after `failures` failures in a row, counted from 1."""
    return lengths[min(failures, len(lengths)) - 1]
