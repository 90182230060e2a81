"""A confirm counts only once she can have seen the dialog."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from frontdesk.terminal import (
    ANSWER_WAIT,
    DEAF_TIME,
    ConfirmGate,
    PositionAnswered,
    ask_position,
    behind_the_keys,
)


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


class TypeAheadApp(App[None]):
    """Writes down in which order keys and answers take effect."""

    BINDINGS = [Binding("f8", "confirm", "Confirm")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.effects: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(), Vertical():
            yield Input()

    def action_confirm(self) -> None:
        self.effects.append("f8")

    def on_position_answered(self, answer: PositionAnswered) -> None:
        if behind_the_keys(self, answer):
            self.effects.append(f"answer {answer.number}")


async def test_an_answer_does_not_overtake_the_keys_typed_before_it() -> None:
    app = TypeAheadApp()
    async with app.run_test() as pilot:
        app.query_one(Input).focus()
        await pilot.pause()
        for event in (events.Key("f8", None), PositionAnswered(1), events.Key("f8", None)):
            app.post_message(event.set_sender(app))
        await pilot.pause()
        assert app.effects == ["f8", "answer 1", "f8"]


async def test_without_a_terminal_no_question_can_be_asked() -> None:
    app = TypeAheadApp()
    async with app.run_test():
        assert ask_position(app) == 0
