"""Bytes to keys: nothing is lost, nothing is spelled out."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual import events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.message import Message

from frontdesk.key_reader import (
    ESCAPE_WAIT,
    LATE_WAIT,
    OWED_WAIT,
    PASTE_LIMIT,
    PASTE_WAIT,
    STRING_LIMIT,
    TYPING_WAIT,
    BackgroundAnswered,
    KeyReader,
    Pointed,
    PositionAnswered,
)

GAPS = (0.0, 0.02, 0.2, 0.8)
F8 = b"\x1b[19~"


class Line:
    """A line to a `KeyReader`: what is sent, with pauses, and what it made of it."""

    def __init__(self) -> None:
        self.reader = KeyReader()
        self.now = 50.0
        self.heard: list[Message] = []

    def send(self, data: bytes) -> "Line":
        self.heard += self.reader.feed(data, self.now)
        return self

    def pause(self, seconds: float) -> "Line":
        end = self.now + seconds
        while self.reader.deadline is not None and self.reader.deadline <= end:
            self.now = self.reader.deadline
            self.heard += self.reader.tick(self.now)
        self.now = end
        return self

    @property
    def keys(self) -> list[str]:
        return [describe(message) for message in self.heard]


def describe(message: Message) -> str:
    match message:
        case events.Key():
            return message.key
        case events.Paste():
            return f"paste {message.text!r}"
        case PositionAnswered():
            return f"answer {message.number}"
        case BackgroundAnswered():
            return f"background {message.colour:06x}"
        case events.Resize():
            return f"size {message.size.width}x{message.size.height}"
        case _:
            return type(message).__name__


def keys(data: bytes) -> list[str]:
    """What `data` makes when it comes in one piece and nothing follows."""
    return Line().send(data).pause(60).keys


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x1b", ["escape"]),
        (b"\x1b\r", ["escape", "enter"]),
        (b"\x1bk", ["escape", "k"]),
        (b"\x1bK", ["escape", "K"]),
        (b"\x1b\x1b", ["escape", "escape"]),
        (b"\x1b\x1b\x1b", ["escape", "escape", "escape"]),
        (b"\x1b\t", ["escape", "tab"]),
        (b"\x1b\x7f", ["escape", "backspace"]),
        (b"\x1b ", ["escape", "space"]),
        (b"\x1bf\x1bb\x1b1", ["escape", "f", "escape", "b", "escape", "1"]),
        ("\x1bč".encode(), ["escape", "č"]),
        (b"\x1b\x03", ["escape", "ctrl+c"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        (b"\x1b\x1bOP", ["escape", "f1"]),
        (b"\x1bO'Brien", ["escape", "O", "apostrophe", *"Brien"]),
        (b"\x1bO\r", ["escape", "O", "enter"]),
        (b"\x1bO \r", ["escape", "O", "space", "enter"]),
        (b"\x1bO", ["escape", "O"]),
        (b"\x1bPeters", ["escape", *"Peters"]),
        (b"\x1bP", ["escape", "P"]),
        (b"\x1bP\r", ["escape", "P", "enter"]),
        (b"\x1b]x", ["escape", "right_square_bracket", "x"]),
        (b"\x1b_x", ["escape", "underscore", "x"]),
    ],
)
def test_escape_and_the_key_behind_it(data: bytes, expected: list[str]) -> None:
    assert keys(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a", "a"),
        (b" ", "space"),
        (b"?", "question_mark"),
        (b"/", "slash"),
        (b"\r", "enter"),
        (b"\n", "ctrl+j"),
        (b"\x08", "backspace"),
        (b"\x00", "ctrl+@"),
        (b"\x15", "ctrl+u"),
        (b"\x1a", "ctrl+z"),
        ("ß".encode(), "ß"),
        ("東".encode(), "東"),
        (b"\x1b[A", "up"),
        (b"\x1bOA", "up"),
        (b"\x1b[1;5C", "ctrl+right"),
        (b"\x1b[5C", "ctrl+right"),
        (b"\x1b[1;2A", "shift+up"),
        (b"\x1b[a", "shift+up"),
        (b"\x1bOd", "ctrl+left"),
        (b"\x1b[3$", "shift+delete"),
        (b"\x1b[3^", "ctrl+delete"),
        (b"\x1b[Z", "shift+tab"),
        (b"\x1b[5~", "pageup"),
        (b"\x1b[H", "home"),
        (b"\x1b[1~", "home"),
        (b"\x1b[7~", "home"),
        (b"\x1bOM", "enter"),
        (b"\x1bOp", "0"),
        (b"\x1b[1;2R", "shift+f3"),
        (b"\x9b19~", "f8"),
        ("\x9b19~".encode(), "f8"),
        (b"\x1b[107u", "k"),
        (b"\x1b[107;;107u", "k"),
        (b"\x1b[111;2;79u", "O"),
        (b"\x1b[107;5u", "ctrl+k"),
        (b"\x1b[107;3u", "alt+k"),
        (b"\x1b[27u", "escape"),
        (b"\x1b[13u", "enter"),
        (b"\x1b[57399;;48u", "0"),
        (b"\x1b[0;;233u", "é"),
    ],
)
def test_single_keys(data: bytes, expected: str) -> None:
    assert keys(data) == [expected]


FUNCTION_KEYS = {
    "xterm": ["OP", "OQ", "OR", "OS", "[15~", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~"],
    "rxvt and PuTTY": [f"[{n}~" for n in (11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24)],
    "linux": ["[[A", "[[B", "[[C", "[[D", "[[E", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~"],
    "kitty": ["[P", "[Q", "[13~", "[S", "[15~", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~"],
}


@pytest.mark.parametrize("terminal", FUNCTION_KEYS)
def test_function_keys_of_every_terminal(terminal: str) -> None:
    data = "".join("\x1b" + sequence for sequence in FUNCTION_KEYS[terminal]).encode()
    assert keys(data) == [f"f{number}" for number in range(1, 13)]


def test_textuals_whole_table_is_understood() -> None:
    """Every control sequence that Textual names a key for gives keys, and never its own letters."""
    named = [
        sequence
        for sequence, value in ANSI_SEQUENCES_KEYS.items()
        if sequence[:2] in {"\x1b[", "\x1bO"} and isinstance(value, tuple)
    ]
    assert len(named) > 200
    # Ctrl+digit of mintty looks like a kitty key without a name.
    silent = {sequence for sequence in named if not keys(sequence.encode())}
    assert silent <= {"\x1b[1;5u", "\x1b[1;6u", "\x1b[1;7u", "\x1b[1;8u"}
    for sequence in named:
        assert not set(keys(sequence.encode())) & set(sequence), sequence


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[99~",
        b"\x1b[?1;2c",
        b"\x1b[>41;380;0c",
        b"\x1b[0n",
        b"\x1b[24;80R",
        b"\x1b[2;5R",
        b"\x1b[27;5;97~",
        b"\x1b[97;5:3u",
        b"\x1b[99999999999u",
        b"\x1b[3;;3u",
        b"\x1b[3;5u",
        b"\x1b[" + b"0" * 100 + b"107u",
        b"\x1b[97;;7u",
        b"\x1b[57399;;27u",
        b"\x1b[55296u",
        b"\x1b[57441;2u",
        b"\x1b[?2026;0$y",
        b"\x1b[<0;10;20M",
        b"\x1b[<0;10;20m",
        b"\x1b[32;10;20M",
        b"\x1b[M !!",
        b"\x1b[M\xa0\xff\xfe",
        b"\x1b[" + b"1;" * 500 + b"q",
        b"\x1b[1\r",
        b"\x1b[\r",
        b"\x1b[1\x7f",
        b"\x1b[1\x18",
        "\x1b[1é".encode(),
        b"\x1bOl",
        b"\x1bOz",
        b"\x1bO9y",
        b"\x1b]10;rgb:0000/0000/0000\x07",
        b"\x1b]10;rgb:0000/0000/0000\x1b\\",
        b"\x1b]11;rgb:0000/0000/0000\r",
        b"\x1b]11;rgb:0000/0000\x1b\\",
        b"\x1b]11;rgb:00000/0000/0000\x1b\\",
        b"\x1b]11;rgb:0000/00x0/0000\x1b\\",
        b"\x1b]11;?\x1b\\",
        b"\x1b]111;rgb:0000/0000/0000\x07",
        b"\x1b]52;c;cGF0aWVudA==\x1b\\",
        b"\x1bP>|terminal(390)\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1bP1+r524742=38\x1b\\",
        b"\x1bP!|00000000\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[201~",
        "\x80\x85\x9f".encode(),
        b"\xff\xfe\xc0",
    ],
)
def test_what_is_no_key_is_swallowed_whole(data: bytes) -> None:
    assert keys(data + b"z") == ["z"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x1b[<0;10;7M", (9, 6, 0)),
        (b"\x1b[<64;1;1M", (0, 0, -1)),
        (b"\x1b[<65;200;50M", (199, 49, 1)),
    ],
)
def test_a_press_and_the_wheel_are_heard_once_the_mouse_is(
    data: bytes, expected: tuple[int, int, int]
) -> None:
    for cut in range(1, len(data)):
        line = Line()
        line.reader.hears_mouse = True
        (pointed,) = line.send(data[:cut]).send(data[cut:]).heard
        assert isinstance(pointed, Pointed)
        assert (pointed.x, pointed.y, pointed.turned) == expected


@pytest.mark.parametrize("data", [b"\x1b[<0;10;7m", b"\x1b[<2;10;7M", b"\x1b[<35;10;7M", b"\x1b[<0;0"])
def test_of_the_mouse_nothing_else_is_heard(data: bytes) -> None:
    line = Line()
    line.reader.hears_mouse = True
    assert line.send(data).heard == []


def test_a_key_in_the_middle_of_a_sequence_starts_anew() -> None:
    assert keys(b"\x1b[1\x1b[19~") == ["f8"]
    assert keys(b"\x1b[1\x1bk") == ["escape", "k"]
    assert keys(b"\x1b]1;x\x1b[19~") == ["f8"]
    assert keys(b"\x1b]1;x\x1b") == ["escape"]
    assert keys(b"\x1bO1\x1b[19~") == ["f8"]
    assert keys(b"\x1b[M \x1b[19~") == ["f8"]


def test_a_string_without_an_end_does_not_take_the_keyboard() -> None:
    assert keys(b"\x1b]1;forgotten\rk") == ["k"]
    assert keys(b"\x1b]1" + b"x" * STRING_LIMIT + b"k") == ["k"]
    assert Line().send(b"\x1b]1;forgotten").pause(LATE_WAIT).send(b"k").keys == ["k"]


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("cut", range(1, len(F8)))
def test_a_function_key_cut_once(cut: int, gap: float) -> None:
    line = Line().send(F8[:cut]).pause(gap).send(F8[cut:] + b"k")
    lost = cut == 1 and gap > ESCAPE_WAIT
    assert line.keys == (["escape", "k"] if lost else ["f8", "k"])


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize(
    ("data", "key"),
    [(F8, "f8"), (b"\x1bOP", "f1"), (b"\x1b[[A", "f1"), (b"\x1b[A", "up"), (b"\x1b[1;5D", "ctrl+left")],
)
def test_a_key_byte_by_byte(data: bytes, key: str, gap: float) -> None:
    line = Line()
    for byte in data:
        line.send(bytes([byte])).pause(gap)
    line.pause(LATE_WAIT).send(b"k")
    assert line.keys == [key if gap < ESCAPE_WAIT else "escape", "k"]


def test_the_wait_for_escape_is_short_and_told() -> None:
    reader = KeyReader()
    assert reader.feed(b"\x1b", 10.0) == []
    assert reader.deadline == 10.0 + ESCAPE_WAIT
    assert ESCAPE_WAIT <= 0.05
    assert reader.tick(10.0 + ESCAPE_WAIT / 2) == []
    assert [describe(message) for message in reader.tick(10.0 + ESCAPE_WAIT)] == ["escape"]
    assert reader.tick(20.0) == []


@pytest.mark.parametrize("data", [b"", b"k", F8, b"\x1bk", b"\x1b[200~a\x1b[201~", b"\xc3"])
def test_nothing_to_wait_for_is_no_deadline(data: bytes) -> None:
    """Else the input thread would wake for nothing, or spin."""
    reader = KeyReader()
    reader.feed(data, 10.0)
    assert reader.deadline is None


@pytest.mark.parametrize("data", [b"\x1b", b"\x1b[1", b"\x1bO", b"\x1b]1", b"\x1b[M", b"\x1b[200~a"])
def test_waiting_ends(data: bytes) -> None:
    assert Line().send(data).pause(60).reader.deadline is None


def test_a_busy_program_does_not_take_its_own_delay_for_the_lines() -> None:
    reader = KeyReader()
    assert reader.feed(b"\x1b", 10.0) == []
    assert [describe(message) for message in reader.feed(b"[19~", 15.0)] == ["f8"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (b"O'Brien", ["O", "apostrophe", *"Brien"]),
        (b"Okafor", list("Okafor")),
        (b"Oduya", list("Oduya")),
        (b"OBRIEN", list("OBRIEN")),
        (b"OAKLEY", list("OAKLEY")),
        (b"O'BRIEN", ["O", "apostrophe", *"BRIEN"]),
        (b"Peters", list("Peters")),
        (b"kovac", list("kovac")),
        (b"0491", list("0491")),
    ],
)
@pytest.mark.parametrize("pace", [0.0, 0.03, 0.15, 0.4])
@pytest.mark.parametrize("thought", [0.05, 0.6, 1.4, 1.6])
def test_a_name_typed_after_escape(typed: bytes, expected: list[str], pace: float, thought: float) -> None:
    line = Line().send(b"\x1b").pause(thought)
    for byte in typed:
        line.send(bytes([byte])).pause(pace)
    assert line.pause(LATE_WAIT).keys == ["escape", *expected]


def test_an_o_typed_alone_after_escape_comes_in_the_end() -> None:
    line = Line().send(b"\x1b").pause(1).send(b"O")
    assert line.keys == ["escape"]
    assert line.pause(LATE_WAIT).keys == ["escape", "O"]
    assert line.send(b"P").keys == ["escape", "O", "P"]


def test_a_p_typed_after_escape_is_not_held() -> None:
    assert Line().send(b"\x1b").pause(0.2).send(b"P").keys == ["escape", "P"]
    assert Line().send(b"\x1b").pause(0.2).send(b"P1").keys == ["escape", "P", "1"]


def test_a_late_cursor_key_followed_by_another_key_is_dropped() -> None:
    line = Line().send(b"\x1b").pause(0.2).send(b"OA\r")
    assert line.keys == ["escape", "enter"]
    line = Line().send(b"\x1b").pause(0.2).send(b"OA").pause(TYPING_WAIT).send(b"k")
    assert line.keys == ["escape", "k"]
    line = Line().send(b"\x1b").pause(0.2).send(b"OA\x1bOB")
    assert line.keys == ["escape", "down"]


def test_a_bracket_is_a_letter_again_after_the_wait() -> None:
    typed = Line().send(b"\x1b").pause(ESCAPE_WAIT + LATE_WAIT).send(b"[19~").keys
    assert typed == ["escape", "left_square_bracket", "1", "9", "tilde"]


def test_the_tail_of_a_string_is_dropped() -> None:
    line = Line().send(b"\x1b").pause(0.2).send(b"]").pause(0.2).send(b"11;rgb:1/2/3")
    line.pause(0.2).send(b"\x1b").pause(0.2).send(b"\\k")
    assert line.keys == ["escape", "background 112233", "k"]
    line = Line().send(b"\x1b").pause(0.2).send(b"]10;rgb:1/2/3").pause(0.2).send(b"\x1b").pause(0.2)
    assert line.send(b"\\k").keys == ["escape", "escape", "k"]


BACKGROUND = b"\x1b]11;rgb:1c1c/2a2a/3f3f\x1b\\"


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (BACKGROUND, "1c2a3f"),
        (b"\x1b]11;rgb:1c1c/2a2a/3f3f\x07", "1c2a3f"),
        ("\x1b]11;rgb:1c1c/2a2a/3f3f\x9c".encode(), "1c2a3f"),
        (b"\x1b]11;rgb:1c/2A/3f\x1b\\", "1c2a3f"),
        (b"\x1b]11;rgb:f/0/8\x1b\\", "ff0088"),
        (b"\x1b]11;rgb:fff/000/800\x1b\\", "ff007f"),
        (b"\x1b]11;rgba:ffff/ffff/ffff/8080\x1b\\", "ffffff"),
    ],
)
def test_the_background_is_read(data: bytes, colour: str) -> None:
    assert keys(data + b"k") == [f"background {colour}", "k"]


def asked() -> Line:
    """A line to a reader that has just asked for the background."""
    line = Line()
    line.reader.expect_background(line.now)
    return line


@pytest.mark.parametrize("gap", [*GAPS, 1.4])
@pytest.mark.parametrize("end", [b"\x1b\\", b"\x07"])
@pytest.mark.parametrize("cut", range(1, len(BACKGROUND)))
def test_the_answer_cut_once_shows_no_key(cut: int, gap: float, end: bytes) -> None:
    answer = BACKGROUND.removesuffix(b"\x1b\\") + end
    line = asked().send(answer[:cut]).pause(gap).send(answer[cut:] + b"k").pause(60)
    assert line.keys == ["background 1c2a3f", "k"]


def check_the_answer(at: list[int], gaps: list[float], length: int, *, is_late: bool) -> None:
    """An answer in pieces with pauses, maybe without its end, maybe long after the question."""
    line = asked()
    if is_late:
        line.pause(OWED_WAIT + 1)
    for piece, gap in zip(cuts(BACKGROUND[:length], at), gaps, strict=False):
        line.send(piece).pause(gap)
    line.pause(LATE_WAIT).pause(LATE_WAIT)
    heard = line.keys
    # An ESC that came long after the question, alone, was Esc; nothing else ever is a key.
    assert heard in ([], ["background 1c2a3f"]) or (is_late and heard[0] == "escape")
    assert letters(line.send(b"k").heard) == "k"


PIECES = (
    st.lists(st.integers(0, 200), max_size=6),
    st.lists(st.sampled_from([0.0, 0.03, 0.1, 0.8, 1.4]), min_size=8, max_size=8),
    st.integers(len("?]1"), len(BACKGROUND)),
    st.booleans(),
)


@settings(max_examples=50)
@given(*PIECES)
@example([1], [0.1] * 8, len(BACKGROUND), False)
@example([len(BACKGROUND) - 1], [0.1] * 8, len(BACKGROUND), True)
def test_the_answer_in_pieces_shows_no_key(
    at: list[int], gaps: list[float], length: int, is_late: bool
) -> None:
    check_the_answer(at, gaps, length, is_late=is_late)


@pytest.mark.full
@settings(max_examples=3000)
@given(*PIECES)
def test_the_answer_in_any_pieces_shows_no_key(
    at: list[int], gaps: list[float], length: int, is_late: bool
) -> None:
    check_the_answer(at, gaps, length, is_late=is_late)


def test_escape_is_escape_while_the_answer_is_owed() -> None:
    assert asked().send(b"\x1bk").keys == ["escape", "k"]
    assert asked().send(b"\x1b[19~\x1bOP").keys == ["f8", "f1"]
    assert asked().send(b"\x1b").pause(0.2).send(b"OAKLEY").pause(60).keys == ["escape", *"OAKLEY"]
    assert asked().send(b"\x1b").pause(0.2).send(b"[19~k").keys == ["escape", "k"]
    assert asked().send(b"\x1b").pause(0.2).send(b"\r").keys == ["escape", "enter"]
    assert asked().send(b"\x1b").pause(LATE_WAIT).keys == ["escape"]
    assert asked().send(b"\x1b").pause(LATE_WAIT).send(b"k").keys == ["escape", "k"]


def test_a_key_behind_the_colour_is_the_key() -> None:
    cut = BACKGROUND.removesuffix(b"\\")
    assert asked().send(cut + b"[19~").keys == ["background 1c2a3f", "f8"]
    assert asked().send(cut + b"k").keys == ["background 1c2a3f", "k"]
    assert asked().send(cut).pause(60).send(b"k").keys == ["background 1c2a3f", "k"]
    assert asked().send(cut).pause(60).reader.deadline is None


def test_after_the_answer_escape_is_told_soon_again() -> None:
    assert asked().send(BACKGROUND + b"\x1b").pause(ESCAPE_WAIT).keys == ["background 1c2a3f", "escape"]
    line = asked().pause(OWED_WAIT).send(b"\x1b").pause(ESCAPE_WAIT)
    assert line.keys == ["escape"]


@pytest.mark.parametrize("gap", [*GAPS, 5.0])
def test_a_report_counts_however_late_its_tail(gap: float) -> None:
    line = Line().send(b"\x1b[").pause(min(gap, 1.0)).send(b"I\x1b[O\x1b[48;30;100;600;1000t")
    assert line.keys == ["AppFocus", "AppBlur", "size 100x30"]
    line = Line().send(b"\x1b").pause(0.2).send(b"[200~cut\r\x1b[201~k")
    assert line.keys == ["escape", "paste 'cut\\r'", "k"]


def test_mode_reports() -> None:
    told = Line().send(b"\x1b[?2026;2$y\x1b[?2048;2$y\x1b[?2048;0$y").heard
    assert isinstance(told[0], messages.TerminalSupportsSynchronizedOutput)
    assert isinstance(told[1], messages.InBandWindowResize)
    assert (told[1].supported, told[1].enabled) == (True, False)
    assert isinstance(told[2], messages.InBandWindowResize)
    assert not told[2].supported


def test_the_size_may_carry_sub_parameters() -> None:
    assert keys(b"\x1b[48;24:0;80:0;480:0;640:0t") == ["size 80x24"]


def answer_to(question: str) -> bytes:
    """What a terminal answers: the position that the question itself has set."""
    before, _, after = question.removeprefix("\x1b7").partition("\x1b[6n")
    assert after == "\x1b8"
    return before.replace("H", "R").encode()


def test_answers_are_told_from_each_other_and_from_keys() -> None:
    line = Line()
    first, second = line.reader.question(), line.reader.question()
    assert (first[0], second[0]) == (1, 2)
    # Shift+F3 while an answer is outstanding is Shift+F3.
    line.send(b"\x1b[1;2R" + answer_to(second[1]))
    assert line.keys == ["shift+f3", "answer 2"]
    line.send(answer_to(second[1]) + answer_to(first[1]) + b"k")
    assert line.keys == ["shift+f3", "answer 2", "answer 1", "k"]


def test_question_numbers_never_repeat_though_columns_do() -> None:
    line = Line()
    asked = [line.reader.question() for _ in range(100)]
    assert [number for number, _ in asked] == list(range(1, 101))
    line.send(answer_to(asked[-1][1]))
    assert line.keys == ["answer 100"]
    assert max(int(question.split(";")[1].split("H")[0]) for _, question in asked) <= 60


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_a_paste_cut_anywhere(size: int) -> None:
    data = "\x1b[200~Žofie\r\ngrün \x1b[2 [201~ \x1b\x1b[201~k".encode()
    line = Line()
    for start in range(0, len(data), size):
        line.send(data[start : start + size]).pause(0.03)
    assert line.keys == ["paste 'Žofie\\r\\ngrün [2 [201~ '", "k"]


def test_a_paste_holds_no_controls_and_is_bounded() -> None:
    line = Line().send(b"\x1b[200~a\x00b\x1bc\x07d\te\xff\x1b[31mf\xc2\x9bg\x1b[201~")
    assert line.keys == ["paste 'abcd\\te[31mfg'"]
    line = Line().send(b"\x1b[200~" + b"x" * (PASTE_LIMIT * 2) + b"\x1b[201~k")
    assert isinstance(line.heard[0], events.Paste)
    assert len(line.heard[0].text) == PASTE_LIMIT
    assert line.keys[1:] == ["k"]


def test_a_paste_whose_end_is_lost_ends_by_itself() -> None:
    line = Line().send(b"\x1b[200~abc").pause(PASTE_WAIT - 1).send(b"d")
    assert line.keys == []
    line.pause(PASTE_WAIT).send(b"k")
    assert line.keys == ["paste 'abcd'", "k"]


def test_two_pastes_are_two() -> None:
    assert keys(b"\x1b[200~a\x1b[201~\x1b[200~\x1b[201~") == ["paste 'a'", "paste ''"]


def test_utf8_cut_anywhere() -> None:
    line = Line()
    for byte in "é東😀".encode():
        line.send(bytes([byte])).pause(0.8)
    assert line.keys[:2] == ["é", "東"]
    assert [message.character for message in line.heard if isinstance(message, events.Key)] == [
        "é",
        "東",
        "😀",
    ]


def test_a_byte_that_is_not_utf8_takes_no_neighbour_with_it() -> None:
    assert keys(b"a\xe9b\xc3") == ["a", "b"]
    assert keys(b"\xe9\x1b[19~") == ["f8"]


FRAGMENTS = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [
            b"\x1b",
            b"[",
            b"O",
            b"P",
            b"]",
            b"1",
            b";",
            b"$",
            b"~",
            b"M",
            b"u",
            b"\r",
            b"\x07",
            b"\\",
            b"[[",
            b"200~",
        ]
    ),
    st.sampled_from([sequence.encode() for sequence in ANSI_SEQUENCES_KEYS]),
    st.sampled_from([b"\x1b[200~", b"\x1b[201~", b"\x1b]11;", b"\x1bP>|", b"\x1b[?2026;2$y", b"\xc3\xa9"]),
)
STREAMS = st.lists(FRAGMENTS, max_size=12).map(b"".join)


def cuts(data: bytes, at: Iterable[int]) -> list[bytes]:
    places = [0, *sorted({place % (len(data) + 1) for place in at}), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def check_splitting(data: bytes, at: list[int]) -> None:
    whole = Line().send(data).pause(60).keys
    line = Line()
    for piece in cuts(data, at):
        line.send(piece)
    assert line.pause(60).keys == whole


def check_no_controls(data: bytes) -> None:
    for message in Line().send(data).pause(60).heard:
        if isinstance(message, events.Key):
            assert message.key.isprintable()
            if len(message.key) == 1:
                assert message.character is None or message.character.isprintable()
        elif isinstance(message, events.Paste):
            assert all(char.isprintable() or ord(char) > 0x9F or char in "\t\n\r" for char in message.text)


@settings(max_examples=50)
@given(STREAMS, st.lists(st.integers(0, 200), max_size=6))
def test_where_the_bytes_are_split_makes_no_difference(data: bytes, at: list[int]) -> None:
    check_splitting(data, at)


@settings(max_examples=50)
@given(STREAMS)
def test_no_control_character_is_delivered(data: bytes) -> None:
    check_no_controls(data)


@pytest.mark.full
@settings(max_examples=3000)
@given(STREAMS, st.lists(st.integers(0, 200), max_size=6))
def test_any_bytes_at_length(data: bytes, at: list[int]) -> None:
    check_splitting(data, at)
    check_no_controls(data)


PARAMETERS = st.text("0123456789:;<=>?", max_size=6)
INTERMEDIATES = st.text(" !\"#%&'()*+,-./", max_size=2)
# Not: [ (the Linux console's F-keys), M (takes three bytes more), u (carries the typed text).
FINALS = st.sampled_from([chr(code) for code in range(0x40, 0x7F) if chr(code) not in "[Mu"])
CONTROLS = st.builds("[{}{}{}".format, PARAMETERS, INTERMEDIATES, FINALS).filter(lambda body: body != "[200~")


def letters(messages_heard: list[Message]) -> str:
    return "".join(
        message.key for message in messages_heard if isinstance(message, events.Key) and len(message.key) == 1
    )


@settings(max_examples=50)
@given(st.lists(st.tuples(CONTROLS, st.text("abzOP[19", max_size=3)), max_size=6))
@example([("[1$y", ""), ("[;$~", "a")])
def test_no_letter_of_a_control_sequence_is_delivered(typed: list[tuple[str, str]]) -> None:
    line = Line()
    for control, text in typed:
        line.send(b"\x1b" + control.encode() + text.encode())
    # `[` has a longer name; it is counted by it.
    brackets = sum(text.count("[") for _, text in typed)
    assert line.keys.count("left_square_bracket") == brackets
    assert letters(line.heard) == "".join(text for _, text in typed).replace("[", "")


@settings(max_examples=50)
@given(CONTROLS, st.lists(st.sampled_from([0.0, 0.1, 0.8, 1.4]), min_size=12, max_size=12))
def test_the_tail_of_a_cut_sequence_is_dropped_whole(control: str, gaps: list[float]) -> None:
    line = Line().send(b"\x1b").pause(0.1)
    for byte, gap in zip(control.encode(), gaps, strict=False):
        line.pause(gap).send(bytes([byte]))
    assert letters(line.send(b"k").heard) == "k"
    assert line.keys[0] == "escape"
