"""Secrets by name: where they may lie, and in which order they are looked for.

A secret is never in the config, in a command line, in a log or in a message; what is wrong
with one is said by its name.
"""

import os
import stat
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Protocol

from frontdesk import private_files
from frontdesk.errors import FrontdeskError
from frontdesk.os_keyring import OsKeyring, Shut

FOLDER = "credentials"
NAME = r"^[a-z0-9][a-z0-9-]*$"
"""What a credential may be called: it becomes a file's name, and a variable's."""

_VARIABLE = "FRONTDESK_CREDENTIAL_"
_LONGEST = 16_384

Secrets = Callable[[str], str]
"""Returns the secret of a credential's name. Raises MissingCredential."""


class MissingCredential(FrontdeskError):
    """A secret is nowhere, lies where others can read it, or cannot be put where it belongs."""

    title = "A credential cannot be used"
    exit_code = 2


class Place(Protocol):
    """Where a secret may lie. `where` says it in words; nobody changes one that is not `is_ours`."""

    where: str
    is_ours: bool

    def read(self) -> str | None:
        """Return the secret, or None when there is none. Raises MissingCredential and Shut."""
        ...

    def delete(self) -> bool:
        """Take the secret out of a place of ours; return whether one was there. Raises like `read`."""
        ...


class Credentials:
    """The secrets of one installation, in the order they are looked for.

    The operating system's keyring, if there is a real one; the file of that name in
    `$CREDENTIALS_DIRECTORY` (https://systemd.io/CREDENTIALS); `credentials/NAME` in `folder`,
    where the config lies, of mode 0600; the variable `FRONTDESK_CREDENTIAL_NAME`. A look-up
    blocks, for seconds where a keyring does not answer: call it in a thread.
    """

    def __init__(
        self,
        folder: Path,
        environment: MutableMapping[str, str] = os.environ,
        keyring: OsKeyring | None = None,
    ) -> None:
        self._folder = folder / FOLDER
        self._environment = environment
        self.keyring = keyring or OsKeyring(environment)

    def __call__(self, name: str) -> str:
        """Return the secret called `name`, without a final line break. Raises MissingCredential."""
        for _, secret in self.found(name):
            return secret
        but = f" ({trouble})" if (trouble := self.keyring_trouble()) else ""
        raise MissingCredential(
            f"there is no credential {name}{but}. Keep it with: frontdesk credentials set {name}"
            f" (or in {self._folder / name}, mode 0600, or in the variable {_variable(name)})"
        )

    def found(self, name: str) -> Iterator[tuple[Place, str]]:
        """Yield the places that have the secret, and what each has; the first one counts.

        A keyring that cannot be used now counts as not there. Raises MissingCredential.
        """
        for place in self.places(name):
            try:
                secret = place.read()
            except Shut:
                continue
            if secret is not None:
                yield place, secret

    def keyring_trouble(self) -> str:
        """Return why the keyring's secrets are not found, such as that it is locked; else nothing."""
        try:
            self.keyring.is_there()
        except Shut as why:
            return f"the keyring {why}"
        return ""

    def places(self, name: str) -> tuple[Place, ...]:
        """Return where the secret called `name` may lie; the first place that has one counts."""
        given = self._environment.get("CREDENTIALS_DIRECTORY")
        return (
            _InKeyring(self.keyring, name),
            *([_FromSystemd(Path(given) / name, name)] if given else []),
            self.file(name),
            _Variable(self._environment, name),
        )

    def file(self, name: str) -> "InFile":
        """Return the place beside the config."""
        return InFile(self._folder / name, name)

    def keep(self, name: str, secret: str, *, in_file: bool = False) -> Place:
        """Put a secret into the keyring if there is one, else or when asked into its file; return which.

        Raises Shut when there is a keyring that cannot be used now, and MissingCredential.
        """
        _check(secret, name, "what was given")
        if not in_file and self.keyring.is_there():
            self.keyring.set(name, secret)
            return _InKeyring(self.keyring, name)
        self.file(name).write(secret)
        return self.file(name)

    def why_changeable(self) -> str:
        """Return how others could put secrets beside the config, with what to do, or nothing."""
        return private_files.why_changeable(self._folder) if self._folder.is_dir() else ""

    def names(self) -> Iterator[str]:
        """Yield the names in the folder and in the environment; a keyring does not tell its own."""
        if self._folder.is_dir():
            yield from sorted(file.name for file in self._folder.iterdir() if file.name[0] != ".")
        for variable in sorted(self._environment):
            if variable.startswith(_VARIABLE):
                yield variable.removeprefix(_VARIABLE).lower().replace("_", "-")


class _InKeyring:
    where, is_ours = "the keyring", True

    def __init__(self, keyring: OsKeyring, name: str) -> None:
        self._keyring = keyring
        self._name = name

    def read(self) -> str | None:
        secret = self._keyring.get(self._name)
        return None if secret is None else _check(secret, self._name, self.where)

    def delete(self) -> bool:
        return self._keyring.delete(self._name)


class InFile:
    """A file of one line, readable by its owner alone."""

    is_ours = True
    _forbidden = private_files.ANYONE_ELSE

    def __init__(self, file: Path, name: str) -> None:
        self._file = file
        self._name = name
        self.where = str(file)

    def read(self) -> str | None:
        """Return the secret, or None when there is no file. Raises MissingCredential."""
        try:
            content = private_files.read(self._file, _LONGEST, forbidden=self._forbidden)
        except private_files.Exposed as exposed:
            could = "read" if exposed.path == self._file else "exchanged"
            raise MissingCredential(
                f"the credential {self._name} could be {could} by others: {exposed.how}, and change the secret"
            ) from None
        except OSError as error:
            raise self._unusable("read", error) from None
        if content is None:
            return None
        try:
            secret = content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            secret = ""
        return _check(secret, self._name, self.where)

    def write(self, secret: str) -> None:
        """Put the secret there, in place of any other. Raises MissingCredential."""
        try:
            private_files.write(self._file, f"{secret}\n".encode())
        except OSError as error:
            raise self._unusable("written", error) from None

    def delete(self) -> bool:
        """Remove the file; return whether there was one. Raises MissingCredential."""
        try:
            self._file.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unusable("removed", error) from None
        return True

    def _unusable(self, what: str, error: OSError) -> MissingCredential:
        return MissingCredential(
            f"the credential {self._name} cannot be {what}: {self._file}: {error.strerror}"
        )


class _FromSystemd(InFile):
    """A secret that systemd hands over. An ACL says who may read it, and its mask looks like the group's bits.

    (https://github.com/systemd/systemd, src/core/exec-credential.c, `write_credential`)
    """

    is_ours = False
    _forbidden = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP


class _Variable:
    is_ours = False

    def __init__(self, environment: MutableMapping[str, str], name: str) -> None:
        self._environment = environment
        self._name = name
        self.where = f"the variable {_variable(name)}"

    def read(self) -> str | None:
        secret = self._environment.get(_variable(self._name))
        return _check(secret, self._name, self.where) if secret else None

    def delete(self) -> bool:
        return False


def _variable(name: str) -> str:
    return _VARIABLE + name.upper().replace("-", "_")


def _check(secret: str, name: str, where: str) -> str:
    """Return a secret that could be one. Raises MissingCredential, without repeating it."""
    if not secret or not secret.isprintable() or len(secret) >= _LONGEST:
        raise MissingCredential(f"the credential {name} is not one line of text: write {where} again")
    return secret
