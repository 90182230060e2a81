"""However the screen's process ends, the terminal is given back and no patient stays on it; in a real pty."""

import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk import supervisor
from frontdesk.supervisor import opens_the_screen
from tests.choosing import few_in_quick
from tests.e2e.installed import descendants
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk

FRONTDESK = [sys.executable, "-m", "frontdesk"]
PATIENT = "Wilson"
ENDS_IT = (
    *(signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV, signal.SIGKILL, signal.SIGUSR1, signal.SIGALRM),
    *(signal.SIGBUS, signal.SIGILL, signal.SIGUSR2),
)
GIVEN_BACK = (
    b"\x1b[?1049l",
    b"\x1b[?25h",
    b"\x1b[?2004l",
    b"\x1b[?1004l",
    b"\x1b[<u",
    b"\x1b[?7h",
    b"\x1b[r",
)


@pytest.fixture
def screen(desk: LineDesk) -> Iterator["Screen"]:
    """The list, with patients on it."""
    with Screen([*FRONTDESK, "--config", str(desk.config_file)]) as shown:
        yield shown


class Screen(PtyDesk):
    """The program at its list. `child` is the process that has the screen."""

    def __enter__(self) -> "Screen":
        self.before = termios.tcgetattr(self._master)
        self.wait_for("6 bookings")
        self.wait_for(lambda lines: PATIENT in "\n".join(lines))
        self.wait_still()
        (self.child,) = descendants(self.pid)
        return self

    def is_given_back(self) -> bool:
        """Whether nothing of the list is left, and the terminal is as it was."""
        self.wait_still()
        shown = "\n".join(self.screen_lines())
        assert PATIENT not in shown
        assert "6 bookings" not in shown
        assert termios.tcgetattr(self._master) == self.before
        return self.output.rindex(b"\x1b[?1049l") > self.output.rindex(b"\x1b[?1049h")


def is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def wait_until_gone(pid: int, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while is_there(pid):
        assert time.monotonic() < deadline, f"{pid} is still there"
        time.sleep(0.01)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for_state(pid: int, wanted: str) -> None:
    deadline = time.monotonic() + 10
    while state_of(pid) not in wanted:
        assert time.monotonic() < deadline, f"{pid} is {state_of(pid)}"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "number",
    few_in_quick(ENDS_IT, quick=[signal.SIGKILL, signal.SIGSEGV, signal.SIGQUIT]),
    ids=lambda one: one.name,
)
def test_a_screen_that_is_ended_leaves_no_patient(screen: Screen, number: signal.Signals) -> None:
    written = len(screen.output)
    os.kill(screen.child, number)
    assert screen.wait_exit() == 128 + number
    assert screen.is_given_back()
    after = screen.output[written:]
    assert all(sequence in after for sequence in GIVEN_BACK)
    assert f"frontdesk was ended by {number.name}. What was saved is saved." in screen.screen_lines()


def test_a_frame_that_was_cut_in_two_does_not_swallow_the_way_back(screen: Screen) -> None:
    os.kill(screen.child, signal.SIGSTOP)
    wait_for_state(screen.child, "T")
    with Path(f"/proc/{screen.child}/fd/1").open("wb", buffering=0) as terminal:
        terminal.write(b"\x1b[38;5")
    os.kill(screen.child, signal.SIGKILL)
    screen.signal(signal.SIGCONT)
    assert screen.wait_exit() == 128 + signal.SIGKILL
    assert screen.output.rindex(b"\x18") > screen.output.rindex(b"\x1b[38;5")
    assert screen.is_given_back()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGINT, 0),  # Textual takes it for a wish to leave
        (signal.SIGHUP, 128 + signal.SIGHUP),
        pytest.param(signal.SIGQUIT, 128 + signal.SIGQUIT, marks=pytest.mark.full),
        pytest.param(signal.SIGUSR1, 128 + signal.SIGUSR1, marks=pytest.mark.full),
        pytest.param(signal.SIGALRM, 128 + signal.SIGALRM, marks=pytest.mark.full),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_what_is_sent_to_the_program_reaches_the_screen(
    screen: Screen, number: signal.Signals, code: int
) -> None:
    screen.signal(number)
    assert screen.wait_exit() == code
    assert not is_there(screen.child)
    assert screen.is_given_back()


def test_when_the_one_that_waits_is_killed_the_screen_gives_the_terminal_back_itself(screen: Screen) -> None:
    with Path(f"/proc/{screen.pid}/fd/0").open("rb"):  # as a shell would, which keeps the terminal open
        os.kill(screen.pid, signal.SIGKILL)
        wait_until_gone(screen.child)
        screen.wait_exit()


def test_a_shell_gets_its_terminal_back_when_the_one_that_waits_is_killed(desk: LineDesk) -> None:
    program = ["bash", "--norc", "-i", "-c", '"$@"; echo ended $?; read', "bash", *FRONTDESK]
    with PtyDesk([*program, "--config", str(desk.config_file)]) as shown:
        shown.wait_for(lambda lines: PATIENT in "\n".join(lines))
        shown.wait_still()
        parent, child = descendants(shown.pid)
        os.kill(parent, signal.SIGKILL)
        shown.wait_for(lambda _: not is_there(child))
        shown.wait_still()
        assert PATIENT not in "\n".join(shown.screen_lines())
        assert shown.output.rindex(b"\x1b[?1049l") > shown.output.rindex(b"\x1b[?1049h")


