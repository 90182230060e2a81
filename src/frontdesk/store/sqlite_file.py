"""The file that an SQLite store is: opening it, and whether it can be written."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote


def host_clock() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


def connect(path: Path, mode: str, *, detect_types: int = 0) -> sqlite3.Connection:
    """Open the file, `mode` "ro" or "rw", without ever making it; any thread may use the connection.

    Raises sqlite3.Error.
    """
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        detect_types=detect_types,
    )


def identity(path: Path) -> tuple[int, int]:
    """Return what tells the file at this place from any other. Raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino


def why_not_writable(path: Path) -> str:
    """Return why nothing can be written to the store, or nothing when it can."""
    try:
        is_read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    except OSError:
        return "the store's file cannot be reached"
    if is_read_only:
        return "the store is read-only here: its disk is mounted read-only"
    if not os.access(path, os.W_OK):
        return "the store is read-only here: its file may not be written"
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        return "the store is read-only here: its folder may not be written"
    return ""
