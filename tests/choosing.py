"""Parameters of which the quick suite takes a few, and the full one all."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def few_in_quick(values: Iterable[Any], quick: Collection[Any]) -> list[Any]:
    """Return `values` for pytest's parametrize; those that are not among `quick` are marked `full`."""
    return [one if one in quick else pytest.param(one, marks=pytest.mark.full) for one in values]