def test_a_line_that_is_cut_leaves_no_process(screen: Screen) -> None:
    began = time.monotonic()
    screen.hang_up()
    assert screen.wait_exit() in {128 + signal.SIGHUP, 128 + signal.SIGALRM}
    assert not is_there(screen.child)
    assert time.monotonic() - began < 2 + 8  # a busy machine; the alarms count the promised two


def test_what_hangs_is_killed_when_the_line_is_cut() -> None:
    code = (
        "import os, signal, time\n"
        "from frontdesk.supervisor import under_supervision\n"
        "def hang():\n"
        "    signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "    os.write(1, b'hangs')\n"
        "    while True: time.sleep(60)\n"
        "under_supervision(hang)\n"
    )
    with PtyDesk([sys.executable, "-c", code]) as shown:
        shown.wait_for("hangs")
        (child,) = descendants(shown.pid)
        shown.hang_up()
        assert shown.wait_exit() == 128 + signal.SIGKILL
        assert not is_there(child)


def test_nobody_can_stop_it_and_leave_patients_behind(screen: Screen) -> None:
    for pid in (screen.pid, screen.child):
        for number in (signal.SIGTSTP, signal.SIGTTOU):
            os.kill(pid, number)
    screen.send(b"wil")
    screen.wait_for("Find [wil")
    assert "T" not in (state_of(screen.pid), state_of(screen.child))


def test_who_waits_for_the_program_sees_that_it_was_stopped(screen: Screen) -> None:
    os.kill(screen.child, signal.SIGSTOP)
    wait_for_state(screen.pid, "T")
    os.killpg(screen.pid, signal.SIGCONT)
    screen.send(b"wil")
    screen.wait_for("Find [wil")


def test_leaving_says_nothing_and_clears_nothing_twice(screen: Screen) -> None:
    screen.send(b"\x03")
    screen.wait_for("Leave frontdesk?")
    screen.send(b"y")
    assert screen.wait_exit() == 0
    assert screen.is_given_back()
    assert screen.output.count(b"\x1b[?1049l") == 1
    assert b"ended by" not in screen.output


def test_the_one_that_waits_takes_little_and_computes_nothing(desk: LineDesk) -> None:
    # As packaging/ssh starts it; -m itself would keep half a MiB more.
    program = [sys.executable, "-I", "-c", "from frontdesk.__main__ import main; main()"]
    # Once compiled, as an installation is: a compiler's memory would be counted.
    subprocess.run([*program, "--version"], check=True, stdout=subprocess.DEVNULL)
    with Screen([*program, "--config", str(desk.config_file)]) as shown:
        used = Path(f"/proc/{shown.pid}/smaps_rollup").read_text()
        own = sum(int(found) for found in re.findall(r"^Private_\w+:\s+(\d+) kB", used, re.MULTILINE))
        assert own <= 3 * 1024
        assert len(list(Path(f"/proc/{shown.pid}/task").iterdir())) == 1


def test_a_program_that_ends_without_a_word_gives_the_terminal_back_all_the_same() -> None:
    code = (
        "import os, sys, tty\n"
        "from frontdesk.supervisor import under_supervision\n"
        "def end():\n"
        "    os.write(1, b'\\x1b[?1049hAmelia Wilson')\n"
        "    tty.setraw(0)\n"
        "    os._exit(3)\n"
        "under_supervision(end)\n"
    )
    with PtyDesk([sys.executable, "-c", code]) as shown:
        before = termios.tcgetattr(shown._master)
        assert shown.wait_exit() == 3
        shown.wait_still()
        assert PATIENT not in "\n".join(shown.screen_lines())
        assert termios.tcgetattr(shown._master) == before
        assert b"\x1b[?1049l" in shown.output


def test_where_no_process_can_be_had_the_screen_opens_all_the_same(desk: LineDesk) -> None:
    code = (
        "import os\n"
        "def full(): raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        "os.fork = full\n"
        "from frontdesk.__main__ import main\n"
        "main()\n"
    )
    with PtyDesk([sys.executable, "-c", code, "--config", str(desk.config_file)]) as shown:
        shown.wait_for("6 bookings")
        shown.signal(signal.SIGTERM)
        assert shown.wait_exit() == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("line", "opens"),
    [
        ("", True),
        ("--config x", True),
        ("--config=x", True),
        ("--config list", True),
        ("demo", True),
        ("--config x demo --dir y", True),
        ("demo --faults", False),
        ("demo --help", False),
        ("list", False),
        ("--config x list", False),
        ("--config demo list", False),
        ("--version", False),
        ("--help", False),
        ("serve", False),
    ],
)
def test_only_what_opens_the_screen_is_supervised(line: str, opens: bool) -> None:
    assert opens_the_screen(line.split()) == opens


def test_without_a_terminal_there_is_nothing_to_supervise(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> Any:
        raise AssertionError

    called: list[str] = []
    monkeypatch.setattr(os, "fork", never)
    monkeypatch.setattr(os, "isatty", lambda stream: stream != 1)
    supervisor.under_supervision(lambda: called.append("here"))
    assert called == ["here"]


def test_a_line_command_is_one_process(desk: LineDesk) -> None:
    code = (
        "import os, sys\n"
        "def never(): raise AssertionError\n"
        "os.fork = never\n"
        "os.isatty = lambda _: True\n"
        "from frontdesk.__main__ import main\n"
        "main()\n"
    )
    program = [sys.executable, "-c", code, "--config", str(desk.config_file), "list"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert PATIENT in done.stdout
