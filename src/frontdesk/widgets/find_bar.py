"""Find: the field that takes every letter until the operator goes to the list."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input

from frontdesk.text import clean

EDITING_KEYS = frozenset({"escape", "backspace", "delete", "left", "right", "ctrl+u", "ctrl+w"})


def edits_text(event: events.Event) -> bool:
    """Whether a key or a paste only changes the text of the field that has the focus."""
    if isinstance(event, events.Key):
        return event.is_printable or event.key in EDITING_KEYS
    return isinstance(event, events.Paste)


class FindField(Input, inherit_bindings=False):
    """A line of text without a blinking cursor and with its own short list of keys.

    Textual's Input binds keys that terminals and multiplexers take for themselves, and
    cut and copy keys that would put patient data on a clipboard.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "cursor_left", "left", show=False, id="text.left"),
        Binding("right", "cursor_right", "right", show=False, id="text.right"),
        Binding("home", "home", "start", show=False, id="text.home"),
        Binding("end", "end", "end", show=False, id="text.end"),
        Binding("backspace", "delete_left", "delete", show=False, id="text.backspace"),
        Binding("delete", "delete_right", "delete", show=False, id="text.delete"),
        Binding("ctrl+u", "delete_left_all", "clear", show=False, id="text.clear"),
        Binding("ctrl+w", "delete_left_word", "delete word", show=False, id="text.word"),
    ]

    DEFAULT_CSS = """
    FindField { width: 1fr; height: 1; border: none; padding: 0; }
    FindField:focus { border: none; }
    """

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(clean(event.text)[: self._longest], *self.selection)

    def __init__(self, *, id: str | None = None, longest: int = 200) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id, compact=True, max_length=longest)
        self._longest = longest
        self.cursor_blink = False
