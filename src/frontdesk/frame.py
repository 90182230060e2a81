"""The frame on the operator's terminal, and the fewest bytes that turn it into the next one.

Over SSH what an operator feels is bytes, and a toolkit that repaints whole widgets sends
some fifty times more of them than the screen changes. A `Frame` knows every cell that the
terminal shows; `changes` writes only those that are to differ, erases where there is
nothing to write, and lets the terminal move lines that only moved.

What it writes is understood by every terminal since the VT220 (ECMA-48 CUP, CUF, ED, EL,
ECH, IL, DL; DECSTBM): no colour is erased with, so background colour erase makes no
difference, and nothing relies on how a terminal wraps at the last column.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress, groupby
from operator import ne

from rich.cells import split_graphemes

from frontdesk.pens import marks_blanks, turned

__all__ = ["Frame", "Row"]

_BLANK = " "
_PLAIN = ""
_TAIL_OF_WIDE = ""
"""The second cell of a wide character: nothing is written for it."""

_GAP = 4
"""Writing this many unchanged cells again costs no more than stepping over them."""
_ERASED = 6
"""From this many blanks on, erasing them (`CSI n X`) costs less than writing them."""
_STEPPED = 11
"""The same where more text follows at once, so that the cursor has to step over them."""
_CLEARED = 5
"""From this many blank lines on, taking them out of the screen costs less than erasing each."""
_WORTH_MOVING = 40
"""Cells that moving lines must save before it pays for setting the margins and taking them back."""

_LONG_BLANKS = re.compile(f" {{{_ERASED},}}")
_RUNS = re.compile(rb"\x01+(?:\x00{1,%d}\x01+)*" % _GAP)


class Row:
    """One line of the screen: for each cell its character and its pen.

    A pen is the parameters of `CSI m`, empty for the terminal's own colours, and for blanks
    that look the same without it. A cell's character may be followed by combining marks;
    the second cell of a wide one is empty.
    """

    __slots__ = ("chars", "pens")

    def __init__(self, width: int) -> None:
        self.chars = [_BLANK] * width
        self.pens = [_PLAIN] * width

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row):
            return NotImplemented
        return self.chars == other.chars and self.pens == other.pens

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> "Row":
        """Return a row of the same cells."""
        row = Row(0)
        row.chars, row.pens = self.chars[:], self.pens[:]
        return row

    def is_blank(self) -> bool:
        """Whether nothing is to be seen on it."""
        return self.text_ends() == 0

    def text_ends(self) -> int:
        """Return the first cell behind which there are only plain blanks."""
        end = len(self.chars)
        while end and self.chars[end - 1] == _BLANK and self.pens[end - 1] == _PLAIN:
            end -= 1
        return end

    def differing(self, other: "Row") -> bytearray:
        """Return 1 for each cell that differs and 0 for each that does not."""
        cells = bytearray(map(ne, self.chars, other.chars))
        if self.pens != other.pens:
            for x, differs in enumerate(map(ne, self.pens, other.pens)):
                if differs:
                    cells[x] = 1
        return cells

    def is_simple(self) -> bool:
        """Whether every cell has one character, one cell wide."""
        return _TAIL_OF_WIDE not in self.chars and len("".join(self.chars)) == len(self.chars)

    def put(self, x: int, spans: Iterable[tuple[str, str]]) -> None:
        """Put texts with their pens into the cells from `x` on; what does not fit is dropped.

        A wide character that is half covered, or has no room for its second half, becomes
        a blank, as on a terminal.
        """
        chars: list[str] = []
        pens: list[str] = []
        for text, pen in spans:
            if text.isascii():
                chars += text
            else:
                for start, end, width in split_graphemes(text)[0]:
                    if width:
                        chars.append(text[start:end])
                        chars += [_TAIL_OF_WIDE] * (width - 1)
                    elif chars:
                        chars[-1] += text[start:end]
            put = chars[len(pens) :]
            if _BLANK in put and not marks_blanks(pen):
                pens += [_PLAIN if char == _BLANK else pen for char in put]
            else:
                pens += [pen] * len(put)
        room = max(0, len(self.chars) - x)
        end = x + min(len(chars), room)
        if end == x:
            return
        if end < x + len(chars) and chars[room] == _TAIL_OF_WIDE:
            chars[room - 1] = _BLANK
        if end < len(self.chars) and self.chars[end] == _TAIL_OF_WIDE:
            self.chars[end] = _BLANK
        if x and self.chars[x] == _TAIL_OF_WIDE and chars[0] != _TAIL_OF_WIDE:
            self.chars[x - 1] = _BLANK
        self.chars[x:end] = chars[:room]
        self.pens[x:end] = pens[:room]


class _Writer:
    """Writes with one pen at one place, and says nothing the terminal knows already."""

    def __init__(self, at: tuple[int, int] | None) -> None:
        self._parts: list[str] = []
        self._before = 0
        """How many parts stood before the first one of this writer."""
        self.pen = _PLAIN
        self._y = at[0] if at else None
        self._x = at[1] if at else None
        """Where the cursor is, as far as that is certain."""

    def copy(self) -> "_Writer":
        """Return one that stands at the same place with the same pen, and has written nothing."""
        other = _Writer(None)
        other.pen, other._y, other._x = self.pen, self._y, self._x
        other._before = self._before + len(self._parts)
        return other

    def become_shorter(self, other: "_Writer") -> None:
        """Take what a copy has written for what was written since it was made, if that is less."""
        since = self._parts[other._before - self._before :]
        if len("".join(other._parts)) < len("".join(since)):
            self._parts[other._before - self._before :] = other._parts
            self.pen, self._y, self._x = other.pen, other._y, other._x

    def finished(self) -> str:
        """Return everything written, the pen put back."""
        self.use(_PLAIN)
        return "".join(self._parts)

    def use(self, pen: str) -> None:
        if pen == self.pen:
            return
        self._parts.append(turned(self.pen, pen))
        self.pen = pen

    def move(self, y: int, x: int) -> None:
        if (y, x) == (self._y, self._x):
            return
        ways = [f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"]
        if y == self._y:
            if x == 0:
                ways.append("\r")
            elif self._x is not None and x > self._x:
                ways.append(_forward(x - self._x))
        elif self._y is not None and y > self._y:
            ways.append("\r" + "\n" * (y - self._y) + (_forward(x) if x else ""))
        self._parts.append(min(ways, key=len))
        self._y, self._x = y, x

    def is_in(self, y: int, start: int, end: int) -> bool:
        """Whether the cursor is known to be on line `y`, from cell `start` up to `end`."""
        return self._y == y and self._x is not None and start <= self._x <= end

    def write(self, chars: Sequence[str], end: int | None) -> None:
        """Write cells; behind them the cursor is at `end` of the line, or where nobody knows."""
        self._parts.extend(chars)
        self._x = end

    def erase(self, cells: int | None) -> None:
        """Make the next `cells` blank, or all to the end of the line; the cursor stays."""
        if marks_blanks(self.pen):
            self.use(_PLAIN)
        self._parts.append("\x1b[K" if cells is None else f"\x1b[{cells}X")

    def erase_all(self) -> None:
        self.use(_PLAIN)
        self._parts.append("\x1b[H\x1b[2J")
        self._y = self._x = 0

    def erase_below(self) -> None:
        self.use(_PLAIN)
        self._parts.append("\x1b[J")

    def shift(self, top: int, bottom: int, lines: int, height: int) -> None:
        """Move the lines `top` to `bottom` up (down if negative); blank lines take their place."""
        self.use(_PLAIN)
        whole = bottom == height - 1
        if not whole:
            self._parts.append(f"\x1b[{top + 1};{bottom + 1}r")
            self._y = self._x = None  # DECSTBM homes the cursor, on most terminals
        self.move(top, 0)
        count = str(abs(lines)) if abs(lines) > 1 else ""
        self._parts.append(f"\x1b[{count}{'M' if lines > 0 else 'L'}")
        if not whole:
            self._parts.append("\x1b[r")
            self._y = self._x = None


def _forward(cells: int) -> str:
    return f"\x1b[{cells}C" if cells > 1 else "\x1b[C"


class Frame:
    """The cells that a terminal of `width` x `height` shows, and the cells that it is to show.

    `put` says what is to be shown; `changes` returns the bytes that make it so, from then
    on taken as shown. A new frame, and one that was forgotten, begins with an erased screen.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._wanted = [Row(width) for _ in range(height)]
        self._shown: list[Row] | None = None
        self._touched: set[int] = set()
        self._cursor: tuple[int, int] | None = None

    def forget(self) -> None:
        """Take nothing for granted: the next `changes` writes the whole screen."""
        self._shown = None

    def put(self, y: int, x: int, spans: Iterable[tuple[str, str]]) -> None:
        """Say what is to be shown on line `y` from cell `x` on: texts with their pens."""
        if 0 <= y < self.height:
            self._wanted[y].put(x, spans)
            self._touched.add(y)

    def changes(self, cursor: tuple[int, int]) -> str:
        """Return what to write so that all is shown and the cursor is at (y, x) `cursor`.

        Empty when nothing differs.
        """
        writer = _Writer(self._cursor)
        if self._shown is None:
            writer.erase_all()
            self._shown = [Row(self.width) for _ in range(self.height)]
            self._touched.update(range(self.height))
        shown = self._shown
        changed = sorted(y for y in self._touched if self._wanted[y] != shown[y])
        self._touched.clear()
        if len(changed) > 1:
            changed = self._shift(writer, shown, changed)
            changed = self._clear(writer, shown, changed)
        for y in changed:
            self._write_row(writer, y, shown[y])
            shown[y] = self._wanted[y].copy()
        writer.move(*cursor)
        self._cursor = cursor
        return writer.finished()

    def _shift(self, writer: _Writer, shown: list[Row], changed: list[int]) -> list[int]:
        """Let the terminal move lines where that leaves less to write."""
        places: dict[str, list[int]] = {}
        for y in changed:
            places.setdefault("".join(shown[y].chars), []).append(y)
        votes: Counter[int] = Counter()
        for y in changed:
            text = "".join(self._wanted[y].chars)
            if not text.isspace():
                votes.update(source - y for source in places.get(text, ()))
        votes.pop(0, None)
        lines, agreeing = votes.most_common(1)[0] if votes else (0, 0)
        if agreeing * 2 < len(changed):
            return changed
        top, bottom = changed[0], changed[-1]
        blank = [Row(self.width) for _ in range(min(abs(lines), bottom - top + 1))]
        region = shown[top : bottom + 1]
        moved = region[lines:] + blank if lines > 0 else blank + region[:lines]
        wanted = self._wanted[top : bottom + 1]
        saved = _distance(region, wanted) - _distance(moved, wanted)
        if saved < _WORTH_MOVING:
            return changed
        writer.shift(top, bottom, lines, self.height)
        shown[top : bottom + 1] = moved
        return [y for y in range(top, bottom + 1) if self._wanted[y] != shown[y]]

    def _clear(self, writer: _Writer, shown: list[Row], changed: list[int]) -> list[int]:
        """Clear blocks of lines that are to be blank."""
        blank = {y for y in changed if self._wanted[y].is_blank()}
        for _, numbers in groupby(enumerate(sorted(blank)), key=lambda pair: pair[1] - pair[0]):
            block = [y for _, y in numbers]
            to_the_end = block[-1] == self.height - 1
            if to_the_end and len(block) > 1:
                writer.move(block[0], 0)
                writer.erase_below()
            elif len(block) >= _CLEARED:
                writer.shift(block[0], block[-1], len(block), self.height)
            else:
                continue
            for y in block:
                shown[y] = Row(self.width)
        return [y for y in changed if self._wanted[y] != shown[y]]

    def _write_row(self, writer: _Writer, y: int, old: Row) -> None:
        """Write what differs on one line: erase long blanks, write the rest, erase the end."""
        row = self._wanted[y]
        differing = row.differing(old)
        first = differing.find(1)
        tail = row.text_ends()
        tail_from = differing.find(1, tail)
        erases_tail = differing.count(1, tail) > 1
        if erases_tail:
            differing[tail:] = bytes(self.width - tail)
        is_simple = row.is_simple()
        blanks = sum(map(_is_plain_blank, compress(row.chars, differing), compress(row.pens, differing)))
        erased = _to_erase(row, differing) if is_simple else []
        stretches = sorted(erased + _to_write(row, differing))
        before = writer.copy()
        for start, end in stretches:
            if (start, end) in erased:
                writer.move(y, start)
                writer.erase(end - start)
            else:
                self._write_stretch(writer, y, row, start, end)
        if erases_tail:
            if not writer.is_in(y, tail, tail_from):
                writer.move(y, tail_from if tail else 0)
            writer.erase(None)
        if erased or blanks >= _ERASED:
            self._erase_first(before, y, row, first)
            writer.become_shorter(before)

    def _erase_first(self, writer: _Writer, y: int, row: Row, first: int) -> None:
        """Erase a line from its first difference on, then write all that is to be seen behind it.

        Where much of a line is to be blank, before its text and behind it, this is one erasing instead of two.
        """
        seen = bytearray(
            char != _BLANK or pen != _PLAIN for char, pen in zip(row.chars, row.pens, strict=True)
        )
        start = 0 if seen.find(1, 0, first) < 0 else first
        writer.move(y, start)
        writer.erase(None)
        for begins, ends in (found.span() for found in _RUNS.finditer(seen, start)):
            self._write_stretch(writer, y, row, begins, ends)

    def _write_stretch(self, writer: _Writer, y: int, row: Row, start: int, end: int) -> None:
        """Write cells, with one pen where they have only one."""
        if row.is_simple() and (pen := _one_pen(row, start, end)) is not None:
            writer.move(y, start)
            writer.use(pen)
            writer.write(row.chars[start:end], end if end < self.width else None)
        else:
            self._write_run(writer, y, row, start, end)

    def _write_run(self, writer: _Writer, y: int, row: Row, start: int, end: int) -> None:
        """Write cells, putting the cursor anew behind each that terminals may measure differently."""
        while start < end:
            pen = row.pens[start]
            if pen == _PLAIN and row.chars[start] == _BLANK:
                pen = _for_blanks(writer.pen, row, start, end)
            stop = start
            while stop < end and _is_one_cell(row, stop) and _drawn_alike(row, stop, pen):
                stop += 1
            is_certain = start < stop < self.width
            if stop == start:
                stop += 1
                while stop < end and row.chars[stop] == _TAIL_OF_WIDE:
                    stop += 1
            writer.move(y, start)
            writer.use(pen)
            writer.write(row.chars[start:stop], stop if is_certain else None)
            start = stop


