"""One line of the screen: text at the left, text at the right, painted only when it changes."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.words.fitting import fitted

PLAIN = Style()
BOLD = Style(bold=True)
REVERSED = Style(reverse=True)
ALERT = Style(bold=True, reverse=True)


class Line(Widget):
    """A line of plain text. Data never becomes markup here: it is painted as it stands."""

    DEFAULT_CSS = """
    Line { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._shown: tuple[str, str, Style] = ("", "", PLAIN)
        self._marked = ""

    @property
    def text(self) -> str:
        """What the line says, left and right."""
        left, right, _ = self._shown
        return f"{left}  {right}".rstrip()

    def show(self, left: str, right: str = "", style: Style = PLAIN, marked: str = "") -> None:
        """Say something else; nothing is painted when it is the same. `marked` is a part of it that shouts."""
        if (left, right, style, marked) != (*self._shown, self._marked):
            self._shown, self._marked = (left, right, style), marked
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        left, right, style = self._shown
        if y > 0:
            return Strip.blank(width)
        if right:
            room = max(0, width - cell_len(right) - 1)
            text = f"{fitted(left, room)} {right}" if room else fitted(right, width)
        else:
            text = fitted(left, width)
        before, found, after = text.partition(self._marked) if self._marked else (text, "", "")
        parts = ((before, style), (found, ALERT), (after, style))
        return Strip([Segment(part, look) for part, look in parts if part], width)


class TextBlock(Widget):
    """Several lines of styled plain text that scroll nowhere."""

    DEFAULT_CSS = """
    TextBlock { height: auto; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._lines: tuple[tuple[str, Style], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line."""
        return tuple(text for text, _ in self._lines)

    def show(self, lines: tuple[tuple[str, Style], ...]) -> None:
        """Show these lines; only the ones that differ are painted when their number stays."""
        if lines != self._lines:
            resized = len(lines) != len(self._lines)
            self._lines = lines
            self.refresh(layout=resized)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width)
        text, style = self._lines[y]
        return Strip([Segment(fitted(text, width), style)], width)
