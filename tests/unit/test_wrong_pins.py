"""Wrong PINs are counted by all processes of an account together, whatever becomes of disk, file and clock."""

import fcntl
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk import wrong_pins
from frontdesk.wrong_pins import LONGEST_PAUSE, Paused, PinTries, WrongPins
from tests.unit.test_operators import Clock

KIM = "Kim Nguyen"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def tries(folder: Path, clock: Clock) -> PinTries:
    return PinTries(folder, "here", clock)


def again(tries: PinTries) -> PinTries:
    """Return what another process of the account has."""
    return PinTries(tries._folder, tries._whose, tries._clock)


def pause(tries: PinTries, name: str = KIM) -> float:
    """Try; return the pause that this try met, 0 when it counted."""
    try:
        tries.begin(name)
    except Paused as paused:
        return paused.seconds
    return 0.0


def file_of(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_who_connects_again_meets_the_same_pause(tries: PinTries, clock: Clock) -> None:
    for _ in range(3):
        assert pause(again(tries)) == 0
    assert pause(again(tries)) == 2
    clock.now += 2
    assert pause(again(tries)) == 0
    assert pause(again(tries)) == 4


def test_no_pause_is_longer_than_a_minute(tries: PinTries, clock: Clock) -> None:
    for _ in range(1100):
        pause(tries)
        clock.now += LONGEST_PAUSE
    assert pause(tries) == 0
    assert pause(tries) == LONGEST_PAUSE


def test_a_right_pin_says_what_went_before_and_forgets_it(tries: PinTries, clock: Clock) -> None:
    for _ in range(2):
        tries.begin(KIM)
    first = datetime.fromtimestamp(clock.now, UTC)
    clock.now += 3600
    other = again(tries)
    other.begin(KIM)
    assert other.succeed(KIM) == WrongPins(2, first)
    other.begin(KIM)
    assert other.succeed(KIM) is None
    assert [pause(tries) for _ in range(4)] == [0, 0, 0, 2]


def test_operators_and_installations_are_counted_apart(tries: PinTries, folder: Path, clock: Clock) -> None:
    for _ in range(3):
        tries.begin(KIM)
    assert pause(tries, "Tom Reid") == 0
    assert pause(PinTries(folder, "elsewhere", clock)) == 0
    assert pause(tries) > 0


def test_nobody_else_may_read_or_change_it(tries: PinTries, folder: Path) -> None:
    tries.begin(KIM)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file_of(folder).stat().st_mode & 0o777 == 0o600
    assert KIM not in file_of(folder).read_text() + file_of(folder).name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 512,
        b"{",
        b"[]",
        b"null",
        b'{"wrong": -1, "since": 0, "last": 0, "damaged": false}',
        b'{"wrong": 0, "since": NaN, "last": 0, "damaged": false}',
        b'{"wrong": 9, "since": 0, "last": Infinity, "damaged": false}',
        b'{"wrong": 1e999, "since": 0, "last": 0, "damaged": false}',
        b'{"wrong": "x", "since": 0, "last": 0, "damaged": false}',
        b"[" * 512,
        b"x" * 5000,
    ],
    ids=lambda content: ascii(content[:20]),
)
def test_a_damaged_count_is_the_longest_pause_once_and_is_told(
    tries: PinTries, folder: Path, clock: Clock, content: bytes
) -> None:
    tries.begin(KIM)
    file_of(folder).write_bytes(content)
    assert pause(tries) == LONGEST_PAUSE
    clock.now += 30
    assert pause(again(tries)) == LONGEST_PAUSE - 30
    clock.now += 30
    assert pause(tries) == 0
    told = tries.succeed(KIM)
    assert told is not None
    assert told.was_damaged
    tries.begin(KIM)
    assert tries.succeed(KIM) is None


@pytest.mark.parametrize("back", [5.0, 3600.0, 1e9])
def test_a_clock_that_is_set_back_lengthens_a_pause_once(tries: PinTries, clock: Clock, back: float) -> None:
    clock.now = 1.7e9
    for _ in range(3):
        tries.begin(KIM)
    clock.now -= back
    assert pause(tries) == 2
    clock.now += 2
    assert pause(tries) == 0


