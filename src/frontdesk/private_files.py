"""Files for their owner's eyes alone: secrets, and the hashes of PINs."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

ANYONE_ELSE = stat.S_IRWXG | stat.S_IRWXO


class Exposed(Exception):
    """Others than the owner may read the file, or change it."""


def read(file: Path, limit: int, *, forbidden: int = ANYONE_ELSE) -> bytes | None:
    """Return what a file holds, `limit` bytes at most, or None when it is not there.

    Raises Exposed when its mode has one of the `forbidden` bits, and OSError, for a link and
    for what is no plain file as well.
    """
    try:
        # A link could lead to a file that somebody else may change; opening a pipe could wait for ever.
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as opened:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(0, "it is no plain file")
        if mode & forbidden:
            raise Exposed(file)
        return opened.read(limit)


def write(file: Path, content: bytes) -> None:
    """Put `content` into a file of mode 0600: all of it, or what was there before stays.

    A folder that is not there is made, of mode 0700. Root leaves a file to who owned it
    before. Raises OSError.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as opened:
            if os.geteuid() == 0 and file.exists():
                before = file.stat()
                os.fchown(handle, before.st_uid, before.st_gid)
            opened.write(content)
            opened.flush()
            os.fsync(handle)
        Path(draft).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
