"""The line of keys at the foot of a screen: each with what it does, as many as there is room for."""

from collections.abc import Sequence
from dataclasses import dataclass

from frontdesk.words.told import Part, Role, Told

STAY = frozenset({"F1", "F9"})
"""Keys that are named as long as any is: the way to all others, and the one that hides the screen."""


@dataclass(frozen=True, slots=True)
class KeyWords:
    """A key, or several, and what it does: `Enter`, `actions`."""

    key: str
    does: str


SCROLL, BACK, HELP = KeyWords("Up Down", "scroll"), KeyWords("Esc", "back"), KeyWords("F1", "help")
"""Keys of every page that is read."""


def keys_told(keys: Sequence[KeyWords], width: int | None = None, *, are_caps: bool = False) -> Told:
    """Return the keys in at most `width` cells; where there is no room whole entries go, the last ones first.

    Where they `are_caps` each key stands on a patch of its own.
    """
    shown = list(keys)
    while width is not None and len(shown) > 1 and _line(shown, are_caps).width > width:
        goes = next((one for one in reversed(shown) if one.key not in STAY), shown[-1])
        shown.remove(goes)
    return _line(shown, are_caps)


def keys_of_page(*keys: KeyWords) -> Told:
    """Return the keys of a page that is read, from its first cell on."""
    parts = list[Part]()
    for one in keys:
        parts += [Part("  " if parts else ""), Part(one.key, Role.KEY), Part(f" {one.does}", Role.QUIET)]
    return Told(tuple(parts))


def _line(keys: Sequence[KeyWords], are_caps: bool) -> Told:
    parts = [Part(" ")]
    for one in keys:
        key, gap = (f" {one.key} ", " ") if are_caps else (one.key, "   ")
        parts += [Part(key, Role.KEY), Part(f" {one.does}{gap if one is not keys[-1] else ''}", Role.QUIET)]
    return Told(tuple(parts))
