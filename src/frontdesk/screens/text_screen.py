"""A screen with a text to read: a title, lines that scroll, and the way back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from frontdesk.actions import READING_ACTIONS
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.widgets.bar import Bar
from frontdesk.widgets.sheet import Sheet
from frontdesk.words.key_line import BACK, HELP, SCROLL, keys_of_page
from frontdesk.words.told import Shown, Told

READING_KEYS = (keys_of_page(SCROLL, BACK, HELP),)


class TextScreen(Screen[None], inherit_bindings=False):
    """Base of Details and Help: subclasses call `show` with what there is to read."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(READING_ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self._sheet = Sheet(id="sheet")
        self._shown: Shown = {"title": (Told(),), "text": ()}
        self._top = 0
        """The first line of the text that is on the screen."""

    def compose(self) -> ComposeResult:
        yield Bar(id="bar")
        yield self._sheet

    def show(self, shown: Shown) -> None:
        """Show a title, a text and the keys; the place that a text shown before was read to stays."""
        self._shown = shown
        self._draw()

    @property
    def _room(self) -> int:
        """Lines of the text on the screen: all but the bar, the title and the keys."""
        return max(1, self.app.size.height - 3)

    def _draw(self) -> None:
        text, room = self._shown["text"], self._room
        self._top = max(0, min(self._top, len(text) - room))
        seen = text[self._top : self._top + room]
        self._sheet.show(
            {
                "title": self._shown["title"],
                "text": (*seen, *(Told(),) * (room - len(seen))),
                "keys": self._shown.get("keys", READING_KEYS),
            }
        )

    def action_back(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        self._top += lines
        self._draw()

    def action_scroll_page(self, pages: int) -> None:
        self.action_scroll(pages * max(1, self._room - 1))

    def action_scroll_to_end(self, way: int) -> None:
        self.action_scroll(way * len(self._shown["text"]))
