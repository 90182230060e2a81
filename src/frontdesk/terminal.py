"""The operator's terminal: what comes from it, what may go to it, and what is on it.

`FrontdeskDriver` is Textual's driver for Linux and macOS with our reading of keys (see
`key_reader`) and our writing of frames (see `frame_writer`), no mouse, no suspending, no
clipboard, and an end when the terminal is gone.
`ask_position` and `ConfirmGate` let a dialog tell whether it can have been seen.
"""

import codecs
import contextlib
import curses
import os
import re
import select
import signal
import termios
import time
import tty
from collections.abc import Callable
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final, TextIO

from rich.cells import cell_len
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from frontdesk import supervisor
from frontdesk.frame_writer import FrameWriter
from frontdesk.key_reader import BACKGROUND_QUESTION, BackgroundAnswered, KeyReader, Pointed, PositionAnswered

if TYPE_CHECKING:
    from types import FrameType

    from rich.console import RenderableType

__all__ = [
    "ANSWER_WAIT",
    "DEAF_TIME",
    "BackgroundAnswered",
    "ConfirmGate",
    "FrontdeskDriver",
    "Pointed",
    "PositionAnswered",
    "ask_position",
    "has_palette",
    "is_old",
]

DEAF_TIME: Final = 0.4
"""Seconds after a dialog's frame in which no confirm counts, however fast the line is."""
ANSWER_WAIT: Final = 2.0
"""Seconds after which a confirm counts though the terminal has not answered."""
HANG_UP_WAIT: Final = 1.0
"""Seconds for an orderly end once the terminal is gone; then the kernel ends the process."""

_READ_SIZE: Final = 4096
_OSC: Final = "\x1b]"
_KITTY_KEYS: Final = ("\x1b[>", "\x1b[<")
_MODE_QUESTIONS: Final = ("\x1b[?2026$p", "\x1b[?2048$p")
_OLD: Final = re.compile(r"linux|vt\d|ansi|cons|cygwin|sun|wyse|wy\d")
"""Terminals that know neither kitty's keys nor mode questions (DECRQM). Some print what they do
not know: an older Linux console prints every letter behind a sign that it does not expect."""
_PALETTE: Final = 256
_ANY_FILE: Final = 2
"""Curses wants a file's number, and does nothing with it here."""
_ERASE_SCROLLBACK: Final = "\x1b[3J"
_MOUSE_ON: Final = "\x1b[?1000h\x1b[?1006h"
_MOUSE_OFF: Final = "\x1b[?1006l\x1b[?1000l"
"""Buttons and wheel (xterm, "Mouse tracking"), in coordinates of any size."""
_SIGNALS: Final = (signal.SIGTSTP, signal.SIGCONT, signal.SIGTTOU, signal.SIGHUP, signal.SIGTERM)


A_SIGN_A_CELL: Final = "frontdesk-a-sign-a-cell"
"""A codec's way with text that a terminal that is not UTF-8 has no sign for."""


def _a_sign_a_cell(error: UnicodeError) -> tuple[str, int]:
    """Show `?` in each cell of what cannot be shown, and nothing for what takes none."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "?" * cell_len(error.object[error.start : error.end]), error.end


def is_old(term: str) -> bool:
    """Return whether a terminal, by its TERM, may print or misread what is newer than a VT220.

    It takes the 5 in `38;5;n` for blinking, for one.
    """
    return _OLD.match(term) is not None


def has_palette(term: str) -> bool:
    """Return whether a terminal is known to have xterm's 256 colours: by its name, or by its description."""
    if "256color" in term or "direct" in term:
        return True
    try:
        curses.setupterm(term, _ANY_FILE)
        return curses.tigetnum("colors") >= _PALETTE
    except curses.error:
        return False  # it has no description here


