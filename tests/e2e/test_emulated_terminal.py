"""The emulated screen knows the controls that a diffing program and ncurses write."""

import pytest

from tests.e2e.emulated_terminal import EmulatedTerminal

FILLED = b"one\r\ntwo\r\nthree\r\nfour"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"\x1b[S", ["two", "three", "four", ""]),
        (b"\x1b[2T", ["", "", "one", "two"]),
        (b"\x1b[2;3r\x1b[S", ["one", "three", "", "four"]),
        (b"\x1b[2;3r\x1b[T", ["one", "", "two", "four"]),
        (b"\x1b[H-\x1b[4b", ["-----", "two", "three", "four"]),
        (b"\x1b[2;3r\x1b[3H\x1b[r!", ["!ne", "two", "three", "four"]),
        (b"\x1b[S!", ["two", "three", "four", "    !"]),
    ],
)
def test_scrolling_and_repeating(written: bytes, shown: list[str]) -> None:
    terminal = EmulatedTerminal(10, 4)
    terminal.feed(FILLED + written)
    assert terminal.lines() == shown


def test_a_question_is_answered_from_where_the_cursor_stands_then() -> None:
    terminal = EmulatedTerminal(10, 4)
    assert terminal.feed(b"ab\x1b[6") == []
    assert terminal.feed(b"n\r\nc\x1b[6n\x1b[?2026$p\x1b[?1$p\x1b[c") == [
        b"\x1b[1;3R",
        b"\x1b[2;2R",
        b"\x1b[?2026;2$y",
        b"\x1b[?1;0$y",
        b"\x1b[?62;22c",
    ]
    assert terminal.questions == 2
    assert terminal.lines()[:2] == ["ab", "c"]
