"""Which keys may be bound at all, walked over the effective bindings of every screen and focus."""

import re
from collections.abc import Awaitable, Callable

import pytest

from frontdesk.actions import ACTIONS, ALL_ACTIONS
from frontdesk.desk import Settings
from frontdesk.keys import FORBIDDEN_KEYS, why_not_keys
from frontdesk.screens.shell.lock import SignInScreen
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front
from tests.screens.pins import Pins

Way = tuple[str, Callable[[Front], Awaitable[None]]]


def keys(*pressed: str) -> Callable[[Front], Awaitable[None]]:
    async def go(front: Front) -> None:
        for key in pressed:
            # One typed ahead of a screen that closes is not for the next.
            await front.press(key)

    return go


WALKS: list[list[Way]] = [
    [
        ("find", keys()),
        ("list", keys("tab")),
        ("details", keys("d")),
        ("practitioners", keys("escape", "tab", "p")),
        ("leave", keys("escape", "q")),
    ],
    [
        ("reason", keys("tab", "c")),
        ("note", keys("tab")),
        ("keep button", keys("tab")),
        ("cancel button", keys("tab")),
    ],
    [
        ("did not come", keys("tab", "home", "f")),
        ("menu", keys("escape", "enter")),
        ("day", keys("escape", "ctrl+g")),
        ("help", keys("escape", "f1")),
        ("palette", keys("escape", "ctrl+p")),
    ],
    [
        ("practices", keys("tab", "o")),
        ("attention", keys("escape", "f4")),
        ("connections", keys("escape", "tab", "e")),
        ("billing", keys("escape", "f3")),
        ("invoices", keys("i")),
        ("undecided", keys("escape", "g")),
        ("hidden", keys("f9")),
    ],
]
"""Ways through the screens, each from where the one before has led."""
WITHOUT_ESC = {"menu", "hidden"}
AT_A_SHARED_DESK: list[Way] = [
    ("operator", keys()),
    ("PIN", keys("enter")),
]


@pytest.mark.parametrize("walk", WALKS, ids=[f"from {walk[0][0]} to {walk[-1][0]}" for walk in WALKS])
async def test_no_forbidden_key_is_bound_or_inherited(front: Front, walk: list[Way]) -> None:
    met = set()
    for name, go in walk:
        await go(front)
        met.add((type(front.app.screen), front.app.focused))
        look_at_bindings(front, name)
    assert len(met) == len(walk), "each way must lead to another screen, or to another part of one"


@pytest.mark.parametrize(("name", "go"), AT_A_SHARED_DESK, ids=[name for name, _ in AT_A_SHARED_DESK])
async def test_neither_is_one_where_operators_sign_in(
    open_front: FrontOpener, name: str, go: Callable[[Front], Awaitable[None]]
) -> None:
    async with open_front(sign_in=Pins()) as front:
        await front.until(lambda: isinstance(front.app.screen, SignInScreen))
        await go(front)
        look_at_bindings(front, name)


def look_at_bindings(front: Front, name: str) -> None:
    bound = front.app.screen.active_bindings
    assert ("enter" if name in WITHOUT_ESC else "escape") in bound, "the walk must see the real bindings"
    assert front.app._bindings.key_to_bindings.keys() == {"ctrl+c", "ctrl+l", "f9"}
    assert not [key for key in bound if FORBIDDEN_KEYS.fullmatch(key)]
    for key, active in bound.items():
        assert active.binding.id, f"{key} on {name} has no id to remap it by"
        is_letter = len(key) == 1 and key.isalnum()
        if name in {"find", "reason", "palette", "practitioners", "practices", "day", "operator", "PIN"}:
            assert not is_letter, f"{key} is text on {name}"
    ids = [(active.binding.id, active.binding.action) for active in bound.values()]
    actions: dict[str | None, str] = {}
    for binding_id, action in ids:
        assert actions.setdefault(binding_id, action) == action


def test_no_command_lives_on_a_function_key_alone() -> None:
    for command in ACTIONS:
        if any(re.fullmatch(r"f\d+", key) for key in command.everywhere):
            assert command.keys, command.id


def test_dangerous_commands_are_not_on_reflex_keys() -> None:
    for command in ALL_ACTIONS:
        if command.dangerous:
            assert not {"enter", "space", "y"} & {*command.keys, *command.everywhere}


async def test_a_command_can_be_remapped_by_its_id(open_front: FrontOpener) -> None:
    async with open_front(settings=Settings(keys={"booking.cancel": "x"})) as front:
        await front.type("sd-10482")
        await front.press("tab", "c")
        assert front.line("keys") == "c does nothing here. Esc, then type a name."
        await front.press("m")
        assert "> x  Cancel" in "\n".join(front.lines())
        await front.press("x")
        assert front.lines()[0].startswith(" Cancel Booking")


def test_keys_of_the_config_may_not_clash_or_be_taken_by_the_terminal() -> None:
    assert why_not_keys({}) == ""
    assert why_not_keys({"booking.cancel": "x"}) == ""
    assert why_not_keys({"booking.cancel": "d"}) == (
        "d is the key of both booking.cancel and booking.details: give each its own"
    )
    assert "f10 for booking.cancel would not arrive" in why_not_keys({"booking.cancel": "f10"})
