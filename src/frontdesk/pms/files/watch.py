"""Which file of a PMS's exports counts: the newest one, once nobody writes to it any more."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from frontdesk.pms.port import PmsUnavailable
from frontdesk.private_files import why_changeable

STILL = 5.0
"""For how many seconds size and time of a file must stand still until it counts."""

_AHEAD = timedelta(days=1)
"""How far another machine's clock, or its time zone, may be ahead."""

_PACKED = ("", ".gz", ".xz")
_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it lay there at one moment: another size, time or file is another stamp."""

    path: Path
    size: int
    modified: int
    """Nanoseconds since the epoch."""
    device: int
    inode: int

    @property
    def written_at(self) -> datetime:
        return datetime.fromtimestamp(self.modified / 1e9, UTC)

    def check(self) -> None:
        """Raise PmsUnavailable where the file is not as it was any more: it was written to, replaced or removed."""
        try:
            now = _stamp(self.path)
        except OSError:
            raise PmsUnavailable(f"{self.path.name} vanished while it was read") from None
        if now != self:
            raise PmsUnavailable(f"{self.path.name} was written to while it was read")


class Watch:
    """Watches one file, or what matches in a folder, for the newest of those whose names end in `endings`.

    Folder and file must not be changeable by others than their owners, and the file must be this account's,
    root's, or of who has the folder. `now` and `sleep` are the clock.
    """

    def __init__(
        self,
        path: Path,
        endings: tuple[str, ...],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._path = path
        self._endings = tuple(f"{ending}{packed}" for ending in endings for packed in _PACKED)
        self._now = now
        self._sleep = sleep
        self._looked: tuple[Stamp, datetime] | None = None
        self._still: Stamp | None = None

    async def newest(self) -> Stamp:
        """Return the newest file as it lies there now, still being written perhaps. Raises PmsUnavailable."""
        return await asyncio.to_thread(self._look)

    async def settled(self) -> Stamp:
        """Return the newest file that stood still for `STILL` seconds; the first time that takes as long.

        Raises PmsUnavailable, also where it is still being written then.
        """
        stamp = await self.newest()
        if stamp == self._still:
            return stamp
        if self._looked is None or self._looked[0] != stamp:
            self._looked = stamp, self._now()
        waits = STILL - (self._now() - self._looked[1]).total_seconds()
        if waits > 0:
            await self._sleep(min(waits, STILL))
            if (later := await self.newest()) != stamp:
                self._looked = later, self._now()
                raise PmsUnavailable(f"{later.path.name} is still being written")
        self._still = stamp
        return stamp

    def _look(self) -> Stamp:
        try:
            folder, names = self._names()
            stamps = [_stamp(folder / name) for name in names]
        except FileNotFoundError:
            raise PmsUnavailable(f"there is no {self._path.name} in {self._path.parent}") from None
        except OSError as error:
            why = (error.strerror or "no reason was given").lower()
            raise PmsUnavailable(f"{self._path.name} cannot be looked at: {why}") from None
        if not stamps:
            raise PmsUnavailable(f"no export lies in {folder} yet")
        stamp = max(stamps, key=lambda one: (one.modified, one.path.name))
        if stamp.written_at > self._now() + _AHEAD:
            raise PmsUnavailable(
                f"{stamp.path.name} is from the future: is the clock right where it is exported?"
            )
        if why := why_changeable(stamp.path, is_shared_folder_harmless=False) or _why_not_theirs(stamp.path):
            raise PmsUnavailable(why)
        return stamp

    def _names(self) -> tuple[Path, list[str]]:
        """Return the folder, and the names of the files in it that match. Raises OSError."""
        if self._path.is_dir():
            folder = self._path
            found = [one.name for one in folder.iterdir() if one.name.lower().endswith(self._endings)]
        elif _MAGIC & set(self._path.name):
            folder = self._path.parent
            found = [one.name for one in folder.iterdir() if fnmatchcase(one.name, self._path.name)]
        else:
            return self._path.parent, [self._path.name]
        return folder, [name for name in found if name[0] != "." and (folder / name).is_file()]


def _stamp(path: Path) -> Stamp:
    """Return how a file lies there. Raises OSError, for what is no plain file as well."""
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise OSError(0, "it is no plain file")
    return Stamp(path, about.st_size, about.st_mtime_ns, about.st_dev, about.st_ino)


def _why_not_theirs(path: Path) -> str:
    """Return that a file belongs to somebody who has nothing to put there, or nothing."""
    try:
        owner, folder = path.stat().st_uid, path.parent.stat().st_uid
    except OSError:
        return ""
    if owner in (os.geteuid(), 0, folder):
        return ""
    return f"{path} belongs to another account than its folder: chown it, or take it away"
