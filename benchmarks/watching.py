"""What must be on the screen before a key press counts as answered."""

import re
from collections.abc import Sequence
from typing import Protocol


class Watch(Protocol):
    """Looks at the screen after every piece of output."""

    @property
    def seen_at(self) -> float | None:
        """When the operator saw the answer, None while it is not there."""
        ...

    def look(self, lines: Sequence[str], arrived_at: float) -> None:
        """Look at the screen as it is since `arrived_at`."""
        ...


class Anything:
    """Any output is part of the answer, which is seen when its last byte is there."""

    def __init__(self) -> None:
        self.seen_at: float | None = None

    def look(self, lines: Sequence[str], arrived_at: float) -> None:
        self.seen_at = arrived_at


class Text:
    """A pattern is somewhere on the screen (and `gone`, if given, nowhere)."""

    def __init__(self, pattern: str, gone: str = "") -> None:
        self.seen_at: float | None = None
        self._pattern = re.compile(pattern, re.MULTILINE)
        self._gone = re.compile(gone, re.MULTILINE) if gone else None

    def look(self, lines: Sequence[str], arrived_at: float) -> None:
        if self.seen_at is None:
            screen = "\n".join(lines)
            if self._pattern.search(screen) and not (self._gone and self._gone.search(screen)):
                self.seen_at = arrived_at


class Result:
    """The rows of a list are what a search found.

    `complete` says on the screen that the search is over; what counts is when the rows took
    their last change. When the right rows stood there already, it is when `complete` came.
    """

    def __init__(self, complete: str, rows: slice, before: Sequence[str]) -> None:
        self._complete = re.compile(complete, re.MULTILINE)
        self._slice = rows
        self._rows = list(before[rows])
        self._rows_at: float | None = None
        self._complete_at: float | None = None

    @property
    def seen_at(self) -> float | None:
        return self._complete_at and (self._rows_at or self._complete_at)

    def look(self, lines: Sequence[str], arrived_at: float) -> None:
        rows = list(lines[self._slice])
        if rows != self._rows:
            self._rows, self._rows_at = rows, arrived_at
        if not self._complete.search("\n".join(lines)):
            self._complete_at = None
        elif self._complete_at is None:
            self._complete_at = arrived_at
