"""Whose terminal went away, remembered in small files from one run of the program to the next."""

import contextlib
import json
import os
import secrets
from datetime import datetime
from pathlib import Path

from frontdesk import private_files

_LARGEST = 4_096


class CutOffs:
    """`desk.CutOffs` in the files of `folder`: one a cut terminal, with a name and a time.

    Several desks of one account are often cut off together; each writes a file of its own,
    and an operator's next start, at whichever desk, takes all files of this operator.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_cut = False

    def note(self, operator: str, at: datetime) -> None:
        """Remember it at once, on no disk yet: the process may have less than a second left."""
        self._is_cut = True
        content = json.dumps({"operator": operator, "at": at.isoformat()})
        file = self._folder / f"cut-off-{secrets.token_hex(8)}.json"
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
                opened.write(content)

    def take(self, operator: str) -> datetime | None:
        """Return the latest one of this operator, and delete all files of this operator."""
        if self._is_cut:
            return None  # a start that is still under way would take what was noted for the next one
        found = []
        with contextlib.suppress(OSError):
            for file in sorted(self._folder.glob("cut-off-*.json")):
                kept = _read(file)
                if kept is not None and kept[0] == operator:
                    file.unlink(missing_ok=True)
                    found.append(kept[1])
        return max(found, default=None)


def _read(file: Path) -> tuple[str, datetime] | None:
    """Return name and time of one file, None for what is no such file."""
    try:
        kept = json.loads(private_files.read(file, _LARGEST) or b"")
        at = datetime.fromisoformat(kept["at"])
        return (str(kept["operator"]), at) if at.tzinfo else None
    except (OSError, ValueError, KeyError, TypeError, private_files.Exposed):
        return None
