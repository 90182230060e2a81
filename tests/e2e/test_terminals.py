"""The program on the terminals of docs/terminals.md: what it sends them, and whether that can be read."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from frontdesk.pens import pen_codes
from tests.contrast import PALETTES, cell_contrast, least
from tests.e2e.emulated_terminal import BACKGROUND_QUESTION
from tests.e2e.pty_desk import PtyDesk
from tests.e2e.test_colours import KEYS, config_in, home, seeded
from tests.emulator import ExactScreen

__all__ = ["seeded"]

TERMINALS = ("xterm", "xterm-256color", "screen", "tmux", "tmux-256color", "linux", "vt220")
OLD = {"linux", "vt220"}
MATRIX = [
    pytest.param(
        term, colours, no_colour, marks=[] if (term, colours, no_colour) == quick else pytest.mark.full
    )
    for quick in [("vt220", "truecolor", None)]
    for term in TERMINALS
    for colours in (None, "truecolor")
    for no_colour in (None, "1")
]
A_FEW = [b"\t", b"3", b"\x1b[F", b"\r", b"\x1b", b"\x1bOP", b"\x1b", b"\t", b"0", b"1", b"\x1b[H", b"c"]
"""A filter, cancelled rows, a menu with reasons, the help, the dialog."""

SEQUENCE = re.compile(rb"\x1b(?:\[([<-?]?)([\d;:]*)([ -/]*)([@-~])|([^\[]))")
VT220 = {"H", "J", "K", "X", "L", "M", "C", "r", "m", "n", "7", "8"}
"""CUP, ED, EL, ECH, IL, DL, CUF, DECSTBM, SGR, DSR, DECSC, DECRC (VT220 Programmer Reference, chapter 4)."""
PENS = {"0", "1", "4", "7"}
"""All attributes there are: bold, underlined, reversed. A VT220 has them, and no colour."""
COLOUR = re.compile(r"[34]8;5;(1[6-9]|[2-9]\d|[12]\d\d)|22")
"""Colours of the fixed palette, and not bold any more: what a theme needs besides."""
MODES = {"?7", "?25", "?1000", "?1004", "?1006", "?1049", "?2004", "?2048"}
"""Private modes: a terminal ignores those it does not know (the same, DECSET)."""
NEWER = {">u", "<u", "?$p", "?2026h", "?2026l"}
"""Kitty's keys, questions for modes, synchronised output: unknown to old terminals."""


def unknown(output: bytes, *, to_old: bool, in_colours: bool = False) -> set[str]:
    """Return what in a program's output such a terminal does not know or cannot ignore.

    The background is asked for once, of a terminal that is not old.
    """
    found = set()
    if not to_old:
        output = output.replace(BACKGROUND_QUESTION, b"", 1)
    for private, numbers, between, final, single in SEQUENCE.findall(output):
        kind = (private + between + final + single).decode()
        if kind == "m":
            codes = set(pen_codes(numbers.decode())) - PENS
            found |= {code for code in codes if to_old or not (in_colours and COLOUR.fullmatch(code))}
        elif kind in ("?h", "?l"):
            mode = f"?{numbers.decode()}"
            found |= set() if mode in MODES else {mode + kind[-1]}
        elif kind not in VT220:
            found.add(kind)
    return found - (set() if to_old else NEWER)


def hard_to_read(screen: ExactScreen) -> set[tuple[str, str]]:
    """Return the pens, with the palette, that draw a sign which does not stand out."""
    drawn = {cell.pen: cell for line in screen.cells() for cell in line if cell.char.strip()}
    return {
        (name, str(pen))
        for pen, cell in drawn.items()
        for name, palette in PALETTES.items()
        if cell_contrast(cell, palette) < least(palette)
    }


@pytest.mark.long
@pytest.mark.parametrize(("term", "colours", "no_colour"), MATRIX)
def test_every_screen_can_be_read_and_leaves_nothing(
    seeded: Path,
    tmp_path: Path,
    term: str,
    colours: str | None,
    no_colour: str | None,
    request: pytest.FixtureRequest,
) -> None:
    shutil.copy(seeded, tmp_path / "frontdesk.db")
    program = [sys.executable, "-m", "frontdesk", "--config", str(config_in(tmp_path, diff=True))]
    env = {**home(tmp_path), "TERM": term, "COLORTERM": colours, "NO_COLOR": no_colour}
    screen = ExactScreen(80, 24)
    is_full = request.node.get_closest_marker("full") is not None
    with PtyDesk(program, env=env, screen=screen) as desk:
        desk.wait_for("300 bookings")
        for key in KEYS + A_FEW if is_full else A_FEW:
            desk.send(key)
            desk.wait_still(0.1)
            assert hard_to_read(screen) == set()
        desk.wait_for("This action cannot be undone.")
        desk.send(b"\x1b")
        desk.wait_for("Kept.")
        desk.send(b"\x03")
        desk.wait_for("Leave frontdesk?")
        assert hard_to_read(screen) == set()
        desk.send(b"y")
        assert desk.wait_exit() == 0
        # This screen has no second one to go back to, as a console has none.
        assert "".join(desk.screen_lines()) == ""
        assert b"\x1b[2J" not in desk.output[desk.output.rindex(b"Leave frontdesk?") :]
        assert unknown(desk.output, to_old=term in OLD) == set()


