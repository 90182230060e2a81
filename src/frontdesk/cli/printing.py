"""The one place that prints. Every line passes the gate for text from outside.

A terminal obeys what it is sent, and the name of a file, a path, or a word of the command
line may hold anything: a title, a colour, a line break that begins a line of its own.
"""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from frontdesk.errors import FrontdeskError
from frontdesk.text import clean_line

_LONGEST_SECRET = 16_384


class CannotPrint(FrontdeskError):
    """The output of a command could not be written, as on a full disk."""

    title = "The answer is not complete"


def say(line: str = "", *, err: bool = False) -> None:
    """Print one line to stdout, or to stderr with `err`.

    Raises CannotPrint when stdout takes nothing more. What stderr does not take is lost:
    nobody reads it, and it is no reason to stop.
    """
    _write(clean_line(line), err=err)


def say_document(document: Any) -> None:
    """Print one JSON document, readable, names as they are written. Raises CannotPrint."""
    lines = json.dumps(document, ensure_ascii=False, indent=2).split("\n")
    _write("\n".join(map(_harmless_json, lines)), err=False)


def harmless_lines(text: str) -> str:
    """Return a text of our own of several lines, each of them harmless: a path may stand in it."""
    return "\n".join(map(clean_line, text.split("\n")))


def ask(question: str, *, err: bool = False, check: Callable[[str], str] = str) -> str:
    """Ask for a line, which may be empty; again while `check` raises a UsageError."""

    def checked(typed: str) -> str:
        try:
            return check(typed)
        except click.UsageError as error:
            raise click.UsageError(clean_line(error.message)) from None

    answer: str = click.prompt(clean_line(question), "", show_default=False, value_proc=checked, err=err)
    return answer


def ask_unseen(what: str) -> str:
    """Ask for a secret: never in the command line, where every user of the machine reads it.

    Return what is typed at the prompt, twice the same and unseen, or the one line on stdin.
    Raises UsageError when stdin has no line, or more than one.
    """
    return _typed_unseen(clean_line(what)) if sys.stdin.isatty() else _line_of_stdin()


def _typed_unseen(question: str) -> str:
    typed: str = click.prompt(question, hide_input=True, confirmation_prompt=f"{question} again", err=True)
    return typed


def _line_of_stdin() -> str:
    try:
        given = sys.stdin.read(_LONGEST_SECRET)
    except UnicodeDecodeError:
        raise click.UsageError("what stdin gave is no text") from None
    line = given.removesuffix("\n").removesuffix("\r")
    if not line or not line.isprintable() or len(given) == _LONGEST_SECRET:
        raise click.UsageError("stdin must give one line of text, and nothing else")
    return line


def confirm(question: str, *, err: bool = False) -> bool:
    """Ask for a yes or no; no is what an empty answer means."""
    return click.confirm(clean_line(question), err=err)


@contextmanager
def progress_bar(what: str, total: float | None, *, quiet: bool) -> Iterator[Callable[[float, str], None]]:
    """Show on stderr how much of `total` is done; yields what takes the amount and a few words about it.

    Without a total the bar only shows that something happens. Nothing is shown when `quiet`
    or when stderr is not a terminal.
    """
    # Only who waits for something long waits for these as well.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, emoji=False, markup=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}", markup=False),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        refresh_per_second=4,
        disable=quiet or not console.is_terminal,
    ) as progress:
        task = progress.add_task(clean_line(what), total=total, words="")
        yield lambda done, words: progress.update(task, completed=done, words=clean_line(words))


def write_nowhere(*streams: int) -> None:
    """Let what is still to be written to these descriptors be no trouble: Python would end with 120."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _write(text: str, *, err: bool) -> None:
    try:
        click.echo(text, err=err)
    except OSError as error:
        if err:
            return
        if error.errno == errno.EPIPE:
            raise  # who reads has had enough, as head does: click ends the program without a word
        with contextlib.suppress(OSError, ValueError):
            write_nowhere(sys.stdout.fileno())
        raise CannotPrint(
            f"stdout cannot be written ({error.strerror}): look with frontdesk show or list at what was"
            " done before you do it again"
        ) from None


def _harmless_json(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)
