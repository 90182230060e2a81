"""What a screen shows, as lines whose parts have roles: without colours, and without a screen.

What a dialog or a page shows is a pure function of its state and the window's size. Who draws the
lines decides what a role looks like, and nothing of what is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len, set_cell_size

from frontdesk.words.fitting import fitted

LABEL_START, TEXT_START = 2, 16
"""Columns in which labels and what they name begin."""


class Role(Enum):
    """What a part of a line is for."""

    VALUE = "value"
    STRONG = "strong"
    QUIET = "quiet"
    LABEL = "label"
    HEADING = "heading"
    KEY = "key"
    RULE = "rule"
    WARNING = "warning"
    CHIP = "chip"
    WAITING = "waiting"
    UPCOMING = "upcoming"
    DONE = "done"
    GONE = "gone"
    TITLE = "title"
    BAR = "bar"
    CURSOR = "cursor"
    CURSOR_QUIET = "cursor quiet"
    CURSOR_MARK = "cursor mark"
    FOCUS = "focus"
    FIELD = "field"
    CARET = "caret"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Part:
    """Some text of one role."""

    text: str
    role: Role = Role.VALUE


@dataclass(frozen=True, slots=True)
class Told:
    """One line. `right` stands at its right end; `on` is the bar that the whole line stands on, if it does."""

    parts: tuple[Part, ...] = ()
    right: tuple[Part, ...] = ()
    on: Role | None = None

    def __str__(self) -> str:
        return "".join(part.text for part in self.parts).rstrip()

    @property
    def text(self) -> str:
        """What it says, left and right."""
        return f"{self}  {''.join(part.text for part in self.right)}".rstrip()

    @property
    def width(self) -> int:
        """Cells that it needs, with one between left and right."""
        left, right = (cell_len("".join(part.text for part in side)) for side in (self.parts, self.right))
        return left + 1 + right if right else left


def in_width(line: Told, width: int) -> list[tuple[str, Role]]:
    """Return a line in exactly `width` cells; the left side gives way to what stands at the right."""
    at_right = "".join(part.text for part in line.right)
    if not at_right:
        return _cut(line.parts, width)
    room = width - cell_len(at_right) - 1
    if room <= 0:
        return _cut(line.right, width)
    return [*_cut(line.parts, room), (" ", Role.VALUE), *((part.text, part.role) for part in line.right)]


def _cut(parts: tuple[Part, ...], width: int) -> list[tuple[str, Role]]:
    """Return parts in exactly `width` cells, as `fitted` cuts and fills them."""
    whole, begins = fitted("".join(part.text for part in parts), width), 0
    found = list[tuple[str, Role]]()
    for part in parts:
        ends = begins + len(part.text)
        if text := whole[begins:ends]:
            found.append((text, part.role))
        begins = ends
    if rest := whole[begins:]:
        found.append((rest, Role.VALUE))
    return found


TICK = "✓ "
"""What stands before a fact that is done, where the terminal has the sign."""

Shown = Mapping[str, tuple[Told, ...]]
"""Lines by the names of their places, from top to bottom. A place that is left out is not there."""


BARS = frozenset({Role.TITLE, Role.BAR, Role.CURSOR, Role.CURSOR_QUIET})
"""Roles of lines that are drawn over their whole width."""


def told(text: str, role: Role = Role.VALUE, right: str = "") -> Told:
    """Return a line of one role; what stands at its right end is quiet."""
    on = role if role in BARS else None
    return Told((Part(text, role),) if text else (), (Part(right, Role.QUIET),) if right else (), on)


def labelled(label: str, text: str, role: Role = Role.VALUE) -> Told:
    """Return a line with `label` in the first column and `text` in the second; a text with `!` warns."""
    start = f"{' ' * LABEL_START}{set_cell_size(label, TEXT_START - LABEL_START - 1)} "
    return Told((Part(start, Role.LABEL), Part(text, Role.CHIP if text.startswith("!") else role)))