def test_what_is_unknown_is_found() -> None:
    assert unknown(b"\x1b[?1049h\x1b[2;3H\x1b[1;7mx\x1b[m\x1b7\x1b[6n", to_old=True) == set()
    assert unknown(b"\x1b[>25u\x1b[?2026$p\x1b[<u\x1b[?2026h", to_old=True) == NEWER - {"?2026l"}
    assert unknown(b"\x1b[>25u\x1b[?2026$p", to_old=False) == set()
    assert unknown(b"\x1b[38;5;1m\x1b[31m\x1b[2m\x1b[3S\x1b[5@\x1b]0;x\x07", to_old=False) == {
        *("38;5;1", "31", "2"),
        *("S", "@", "]"),
    }


ASKED: dict[str, dict[str, str | None]] = {
    "xterm-256color": {"TERM": "xterm-256color", "COLORTERM": None},
    "xterm of many colours": {"TERM": "xterm", "COLORTERM": "truecolor"},
}
NOT_ASKED: dict[str, dict[str, str | None]] = {
    "NO_COLOR": {"TERM": "xterm-256color", "NO_COLOR": "1"},
    "few colours": {"TERM": "xterm", "COLORTERM": None},
    "the Linux console": {"TERM": "linux", "COLORTERM": "truecolor"},
    "a VT220": {"TERM": "vt220", "COLORTERM": "truecolor"},
}


@pytest.mark.parametrize(
    ("name", "background", "colours"),
    [
        ("xterm-256color", 0x1E1E1E, "38;5;117"),
        pytest.param("xterm of many colours", 0xFDF6E3, "38;5;20", marks=pytest.mark.full),
        pytest.param("xterm-256color", 0x808080, None, marks=pytest.mark.full),
        pytest.param("xterm-256color", None, None, marks=pytest.mark.full),
        *(pytest.param(name, 0x1E1E1E, None, marks=pytest.mark.full) for name in NOT_ASKED),
    ],
)
def test_the_theme_is_the_one_that_suits_what_the_terminal_says(
    seeded: Path, tmp_path: Path, name: str, background: int | None, colours: str | None
) -> None:
    shutil.copy(seeded, tmp_path / "frontdesk.db")
    program = [sys.executable, "-m", "frontdesk", "--config", str(config_in(tmp_path, diff=True))]
    env = {**home(tmp_path), **(ASKED | NOT_ASKED)[name]}
    with PtyDesk(program, env=env, background=background) as desk:
        desk.wait_for("300 bookings")
        desk.wait_still()
        assert desk.output.count(BACKGROUND_QUESTION) == (name in ASKED)
        assert desk.output.index(b"\x1b[?1049h") < desk.output.index(b"Opening the bookings")
        if name in ASKED:
            assert desk.output.index(BACKGROUND_QUESTION) < desk.output.index(b"Opening the bookings")
        assert (b"\x1b[38;5;" in desk.output) is (colours is not None)
        assert colours is None or f"\x1b[{colours}m".encode() in desk.output
        to_old = name in {"the Linux console", "a VT220"}
        assert unknown(desk.output, to_old=to_old, in_colours=colours is not None) == set()


def test_an_answer_after_the_first_list_changes_nothing_and_is_no_key(seeded: Path, tmp_path: Path) -> None:
    shutil.copy(seeded, tmp_path / "frontdesk.db")
    program = [sys.executable, "-m", "frontdesk", "--config", str(config_in(tmp_path, diff=True))]
    with PtyDesk(program, env={**home(tmp_path), "COLORTERM": None}) as desk:
        before = desk.wait_for("300 bookings")
        desk.wait_still()
        written = len(desk.output)
        desk.send(b"\x1b]11;rgb:1e1e/1e1e/")
        desk.wait_still()
        desk.send(b"1e1e\x1b\\")
        desk.wait_still()
        # A key behind it: by then the answer has been read.
        desk.send(b"s")
        desk.wait_for("Find [s")
        assert b"38;5;" not in desk.output[written:]
        assert before[0][:20] in desk.screen_lines()[0]


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_only_adds_lines_is_refused(tmp_path: Path, term: str) -> None:
    program = [sys.executable, "-m", "frontdesk", "--config", str(config_in(tmp_path, diff=True))]
    with PtyDesk(program, env={**home(tmp_path), "TERM": term}) as desk:
        assert desk.wait_exit() == 2
        assert b"this terminal can only add lines" in desk.output
        assert b"\x1b" not in desk.output


@pytest.mark.full
def test_a_terminal_that_is_not_utf_8_shows_a_question_mark(seeded: Path, tmp_path: Path) -> None:
    shutil.copy(seeded, tmp_path / "frontdesk.db")
    program = [sys.executable, "-m", "frontdesk", "--config", str(config_in(tmp_path, diff=True))]
    env = {**home(tmp_path), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "TERM": "vt220"}
    assert os.environ.get("PYTHONIOENCODING") is None
    with PtyDesk(program, env=env) as desk:
        desk.wait_for("300 bookings")
        desk.send("Žofie".encode())
        assert desk.wait_for("Find [?ofie")[1].startswith(" Find [?ofie")
        desk.send(b"\x03")
        desk.wait_for("Leave frontdesk?")
        desk.send(b"y")
        assert desk.wait_exit() == 0
    assert desk.output.isascii()
