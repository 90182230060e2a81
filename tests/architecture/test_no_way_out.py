"""Nothing in the program starts another program: no shell, editor, pager or browser (docs/ssh.md)."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import imports, parsed, sources

STARTS_ITS_SIMULATOR = "demo/simulator/process.py"
"""The demonstration's made-up PMS is a process of its own, which the demonstration starts."""
READS_BESIDE_A_DESK = "cli/diaries.py"
"""The program itself, once more: to read a diary would hold up the keys of the desk that has it read."""
SPLITS_IN_TWO = "supervisor.py"
"""The program itself, in two: one has the screen, the other one gives the terminal back."""
ASKS_LIBPQ = "store/postgres/faults.py"
"""What psycopg has loaded already is asked for one function that psycopg does not pass on."""
READS_CALENDARS = "pms/files/calendar_reader.py"
"""A calendar of somebody else's is read by the program's own interpreter, which can be ended; no desk asks for it."""
STARTERS = {"subprocess", "multiprocessing", "pty", "webbrowser", "ctypes", "code", "pdb", "runpy"}
OF_OS = ("exec", "spawn", "posix_spawn", "fork", "system", "popen", "startfile")
OF_CLICK = {"edit", "launch", "echo_via_pager", "pager"}
OF_ASYNCIO = {"create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell"}
OF_TEXTUAL = {"suspend", "open_url", "action_suspend_process"}


def ways_out(source: str) -> Iterator[str]:
    """Yield what a source names that could start another program."""
    for name in imports(source):
        top, _, rest = name.partition(".")
        if (
            top in STARTERS
            or (top == "os" and rest.startswith(OF_OS))
            or (top == "click" and rest in OF_CLICK)
        ):
            yield name
    for node in ast.walk(parsed(source)):
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if (
            (owner == "os" and node.attr.startswith(OF_OS))
            or (owner == "click" and node.attr in OF_CLICK)
            or node.attr in OF_ASYNCIO | OF_TEXTUAL
        ):
            yield f"{owner}.{node.attr}"


@pytest.mark.parametrize("path", sources())
def test_no_module_starts_a_program(path: str) -> None:
    found = list(ways_out(sources()[path]))
    known = {
        SPLITS_IN_TWO: ["os.fork"],
        ASKS_LIBPQ: ["ctypes"],
        READS_CALENDARS: ["asyncio.create_subprocess_exec"],
        READS_BESIDE_A_DESK: ["asyncio.create_subprocess_exec"],
    }
    if path in known:
        assert found == known[path]
    else:
        assert (found != []) == (path == STARTS_ITS_SIMULATOR), found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os; os.environ; os.execution", ["os.execution"]),
        ("import os; os.system('ls')", ["os.system"]),
        ("from os import execvp", ["os.execvp"]),
        ("import click; click.edit(text)", ["click.edit"]),
        ("import click; click.echo_via_pager(text)", ["click.echo_via_pager"]),
        ("from click import launch", ["click.launch"]),
        ("import asyncio; asyncio.create_subprocess_shell('ls')", ["asyncio.create_subprocess_shell"]),
        ("import subprocess", ["subprocess"]),
        ("self.app.suspend()", [".suspend"]),
        ("import os, click; os.getpid(); click.echo(text)", []),
    ],
)
def test_the_rule_can_fail(source: str, found: list[str]) -> None:
    assert list(ways_out(source)) == found
