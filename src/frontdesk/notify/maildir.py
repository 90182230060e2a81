"""E-mail into a maildir: for a mail program on this machine, a test or a demonstration.

The format is that of https://cr.yp.to/proto/maildir.html. A file is named after the
Message-ID, so that a repeat overwrites itself.
"""

import asyncio
import contextlib
import os
from pathlib import Path

from frontdesk.attempts import Ended, Result
from frontdesk.notify.envelope import Envelope


class MaildirPost:
    """Writes e-mails into one maildir, and makes it when it is not there."""

    repeats_are_harmless = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, envelope: Envelope) -> Result:
        """Write one e-mail; done means that it would survive a power cut."""
        try:
            await asyncio.to_thread(self._write, envelope)
        except OSError as error:
            return Result(
                Ended.FAILED, f"the mail folder {self._folder.name} cannot be written: {error.strerror}"
            )
        return Result(Ended.DONE, f"e-mail put into the folder {self._folder.name}")

    async def check(self, sender: str) -> Result:
        """Look whether the folder, or the nearest one above it, can be written; make nothing."""
        nearest = next(one for one in (self._folder, *self._folder.parents) if one.is_dir())
        if await asyncio.to_thread(os.access, nearest, os.W_OK | os.X_OK):
            return Result(Ended.DONE, f"e-mail goes into the folder {self._folder.name}")
        return Result(Ended.FAILED, f"the mail folder {self._folder.name} cannot be written")

    async def close(self) -> None:
        """Nothing is open between two e-mails."""

    def _write(self, envelope: Envelope) -> None:
        parts = (self._folder / part for part in ("tmp", "new", "cur"))
        # Not parents=True: the folders above would then be open to others.
        for folder in (*reversed(self._folder.parents), self._folder, *parts):
            if not folder.is_dir():
                # Another e-mail of the same moment may be first.
                folder.mkdir(mode=0o700, exist_ok=True)
        name = envelope.message_id.strip("<>").partition("@")[0]
        if self._is_read(name):
            return
        half_done = self._folder / "tmp" / name
        try:
            _write_through(half_done, envelope.content)
            half_done.replace(self._folder / "new" / name)
        except OSError:
            with contextlib.suppress(OSError):
                half_done.unlink(missing_ok=True)
            raise
        _sync_folder(self._folder / "new")

    def _is_read(self, name: str) -> bool:
        """A mail program moves what it has shown to `cur` and adds flags behind a colon."""
        return any((self._folder / "cur").glob(f"{name}*"))


def _write_through(file: Path, content: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
