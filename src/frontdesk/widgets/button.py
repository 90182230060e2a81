"""Buttons and a tick that paint one line and nothing on a timer."""

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.line import PLAIN, REVERSED
from frontdesk.words.fitting import fitted


class Button(Widget, can_focus=True):
    """`[ Keep Booking  Esc ]`: Enter or Space presses it, once the screen says it may."""

    DEFAULT_CSS = """
    Button { height: 1; width: auto; }
    """

    class Pressed(Message):
        """The button was pressed with `key`."""

        def __init__(self, button: "Button", key: str) -> None:
            super().__init__()
            self.button = button
            self.key = key

    def __init__(self, label: str, key: str, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._text = f"[ {label}  {key} ]"

    def get_content_width(self, container: object, viewport: object) -> int:
        return len(self._text)

    def render_line(self, y: int) -> Strip:
        text = fitted(self._text, self.size.width)
        return Strip([Segment(text, REVERSED if self.has_focus else PLAIN)], self.size.width)

    def on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "space"):
            event.stop()
            self.post_message(self.Pressed(self, event.key))


class Tick(Widget, can_focus=True):
    """`[ ] Told by me on the phone just now`: Space sets and clears it."""

    DEFAULT_CSS = """
    Tick { height: 1; width: 1fr; }
    """

    def __init__(self, label: str, *, indent: int, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._label = label
        self._indent = indent
        self.is_set = False

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text = f"[{'x' if self.is_set else ' '}] {self._label}"
        style = REVERSED if self.has_focus else PLAIN
        rest = max(0, width - self._indent - len(text))
        return Strip(
            [Segment(" " * self._indent, PLAIN), Segment(text, style), Segment(" " * rest, PLAIN)],
            self._indent + len(text) + rest,
        ).crop(0, width)

    def on_key(self, event: events.Key) -> None:
        if event.key == "space":
            event.stop()
            self.is_set = not self.is_set
            self.refresh()
