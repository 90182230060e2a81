"""`frontdesk operators`: PINs from stdin or a prompt, and who may sign in then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from frontdesk.cli.wiring import Installation
from tests.e2e.line_mode import LineDesk


@pytest.fixture
def desk(tmp_path: Path) -> LineDesk:
    return LineDesk(tmp_path)


def test_set_list_and_remove(desk: LineDesk) -> None:
    assert desk("operators", "list").stdout == ""
    assert "the operator is Kim Nguyen" in desk("operators", "list").stderr

    done = desk("operators", "set", "Ana  Kovač", typed="4711\n")
    assert (done.exit_code, done.stdout) == (0, "Ana Kovač signs in with this PIN now.\n")
    assert desk("operators", "list").stdout == "Ana Kovač\n"

    assert desk("operators", "remove", "Ana Kovač").exit_code == 0
    gone = desk("operators", "remove", "Ana Kovač")
    assert (gone.exit_code, gone.stderr) == (1, "Not done: there is no operator Ana Kovač, there are none\n")


@pytest.mark.parametrize("typed", ["", "\n", "4711\n4712\n", "47\x0011"])
def test_stdin_must_give_one_line(desk: LineDesk, typed: str) -> None:
    done = desk("operators", "set", "Ana", typed=typed)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "one line" in done.stderr
    assert not typed.strip() or typed.strip() not in done.stderr


def test_a_pin_that_is_none_is_not_repeated(desk: LineDesk) -> None:
    done = desk("operators", "set", "Ana", typed="99999\n")
    assert done.exit_code == 1
    assert "99999" not in done.stderr


def test_the_desk_has_a_sign_in_when_there_are_operators(desk: LineDesk) -> None:
    assert Installation(desk.config_file).desk().sign_in is None
    desk("operators", "set", "Ana", typed="4711\n")
    sign_in = Installation(desk.config_file).desk().sign_in
    assert sign_in is not None
    assert sign_in.names == ("Ana",)


@pytest.mark.full
def test_listing_loads_no_argon2_and_a_broken_file_is_said(desk: LineDesk) -> None:
    desk("operators", "set", "Ana", typed="4711\n")
    code = (
        "import sys\nfrom frontdesk.cli import frontdesk\n"
        "try:\n    frontdesk.main(sys.argv[1:])\n"
        "except SystemExit as leaving:\n    print(leaving.code, 'argon2' in sys.modules)\n"
    )
    file = desk.config_file.parent / "operators.json"

    def listed() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, "--config", str(desk.config_file), "operators", "list"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "HOME": str(desk.config_file.parent)},
        )
        return done.stdout + done.stderr

    assert listed() == "Ana\n0 False\n"
    file.chmod(0o644)
    assert listed().startswith("2 False\nNobody can sign in: ")
