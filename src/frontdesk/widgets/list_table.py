"""The table of a list: one page of rows, one Strip a line, no row it does not show; columns are data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.paging import View
from frontdesk.sources.port import R
from frontdesk.widgets.look import look_of
from frontdesk.words.fitting import fitted
from frontdesk.words.told import Part, Role, Told, told

MARK = Part("▌", Role.CURSOR_MARK)
"""What stands before the cursor's row."""
_PATCHES = frozenset({Role.WARNING, Role.WAITING, Role.CHIP})
"""Roles that some themes draw on a patch of their own: it ends with the words."""
MARK_WIDTH = 2
"""Cells before the first column."""


def always(role: Role) -> Callable[[Any, datetime], Role]:
    """Return the role of a column whose cells are all of one."""
    return lambda _row, _now: role


_AS_IT_IS = always(Role.VALUE)


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column: its title, its width in cells, and what it shows of a row at a time.

    It is shown in tables of at least `since` cells: the highest goes first where there is no
    room. Where there is more of it the columns grow up to `most` cells, the first ones first;
    the last one that `takes_rest` gives way, or has what is left. A column that is `said_once`
    may leave out what the row right above shows too, where the table `leaves_out`.
    """

    title: str
    width: int
    cell: Callable[[R, datetime], str]
    since: int = 0
    most: int = 0
    takes_rest: bool = False
    role: Callable[[R, datetime], Role] = _AS_IT_IS
    said_once: bool = False


@dataclass(frozen=True, slots=True)
class Placed(Generic[R]):
    """A column from cell `start` (0 is the first) over `width` cells."""

    column: Column[R]
    start: int
    width: int


@lru_cache(maxsize=64)
def placed(columns: tuple[Column[Any], ...], width: int) -> tuple[Placed[Any], ...]:
    """Return where the columns stand in `width` cells, with one cell between them."""
    shown = [column for column in columns if width >= column.since]
    rest = width - MARK_WIDTH - sum(column.width for column in shown) - len(shown) + 1
    widths = {column: column.width for column in shown}
    for column in shown:
        more = max(0, min(rest, column.most - column.width))
        widths[column] += more
        rest -= more
    takes = next((column for column in reversed(shown) if column.takes_rest), None)
    if takes is not None:
        widths[takes] = max(0, widths[takes] + rest)
    found, start = [], MARK_WIDTH
    for column in shown:
        found.append(Placed(column, start, widths[column]))
        start += widths[column] + 1
    return tuple(found)


BelowRow = Callable[[R, datetime, int], Sequence[Told]]
"""What stands below a row at a time, in a number of cells: lines."""


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
        self._leaves_out = False

    @property
    def room(self) -> int:
        """How many rows fit under the header; the last one needs no empty line below it."""
        header = 1 if self._lines == 1 else 0
        return max(1, (self.size.height - header) // self._lines)

    def row_at(self, x: int, y: int) -> int | None:
        """Return which row in view is at a cell of the screen, None where none is."""
        region = self.region
        place = (y - region.y - 1) // self._lines
        is_row = region.contains(x, y) and y > region.y and 0 <= place < len(self._view.rows)
        return place if is_row else None

    def line_of_cursor(self) -> int:
        """The screen line, counted from the table's top, where the cursor row begins."""
        return self._view.cursor * self._lines + 1

    def show(
        self,
        view: View[R],
        columns: tuple[Column[R], ...],
        now: datetime,
        notice: tuple[str, ...] = (),
        *,
        leaves_out: bool = False,
    ) -> None:
        """Show a page as of `now`; `notice` takes the place of rows. Only lines that differ are painted.

        With `leaves_out` a column that is said once leaves out what the row right above shows too; never
        in the first row of the screen and in the cursor's.
        """
        old, old_frame = self._view, (self._columns, self._now, self._notice, self._leaves_out)
        self._view, self._columns, self._now, self._notice = view, columns, now, notice
        self._leaves_out = leaves_out
        if old_frame != (columns, now, notice, leaves_out) or len(old.rows) != len(view.rows):
            self.refresh()
            return
        changed = {y for y, (one, other) in enumerate(zip(old.rows, view.rows, strict=True)) if one != other}
        if leaves_out:
            changed |= {y + 1 for y in changed}  # what they leave out may be there no more
        if old.cursor != view.cursor:
            changed |= {old.cursor, view.cursor}
        self._refresh_rows(changed)

    def _refresh_rows(self, indices: set[int]) -> None:
        width, lines = self.size.width, self._lines
        if indices:
            self.refresh(*(Region(0, index * lines + 1, width, lines) for index in indices))

    def on_focus(self) -> None:
        self._refresh_rows({self._view.cursor})

    def on_blur(self) -> None:
        self._refresh_rows({self._view.cursor})

    def render_line(self, y: int) -> Strip:
        width, look = self.size.width, look_of(self)
        if self._notice:
            return look.strip(told(self._notice[y - 1] if 0 < y <= len(self._notice) else ""), width)
        columns = placed(self._columns, width)
        if y == 0:
            return look.strip(told(_header(columns), Role.HEADING), width)
        index, line = divmod(y - 1, self._lines)
        if index >= min(len(self._view.rows), self.room) or self._now is None:
            return Strip.blank(width)
        if line == 0:
            return look.strip(self._row(index, columns, self._now), width)
        below = self._below(self._view.rows[index], self._now, width)
        return look.strip(below[line - 1], width) if line <= len(below) else Strip.blank(width)

    def _row(self, index: int, columns: tuple[Placed[R], ...], now: datetime) -> Told:
        rows = self._view.rows
        row, is_marked = rows[index], index == self._view.cursor
        parts = [MARK, Part(" ")] if is_marked else [Part(" " * MARK_WIDTH)]
        for place, one in enumerate(columns):
            column, text = one.column, one.column.cell(row, now)
            leaves_out = self._leaves_out and column.said_once and index > 0 and not is_marked
            if leaves_out and text == column.cell(rows[index - 1], now):
                text = ""
            gap = " " if place + 1 < len(columns) else ""
            cell, role = fitted(text, one.width) + gap, column.role(row, now)
            said = cell.rstrip(" ") if role in _PATCHES else cell
            parts.append(Part(said, role))
            if blank := cell[len(said) :]:
                parts.append(Part(blank))
        on = (Role.CURSOR if self.has_focus else Role.CURSOR_QUIET) if is_marked else None
        return Told(tuple(parts), on=on)

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized(self.room))

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character and event.key not in self.screen.active_bindings:
            event.stop()
            self.post_message(self.DeadKey(event.character))


def _header(columns: tuple[Placed[Any], ...]) -> str:
    """Return the titles, each as far as the next one leaves room: a column without a title gives up its own."""
    text = ""
    titled = [one for one in columns if one.column.title]
    for index, one in enumerate(titled):
        text = text.ljust(one.start) + one.column.title
        if index + 1 < len(titled):
            text = fitted(text, titled[index + 1].start - 1)
    return text
