"""Bytes to keys in a real terminal: the driver, its thread, its waits and its end."""

import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence

import pytest

from tests.e2e.pty_desk import PtyDesk

KEY_LOG = (sys.executable, "-m", "tests.e2e.key_log_app")
F8 = b"\x1b[19~"
F9_BLOCK, F10_COPY, F11_ASK, F12_CLEAR = b"\x1b[20~", b"\x1b[21~", b"\x1b[23~", b"\x1b[24~"
BYTE_BY_BYTE = 0
GAPS = [0.0, 0.02, 0.2, pytest.param(0.8, marks=pytest.mark.full)]


class Keyboard:
    """Types into the key log, and reads what it heard."""

    def __init__(self, desk: PtyDesk) -> None:
        self.desk = desk
        self.clearings = 0

    def clear(self) -> None:
        self.clearings += 1
        self.desk.send(F12_CLEAR)
        self.desk.wait_for(lambda lines: lines[0] == f"cleared {self.clearings}")

    def heard(
        self, pieces: Sequence[bytes], gap: float = 0.0, last: bytes = b"z", key: str = "z"
    ) -> list[str]:
        """Type `pieces` with pauses of `gap` seconds, then the key `last`; return what came."""
        self.clear()
        for piece in pieces:
            self.desk.send(piece)
            time.sleep(gap)  # the line's delay, which is what these tests are about
        self.desk.send(last)
        line = self.desk.wait_for(lambda lines: lines[0].endswith(f" {key} ."))[0]
        return line.split()[1:-2]


@pytest.fixture(scope="module")
def keyboard() -> Iterator[Keyboard]:
    with PtyDesk(KEY_LOG) as desk:
        desk.wait_for("ready")
        yield Keyboard(desk)


@pytest.fixture
def desk() -> Iterator[PtyDesk]:
    with PtyDesk(KEY_LOG) as desk:
        desk.wait_for("ready")
        yield desk


def test_escape_alone_needs_nothing_behind_it(keyboard: Keyboard) -> None:
    keyboard.clear()
    keyboard.desk.send(b"\x1b")
    keyboard.desk.wait_for("heard escape .")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x1b\r", ["escape", "enter"]),
        (b"\x1bk", ["escape", "k"]),
        (b"\x1b\x1b\r", ["escape", "escape", "enter"]),
        (F8, ["f8"]),
        (b"\x1b[99~\x1b[1;2R\x1b[<0;1;1M", ["shift+f3"]),
        ("\x1b[200~Žofie\x1b[201~é".encode(), ["paste='Žofie'", "é"]),
        (b"\x1a\x13\x11\x03", ["ctrl+z", "ctrl+s", "ctrl+q", "ctrl+c"]),
    ],
)
def test_one_write(keyboard: Keyboard, data: bytes, expected: list[str]) -> None:
    assert keyboard.heard([data]) == expected


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("cut", [1, 2, 3, 4, BYTE_BY_BYTE])
def test_f8_cut_by_a_slow_line(keyboard: Keyboard, cut: int, gap: float) -> None:
    """It is F8, or the Esc that the lone ESC was taken for; never its letters."""
    pieces = [F8[:cut], F8[cut:]] if cut else [bytes([byte]) for byte in F8]
    heard = keyboard.heard(pieces, gap)
    assert heard in (["f8"], ["escape"])
    if cut > 1:
        assert heard == ["f8"]


@pytest.mark.parametrize("gap", GAPS)
def test_f1_cut_by_a_slow_line(keyboard: Keyboard, gap: float) -> None:
    assert keyboard.heard([b"\x1b", b"O", b"P"], gap, last=b"\t", key="tab") in (["f1"], ["escape"])


def test_the_terminal_answers(desk: PtyDesk) -> None:
    desk.send(F11_ASK)
    desk.wait_for("heard asked=1 answer=1 .")
    desk.send(F11_ASK)
    desk.wait_for("heard asked=1 answer=1 asked=2 answer=2 .")
    assert desk.questions == 2


def test_answers_come_in_order_with_the_keys(desk: PtyDesk) -> None:
    desk.answers = False
    desk.send(F11_ASK)
    desk.wait_for("asked=1 .")
    asked = re.search(rb"\x1b7\x1b\[([\d;]+)H\x1b\[6n\x1b8", desk.output)
    assert asked
    desk.send(b"a\x1b[1;2R\x1b[" + asked[1] + b"Rz")
    desk.wait_for("heard asked=1 a shift+f3 answer=1 z .")


def test_no_clipboard_title_or_pointer_and_no_mouse(keyboard: Keyboard) -> None:
    keyboard.clear()
    keyboard.desk.send(F10_COPY)
    keyboard.desk.wait_for("heard copied .")
    assert b"\x1b]" not in keyboard.desk.output
    assert b"\x1b[?100" not in keyboard.desk.output.replace(b"\x1b[?1004h", b"")


def test_stopping_is_ignored(keyboard: Keyboard) -> None:
    keyboard.desk.signal(signal.SIGTSTP)
    assert keyboard.heard([b"k"]) == ["k"]


def test_a_dropped_connection_ends_the_program(desk: PtyDesk) -> None:
    desk.hang_up()
    assert desk.wait_exit() != -signal.SIGALRM


def test_a_program_that_is_stuck_ends_as_well(desk: PtyDesk) -> None:
    desk.wait_still()  # what it says of being blocked must not land in the middle of a frame
    desk.send(F9_BLOCK)
    desk.wait_for("blocked")
    desk.hang_up()
    assert desk.wait_exit() == -signal.SIGALRM


def test_end_of_input_ends_the_program() -> None:
    with PtyDesk(["sh", "-c", 'exec "$@" </dev/null', "sh", *KEY_LOG]) as desk:
        desk.wait_exit()
        assert desk.output.count(b"\x1b[?1049h") == desk.output.count(b"\x1b[?1049l")


def test_a_terminal_that_takes_no_more_output_ends_the_program() -> None:
    with PtyDesk(["sh", "-c", '"$@" 2>&1 | true', "sh", *KEY_LOG]) as desk:
        assert desk.wait_exit() == 0


def test_being_told_to_end_puts_the_terminal_back(desk: PtyDesk) -> None:
    desk.signal(signal.SIGTERM)
    assert desk.wait_exit() == 0
    assert any(line.startswith("after: 143 <Handlers.SIG_DFL") for line in desk.screen_lines())
    left = desk.output[desk.output.rindex(b"\x1b[<u") :]
    assert b"\x1b[?1049l" in left  # kitty's key mode is taken back before the screen is
    assert b"\x1b[?25h" in left
    assert b"\x1b[?1004l" in left
    assert desk.output.count(b"\x1b[>25u") == desk.output.count(b"\x1b[<u") == 1
    assert b"\x1b[?2004l" in desk.output
