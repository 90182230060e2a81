"""Textual bindings made from the one command table."""

from collections.abc import Sequence

from textual.binding import Binding, BindingType

from frontdesk.actions import COMMANDS, Command


def _binding(command: Command, keys: Sequence[str], suffix: str) -> Binding:
    name, _, rest = command.action.partition("(")
    action = command.action if "." in name else f"screen.{name}" + (f"({rest}" if rest else "")
    return Binding(
        ",".join(keys), action, command.label, show=False, tooltip=command.help, id=command.id + suffix
    )


def list_bindings() -> list[BindingType]:
    """Return the bindings that hold only while the list has the focus."""
    return [_binding(command, command.keys, "") for command in COMMANDS if command.keys]


def everywhere_bindings(commands: Sequence[Command] = COMMANDS) -> list[BindingType]:
    """Return the bindings that hold wherever the focus is on a screen with these commands."""
    return [
        _binding(command, command.everywhere, ".everywhere" if command.keys else "")
        for command in commands
        if command.everywhere
    ]
