"""A small process above the one that has the screen: however that one ends, it gives the terminal back.

A program that is killed, or dies in C, cannot clear its own screen, and patients would stay
on it. So `under_supervision` forks before anything else is loaded: the child opens the
screen, the parent waits, passes signals on, and ends as the child did. When the parent is gone,
the child sees it in `parent_pipe`, and ends too.

This module imports only what Python has loaded already or what costs little, because the parent
keeps it for as long as the screen is open: `signal` would bring `enum` with all that it imports,
0.7 of the parent's 3 MiB, and `typing` as much again.
"""

import os
import sys
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence
    from typing import Any
else:
    import _signal as signal

HANG_UP_WAIT = 1.8
"""Seconds that the child has to end once the line is cut; its own alarm comes before (`terminal.py`)."""

_PASSED_ON = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGABRT, signal.SIGALRM),
    *(signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT),
)
_TO_EACH = (signal.SIGINT, signal.SIGQUIT)
"""What a key of the terminal sends to child and parent alike."""
_AWAITED = (*_PASSED_ON, signal.SIGCHLD)
_JOB_CONTROL = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)

_CLEARED = "\x1b[K\r\n"
_WITHOUT_KITTY = ("linux", "vt", "ansi", "cons", "cygwin", "sun", "wy")
"""Names of terminals that may print what they do not know, see `terminal.py`."""

parent_pipe: "int | None" = None
"""In the child, a descriptor that is at its end once the parent is gone; elsewhere None."""


def opens_the_screen(arguments: "Sequence[str]") -> bool:
    """Whether a command line, without the program's name, opens the screen: no other one is supervised."""
    rest = iter(arguments)
    for word in rest:
        if word == "--config":
            next(rest, None)
        elif word == "demo":
            return not {"--faults", "--help", "-h"}.intersection(rest)
        elif not word.startswith("--config="):
            return False
    return True


def under_supervision(run: "Callable[[], object]") -> None:
    """Call `run` in a child of this process, which waits and ends as the child does: never returns there.

    Without a terminal `run` is called here, and where the system allows no other process:
    better a screen that a signal leaves behind than none.
    """
    global parent_pipe
    if not all(map(os.isatty, (0, 1, 2))):
        run()
        return
    before = termios.tcgetattr(0)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    # A default that does nothing would throw the signal away on some systems.
    handler = signal.signal(signal.SIGCHLD, _keep)
    pipe, parent_end = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(pipe)
        child = 0
    else:
        parent_pipe = pipe
    if child == 0:
        os.close(parent_end)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL if handler is None else handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        run()
        return
    os.close(pipe)
    for number in _JOB_CONTROL:
        # Stopping is not for one of two; and who gives a terminal back may be in the background by then.
        signal.signal(number, signal.SIG_IGN)
    status = _wait(child)
    if os.WIFSIGNALED(status):
        _give_back(before)
        _tell(f"frontdesk was ended by {_name(os.WTERMSIG(status))}. What was saved is saved.")
        os._exit(128 + os.WTERMSIG(status))
    if _is_taken(before):
        _give_back(before)
    os._exit(os.WEXITSTATUS(status))


def _keep(_number: int, _frame: object) -> None:
    """Do nothing: the signal is waited for."""


def _wait(child: int) -> int:
    """Pass signals on until the child has ended; return its wait status."""
    is_hung_up = False
    while True:
        number, is_from_terminal = _next_signal()
        if number == signal.SIGCHLD:
            pid, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
            if pid and not os.WIFSTOPPED(status):
                return status
            if pid:
                # The shell that waits for this process is to have its terminal; its SIGCONT goes to both.
                os.kill(os.getpid(), signal.SIGSTOP)
        elif number == signal.SIGALRM and is_hung_up:
            os.kill(child, signal.SIGKILL)
        elif not (is_from_terminal and number in _TO_EACH):
            os.kill(child, number)
        if number == signal.SIGHUP and not is_hung_up:
            is_hung_up = True
            signal.setitimer(signal.ITIMER_REAL, HANG_UP_WAIT)


def _next_signal() -> tuple[int, bool]:
    """Wait for one; return it, and whether the kernel sent it rather than a process."""
    if sys.platform == "linux":
        told = signal.sigwaitinfo(_AWAITED)
        return told.si_signo, told.si_code > 0
    else:  # noqa: RET505 - what is not for this system is not looked at by mypy
        return signal.sigwait(_AWAITED), False


def _is_taken(before: "list[Any]") -> bool:
    """Whether the child ended without putting the terminal back."""
    try:
        return termios.tcgetattr(0) != before
    except termios.error:
        return False  # it is gone


def _give_back(before: "list[Any]") -> None:
    """Leave nothing of the screen, and the terminal as it was before; what was typed ahead goes nowhere."""
    try:
        rows = os.get_terminal_size(0).lines
    except OSError:
        return
    # CAN ends a sequence that was cut in two. Line by line: many terminals keep a screen that is
    # erased at once where one can scroll back to it.
    kitty = "" if os.environ.get("TERM", "").startswith(_WITHOUT_KITTY) else "\x1b[<u"
    _tell(
        "\x18\x1b[?2026l\x1b[0m\x1b[r\x1b[H" + _CLEARED * (rows - 1) + "\x1b[K\x1b[H"
        "\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"
        f"{kitty}\x1b[?1049l\x1b[?25h\x1b[?1004l",
        end="",
    )
    try:
        termios.tcflush(0, termios.TCIFLUSH)
        termios.tcsetattr(0, termios.TCSANOW, before)
    except termios.error:
        pass


def _tell(text: str, end: str = "\n") -> None:
    """Write something of our own to the terminal: nothing in it comes from outside."""
    data = (text + end).encode()
    try:
        while data:
            data = data[os.write(2, data) :]
    except OSError:
        pass


def _name(number: int) -> str:
    from signal import Signals

    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"
