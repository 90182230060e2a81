"""Asks for what must not be seen: never in a command line, where every user of the machine reads it."""

import sys

import click

from frontdesk.cli import printing

_LONGEST = 16_384


def ask_unseen(what: str) -> str:
    """Return what is typed at the prompt, twice the same and unseen, or the one line on stdin.

    Raises UsageError when stdin has no line, or more than one.
    """
    if sys.stdin.isatty():
        return printing.ask_unseen(what)
    try:
        given = sys.stdin.read(_LONGEST)
    except UnicodeDecodeError:
        raise click.UsageError("what stdin gave is no text") from None
    line = given.removesuffix("\n").removesuffix("\r")
    if not line or not line.isprintable() or len(given) == _LONGEST:
        raise click.UsageError("stdin must give one line of text, and nothing else")
    return line