def _distance(rows: Iterable[Row], others: Iterable[Row]) -> int:
    """Return how many cells differ."""
    return sum(row.differing(other).count(1) for row, other in zip(rows, others, strict=True))


def _is_plain_blank(char: str, pen: str) -> bool:
    return char == _BLANK and pen == _PLAIN


def _is_one_cell(row: Row, x: int) -> bool:
    """Whether every terminal takes this cell for one cell."""
    return len(row.chars[x]) == 1 and row.chars[x + 1 : x + 2] != [_TAIL_OF_WIDE]


def _for_blanks(pen: str, row: Row, start: int, end: int) -> str:
    """Return the pen to write plain blanks with: the one in use, the one that comes next, or none."""
    if not marks_blanks(pen):
        return pen
    following = next((row.pens[x] for x in range(start, end) if row.chars[x] != _BLANK), _PLAIN)
    return _PLAIN if marks_blanks(following) else following


def _drawn_alike(row: Row, x: int, pen: str) -> bool:
    """Whether this cell can be written with `pen`."""
    if row.pens[x] == pen:
        return True
    return row.pens[x] == _PLAIN and row.chars[x] == _BLANK and not marks_blanks(pen)


def _one_pen(row: Row, start: int, end: int) -> str | None:
    """Return the pen that all these cells can be written with, if there is one."""
    pens = set(row.pens[start:end])
    if len(pens) == 1:
        return pens.pop()
    pens.discard(_PLAIN)
    pen = pens.pop()
    return pen if not pens and all(_drawn_alike(row, x, pen) for x in range(start, end)) else None


