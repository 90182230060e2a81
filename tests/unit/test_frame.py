"""What a `Frame` writes makes the terminal show exactly what it was told, in few bytes."""

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from frontdesk.frame import Frame
from tests.emulator import Cell, emulated

WIDTH, HEIGHT = 40, 12
PENS = ["", "1", "7", "31", "1;7", "38;5;39", "38;2;1;2;3;49"]
PENS += [
    "1;38;5;39",
    "38;5;255;48;5;236",
    "1;38;5;255;48;5;236",
    "4;38;5;221;48;5;236",
    "2;38;5;39",
    "1;2;31",
]
LETTERS = ["a", "b", " ", "          ", "ş", "e\u0301", "小", "龙", "한", "🦷"]

texts = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=12).map("".join)
puts = st.tuples(
    st.integers(0, HEIGHT - 1),
    st.integers(0, WIDTH - 1),
    st.lists(st.tuples(texts, st.sampled_from(PENS)), max_size=3),
)
moves = st.tuples(st.integers(-HEIGHT, HEIGHT), st.integers(0, HEIGHT - 1), st.integers(0, HEIGHT - 1))


class Terminal:
    """A frame and the screen that its changes have been written to."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.frame = Frame(width, height)
        self.screen, self._stream = emulated(width, height)

    def write(self, cursor: tuple[int, int] = (0, 0)) -> int:
        """Write what changed; return how many bytes that took."""
        changes = self.frame.changes(cursor)
        self._stream.feed(changes)
        return len(changes.encode())

    def put_all(self, lines: list[str], pen: str = "") -> None:
        for y, line in enumerate(lines):
            self.frame.put(y, 0, [(line.ljust(self.frame.width), pen)])


def told(frame: Frame) -> list[list[Cell]]:
    """The cells that the frame was told to show, as a fresh terminal shows them."""
    screen, stream = emulated(frame.width, frame.height)
    for y, row in enumerate(frame._wanted):
        for x, (char, pen) in enumerate(zip(row.chars, row.pens, strict=True)):
            if char:
                stream.feed(f"\x1b[{y + 1};{x + 1}H\x1b[0;{pen}m{char}")
    return screen.cells()


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(st.lists(puts | moves, max_size=8), min_size=1, max_size=6))
def test_the_terminal_shows_what_was_told(frames: list[list[tuple[int, int, object]]]) -> None:
    terminal = Terminal()
    for number, changes in enumerate(frames):
        for first, second, third in changes:
            if isinstance(third, list):
                terminal.frame.put(first, second, third)
            else:
                move_lines(terminal.frame, first, *sorted((second, int(str(third)))))
        terminal.write((number % HEIGHT, number % WIDTH))

        assert terminal.screen.cells() == told(terminal.frame)
        assert (terminal.screen.cursor.y, terminal.screen.cursor.x) == (number % HEIGHT, number % WIDTH)


def move_lines(frame: Frame, lines: int, top: int, bottom: int) -> None:
    """Tell the frame to show the lines `top` to `bottom` moved up, as a list that scrolls does."""
    region = [(row.chars[:], row.pens[:]) for row in frame._wanted[top : bottom + 1]]
    for y in range(top, bottom + 1):
        source = y - top + lines
        if 0 <= source < len(region):
            chars, pens = region[source]
            frame.put(y, 0, [(char, pen) for char, pen in zip(chars, pens, strict=True) if char])
        else:
            frame.put(y, 0, [(" " * frame.width, "")])


class TestFewBytes:
    """The sums are the sequences themselves: a move, a text, an erase."""

    def test_nothing_changed(self) -> None:
        terminal = Terminal()
        terminal.put_all(["one", "two"])
        terminal.write()
        terminal.put_all(["one", "two"])

        assert terminal.write() == 0

    def test_one_letter(self) -> None:
        terminal = Terminal()
        terminal.put_all(["", "Find: k"])
        terminal.write(cursor=(1, 7))
        terminal.put_all(["", "Find: ko"])

        assert terminal.write(cursor=(1, 8)) == len("o")

    def test_a_line_that_goes(self) -> None:
        terminal = Terminal()
        terminal.put_all(["", "a name that is no longer shown"])
        terminal.write(cursor=(0, 0))
        terminal.put_all(["", ""])

        assert terminal.write(cursor=(0, 0)) == len("\r\n\x1b[K\x1b[H")

    def test_a_long_gap_within_a_line(self) -> None:
        terminal = Terminal()
        terminal.put_all(["a" + "x" * 30 + "b"])
        terminal.write(cursor=(0, 0))
        terminal.put_all(["A" + " " * 30 + "B"])

        assert terminal.write(cursor=(0, 0)) == len("A\x1b[K\x1b[30CB\r")

    def test_lines_that_moved_up_one(self) -> None:
        lines = [chr(ord("a") + number) * 30 for number in range(11)]
        terminal = Terminal()
        terminal.put_all(["title", *lines[:10], "status"])
        terminal.write()
        terminal.put_all(["title", *lines[1:], "status"])

        least = len("\x1b[2;11r\x1b[2H\x1b[M\x1b[r\x1b[11H\x1b[H") + len(lines[10])
        assert terminal.write() == least
        assert terminal.screen.text()[1:11] == lines[1:]

    def test_many_lines_that_go_at_once(self) -> None:
        terminal = Terminal()
        terminal.put_all(["title", *[f"line {number}" for number in range(9)], "", "status"])
        terminal.write()
        terminal.put_all(["title", *[""] * 10, "status"])

        assert terminal.write() == len("\x1b[2;10r\x1b[2H\x1b[9M\x1b[r\x1b[H")
        assert terminal.screen.text() == ["title", *[""] * 10, "status"]

    def test_the_pen_is_put_back(self) -> None:
        terminal = Terminal()
        terminal.frame.put(0, 0, [("loud", "1"), (" quiet", "")])
        terminal.frame.put(1, 0, [("louder", "1;7")])
        changes = terminal.frame.changes((2, 0))

        assert changes == "\x1b[H\x1b[2J\x1b[1mloud \x1b[mquiet\r\n\x1b[1;7mlouder\r\n\x1b[m"

    def test_a_pen_changes_by_what_differs(self) -> None:
        terminal = Terminal()
        bar = "38;5;255;48;5;236"
        words = [("a", "38;5;39"), ("b", "38;5;247"), ("c", bar), ("d", f"1;{bar}"), ("e", bar), ("f", "1")]
        terminal.frame.put(0, 0, [*words, ("g", "1;7"), ("h", "7"), ("i", "")])
        changes = terminal.frame.changes((0, 9))

        turns = ["38;5;39", "38;5;247", bar, "1", "22", "0;1", "7", "0;7", ""]
        letters = "".join(f"\x1b[{codes}m{letter}" for codes, letter in zip(turns, "abcdefghi", strict=True))
        assert changes == f"\x1b[H\x1b[2J{letters}"

    def test_a_tail_is_erased_from_where_the_cursor_is_and_never_before_it(self) -> None:
        terminal = Terminal()
        terminal.put_all(["name of a patient  more", "x and what stays there  more"])
        terminal.write()
        terminal.put_all(["name of a patienz", "a and what stays there"])
        changes = terminal.frame.changes((0, 0))

        assert changes == "\x1b[16Cz\x1b[K\r\na\x1b[23C\x1b[K\x1b[H"
        terminal._stream.feed(changes)
        assert terminal.screen.text()[:2] == ["name of a patienz", "a and what stays there"]

    def test_a_line_of_short_gaps_is_erased_once_before_a_field_is_drawn_on_it(self) -> None:
        terminal = Terminal()
        terminal.put_all(["a b" + " " * 5 + "cdefgh" + " " * 5 + "ij" + " " * 19])
        terminal.write()
        field = "38;5;231;48;5;236"
        terminal.frame.put(0, 0, [(" " * 23, ""), (" " * 4, field), (" " * 13, "")])

        assert terminal.frame.changes((0, 0)) == f"\x1b[K\x1b[23C\x1b[{field}m    \r\x1b[m"

    def test_blanks_take_the_pen_that_comes_next(self) -> None:
        terminal = Terminal()
        terminal.frame.put(0, 0, [("bar", "7"), (" word", "1")])

        assert terminal.frame.changes((0, 8)) == "\x1b[H\x1b[2J\x1b[7mbar\x1b[0;1m word\x1b[m"


class TestWhatIsNotCertain:
    def test_a_forgotten_frame_is_written_whole(self) -> None:
        terminal = Terminal()
        terminal.put_all(["one", "two"])
        terminal.write()
        terminal.screen.reset()
        terminal.frame.forget()
        terminal.write()

        assert terminal.screen.text()[:2] == ["one", "two"]

    def test_behind_a_wide_character_the_cursor_is_put_in_its_place(self) -> None:
        terminal = Terminal()
        terminal.frame.put(0, 0, [("小x", "")])

        assert "小\x1b[1;3Hx" in terminal.frame.changes((0, 0))

    def test_half_a_wide_character_is_a_blank(self) -> None:
        terminal = Terminal()
        terminal.frame.put(0, 0, [("小小", "")])
        terminal.frame.put(0, 1, [("ab", "")])
        terminal.frame.put(1, WIDTH - 1, [("小", "")])

        assert terminal.frame._wanted[0].chars[:4] == [" ", "a", "b", " "]
        assert terminal.frame._wanted[1].chars[-1] == " "
        assert sum(map(cell_len, terminal.frame._wanted[0].chars)) == WIDTH
