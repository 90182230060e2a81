"""When a diary is read, and what of it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from frontdesk.arrivals import Place
from frontdesk.diary_runs import Kind, PlaceState
from frontdesk.diary_schedule import AT_NIGHT, OVERLAP, Pace, due, rest, rest_after_failure, since, window

ADELAIDE = ZoneInfo("Australia/Adelaide")
PACE = Pace(timedelta(minutes=5), timedelta(minutes=30), time(2))
NOON = datetime(2026, 11, 26, 12, tzinfo=ADELAIDE).astimezone(UTC)
MORNING = datetime(2026, 11, 26, 8, tzinfo=ADELAIDE).astimezone(UTC)
PLACE = Place("smile")


def state(
    ago: timedelta = timedelta(minutes=5), full: timedelta = timedelta(hours=7), **changes: object
) -> PlaceState:
    """A place that was read so long before noon."""
    then = NOON - ago
    known = {
        "cursor": then,
        "baseline_at": NOON - timedelta(days=30),
        "changes_at": then,
        "near_at": then,
        "full_at": NOON - full,
    }
    return PlaceState(PLACE, **{**known, **changes})  # type: ignore[arg-type]


def kinds(place: PlaceState, now: datetime = NOON, *, tells_changes: bool = True) -> tuple[Kind, ...]:
    return due(place, PACE, now, ADELAIDE, tells_changes=tells_changes)


def test_a_place_that_was_never_read_is_compared_in_full() -> None:
    assert kinds(PlaceState(PLACE)) == (Kind.FULL,)


def test_most_turns_read_changes_only() -> None:
    assert kinds(state()) == (Kind.CHANGES,)


def test_now_and_then_the_next_days_are_compared() -> None:
    assert kinds(state(timedelta(minutes=29))) == (Kind.CHANGES, Kind.NEAR)
    assert kinds(state(timedelta(minutes=5), near_at=None)) == (Kind.CHANGES, Kind.NEAR)


def test_a_diary_without_changes_is_compared_near_by_instead() -> None:
    assert kinds(state(timedelta(minutes=5)), tells_changes=False) == ()
    assert kinds(state(timedelta(minutes=9)), tells_changes=False) == (Kind.NEAR,)


def test_where_nothing_ran_at_night_the_first_of_the_day_compares_in_full() -> None:
    evening = MORNING - timedelta(hours=13)
    shut = state(changes_at=evening, near_at=evening, cursor=evening, full_at=MORNING - timedelta(hours=29))
    assert kinds(shut, MORNING) == (Kind.CHANGES, Kind.FULL)
    night = state(full_at=MORNING - timedelta(hours=3))
    assert Kind.FULL not in kinds(night, MORNING)


def test_full_compares_of_many_accounts_are_spread_over_two_hours() -> None:
    begun = set()
    for number in range(50):
        place = PlaceState(
            Place(f"account {number}"),
            cursor=NOON,
            baseline_at=NOON,
            near_at=NOON,
            full_at=datetime(2026, 11, 25, 15, tzinfo=UTC),
        )
        at = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)  # 2:00 in Adelaide
        assert Kind.FULL not in kinds(place, at - timedelta(minutes=1))
        minutes = next(one for one in range(121) if Kind.FULL in kinds(place, at + timedelta(minutes=one)))
        begun.add(minutes // 30)
    assert begun == {0, 1, 2, 3}


def test_what_somebody_asks_for_is_read_at_once() -> None:
    assert kinds(state(asked=Kind.NEAR)) == (Kind.CHANGES, Kind.NEAR)
    assert kinds(state(asked=Kind.FULL)) == (Kind.CHANGES, Kind.FULL)


def test_to_start_over_is_to_compare_in_full() -> None:
    assert kinds(state(cursor=None)) == (Kind.FULL,)


def test_changes_are_read_from_before_the_last_run_by_the_diarys_clock() -> None:
    """Failures 8, 9 and 16: inclusive, overlapping, whole seconds, and twice what the clock is off."""
    cursor = datetime(2026, 11, 26, 1, 2, 3, 900_000, tzinfo=UTC)
    assert since(cursor, timedelta(0)) == datetime(2026, 11, 26, 1, 0, 3, tzinfo=UTC)
    for skew in (timedelta(minutes=5), -timedelta(minutes=5)):
        assert since(cursor, skew) == datetime(2026, 11, 26, 0, 52, 3, tzinfo=UTC)
    assert since(cursor, timedelta(seconds=30)) == since(cursor, timedelta(0))
    assert timedelta(minutes=2) == OVERLAP


@pytest.mark.parametrize(("hour", "times"), [(6, AT_NIGHT), (7, 1), (19, 1), (20, AT_NIGHT), (3, AT_NIGHT)])
def test_a_place_rests_longer_while_its_practice_is_closed(hour: int, times: int) -> None:
    now = datetime(2026, 11, 26, hour, 30, tzinfo=ADELAIDE)
    assert rest(PACE, now, ADELAIDE, 0.5) == PACE.every * times
    assert rest(PACE, now, ADELAIDE, 0.0) == PACE.every * times * 0.8
    assert rest(PACE, now, ADELAIDE, 1.0) == PACE.every * times * 1.2


def test_pauses_after_failures_grow_to_a_quarter_of_an_hour() -> None:
    pauses = [rest_after_failure(number, 0.5) for number in range(1, 9)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=30)
    assert pauses[-1] == timedelta(minutes=15)


def test_windows_are_whole_days_of_the_practices_clock() -> None:
    """The clocks of Adelaide go forward on 4 October 2026: that day has 23 hours."""
    saturday = datetime(2026, 10, 3, 23, 30, tzinfo=ADELAIDE)
    near = window(Kind.NEAR, saturday, ADELAIDE)
    assert near.starts_at == datetime(2026, 10, 2, 14, 30, tzinfo=UTC)
    assert near.ends_at - near.starts_at == timedelta(hours=71)
    full = window(Kind.FULL, saturday, ADELAIDE)
    assert full.covers(near)
    assert not near.covers(full)
    days = (full.ends_at - full.starts_at + timedelta(hours=1)) / timedelta(days=1)
    assert days == 150


def test_a_person_names_days_both_of_which_are_read() -> None:
    wanted = window(Kind.FULL, NOON, ADELAIDE, NOON.date(), NOON.date() + timedelta(days=1))
    assert wanted.ends_at - wanted.starts_at == timedelta(days=2)
