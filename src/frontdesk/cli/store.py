"""`store`: makes the store that the config names."""

import click

from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation


@click.group()
def store() -> None:
    """Make the store that the config names.

    The bookings are in the store: a file or a PostgreSQL database, named under [store].

    \b
    Examples:
      frontdesk store create     a new, empty one, once
    """


@store.command()
@click.pass_obj
def create(installation: Installation) -> None:
    """Make a new, empty store where the config says.

    Use it once, for the place that the config names. Without [store] the first start makes the
    store. A store that is missing later is never made anew automatically: a disk that is not
    mounted would look like a practice without bookings. Then mount the disk, or put a backup in
    its place; use this command only for a store that is to be empty. A store that is there
    stays as it is.

    \b
    Examples:
      frontdesk store create
      frontdesk --config /etc/frontdesk/config.toml store create
    """
    with installation.created_database():
        pass
    where = installation.config.store_file or "the PostgreSQL database that [store] names"
    say(f"There is a new, empty store now: {where}.")
    for notice in installation.notices:
        say(notice, err=True)
