"""An installation may leave the demonstration out: the rest works, and its commands say what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import frontdesk

SENTENCE = (
    "Not done: frontdesk {command} needs the demonstration, which this installation was made without:"
    " install frontdesk with it\n"
)


@pytest.fixture
def without(tmp_path: Path) -> Path:
    """A folder with the package, but for its demonstration."""
    source = Path(frontdesk.__file__).parent
    ignore = shutil.ignore_patterns("__pycache__", "demo")
    shutil.copytree(source, tmp_path / "lib" / "frontdesk", ignore=ignore)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the `frontdesk` that lies there, as an account whose files are there too."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "lib"), "HOME": str(folder)}
    environment = {name: value for name, value in environment.items() if not name.startswith("XDG_")}
    command = [sys.executable, "-B", "-m", "frontdesk", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_its_commands_say_in_one_sentence_what_is_missing(without: Path) -> None:
    for arguments in (("demo",), ("demo", "--dir", "here"), ("seed", "--bookings", "3"), ("seed", "--help")):
        result = run(without, *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == SENTENCE.format(command=arguments[0])


def test_everything_else_works(without: Path) -> None:
    made = run(without, "store", "create")
    assert made.returncode == 0, made.stderr
    listed = run(without, "list", "--json")
    assert (listed.returncode, listed.stdout.strip()) == (0, "[]"), listed.stderr
    helped = run(without, "--help")
    assert helped.returncode == 0, helped.stderr
    assert "Not in this installation" in helped.stdout


def test_the_empty_list_names_it_only_where_it_is(without: Path) -> None:
    ask = "from frontdesk.cli.wiring import Installation; print(Installation().first_steps.has_demonstration)"
    for path, expected in ((without / "lib", "False"), (Path(frontdesk.__file__).parent.parent, "True")):
        environment = {**os.environ, "PYTHONPATH": str(path), "HOME": str(without)}
        said = subprocess.run(
            [sys.executable, "-B", "-c", ask], env=environment, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == expected
