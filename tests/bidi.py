"""How a terminal that draws right-to-left scripts orders a line: UAX 9 for text without embeddings."""

from collections.abc import Sequence
from itertools import groupby
from unicodedata import bidirectional

_NUMBERS = ("EN", "AN")


def drawn(line: str) -> list[int]:
    """Return the places in `line` in the order in which its characters are drawn, from the left."""
    levels = [{"R": 1, "EN": 2, "AN": 2}.get(kind, 0) for kind in _resolved(line)]
    order = list(range(len(line)))
    for level in (2, 1):
        order = [
            place
            for turned, run in groupby(order, key=lambda place, level=level: levels[place] >= level)  # type: ignore[misc]
            for place in (reversed(list(run)) if turned else run)
        ]
    return order


def places(cells: Sequence[str]) -> list[int]:
    """Return the cells of a line, each with its combining characters, as they are drawn from the left."""
    owners = [place for place, cell in enumerate(cells) for _ in cell]
    return list(dict.fromkeys(owners[place] for place in drawn("".join(cells))))


def _resolved(line: str) -> list[str]:
    kinds = [bidirectional(char) or "L" for char in line]
    before = strong = "L"
    for place, kind in enumerate(kinds):  # W1 to W3
        kind = before if kind == "NSM" else kind
        if kind in ("L", "R", "AL"):
            strong = kind
        kinds[place] = before = "AN" if kind == "EN" and strong == "AL" else kind
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for place in range(1, len(kinds) - 1):  # W4
        around = {kinds[place - 1], kinds[place + 1]}
        if len(around) == 1 and (
            (kinds[place] == "CS" and around <= {*_NUMBERS}) or (kinds[place] == "ES" and around == {"EN"})
        ):
            kinds[place] = around.pop()
    for way in (range(1, len(kinds)), range(len(kinds) - 2, -1, -1)):  # W5
        for place in way:
            if kinds[place] == "ET" and kinds[place - way.step] == "EN":
                kinds[place] = "EN"
    strong = "L"
    for place, kind in enumerate(kinds):  # W6 and W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
        elif kind not in _NUMBERS:
            kinds[place] = "ON"
    return _without_neutrals(kinds)


def _without_neutrals(kinds: list[str]) -> list[str]:
    """Take neutrals between two of one direction for that, all others for the line's own (N1, N2)."""
    found: list[str] = []
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
    directions = ["L", *("R" if kind in _NUMBERS else kind for kind, _ in runs), "L"]
    for place, (kind, length) in enumerate(runs):
        if kind == "ON":
            kind = "R" if directions[place] == directions[place + 2] == "R" else "L"
        found += [kind] * length
    return found
