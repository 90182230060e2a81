"""A confirm counts only once she can have seen the dialog."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App

from frontdesk.terminal import ANSWER_WAIT, DEAF_TIME, ConfirmGate, ask_position


@dataclass
class FakeClock:
    """A clock that stands until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def gate(clock: FakeClock) -> ConfirmGate:
    return ConfirmGate(clock)


def test_is_shut_before_the_frame(gate: ConfirmGate, clock: FakeClock) -> None:
    gate.answered(1)
    clock.now += 100
    assert not gate.is_open()


@pytest.mark.parametrize(
    ("answered", "seconds", "is_open"),
    [
        (True, 0.0, False),
        (True, 0.399, False),
        (True, 0.4, True),
        (False, 0.4, False),
        (False, 1.999, False),
        (False, 2.0, True),
    ],
)
def test_opens_with_the_answer_or_without(
    gate: ConfirmGate, clock: FakeClock, answered: bool, seconds: float, is_open: bool
) -> None:
    gate.painted(7)
    if answered:
        gate.answered(7)
    clock.now += seconds
    assert gate.is_open() is is_open


def test_a_late_answer_opens_at_once(gate: ConfirmGate, clock: FakeClock) -> None:
    gate.painted(7)
    clock.now += 1.5
    assert not gate.is_open()
    gate.answered(7)
    assert gate.is_open()


def test_a_new_frame_starts_afresh_and_an_old_answer_does_not_count(
    gate: ConfirmGate, clock: FakeClock
) -> None:
    gate.painted(1)
    gate.answered(1)
    clock.now += 5
    assert gate.is_open()
    gate.painted(2)
    assert not gate.is_open()
    gate.answered(1)
    clock.now += 1
    assert not gate.is_open()
    gate.answered(2)
    assert gate.is_open()


def test_without_a_question_only_the_long_wait_opens(gate: ConfirmGate, clock: FakeClock) -> None:
    gate.painted()
    gate.answered(0)
    clock.now += 1.9
    assert not gate.is_open()
    clock.now += 0.2
    assert gate.is_open()


def test_a_key_typed_ahead_does_not_count_though_it_is_handled_late(
    gate: ConfirmGate, clock: FakeClock
) -> None:
    before_frame = clock.now
    clock.now += 1
    gate.painted(7)
    painted = clock.now
    clock.now += 1
    gate.answered(7)
    answered = clock.now
    gate.answered(7)
    clock.now += 60
    gate.answered(7)
    assert gate.is_open()
    for arrived, counts in [
        (before_frame, False),
        (painted + 0.5, False),
        (answered - 0.1, False),
        (answered, True),
        (answered + 1, True),
    ]:
        assert gate.is_open(arrived) is counts


def test_an_answer_after_the_long_wait_shuts_nothing(gate: ConfirmGate, clock: FakeClock) -> None:
    gate.painted(7)
    waited = clock.now + ANSWER_WAIT
    clock.now += 30
    gate.answered(7)
    assert gate.is_open(waited)


Step = tuple[str, int]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["painted", "answered", "wait"]), st.integers(0, 12)), max_size=20))
def test_open_means_seen(steps: list[Step]) -> None:
    """Against the rule said another way: over the whole history instead of the last state."""
    clock = FakeClock(0)
    gate = ConfirmGate(clock)
    history: list[tuple[str, int, float]] = []
    for what, number in steps:
        if what == "painted":
            gate.painted(number)
        elif what == "answered":
            gate.answered(number)
        else:
            clock.now += number / 5
        history.append((what, number, clock.now))
        frames = [index for index, entry in enumerate(history) if entry[0] == "painted"]
        if not frames:
            assert not gate.is_open()
            continue
        _, question, painted = history[frames[-1]]
        was_answered = question > 0 and ("answered", question) in [
            entry[:2] for entry in history[frames[-1] :]
        ]
        seen = clock.now >= painted + DEAF_TIME and (was_answered or clock.now >= painted + ANSWER_WAIT)
        assert gate.is_open() is seen


async def test_without_a_terminal_no_question_can_be_asked() -> None:
    app: App[None] = App()
    async with app.run_test():
        assert ask_position(app) == 0
