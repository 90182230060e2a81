"""`deliver`: carries out what follows cancellations, without a screen."""

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from frontdesk.bookings import Reason
from frontdesk.cli.dispatching import dispatcher, dispatching
from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation
from frontdesk.errors import Refused
from frontdesk.outbox import Progress

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore


@click.command()
@click.option("--once", is_flag=True, help="Carry out what is due now, and exit.")
@click.pass_obj
def deliver(installation: Installation, once: bool) -> None:
    """Tell PMSs, patients and practices of cancellations.

    It goes on until you end it, and any number of them may run beside open desks. With --once
    it waits up to a minute for deliveries that another program has taken, because that program
    may have been killed. It does not wait for deliveries that are to be tried again later.
    """
    installation.refuse_served("deliveries are carried out")
    outside = installation.outside
    for problem in outside.problems:
        say(problem, err=True)
    if not outside.connections:
        raise Refused(Reason("nothing-outside", _why_nothing_is_reached(installation)))
    with installation.opened_database() as (store, run):
        for notice in installation.notices:
            say(notice, err=True)
        if once:
            say(_summary(run(_once(installation, store))))
        else:
            run(_until_ended(installation, store))


def _why_nothing_is_reached(installation: Installation) -> str:
    if installation.outside.secrets_needed:
        return (
            f"frontdesk can reach nothing that {installation.config.place} names: the sentences above say why"
        )
    return f"there is nobody to tell: write [connections] or [notify] into {installation.config.place}"


async def _once(installation: Installation, store: "SqlStore") -> Progress:
    said = ""

    def report(progress: Progress) -> None:
        nonlocal said
        if progress.held and not said:
            said = (
                f"{progress.held} in other hands: waiting until they are done,"
                f" {progress.seconds:.0f} s at most"
            )
            say(said, err=True)

    return await dispatcher(store, installation.config, installation.outside).run_once(report)


def _summary(progress: Progress) -> str:
    parts = [f"{progress.done:,} done"]
    if progress.waiting:
        parts.append(f"{progress.waiting:,} to be tried again")
    if progress.need_person:
        parts.append(f"{progress.need_person:,} need a person: frontdesk attention")
    return ", ".join(parts)


async def _until_ended(installation: Installation, store: "SqlStore") -> None:
    """Run until SIGTERM, SIGINT or SIGHUP; what is under way then gets a moment to end well."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, ended.set)
    async with dispatching(store, installation.config, installation.outside):
        names = ", ".join(sorted(installation.outside.connections))
        say(f"Carrying out deliveries for {names}.", err=True)
        await ended.wait()
