"""`practices` and `backup`: what a practice manager does to a store as a whole."""

from pathlib import Path

import click

from frontdesk.bookings import Practice
from frontdesk.cli.lines import aligned
from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation


@click.group()
def practices() -> None:
    """List the practices, or make them as the config says.

    The config says which practices there are, under [[practices]]. On an SQLite file the
    store follows the config at each start. Several machines can share a PostgreSQL, and
    their configs can differ: there the store follows only when it is told to. What [billing]
    says goes the same way.

    \b
    Examples:
      frontdesk practices list     those of the store, a line each
      frontdesk practices apply    make them as the config says
    """


@practices.command("list")
@click.pass_obj
def list_practices(installation: Installation) -> None:
    """List the practices of the store, one a line."""
    with installation.opened() as (store, run):
        known = run(store.practices())
    for line in aligned([_cells(practice) for practice in known]):
        say(line)
    if not known:
        say(f"The list is empty; {installation.first_step(known)}", err=True)
    for notice in installation.notices:
        say(notice, err=True)


def _cells(practice: Practice) -> tuple[str, ...]:
    return (
        practice.short,
        practice.id,
        practice.name,
        practice.time_zone,
        practice.pms.name if practice.pms else "not integrated",
        practice.email,
        practice.phone,
        practice.account,
    )


@practices.command("apply")
@click.pass_obj
def apply_practices(installation: Installation) -> None:
    """Make the store's practices and billing like the config's.

    Practices that the config does not name stay as they are.
    """
    wanted = installation.config.practices
    if not wanted:
        raise click.UsageError(f"the config has no practice: {installation.practices_step}")
    with installation.opened_database(bring_practices=False) as (store, run):
        changes = run(store.registry.apply_practices(wanted, installation.config.operator))
        if installation.config.billing is not None:
            changes += run(
                store.registry.apply_billing(installation.config.billing, installation.config.operator)
            )
    for change in changes or ("Nothing to change.",):
        say(change)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(installation: Installation, file: Path) -> None:
    """Copy the whole store into a new FILE, while desks work.

    The copy is an SQLite file, readable by you alone, and a store itself: a config with
    [store] url = "sqlite:///FILE" opens it.
    """
    with installation.opened_database() as (store, run):
        run(store.registry.backup(file))
    say(f"The store was copied to {file}.")
