"""The keys of each action with those of the config, the keys that a config may give, and names of keys."""

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from frontdesk.actions import ACTIONS, Action
from frontdesk.bookings import Booking, Reason, Standing


def keys_of(action: Action, overrides: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys of an action, as `overrides` (the config's `[keys]`) leave them.

    They replace the list's keys; of a command that has none, the ones that work everywhere.
    """
    changed = overrides.get(action.id)
    if not changed:
        return action.keys + action.everywhere
    given = tuple(changed.split(","))
    return given + action.everywhere if action.keys else given


FORBIDDEN_KEYS = re.compile(
    r"(ctrl\+([imjhsqzabxvy]|enter|left_square_bracket)|alt\+.*|super\+.*|f6|f7|f10|f11)"
)
"""Keys that terminals, multiplexers and window managers take for themselves, or that mean others."""


_TYPES_NOTHING = re.compile(
    r"ctrl\+.+|(shift\+)?(f\d+|up|down|left|right|home|end|pageup|pagedown|tab|insert|escape)"
)
"""Keys that may work everywhere: any other one is text at Find."""


def why_not_keys(overrides: Mapping[str, str]) -> str:
    """Return what is wrong with the config's `[keys]`, in one sentence; empty when nothing is."""
    owners: dict[str, str] = {}
    for one in ACTIONS:
        for key in overrides[one.id].split(",") if one.id in overrides else ():
            if problem := _why_not_key(one, key):
                return f"{key or 'an empty word'} for {one.id} {problem}"
        for key in keys_of(one, overrides):
            other = owners.setdefault(key, one.id)
            if other != one.id:
                return f"{key} is the key of both {other} and {one.id}: give each its own"
    return ""


def _why_not_key(action: Action, key: str) -> str:
    if not key or key != key.strip():
        return "is not a key: write keys with a comma between them and no space"
    if FORBIDDEN_KEYS.fullmatch(key):
        return "would not arrive: terminals and window managers take it"
    if not action.keys and not _TYPES_NOTHING.fullmatch(key):
        return "is text at Find, where this command works too: choose a key that types nothing"
    if action.dangerous and key in ("enter", "space"):
        return "is pressed by reflex: choose another one for what cannot be undone"
    return ""


KEY_NAMES = {
    "exclamation_mark": "!",
    "question_mark": "?",
    "slash": "/",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "space": "Space",
}


def key_name(key: str) -> str:
    """Return a key as an operator reads it on the keyboard: `PgDn`, `F5`, `Ctrl+P`, `c`."""
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    if key.startswith("ctrl+"):
        return f"Ctrl+{key[5:].upper()}"
    return key.upper() if key[:1] == "f" and key[1:].isdigit() else key


def first_key(action: Action, overrides: Mapping[str, str]) -> str:
    """Return the key to show for a command where there is room for one; in the menu it works in any case."""
    return key_name((*keys_of(action, overrides), action.menu_key)[0])


def why_not(
    action: Action,
    booking: Booking,
    now: datetime,
    desk: Standing,
    overrides: Mapping[str, str],
    here: ZoneInfo,
) -> Reason | None:
    """Return why a command cannot be given for a booking, with the key of the one that can.

    `here` is the zone of the clock at the desk.
    """
    reason = action.why_not(booking, now, desk, here) if action.why_not else None
    if reason is None or action.instead is None or action.instead[0] != reason.code:
        return reason
    _, when, other_id = action.instead
    other = next(one for one in ACTIONS if one.id == other_id)
    if other.why_not is not None and other.why_not(booking, now, desk, here):
        return reason
    return Reason(reason.code, f"{reason}. {when}: {first_key(other, overrides)}")
