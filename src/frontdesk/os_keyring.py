"""The keyring of the operating system, asked in a way that it never asks back.

The `keyring` library takes the backend that a variable or a file names, or the one with the highest
priority. That backend may write plain text, and it opens a window of its own to unlock what is
locked. This module takes a backend only if it is one of `REAL`, and treats a locked keyring as missing.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

Answer = TypeVar("Answer")

SERVICE = "frontdesk"
"""The name under which a keyring keeps our secrets."""

PATIENCE = 2.0
"""Seconds until a keyring that does not answer is given up."""

_BUS = "DBUS_SESSION_BUS_ADDRESS"


class Shut(Exception):
    """The keyring cannot be used now. The text is the end of a sentence about it."""


class OsKeyring:
    """The keyring of this user, if there is a real one; it blocks, so ask it in a thread.

    `environment` says where the session's D-Bus is; it is never started. One that does not
    answer in `patience` seconds is asked again only when it has answered after all.
    """

    def __init__(
        self,
        environment: MutableMapping[str, str] = os.environ,
        platform: str = sys.platform,
        patience: float = PATIENCE,
    ) -> None:
        self._environment = environment
        self._platform = platform
        self._patience = patience
        self._backend: Any = None
        self._late: threading.Thread | None = None

    def is_there(self) -> bool:
        """Whether secrets can be kept in it. Raises Shut when it is there and cannot be used."""

        def can_be_read(backend: Any) -> bool:
            backend.get_password(SERVICE, SERVICE)
            return True

        return self._ask(can_be_read) or False

    def get(self, name: str) -> str | None:
        """Return the secret of that name, None when there is none or no keyring. Raises Shut."""
        secret = self._ask(lambda backend: backend.get_password(SERVICE, name))
        return secret if isinstance(secret, str) else None

    def set(self, name: str, secret: str) -> None:
        """Keep a secret. Raises Shut."""

        def put(backend: Any) -> bool:
            backend.set_password(SERVICE, name, secret)
            return True

        if not self._ask(put):
            raise Shut("is not there")

    def delete(self, name: str) -> bool:
        """Forget a secret; return whether there was one. Raises Shut."""

        def take_out(backend: Any) -> bool:
            if backend.get_password(SERVICE, name) is None:
                return False
            backend.delete_password(SERVICE, name)
            return True

        return self._ask(take_out) or False

    def _ask(self, question: Callable[[Any], Answer]) -> Answer | None:
        """Put a question to the backend, if there is one, and wait for the answer as long as patience lasts."""
        if not self._may_be_there():
            return None
        if self._late is not None and self._late.is_alive():
            raise Shut("does not answer")
        for module, _, _ in _kinds(self._platform):
            # A slow disk is no keyring that hangs.
            with suppress(Exception):
                import_module(module)
        answers: queue.SimpleQueue[Callable[[], Answer | None]] = queue.SimpleQueue()
        asking = threading.Thread(target=lambda: answers.put(_outcome(self._answer, question)), daemon=True)
        asking.start()
        try:
            answer = answers.get(timeout=self._patience)
        except queue.Empty:
            self._late = asking
            raise Shut("does not answer") from None
        return answer()

    def _answer(self, question: Callable[[Any], Answer]) -> Answer | None:
        self._backend = self._backend or find(self._platform)
        return None if self._backend is None else question(self._backend)

    def _may_be_there(self) -> bool:
        """Without a D-Bus session there is none on Linux, and its libraries need not be loaded to say so."""
        if self._platform in REAL:
            return True
        address = bus_address(self._environment)
        if address:
            # The libraries look only there.
            self._environment[_BUS] = address
        return bool(address)


def bus_address(environment: Mapping[str, str]) -> str:
    """Return where the D-Bus of this session is, or nothing: one that runs, never one to be started.

    Without a variable it is a socket of a fixed name (https://www.freedesktop.org/software/
    systemd/man/latest/pam_systemd.html, `$DBUS_SESSION_BUS_ADDRESS`).
    """
    if _BUS in environment:
        address = environment[_BUS]
        return address if address.startswith("unix:") else ""
    runtime = environment.get("XDG_RUNTIME_DIR")
    if not runtime or not (socket := Path(runtime) / "bus").is_socket():
        return ""
    return f"unix:path={quote(str(socket), safe='/')}"


def find(platform: str = sys.platform) -> Any:
    """Return the best real backend that works here, made unable to ask for anything; None without one."""
    best, bid = None, 0.0
    for module, name, make_quiet in _kinds(platform):
        try:
            kind = getattr(import_module(module), name)
            # A library of the same name could have put something else in its place.
            if (kind.__module__, kind.__qualname__) != (module, name) or not kind.priority > bid:
                continue
            backend = kind()
            if type(backend) is kind:
                make_quiet(backend)
                best, bid = backend, kind.priority
        except Exception:  # noqa: S112 (whatever keeps it from working, it is not there)
            continue
    return best


def _kinds(platform: str) -> "tuple[tuple[str, str, Quieten], ...]":
    return REAL.get(platform, ON_D_BUS)


def _outcome(work: Callable[..., Answer], *arguments: Any) -> Callable[[], Answer]:
    """Do the work; return what gives its result, or raises Shut for whatever went wrong."""
    try:
        result = work(*arguments)
    except Shut as shut:
        why = str(shut)
    except Exception as error:
        # Its own words could repeat a secret.
        why = "is locked" if type(error).__name__ == "KeyringLocked" else "does not work"
    else:
        return lambda: result

    def fail() -> Answer:
        raise Shut(why)

    return fail


def _quiet_secret_service(backend: Any) -> None:
    """The library's own way to a collection makes one, and unlocks it and its items, each by a window."""
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException

    def collection() -> Any:
        bus = secretstorage.dbus_init()
        try:
            default = secretstorage.get_collection_by_alias(bus, "default")
            refuse_locked(default)
        except ItemNotFoundException:
            bus.close()
            raise Shut("was never set up") from None
        except BaseException:
            bus.close()
            raise
        return default

    def refuse_locked(one: Any) -> None:
        if one.is_locked():
            raise Shut("is locked")

    backend.get_preferred_collection = collection
    backend.unlock = refuse_locked


