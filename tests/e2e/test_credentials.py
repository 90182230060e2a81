"""`frontdesk credentials`: where a secret goes, what is said of it, and that it is never repeated."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.line_mode import LineDesk
from tests.secret_service import SecretService

SECRET = "canary-7f3a"
NEEDS = """
[connections.smile]
kind = "praktika"
base_url = "https://pms.example"
tenant = "smile"
credential = "praktika-smile"
[notify]
from = "Smile Dental <bookings@smile.example>"
[notify.email]
url = "smtps://mail.example"
credential = "smtp"
"""


@pytest.fixture
def desk(tmp_path: Path) -> LineDesk:
    made = LineDesk(tmp_path)
    made.write_config(NEEDS)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credentials" / "smtp"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    with SecretService(tmp_path) as opened:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", opened.address)
        yield opened


def test_headless_it_goes_into_a_file(desk: LineDesk, file: Path) -> None:
    done = desk("credentials", "set", "smtp", typed=f"{SECRET}\n")
    assert (done.exit_code, done.output) == (0, f"smtp is in {file} now.\n")
    assert file.read_text() == f"{SECRET}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_on_a_desktop_it_goes_into_the_keyring(desk: LineDesk, service: SecretService, file: Path) -> None:
    done = desk("credentials", "set", "smtp", typed=SECRET)
    assert (done.exit_code, done.output) == (0, "smtp is in the keyring now.\n")
    assert service.secrets == {"smtp": SECRET.encode()}
    assert not file.exists()


def test_an_older_one_in_a_later_place_is_said(desk: LineDesk, service: SecretService, file: Path) -> None:
    file.parent.mkdir()
    file.touch(0o600)
    file.write_text("old")
    done = desk("credentials", "set", "smtp", typed=SECRET)
    assert done.exit_code == 0
    assert done.stderr == f"It is still in {file} too, but frontdesk does not use that one any more.\n"


def test_one_that_an_earlier_place_hides_is_said(desk: LineDesk, service: SecretService, file: Path) -> None:
    service.secrets["smtp"] = b"old"
    done = desk("credentials", "set", "smtp", "--file", typed=SECRET)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (f"Not done: smtp is in {file} now, but the one in the keyring is used instead\n")


def test_a_locked_keyring_leaves_the_choice(desk: LineDesk, service: SecretService, file: Path) -> None:
    service.is_locked = True
    done = desk("credentials", "set", "smtp", typed=SECRET)
    assert done.exit_code == 1
    assert done.stderr == (
        "Not done: the keyring is locked: unlock it, or put the secret beside the config with --file\n"
    )
    assert not file.exists()
    assert desk("credentials", "set", "smtp", "--file", typed=SECRET).exit_code == 0
    assert "the keyring is locked" in desk("credentials", "list").stderr
    assert "the keyring is locked" in desk("doctor").stdout


def test_the_list_says_what_is_needed_and_where_it_lies(
    desk: LineDesk, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk("credentials", "set", "smtp", typed=SECRET)
    desk("credentials", "set", "spare", typed=SECRET)
    (tmp_path / "credentials" / "spare").chmod(0o644)
    monkeypatch.setenv("FRONTDESK_CREDENTIAL_OLD_ONE", SECRET)

    listed = desk("credentials", "list")

    assert listed.exit_code == 0
    assert [line.split(maxsplit=1)[0] for line in listed.stdout.splitlines()] == [
        "praktika-smile",
        "smtp",
        "old-one",
        "spare",
    ]
    missing, smtp, old, spare = listed.stdout.splitlines()
    assert missing.endswith("missing")
    assert smtp.endswith(f"for notify.email   {file}")
    assert old.endswith("not in the config  the variable FRONTDESK_CREDENTIAL_OLD_ONE")
    assert "could be read by others: chmod 600" in spare
    assert SECRET not in listed.output


def test_delete_says_from_where_and_what_it_cannot(
    desk: LineDesk, service: SecretService, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk("credentials", "set", "smtp", typed=SECRET)
    desk("credentials", "set", "smtp", "--file", typed=SECRET)
    monkeypatch.setenv("FRONTDESK_CREDENTIAL_SMTP", SECRET)

    done = desk("credentials", "delete", "smtp")
    assert done.exit_code == 0
    assert done.stdout == f"smtp was deleted from the keyring.\nsmtp was deleted from {file}.\n"
    assert done.stderr == (
        "smtp is still in the variable FRONTDESK_CREDENTIAL_SMTP, which frontdesk does not change.\n"
    )
    assert not service.secrets
    assert desk("credentials", "delete", "smtp").exit_code == 1


@pytest.mark.parametrize("name", ["../smtp", "SMTP", "-x", "", "a/b", "smtp\n"])
def test_what_is_no_name(desk: LineDesk, tmp_path: Path, name: str) -> None:
    before = {*tmp_path.rglob("*")}
    for command in ("set", "delete"):
        assert desk("credentials", command, "--", name, typed=SECRET).exit_code == 2
    assert {*tmp_path.rglob("*")} == before
