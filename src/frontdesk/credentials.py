"""Secrets by name: where they may lie, and in which order they are looked for.

A secret is never in the config, in a command line, in a log or in a message; what is wrong
with one is said by its name.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from frontdesk.bookings import FrontdeskError

FOLDER = "credentials"
_LONGEST = 16_384

Secrets = Callable[[str], str]
"""Returns the secret of a credential's name. Raises MissingCredential."""


class MissingCredential(FrontdeskError):
    """A secret that the config names is nowhere, or lies where others can read it."""

    title = "A credential is missing"
    exit_code = 2


class Credentials:
    """The secrets of one installation.

    `folder` is where the config lies: beside it `credentials/NAME` may hold the secret, in a
    file of mode 0600. Before it comes the file of that name in `$CREDENTIALS_DIRECTORY`
    (https://systemd.io/CREDENTIALS), after it the variable `FRONTDESK_CREDENTIAL_NAME`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environment = environment

    def __call__(self, name: str) -> str:
        """Return the secret called `name`, without a final line break. Raises MissingCredential."""
        for file in self._files(name):
            secret = _read(file, name)
            if secret is not None:
                return secret
        if secret := self._environment.get(self._variable(name)):
            return secret
        raise MissingCredential(
            f"there is no credential {name}: put it into {self._folder / FOLDER / name} (mode 0600),"
            f" or into the variable {self._variable(name)}"
        )

    def _files(self, name: str) -> list[Path]:
        given = self._environment.get("CREDENTIALS_DIRECTORY")
        files = [Path(given) / name] if given else []
        return [*files, self._folder / FOLDER / name]

    @staticmethod
    def _variable(name: str) -> str:
        return "FRONTDESK_CREDENTIAL_" + name.upper().replace("-", "_")


def _read(file: Path, name: str) -> str | None:
    """Return what a file holds, or None when it is not there. Raises MissingCredential."""
    try:
        # A link could lead to a file that somebody else may change.
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MissingCredential(f"the credential {name} cannot be read: {file}: {error.strerror}") from None
    with os.fdopen(handle, "rb") as opened:
        if os.fstat(handle).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise MissingCredential(
                f"the credential {name} could be read by others: chmod 600 {file}, and change the secret"
            )
        content = opened.read(_LONGEST)
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        secret = ""
    if not secret or not secret.isprintable():
        raise MissingCredential(f"the credential {name} is not one line of text: write {file} again")
    return secret
