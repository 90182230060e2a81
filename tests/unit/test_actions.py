"""The one table of actions: its keys, its words, and why something cannot be done now."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from frontdesk.actions import (
    ACTIONS,
    ALL_ACTIONS,
    ATTENTION_ACTIONS,
    BILLING_ACTIONS,
    CANCEL_ACTIONS,
    DETAILS_ACTIONS,
    INVOICE_ACTIONS,
    MENU,
    READING_ACTIONS,
    SENDING_ACTIONS,
    UNDECIDED_ACTIONS,
    Action,
    WhyNot,
)
from frontdesk.attendance import why_not_arrived_key, why_not_attended_key, why_not_no_show_key
from frontdesk.billing.adjustments import why_not_request_key
from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Presence,
    Standing,
    why_not_reschedule,
)
from frontdesk.keys import FORBIDDEN_KEYS, first_key, key_name, keys_of, why_not, why_not_keys
from frontdesk.screens.opening import DIALOGS, screen_at
from tests.making import KIM, make_booking, make_practice

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
"""Sun 22 Nov 2026 09:15 in Adelaide."""
ADELAIDE, SYDNEY = ZoneInfo("Australia/Adelaide"), ZoneInfo("Australia/Sydney")

AHEAD, PASSED = NOW + timedelta(days=9, hours=7, minutes=30), NOW - timedelta(hours=1)
CANCELLATION = Cancellation(NOW - timedelta(minutes=13), KIM)
ARRIVED, ATTENDED, ABSENT = (
    Attendance(presence, by=KIM, at=CANCELLATION.at)
    for presence in (Presence.ARRIVED, Presence.ATTENDED, Presence.NO_SHOW)
)

LIST_KEYS = {
    "c": "booking.cancel",
    "r": "booking.reschedule",
    "f": "booking.did_not_come",
    "d": "booking.details",
    "m": "booking.menu",
    "1": "filter.upcoming",
    "2": "filter.completed",
    "3": "filter.cancelled",
    "0": "filter.none",
    "g": "list.go_to_day",
    "t": "filter.today",
    "n": "filter.tomorrow",
    "w": "filter.week",
    "a": "filter.any_day",
    "left": "filter.day_back",
    "right": "filter.day_on",
    "p": "filter.practitioner",
    "o": "filter.practice",
    "h": "filter.household",
    "j": "list.down",
    "k": "list.up",
    "home": "list.first",
    "end": "list.last",
    "slash": "find.focus",
    "question_mark": "program.help",
    "b": "program.bookings",
    "i": "program.billing",
    "exclamation_mark": "program.attention",
    "u": "program.refresh",
    "e": "program.connections",
    "l": "program.lock",
    "q": "program.leave",
}
"""The design's keys of the list."""

EVERYWHERE_KEYS = {
    "enter": "booking.menu",
    "escape": "back",
    "tab": "focus.switch",
    "shift+tab": "focus.switch",
    "up": "list.up",
    "down": "list.down",
    "pageup": "list.page_up",
    "pagedown": "list.page_down",
    "f1": "program.help",
    "f2": "program.bookings",
    "f3": "program.billing",
    "f4": "program.attention",
    "f5": "program.refresh",
    "f9": "program.lock",
    "ctrl+c": "program.leave",
    "ctrl+g": "list.go_to_day",
    "ctrl+r": "list.recent",
    "ctrl+p": "program.palette",
    "ctrl+l": "program.paint",
}

NEVER = [
    *(f"ctrl+{letter}" for letter in "imjhsqzabxvy"),
    *("ctrl+left_square_bracket", "ctrl+enter", "alt+x", "alt+enter", "f6", "f7", "f10", "f11"),
]
"""What terminals, multiplexers and window managers take, or what means another key."""


def test_the_keys_are_the_designs() -> None:
    assert {key: one.id for one in ACTIONS for key in one.keys} == LIST_KEYS
    assert {key: one.id for one in ACTIONS for key in one.everywhere} == EVERYWHERE_KEYS


