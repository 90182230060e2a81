"""One place prints, so that no line gets past the gate for text from outside."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import imports, parsed, sources

PRINTS = "cli/printing.py"
GIVES_BACK = "supervisor.py"
"""Writes to the terminal of a screen that has died: sequences and a sentence of its own, nothing else."""

ANSWERS = "pms/files/calendar_process.py"
"""Its output is read by the program that started it, and by no terminal."""

CLICK_PRINTS = {
    *("echo", "secho", "style", "prompt", "confirm", "pause", "clear", "edit", "getchar"),
    *("echo_via_pager", "progressbar"),
}
CALLS = {
    "print",
    "input",
    "pprint",
    "print_exc",
    "print_exception",
    "print_stack",
    "basicConfig",
    "format_exc",
}
MODULES = ("rich.console.Console", "rich.progress", "rich.print", "getpass.getpass", "logging.StreamHandler")
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
HARMLESS = {"isatty"}
"""What may be asked of a stream: nothing that writes."""


def offences(source: str) -> Iterator[str]:
    """Yield what in a source writes to the terminal past the one place that prints."""
    for name in imports(source):
        if f"{name}.".startswith(tuple(f"{module}." for module in MODULES)):
            yield name
        module, _, called = name.rpartition(".")
        if module.split(".")[0] == "click" and called in CLICK_PRINTS:
            yield name
    asked = set()
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Attribute) and node.attr in HARMLESS:
            asked.add(node.value)
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.rpartition(".")[2] in CALLS:
                yield name
            module, _, called = name.rpartition(".")
            if module in ("click", "click.termui") and called in CLICK_PRINTS:
                yield name
            if name == "os.write" and isinstance(node.args[0], ast.Constant):
                yield name
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Attribute) and node.attr in STREAMS and node not in asked:
            owner = ast.unparse(node.value)
            if owner == "sys":
                yield f"{owner}.{node.attr}"


@pytest.mark.parametrize("path", [path for path in sources() if path != PRINTS])
def test_nothing_prints_another_way(path: str) -> None:
    known = {GIVES_BACK: ["os.write"], ANSWERS: ["sys.stdout"]}
    assert list(offences(sources()[path])) == known.get(path, [])


def test_the_one_place_is_there_and_prints() -> None:
    assert "click.echo" in set(offences(sources()[PRINTS]))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("print(name)", ["print"]),
        ("click.echo(name)", ["click.echo"]),
        ("from click import echo", ["click.echo"]),
        ("click.prompt(name)", ["click.prompt"]),
        ("click.confirm(name)", ["click.confirm"]),
        ("sys.stdout.write(name)", ["sys.stdout"]),
        ("out = sys.stderr", ["sys.stderr"]),
        ("write(file=sys.__stderr__)", ["sys.__stderr__"]),
        ("os.write(2, name)", ["os.write"]),
        ("from rich.console import Console", ["rich.console.Console"]),
        ("from rich.progress import Progress", ["rich.progress.Progress"]),
        ("from logging import StreamHandler", ["logging.StreamHandler"]),
        ("import getpass\ngetpass.getuser()", []),
        ("traceback.print_exc()", ["traceback.print_exc"]),
        ("logging.basicConfig()", ["logging.basicConfig"]),
        ("sys.stdout.isatty()", []),
        ("process(stdout=subprocess.DEVNULL)", []),
        ("console.print_document(one)", []),
        ("os.write(self._waker, b'')", []),
    ],
)
def test_the_rule_can_fail(source: str, found: list[str]) -> None:
    assert list(offences(source)) == found
