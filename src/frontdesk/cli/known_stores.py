"""Remembers from one run of the program to the next which stores there have been.

A store is made automatically once, by the first start of an account. When its file is missing
later, a disk is not mounted or a backup is being put back: a new one would look like a practice
without bookings.
"""

import os
from pathlib import Path

_NAME = "stores"


class KnownStores:
    """The files of stores that this account has opened: one a line, in a file of `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _NAME

    def has(self, store: Path) -> bool:
        """Whether there has been a store there. What cannot be read may have said so."""
        try:
            return _line(store) in self._file.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def add(self, store: Path) -> None:
        """Remember that there is a store. Raises OSError."""
        if self.has(store):
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(_line(store))


def _line(store: Path) -> bytes:
    # A line break in a name must not make two of it.
    return ascii(str(store.absolute())).encode() + b"\n"
