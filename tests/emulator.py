"""An emulated terminal that tells every cell's character and pen, and covers wide characters as xterm does."""

from typing import Any, NamedTuple

import pyte
from pyte.screens import Char
from rich.cells import get_character_cell_size

from tests.e2e.emulated_terminal import XtermScreen

_COLOURS = {3: "foreground", 4: "background", 9: "foreground", 10: "background"}

_UNDONE = {22: ("1", "2"), 24: ("4", "21"), 27: ("7",)}
"""What takes attributes away (ECMA-48 SGR)."""
_SEEN_ON_BLANKS = {"4", "7", "9", "21", "53", "background"}


class Cell(NamedTuple):
    """A character, empty for the second half of a wide one, and how it is drawn."""

    char: str
    pen: tuple[tuple[str, str], ...]


class ExactScreen(XtermScreen):
    """pyte's screen, with pens that lose nothing (pyte knows no dim) and halves that do not stay behind."""

    def __init__(self, columns: int, lines: int) -> None:
        self._pen: dict[str, str] = {}
        self._pens: dict[str, tuple[tuple[str, str], ...]] = {"default": ()}
        super().__init__(columns, lines)

    def cells(self) -> list[list[Cell]]:
        """Return every cell of the screen, line by line; a blank has only what is seen on a blank."""
        return [
            [self._cell(line[x].data, line[x].fg) for x in range(self.columns)]
            for line in map(self.buffer.__getitem__, range(self.lines))
        ]

    def _cell(self, char: str, pen: str) -> Cell:
        whole = self._pens[pen]
        if char == " ":
            return Cell(char, tuple(part for part in whole if part[0] in _SEEN_ON_BLANKS))
        return Cell(char, whole)

    def text(self) -> list[str]:
        """Return the lines without trailing blanks."""
        return ["".join(cell.char for cell in line).rstrip() for line in self.cells()]

    def reset(self) -> None:
        self._pen = {}
        super().reset()

    def select_graphic_rendition(self, *attrs: int, **_: Any) -> None:
        codes = list(attrs or (0,))
        while codes:
            code = codes.pop(0)
            if code == 0:
                self._pen = {}
            elif code in (38, 48):
                length = 1 if codes[0] == 5 else 3
                self._pen[_COLOURS[code // 10]] = ":".join(str(codes.pop(0)) for _ in range(length + 1))
            elif code in _UNDONE:
                for attribute in _UNDONE[code]:
                    self._pen.pop(attribute, None)
            elif code in (39, 49):
                self._pen.pop(_COLOURS[code // 10], None)
            elif code // 10 in _COLOURS:
                self._pen[_COLOURS[code // 10]] = str(code)
            else:
                self._pen[str(code)] = ""
        pen = tuple(sorted(self._pen.items()))
        # pyte carries the colour from cell to cell as a text: let it carry the whole pen.
        self._pens[repr(pen)] = pen
        self.cursor.attrs = Char(" ", fg=repr(pen))

    def draw(self, data: str) -> None:
        """Draw as xterm does with line wrap off: behind the last column is the last column."""
        cursor, line = self.cursor, self.buffer[self.cursor.y]
        for char in data:
            width = 1 if " " <= char <= "~" else get_character_cell_size(char)
            if width == 0:
                before = cursor.x - 1
                while before > 0 and line[before].data == "":
                    before -= 1
                if before >= 0:
                    line[before] = line[before]._replace(data=line[before].data + char)
                continue
            x = cursor.x = min(cursor.x, self.columns - width)
            if line[x].data == "" and x:
                line[x - 1] = line[x - 1]._replace(data=" ")
            line[x] = cursor.attrs._replace(data=char)
            if width == 2:
                line[x + 1] = cursor.attrs._replace(data="")
            cursor.x = after = x + width
            if after < self.columns and line[after].data == "":
                line[after] = line[after]._replace(data=" ")
        self.dirty.add(cursor.y)


def emulated(columns: int, lines: int) -> tuple[ExactScreen, pyte.Stream]:
    """Return a blank screen, and what to feed a program's output to."""
    screen = ExactScreen(columns, lines)
    return screen, pyte.Stream(screen)
