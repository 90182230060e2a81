"""Find: the field that takes every letter until the operator goes to the list."""

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.strip import Strip
from textual.widgets import Input

from frontdesk.text import clean
from frontdesk.widgets.look import look_of
from frontdesk.words.told import Role

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

    def __init__(self, *, id: str | None = None, longest: int = 200) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id, compact=True, max_length=longest)
        self._longest = longest
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(clean(event.text)[: self._longest], *self.selection)

    # -- how it looks: a patch while it has the keys, quiet text while it has not

    @property
    def _first(self) -> int:
        """The cell of the text that stands first, so that the cursor is always in view."""
        return max(0, self._cursor_offset - (self._room - 1))

    @property
    def _room(self) -> int:
        return max(1, self.size.width - len("[]"))

    @property
    def cursor_screen_offset(self) -> Offset:
        x, y = self.content_region.offset
        return Offset(x + 1 + self._cursor_offset - self._first, y)

    def render_line(self, y: int) -> Strip:
        look, width = look_of(self), self.size.width
        if y > 0:
            return Strip.blank(width)
        # Beside a dialog the keys are the dialog's.
        has_keys = self.has_focus and self.screen is self.app.screen
        style = look[Role.FIELD if has_keys else Role.QUIET]
        left, right = ("[", "]") if has_keys and not style.bgcolor else (" ", " ")
        segments = [Segment(text, look[role] if role else style) for text, role in self._parts(has_keys)]
        inner = Strip(segments).crop(self._first, self._first + self._room)
        inner = inner.extend_cell_length(self._room, style)
        return Strip([Segment(left, style), *inner, Segment(right, style)], width)

    def _parts(self, has_keys: bool) -> Iterator[tuple[str, Role | None]]:
        """Yield the text in pieces: what is selected is marked, and where the next letter goes."""
        if not has_keys:
            yield self.value, None
            return
        text, at = f"{self.value} ", self.cursor_position
        begins, ends = sorted(self.selection)
        for left, right in pairwise(sorted({0, begins, ends, at, at + 1, len(text)})):
            is_selected = begins <= left < ends
            yield text[left:right], Role.CARET if left == at else Role.CURSOR_QUIET if is_selected else None
