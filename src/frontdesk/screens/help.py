"""Help: all keys, from the one command table."""

from collections.abc import Mapping

from frontdesk.commands import ALL_COMMANDS
from frontdesk.keys import key_name, keys_of
from frontdesk.screens.reading import ReadingScreen, StyledLine
from frontdesk.widgets.line import BOLD, PLAIN

FIND_TEXT = (
    "Find is ready when you are: type a part of the name, in any order and without",
    "accents; a mobile or its last digits; a birth date (14/3/81); a reference; the",
    "practitioner; the type. Tab goes to the list, where letters are commands.",
)


class HelpScreen(ReadingScreen):
    """What every key does. `overrides` are the keys the config gave to commands."""

    def __init__(self, overrides: Mapping[str, str]) -> None:
        super().__init__()
        self._overrides = overrides

    def on_mount(self) -> None:
        lines: list[StyledLine] = [("", PLAIN)]
        lines += [(f"  {line}", PLAIN) for line in FIND_TEXT]
        group = ""
        for command in ALL_COMMANDS:
            if command.group != group:
                group = command.group
                lines += [("", PLAIN), (f" {group}", BOLD)]
            keys = ", ".join(key_name(key) for key in keys_of(command, self._overrides))
            lines.append((f"  {keys:<16}{command.help}", PLAIN))
        self.show(" Help", "every key ", tuple(lines))
