"""How a diary stands, in the words that a desk reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from frontdesk.arrivals import Place
from frontdesk.diary_health import Health, Standing, standing
from frontdesk.diary_runs import PlaceState

ADELAIDE = ZoneInfo("Australia/Adelaide")
NOW = datetime(2026, 11, 26, 9, 14, tzinfo=ADELAIDE).astimezone(UTC)
READ = PlaceState(
    Place("smile"),
    baseline_at=NOW - timedelta(days=9),
    read_at=NOW - timedelta(minutes=5),
    full_at=NOW - timedelta(hours=7),
    pause=timedelta(minutes=5),
)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def stands(state: PlaceState = READ, tell: str = "", **changes: Any) -> Standing:
    return standing(replace(state, **changes), "Praktika", NOW, ADELAIDE, tell)


def test_a_healthy_diary_says_nothing() -> None:
    assert stands() == Standing(Health.HEALTHY)
    assert stands(read_at=ago(minutes=12)) == Standing(Health.HEALTHY)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"read_at": ago(minutes=23)},
            "Praktika last read 08:51 (23 min ago): newer bookings are not here.",
        ),
        (
            {"read_at": ago(hours=16)},
            "Praktika last read yesterday 17:14 (16 h ago): newer bookings are not here.",
        ),
        ({"full_at": ago(hours=27)}, "Praktika was last compared in full yesterday 06:14."),
        ({"baseline_at": None}, "Praktika was not read completely yet."),
        (
            {"baseline_at": None, "trouble": "it does not answer"},
            "Praktika was not read completely yet: it does not answer.",
        ),
    ],
)
def test_a_late_diary_says_what_is_not_here(changes: Any, said: str) -> None:
    assert stands(**changes) == Standing(Health.LATE, said)


def test_at_night_a_longer_rest_is_no_lateness() -> None:
    assert stands(pause=timedelta(minutes=30), read_at=ago(minutes=55)).health is Health.HEALTHY


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"is_refused": True, "trouble": "it does not accept the key"},
            "Praktika is not read: it does not accept the key.",
        ),
        (
            {"failures": 3, "failing_since": ago(minutes=23), "trouble": "it does not answer"},
            "Praktika cannot be read since 08:51: it does not answer.",
        ),
        (
            {"held": 12, "held_fewer": 42},
            "Praktika suddenly shows 42 bookings fewer. Nothing of that was changed here;"
            " the list is from 09:09. Tell Jo Park.",
        ),
        (
            {"held": 12, "held_changes": 1200},
            "Praktika suddenly shows 1,200 bookings otherwise. Nothing of that was changed here;"
            " the list is from 09:09. Tell Jo Park.",
        ),
    ],
)
def test_a_diary_that_needs_a_person_says_why(changes: Any, said: str) -> None:
    assert stands(tell="Jo Park", **changes) == Standing(Health.UNHEALTHY, said)


def test_a_bad_moment_is_none_yet() -> None:
    moments: list[Any] = [
        {"failures": 2, "failing_since": ago(minutes=23)},
        {"failures": 3, "failing_since": ago(minutes=9)},
    ]
    for changes in moments:
        assert stands(**changes).health is Health.HEALTHY


def test_without_anybody_to_tell_nobody_is_named() -> None:
    assert stands(held=12, held_fewer=42).said.endswith("the list is from 09:09.")
