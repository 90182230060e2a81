"""The benchmark's terminal, on a program whose every byte is known."""

import sys
from pathlib import Path

import pytest

from benchmarks.link import Link
from benchmarks.measuring import Measured, Run, Unanswered
from benchmarks.terminal import Terminal
from benchmarks.watching import Text

ROUND_TRIP = 0.02
PROGRAM = r"""
import os, select, tty
tty.setraw(0)
os.write(1, b"\x1b[2J\x1b[H")
os.write(1, b"ready")
while key := os.read(0, 1):
    if key == b"?":
        os.write(1, b"\r\n\x1b[6n")
        while not select.select([0], [], [], 0.005)[0]:
            os.write(1, b".")
        answer = b""
        while not answer.endswith(b"R"):
            answer += os.read(0, 1)
        os.write(1, b"at " + answer[2:])
    elif key == b"q":
        break
    elif key != b"-":
        os.write(1, b"\r\n<" + key * 40 + b">")
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The program behind a line with a delay; enter it to start."""
    return Terminal([sys.executable, "-IS", "-c", PROGRAM], cwd=tmp_path, link=Link(ROUND_TRIP))


def test_a_start_and_a_key(terminal: Terminal) -> None:
    into = Measured()
    with terminal:
        run = Run(terminal, into)
        run.start(Text("ready"), 20.0)
        for key in (b"x", b"y"):
            run.press("letter", key, Text(f"^<{key.decode()}{{40}}>$"))
        run.end()
        lines = terminal.lines()

    assert lines[:3] == ["ready", f"<{'x' * 40}>", f"<{'y' * 40}>"]
    [start] = into.starts
    assert start.bytes == len("\x1b[2J\x1b[Hready")
    assert start.first_frame is not None
    assert start.usable is not None
    assert start.first_frame <= start.usable
    assert [one.bytes for one in into.keys["letter"]] == [44, 44]
    assert all(one.seen is not None and one.seen >= ROUND_TRIP * 1000 for one in into.keys["letter"])
    assert into.memory_used[0].peak > 0


def test_a_question_is_answered_though_the_program_goes_on_writing(terminal: Terminal) -> None:
    with terminal:
        terminal.started(Text("ready"), 20.0)
        assert terminal.press(b"?", Text(r"at 2;1R$")).seen is not None


def test_a_held_key_counts_the_bytes_of_one(terminal: Terminal) -> None:
    with terminal:
        terminal.started(Text("ready"), 20.0)
        sample = terminal.hold(b"y", times=5, per_second=200)
        assert sample.bytes == 44
        assert terminal.lines()[5] == f"<{'y' * 40}>"


def test_a_key_without_an_answer_is_missing_not_quick(terminal: Terminal) -> None:
    into = Measured()
    with terminal:
        run = Run(terminal, into)
        run.start(Text("ready"), 20.0)
        run.press("dead", b"-", timeout=0.1)
        run.press("wrong", b"x", Text("never"), timeout=0.1)
    assert dict(into.keys) == {}
    assert dict(into.missing) == {"dead": 1, "wrong": 1}


def test_a_program_that_ends_is_of_no_use(terminal: Terminal) -> None:
    with terminal:
        terminal.started(Text("ready"), 20.0)
        terminal.press(b"q")
        with pytest.raises(Unanswered, match="no use"):
            Run(terminal, Measured()).start(Text("never"), 20.0)