def test_every_id_is_one_actions() -> None:
    assert len({one.id for one in ALL_ACTIONS}) == len(ALL_ACTIONS)


@pytest.mark.parametrize(
    "actions",
    [
        ACTIONS,
        CANCEL_ACTIONS,
        READING_ACTIONS + DETAILS_ACTIONS,
        ATTENTION_ACTIONS,
        BILLING_ACTIONS,
        UNDECIDED_ACTIONS,
        SENDING_ACTIONS,
        INVOICE_ACTIONS,
    ],
)
def test_no_key_is_bound_twice(actions: Sequence[Action]) -> None:
    bound = Counter(key for one in actions for key in (*one.keys, *one.everywhere))
    assert bound
    assert max(bound.values()) == 1


@pytest.mark.parametrize("one", ALL_ACTIONS, ids=lambda one: one.id)
def test_every_action_has_words_and_keys(one: Action) -> None:
    assert one.label[0].isupper()
    is_by_name = not (one.keys or one.everywhere or one.menu_key)
    assert len(one.label) <= (40 if is_by_name else 20)
    assert re.fullmatch(r"[A-Z].*[^ ]\.", one.help)
    assert one.group
    assert one.in_palette or not is_by_name
    assert re.fullmatch(r"(app\.)?[a-z_]+(\(.*\))?", one.call)
    assert not [key for key in (*one.keys, *one.everywhere) if FORBIDDEN_KEYS.fullmatch(key)]


@pytest.mark.parametrize("key", NEVER)
def test_keys_that_never_arrive_are_forbidden(key: str) -> None:
    assert FORBIDDEN_KEYS.fullmatch(key)
    assert why_not_keys({"booking.cancel": f"x,{key}"}) == (
        f"{key} for booking.cancel would not arrive: terminals and window managers take it"
    )


@pytest.mark.parametrize("key", ["c", "1", "f1", "f2", "f5", "f8", "ctrl+c", "ctrl+p", "ctrl+u", "ctrl+w"])
def test_keys_in_use_are_not_forbidden(key: str) -> None:
    assert not FORBIDDEN_KEYS.fullmatch(key)


def test_nothing_that_types_works_everywhere() -> None:
    for one in (*ACTIONS, *CANCEL_ACTIONS):
        assert not [
            key for key in one.everywhere if len(key) == 1 or key in ("space", "slash", "question_mark")
        ]


def test_what_cannot_be_undone_is_on_no_reflex_key() -> None:
    dangerous = [one for one in ALL_ACTIONS if one.dangerous]
    assert {one.id for one in dangerous} == {"booking.cancel", "cancel.confirm", "held.confirm"}
    for one in dangerous:
        assert not {"enter", "space", "y"}.intersection(one.keys + one.everywhere)


def test_what_help_lists_works() -> None:
    greyed = {one.id for one in ACTIONS if not one.in_this_version}
    assert greyed == {"booking.reschedule"}
    assert greyed <= {one.id for one in MENU}
    assert not greyed & {one.id for one in ALL_ACTIONS}
    for one in ACTIONS:
        if not one.in_this_version:
            assert not one.in_palette
            for starts_at in (AHEAD, PASSED):
                assert one.why_not is not None
                assert one.why_not(make_booking(starts_at=starts_at), NOW, Standing()) is not None


@pytest.mark.parametrize("one", ALL_ACTIONS, ids=lambda one: one.id)
def test_every_action_does_one_thing_asks_for_one_command_or_opens_one_screen_that_is_there(
    one: Action,
) -> None:
    assert [bool(one.does), bool(one.asks), bool(one.opens)].count(True) == 1
    if one.asks:
        assert callable(screen_at(DIALOGS[one.asks]))
    if one.opens:
        assert callable(screen_at(one.opens))


def test_the_menu() -> None:
    assert [(first_key(one, {}), one.label) for one in MENU] == [
        ("c", "Cancel"),
        ("r", "Reschedule"),
        ("f", "FTA / DNA"),
        ("v", "Arrived"),
        ("t", "Attended"),
        ("b", "Not charged"),
        ("d", "Details"),
    ]
    assert [one.why_not is None for one in MENU] == [False] * 6 + [True]
    assert [one.label for one in MENU if not one.keys] == ["Arrived", "Attended", "Not charged"]


