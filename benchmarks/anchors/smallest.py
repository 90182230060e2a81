"""The smallest Textual app: one line of text. No program on Textual can start sooner."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Smallest(App[None]):
    """Says that it is there."""

    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Static("ready")


if __name__ == "__main__":
    Smallest().run()
