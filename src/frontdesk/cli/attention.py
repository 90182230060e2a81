"""`attention`: what could not be carried out and needs a person, in line mode."""

import uuid
from collections.abc import Iterable
from datetime import datetime

import click

from frontdesk import times
from frontdesk.bookings import REASON_LIMIT
from frontdesk.cli.documents import Document, as_json, delivery_document, print_document
from frontdesk.cli.lines import aligned
from frontdesk.cli.notes import asked_note
from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation
from frontdesk.cli.writing import write
from frontdesk.commands import Ask, Command, Retry, Settle, Subject
from frontdesk.deliveries import Attention
from frontdesk.words.deliveries import to_do

_MOST = 500

IF_NOT_KNOWN = "; frontdesk attention shows how it stands"


class _ListUnlessSaid(click.Group):
    """`frontdesk attention` alone lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of options that can only be its own."""
        known = {"-h", "--help", *self.commands}
        if not any(one in known for one in args) and all(one.startswith("-") for one in args[:1]):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListUnlessSaid)
def attention() -> None:
    """List what needs a person, try it again, or settle it.

    These deliveries follow a cancellation and could not be carried out automatically: a PMS
    refused, or somebody has to ring the patient. Each has an ID, and is listed until it has
    been carried out, or until somebody settles it with a note. Without a command it lists them.

    \b
    Examples:
      frontdesk attention                             nearest appointment first
      frontdesk attention retry 12                    the cause is gone: try again
      frontdesk attention settle 12                   done by a person: say what
    """


@attention.command("list")
@as_json
@click.pass_obj
def list_(installation: Installation, as_json: bool) -> None:
    """List what needs a person, the nearest appointment first."""
    with installation.opened() as (store, run):
        items, now = run(store.attention(_MOST)), run(store.state()).now
    if as_json:
        print_document([_document(item) for item in items])
        return
    for line in _lines(items, now):
        say(line)
    if not items:
        say("Nothing needs a person.")


@attention.command()
@click.argument("number", metavar="ID", type=int)
@as_json
@click.pass_obj
def retry(installation: Installation, number: int, as_json: bool) -> None:
    """Try delivery ID again now. An open desk, or frontdesk deliver, carries it out."""
    with installation.opened() as (store, run):
        delivery = write(store, run, _command(installation, number, Retry()), IF_NOT_KNOWN).thing
    if as_json:
        print_document(delivery_document(delivery))
    else:
        say(f"{number} is tried again now, by an open desk or by frontdesk deliver.")


@attention.command()
@click.argument("number", metavar="ID", type=int)
@click.option("--note", metavar="TEXT", help=f"What was done, up to {REASON_LIMIT} characters.")
@as_json
@click.pass_obj
def settle(installation: Installation, number: int, note: str | None, as_json: bool) -> None:
    """Sign with your name that a person has dealt with delivery ID.

    Without --note it asks at a terminal what was done. A note on the command line can be read by
    others who are logged in to this machine while the command runs.
    """
    note = asked_note("What was done", note, REASON_LIMIT, "say in a few words what was done", err=as_json)
    with installation.opened() as (store, run):
        delivery = write(store, run, _command(installation, number, Settle(note)), IF_NOT_KNOWN).thing
    if as_json:
        print_document(delivery_document(delivery))
    else:
        say(f"{number} is settled by {delivery.settled_by}: {delivery.note}")


def _command(installation: Installation, number: int, ask: Ask) -> Command:
    return Command(uuid.uuid4(), Subject("delivery", number), 0, installation.config.operator, ask)


def _document(item: Attention) -> Document:
    what, why = to_do(item)
    return {
        **delivery_document(item.delivery),
        "ref": item.booking.ref,
        "practice": item.booking.practice.id,
        "to_do": what,
        "why": why,
    }


def _lines(items: Iterable[Attention], now: datetime) -> Iterable[str]:
    return aligned([_cells(item, now) for item in items])


def _cells(item: Attention, now: datetime) -> tuple[str, ...]:
    booking = item.booking
    zone = booking.practice.zone
    what, why = to_do(item)
    return (
        str(item.delivery.id),
        times.when(booking.starts_at, zone, now),
        booking.practice.short,
        booking.ref,
        booking.patient.name,
        booking.patient.mobile or "no mobile",
        times.distance(booking.starts_at, now, zone),
        f"{what}: {why}",
    )
