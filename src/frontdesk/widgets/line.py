"""Lines of the screen, painted only when they change."""

from collections.abc import Sequence

from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.look import Look, look_of
from frontdesk.words.told import Told

_EMPTY = Told()


class Line(Widget):
    """One line: text at the left, text at the right."""

    DEFAULT_CSS = """
    Line { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._shown = _EMPTY

    @property
    def text(self) -> str:
        """What the line says, left and right."""
        return self._shown.text

    def show(self, line: Told) -> None:
        """Say something else; nothing is painted when it is the same."""
        if line != self._shown:
            self._shown = line
            self.refresh()

    def in_look(self, line: Told, look: Look, width: int) -> Told:
        """Return the line as it is drawn; one that depends on the look or the width does so here."""
        return line

    def render_line(self, y: int) -> Strip:
        width, look = self.size.width, look_of(self)
        return look.strip(self.in_look(self._shown, look, width), width) if y == 0 else Strip.blank(width)


class TextBlock(Widget):
    """Several lines that scroll nowhere."""

    DEFAULT_CSS = """
    TextBlock { height: auto; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._lines: tuple[Told, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line."""
        return tuple(line.text for line in self._lines)

    def show(self, lines: Sequence[Told]) -> None:
        """Show these lines; only the ones that differ are painted when their number stays."""
        if tuple(lines) != self._lines:
            resized = len(lines) != len(self._lines)
            self._lines = tuple(lines)
            self.refresh(layout=resized)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return look_of(self).strip(self._lines[y], width) if y < len(self._lines) else Strip.blank(width)
