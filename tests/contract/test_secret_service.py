"""The keyring of a Linux desktop, through the libraries that a desk really has, against a bus of our own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.credentials import Credentials, MissingCredential
from frontdesk.os_keyring import OsKeyring, Shut
from tests.secret_service import SecretService

WINDOWS = {"Unlock", "CreateCollection", "Prompt"}
"""What makes a desktop ask."""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    with SecretService(tmp_path) as opened:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", opened.address)
        yield opened
        assert not {*opened.asked} & WINDOWS


def keyring(patience: float = 60.0) -> OsKeyring:
    return OsKeyring(platform="linux", patience=patience)


def test_a_secret_is_kept_found_and_forgotten(service: SecretService) -> None:
    assert keyring().is_there()
    keyring().set("praktika-adelaide", "old")
    keyring().set("praktika-adelaide", "new")
    assert service.secrets == {"praktika-adelaide": b"new"}
    assert keyring().get("praktika-adelaide") == "new"
    assert keyring().get("smtp") is None
    assert keyring().delete("praktika-adelaide")
    assert not keyring().delete("praktika-adelaide")
    assert service.secrets == {}


def test_what_is_locked_is_not_asked_for(service: SecretService) -> None:
    service.secrets["smtp"] = b"canary"
    service.is_locked = True
    for ask in (
        lambda: keyring().get("smtp"),
        lambda: keyring().is_there(),
        lambda: keyring().set("smtp", "new"),
        lambda: keyring().delete("smtp"),
    ):
        with pytest.raises(Shut, match="is locked"):
            ask()
    assert "GetSecret" not in service.asked


def test_an_item_that_is_locked_by_itself_is_not_asked_for(service: SecretService) -> None:
    service.secrets["smtp"] = b"canary"
    service.locks_items = True
    with pytest.raises(Shut, match="is locked"):
        keyring().get("smtp")


def test_a_keyring_that_was_never_set_up_is_not_set_up(service: SecretService) -> None:
    service.has_collection = False
    with pytest.raises(Shut, match="was never set up"):
        keyring().set("smtp", "new")


def test_a_bus_without_a_secret_service_is_no_keyring(service: SecretService) -> None:
    service.is_running = False
    assert not keyring().is_there()
    assert keyring().get("smtp") is None


def test_a_bus_that_has_gone_is_no_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
    assert not keyring().is_there()


def test_a_bus_that_hangs_is_given_up_and_the_next_place_is_looked_at(
    service: SecretService, tmp_path: Path
) -> None:
    service.answers.clear()
    credentials = Credentials(tmp_path, {"FRONTDESK_CREDENTIAL_SMTP": "canary"}, keyring(0.05))
    assert credentials("smtp") == "canary"
    with pytest.raises(
        MissingCredential, match=r"there is no credential sms \(the keyring does not answer\)"
    ):
        credentials("sms")


def test_the_keyring_comes_first_and_a_locked_one_hides_nothing(
    service: SecretService, tmp_path: Path
) -> None:
    service.secrets["smtp"] = b"from the keyring"
    credentials = Credentials(tmp_path, {"FRONTDESK_CREDENTIAL_SMTP": "from the environment"}, keyring())
    assert credentials("smtp") == "from the keyring"
    service.is_locked = True
    assert credentials("smtp") == "from the environment"
    assert credentials.keyring_trouble() == "the keyring is locked"
    with pytest.raises(MissingCredential, match=r"\(the keyring is locked\)"):
        credentials("sms")
    with pytest.raises(Shut):
        credentials.keep("smtp", "new")
    credentials.keep("smtp", "new", in_file=True)
    assert credentials("smtp") == "new"