def _to_erase(row: Row, differing: bytearray) -> list[tuple[int, int]]:
    """Return where erasing is shorter than writing, and take it out of `differing`.

    Blanks between two that differ are erased along.
    """
    spans = []
    for blanks in _LONG_BLANKS.finditer("".join(row.chars)):
        start, end = differing.find(1, *blanks.span()), differing.rfind(1, *blanks.span()) + 1
        if start < 0 or any(row.pens[start:end]):
            continue
        text_follows = differing.find(1, end, blanks.end() + _GAP) >= 0
        if end - start >= (_STEPPED if text_follows else _ERASED):
            differing[start:end] = bytes(end - start)
            spans.append((start, end))
    return spans


def _to_write(row: Row, differing: bytearray) -> list[tuple[int, int]]:
    """Return what has to be written; small gaps, and wide characters, stay whole."""
    runs = [found.span() for found in _RUNS.finditer(differing)]
    if runs and runs[0][0] < _GAP and not any(row.pens[: runs[0][0]]):
        # Written from the line's beginning it needs no other move than to the next line.
        runs[0] = 0, runs[0][1]
    if _TAIL_OF_WIDE not in row.chars:
        return runs
    whole: list[tuple[int, int]] = []
    for start, end in runs:
        while start and row.chars[start] == _TAIL_OF_WIDE:
            start -= 1
        while end < len(row.chars) and row.chars[end] == _TAIL_OF_WIDE:
            end += 1
        if whole and start < whole[-1][1]:
            whole[-1] = whole[-1][0], end
        else:
            whole.append((start, end))
    return whole
