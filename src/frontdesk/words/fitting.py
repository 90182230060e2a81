"""Text in a number of cells; without Textual, since the command line shows bookings in the same words.

Terminals that draw Hebrew and Arabic from right to left do so with whole lines (UAX 9). A name would
pull the date or the number that follows it, over any blanks, to its other side. A left-to-right mark
(U+200E) behind the name holds it in its column. It takes no cell in Markus Kuhn's wcwidth (2001),
which many terminals still measure by. The isolates that Unicode has for this (U+2068, U+2069) are
younger, take a cell each there, and would move everything behind them.
"""

import re

from rich.cells import cell_len, chop_cells, set_cell_size

from frontdesk.text import LEFT_TO_RIGHT

SHORTEST_NAME = 6
"""Cells that a cut name needs at least, to tell one patient from another."""

_FROM_THE_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
"""The blocks of scripts that are written from right to left (UAX 44, Bidi_Class)."""
_IS_LOOSE = re.compile(f"[{_FROM_THE_RIGHT}][^{LEFT_TO_RIGHT}]*$")


def held(value: str) -> str:
    """Return `value` with what keeps it in its place on a line; it takes as many cells as before.

    After a text that runs from right to left, a terminal may draw what follows on its other side.
    """
    if value.isascii() or not _IS_LOOSE.search(value):
        return value
    return value + LEFT_TO_RIGHT


def stop_behind(value: str) -> str:
    """Return what to put behind `value`, so that a terminal draws the rest of the line behind it; see `held`."""
    return f" {LEFT_TO_RIGHT}" if held(value) != value else ""


def fitted(value: str, width: int) -> str:
    """Return `value` in exactly `width` cells: padded, or cut with `..` at its end."""
    if value.isascii() and len(value) <= width:
        return value.ljust(width)
    if cell_len(value) <= width or width <= 2:
        text = value if cell_len(value) <= width else set_cell_size(value, width)
    else:
        text = set_cell_size(value, width - 2).rstrip() + ".."
    return set_cell_size(held(text), width)


def side_by_side(*parts: str) -> str:
    """Return what is there of some texts, one beside the other."""
    return "   ".join(held(part) for part in parts if part)


def wrapped(value: str, width: int) -> tuple[str, ...]:
    """Return `value` in lines of at most `width` cells, broken between words where that is possible."""
    lines = [""]
    for word in value.split():
        joined = f"{lines[-1]} {word}".strip()
        if cell_len(joined) <= width:
            lines[-1] = joined
            continue
        *whole, last = chop_cells(word, max(1, width))
        lines += [*whole, last]
    return tuple(line for line in lines if line) or ("",)
