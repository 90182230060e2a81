"""The generated documents: `python -m tests.docs` checks them, `--write` makes them anew.

What a document can take from the program it takes from there, so the two cannot disagree.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from unittest.mock import patch

import click

from frontdesk import config
from frontdesk.actions import ACTIONS, ALL_ACTIONS, Action
from frontdesk.cli import frontdesk
from frontdesk.keys import key_name
from frontdesk.server.app import openapi_document
from tests import profile_reference

FOLDER = Path(__file__).parents[1] / "docs"
WIDTH = 80

KEYS_HEAD = """\
# Keys

`make docs` makes this page from the program's own command table.

Find has the focus at the start and after every dialog: letters, digits and spaces are text to
find. Tab goes to the list, and only there are letters commands. In the action menu that Enter
opens, the letter in front of a line does what that line says.

In the config you can give any command of the Bookings screen another key, by its id:

```toml
[keys]
"booking.cancel" = "x"
"filter.today" = "t,h"
```

These keys replace the command's keys in the list. If the command has none there, they replace its
keys everywhere. Separate several keys with commas; every command needs keys of its own. Keys that
are not letters have names such as `f12`, `home`, `pagedown`, `slash`, `question_mark`, `ctrl+k`.
Many terminals keep Ctrl and Alt combinations for themselves; letters, digits and most function
keys arrive. The keys of the dialog and of pages to read stay as they are.
"""

COMMANDS_HEAD = """\
# The command line

`make docs` makes this page from the program's own `--help`. Files of the machine are those of
Linux here; `frontdesk --help` names yours.
"""

LINUX_CONFIG = Path("~/.config/frontdesk/config.toml")
LINUX_STORE = Path("~/.local/share/frontdesk/frontdesk.db")


def keys_document() -> str:
    """Return `docs/keys.md`: a table of keys for each group of commands."""
    parts = [KEYS_HEAD]
    for group, commands in groupby(ALL_ACTIONS, key=lambda command: command.group):
        parts.append("\n".join((f"## {group}", "", *_table(tuple(commands)))) + "\n")
    return "\n".join(parts)


def _table(commands: Sequence[Action]) -> Iterator[str]:
    if commands[0] in ACTIONS:
        yield from _row("in the list", "everywhere", "does", "id for `[keys]`")
        yield from _row("---", "---", "---", "---")
        for one in commands:
            in_list = _keys(one.keys) or (f"in its menu `{one.menu_key}`" if one.menu_key else "")
            if not (in_list or one.everywhere):
                in_list = "`Ctrl+P`, by its name"
            yield from _row(in_list, _keys(one.everywhere), one.help, f"`{one.id}`")
    else:
        yield from _row("keys", "does")
        yield from _row("---", "---")
        for one in commands:
            yield from _row(_keys(one.everywhere), one.help)


def _row(*cells: str) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"


def _keys(keys: Sequence[str]) -> str:
    return " ".join(f"`{key_name(key)}`" for key in keys)


def commands_document() -> str:
    """Return `docs/commands.md`: the help of every command, 80 columns wide."""
    parts = [COMMANDS_HEAD]
    with (
        patch.object(config, "default_file", lambda: LINUX_CONFIG),
        patch.object(config, "default_store_file", lambda: LINUX_STORE),
    ):
        for context in contexts(frontdesk):
            text = context.get_help().rstrip()
            parts.append(f"## {context.command_path}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def contexts(command: click.Command, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield what `command`, and every command below it, is called with."""
    context = context_of(command, parent)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from contexts(inner, context)


def context_of(command: click.Command, parent: click.Context | None) -> click.Context:
    """Return a context like the program's own; a command keeps the help option of its first one."""
    return click.Context(
        command,
        parent,
        command.name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **command.context_settings,
    )


def openapi_text() -> str:
    """Return `docs/server/openapi.json`: what the server says of its API."""
    return json.dumps(json.loads(openapi_document()), indent=1, ensure_ascii=False) + "\n"


def generated() -> Mapping[str, str]:
    """Return every generated document by its file's name."""
    return {
        "commands.md": commands_document(),
        "config.schema.json": config.json_schema(),
        "keys.md": keys_document(),
        "pms/profile.md": profile_reference.document(),
        "server/openapi.json": openapi_text(),
    }


def drifted(folder: Path = FOLDER) -> list[str]:
    """Return the names of generated documents that are missing or not what the program says."""
    return [
        name
        for name, text in generated().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path = FOLDER) -> None:
    """Make every generated document anew."""
    for name, text in generated().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str]) -> str | None:
    """Do what the command line asks; return the complaint, if there is any."""
    if arguments == ["--write"]:
        write()
        return None
    if arguments:
        return "usage: python -m tests.docs [--write]"
    if stale := drifted():
        return f"docs/{', docs/'.join(stale)} differ from the program: make docs"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
