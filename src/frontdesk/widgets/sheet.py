"""A sheet: lines with roles, one strip a line, and the fields that lie on them."""

from collections.abc import Iterator
from functools import cache
from typing import Protocol, runtime_checkable

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.look import Look, look_of
from frontdesk.words.told import Role, Shown, Told, in_width

_NO_BRACKETS = str.maketrans("[]", "  ")
"""A field that stands on a patch needs no brackets."""


@runtime_checkable
class Lies(Protocol):
    """A widget that lies on a sheet."""

    place: str
    """The place that its line has in what the sheet shows."""

    def span(self, line: str) -> tuple[int, int] | None:
        """Return its first cell and its width on its line; None where the line has no room for it."""
        ...


def between_brackets(line: str) -> tuple[int, int] | None:
    """Return first cell and width of what is between the brackets of a line, if it has any."""
    before, found, rest = line.partition("[")
    inside, closed, _ = rest.rpartition("]")
    return (cell_len(before) + 1, cell_len(inside)) if found and closed else None


def text_span(line: str) -> tuple[int, int] | None:
    """Return first cell and width of the text of a line, if it has any."""
    text = line.strip()
    return (cell_len(line) - cell_len(line.lstrip()), cell_len(text)) if text else None


class Sheet(Widget):
    """Draws what a pure function of `words` shows, and lays its fields on the lines of their places.

    The text stands in the middle of the window, in at most `widest` cells; bars take the whole line.
    A line is painted when it says something else than before. A field whose place is not shown is hidden.
    Nothing of a field is ever drawn by the sheet.
    """

    DEFAULT_CSS = """
    Sheet { width: 1fr; height: auto; background: transparent; }
    """

    def __init__(self, *fields: Widget, widest: int | None = None, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(*fields, id=id)
        self._widest = widest
        self._shown: Shown = {}
        self._lines: tuple[Told, ...] = ()
        self._spans: dict[str, range] = {}

    # -- what it shows ----------------------------------------------------------------------

    def show(self, shown: Shown) -> None:
        """Show this; only the lines that differ are painted while fields and lines stay where they are."""
        lines = tuple(line for place in shown.values() for line in place)
        spans, top = {}, 0
        for place, told in shown.items():
            spans[place] = range(top, top + len(told))
            top += len(told)
        has_moved = spans != self._spans or self._lying(lines, spans) != self._lying(self._lines, self._spans)
        differing = [y for y, (old, new) in enumerate(zip(self._lines, lines, strict=False)) if old != new]
        self._shown, self._lines, self._spans = shown, lines, spans
        if has_moved:
            self._clear_arrangement_cache()
            self.refresh(layout=True)
        elif differing:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in differing))

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self._lines)

    def text(self, place: str) -> str:
        """Return what stands at a place, right ends included; empty where it is not shown."""
        return "\n".join(line.text for line in self._shown.get(place, ()))

    def shows(self, field: Widget) -> bool:
        """Whether a field lies on the sheet now."""
        return isinstance(field, Lies) and self._at(field, self._lines, self._spans) is not None

    # -- where the fields lie -----------------------------------------------------------------

    @staticmethod
    def _at(field: Lies, lines: tuple[Told, ...], spans: dict[str, range]) -> Region | None:
        """Return where a field lies within the text."""
        span = spans.get(field.place)
        if not span:
            return None
        found = field.span("".join(part.text for part in lines[span.start].parts))
        return Region(found[0], span.start, found[1], len(span)) if found else None

    def _lying(self, lines: tuple[Told, ...], spans: dict[str, range]) -> list[Region | None]:
        return [self._at(child, lines, spans) for child in self._nodes if isinstance(child, Lies)]

    def regions(self, size: Size) -> Iterator[tuple[Widget, Region]]:
        """Yield each field that lies on a sheet of this size, and where."""
        left, width = self._text_room(size.width)
        for child in self._nodes:
            if isinstance(child, Lies) and (at := self._at(child, self._lines, self._spans)):
                yield child, at.translate((left, 0)).intersection(Region(left, 0, width, size.height))

    def _text_room(self, width: int) -> tuple[int, int]:
        """Return the first cell of the text and its width, in a window of this width."""
        room = min(width, self._widest or width)
        return (width - room) // 2, room

    # -- as Textual asks ------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        return _ON_LINES

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return _blank(width)
        return drawn(self._lines[y], look_of(self), width, *self._text_room(width))


class _OnLines(Layout):
    """Lays each field of a sheet where its line says."""

    name = "on-lines"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> list[WidgetPlacement]:
        lying = parent.regions(size) if isinstance(parent, Sheet) else ()
        return [WidgetPlacement(region, Offset(0, 0), Spacing(0, 0, 0, 0), field) for field, region in lying]


_ON_LINES = _OnLines()


@cache
def _blank(width: int) -> Strip:
    return Strip.blank(width)


def drawn(line: Told, look: Look, width: int, left: int, room: int) -> Strip:
    """Return a line as it is drawn in `width` cells, its text in `room` cells from `left` on."""
    around = look.on(line.on, Role.VALUE)
    parts = [(text, look.on(line.on, role), role) for text, role in in_width(look.signs(line), room)]
    pieces = [
        (text.translate(_NO_BRACKETS) if role is Role.FIELD and style.bgcolor else text, style)
        for text, style, role in parts
    ]
    pieces = [(" " * left, around), *pieces, (" " * (width - left - room), around)]
    return Strip([Segment(text, style) for text, style in pieces if text], width)
