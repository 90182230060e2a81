"""The text behind `next:`: where a list ended, and the time its query is as of."""

from datetime import UTC, datetime, timedelta

import click

from frontdesk.bookings import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor(position: Position, as_of: datetime) -> str:
    """Return a place and the query's time as a word that no shell reads anything into."""
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
