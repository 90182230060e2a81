"""The reason, and the note below it: one logical line of at most 255 characters, wrapped softly over a few rows."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from frontdesk.bookings import REASON_LIMIT
from frontdesk.text import clean
from frontdesk.widgets.look import look_of
from frontdesk.widgets.sheet import between_brackets
from frontdesk.words.told import Role

_THEME = TextAreaTheme(
    "frontdesk",
    gutter_style=Style(),
    cursor_style=Style(reverse=True),
    cursor_line_style=Style(),
    cursor_line_gutter_style=Style(),
    bracket_matching_style=Style(),
    selection_style=Style(underline=True),
)
"""All that a style sheet would have to be asked for, for each of them, whenever the focus comes or goes."""


class ReasonField(TextArea, inherit_bindings=False):
    """A text field in which Enter never confirms and a paste never breaks the line.

    Lengths are counted in code points after `text.clean`, as the store counts them.
    Textual's own TextArea binds F7 to "select all", so that F7 and a letter wipe a text,
    and copy and cut keys that would put a reason on a clipboard: none is inherited.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "up", show=False, id="reason.up"),
        Binding("down", "cursor_down", "down", show=False, id="reason.down"),
        Binding("left", "cursor_left", "left", show=False, id="reason.left"),
        Binding("right", "cursor_right", "right", show=False, id="reason.right"),
        Binding("home", "cursor_line_start", "start", show=False, id="reason.home"),
        Binding("end", "cursor_line_end", "end", show=False, id="reason.end"),
        Binding("backspace", "delete_left", "delete", show=False, id="reason.backspace"),
        Binding("delete", "delete_right", "delete", show=False, id="reason.delete"),
        Binding("ctrl+u", "delete_to_start_of_line", "clear", show=False, id="reason.clear"),
        Binding("ctrl+w", "delete_word_left", "delete word", show=False, id="reason.word"),
    ]

    DEFAULT_CSS = """
    ReasonField { border: none; padding: 0; scrollbar-size: 0 0; }
    ReasonField:focus { border: none; }
    """

    def render_line(self, y: int) -> Strip:
        strip, look = super().render_line(y), look_of(self)
        patch = look[Role.FIELD]
        if patch.bgcolor is None:
            return strip
        styles = (
            look[Role.CARET]
            if style and style.reverse
            else patch + Style(underline=style.underline if style else None)
            for _, style, _ in strip
        )
        return Strip(
            [Segment(one.text, style) for one, style in zip(strip, styles, strict=True)], strip.cell_length
        )

    @classmethod
    def _get_component_classes(cls) -> frozenset[str]:  # type: ignore[override]
        return frozenset()  # what they would style, the theme does

    class EnterPressed(Message):
        """Enter was pressed; it does nothing here but must be answered."""

    class TooLong(Message):
        """Something did not fit into `called`. `pasted` tells a cut paste from a letter too many."""

        def __init__(self, called: str, *, pasted: bool) -> None:
            super().__init__()
            self.called = called
            self.pasted = pasted

    class NothingToDelete(Message):
        """Backspace was pressed in the empty `field`."""

        def __init__(self, field: "ReasonField") -> None:
            super().__init__()
            self.field = field

    def __init__(self, *, called: str = "reason", id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(
            id=id, soft_wrap=True, show_line_numbers=False, compact=True, highlight_cursor_line=False
        )
        self.cursor_blink = False
        self.register_theme(_THEME)
        self.theme = _THEME.name
        self.called = called
        self.place = id or called

    def span(self, line: str) -> tuple[int, int] | None:
        """Return the room between the brackets of a line."""
        return between_brackets(line)

    @property
    def reason(self) -> str:
        """What would be stored."""
        return clean(self.text)

    @property
    def _room(self) -> int:
        kept = len(self.reason) - len(clean(self.selected_text))
        return REASON_LIMIT - kept

    def action_cursor_up(self, select: bool = False) -> None:
        self._leave_to_dialog_if_empty()
        super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        self._leave_to_dialog_if_empty()
        super().action_cursor_down(select)

    def _leave_to_dialog_if_empty(self) -> None:
        # An empty field has no row to go to: the key is the dialog's then.
        if not self.text:
            raise SkipAction

    def action_delete_left(self) -> None:
        if self.text:
            super().action_delete_left()
        else:
            self.post_message(self.NothingToDelete(self))

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.EnterPressed())
        elif event.key == "tab":
            # TextArea would take Tab for an indent; here it moves on.
            event.prevent_default()
        elif event.is_printable and self._room < 1:
            event.stop()
            event.prevent_default()
            self.post_message(self.TooLong(self.called, pasted=False))
        else:
            await super()._on_key(event)
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        pasted = clean(event.text)
        room = max(0, self._room)
        if pasted:
            self.replace(pasted[:room], *self.selection)
        if len(pasted) > room:
            self.post_message(self.TooLong(self.called, pasted=True))
