"""A program for `test_bytes_to_keys`: shows every event that comes from its terminal.

`f12` clears the list, `f11` asks for the cursor position, `f10` copies to the clipboard
and `f9` blocks the event loop for good, as a hung network drive would.
"""

import os
import signal
import sys
import time

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static

from frontdesk.terminal import FrontdeskDriver, PositionAnswered, ask_position


class KeyLogApp(App[None], inherit_bindings=False):
    """Lists events by name, in the order in which they arrive."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__(driver_class=FrontdeskDriver)
        self.heard: list[str] = []
        self.clearings = 0

    def compose(self) -> ComposeResult:
        yield Static("ready", markup=False)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self.press(event.key)
        elif isinstance(event, events.Paste):
            self.hear(f"paste={event.text!r}")
        else:
            await super().on_event(event)

    def on_position_answered(self, answer: PositionAnswered) -> None:
        self.hear(f"answer={answer.number}")

    def press(self, key: str) -> None:
        if key == "f12":
            self.heard.clear()
            self.clearings += 1
            self.query_one(Static).update(f"cleared {self.clearings}")
        elif key == "f11":
            self.hear(f"asked={ask_position(self)}")
        elif key == "f10":
            self.copy_to_clipboard("a patient's name")
            self.hear("copied")
        elif key == "f9":
            os.write(2, b"blocked")
            time.sleep(600)
        else:
            self.hear(key)

    def hear(self, name: str) -> None:
        self.heard.append(name)
        self.query_one(Static).update("heard " + " ".join(self.heard) + " .")


if __name__ == "__main__":
    app = KeyLogApp()
    app.run()
    sys.stderr.write(f"after: {app.return_code} {signal.getsignal(signal.SIGTERM)!r}\n")
