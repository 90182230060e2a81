"""Small screens of one thought each: opening the store, a window too small, a bug."""

import textwrap
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from frontdesk.desk import Desk, OpenDesk
from frontdesk.errors import FrontdeskError
from frontdesk.widgets.line import Line, TextBlock
from frontdesk.words.told import Role, Told, told

WIDTH = 52
"""Cells of a sentence, so that it fits the smallest window."""


class OpeningScreen(Screen[None], inherit_bindings=False):
    """The first frame: it stands until the store is open, or says why it is not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "app.open_store", "try again", show=False, id="opening.retry"),
        Binding("q", "app.exit_now", "leave", show=False, id="opening.leave"),
    ]

    has_failed = False

    def compose(self) -> ComposeResult:
        yield TextBlock(id="text")

    def on_mount(self) -> None:
        self.waiting()

    def waiting(self) -> None:
        """Say that the store is being opened."""
        self.has_failed = False
        self._say(told(""), told("      Opening the bookings..."))

    def failed(self, error: FrontdeskError) -> None:
        """Say why the store did not open, and what can be done."""
        self.has_failed = True
        self._say(
            told(""),
            told(f"      {error.title}", Role.STRONG),
            told(""),
            *(told(f"      {line}") for line in textwrap.wrap(error.hint, 66)),
            told(""),
            told("      r tries again   q leaves"),
        )

    def _say(self, *lines: Told) -> None:
        self.query_one("#text", TextBlock).show(lines)


class TooSmallScreen(ModalScreen[None], inherit_bindings=False):
    """One sentence in place of a screen that would not fit; it goes when the window grows."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._needed = (width, height)

    def compose(self) -> ComposeResult:
        yield TextBlock(id="text")

    def on_resize(self, event: events.Resize) -> None:
        width, height = self._needed
        sentence = (
            f"frontdesk needs {width} columns and {height} rows; this window has"
            f" {event.size.width} and {event.size.height}. Make it larger."
        )
        lines = textwrap.wrap(sentence, max(10, event.size.width))
        self.query_one("#text", TextBlock).show([told(line) for line in lines])


class ShutOutScreen(Screen[None], inherit_bindings=False):
    """Stands over everything, with no patient on it, as long as the store does not accept this desk."""

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self._desk = desk

    def compose(self) -> ComposeResult:
        yield TextBlock(id="text")

    def on_mount(self) -> None:
        self.on_store_changed()

    def on_store_changed(self) -> None:
        why = textwrap.wrap(self._desk.shut_out, WIDTH)
        self.query_one("#text", TextBlock).show(
            (
                told(""),
                told("      This desk may not see the bookings now.", Role.STRONG),
                told(""),
                *(told(f"      {line}") for line in why),
                told(""),
                told("      It asks again automatically. F9 locks, Ctrl+C leaves."),
            )
        )


class BugScreen(ModalScreen[None], inherit_bindings=False):
    """Something went wrong in the program itself; what was saved is saved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "dismiss", "go on", show=False, id="bug.go_on"),
        Binding("q,ctrl+c", "app.exit_now", "leave", show=False, id="bug.leave"),
    ]

    def __init__(self, reference: str) -> None:
        super().__init__()
        self._reference = reference

    def compose(self) -> ComposeResult:
        yield Line(id="title")
        yield TextBlock(id="text")

    def on_mount(self) -> None:
        self.query_one("#title", Line).show(told(" Something went wrong in frontdesk", Role.TITLE))
        self.query_one("#text", TextBlock).show(
            (
                told(""),
                told(f"  Reference {self._reference}", Role.STRONG),
                told(""),
                told("  What was saved before is saved. What you were doing just now may not have"),
                told("  happened: look at the booking again before you do it a second time."),
                told(""),
                told("  Tell the person who looks after frontdesk this reference; the log has the"),
                told("  rest, without any patient's data."),
                told(""),
                told("  Esc goes on   q leaves"),
            )
        )


def show_bug(app: App[Any], desk: Desk, error: BaseException) -> None:
    """Log an unexpected error, without patient data, and show its reference."""
    app.push_screen(BugScreen(desk.report(error)))