@pytest.mark.parametrize(
    ("rule", "marked"),
    [
        (why_not_no_show_key, ABSENT),
        (why_not_arrived_key, ARRIVED),
        (why_not_attended_key, ATTENDED),
    ],
)
def test_the_key_that_marked_it_takes_it_back(rule: WhyNot, marked: Attendance) -> None:
    for one in (Attendance(), marked):
        assert rule(make_booking(starts_at=PASSED, attendance=one), NOW, Standing()) is None
    refused = rule(make_booking(starts_at=PASSED, attendance=marked), NOW, Standing(scopes=frozenset()))
    assert refused is not None
    assert refused.code == "no-permission"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("c", "c"),
        ("f", "f"),
        ("0", "0"),
        ("f1", "F1"),
        ("f10", "F10"),
        ("ctrl+p", "Ctrl+P"),
        ("shift+tab", "Shift+Tab"),
        ("question_mark", "?"),
        ("slash", "/"),
        ("pagedown", "PgDn"),
        ("pageup", "PgUp"),
        ("escape", "Esc"),
        ("enter", "Enter"),
        ("home", "Home"),
        ("space", "Space"),
    ],
)
def test_a_key_reads_as_on_the_keyboard(key: str, name: str) -> None:
    assert key_name(key) == name


def test_every_key_in_use_has_a_name_for_operators() -> None:
    for one in ALL_ACTIONS:
        for key in (*one.keys, *one.everywhere):
            assert len(key) == 1 or key_name(key)[0].isupper() or key_name(key) in "?/!", key


def action(action_id: str) -> Action:
    return next(one for one in ACTIONS if one.id == action_id)


def test_the_config_changes_keys() -> None:
    menu, down, cancel = action("booking.menu"), action("list.page_down"), action("booking.cancel")
    assert keys_of(menu, {}) == ("m", "enter")
    assert keys_of(menu, {"booking.cancel": "x"}) == ("m", "enter")
    assert keys_of(menu, {"booking.menu": "x,y"}) == ("x", "y", "enter")
    assert keys_of(down, {"list.page_down": "ctrl+d"}) == ("ctrl+d",)
    assert keys_of(cancel, {"booking.cancel": ""}) == ("c",)
    assert first_key(down, {}) == "PgDn"
    assert first_key(down, {"list.page_down": "ctrl+d"}) == "Ctrl+D"


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({}, ""),
        ({"booking.cancel": "x", "list.page_down": "ctrl+d,shift+down"}, ""),
        ({"booking.cancel": "d", "booking.details": "c"}, ""),
        (
            {"booking.cancel": "d"},
            "d is the key of both booking.cancel and booking.details: give each its own",
        ),
        ({"filter.today": "f5"}, "f5 is the key of both filter.today and program.refresh: give each its own"),
        (
            {"list.page_down": "x"},
            "x for list.page_down is text at Find, where this command works too: choose a key that types nothing",
        ),
        (
            {"back": "space"},
            "space for back is text at Find, where this command works too: choose a key that types nothing",
        ),
        (
            {"booking.cancel": "space"},
            "space for booking.cancel is pressed by reflex: choose another one for what cannot be undone",
        ),
        (
            {"booking.cancel": "x, y"},
            " y for booking.cancel is not a key: write keys with a comma between them and no space",
        ),
        (
            {"booking.cancel": ""},
            "an empty word for booking.cancel is not a key: write keys with a comma between them and no space",
        ),
    ],
)
def test_what_is_wrong_with_keys_in_the_config(overrides: dict[str, str], problem: str) -> None:
    assert why_not_keys(overrides) == problem


