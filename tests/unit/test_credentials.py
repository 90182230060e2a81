"""Secrets by name: the order of places, and files that others could read."""

import os
import stat
from pathlib import Path

import pytest

from frontdesk.credentials import Credentials, MissingCredential

SECRET = "canary-7f3a"


def keep(file: Path, content: str | bytes, mode: int = 0o600) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(mode)
    return file


def test_the_places_in_their_order(tmp_path: Path) -> None:
    environment = {"FRONTDESK_CREDENTIAL_PRAKTIKA_ADELAIDE": "from the environment"}
    credentials = Credentials(tmp_path, environment)
    assert credentials("praktika-adelaide") == "from the environment"
    keep(tmp_path / "credentials" / "praktika-adelaide", "from the file\n")
    assert credentials("praktika-adelaide") == "from the file"
    environment["CREDENTIALS_DIRECTORY"] = str(tmp_path / "systemd")
    assert credentials("praktika-adelaide") == "from the file"
    keep(tmp_path / "systemd" / "praktika-adelaide", "from systemd", 0o400)
    assert credentials("praktika-adelaide") == "from systemd"


def test_one_that_is_nowhere_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(MissingCredential) as missing:
        Credentials(tmp_path, {})("smtp")
    assert str(tmp_path / "credentials" / "smtp") in missing.value.hint
    assert "FRONTDESK_CREDENTIAL_SMTP" in missing.value.hint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    keep(tmp_path / "credentials" / "smtp", SECRET, mode)
    with pytest.raises(MissingCredential, match="chmod 600") as refused:
        Credentials(tmp_path, {})("smtp")
    assert SECRET not in refused.value.hint


def test_a_link_is_refused(tmp_path: Path) -> None:
    target = keep(tmp_path / "elsewhere", SECRET)
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "smtp").symlink_to(target)
    with pytest.raises(MissingCredential, match="cannot be read"):
        Credentials(tmp_path, {})("smtp")


@pytest.mark.parametrize(("mode", "is_taken"), [(0o440, True), (0o444, False), (0o460, False), (0o600, True)])
def test_systemd_may_name_in_an_acl_who_reads(tmp_path: Path, mode: int, is_taken: bool) -> None:
    # With an ACL on the file the group's bits are its mask: they say 4 though no group may read.
    keep(tmp_path / "smtp", SECRET, mode)
    credentials = Credentials(tmp_path / "config", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    if is_taken:
        assert credentials("smtp") == SECRET
    else:
        with pytest.raises(MissingCredential, match="could be read by others"):
            credentials("smtp")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    os.mkfifo(tmp_path / "credentials" / "smtp", 0o600)
    with pytest.raises(MissingCredential, match="no plain file"):
        Credentials(tmp_path, {})("smtp")


def test_without_a_keyring_a_secret_goes_into_its_file(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path, {})
    assert credentials.keep("smtp", SECRET).where == str(tmp_path / "credentials" / "smtp")
    assert credentials("smtp") == SECRET
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "credentials" / "smtp").stat().st_mode) == 0o600
    assert [*credentials.names()] == ["smtp"]
    credentials.keep("smtp", "another")
    assert credentials("smtp") == "another"


@pytest.mark.parametrize("secret", ["", "two\nlines", "a\x1b[2Jb", "x" * 16_384])
def test_what_is_no_secret_is_not_kept(tmp_path: Path, secret: str) -> None:
    with pytest.raises(MissingCredential, match="not one line of text"):
        Credentials(tmp_path, {}).keep("smtp", secret)
    assert not (tmp_path / "credentials").exists()


def test_a_variable_is_held_to_the_same(tmp_path: Path) -> None:
    with pytest.raises(MissingCredential, match="the variable FRONTDESK_CREDENTIAL_SMTP") as refused:
        Credentials(tmp_path, {"FRONTDESK_CREDENTIAL_SMTP": SECRET + "\x07"})("smtp")
    assert SECRET not in refused.value.hint


@pytest.mark.parametrize("content", ["", "\n", b"\xff\xfe", "two\nlines", "a\x1b[2Jb"])
def test_what_is_no_line_of_text_is_refused_without_repeating_it(
    tmp_path: Path, content: str | bytes
) -> None:
    keep(tmp_path / "credentials" / "smtp", content)
    with pytest.raises(MissingCredential, match="not one line of text"):
        Credentials(tmp_path, {})("smtp")
