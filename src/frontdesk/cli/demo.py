"""`frontdesk demo`: the screen on made-up practices; nothing leaves the machine."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Operator, Reason
from frontdesk.cli.demo_faults import PREFIX, choose_faults, running_demo
from frontdesk.cli.printing import progress_bar, say
from frontdesk.cli.run import check_terminal, open_screen
from frontdesk.cli.seeding import fill
from frontdesk.cli.wiring import Installation
from frontdesk.demo import seed, simulator, world
from frontdesk.demo.seed import DEFAULT_BOOKINGS
from frontdesk.errors import Refused
from frontdesk.exchange.loading import ALONE, load

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore

SEED = 1


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the demonstration in DIR, or go on with the one that is there.",
)
@click.option(
    "--bookings",
    type=click.IntRange(1, 5_000_000),
    default=DEFAULT_BOOKINGS,
    show_default=True,
    metavar="N",
    help="How many bookings to make up, beside those that began an hour ago.",
)
@click.option(
    "--faults",
    is_flag=True,
    help="In a second terminal: have the open demonstration's PMSs fail, and recover.",
)
@click.option("--still", is_flag=True, help="Make one in whose PMSs nothing happens by itself.")
def demo(folder: Path | None, bookings: int, faults: bool, still: bool) -> None:
    """Open the screen on made-up practices. Nothing leaves this machine.

    A second program simulates their PMSs and keeps a ledger of what it did. Every half a minute or so
    somebody books, moves, cancels or arrives there, and the list follows. Mail goes into
    DIR/mail, a maildir. Cancel a booking at ADL and watch the line that begins with Last.
    Or mark with f that Lena Fischer did not come: that booking began about an hour before the
    demonstration was made. F3 shows Billing.
    """
    if faults:
        choose_faults(_absolute(folder) if folder else running_demo())
        return
    check_terminal()
    with _place(folder) as place:
        config_file = place / "config.toml"
        if not config_file.exists():
            _make(place, config_file, bookings, is_alive=not still)
        kept = f" --dir {place}" if folder else ""
        say(f"Made-up practices, in {place}. From another terminal:")
        say(f"  frontdesk demo --faults{kept}")
        say(f"  frontdesk --config {config_file} list")
        # It outlives this program for a while, so that deliver can finish what a killed one began.
        simulator.start(place / world.PMS_FOLDER, os.getpid())
        open_screen(Installation(config_file))


@contextmanager
def _place(kept: Path | None) -> Iterator[Path]:
    """Yield the demonstration's folder; one that nobody asked to keep goes when it is left."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
            yield Path(name)
        return
    place = _absolute(kept)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield place


def _absolute(folder: Path) -> Path:
    return folder.expanduser().absolute()


def _make(place: Path, config_file: Path, bookings: int, *, is_alive: bool = False) -> None:
    """Fill an empty folder. The config takes its place last: it says that the rest is whole."""
    if any(place.iterdir()):
        raise Refused(Reason("not-empty", f"{place} has other files in it: name a new folder with --dir"))
    draft = place / "unfinished.toml"
    now = datetime.now(UTC)

    def in_pms() -> Iterable[IncomingBooking]:
        return chain(seed.bookings(bookings, SEED, now), seed.late_bookings(now))

    try:
        world.make(place, draft, now, is_alive=is_alive)
        _fill(Installation(draft), bookings, now)
        world.fill(place, in_pms)
        draft.rename(config_file)
    except BaseException:
        for one in place.iterdir():
            if one.is_dir():
                shutil.rmtree(one)
            else:
                one.unlink()
        raise


def _fill(installation: Installation, bookings: int, now: datetime) -> None:
    with (
        installation.created_database(bring_practices=False) as (store, run),
        progress_bar("Making bookings", bookings, quiet=False) as show,
    ):
        operator = Operator("frontdesk demo")
        run(fill(store, operator, bookings, SEED, lambda done: show(done, f"{done:,} bookings")))
        run(_fill_late_calls(installation, store, operator, now))


async def _fill_late_calls(
    installation: Installation, store: "SqlStore", operator: Operator, now: datetime
) -> None:
    """Put the bookings that began an hour ago into the store, and have it bill from an earlier month on."""
    late = seed.as_booked(seed.late_bookings(now))
    await load(store.registry, late, operator, "made up", lambda _: None, pace=ALONE)
    if settings := installation.config.billing:
        await store.registry.apply_billing(settings, operator, seed.first_period(now))
