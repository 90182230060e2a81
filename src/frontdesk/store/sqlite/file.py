"""The file that an SQLite store is: opening it, and whether it can be written."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote


def host_clock() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class FileConnection(sqlite3.Connection):
    """A connection that knows which file it has open.

    A disk goes away, a backup is put in its place: the connection would go on reading and
    writing a file that nobody finds any more.
    """

    file: tuple[int, int] | None = None

    def is_at(self, path: Path) -> bool:
        """Whether the file that is open here is the one that lies at `path` now."""
        return self.file is not None and self.file == _file_at(path)


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_missing(path: Path) -> bool:
    """Whether there is nothing at `path`; what may not be looked at counts as there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def connect(path: Path, mode: str, *, detect_types: int = 0) -> FileConnection:
    """Open the file, `mode` "ro" or "rw", without ever making it; any thread may use the connection.

    Raises sqlite3.Error.
    """
    # Looked at first: if the file is replaced meanwhile, the connection is known not to be at the path.
    file = _file_at(path)
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        detect_types=detect_types,
        factory=FileConnection,
    )
    connection.file = file
    return connection


def why_not_writable(path: Path) -> str:
    """Return why nothing can be written to the store, or nothing when it can."""
    try:
        is_read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    except OSError:
        return "there is no connection to the bookings: their file cannot be found"
    if is_read_only:
        return "bookings cannot be changed here: their disk is mounted read-only"
    if not os.access(path, os.W_OK):
        return "bookings cannot be changed here: their file may not be written"
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        return "bookings cannot be changed here: their folder may not be written"
    return ""
