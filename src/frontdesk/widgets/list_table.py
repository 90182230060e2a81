"""The table of a list: one page of rows, one Strip a line, no row it does not show; columns are data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.paging import View
from frontdesk.sources.port import R
from frontdesk.widgets.line import BOLD, PLAIN, REVERSED
from frontdesk.words.fitting import fitted

MARK_WIDTH = 2
"""Cells before the first column, where the mark of the cursor's row stands."""


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column: its title, its width in cells, and what it shows of a row at a time.

    It is shown in tables of at least `since` cells: the highest goes first where there is no
    room. The last column shown that `takes_rest` has what its neighbours leave of the width,
    which may be less than its own.
    """

    title: str
    width: int
    cell: Callable[[R, datetime], str]
    since: int = 0
    takes_rest: bool = False
    style: Callable[[R, datetime], Style] | None = None


@dataclass(frozen=True, slots=True)
class Placed(Generic[R]):
    """A column from cell `start` (0 is the first) over `width` cells."""

    column: Column[R]
    start: int
    width: int


@cache
def placed(columns: tuple[Column[Any], ...], width: int) -> tuple[Placed[Any], ...]:
    """Return where the columns stand in `width` cells, with one cell between them."""
    shown = [column for column in columns if width >= column.since]
    rest = width - MARK_WIDTH - sum(column.width for column in shown) - len(shown) + 1
    grows = next((column for column in reversed(shown) if column.takes_rest), None)
    found, start = [], MARK_WIDTH
    for column in shown:
        cells = max(0, column.width + rest) if column is grows else column.width
        found.append(Placed(column, start, cells))
        start += cells + 1
    return tuple(found)


BelowRow = Callable[[R, datetime, int], Sequence[tuple[str, Style]]]
"""What stands below a row at a time, in a number of cells: lines with their styles."""


class ListTable(Widget, Generic[R], can_focus=True):
    """The header line and one page of rows; the screen decides what is in it.

    A row takes `lines` of the screen, its columns and what is `below` them. A printable key
    bound to nothing posts `DeadKey`.
    """

    DEFAULT_CSS = """
    ListTable { height: 1fr; width: 1fr; }
    """

    class Resized(Message):
        """The table has room for another number of rows now."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    class DeadKey(Message):
        """A letter was pressed that does nothing here."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def __init__(
        self,
        *,
        lines: int = 1,
        below: BelowRow[R] = lambda _row, _now, _width: (),
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self._lines = lines
        self._below = below
        self._view: View[R] = View()
        self._columns: tuple[Column[R], ...] = ()
        self._now: datetime | None = None
        self._notice: tuple[str, ...] = ()

    @property
    def room(self) -> int:
        """How many rows fit under the header; the last one needs no empty line below it."""
        header = 1 if self._lines == 1 else 0
        return max(1, (self.size.height - header) // self._lines)

    def line_of_cursor(self) -> int:
        """The screen line, counted from the table's top, where the cursor row begins."""
        return self._view.cursor * self._lines + 1

    def show(
        self,
        view: View[R],
        columns: tuple[Column[R], ...],
        now: datetime,
        notice: tuple[str, ...] = (),
    ) -> None:
        """Show a page as of `now`; `notice` takes the place of rows. Only lines that differ are painted."""
        old, old_frame = self._view, (self._columns, self._now, self._notice)
        self._view, self._columns, self._now, self._notice = view, columns, now, notice
        if old_frame != (columns, now, notice) or len(old.rows) != len(view.rows):
            self.refresh()
            return
        changed = {y for y, (one, other) in enumerate(zip(old.rows, view.rows, strict=True)) if one != other}
        if old.cursor != view.cursor:
            changed |= {old.cursor, view.cursor}
        width, lines = self.size.width, self._lines
        if changed:
            self.refresh(*(Region(0, y * lines + 1, width, lines) for y in changed))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._notice:
            text = self._notice[y - 1] if 0 < y <= len(self._notice) else ""
            return Strip([Segment(fitted(text, width), PLAIN)], width)
        columns = placed(self._columns, width)
        if y == 0:
            return Strip([Segment(self._header(columns, width), BOLD)], width)
        index, line = divmod(y - 1, self._lines)
        if index >= min(len(self._view.rows), self.room) or self._now is None:
            return Strip.blank(width)
        row = self._view.rows[index]
        if line == 0:
            return self._row(row, index == self._view.cursor, columns, width, self._now)
        below = self._below(row, self._now, width)
        text, style = below[line - 1] if line <= len(below) else ("", PLAIN)
        return Strip([Segment(fitted(text, width), style)], width)

    @staticmethod
    def _header(columns: tuple[Placed[R], ...], width: int) -> str:
        text = ""
        for one in columns:
            text = fitted(text, one.start) + fitted(one.column.title, one.width)
        return fitted(text, width)

    @staticmethod
    def _row(row: R, marked: bool, columns: tuple[Placed[R], ...], width: int, now: datetime) -> Strip:
        cells = [(one.column, fitted(one.column.cell(row, now), one.width)) for one in columns]
        if marked:
            text = "> " + " ".join(cell for _, cell in cells)
            return Strip([Segment(fitted(text, width), REVERSED)], width)
        segments, run = list[Segment](), " " * MARK_WIDTH
        for index, (column, cell) in enumerate(cells):
            gap = " " if index else ""
            if column.style is None:
                run += gap + cell
            else:
                segments += (Segment(run + gap, PLAIN), Segment(cell, column.style(row, now)))
                run = ""
        left = width - sum(cell_len(segment.text) for segment in segments)
        return Strip([*segments, Segment(fitted(run, left), PLAIN)], width)

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized(self.room))

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character and event.key not in self.screen.active_bindings:
            event.stop()
            self.post_message(self.DeadKey(event.character))
