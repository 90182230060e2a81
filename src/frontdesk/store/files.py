"""Files of patient data: readable by their owner alone, whatever the umask, and whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from frontdesk.bookings import Reason
from frontdesk.errors import Refused, Unavailable


def create(path: Path) -> None:
    """Make an empty file, and the folders it lies in. Raises OSError, FileExistsError if it is there."""
    for folder in (*reversed(path.parent.parents), path.parent):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


@contextmanager
def new(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a file beside `target` that takes its name when all went well, and else goes.

    Raises Refused if `target` exists and is not to be replaced, Unavailable if it cannot be
    written.
    """
    partial = target.with_name(f"{target.name}.partial")
    exists = Refused(Reason("exists", f"{target} exists already: choose another name"))
    if target.exists() and not replace:
        raise exists
    try:
        partial.unlink(missing_ok=True)
        create(partial)
        yield partial
        if replace:
            partial.replace(target)
        else:
            # A link, unlike a rename, never takes the place of a file that came meanwhile.
            os.link(partial, target)
    except FileExistsError:
        raise exists from None
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            partial.unlink()