class ConfirmGate:
    """Whether a confirm may count: only once the operator can have seen what it confirms.

    `clock` gives seconds that only rise (`desk.Clock`). After the dialog's frame has been
    handed to the terminal, call `painted` with the number of the question asked behind it;
    when something on the dialog changed that the operator has to see first, `shut` it and call
    `painted` again behind the frame with the change. For `deaf_time` seconds after a frame
    nothing counts, however soon the answer is there.
    """

    def __init__(self, clock: Callable[[], float], deaf_time: float = DEAF_TIME) -> None:
        self._clock = clock
        self._deaf_time = deaf_time
        self._painted_at: float | None = None
        self._answered_at: float | None = None
        self._question = 0

    def shut(self) -> None:
        """Let nothing count until `painted`: the operator has not seen the change yet."""
        self._painted_at = None

    def painted(self, question: int = 0) -> None:
        """Start the deaf time; `question` is what `ask_position` returned, 0 if it could not ask."""
        self._painted_at = self._clock()
        self._answered_at = None
        self._question = question

    def answered(self, question: int) -> None:
        """Take the terminal's answer; one to an older question says nothing of this frame."""
        if self._question and question == self._question and self._answered_at is None:
            self._answered_at = self._clock()

    def is_open(self, arrived_at: float | None = None) -> bool:
        """Whether a confirm that arrived then (by the same clock; else now) counts.

        Pass the moment the key came in, not the one it is handled at: a key typed ahead may
        have waited in a queue until the gate has opened.
        """
        if self._painted_at is None:
            return False
        opens_at = self._painted_at + ANSWER_WAIT
        if self._answered_at is not None:
            opens_at = min(opens_at, max(self._painted_at + self._deaf_time, self._answered_at))
        return (self._clock() if arrived_at is None else arrived_at) >= opens_at


def ask_position(app: App[Any]) -> int:
    """Ask whether all that was written so far is on the terminal; return the question's number.

    Call it when the frame in question has been painted (`call_after_refresh`). The app
    gets `PositionAnswered` with this number when the answer comes. Returns 0 when this
    terminal cannot be asked (a test without a terminal): no answer will come.
    """
    driver = app._driver
    return driver.ask_position() if isinstance(driver, FrontdeskDriver) else 0


class _Wire:
    """The terminal as a file for Textual's writer thread, which must outlive its loss.

    The thread would die of the first failed write, and the app then block for ever on its
    full queue.
    """

    def __init__(self, file: TextIO, on_loss: Callable[[], None]) -> None:
        self._file = file
        self._on_loss = on_loss

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError:
            self._on_loss()

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            self._on_loss()

    def fileno(self) -> int:
        return self._file.fileno()


