"""What a screen shows, as lines whose parts have roles: without colours, and without a screen.

What a dialog or a page shows is a pure function of its state and the window's size. Who draws the
lines decides what a role looks like, and nothing of what is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from rich.cells import set_cell_size

LABEL_START, TEXT_START = 2, 16
"""Columns in which labels and what they name begin."""


class Role(Enum):
    """What a part of a line is for."""

    TITLE = "title"
    HEADING = "heading"
    LABEL = "label"
    VALUE = "value"
    WARNING = "warning"
    QUIET = "quiet"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Part:
    """Some text of one role."""

    text: str
    role: Role = Role.VALUE


@dataclass(frozen=True, slots=True)
class Told:
    """One line; `right` stands at its right end."""

    parts: tuple[Part, ...] = ()
    right: str = ""

    def __str__(self) -> str:
        return "".join(part.text for part in self.parts).rstrip()

    @property
    def warning(self) -> str:
        """The part of it that warns; empty when none does."""
        return "".join(part.text for part in self.parts if part.role is Role.WARNING)


Shown = Mapping[str, tuple[Told, ...]]
"""Lines by the names of their places, from top to bottom. A place that is left out is not there."""


def told(text: str, role: Role = Role.VALUE, right: str = "") -> Told:
    """Return a line of one role."""
    return Told((Part(text, role),), right)


def labelled(label: str, text: str, role: Role = Role.VALUE) -> Told:
    """Return a line with `label` in the first column and `text` in the second; a text with `!` warns."""
    start = f"{' ' * LABEL_START}{set_cell_size(label, TEXT_START - LABEL_START - 1)} "
    return Told((Part(start, Role.LABEL), Part(text, Role.WARNING if text.startswith("!") else role)))
