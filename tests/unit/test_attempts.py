"""What becomes of a delivery after an attempt, whatever the attempt brought."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.attempts import (
    ATTEMPT_SECONDS,
    FIRST_PAUSE,
    LEASE,
    LONGEST_PAUSE,
    LONGEST_WAIT,
    Ended,
    Result,
    RetryPolicy,
    after,
    pause,
)
from frontdesk.deliveries import Delivery, Kind, State

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RUNNING = (State.CLAIMED, State.UNKNOWN, State.ATTENTION)
GOES_ON = (Ended.FAILED, Ended.UNKNOWN)

chances = st.floats(0, 1, exclude_max=True)
attempts = st.integers(1, 40)
spans = st.timedeltas(timedelta(days=-2), timedelta(days=30))
policies = st.builds(RetryPolicy, st.timedeltas(timedelta(0), timedelta(hours=9)), st.integers(1, 20))
results = st.builds(
    Result,
    st.sampled_from(Ended),
    st.sampled_from(["", "busy"]),
    st.none() | spans.map(lambda span: NOW + span),
    st.booleans(),
)


def delivery(state: State, attempts: int, unproven: int = 0) -> Delivery:
    return Delivery(
        1, 1, Kind.PMS_CANCEL, state, "Praktika", NOW, NOW, "smile", attempts, NOW, unproven=unproven
    )


@settings(max_examples=50, deadline=None)
@given(attempts, chances)
def test_pauses_lie_between_a_second_and_a_quarter_of_an_hour(number: int, chance: float) -> None:
    assert timedelta(seconds=1) <= pause(number, chance) <= LONGEST_PAUSE
    assert pause(number, chance) <= max(timedelta(seconds=1), FIRST_PAUSE * 2 ** (number - 1))


def test_pauses_grow_and_are_spread_over_all_of_their_length() -> None:
    longest = [pause(number, 0.999999) for number in range(1, 12)]
    assert [round(one.total_seconds()) for one in longest] == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert pause(8, 0.25) == timedelta(seconds=64)
    assert pause(10_000, 0) == timedelta(seconds=1)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(RUNNING), attempts, st.integers(0, 3), spans, results, policies, chances)
def test_every_attempt_ends_in_something_that_goes_on_or_is_seen(
    state: State,
    number: int,
    unproven: int,
    away: timedelta,
    result: Result,
    policy: RetryPolicy,
    chance: float,
) -> None:
    stands = after(delivery(state, number, unproven), NOW + away, result, NOW, policy, chance)
    # Done is what was proven, and nothing else.
    assert (stands.state is State.DONE) == (result.ended is Ended.DONE)
    # What is over is done or somebody's to do; what goes on has a time, soon.
    assert (stands.next_at is None) <= (stands.state in {State.DONE, State.ATTENTION})
    if stands.next_at is not None:
        assert result.ended in GOES_ON
        assert number < policy.max_attempts or away > timedelta()
        assert NOW + timedelta(seconds=1) <= stands.next_at <= NOW + LONGEST_WAIT
        if result.not_before is not None:
            assert stands.next_at >= min(result.not_before, NOW + LONGEST_WAIT)
    # Who needed a person does, until it is proven done.
    if state is State.ATTENTION and result.ended is not Ended.DONE:
        assert stands.state is State.ATTENTION
    if result.ended is not Ended.DONE and away < policy.near:
        assert stands.state is State.ATTENTION
    # What nobody knows is not called waiting.
    if stands.state is State.PENDING:
        assert (result.ended, unproven) == (Ended.FAILED, 0)
    assert stands.is_refused == (result.ended is Ended.REFUSED)
    assert (stands.note if stands.state is State.DONE else stands.error) == result.said
    assert stands.state in {State.DONE, State.ATTENTION, State.PENDING, State.UNKNOWN}


@pytest.mark.parametrize("ended", [Ended.REFUSED, Ended.STUCK, Ended.LOCKED_OUT])
def test_a_person_is_called_at_once_where_trying_is_no_use(ended: Ended) -> None:
    stands = after(
        delivery(State.CLAIMED, 1), NOW + timedelta(days=3), Result(ended, "no"), NOW, RetryPolicy(), 0
    )
    assert (stands.state, stands.next_at, stands.error) == (State.ATTENTION, None, "no")


@pytest.mark.parametrize("ended", GOES_ON)
def test_after_the_last_try_a_person_is_called(ended: Ended) -> None:
    policy, start = RetryPolicy(max_attempts=3), NOW + timedelta(days=3)
    for number, expected in ((2, {State.PENDING, State.UNKNOWN}), (3, {State.ATTENTION})):
        assert after(delivery(State.CLAIMED, number), start, Result(ended), NOW, policy, 0).state in expected


@pytest.mark.parametrize("ended", GOES_ON)
def test_what_was_away_for_long_is_told_when_it_is_back_unless_the_appointment_has_passed(
    ended: Ended,
) -> None:
    for ahead, goes_on in ((timedelta(seconds=1), True), (timedelta(), False), (timedelta(days=-1), False)):
        stands = after(
            delivery(State.ATTENTION, 30), NOW + ahead, Result(ended, "away"), NOW, RetryPolicy(), 1
        )
        assert stands.state is State.ATTENTION
        assert stands.next_at == (NOW + LONGEST_PAUSE if goes_on else None)


def test_close_to_the_appointment_a_person_is_called_and_it_goes_on() -> None:
    policy, failed = RetryPolicy(near=timedelta(hours=2)), Result(Ended.FAILED, "busy")
    far = after(delivery(State.CLAIMED, 1), NOW + timedelta(hours=2), failed, NOW, policy, 0.5)
    near = after(
        delivery(State.CLAIMED, 1), NOW + timedelta(hours=2, microseconds=-1), failed, NOW, policy, 0.5
    )
    assert (far.state, near.state) == (State.PENDING, State.ATTENTION)
    assert far.next_at == near.next_at == NOW + timedelta(seconds=1)


def test_a_lease_outlasts_the_attempt_it_is_for() -> None:
    assert LEASE.total_seconds() >= 2 * ATTEMPT_SECONDS


@pytest.mark.parametrize(
    ("state", "unproven", "expected"),
    [
        (State.CLAIMED, 0, State.PENDING),
        (State.CLAIMED, 1, State.UNKNOWN),
        (State.UNKNOWN, 1, State.UNKNOWN),
        (State.ATTENTION, 0, State.ATTENTION),
    ],
)
def test_a_failure_forgets_neither_what_nobody_knows_nor_who_needs_a_person(
    state: State, unproven: int, expected: State
) -> None:
    failed = Result(Ended.FAILED, "busy")
    stands = after(delivery(state, 1, unproven), NOW + timedelta(days=3), failed, NOW, RetryPolicy(), 0.5)
    assert (stands.state, stands.next_at is None) == (expected, False)