def _quiet_kwallet(backend: Any) -> None:
    """Opening a wallet that is closed asks for its password (https://api.kde.org/kwallet-index.html)."""
    dbus: Any = import_module("dbus")
    connect = backend.connected

    def connected(service: str) -> bool:
        # `isOpen` takes a name or a number: what introspection tells of it is the wrong one.
        daemon = dbus.SessionBus().get_object(backend.bus_name, backend.object_path, introspect=False)
        wallets = dbus.Interface(daemon, "org.kde.KWallet")
        return bool(wallets.isOpen(wallets.networkWallet())) and bool(connect(service))

    backend.connected = connected


def _quiet_keychain(_: Any) -> None:
    """https://developer.apple.com/documentation/security/seckeychainsetuserinteractionallowed(_:)"""
    security: Any = import_module("keyring.backends.macOS.api")._sec
    security.SecKeychainSetUserInteractionAllowed(False)


def _already_quiet(_: Any) -> None:
    """The Windows credential store belongs to the login and asks for nothing."""


Quieten = Callable[[Any], None]

ON_D_BUS: tuple[tuple[str, str, Quieten], ...] = (
    ("keyring.backends.SecretService", "Keyring", _quiet_secret_service),
    ("keyring.backends.kwallet", "DBusKeyring", _quiet_kwallet),
)

REAL: Mapping[str, tuple[tuple[str, str, Quieten], ...]] = {
    "darwin": (("keyring.backends.macOS", "Keyring", _quiet_keychain),),
    "win32": (("keyring.backends.Windows", "WinVaultKeyring", _already_quiet),),
}
"""The backends that keep secrets, by platform, `ON_D_BUS` everywhere else.

keyring's `libsecret` is left out: it reaches the same service as SecretService, whose library
is always there, and cannot be kept from asking.
"""
