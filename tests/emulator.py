"""An emulated terminal that tells every cell's character and pen, and covers wide characters as xterm does."""

from typing import Any, NamedTuple

import pyte
from pyte.screens import Char

_COLOURS = {3: "foreground", 4: "background", 9: "foreground", 10: "background"}


class Cell(NamedTuple):
    """A character, empty for the second half of a wide one, and how it is drawn."""

    char: str
    pen: tuple[tuple[str, str], ...]


class ExactScreen(pyte.Screen):
    """pyte's screen, with pens that lose nothing (pyte knows no dim) and halves that do not stay behind."""

    def __init__(self, columns: int, lines: int) -> None:
        self._pen: dict[str, str] = {}
        self._pens: dict[str, tuple[tuple[str, str], ...]] = {"default": ()}
        super().__init__(columns, lines)

    def cells(self) -> list[list[Cell]]:
        """Return every cell of the screen, line by line."""
        return [
            [Cell(line[x].data, self._pens[line[x].fg]) for x in range(self.columns)]
            for line in map(self.buffer.__getitem__, range(self.lines))
        ]

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
        for char in data:
            x, line = min(self.cursor.x, self.columns - 1), self.buffer[self.cursor.y]
            was_tail, before = line[x].data == "", x and line[x - 1].data
            super().draw(char)
            after = self.cursor.x
            if after > x and was_tail and before:
                line[x - 1] = line[x - 1]._replace(data=" ")
            if x < after < self.columns and line[after].data == "":
                line[after] = line[after]._replace(data=" ")


def emulated(columns: int, lines: int) -> tuple[ExactScreen, pyte.Stream]:
    """Return a blank screen without line wrap, as the program's is, and what to feed its output to."""
    screen = ExactScreen(columns, lines)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[?7l")
    return screen, stream
