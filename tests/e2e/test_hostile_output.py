"""Names of files, words of the command line and paths of a config obey nobody when they are printed."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from frontdesk.cli import frontdesk
from frontdesk.cli.printing import ask, confirm, say, say_document
from tests.e2e.line_mode import LineDesk
from tests.e2e.pty_desk import PtyDesk

TITLE = "\x1b]0;x\x07"
HOSTILE = f"a{TITLE}\x9b2J\u202e\n7 read: 7 new"
"""A title, an erased screen, letters from right to left, and a line that looks like ours."""

BOOKING = (
    "ref,practice,patient_name,practitioner,appointment_type,starts_at\n"
    "N1,perth,Ann Example,Dr Rao,Check-up,2031-11-26 10:30\n"
    "N2,perth,Ann Example,Dr Rao,Check-up,never\n"
)


def is_harmless(printed: str) -> bool:
    """Whether it is nothing but printable lines, none of which began inside a name."""
    return all(line.isprintable() for line in printed.split("\n")) and "\n7 read" not in printed


@pytest.fixture
def hostile(desk: LineDesk, tmp_path: Path) -> Path:
    """A folder whose files to import, and whose own name, are hostile."""
    folder = tmp_path / HOSTILE
    folder.mkdir(mode=0o700)
    (folder / f"{HOSTILE}.csv").write_text(BOOKING)
    return folder


Arguments = Callable[[Path], tuple[str, ...]]
COMMANDS: dict[str, Arguments] = {
    "import": lambda folder: ("import", str(folder / f"{HOSTILE}.csv"), "--errors", str(folder / HOSTILE)),
    "import what is not there": lambda folder: ("import", str(folder / "no")),
    "export": lambda folder: ("export", str(folder / f"{HOSTILE}-out.csv")),
    "backup": lambda folder: ("backup", str(folder / f"{HOSTILE}.db")),
    "backup to what is there": lambda folder: ("backup", str(folder / f"{HOSTILE}.csv")),
    "a reference": lambda _: ("show", HOSTILE),
    "a command": lambda _: (HOSTILE,),
    "an option": lambda _: ("list", f"--{HOSTILE}"),
    "a value": lambda _: ("list", "--day", HOSTILE),
    "a credential": lambda _: ("credentials", "delete", HOSTILE),
    "an operator": lambda _: ("operators", "remove", HOSTILE),
    "a config": lambda folder: ("--config", str(folder / HOSTILE), "list"),
    "a demonstration": lambda folder: ("demo", "--faults", "--dir", str(folder)),
}


@pytest.mark.parametrize("given", COMMANDS.values(), ids=COMMANDS)
def test_no_command_prints_a_name_as_it_is(desk: LineDesk, hostile: Path, given: Arguments) -> None:
    result = desk(*given(hostile))
    assert result.stdout + result.stderr
    assert is_harmless(result.stdout), ascii(result.stdout)
    assert is_harmless(result.stderr), ascii(result.stderr)


def test_help_names_paths_of_this_machine(monkeypatch: pytest.MonkeyPatch, hostile: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(hostile))
    monkeypatch.setenv("XDG_DATA_HOME", str(hostile))
    shown = CliRunner().invoke(frontdesk, ["--help"]).stdout
    assert "frontdesk.db" in shown
    assert is_harmless(shown), ascii(shown)


def test_a_progress_bar_names_its_file_harmlessly(desk: LineDesk, hostile: Path) -> None:
    program = [sys.executable, "-m", "frontdesk", "--config", str(desk.config_file), "import"]
    with PtyDesk([*program, str(hostile / f"{HOSTILE}.csv")], columns=200) as shown:
        assert shown.wait_exit() == 1
        shown.wait_still()
    assert b"Importing a" in shown.output
    assert b"\x1b]" not in shown.output
    assert not {"\x9b", "\u202e"} & set(shown.output.decode())


class TestOnePlace:
    def test_columns_stay_in_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        say(f"  R1   {TITLE}Kov\u0061\u030c  x ")
        assert capsys.readouterr().out == "  R1   \ufffd]0;x\ufffdKov\u01ce  x \n"

    def test_a_mark_that_holds_a_name_in_its_column_stays(self, capsys: pytest.CaptureFixture[str]) -> None:
        say("\u05e0\u05d5\u05e2\u05d4\u200e  12 Mar  \u202e\u2067x")
        assert capsys.readouterr().out == "\u05e0\u05d5\u05e2\u05d4\u200e  12 Mar  \ufffd\ufffdx\n"

    def test_json_stays_json_and_every_character_of_it_comes_back(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        document = {"note": f"{HOSTILE}\ud800\U000e0041 Kova\u010d", "more": [1, None, True]}
        say_document(document)
        printed = capsys.readouterr().out
        assert json.loads(printed) == document
        assert is_harmless(printed)
        assert "Kova\u010d" in printed

    def test_a_question_and_why_its_answer_will_not_do(self) -> None:
        def refuse_hostile(typed: str) -> str:
            if typed != "good":
                raise click.UsageError(f"not {HOSTILE}")
            return typed

        @click.command()
        def asking() -> None:
            ask(f"What {HOSTILE}", check=refuse_hostile)
            confirm(f"Sure {HOSTILE}")

        result = CliRunner().invoke(asking, input="bad\ngood\ny\n")
        assert result.exit_code == 0
        assert result.stdout.count("What") == 2
        assert is_harmless(result.stdout), ascii(result.stdout)


def test_what_libraries_say_is_not_printed(tmp_path: Path) -> None:
    code = (
        "import logging, sys, warnings\n"
        "from frontdesk.cli import crash\n"
        "crash.catch_strays()\n"
        "logging.getLogger('library').warning(sys.argv[1])\n"
        "warnings.warn(sys.argv[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, HOSTILE], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is a device of Linux")
def test_an_answer_that_finds_no_room_says_so(desk: LineDesk) -> None:
    program = [sys.executable, "-m", "frontdesk", "--config", str(desk.config_file), "list"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "The answer is not complete: stdout cannot be written (No space left on device):"
        " look with frontdesk show or list at what was done before you do it again\n"
    )
