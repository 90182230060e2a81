"""What others could change is refused, or warned of, and doctor says so with the command that mends it."""

from pathlib import Path

import pytest

from frontdesk.operators import Operators
from tests.e2e.line_mode import LineDesk

SERVED = '[store]\nurl = "http://127.0.0.1:9"\ncredential = "desk"'


@pytest.mark.parametrize("command", [("list",), ("doctor",), ("credentials", "list")])
def test_a_config_that_others_can_change_is_refused(desk: LineDesk, command: tuple[str, ...]) -> None:
    file = desk.config_file
    for place, mode in ((file, 0o646), (file.parent, 0o757)):
        before = place.stat().st_mode
        place.chmod(mode)
        result = desk(*command)
        assert result.exit_code == 2
        assert result.stderr == (
            "The config cannot be used: it says where secrets are sent,"
            f" and others can change {place}: chmod go-w {place}\n"
        )
        assert result.stdout == "" or command == ("doctor",)
        place.chmod(before)
    assert desk("list").exit_code == 0


@pytest.mark.parametrize(("section", "key"), [("store", "ca_file"), ("notify.email", "ca_file")])
def test_so_is_a_file_that_it_names(desk: LineDesk, section: str, key: str) -> None:
    other = desk.config_file.parent / "other.pem"
    other.write_text("")
    other.chmod(0o666)
    more = f'\n{key} = "other.pem"\n'
    if section == "store":
        desk.store_section += more
        desk.write_config()
    else:
        desk.write_config(
            '[notify]\nfrom = "Smile <a@smile.example>"\n'
            f'[notify.email]\nurl = "smtps://x@127.0.0.1:1"\ncredential = "smtp"{more}'
        )
    result = desk("list")
    assert result.exit_code == 2
    assert f"[{section}] {key}: others can change {other}: chmod go-w {other}" in result.stderr


@pytest.fixture
def folder(desk: LineDesk) -> Path:
    """The folder of credentials of a desk at a server, with its token."""
    desk.store_section = SERVED
    desk.write_config()
    made = desk.config_file.parent / "credentials"
    made.mkdir(mode=0o700)
    (made / "desk").write_text("fd_1")
    (made / "desk").chmod(0o600)
    return made


def test_a_secret_that_others_could_exchange_is_refused(desk: LineDesk, folder: Path) -> None:
    folder.chmod(0o777)
    told = f"could be exchanged by others: chmod go-w {folder}, and change the secret"
    result = desk("list")
    assert result.exit_code == 2
    assert told in result.stderr
    shown = desk("doctor").stdout
    assert f"credentials            !! others can change {folder}: chmod go-w {folder}\n" in shown
    assert told in shown


def test_operators_that_others_could_exchange_sign_nobody_in(desk: LineDesk) -> None:
    Operators(desk.config_file.parent).set("Kim Nguyen", "4711")
    file = desk.config_file.parent / "operators.json"
    file.chmod(0o622)
    assert f"chmod 600 {file}" in desk("operators", "list").stderr
    assert (
        f"operators              !! {file} could be read by others: chmod 600 {file}" in desk("doctor").stdout
    )


@pytest.mark.parametrize("of", ["file", "folder"])
def test_a_store_that_others_can_change_is_warned_of(desk: LineDesk, tmp_path: Path, of: str) -> None:
    apart = tmp_path / "apart"
    apart.mkdir(mode=0o700)
    moved = desk.store_file.rename(apart / "desk.db")
    desk.store_section = '[store]\nurl = "sqlite:///apart/desk.db"'
    desk.write_config()
    assert "not safe" not in desk("practices", "list").stderr + desk("doctor").stdout
    place = moved if of == "file" else apart
    place.chmod(0o777)
    told = f"others can change {place}: chmod go-w {place}"
    assert f"the bookings are not safe: {told}\n" in desk("practices", "list").stderr
    result = desk("doctor")
    assert f"!! its bookings are not safe: {told}\n" in result.stdout
    assert result.exit_code == 1


def test_sign_in_without_a_place_to_count_is_what_needs_mending(
    desk: LineDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state" / "frontdesk"
    state.mkdir(parents=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(state.parent))
    Operators(desk.config_file.parent).set("Kim Nguyen", "4711")
    assert "operators              ok 1 sign in with a PIN\n" in desk("doctor").stdout
    state.chmod(0o777)
    shown = desk("doctor").stdout
    assert (
        f"wrong PINs cannot be counted, so each sign-in takes 20 s longer: others can write {state}" in shown
    )
