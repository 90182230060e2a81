"""How often a PIN was wrong, kept where every process of this account on this host sees it.

Connecting again starts a new process, so a count that ended with the process would let a
short PIN be guessed. It is kept per operator in a small file of fixed size that is written
over in place: a disk that has become full stops no count that has begun.
"""

import contextlib
import fcntl
import json
import math
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

WRONG_PINS_FREE = 3
LONGEST_PAUSE = 60.0
"""Seconds: somebody who guesses on purpose can keep an operator out for no longer."""

_SIZE = 512
_LOCK_SECONDS = 3.0
_SLOWEST = WRONG_PINS_FREE + 6
"""As many wrong PINs bring the longest pause."""


class Paused(Exception):
    """The next try has to wait, for so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class WrongPins:
    """What went wrong before an operator's right PIN: how many tries, and since when.

    With `was_damaged` the count could not be read and began anew, so there may have been more.
    `why_not_kept` says why they are not counted beyond the program's end, if they are not.
    """

    number: int
    since: datetime
    was_damaged: bool = False
    why_not_kept: str = ""


@dataclass(frozen=True, slots=True)
class _Count:
    """Tries since the last right PIN; instants in seconds since the epoch."""

    wrong: int = 0
    since: float = 0.0
    last: float = 0.0
    was_damaged: bool = False

    def at(self, now: float) -> "_Count":
        """The same where the clock was set back: a pause then ends as late as if it began now."""
        return self if self.last <= now else replace(self, last=now, since=min(self.since, now))

    def pause_left(self, now: float) -> float:
        """Seconds until the next try: two after the third, then twice as long each time."""
        if self.wrong < WRONG_PINS_FREE:
            return 0.0
        steps = min(self.wrong, _SLOWEST) - WRONG_PINS_FREE + 1
        return self.last + min(2.0**steps, LONGEST_PAUSE) - now

    def and_one(self, now: float) -> "_Count":
        return replace(self, wrong=self.wrong + 1, since=self.since if self.wrong else now, last=now)


class PinTries:
    """Counts tries by operator, in files of `folder`; `whose` tells installations of one account apart.

    A try counts as wrong before it is looked at, and no more once it was right: who breaks one
    off gains nothing. Where nothing can be kept, the count is this process's own, and
    `why_not_kept` says why. Its methods read and write files: call them in a thread. `clock`
    tells seconds since the epoch.
    """

    def __init__(self, folder: Path, whose: str, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._whose = whose
        self._clock = clock
        self._own: dict[str, _Count] = {}
        self.why_not_kept = ""

    def begin(self, name: str) -> None:
        """Count a try. Raises Paused when it has come too early; then it does not count."""
        now = self._clock()
        try:
            with self._kept(name) as file:
                count = file.count.at(now)
                if (left := count.pause_left(now)) <= 0:
                    file.write(count.and_one(now))
                elif count is not file.count or file.is_unwritten:
                    file.write(count)
        except OSError as error:
            self._note(error)
            count = self._own.get(name, _Count()).at(now)
            if (left := count.pause_left(now)) <= 0:
                self._own[name] = count.and_one(now)
        else:
            self.why_not_kept = ""
        if left > 0:
            raise Paused(left)

    def succeed(self, name: str) -> WrongPins | None:
        """The try that began last was right: forget them all; return what went wrong before, if anything."""
        counts = [self._own.pop(name, _Count())]
        try:
            with self._kept(name) as file:
                counts.append(file.count)
                file.write(_Count())
        except OSError as error:
            self._note(error)
        count = _together(counts)
        wrong = count.wrong - 1
        if wrong <= 0 and not count.was_damaged and not self.why_not_kept:
            return None
        since = datetime.fromtimestamp(count.since, UTC)
        return WrongPins(max(wrong, 0), since, count.was_damaged, self.why_not_kept)

    def look(self) -> str:
        """Return why nothing could be kept, or nothing; changes nothing."""
        place = self._folder
        try:
            if place.exists():
                _check_owner(place.stat(), place, 0o700)
            while not place.exists():
                place = place.parent
        except OSError as error:
            return _in_words(error, place)
        return "" if os.access(place, os.W_OK | os.X_OK) else f"{place} cannot be written"

    def _note(self, error: OSError) -> None:
        self.why_not_kept = _in_words(error, self._folder)

    @contextmanager
    def _kept(self, name: str) -> Iterator["_File"]:
        """Yield what is kept of `name`, which nobody else reads or writes meanwhile. Raises OSError."""
        import hashlib

        digest = hashlib.sha256(f"{self._whose}\0{name}".encode()).hexdigest()[:16]
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _check_owner(os.fstat(folder), self._folder, 0o700)
            _lock(folder)
            file = _File(self._folder / f"wrong-pins-{digest}.json", self._clock())
            try:
                yield file
            finally:
                file.close()
        finally:
            os.close(folder)


class _File:
    """One count on the disk. Raises OSError."""

    def __init__(self, path: Path, now: float) -> None:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._handle = os.open(path, flags)
        except FileNotFoundError:
            self._handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
            self._path: Path | None = path
        else:
            self._path = None
        self.is_unwritten = False
        try:
            self.count = _Count() if self._path else self._read(path, now)
        except BaseException:
            self.close()
            raise

    def _read(self, path: Path, now: float) -> _Count:
        _check_owner(os.fstat(self._handle), path, 0o600)
        try:
            kept = json.loads(os.pread(self._handle, _SIZE + 1, 0))
            count = _Count(
                int(kept["wrong"]), float(kept["since"]), float(kept["last"]), bool(kept["damaged"])
            )
            if count.wrong < 0 or not (math.isfinite(count.since) and 0 <= count.since <= count.last < 1e11):
                raise ValueError
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            # What it said is not known: the longest pause, once.
            self.is_unwritten = True
            return _Count(_SLOWEST, now, now, was_damaged=True)
        return count

    def write(self, count: _Count) -> None:
        """Keep it."""
        content = {
            "wrong": count.wrong,
            "since": count.since,
            "last": count.last,
            "damaged": count.was_damaged,
        }
        line = json.dumps(content).ljust(_SIZE - 1) + "\n"
        if os.pwrite(self._handle, line.encode(), 0) != _SIZE:
            raise OSError(0, "not all of it could be written")
        os.ftruncate(self._handle, _SIZE)
        os.fsync(self._handle)
        self._path = None

    def close(self) -> None:
        """Let go of it; one that was made and not written is taken away."""
        os.close(self._handle)
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()


def _together(counts: list[_Count]) -> _Count:
    """What was counted here and there: a disk may have come and gone meanwhile."""
    since = min((one.since for one in counts if one.wrong), default=0.0)
    return _Count(sum(one.wrong for one in counts), since, since, any(one.was_damaged for one in counts))


def _lock(folder: int) -> None:
    """Wait until nobody else has the folder, which takes milliseconds. Raises OSError after seconds."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def _check_owner(about: os.stat_result, path: Path, mode: int) -> None:
    """Raise OSError where somebody else could change a count."""
    if about.st_uid not in (os.geteuid(), 0):
        raise OSError(0, f"{path} belongs to somebody else")
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError(0, f"others can write {path}: chmod {mode:o} {path}")


def _in_words(error: OSError, folder: Path) -> str:
    if not error.errno:
        return str(error.strerror)
    return f"{folder} cannot be used: {error.strerror}"