class FrontdeskDriver(LinuxDriver):
    """Textual's Linux and macOS driver, made fit for a front desk.

    Use as `App(driver_class=FrontdeskDriver)`. A hang-up (SIGHUP, or end of input) ends the
    app in order, and after `HANG_UP_WAIT` in any case; SIGTERM ends it in order, with the
    terminal put back. Stopping (Ctrl+Z, SIGTSTP) is ignored: a stopped program would leave
    patient data on a screen that nothing locks. `on_lost` is called once when the terminal is
    gone, first of all and by any thread.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._handlers_before = {number: signal.getsignal(number) for number in _SIGNALS}
        # Textual passes these four. Its debug mode would log every key, and with it names.
        super().__init__(app, debug=False, mouse=False, size=size)
        self._reader = KeyReader()
        self.frames = FrameWriter(self.write, self._reader.question, self._loop.call_later)
        self._wake_end, self._waker = os.pipe()
        self._is_lost = False
        has_to_be_spared = is_old(os.environ.get("TERM", ""))
        self._withheld = (_OSC, *(_KITTY_KEYS + _MODE_QUESTIONS if has_to_be_spared else ()))
        self.encoding: str = getattr(self._file, "encoding", "") or ""
        if isinstance(self._file, TextIOWrapper):
            codecs.register_error(A_SIGN_A_CELL, _a_sign_a_cell)
            self._file.reconfigure(errors=A_SIGN_A_CELL)
        self.on_lost: Callable[[], None] = lambda: None
        self._file: Any = _Wire(self._file, self._lose)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, self._on_hang_up)
        signal.signal(signal.SIGTERM, self._on_terminate)

    @property
    def can_suspend(self) -> bool:
        """Never: see the class."""
        return False

    def ask_position(self) -> int:
        """Write a position question behind all that is to be shown; return its number."""
        self.frames.flush()
        number, question = self._reader.question()
        self.write(question)
        return number

    def ask_background(self) -> None:
        """Ask the terminal what its background is; the app gets `BackgroundAnswered` if it says so."""
        self._reader.expect_background(time.monotonic())
        super().write(BACKGROUND_QUESTION)

    def paint(self, renderable: "RenderableType | None") -> bool:
        """Write what changed on the terminal; False where that is not known, and Textual has to paint."""
        app = self._app
        if renderable is None or not app._running or app._closed or app._batch_count:
            return False
        self.frames.is_synchronised = app._sync_available
        cursor = app.screen.outer_size.clamp_offset(app.cursor_position)
        return self.frames.show(renderable, app.size, cursor, app.console._color_system)

    def erase_scrollback(self) -> None:
        """Have the terminal forget what has left the screen, behind all that is to be shown.

        The Linux console forgets the screen as well (console_codes(4), ED 3): it is written again.
        """
        self.frames.flush()
        self.write(_ERASE_SCROLLBACK)
        self.frames.forget()

    def write(self, data: str) -> None:
        """Write to the terminal, except Textual's operating system commands: clipboard, title, pointer.

        An old terminal gets nothing either that it might print.
        """
        if not data.startswith(self._withheld):
            super().write(data)

    def run_input_thread(self) -> None:
        """Read keys until told to stop, asleep whenever there is nothing to wait for."""
        watched = [self.fileno, self._wake_end]
        if supervisor.parent_pipe is not None:
            watched.append(supervisor.parent_pipe)
        while True:
            deadline = self._reader.deadline
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select(watched, [], [], wait)
            if self._wake_end in ready:
                return
            if supervisor.parent_pipe in ready:
                self._outlive()
                watched.remove(supervisor.parent_pipe)
                continue
            if ready:
                data = self._read()
                if not data:
                    self._lose()
                    return
                told = self._reader.feed(data, time.monotonic())
            else:
                told = self._reader.tick(time.monotonic())
            for message in told:
                self.process_message(message)

    def start_application_mode(self) -> None:
        """Take the terminal over."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # To give the terminal back must be possible also when a shell has taken it.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with contextlib.suppress(termios.error):
            settings = termios.tcgetattr(self.fileno)
            # Else the kernel sends a second CR with each line.
            settings[tty.OFLAG] &= ~termios.OPOST
            termios.tcsetattr(self.fileno, termios.TCSANOW, settings)

    def hear_mouse(self) -> None:
        """Have the terminal tell of the mouse: of buttons and the wheel, not of every move. Old ones have none."""
        if is_old(os.environ.get("TERM", "")):
            return
        self.write(_MOUSE_ON)
        self._reader.hears_mouse = True

    def stop_application_mode(self) -> None:
        """Give the terminal back, with nothing on it.

        Consoles, VT terminals and GNU screen as it comes have no second screen to leave. Line by
        line, because many keep a screen that is erased at once where one can scroll back to it.
        """
        if self._reader.hears_mouse:
            self.write(_MOUSE_OFF)
        self.write("\x1b[H" + "\r\n".join(["\x1b[K"] * self._app.size.height) + "\x1b[H")
        super().stop_application_mode()

    def disable_input(self) -> None:
        """Stop the input thread at once."""
        with contextlib.suppress(OSError):
            os.write(self._waker, b"\0")
        super().disable_input()

    def close(self) -> None:
        """Give back what the driver holds: threads, pipe, signals."""
        super().close()
        if self._waker >= 0:
            os.close(self._waker)
            os.close(self._wake_end)
            self._waker = self._wake_end = -1  # by then another file may have their numbers
            for number, handler in self._handlers_before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _READ_SIZE)
        except OSError:  # Linux says EIO where others say end of file
            return b""

    def _on_hang_up(self, _signal: int, _frame: "FrameType | None") -> None:
        self._lose()

    def _on_terminate(self, _signal: int, _frame: "FrameType | None") -> None:
        self._end(signal.SIGTERM)

    def _lose(self) -> None:
        """The terminal is gone: end in order if possible, and soon in any case."""
        if not self._is_lost:
            self._is_lost = True
            # The kernel's alarm needs nothing of this process, however stuck it is.
            signal.setitimer(signal.ITIMER_REAL, HANG_UP_WAIT)
            self.on_lost()
            self._end(signal.SIGHUP)

    def _outlive(self) -> None:
        """Nobody would give the terminal back after this process: do it now."""
        signal.setitimer(signal.ITIMER_REAL, HANG_UP_WAIT)
        self._end(signal.SIGTERM)

    def _end(self, reason: signal.Signals) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._app.exit, None, 128 + reason)
