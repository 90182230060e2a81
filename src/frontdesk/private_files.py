"""Files that only their owner may read, secrets and hashes of PINs; and files that only their owner may change."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

ANYONE_ELSE = stat.S_IRWXG | stat.S_IRWXO


_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Exposed(Exception):
    """Others than the owner may read the file, or change it. `path` is what to mend, `how` the command for it."""

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path)
        self.path = path
        self.how = f"chmod {mode} {path}"


def why_changeable(path: Path, *, is_shared_folder_harmless: bool = True) -> str:
    """Return how others than its owner could change a file or folder, with what to do, or nothing.

    Whoever may write the folder can put another file in the place of this one. In a folder such as
    /tmp only owners can; it counts as harmless, unless `is_shared_folder_harmless` is False, as for a
    database, which makes files beside its own. A link is checked, and so is what it leads to. A group
    that has this user as its only member is not "others". Returns nothing for what does not exist.
    """
    for place in dict.fromkeys((path.resolve(), path.absolute())):
        for one, is_folder in ((place, False), (place.parent, True)):
            try:
                about = one.stat()
            except OSError:
                continue
            if is_folder and is_shared_folder_harmless and about.st_mode & stat.S_ISVTX:
                continue
            if _others_write(about):
                return f"others can change {one}: chmod go-w {one}"
    return ""


def _others_write(about: os.stat_result) -> bool:
    if about.st_mode & stat.S_IWOTH:
        return True
    return bool(about.st_mode & stat.S_IWGRP) and not _is_own_group(about.st_gid)


def _is_own_group(gid: int) -> bool:
    """Whether a group is this user's alone: it is their first one, has their name, and no other member."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return (gid, group.gr_name) == (user.pw_gid, user.pw_name) and {*group.gr_mem} <= {user.pw_name}


def read(file: Path, limit: int, *, forbidden: int = ANYONE_ELSE) -> bytes | None:
    """Return what a file holds, `limit` bytes at most, or None when it is not there.

    Raises Exposed when its mode has one of the `forbidden` bits or others may write its
    folder, and OSError, for a link and for what is no plain file as well.
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
            raise Exposed(file, "600")
        folder = file.parent.stat()
        if _others_write(folder) and not folder.st_mode & stat.S_ISVTX:
            raise Exposed(file.parent, "go-w")
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
