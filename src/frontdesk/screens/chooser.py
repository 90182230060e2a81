"""Choose one of a few: a practitioner, a practice, a command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from frontdesk.screens.sheets import OverLines
from frontdesk.text import begins, fold
from frontdesk.widgets.sheet import Sheet
from frontdesk.widgets.text_field import TextField
from frontdesk.words.dialog import WIDTH, field, key_bar
from frontdesk.words.told import Role, Told, told

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """One line to choose: its words, and something that tells it apart."""

    label: str
    hint: str = ""


class ChooserScreen(OverLines[int | None], inherit_bindings=False):
    """Type to narrow, arrows to move, Enter to choose. Dismisses with the index, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "mark(1)", "down", show=False, id="choose.down"),
        Binding("up", "mark(-1)", "up", show=False, id="choose.up"),
        Binding("enter", "choose", "choose", show=False, id="choose.enter"),
        Binding("escape", "leave", "back", show=False, id="choose.back"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Type", "to narrow"),
        ("Up Down", "moves"),
        ("Enter", "chooses"),
        ("Esc", "closes"),
    )
    AUTO_FOCUS = ""

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._hits = list(range(len(choices)))
        self._marked = 0

    def compose(self) -> ComposeResult:
        self._narrow = TextField(id="narrow")
        self.sheet = Sheet(self._narrow, widest=WIDTH)
        self._show()
        yield self.sheet

    def on_mount(self) -> None:
        self._narrow.focus()

    def on_resize(self, event: events.Resize) -> None:
        self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        wanted = fold(event.value)
        self._hits = [
            index
            for index, choice in enumerate(self._choices)
            if begins(wanted, fold(f"{choice.label} {choice.hint}"))
        ]
        self._marked = 0
        self._show()

    def _show(self) -> None:
        first = max(0, min(self._marked - SHOWN + 1, len(self._hits) - SHOWN))
        lines = list[Told]()
        for place in range(first, min(first + SHOWN, len(self._hits))):
            choice = self._choices[self._hits[place]]
            marked = place == self._marked
            text = f"   {'>' if marked else ' '} {choice.label}"
            lines.append(told(f"{text:<48} {choice.hint}", Role.FOCUS if marked else Role.VALUE))
        if not lines:
            lines.append(told("     Nothing of that name."))
        lines += [Told()] * (min(SHOWN, len(self._choices)) - len(lines))
        width = self.app.size.width
        self.sheet.show(
            {
                "title": (told(f" {self._title}", Role.TITLE),),
                "narrow": (field(width),),
                "choices": (*lines,),
                "keys": (key_bar(*self.KEYS, width=width),),
            }
        )

    def action_mark(self, step: int) -> None:
        self._marked = max(0, min(self._marked + step, len(self._hits) - 1))
        self._show()

    def action_choose(self) -> None:
        self.dismiss(self._hits[self._marked] if self._hits else None)

    def action_leave(self) -> None:
        self.dismiss(None)


class NumberedChooserScreen(ChooserScreen):
    """At most nine lines, each with its number in front: the number chooses at once."""

    KEYS = (("Its number", "chooses"), ("Up Down", "moves"), ("Enter", "chooses"), ("Esc", "closes"))

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        numbered = [Choice(f"{number}  {one.label}", one.hint) for number, one in enumerate(choices, 1)]
        super().__init__(title, numbered)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value.isdecimal() and 1 <= int(event.value) <= len(self._choices):
            self.dismiss(int(event.value) - 1)
        else:
            super().on_input_changed(event)
