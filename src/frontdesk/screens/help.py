"""Help: all keys, from the one command table."""

from collections.abc import Mapping, Sequence

from frontdesk.actions import ALL_ACTIONS
from frontdesk.keys import key_name, keys_of
from frontdesk.screens.text_screen import TextScreen
from frontdesk.words.fitting import wrapped
from frontdesk.words.told import Part, Role, Shown, Told, told

FIND_TEXT = (
    "Type what you know into Find: parts of the name, in any order and without "
    "accents; a mobile or its last digits; a birth date (14/3/81); a reference; the "
    "practitioner; the type. Tab goes to the list, where letters are commands."
)
WIDEST = 80
"""A line of a paragraph that is longer than this is hard to read."""
KEYS_WIDTH, MARGIN = 16, 2


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
        self.show(help_lines(self._overrides, self._explained, self.app.size.width))


def help_lines(overrides: Mapping[str, str], explained: Sequence[str], width: int) -> Shown:
    """Return what Help shows in a window of this width; see `HelpScreen`."""
    room = width - MARGIN
    text = [Told()]
    for said in explained or (FIND_TEXT,):
        text += [told(f"  {line}") for line in wrapped(said, min(room, WIDEST - MARGIN))]
    group = ""
    for action in ALL_ACTIONS:
        if action.group != group:
            group = action.group
            text += [Told(), told(f" {group}", Role.HEADING)]
        keys = ", ".join(map(key_name, keys_of(action, overrides))) or (
            f"menu {action.menu_key}" if action.menu_key else "Ctrl+P"
        )
        for line in wrapped(action.help, room - KEYS_WIDTH):
            text.append(Told((Part(f"  {keys:<{KEYS_WIDTH}}", Role.KEY), Part(line))))
            keys = ""
    return {"title": (told(" Help", Role.TITLE, "every key "),), "text": tuple(text)}