class TestWhereNothingCanBeKept:
    @pytest.fixture
    def full_disk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(handle: int, data: bytes, at: int) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.pwrite", fail)

    def test_the_process_counts_for_itself_and_says_so(
        self, tries: PinTries, folder: Path, full_disk: None
    ) -> None:
        assert [pause(tries) for _ in range(4)] == [0, 0, 0, 2]
        assert tries.why_not_kept == f"{folder} cannot be used: No space left on device"
        assert list(folder.iterdir()) == []

    def test_who_signs_in_is_told(self, tries: PinTries, full_disk: None) -> None:
        tries.begin(KIM)
        told = tries.succeed(KIM)
        assert told is not None
        assert (told.number, told.why_not_kept) == (0, tries.why_not_kept)

    def test_what_was_kept_before_counts_when_it_can_be_kept_again(
        self, tries: PinTries, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries.begin(KIM)
        since = datetime.fromtimestamp(clock.now, UTC)
        clock.now += 10
        with monkeypatch.context() as full:
            full.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
            tries.begin(KIM)
        clock.now += 10
        tries.begin(KIM)
        assert tries.why_not_kept == ""
        told = tries.succeed(KIM)
        assert told is not None
        assert told.since == since
        assert told.number >= 2

    @pytest.mark.parametrize("mode", [0o770, 0o707, 0o702])
    def test_a_folder_that_others_can_write(self, tries: PinTries, folder: Path, mode: int) -> None:
        tries.begin(KIM)
        folder.chmod(mode)
        assert again(tries).look() == f"others can write {folder}: chmod 700 {folder}"
        tries.begin(KIM)
        assert tries.why_not_kept == f"others can write {folder}: chmod 700 {folder}"

    def test_a_file_that_others_can_write(self, tries: PinTries, folder: Path) -> None:
        tries.begin(KIM)
        file_of(folder).chmod(0o666)
        tries.begin(KIM)
        assert "chmod 600" in tries.why_not_kept

    def test_a_link(self, tries: PinTries, folder: Path, tmp_path: Path) -> None:
        tries.begin(KIM)
        there = file_of(folder)
        file = there.rename(tmp_path / "elsewhere")
        before = file.read_bytes()
        there.symlink_to(file)
        tries.begin(KIM)
        assert "cannot be used" in tries.why_not_kept
        assert file.read_bytes() == before

    def test_a_folder_that_is_a_file(self, tries: PinTries, folder: Path) -> None:
        folder.write_text("")
        tries.begin(KIM)
        assert "cannot be used" in tries.why_not_kept

    def test_somebody_who_holds_the_lock_for_ever(
        self, tries: PinTries, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries.begin(KIM)
        monkeypatch.setattr(wrong_pins, "_LOCK_SECONDS", 0.05)
        held = os.open(folder, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            tries.begin(KIM)
            assert "cannot be used" in tries.why_not_kept
        finally:
            os.close(held)

    def test_looking_makes_nothing(self, tries: PinTries, folder: Path) -> None:
        assert tries.look() == ""
        assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="a small disk is a file system of Linux")
def test_a_count_that_has_begun_goes_on_when_the_disk_is_full(tmp_path: Path) -> None:
    """On a real file system without a free block, in a mount namespace of its own."""
    code = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from frontdesk.wrong_pins import Paused, PinTries\n"
        "disk = Path(sys.argv[1])\n"
        "subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], check=True)\n"
        "tries = PinTries(disk / 'state', 'here')\n"
        "tries.begin('Kim')\n"
        "with open(disk / 'filler', 'wb', buffering=0) as filler:\n"
        "    try:\n"
        "        while True: filler.write(bytes(1024))\n"
        "    except OSError as full: assert full.errno == 28\n"
        "for _ in range(2): tries.begin('Kim')\n"
        "try:\n"
        "    PinTries(disk / 'state', 'here').begin('Kim')\n"
        "except Paused: print('paused', repr(tries.why_not_kept))\n"
    )
    (tmp_path / "disk").mkdir()
    inside = ["unshare", "--user", "--map-root-user", "--mount"] if os.geteuid() else ["unshare", "--mount"]
    done = subprocess.run(
        [*inside, sys.executable, "-c", code, str(tmp_path / "disk")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "paused ''\n", done.stderr


def test_processes_at_the_same_time_count_every_try(folder: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from frontdesk.wrong_pins import Paused, PinTries\n"
        "moment = iter(range(0, 10**9, 100))\n"
        "tries = PinTries(Path(sys.argv[1]), 'here', lambda: float(next(moment)) + 1e9)\n"
        "sys.stdin.readline()\n"
        "counted = 0\n"
        "for _ in range(40):\n"
        "    try: tries.begin('Kim')\n"
        "    except Paused: continue\n"
        "    counted += 1\n"
        "print(counted, repr(tries.why_not_kept))\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in running:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()
    counted = 0
    for one in running:
        said, _ = one.communicate()
        number, kept = said.split()
        assert kept == "''"
        counted += int(number)
    assert counted > 3
    assert json.loads(file_of(folder).read_text())["wrong"] == counted
