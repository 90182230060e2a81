"""Long lists of line mode in pieces: how many lines, and where to go on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from frontdesk.bookings import Position

Command = TypeVar("Command", bound=Callable[..., Any])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_limit = click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    metavar="N",
    help="How many at most.",
)
_after = click.option(
    "--after", metavar="CURSOR", help="Go on after this text, which the last list printed behind next:."
)


def page_options(command: Command) -> Command:
    """Give a click command the options `limit` and `after`; see `read_cursor`."""
    return _limit(_after(command))


def cursor(position: Position, as_of: datetime) -> str:
    """Return the text behind `next:`, where a list ended and when its query was asked.

    It is one word that no shell reads anything into.
    """
    instants = ((at - _EPOCH) // _MICROSECOND for at in (position.starts_at, as_of))
    return "_".join(str(number) for number in (*instants, position.id))


def read_cursor(word: str) -> tuple[Position, datetime]:
    """Return what `cursor` was given. Raises a usage error for any other word."""
    try:
        starts_at, as_of, booking_id = (int(part) for part in word.split("_"))
        return Position(_EPOCH + starts_at * _MICROSECOND, booking_id), _EPOCH + as_of * _MICROSECOND
    except (ValueError, OverflowError):
        raise click.UsageError(
            "--after takes the text behind next: in the last line of the list before"
        ) from None
