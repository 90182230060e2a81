"""The made-up diary: what a demonstration and a trial at size rely on."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Origin
from frontdesk.demo.seed import DEFAULT_BOOKINGS, bookings, practices
from frontdesk.demo.seed.patients import DOMAINS, MOBILES
from frontdesk.text import clean, fold

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> list[IncomingBooking]:
    return list(bookings(DEFAULT_BOOKINGS, 1, NOW))


def test_practices_are_two_integrated_ones_and_one_not_in_two_time_zones() -> None:
    kinds = [practice.pms.kind if practice.pms else "" for practice in practices()]
    assert kinds == ["praktika", "core-practice", ""]
    assert len({practice.time_zone for practice in practices()}) == 2
    assert len({practice.short for practice in practices()}) == 3


@pytest.mark.parametrize("count", [0, 1, 7, 300, DEFAULT_BOOKINGS, 12_000])
def test_makes_exactly_as_many_as_asked(count: int) -> None:
    made = [booking.line for booking in bookings(count, 3, NOW)]
    assert made == list(range(1, count + 1))


def test_is_the_same_for_a_seed_and_a_day(demo: list[IncomingBooking]) -> None:
    assert list(bookings(DEFAULT_BOOKINGS, 1, NOW + timedelta(hours=6))) == demo
    assert list(bookings(DEFAULT_BOOKINGS, 2, NOW)) != demo
    assert list(bookings(DEFAULT_BOOKINGS, 1, NOW + timedelta(days=1))) != demo


def test_is_mostly_the_coming_weeks_after_some_past_months(demo: list[IncomingBooking]) -> None:
    coming = [booking for booking in demo if booking.starts_at > NOW]
    assert 0.5 < len(coming) / len(demo) < 0.7
    assert min(booking.starts_at for booking in demo) < NOW - timedelta(days=80)
    assert max(booking.starts_at for booking in demo) < NOW + timedelta(days=71)


@pytest.mark.parametrize("count", [DEFAULT_BOOKINGS, pytest.param(200_000, marks=pytest.mark.full)])
def test_nobody_treats_two_patients_at_a_time(count: int) -> None:
    days: dict[tuple[str, str], list[IncomingBooking]] = {}
    for booking in bookings(count, 1, NOW):
        days.setdefault((booking.practice_id, booking.practitioner_name), []).append(booking)
    for diary in days.values():
        diary.sort(key=lambda booking: booking.starts_at)
        for one, following in pairwise(diary):
            assert one.ends_at is not None
            assert one.ends_at <= following.starts_at


def test_keeps_practice_hours(demo: list[IncomingBooking]) -> None:
    zones = {practice.id: practice.zone for practice in practices()}
    for booking in demo:
        local = booking.starts_at.astimezone(zones[booking.practice_id])
        assert local.weekday() < 6
        assert 8 <= local.hour < 18


def test_a_retired_practitioner_has_only_past_bookings(demo: list[IncomingBooking]) -> None:
    last: dict[tuple[str, str], datetime] = {}
    for booking in demo:
        who = (booking.practice_id, booking.practitioner_name)
        last[who] = max(booking.starts_at, last.get(who, booking.starts_at))
    retired = [who for who, when in last.items() if when < NOW - timedelta(days=28)]
    assert Counter(practice for practice, _ in retired) == {practice.id: 1 for practice in practices()}


def test_nobody_can_be_reached(demo: list[IncomingBooking]) -> None:
    assert {booking.patient.mobile for booking in demo} <= {*MOBILES, ""}
    assert all(mobile.startswith("0491 57") for mobile in MOBILES)
    assert {booking.patient.email.rpartition("@")[2] for booking in demo} <= {*DOMAINS, ""}


@pytest.mark.parametrize(
    "trait",
    [
        lambda name: name == "Mirela Kovac",
        lambda name: "-" in name,
        lambda name: "'" in name,
        lambda name: "’" in name,
        lambda name: not name.isascii(),
        lambda name: len(name) > 40,
        lambda name: " " not in name,
    ],
    ids=["kovac", "hyphen", "apostrophe", "curly", "accent", "long", "single word"],
)
def test_names_try_a_screen_and_a_search(demo: list[IncomingBooking], trait: Callable[[str], bool]) -> None:
    assert any(trait(booking.patient.name) for booking in demo if booking.starts_at > NOW)


def test_two_upcoming_mirela_kovacs_are_told_apart_by_birth_date(demo: list[IncomingBooking]) -> None:
    born = {
        booking.patient.birth_date
        for booking in demo
        if booking.patient.name == "Mirela Kovac" and booking.starts_at > NOW and not booking.cancelled_at
    }
    assert len(born) == 2


@pytest.mark.parametrize("field", ["birth_date", "mobile", "email"])
def test_some_patients_have_gaps(demo: list[IncomingBooking], field: str) -> None:
    gaps = sum(not getattr(booking.patient, field) for booking in demo)
    assert 0 < gaps < len(demo) / 3


def test_some_are_cancelled_with_and_without_a_reason_before_their_start(demo: list[IncomingBooking]) -> None:
    cancelled = [booking for booking in demo if booking.cancelled_at]
    assert 0.03 < len(cancelled) / len(demo) < 0.1
    assert {bool(booking.cancellation_reason) for booking in cancelled} == {True, False}
    for booking in cancelled:
        assert booking.cancelled_at is not None
        assert booking.created_at is not None
        assert booking.created_at <= booking.cancelled_at <= min(booking.starts_at, NOW)
    assert {one.cancelled_origin for one in demo if one.cancelled_at} == {Origin.HERE}


def test_fees_types_and_new_patients_vary(demo: list[IncomingBooking]) -> None:
    assert None in {booking.fee for booking in demo}
    assert len({booking.appointment_type for booking in demo}) > 8
    assert {booking.patient.is_new for booking in demo} == {True, False}


def test_references_are_unique_within_a_practice_and_of_their_seed(demo: list[IncomingBooking]) -> None:
    refs = {(booking.practice_id, booking.ref) for booking in demo}
    pms_refs = {(booking.practice_id, booking.pms_ref) for booking in demo if booking.pms_ref}
    integrated = sum(booking.practice_id != "port-adelaide" for booking in demo)
    assert len(refs) == len(demo)
    assert len(pms_refs) == integrated
    others = list(bookings(DEFAULT_BOOKINGS, 2, NOW))
    assert refs.isdisjoint({(booking.practice_id, booking.ref) for booking in others})
    assert pms_refs.isdisjoint({(booking.practice_id, booking.pms_ref) for booking in others})


def test_a_big_diary_has_many_surnames_and_a_few_common_ones() -> None:
    surnames = Counter(fold(booking.patient.name)[-1] for booking in bookings(10_000, 1, NOW))
    assert len(surnames) > 1_500
    assert surnames["smith"] > 150
    assert sum(number == 1 for number in surnames.values()) > 100


def test_text_is_clean_already(demo: list[IncomingBooking]) -> None:
    for booking in demo:
        for value in (booking.patient.name, booking.practitioner_name, booking.cancellation_reason):
            assert clean(value) == value


@pytest.mark.full
def test_a_million_stream() -> None:
    # Holding even a tenth of a million bookings takes over 50 MB.
    tracemalloc.start()
    try:
        number = sum(1 for _ in islice(bookings(1_000_000, 1, NOW), 9_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert number == 9_000
    assert peak < 9_000_000
