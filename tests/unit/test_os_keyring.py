"""Which keyrings are taken, and that none of them is let ask, start a bus or hold up the program."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked

from frontdesk import os_keyring
from frontdesk.os_keyring import OsKeyring, Shut, bus_address, find

SECRET = "canary-7f3a"
MAC = ("keyring.backends.macOS", "Keyring")


class Fake:
    """A keyring in memory."""

    priority = 5.0
    kept: dict[tuple[str, str], str]

    def __init__(self) -> None:
        self.kept = {("frontdesk", "smtp"): SECRET}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        self.kept[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


def put_in_place(
    monkeypatch: pytest.MonkeyPatch, kind: type[Any], module: str = MAC[0], name: str = MAC[1]
) -> None:
    """Have this class stand where a real backend stands, under the name it says it has itself."""
    standing = ModuleType(module)
    setattr(standing, name, kind)
    monkeypatch.setitem(sys.modules, module, standing)


def as_real(kind: type[Any], module: str = MAC[0], name: str = MAC[1]) -> type[Any]:
    """Return the class with the name of a real backend."""
    return type(name, (kind,), {"__module__": module, "__qualname__": name})


@pytest.fixture(autouse=True)
def _no_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = tuple((module, name, lambda _: None) for module, name, _ in os_keyring.REAL["darwin"])
    monkeypatch.setattr(os_keyring, "REAL", {"darwin": quiet})


@pytest.fixture
def on_mac() -> OsKeyring:
    """A platform that needs no D-Bus."""
    return OsKeyring({}, "darwin")


def test_a_real_one_keeps_and_forgets(monkeypatch: pytest.MonkeyPatch, on_mac: OsKeyring) -> None:
    put_in_place(monkeypatch, as_real(Fake))
    assert on_mac.is_there()
    assert on_mac.get("smtp") == SECRET
    assert on_mac.get("sms") is None
    on_mac.set("sms", "another")
    assert on_mac.get("sms") == "another"
    assert on_mac.delete("sms")
    assert not on_mac.delete("sms")
    assert on_mac.get("sms") is None


class Plaintext(Fake, KeyringBackend):
    """What keyrings.alt has: a file that everybody reads."""


REFUSED = {
    "plaintext": Plaintext,
    "chainer": chainer.ChainerBackend,
    "null": null.Keyring,
    "fail": fail.Keyring,
}


class TestWhatIsNotTaken:
    @pytest.mark.parametrize("kind", REFUSED.values(), ids=REFUSED.keys())
    def test_one_that_stands_where_a_real_one_should(
        self, monkeypatch: pytest.MonkeyPatch, kind: type[Any], on_mac: OsKeyring
    ) -> None:
        put_in_place(monkeypatch, kind)
        assert find("darwin") is None
        assert not on_mac.is_there()
        assert on_mac.get("smtp") is None
        assert not on_mac.delete("smtp")
        with pytest.raises(Shut, match="is not there"):
            on_mac.set("smtp", "new")

    @pytest.mark.parametrize("kind", REFUSED.values(), ids=REFUSED.keys())
    def test_what_variable_file_or_program_chose_for_the_library(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: type[Any], on_mac: OsKeyring
    ) -> None:
        named = f"{kind.__module__}.{kind.__qualname__}"
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", named)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        settings = tmp_path / "python_keyring" / "keyringrc.cfg"
        settings.parent.mkdir()
        settings.write_text(f"[backend]\ndefault-keyring={named}\nkeyring-path=/nowhere\n")
        monkeypatch.setattr("keyring.core._keyring_backend", kind())
        assert on_mac.get("smtp") is None
        assert "/nowhere" not in sys.path

    def test_one_that_cannot_work_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Elsewhere(type):
            @property
            def priority(cls) -> float:
                raise RuntimeError("macOS required")

        class Foreign(Fake, metaclass=Elsewhere):
            pass

        put_in_place(monkeypatch, as_real(Foreign))
        assert find("darwin") is None

    def test_one_whose_library_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, MAC[0], None)
        assert find("darwin") is None

    def test_one_that_makes_something_else_of_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Changeling(Fake):
            def __new__(cls) -> Any:
                return Plaintext()

        put_in_place(monkeypatch, as_real(Changeling))
        assert find("darwin") is None

    def test_one_that_cannot_be_made_quiet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def loud(_: object) -> None:
            raise OSError

        put_in_place(monkeypatch, as_real(Fake))
        monkeypatch.setattr(os_keyring, "REAL", {"darwin": ((*MAC, loud),)})
        assert find("darwin") is None


class TestTrouble:
    @pytest.mark.parametrize(
        ("error", "why"), [(KeyringLocked(SECRET), "is locked"), (OSError(SECRET), "does not work")]
    )
    def test_one_that_raises_says_so_without_its_own_words(
        self, monkeypatch: pytest.MonkeyPatch, on_mac: OsKeyring, error: Exception, why: str
    ) -> None:
        class Raising(Fake):
            def get_password(self, service: str, name: str) -> str | None:
                raise error

        put_in_place(monkeypatch, as_real(Raising))
        for ask in (on_mac.is_there, lambda: on_mac.get("smtp"), lambda: on_mac.delete("smtp")):
            with pytest.raises(Shut) as shut:
                ask()
            assert str(shut.value) == why
            assert shut.value.__cause__ is None
            assert shut.value.__context__ is None

    def test_a_slow_disk_is_no_keyring_that_hangs(
        self, monkeypatch: pytest.MonkeyPatch, on_mac: OsKeyring
    ) -> None:
        loaded_by: list[threading.Thread] = []

        def load(module: str) -> ModuleType:
            loaded_by.append(threading.current_thread())
            return sys.modules[module]

        put_in_place(monkeypatch, as_real(Fake))
        monkeypatch.setattr(os_keyring, "import_module", load)
        assert on_mac.get("smtp") == SECRET
        # Whoever asks waits for the library, and only then for its answer.
        assert loaded_by[0] is threading.current_thread()

    def test_one_that_hangs_is_given_up_and_asked_again_when_it_has_answered(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        goes_on, asked = threading.Event(), 0

        class Hanging(Fake):
            def get_password(self, service: str, name: str) -> str | None:
                nonlocal asked
                asked += 1
                goes_on.wait()
                return super().get_password(service, name)

        put_in_place(monkeypatch, as_real(Hanging))
        vault = OsKeyring({}, "darwin", patience=0.02)
        for _ in range(3):
            with pytest.raises(Shut, match="does not answer"):
                vault.get("smtp")
        assert asked == 1
        late = vault._late
        assert late is not None
        goes_on.set()
        late.join()
        assert OsKeyring({}, "darwin").get("smtp") == SECRET
        monkeypatch.setattr(vault, "_patience", os_keyring.PATIENCE)
        assert vault.get("smtp") == SECRET


@pytest.fixture
def socket_folder(tmp_path: Path) -> Iterator[Path]:
    """A runtime folder with the socket of a session's D-Bus."""
    import socket

    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        yield tmp_path


