"""What a `FrameWriter` does with frames: the order, the pace, and what it leaves to Textual."""

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from frontdesk.frame_writer import IN_FLIGHT, LARGE, FrameWriter
from tests.emulator import emulated


class Wire:
    """What a `FrameWriter` writes, on an emulated terminal that answers when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.written: list[str] = []
        self.callbacks: list[Callable[[], None]] = []
        self.screen, self._stream = emulated(80, 24)
        self.writer = FrameWriter(self.write, self._ask, self._later)

    def show(self, letter: str) -> None:
        """Show a whole screen of one letter."""
        strips = [[Strip([Segment(letter * 80)], 80)] for _ in range(24)]
        size = Size(80, 24)
        assert self.writer.show(LayoutUpdate(list(strips), size.region), size, Offset(0, 0), None)

    def write(self, text: str) -> None:
        self.written.append(text)
        self._stream.feed(text)

    def _ask(self) -> tuple[int, str]:
        self.asked += 1
        return self.asked, ""

    def _later(self, seconds: float, callback: Callable[[], None]) -> "Wire":
        self.callbacks.append(callback)
        return self

    def cancel(self) -> None:
        self.callbacks.clear()


class TestALineThatIsSlow:
    def test_frames_that_are_not_taken_wait_and_become_one(self) -> None:
        wire = Wire()
        for letter in "abcdef":
            wire.show(letter)
        assert wire.screen.text()[5] == "b" * 80
        assert len(wire.written) == IN_FLIGHT

        wire.writer.answered(1)
        assert wire.screen.text()[5] == "f" * 80
        assert len(wire.written) == IN_FLIGHT + 1

    def test_small_frames_are_not_asked_for(self) -> None:
        wire = Wire()
        wire.show("a")
        wire.writer.answered(1)
        for letter in "bcd":
            strips = [[Strip([Segment(letter * 80)], 80)]]
            small = LayoutUpdate(list(strips), Region(0, 3, 80, 1))
            assert wire.writer.show(small, Size(80, 24), Offset(0, 0), None)
        assert wire.asked == 1
        assert wire.screen.text()[3] == "d" * 80

    def test_a_terminal_that_gives_no_answers_is_not_waited_for_again(self) -> None:
        wire = Wire()
        for letter in "abc":
            wire.show(letter)
        (give_up,) = wire.callbacks
        give_up()
        assert wire.callbacks == []
        assert wire.screen.text()[5] == "c" * 80

        for letter in "defg":
            wire.show(letter)
        assert wire.screen.text()[5] == "g" * 80

    def test_what_it_does_not_know_is_left_to_textual(self) -> None:
        wire = Wire()
        assert not wire.writer.show("a text", Size(80, 24), Offset(0, 0), None)
        assert not wire.writer.show(
            LayoutUpdate(
                [[Strip([Segment("a", Style(link="https://example.com"))], 1)]], Region(0, 0, 80, 24)
            ),
            Size(80, 24),
            Offset(0, 0),
            None,
        )
        assert wire.written == []

    def test_after_what_it_does_not_know_it_begins_with_a_whole_screen(self) -> None:
        wire = Wire()
        wire.show("a")
        wire.writer.show("a text", Size(80, 24), Offset(0, 0), None)
        part = LayoutUpdate([[Strip([Segment("b" * 80)], 80)]], Region(0, 3, 80, 1))
        assert not wire.writer.show(part, Size(80, 24), Offset(0, 0), None)

        wire.show("a")
        assert len(wire.written[-1]) > LARGE

    def test_forgotten_it_is_written_again(self) -> None:
        wire = Wire()
        wire.show("a")
        wire.write("\x1b[2J")
        wire.writer.forget()
        assert wire.screen.text() == ["a" * 80] * 24

    def test_a_resize_to_its_old_size_writes_it_again(self) -> None:
        wire = Wire()
        wire.show("a")
        wire.write("\x1b[2J")
        wire.writer.resized(Size(80, 24))
        assert wire.screen.text() == ["a" * 80] * 24

    def test_a_resize_to_another_size_waits_for_the_new_layout(self) -> None:
        wire = Wire()
        wire.show("a")
        written = len(wire.written)
        wire.writer.resized(Size(60, 24))
        assert len(wire.written) == written
