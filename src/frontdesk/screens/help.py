"""Help: all keys, from the one command table."""

from collections.abc import Mapping, Sequence

from frontdesk.actions import ALL_ACTIONS
from frontdesk.keys import key_name, keys_of
from frontdesk.screens.text_screen import StyledLine, TextScreen
from frontdesk.widgets.line import BOLD, PLAIN
from frontdesk.words.fitting import wrapped

FIND_TEXT = (
    "Type what you know into Find: parts of the name, in any order and without "
    "accents; a mobile or its last digits; a birth date (14/3/81); a reference; the "
    "practitioner; the type. Tab goes to the list, where letters are commands."
)
WIDEST = 80
"""A line of a paragraph that is longer than this is hard to read."""
KEYS_WIDTH = 16


class HelpScreen(TextScreen):
    """What every key does. `overrides` are the keys the config gave to commands.

    `explained` are the words of the screen that it was asked for on, which stand first.
    """

    def __init__(self, overrides: Mapping[str, str], explained: Sequence[str] = ()) -> None:
        super().__init__()
        self._overrides = overrides
        self._explained = explained

    def on_mount(self) -> None:
        self._show_keys()

    def on_resize(self) -> None:
        if self.is_mounted:
            self._show_keys()

    def _show_keys(self) -> None:
        width = self.app.size.width - 2
        lines: list[StyledLine] = [("", PLAIN)]
        for said in self._explained or (FIND_TEXT,):
            lines += [(f"  {line}", PLAIN) for line in wrapped(said, min(width, WIDEST - 2))]
        group = ""
        for action in ALL_ACTIONS:
            if action.group != group:
                group = action.group
                lines += [("", PLAIN), (f" {group}", BOLD)]
            keys = (
                ", ".join(key_name(key) for key in keys_of(action, self._overrides))
                or f"menu {action.menu_key}"
            )
            for line in wrapped(action.help, width - KEYS_WIDTH):
                lines.append((f"  {keys:<{KEYS_WIDTH}}{line}", PLAIN))
                keys = ""
        self.show(" Help", "every key ", tuple(lines))
