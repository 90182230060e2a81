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
        await front.press(*pressed)

    return go


WAYS: list[Way] = [
    ("find", keys()),
    ("list", keys("tab")),
    ("menu", keys("enter")),
    ("reason", keys("tab", "c")),
    ("note", keys("tab", "c", "tab")),
    ("keep button", keys("tab", "c", "tab", "tab")),
    ("cancel button", keys("tab", "c", "tab", "tab", "tab")),
    ("did not come", keys("tab", "home", "f")),
    ("details", keys("tab", "d")),
    ("attention", keys("f4")),
    ("connections", keys("tab", "e")),
    ("billing", keys("f3")),
    ("invoices", keys("f3", "i")),
    ("undecided", keys("f3", "g")),
    ("help", keys("f1")),
    ("palette", keys("ctrl+p")),
    ("practitioners", keys("tab", "p")),
    ("practices", keys("tab", "o")),
    ("day", keys("ctrl+g")),
    ("leave", keys("tab", "q")),
    ("hidden", keys("f9")),
]
WITHOUT_ESC = {"menu", "hidden"}
AT_A_SHARED_DESK: list[Way] = [
    ("operator", keys()),
    ("PIN", keys("enter")),
]


@pytest.mark.parametrize(("name", "go"), WAYS, ids=[name for name, _ in WAYS])
async def test_no_forbidden_key_is_bound_or_inherited(
    front: Front, name: str, go: Callable[[Front], Awaitable[None]]
) -> None:
    await go(front)
    look_at_bindings(front, name)


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
