"""Which screen a key opens: each is loaded when it is first asked for, or while nobody waits for it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from textual.screen import Screen

from frontdesk.actions import ACTIONS

DIALOGS = {
    "booking.cancel": "dialogs.cancel:cancel_booking",
    "booking.mark_no_show": "dialogs.attendance:did_not_come",
    "booking.mark_arrived": "dialogs.attendance:arrived",
    "booking.mark_attended": "dialogs.attendance:attended",
    "booking.request_adjustment": "dialogs.requesting:RequestScreen",
}
"""The dialog that asks for a command, by the command's kind."""

ON_KEYS = tuple(
    dict.fromkeys(
        f"frontdesk.screens.{place.partition(':')[0]}"
        for place in (
            *DIALOGS.values(),
            *(action.opens for action in ACTIONS if action.opens),
            "chooser",
            "help",
            "list.go_to_day",
            "shell.leave",
            "shell.lock",
        )
    )
)
"""The modules of what only a key opens."""


def screen_at(place: str) -> Callable[..., Screen[Any]]:
    """Return the screen class at a place, such as `details:DetailsScreen`: a module below `screens`, and its class.

    It is made from the open desk, and from the booking where it is about one.
    """
    module, _, name = place.partition(":")
    screen: Callable[..., Screen[Any]] = getattr(import_module(f"frontdesk.screens.{module}"), name)
    return screen
