"""A screen with a text to read: a title, lines that scroll, and the way back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen

from frontdesk.actions import READING_ACTIONS
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.drawing import draw
from frontdesk.widgets.bar import Bar
from frontdesk.widgets.line import Line, TextBlock
from frontdesk.words.told import Role, Shown, told

READING_KEYS = (told("Up Down scroll  Esc back  F1 help", Role.KEY),)


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
        yield Bar(id="bar")
        yield Line(id="title")
        with Pages(id="pages", can_focus=True):
            yield TextBlock(id="text")
        yield Line(id="keys")

    def show(self, shown: Shown) -> None:
        """Show a title, a text and the keys; the place that a text shown before was read to stays."""
        draw(self.query_one("#title", Line), shown["title"])
        draw(self.query_one("#text", TextBlock), shown["text"])
        draw(self.query_one("#keys", Line), shown.get("keys", READING_KEYS))
        self.query_one("#pages", Pages).focus()

    def action_back(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#pages", Pages).scroll_relative(y=lines, animate=False, force=True)

    def action_scroll_page(self, pages: int) -> None:
        shown = self.query_one("#pages", Pages)
        shown.scroll_relative(y=pages * max(1, shown.size.height - 1), animate=False, force=True)

    def action_scroll_to_end(self, direction: int) -> None:
        shown = self.query_one("#pages", Pages)
        if direction > 0:
            shown.scroll_end(animate=False, force=True, immediate=True)
        else:
            shown.scroll_home(animate=False, force=True, immediate=True)
