"""The brake: what may change at once, and what a person is asked about first."""

from collections import Counter
from datetime import date, timedelta

import pytest

from frontdesk.arrivals import Effect
from frontdesk.brake import EMPTIED, FEW, SICK_DAY, Mass, held

DAY = date(2026, 11, 26)


def taken(*numbers: int, known: int = 400, effect: Effect = Effect.CANCELLED) -> Mass:
    """So many bookings of each of several practitioners' days are taken away."""
    by_day = {(f"P{one}", DAY): number for one, number in enumerate(numbers)}
    return Mass({effect: sum(numbers)}, known, taken_away=by_day)


def test_what_a_day_at_a_desk_brings_is_applied() -> None:
    counts = {Effect.NEW: 60, Effect.CANCELLED: 6, Effect.MOVED: 12, Effect.ATTENDANCE: 50}
    assert held(Mass(counts, 300, read=400)) == {}


def test_an_empty_diary_is_held() -> None:
    assert held(taken(*[20] * 15, effect=Effect.GONE)) == {Effect.GONE: "300 bookings fewer"}


def test_a_halved_diary_is_held() -> None:
    assert held(taken(*[10] * 15)) == {Effect.CANCELLED: "150 bookings fewer"}


def test_the_rest_of_a_run_is_applied() -> None:
    counts = {Effect.CANCELLED: 60, Effect.NEW: 5, Effect.MOVED: 2}
    assert held(Mass(counts, 100)).keys() == {Effect.CANCELLED}


@pytest.mark.parametrize("known", [0, 10, 80])
def test_a_few_never_stop_a_run(known: int) -> None:
    assert held(Mass({Effect.CANCELLED: FEW}, known)) == {}
    assert held(Mass({Effect.CANCELLED: FEW + 1}, known)).keys() == {Effect.CANCELLED}


def test_a_tenth_of_what_is_to_come_may_go() -> None:
    assert held(taken(*[1] * 40)) == {}
    assert held(taken(*[1] * 43)).keys() == {Effect.CANCELLED}


def test_cancelled_and_gone_count_together() -> None:
    mass = Mass({Effect.CANCELLED: 5, Effect.GONE: 5}, 50)
    assert held(mass).keys() == {Effect.CANCELLED, Effect.GONE}


def test_a_sick_day_of_one_practitioner_is_no_fault() -> None:
    assert held(taken(SICK_DAY, known=200)) == {}
    assert held(taken(SICK_DAY + 1, known=200)).keys() == {Effect.CANCELLED}


def test_of_two_sick_days_one_is_enough_to_ask() -> None:
    assert held(taken(20, 20, known=100)).keys() == {Effect.CANCELLED}


def test_a_slice_with_none_left_is_held() -> None:
    day = {("P1", DAY): EMPTIED, ("P2", DAY): EMPTIED}
    mass = Mass({Effect.GONE: 2 * EMPTIED}, 1000, taken_away=day, emptied=[day])
    assert held(mass) == {Effect.GONE: "none left where there were 10"}


def test_a_slice_of_one_sick_practitioner_may_be_empty() -> None:
    day = {("P1", DAY): 12}
    assert held(Mass({Effect.GONE: 12}, 1000, taken_away=day, emptied=[day])) == {}


def test_a_slice_of_a_few_may_be_empty() -> None:
    days = {("P1", DAY): EMPTIED - 1, ("P2", DAY): EMPTIED - 1}
    assert held(Mass({Effect.GONE: 8}, 1000, taken_away=days, emptied=[{("P1", DAY): EMPTIED - 1}])) == {}


@pytest.mark.parametrize("minutes", [-60, -30, 30, 60])
def test_a_shifted_diary_is_held(minutes: int) -> None:
    mass = Mass({Effect.MOVED: 5}, 1000, offsets={timedelta(minutes=minutes): 5})
    assert held(mass) == {Effect.MOVED: f"5 moved, all by {abs(minutes)} minutes"}


def test_moves_that_differ_are_a_desk_at_work() -> None:
    offsets = Counter({timedelta(minutes=60): 4, timedelta(minutes=15): 1})
    assert held(Mass({Effect.MOVED: 5}, 1000, offsets=offsets)) == {}
    assert held(Mass({Effect.MOVED: 5}, 1000, offsets={timedelta(days=1): 5})) == {}


def test_a_third_that_is_moved_is_held() -> None:
    assert held(Mass({Effect.MOVED: 31}, 100)) == {Effect.MOVED: "31 moved"}
    assert held(Mass({Effect.MOVED: 30}, 100)) == {}


def test_many_other_patients_are_held() -> None:
    assert held(Mass({Effect.REPLACED: 11}, 100)) == {Effect.REPLACED: "11 are another patient's"}


def test_many_unknown_words_are_held() -> None:
    mass = Mass({Effect.UNKNOWN_WORD: 11}, 1000, read=200)
    assert held(mass) == {Effect.UNKNOWN_WORD: "11 have a status that frontdesk does not know"}
    assert held(Mass({Effect.UNKNOWN_WORD: 10}, 1000, read=200)) == {}
