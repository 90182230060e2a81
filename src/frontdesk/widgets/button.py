"""Buttons and a tick that paint one line and nothing on a timer."""

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.widgets.look import look_of
from frontdesk.words.told import Part, Role, Told, told


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
        return look_of(self).strip(
            told(self._text, Role.FOCUS if self.has_focus else Role.VALUE), self.size.width
        )

    def on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "space"):
            event.stop()
            self.post_message(self.Pressed(self, event.key))


class Tick(Widget, can_focus=True):
    """`[ ] Told by me on the phone just now`: Space sets and clears it."""

    class Changed(Message):
        """The operator has set it or cleared it."""

    DEFAULT_CSS = """
    Tick { height: 1; width: 1fr; }
    """

    def __init__(self, label: str, *, indent: int, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._label = label
        self._indent = indent
        self.is_set = False

    def render_line(self, y: int) -> Strip:
        text = f"[{'x' if self.is_set else ' '}] {self._label}"
        line = Told((Part(" " * self._indent), Part(text, Role.FOCUS if self.has_focus else Role.VALUE)))
        return look_of(self).strip(line, self.size.width)

    def on_key(self, event: events.Key) -> None:
        if event.key == "space":
            event.stop()
            self.put(not self.is_set)

    def put(self, is_set: bool) -> None:
        """Set it or clear it, as the operator says."""
        self.is_set = is_set
        self.refresh()
        self.post_message(self.Changed())