@pytest.mark.parametrize(
    ("why_not", "booking", "code", "text"),
    [
        (
            why_not_reschedule,
            make_booking(starts_at=AHEAD),
            "not-in-version",
            "not in this version. Do it in Praktika",
        ),
        (
            why_not_reschedule,
            make_booking(starts_at=NOW),
            "time-passed",
            "it has started. Book a new appointment in Praktika",
        ),
        (
            why_not_reschedule,
            make_booking(starts_at=PASSED, practice=make_practice(pms=None)),
            "time-passed",
            "it has started. Book a new appointment in your appointment book",
        ),
        (
            why_not_reschedule,
            make_booking(starts_at=PASSED, cancellation=CANCELLATION),
            "already-cancelled",
            "cancelled by Kim Nguyen Sun 22 Nov 09:02",
        ),
        (
            why_not_no_show_key,
            make_booking(starts_at=AHEAD),
            "not-started",
            "not before it starts, Tue 1 Dec 16:45",
        ),
        (
            why_not_no_show_key,
            make_booking(starts_at=PASSED, attendance=ARRIVED),
            "came",
            "marked arrived 09:02 by Kim Nguyen: take that back first",
        ),
        (
            why_not_no_show_key,
            make_booking(starts_at=AHEAD, cancellation=CANCELLATION),
            "already-cancelled",
            "cancelled by Kim Nguyen Sun 22 Nov 09:02",
        ),
        (
            why_not_arrived_key,
            make_booking(starts_at=PASSED, attendance=ATTENDED),
            "already-came",
            "marked attended 09:02 by Kim Nguyen",
        ),
        (
            why_not_attended_key,
            make_booking(starts_at=PASSED, attendance=ABSENT),
            "already-no-show",
            "marked did not come 09:02 by Kim Nguyen: take that back first",
        ),
        (
            why_not_request_key,
            make_booking(starts_at=PASSED, practice=make_practice(account="smile")),
            "not-new",
            "nothing is charged for patients who are not new",
        ),
    ],
)
def test_why_not_in_the_menus_words(why_not: WhyNot, booking: Booking, code: str, text: str) -> None:
    reason = why_not(booking, NOW, Standing())
    assert reason is not None
    assert (reason.code, reason.text) == (code, text)


def test_a_reason_names_the_key_that_works_as_the_config_has_it() -> None:
    cancel, did_not_come = (
        next(one for one in ACTIONS if one.id == id_) for id_ in ("booking.cancel", "booking.did_not_come")
    )
    keys = {"booking.cancel": "x", "booking.did_not_come": "z"}
    passed, ahead = make_booking(starts_at=PASSED), make_booking(starts_at=AHEAD)
    for overrides, cancel_key, absent_key in (({}, "c", "f"), (keys, "x", "z")):
        no_cancel = why_not(cancel, passed, NOW, Standing(), overrides, ADELAIDE)
        assert str(no_cancel).endswith(f" ago. Did not come: {absent_key}")
        not_yet = why_not(did_not_come, ahead, NOW, Standing(), overrides, ADELAIDE)
        assert str(not_yet) == f"not before it starts, Tue 1 Dec 16:45. To cancel: {cancel_key}"
    arrived = why_not(cancel, replace(passed, attendance=ARRIVED), NOW, Standing(), {}, ADELAIDE)
    assert str(arrived).endswith(" ago"), "what cannot be done is no way on"
    assert why_not(cancel, ahead, NOW, Standing(), {}, ADELAIDE) is None
    cancelled = make_booking(starts_at=PASSED, cancellation=CANCELLATION)
    assert str(why_not(cancel, cancelled, NOW, Standing(), {}, ADELAIDE)).startswith("cancelled by")


def test_a_cancel_is_told_by_the_clock_at_the_desk_and_it_is_said_which() -> None:
    cancel = next(one for one in ACTIONS if one.id == "booking.cancel")
    cancelled = make_booking(starts_at=AHEAD, cancellation=CANCELLATION)
    for here, said in ((ADELAIDE, "09:02"), (SYDNEY, "09:32 Sydney time")):
        reason = why_not(cancel, cancelled, NOW, Standing(), {}, here)
        assert str(reason) == f"cancelled by {KIM} Sun 22 Nov {said}"
