"""Pens: the parameters of `CSI m` that a cell is drawn with, and the shortest way from one to another (ECMA-48 SGR).

A pen is empty for the terminal's own colours.
"""

import re
from functools import cache

__all__ = ["marks_blanks", "pen_codes", "turned"]

_PLAIN = ""
_CODES = re.compile(r"[34]8;(?:5;\d+|2;\d+;\d+;\d+)|\d+")
_COLOUR = re.compile(r"[34]8;.*|[34][0-7]|9[0-7]|10[0-7]")
_OWN_COLOUR = {"3": "39", "4": "49"}
"""Takes a colour away: the text's, the background's."""
_UNDONE = {"1": "22", "4": "24", "7": "27"}
_DIM = "2"
"""It goes with bold."""
_SEEN_ON_BLANKS = re.compile(r"4|7|9|21|53|4\d.*|10\d")
"""Underline, reverse, strike, overline and backgrounds (ECMA-48 SGR)."""


def pen_codes(parameters: str) -> list[str]:
    """Return the codes in parameters of `CSI m`, an extended colour in one piece (ECMA-48 SGR)."""
    return _CODES.findall(parameters)


@cache
def marks_blanks(pen: str) -> bool:
    """Whether a blank drawn with this pen looks different from one that is not drawn."""
    return any(_SEEN_ON_BLANKS.fullmatch(code) for code in pen_codes(pen))


def _colours(codes: list[str]) -> dict[str, str]:
    """Return the colours among a pen's codes: 3 is the text's, 4 the background's."""
    return {"3" if code[0] in "39" else "4": code for code in codes if _COLOUR.fullmatch(code)}


@cache
def turned(old: str, new: str) -> str:
    """Return the shortest `CSI m` that turns one pen into another.

    Single attributes are taken away only where there are colours: a terminal that has them knows how.
    """
    if new == _PLAIN:
        return "\x1b[m"
    was, will = pen_codes(old), pen_codes(new)
    whole = f"\x1b[0;{new}m" if old else f"\x1b[{new}m"
    old_colours, new_colours = _colours(was), _colours(will)
    added = [code for code in will if code not in was]
    gone = {code for code in was if code not in will} - set(old_colours.values())
    if gone and not (old_colours and gone <= _UNDONE.keys() and _DIM not in {*was, *will}):
        return whole
    added += [_UNDONE[code] for code in sorted(gone)]
    added += [_OWN_COLOUR[side] for side in old_colours if side not in new_colours]
    return min(whole, f"\x1b[{';'.join(added)}m", key=len)
