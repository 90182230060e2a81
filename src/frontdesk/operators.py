"""Operators who share an account of the machine, and sign in by a short PIN.

A PIN says who sits at the desk; it guards nothing from somebody who can read the files of
the account. What it is guessed from is slow to try: argon2id, and pauses between tries that
all processes of the account keep together.
"""

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk import private_files, text
from frontdesk.bookings import Reason
from frontdesk.complaints import nearest
from frontdesk.errors import FrontdeskError, Refused
from frontdesk.wrong_pins import Paused, PinTries, WrongPins

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FILE = "operators.json"
LONGEST_NAME = 200
PIN_LENGTHS = range(4, 13)
UNCOUNTED_WAIT = 20.0
"""Seconds that each try takes where wrong ones cannot be kept count of: then every process begins anew."""
_LARGEST = 1 << 20
_ARGON2ID = re.compile(r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")


class UnusableOperators(FrontdeskError):
    """The file of operators cannot be read, or others could read it."""

    title = "Nobody can sign in"
    exit_code = 2


def rfc_9106() -> "PasswordHasher":
    """Return argon2id with the second recommended parameters of RFC 9106, section 4: 64 MiB, 3 passes.

    The first ones need 2 GiB for every sign-in (https://www.rfc-editor.org/rfc/rfc9106#section-4).
    """
    # Only who signs in, or sets a PIN, waits for the library.
    from argon2 import PasswordHasher, profiles

    return PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


class Operators:
    """The operators of `operators.json` in `folder`, each with the argon2id hash of their PIN.

    The file is read anew for every question, so who was added can sign in at once. How often
    a PIN was wrong is kept in the folder `state`, beside the file where none is named. `clock`
    tells seconds since the epoch; `open_hasher` makes what hashes, once it is needed; each try
    takes `uncounted_wait` seconds where nothing can be kept.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.time,
        open_hasher: Callable[[], "PasswordHasher"] = rfc_9106,
        *,
        state: Path | None = None,
        uncounted_wait: float = UNCOUNTED_WAIT,
    ) -> None:
        self._file = folder / FILE
        self._open_hasher = open_hasher
        self._uncounted_wait = uncounted_wait
        self._tries = PinTries(state or folder, str(self._file.absolute()), clock)
        self._before: dict[str, WrongPins] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The operators' names in order, none when there is no file. Raises UnusableOperators."""
        return tuple(sorted(self._hashes(), key=str.casefold))

    async def check(self, name: str, pin: str) -> bool:
        """Return whether this is the operator's PIN; a name that nobody has takes as long to say no.

        After three wrong PINs of a name the next tries have to wait, longer each time, a
        minute at most, in whatever process of this account they are made. Raises Refused
        while they do, and UnusableOperators.
        """
        name = text.clean(name)
        # Names that nobody has are counted together: they are not to fill a disk.
        counted = name if name in self._hashes() else ""
        try:
            await asyncio.to_thread(self._tries.begin, counted)
        except Paused as paused:
            seconds = math.ceil(paused.seconds)
            unit = "second" if seconds == 1 else "seconds"
            raise Refused(
                Reason("wrong-pins", f"too many wrong PINs: try again in {seconds} {unit}")
            ) from None
        if self._tries.why_not_kept:
            await asyncio.sleep(self._uncounted_wait)
        is_right = await asyncio.to_thread(self._matches, name, pin)
        if is_right and (before := await asyncio.to_thread(self._tries.succeed, counted)):
            self._before[name] = before
        return is_right

    def wrong_before(self, name: str) -> WrongPins | None:
        """Return what went wrong before this operator's right PIN just now, and forget it."""
        return self._before.pop(text.clean(name), None)

    def why_not_counted(self) -> str:
        """Return why wrong PINs cannot be kept count of beyond the program's end, or nothing."""
        return self._tries.look()

    def _matches(self, name: str, pin: str) -> bool:
        from argon2.exceptions import VerificationError, VerifyMismatchError

        kept = self._hashes().get(name)
        if kept is None:
            self._hasher.hash(pin)
            return False
        try:
            return self._hasher.verify(kept, pin)
        except VerifyMismatchError:
            return False
        except VerificationError as error:
            raise UnusableOperators(f"the PIN of {name} cannot be checked: {error}") from None

    def set(self, name: str, pin: str) -> str:
        """Give an operator a PIN, a new one too; return the name as it is kept.

        Raises Refused for what is no name or no PIN, and UnusableOperators.
        """
        name = text.clean(name)
        if not name or len(name) > LONGEST_NAME:
            raise Refused(
                Reason("no-name", f"an operator needs a name, of {LONGEST_NAME} characters at most")
            )
        if why_not := why_no_pin(pin):
            raise Refused(Reason("no-pin", why_not))
        hashes = self._hashes()
        self._write({**hashes, name: self._hasher.hash(pin)})
        return name

    def remove(self, name: str) -> None:
        """Take an operator away. Raises Refused when nobody has this name, and UnusableOperators."""
        hashes = self._hashes()
        known = text.clean(name)
        if hashes.pop(known, None) is None:
            said = f"there is no operator {known}, {nearest(known, hashes)}"
            raise Refused(Reason("unknown-operator", said))
        self._write(hashes)

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        return self._open_hasher()

    def _hashes(self) -> dict[str, str]:
        try:
            content = private_files.read(self._file, _LARGEST)
        except private_files.Exposed as exposed:
            could = "read" if exposed.path == self._file else "exchanged"
            raise UnusableOperators(
                f"{self._file} could be {could} by others: {exposed.how}, and give new PINs"
            ) from None
        except OSError as error:
            raise UnusableOperators(f"{self._file} cannot be read: {error.strerror}") from None
        if content is None:
            return {}
        try:
            hashes = json.loads(content)
        except ValueError:
            raise self._broken() from None
        if not isinstance(hashes, dict) or not all(
            isinstance(kept, str) and _ARGON2ID.fullmatch(kept) and text.clean(name) == name
            for name, kept in hashes.items()
        ):
            raise self._broken()
        return hashes

    def _write(self, hashes: Mapping[str, str]) -> None:
        content = json.dumps(hashes, ensure_ascii=False, indent=1) + "\n"
        try:
            private_files.write(self._file, content.encode())
        except OSError as error:
            raise UnusableOperators(f"{self._file} cannot be written: {error.strerror}") from None

    def _broken(self) -> UnusableOperators:
        return UnusableOperators(f"{self._file} is damaged: remove it, and give the PINs again")


def why_no_pin(pin: str) -> str:
    """Return why this cannot be a PIN, or nothing. Never repeats it."""
    if len(pin) not in PIN_LENGTHS:
        return f"a PIN has {PIN_LENGTHS.start} to {PIN_LENGTHS.stop - 1} characters"
    if not (pin.isascii() and pin.isalnum()):
        return "a PIN has digits and plain letters only"
    if len(set(pin)) == 1:
        return "a PIN of one character repeated is guessed first: choose another one"
    return ""
