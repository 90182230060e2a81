"""Buttons and a tick that lie on a sheet, paint one line, and do nothing on a timer."""

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.look import look_of
from frontdesk.widgets.sheet import text_span
from frontdesk.words.told import Part, Role, Told, told


class Button(Widget, can_focus=True):
    """`[Esc  Keep Booking]`: Enter or Space presses it, once the screen says it may.

    It lies on the line of its sheet where its text stands; with the focus it has brackets.
    """

    place = "keys"

    class Pressed(Message):
        """The button was pressed with `key`."""

        def __init__(self, button: "Button", key: str) -> None:
            super().__init__()
            self.button = button
            self.key = key

    def __init__(self, text: str, *, id: str, is_dangerous: bool = False) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._text = text
        self._is_dangerous = is_dangerous

    def says(self, text: str) -> None:
        """Have it say something else; it lies where that stands."""
        if text != self._text:
            self._text = text
            self.refresh()

    def span(self, line: str) -> tuple[int, int] | None:
        """Return where its text stands on a line."""
        before, found, _ = line.partition(self._text)
        return (cell_len(before), cell_len(self._text)) if found else None

    def render_line(self, y: int) -> Strip:
        text = self._text
        if self.has_focus:
            start = len(text) - len(text.lstrip()) - 1
            end = len(text.rstrip())
            text = f"{text[:start]}[{text[start + 1 : end]}]{text[end + 1 :]}"
        if self._is_dangerous:
            parts = [Part(text, Role.DANGER)]
        elif self.has_focus:
            parts = [Part(text, Role.FOCUS)]
        else:
            parts = [Part(text[:5], Role.KEY), Part(text[5:])]
        return look_of(self).strip(Told((*parts,), on=Role.BAR), self.size.width)

    def on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "space"):
            event.stop()
            self.post_message(self.Pressed(self, event.key))


class Tick(Widget, can_focus=True):
    """`[ ] Told by me on the phone just now`: Space sets and clears it."""

    class Changed(Message):
        """The operator has set it or cleared it."""

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.place = id
        self._label = label
        self.is_set = False

    def span(self, line: str) -> tuple[int, int] | None:
        """Return where its text stands on a line."""
        return text_span(line)

    def render_line(self, y: int) -> Strip:
        text = f"[{'x' if self.is_set else ' '}] {self._label}"
        return look_of(self).strip(told(text, Role.FOCUS if self.has_focus else Role.VALUE), self.size.width)

    def on_key(self, event: events.Key) -> None:
        if event.key == "space":
            event.stop()
            self.put(not self.is_set)

    def put(self, is_set: bool) -> None:
        """Set it or clear it, as the operator says."""
        self.is_set = is_set
        self.refresh()
        self.post_message(self.Changed())