class TestHeadless:
    def test_where_a_bus_is_looked_for(self, socket_folder: Path) -> None:
        assert bus_address({}) == ""
        assert bus_address({"XDG_RUNTIME_DIR": str(socket_folder.parent)}) == ""
        assert bus_address({"XDG_RUNTIME_DIR": str(socket_folder)}) == f"unix:path={socket_folder}/bus"
        given = {"DBUS_SESSION_BUS_ADDRESS": "unix:abstract=/tmp/x", "XDG_RUNTIME_DIR": str(socket_folder)}
        assert bus_address(given) == "unix:abstract=/tmp/x"

    @pytest.mark.parametrize("address", ["", "autolaunch:", "disabled:", "tcp:host=127.0.0.1,port=1"])
    def test_what_is_no_bus_that_runs(self, socket_folder: Path, address: str) -> None:
        given = {"DBUS_SESSION_BUS_ADDRESS": address, "XDG_RUNTIME_DIR": str(socket_folder)}
        assert bus_address(given) == ""

    def test_the_libraries_are_told_where_the_bus_is(
        self, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os_keyring, "find", lambda _: None)
        environment = {"XDG_RUNTIME_DIR": str(socket_folder)}
        assert OsKeyring(environment, "linux").get("smtp") is None
        assert environment["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={socket_folder}/bus"

    def test_without_a_bus_no_library_is_loaded(self) -> None:
        code = (
            "import sys\n"
            "from frontdesk.os_keyring import OsKeyring\n"
            "keyring = OsKeyring({}, 'linux')\n"
            "print(keyring.is_there(), keyring.get('smtp'), keyring.delete('smtp'))\n"
            "print(sys.modules.keys() & {'keyring', 'secretstorage', 'jeepney', 'dbus'})\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "False None False\nset()\n"


def test_the_keychain_is_told_not_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    api: Any = ModuleType("keyring.backends.macOS.api")
    api._sec = SimpleNamespace(SecKeychainSetUserInteractionAllowed=told.append)
    monkeypatch.setitem(sys.modules, api.__name__, api)
    os_keyring._quiet_keychain(Fake())
    assert told == [False]
    (source,) = Path(keyring.__path__[0]).glob("backends/macOS/api.py")
    assert "\n_sec = ctypes.CDLL(" in source.read_text(), "the library's own name has changed"


class TestKWallet:
    """A closed wallet would ask for its password; python-dbus is only there where a desktop brings it."""

    class Wallet(Fake):
        bus_name, object_path = "org.kde.kwalletd5", "/modules/kwalletd5"

        def connected(self, service: str) -> bool:
            return True

        def get_password(self, service: str, name: str) -> str | None:
            if not self.connected(service):
                raise KeyringLocked
            return super().get_password(service, name)

    @pytest.mark.parametrize("is_open", [True, False])
    def test_only_an_open_wallet_is_opened(self, monkeypatch: pytest.MonkeyPatch, is_open: bool) -> None:
        class Daemon:
            def networkWallet(self) -> str:  # noqa: N802 (D-Bus's own name)
                return "kdewallet"

            def isOpen(self, wallet: str) -> bool:  # noqa: N802
                assert wallet == "kdewallet"
                return is_open

        class Bus:
            def get_object(self, bus_name: str, path: str, *, introspect: bool) -> Daemon:
                assert (bus_name, path, introspect) == (
                    "org.kde.kwalletd5",
                    "/modules/kwalletd5",
                    False,
                )
                return Daemon()

        dbus: Any = ModuleType("dbus")
        dbus.SessionBus = Bus
        dbus.Interface = lambda daemon, _: daemon
        monkeypatch.setitem(sys.modules, "dbus", dbus)
        kwallet = ("keyring.backends.kwallet", "DBusKeyring")
        put_in_place(monkeypatch, as_real(self.Wallet, *kwallet), *kwallet)
        monkeypatch.setitem(sys.modules, "keyring.backends.SecretService", None)

        vault = OsKeyring({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}, "linux")
        if is_open:
            assert vault.get("smtp") == SECRET
        else:
            with pytest.raises(Shut, match="is locked"):
                vault.get("smtp")
