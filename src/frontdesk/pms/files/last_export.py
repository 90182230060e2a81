"""What the last export looked like: one that differs too much from it is not believed when something is missing."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from frontdesk import private_files
from frontdesk.pms.port import PmsUnavailable

_LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class Look:
    """What an export looks like: digests of all of it and of its heading, its rows, whether its last line ends.

    `written` is when it was written, in seconds since the epoch. `doubt` is why it was not believed beside the
    one before it, empty where it was.
    """

    digest: str
    heading: str
    rows: int
    written: float
    is_ended: bool = True
    doubt: str = ""


class LastExport:
    """Remembers the look of the last export, in `file` where there is one, so that a new process knows it too.

    With `is_kept` False nothing is written. A memory that cannot be read counts as none, as one that cannot
    be written does: then the next export has nothing to be compared with.
    """

    def __init__(self, file: Path | None, *, is_kept: bool = True) -> None:
        self._file = file
        self._is_kept = is_kept
        self._last = self._read()

    def doubt(self, look: Look) -> str:
        """Return why an export may not be whole, beside the one before it; nothing where it may.

        The same export gets the same answer however often it is read. Raises PmsUnavailable for one that is
        older than the one before it: what has moved since would be moved back.
        """
        last = self._last
        if last is not None and last.digest == look.digest:
            return last.doubt
        if last is not None and look.written < last.written:
            raise PmsUnavailable(
                "the newest export is older than the one read before it, which was taken away"
            )
        self._last = replace(look, doubt=_doubt(last, look))
        if self._file is not None and self._is_kept:
            with suppress(OSError):
                private_files.write(self._file, json.dumps(asdict(self._last)).encode())
        return self._last.doubt

    def _read(self) -> Look | None:
        if self._file is None:
            return None
        try:
            content = private_files.read(self._file, _LONGEST)
            last = Look(**json.loads(content)) if content else None
        except (OSError, ValueError, TypeError, private_files.Exposed):
            return None
        is_right = last is None or (
            isinstance(last.rows, int)
            and isinstance(last.written, float)
            and all(isinstance(one, str) for one in (last.digest, last.doubt))
        )
        return last if is_right else None


def _doubt(last: Look | None, look: Look) -> str:
    if last is None:
        return ""
    if look.heading != last.heading:
        return "it has another heading than the one before it"
    if look.rows * 2 < last.rows:
        return f"it has {look.rows:,} rows where the one before it had {last.rows:,}"
    if last.is_ended and not look.is_ended:
        return "its last line has no end, as if it were cut off"
    return ""
