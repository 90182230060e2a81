"""Notes that a person writes in line mode: asked for, since others can read a command line."""

import click

from frontdesk import text
from frontdesk.cli import following, printing


def asked_note(question: str, given: str | None, limit: int, if_empty: str, *, err: bool) -> str:
    """Return a note that was `given` on the command line, or that somebody types at a terminal.

    It is asked for again while it is empty, which `if_empty` says, or longer than `limit` characters.
    Without a terminal it stays empty. The question goes to stderr with `err`.
    """

    def checked(typed: str) -> str:
        note = text.clean(typed)
        if not note:
            raise click.UsageError(if_empty)
        if len(note) > limit:
            raise click.UsageError(f"the note has {len(note)} characters, {limit} are possible")
        return note

    if given is not None or not following.at_a_terminal():
        return given or ""
    return printing.ask(question, err=err, check=checked)
