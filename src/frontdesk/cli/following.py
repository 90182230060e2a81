"""What follows a command of line mode: how it stands, and one try at it."""

import sys
from typing import TYPE_CHECKING

import click

from frontdesk.bookings import Booking
from frontdesk.cli.dispatching import dispatcher
from frontdesk.cli.wiring import Installation, Run
from frontdesk.cli.writing import fault
from frontdesk.deliveries import Delivery
from frontdesk.store.port import BookingStore

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore

unasked = click.option("--yes", is_flag=True, help="Do not ask.")
undelivered = click.option(
    "--no-deliver", is_flag=True, help="Leave what follows to open desks and frontdesk deliver."
)


def refuse_without_terminal(command: str, does: str, *, yes: bool) -> None:
    """Raise a usage error where nobody can be asked and nobody said --yes."""
    if not yes and not at_a_terminal():
        raise click.UsageError(f"{command} asks before it {does}: without a terminal say --yes")


def at_a_terminal() -> bool:
    """Whether somebody sits there and can be asked."""
    return sys.stdin.isatty()


def followed(store: BookingStore, run: Run, done: Booking) -> tuple[Delivery, ...] | None:
    """Return what follows, or None when that cannot be read: what was done is done all the same."""
    try:
        return run(store.deliveries(done.id))
    except Exception as error:
        fault(error)
        return None


def try_once(
    installation: Installation, run: Run, done: Booking, before: tuple[Delivery, ...] | None
) -> tuple[Delivery, ...] | None:
    """Try what follows, and return how it stands; trouble with it changes nothing.

    Only a desk that opens the store itself tries: a server has its own dispatcher. `before` is how
    it stood.
    """
    store: SqlStore | None = installation.database
    if store is None or not installation.outside.connections:
        return before
    try:
        run(dispatcher(store, installation.config, installation.outside).run_once(booking_id=done.id))
    except KeyboardInterrupt:
        pass
    except Exception as error:
        fault(error)
    return followed(store, run, done)
