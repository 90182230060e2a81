"""`sync`: reads the diaries of PMSs without a screen, lists what was read, and takes decisions."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from frontdesk.arrivals import Place
from frontdesk.bookings import Practice, Reason
from frontdesk.cli import crash
from frontdesk.cli.diaries import listeners, pushing_accounts, readable
from frontdesk.cli.documents import Document, as_json, print_document
from frontdesk.cli.filters import DAY, TypedDay
from frontdesk.cli.following import refuse_without_terminal, unasked
from frontdesk.cli.lines import aligned
from frontdesk.cli.printing import ask, progress_bar, say
from frontdesk.cli.wiring import Installation
from frontdesk.complaints import nearest
from frontdesk.diary_runs import Decision, Kind, Run, RunState
from frontdesk.errors import NotFound, Refused
from frontdesk.store.desk_diaries import carry_out
from frontdesk.store.port import BookingStore
from frontdesk.sync.reader import Read, Reader, Wanted
from frontdesk.sync.reading import Progress
from frontdesk.sync.sources import Source
from frontdesk.words.diaries import brought, run_cells

if TYPE_CHECKING:
    from frontdesk.sync.listening import Account as PushingAccount

_SHOWN = 50

NICE = 10
"""How much less of the machine a reader beside a desk gets than the desk."""


@click.group(invoke_without_command=True)
@click.option("--once", is_flag=True, help="Read each diary once, now, and exit.")
@click.option("--connection", metavar="NAME", default="", help="Only the diaries of this connection.")
@click.option("--from", "first", type=DAY, help="With --once: compare from this day on.")
@click.option("--to", "last", type=DAY, help="With --once: compare until this day.")
@click.option("--beside", is_flag=True, hidden=True, help="End when stdin does.")
@as_json
@click.pass_context
def sync(
    context: click.Context,
    once: bool,
    connection: str,
    first: TypedDay | None,
    last: TypedDay | None,
    beside: bool,
    as_json: bool,
) -> None:
    """Read the diaries of PMSs, so that the list is as they are.

    It goes on until you end it, and any number of them may run: one at a time reads a diary. Open desks on an
    SQLite file and frontdesk serve do the same if the config has [sync]. If a PMS suddenly
    shows far fewer bookings, nothing of that is changed here until a person has decided. Where a PMS
    sends its changes by itself (kind hl7), its messages are taken in.

    \b
    Examples:
      frontdesk sync --once                       read each diary now
      frontdesk sync --once --from 1/1 --to 30/6  compare half a year
      frontdesk sync                              read them all day
      frontdesk sync runs                         what was read, and what is held
      frontdesk sync decide 12 again              read it once more
    """
    if context.invoked_subcommand is not None:
        return
    if (first or last or as_json) and not once:
        raise click.UsageError("--from, --to and --json are for --once")
    installation: Installation = context.obj
    installation.refuse_served("diaries are read")
    outside = installation.outside
    with installation.opened_database() as (store, run):
        for notice in (*outside.problems, *installation.notices):
            say(notice, err=True)
        practices = run(store.practices())
        pushing = [
            one
            for one in pushing_accounts(installation.config, practices)
            if connection in ("", next(iter(one.places)).connection)
        ]
        chosen = _chosen(installation, practices, connection, pushing, once=once)
        reader = Reader(store.diaries, chosen, installation.config.pace, crash.report)
        if not once:
            for account in pushing:
                say(f"Listening for messages of {account.shown} on {account.settings.shown}.", err=True)
            if names := ", ".join(dict.fromkeys(source.shown for source in chosen)):
                say(f"Reading the diary of {names}.", err=True)
            works = [*([reader.run] if chosen else []), *listeners(store, pushing)]
            run(_until_ended(works, reader.wake, beside=beside))
            return
        today = datetime.now(UTC).astimezone(chosen[0].zone).date()
        days = [typed.on(today) if typed else None for typed in (first, last)]
        kind = Kind.FULL if any(days) else Kind.NEAR
        wanted = Wanted(kind, installation.config.operator, *days)
        with progress_bar("Reading", 1.0, quiet=as_json) as show:
            found = run(reader.run_once(wanted, partial(_show, show, chosen)))
    shown = {source.place: source.shown for source in chosen}
    if as_json:
        print_document([_read_document(one) for one in found])
    else:
        for one in found:
            _say(one, shown[one.place])
    if any(one.trouble or one.is_held for one in found):
        raise click.exceptions.Exit(1)


def _chosen(
    installation: Installation,
    practices: Sequence[Practice],
    connection: str,
    pushing: Sequence["PushingAccount"],
    *,
    once: bool,
) -> tuple[Source, ...]:
    """Return the diaries that are to be read. Raises Refused where there are none, and nothing that pushes."""
    if connection and connection not in installation.config.accounts:
        known = nearest(connection, installation.config.accounts)
        raise click.UsageError(f"there is no connection {connection}, {known}")
    there = readable(installation.config, installation.outside, practices)
    found = tuple(one for one in there.sources if connection in ("", one.place.connection))
    if not found and there.problems:
        raise Refused(Reason("no-diary", there.problems[0]))
    if not found and pushing:
        if once:
            shown = ", ".join(one.shown for one in pushing)
            raise Refused(
                Reason(
                    "pushed",
                    f"{shown} cannot be read, it sends its changes by itself: leave frontdesk sync running",
                )
            )
        return ()
    if not found:
        where = f"the connection {connection}" if connection else installation.config.place
        why = "a practice needs a pms, and that an account whose diary can be read"
        raise Refused(Reason("no-diary", f"frontdesk can read no diary of {where}: {why}"))
    for problem in there.problems:
        say(problem, err=True)
    return found


def _show(show: Callable[[float, str], None], chosen: Sequence[Source], progress: Progress) -> None:
    source = next(one for one in chosen if one.place == progress.run.place)
    show(
        progress.done / max(progress.slices, 1), f"{source.shown}: {progress.done} of {progress.slices} parts"
    )


def _say(read: Read, shown: str) -> None:
    name = f"{shown} ({read.place.location})" if read.place.location else shown
    if read.trouble:
        say(f"{name} was not read: {read.trouble}.", err=True)
        return
    say(f"{name} read: {brought(read.counts)}")
    for run in read.runs:
        if run.state is RunState.HELD:
            say(
                f"Held: {run.why}. Nothing of that was changed here. Look with frontdesk sync runs,"
                f" then: frontdesk sync decide {run.number} again, ignore or apply",
                err=True,
            )


async def _until_ended(
    works: Sequence[Callable[[], Awaitable[None]]], wake: Callable[[], None], *, beside: bool
) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP, or until whoever has started it is gone."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, ended.set)
    if beside:
        # The desk that has started it goes first.
        os.nice(NICE)
        loop.add_reader(sys.stdin.fileno(), _look, ended, wake)
    tasks = [asyncio.ensure_future(work()) for work in works]
    await ended.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _look(ended: asyncio.Event, wake: Callable[[], None]) -> None:
    """What a desk writes to stdin means that somebody has asked for a diary."""
    if os.read(sys.stdin.fileno(), 1024):
        wake()
        return
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    ended.set()


@sync.command("runs")
@as_json
@click.pass_obj
def runs(installation: Installation, as_json: bool) -> None:
    """List what was read, and what waits for a decision."""
    installation.refuse_served("diaries are read")
    with installation.opened_database() as (store, wait):
        found = wait(store.diaries.runs(_SHOWN))
        practices, now = wait(store.practices()), wait(store.state()).now
        examples = {one.number: wait(_examples(store, one)) for one in found if one.held}
    if as_json:
        print_document([_document(one, examples.get(one.number, [])) for one in found])
        return
    of_place = {(one.pms.connection, one.location): one for one in practices if one.pms}
    rows = []
    for one in found:
        practice = of_place.get((one.place.connection, one.place.location))
        shown = practice.pms.name if practice and practice.pms else one.place.connection
        rows.append(run_cells(one, shown, practice.zone if practice else UTC, now))
    for line in aligned(rows):
        say(line)
    for number, refs in examples.items():
        if refs:
            say(f"{number}, for example: {', '.join(refs)}")
    if not found:
        say("Nothing was read yet.")


@sync.command("decide")
@click.argument("number", metavar="RUN", type=int)
@click.argument("decision", type=click.Choice([one.value for one in Decision]))
@unasked
@as_json
@click.pass_obj
def decide(installation: Installation, number: int, decision: str, yes: bool, as_json: bool) -> None:
    """Decide about a mass change that run RUN has held.

    \b
    again    the PMS is read once more
    ignore   the list stays as it is; you are asked when the PMS changes
    apply    the list is made as the PMS says; patients are not told by us
    """
    installation.refuse_served("diaries are read")
    wanted = Decision(decision)
    if wanted is Decision.APPLY:
        refuse_without_terminal("sync decide", "changes bookings", yes=yes)
    with installation.opened_database() as (store, wait):
        run = wait(store.diaries.run(number))
        if wanted is Decision.APPLY and not yes:
            _confirm(run, as_json=as_json)
        operator = installation.config.operator
        run = wait(carry_out(store.diaries, number, wanted, operator, "frontdesk sync decide"))
    if as_json:
        print_document(_document(run, []))
    elif wanted is Decision.APPLY:
        say(f"The list is as the PMS says: {brought(run.counts)}")
    elif wanted is Decision.IGNORE:
        say("The list stays as it is. You are asked again when the PMS changes.")
    else:
        say("The PMS is read again, by an open desk, frontdesk serve or frontdesk sync.")


def _confirm(run: Run, *, as_json: bool) -> None:
    total = sum(run.held.values())
    typed = ask(f"{run.why}. Patients are not told by us. Type {total} to have the list made so", err=as_json)
    if typed.strip() != str(total):
        raise Refused(Reason("not-confirmed", "the number was not typed: nothing was decided"))


async def _examples(store: BookingStore, run: Run) -> list[str]:
    """Return how to call some of the bookings that a run has held: PRACTICE/REF."""
    found = []
    for booking_id in run.examples:
        try:
            booking = await store.get(booking_id)
        except NotFound:
            continue
        found.append(f"{booking.practice.short}/{booking.ref}")
    return found


def _read_document(read: Read) -> Document:
    return {
        **_place(read.place),
        "trouble": read.trouble or None,
        "runs": [_document(run, []) for run in read.runs],
    }


def _document(run: Run, examples: Sequence[str]) -> Document:
    return {
        "run": run.number,
        **_place(run.place),
        "kind": run.kind.value,
        "state": run.state.value,
        "started_at": _instant(run.started_at),
        "ended_at": _instant(run.ended_at),
        "from": _instant(run.window.starts_at if run.window else None),
        "to": _instant(run.window.ends_at if run.window else None),
        "read": run.read,
        "changed": dict(run.counts),
        "held": dict(run.held),
        "why": run.why or None,
        "examples": list(examples),
        "decision": run.decision.value if run.decision else None,
        "decided_by": str(run.decided_by) if run.decided_by else None,
        "decided_at": _instant(run.decided_at),
    }


def _place(place: Place) -> Mapping[str, str]:
    return {"connection": place.connection, "location": place.location}


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
