"""Go to a day: a line that takes a day as it is typed, and says how it reads it."""

from datetime import date
from typing import ClassVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input

from frontdesk import days
from frontdesk.screens.list.key_line import KeyLine
from frontdesk.widgets.find_bar import FindField
from frontdesk.widgets.line import Line
from frontdesk.words.days import echo, no_day
from frontdesk.words.key_line import KeyWords
from frontdesk.words.told import Role, told

KEYS = (KeyWords("Enter", "goes there"), KeyWords("Esc", "back"))


class GoToDayScreen(ModalScreen[date | None], inherit_bindings=False):
    """The line in the place of Find, and its keys in the place of the list's. Dismisses with the day, or None.

    To put it together takes three times as long as to show it: it stays ready, without what was typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "go", show=False, id="day.go"),
        Binding("escape", "leave", "back", show=False, id="day.back"),
    ]
    CSS = """
    GoToDayScreen { background: transparent; }
    #day-line { dock: top; height: 1; }
    #day-label { width: 6; }
    #day { width: 20; margin-right: 1; }
    #day-keys { dock: bottom; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._today = date.min
        self._places = 0, 0

    def ask(self, today: date, line: int, keys_line: int) -> None:
        """Ask for a day as of `today`, at these places when it is shown next.

        The first is counted from the window's top, the second from its last line, so that they
        hold in a window of any size.
        """
        self._today, self._places = today, (line, keys_line)
        if self.is_mounted:
            self._begin()

    def compose(self) -> ComposeResult:
        with Horizontal(id="day-line"):
            yield Line(id="day-label")
            yield FindField(id="day", longest=days.LONGEST)
            yield Line(id="day-reading")
        yield KeyLine(KEYS, id="day-keys")

    def on_mount(self) -> None:
        self._line("day-label").show(told(" Day", Role.STRONG))
        self._field.focus()
        self._begin()

    def _begin(self) -> None:
        top, bottom = self._places
        self.query_one("#day-line").styles.offset = (0, top)
        self._key_line.styles.offset = (0, -bottom)
        self._read()

    @property
    def _field(self) -> FindField:
        return self.query_one("#day", FindField)

    @property
    def _key_line(self) -> KeyLine:
        return self.query_one("#day-keys", KeyLine)

    def _line(self, name: str) -> Line:
        return self.query_one(f"#{name}", Line)

    def on_resize(self) -> None:
        self._read()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._read()

    def _read(self) -> None:
        """Say how what is typed is read, and which keys there are."""
        line = self._line("day-reading")
        line.show(told(echo(self._field.value, self._today, line.size.width)))
        self._key_line.key_comes()

    def action_go(self) -> None:
        """Go to the day, or say why there is none."""
        typed = self._field.value
        reading = days.read(typed, self._today)
        if reading.day is not None:
            self.dismiss(reading.day)
        elif typed.strip():
            self._key_line.answer(no_day(typed, reading, self.size.width - 1))

    def action_leave(self) -> None:
        self.dismiss(None)

    def dismiss(self, result: date | None = None) -> AwaitComplete:
        with self.prevent(Input.Changed):
            self._field.value = ""
        return super().dismiss(result)
