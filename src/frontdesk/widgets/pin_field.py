"""A PIN, typed without echo."""

from textual import events

from frontdesk.widgets.line import Line
from frontdesk.words.told import told

LONGEST = 64
"""Characters taken; no PIN is as long."""


class PinField(Line, can_focus=True):
    """Takes a PIN and shows nothing of it, not even how long it is. Pastes are not taken."""

    _typed = ""
    _is_ready = False

    def take(self) -> str:
        """Return what was typed, and forget it."""
        typed = self._typed
        self.clear()
        return typed

    def clear(self) -> None:
        """Forget what was typed."""
        self._take_in("")

    def on_focus(self) -> None:
        self._is_ready = True
        self._take_in(self._typed)

    def on_blur(self) -> None:
        self._is_ready = False
        self.clear()

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character:
            event.stop()
            self._take_in((self._typed + event.character)[:LONGEST])
        elif event.key == "backspace":
            event.stop()
            self._take_in(self._typed[:-1])

    def _take_in(self, typed: str) -> None:
        self._typed = typed
        self.show(told("typed, not shown" if typed else "_" if self._is_ready else ""))
