"""Textual bindings made from the one table of actions."""

from collections.abc import Sequence

from textual.binding import Binding, BindingType

from frontdesk.actions import ACTIONS, Action


def _binding(action: Action, keys: Sequence[str], suffix: str) -> Binding:
    call = action.call if "." in action.call.partition("(")[0] else f"screen.{action.call}"
    return Binding(",".join(keys), call, action.label, show=False, tooltip=action.help, id=action.id + suffix)


def list_bindings(actions: Sequence[Action] = ACTIONS) -> list[BindingType]:
    """Return the bindings that hold only while the list has the focus."""
    return [_binding(action, action.keys, "") for action in actions if action.keys]


def everywhere_bindings(actions: Sequence[Action] = ACTIONS) -> list[BindingType]:
    """Return the bindings that hold wherever the focus is on a screen with these actions."""
    return [
        _binding(action, action.everywhere, ".everywhere" if action.keys else "")
        for action in actions
        if action.everywhere
    ]
