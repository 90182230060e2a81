"""What narrows the list, as a question to the store and in the words of line 2."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from frontdesk.bookings import BookingQuery, Status
from frontdesk.filters import NO_FILTERS, Filters

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
TODAY = date(2026, 11, 22)
THURSDAY = date(2026, 11, 26)
SHORT = {"adelaide": "ADL", "sydney": "SYD"}

EVERY_FILTER = (
    NO_FILTERS.with_status(Status.UPCOMING)
    .on_days(THURSDAY, THURSDAY)
    .for_practitioner("Dr Lee", frozenset({3, 8}))
    .for_practice("adelaide")
    .on_mobile("0491 575 254")
)


def test_every_filter_reaches_the_store() -> None:
    assert EVERY_FILTER.query("kovac", NOW) == BookingQuery(
        as_of=NOW,
        text="kovac",
        statuses=frozenset({Status.UPCOMING}),
        first_day=THURSDAY,
        last_day=THURSDAY,
        practitioners=frozenset({3, 8}),
        practices=frozenset({"adelaide"}),
        mobile="0491 575 254",
    )
    assert NO_FILTERS.query("", NOW) == BookingQuery(NOW)
    assert NO_FILTERS.query("", NOW).is_everything


def test_each_filter_leaves_the_others_alone() -> None:
    assert (
        Filters(Status.UPCOMING, THURSDAY, THURSDAY, "Dr Lee", frozenset({3, 8}), "adelaide", "0491 575 254")
        == EVERY_FILTER
    )
    assert EVERY_FILTER.on_days(None, None) == replace(EVERY_FILTER, first_day=None, last_day=None)
    assert EVERY_FILTER.with_status(Status.CANCELLED).status is Status.CANCELLED


@pytest.mark.parametrize(
    "filters",
    [
        NO_FILTERS.with_status(Status.CANCELLED),
        NO_FILTERS.on_days(THURSDAY, THURSDAY),
        NO_FILTERS.for_practitioner("Dr Lee", frozenset({3})),
        NO_FILTERS.for_practice("adelaide"),
        NO_FILTERS.on_mobile("0491 575 254"),
        EVERY_FILTER,
    ],
)
def test_a_filter_in_force_is_always_said(filters: Filters) -> None:
    assert not filters.is_empty
    assert filters.words(TODAY, SHORT)
    assert not filters.query("", NOW).is_everything


def test_no_filter_says_nothing() -> None:
    assert NO_FILTERS.is_empty
    assert NO_FILTERS.words(TODAY, SHORT) == ()


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (EVERY_FILTER, ("Upcoming", "Thu 26 Nov", "Dr Lee", "ADL", "household 0491 575 254")),
        (NO_FILTERS.on_mobile("0491 575 254"), ("household 0491 575 254",)),
        (NO_FILTERS.on_days(TODAY, TODAY + timedelta(days=6)), ("Sun 22 Nov to Sat 28 Nov",)),
        (NO_FILTERS.on_days(date(2026, 12, 1), date(2026, 12, 1)), ("Tue 1 Dec",)),
        (NO_FILTERS.on_days(date(2026, 12, 30), date(2027, 1, 5)), ("Wed 30 Dec to 5 Jan '27",)),
        (NO_FILTERS.on_days(date(2025, 3, 2), date(2025, 3, 2)), ("2 Mar '25",)),
        (NO_FILTERS.for_practice("perth"), ("perth",)),
    ],
)
def test_filters_in_words(filters: Filters, words: tuple[str, ...]) -> None:
    assert filters.words(TODAY, SHORT) == words


@pytest.mark.parametrize(
    ("filters", "days", "shown"),
    [
        (NO_FILTERS, 1, TODAY + timedelta(days=1)),
        (NO_FILTERS, -1, TODAY - timedelta(days=1)),
        (NO_FILTERS.on_days(THURSDAY, THURSDAY), 1, date(2026, 11, 27)),
        (NO_FILTERS.on_days(THURSDAY, THURSDAY), -1, date(2026, 11, 25)),
        (NO_FILTERS.on_days(date(2026, 12, 31), date(2027, 1, 6)), 1, date(2027, 1, 1)),
    ],
)
def test_one_day_back_or_on_from_the_day_shown(filters: Filters, days: int, shown: date) -> None:
    filters = filters.with_status(Status.CANCELLED)
    assert filters.moved_by(days, TODAY) == filters.on_days(shown, shown)
