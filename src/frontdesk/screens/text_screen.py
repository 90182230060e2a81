"""A screen with a text to read: a title, lines that scroll, and the way back."""

from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen

from frontdesk.actions import READING_ACTIONS
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.widgets.line import BOLD, REVERSED, Line, TextBlock
from frontdesk.widgets.status_line import StatusLine

StyledLine = tuple[str, Style]

KEYS = "Up Down scroll  Esc back  F1 help"


class Pages(VerticalScroll, inherit_bindings=False):
    """What scrolls; the screen's own keys move it."""

    DEFAULT_CSS = """
    Pages { height: 1fr; width: 1fr; scrollbar-size: 0 0; }
    """


class TextScreen(Screen[None], inherit_bindings=False):
    """Base of Details and Help: subclasses call `show` with what there is to read."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(READING_ACTIONS)
    CSS = """
    #text { width: 1fr; }
    """

    def compose(self) -> ComposeResult:
        yield Line(id="title")
        with Pages(id="pages", can_focus=True):
            yield TextBlock(id="text")
        yield Line(id="keys")
        yield StatusLine(id="status")

    def show(self, title: str, right: str, lines: tuple[StyledLine, ...], keys: str = KEYS) -> None:
        """Show a text; the place that one shown before was read to stays."""
        self.query_one("#title", Line).show(title, right, REVERSED)
        self.query_one("#text", TextBlock).show(lines)
        self.query_one("#keys", Line).show(keys, style=BOLD)
        self.query_one("#pages", Pages).focus()

    def action_back(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#pages", Pages).scroll_relative(y=lines, animate=False, force=True)

    def action_scroll_page(self, pages: int) -> None:
        shown = self.query_one("#pages", Pages)
        shown.scroll_relative(y=pages * max(1, shown.size.height - 1), animate=False, force=True)
