"""Whatever is pressed, pasted or handed in: no process, no file but the program's own."""

import random
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.installed import ROOT, descendants, install, open_for_writing
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk
from tests.e2e.test_ssh_wrapper import HOSTILE

ITSELF = "os.fork"
"""Before anything else the program is split in two, see `supervisor.py`."""
LEAVES = b"yY"
"""Answers the question whether to leave; all else may be pressed."""
SINGLE = [bytes([byte]) for byte in range(0x80) if byte not in LEAVES]
SEQUENCES = [
    *(b"\x1b[%c" % letter for letter in b"ABCDHFZ"),
    *(b"\x1b[%d~" % number for number in (*range(1, 7), *range(11, 35))),
    *(b"\x1bO%c" % letter for letter in b"ABCDPQRS"),
    *(b"\x1b[%d;5u" % number for number in (*range(97, 121), 122, 13, 27)),
    b"\x1b[<0;10;10M\x1b[<0;10;10m",
    b"\x1b[200~!sh\r:!sh\r|sh\r\x1b[201~",
    b"\x1b[200~file:///etc/passwd [@click=app.bell]x[/]\x1b[201~",
    b"\x1b]52;c;c2g=\x07",
    b"\x1bP$qm\x1b\\",
    "é漢\u202e".encode(),
]
SHELLWARDS = [
    b"!sh\r",
    b":!sh\r",
    b"~C",
    b"\r~.",
    b"v",
    b"|cat\r",
    b"\x1a",
    b"\x1c",
    b"\x18\x05",
    b"\x0f",
    b"\x10q\r",
]


def told(log: Path) -> tuple[list[str], set[Path]]:
    """Return what was started, and the folders of what was written."""
    lines = log.read_text().splitlines()
    written = {Path(line.removeprefix("open ")) for line in lines if line.startswith("open ")}
    return [line for line in lines if not line.startswith("open ")], {file.parent for file in written}


class Watched:
    """The program under the wrapper, with a hostile environment and everything it does written down."""

    def __init__(self, desk: LineDesk, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.log = folder / "log" / "done"
        self.log.parent.mkdir()
        before = f"sys.path.insert(0, {str(ROOT)!r}); from tests.e2e.watched import record"
        at_start = f"import sys; {before}; record({str(self.log)!r}); del sys.path[0]"
        wrapper = install(folder / "opt", desk.config_file, at_start=at_start)
        hostile = {**HOSTILE, "HOME": str(self.home), "TERM": "xterm-256color"}
        self._allowed = {desk.store_file.parent, self.log.parent}
        self.desk = PtyDesk([str(wrapper), "-c", "sh -i"], env=hostile)

    def has_done_nothing_else(self) -> bool:
        """Whether nothing was started, and no file written but in its own folders."""
        (screen,) = descendants(self.desk.pid)
        own = self._allowed | {place for place in self.home.rglob("*") if "frontdesk" in place.parts}
        for pid in (self.desk.pid, screen):
            assert {file.parent for file in open_for_writing(pid)} <= own
        started, folders = told(self.log)
        assert started == [ITSELF]
        assert folders <= own | {Path("/dev")}
        return True


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 12))])
def test_any_keys_start_nothing_and_write_nothing_else(desk: LineDesk, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    watched = Watched(desk, tmp_path / "watched")
    with watched.desk as screen:
        screen.wait_for("6 bookings")
        for _ in range(40):
            pool = chance.choice(
                [SINGLE, SEQUENCES, SHELLWARDS, [b"\t"], [b"\x1b"], [b"\rc", b"\x10", b"\x1bOP"]]
            )
            screen.send(b"".join(chance.choice(pool) for _ in range(chance.randint(1, 6))))
            screen.screen_lines()
        screen.wait_still()
        assert watched.has_done_nothing_else()
        screen.signal(signal.SIGTERM)
        screen.wait_exit()
    assert told(watched.log)[0] == [ITSELF]


def test_the_watch_sees_what_is_done(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    log = tmp_path / "done"
    script = tmp_path / "script.py"
    script.write_text(
        "import os, subprocess\n"
        f"open({str(tmp_path / 'file')!r}, 'w').close()\n"
        "subprocess.run(['true'])\n"
        "os.system('true')\n"
        "os.posix_spawn('/bin/sh', ['sh', '-c', 'read line'], {})\n"
        "print('waits', flush=True)\n"
        "input()\n"
    )
    at_start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.e2e.watched import record; record({str(log)!r})"
    install(tmp_path / "opt", tmp_path / "none", at_start=at_start)
    with PtyDesk([str(tmp_path / "opt" / "bin" / "python"), "-I", str(script)]) as screen:
        screen.wait_for("waits")
        assert len(descendants(screen.pid)) == 1
        assert log in open_for_writing(screen.pid)
        screen.send(b"\n\n")
        screen.wait_exit()
    started, folders = told(log)
    assert {re.split(r"\W* ", line)[0] for line in started} == {
        "subprocess.Popen",
        "os.system",
        "os.posix_spawn",
    }
    assert tmp_path in folders
