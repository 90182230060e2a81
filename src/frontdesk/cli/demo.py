"""`frontdesk demo`: the screen on made-up practices; nothing leaves the machine."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from frontdesk.bookings import Operator, Reason, Refused
from frontdesk.cli.progress import progress_bar
from frontdesk.cli.run import check_terminal, open_screen
from frontdesk.cli.seeding import fill
from frontdesk.cli.wiring import Session
from frontdesk.seed import DEFAULT_BOOKINGS

CONFIG = """\
# A frontdesk demonstration: everybody in it is made up.
home = "adelaide"
[store]
url = "sqlite:///frontdesk.db"
[log]
file = "frontdesk.log"
"""
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
    help="How many to make up.",
)
def demo(folder: Path | None, bookings: int) -> None:
    """Open the screen on made-up practices. Nothing leaves this machine."""
    check_terminal()
    with _place(folder) as place:
        config_file = place / "config.toml"
        if not config_file.exists():
            _make(place, config_file, bookings)
        click.echo(f"Made-up practices, in {place}. From another terminal:")
        click.echo(f"  frontdesk --config {config_file} list")
        open_screen(Session(config_file))


@contextmanager
def _place(kept: Path | None) -> Iterator[Path]:
    """Yield the demonstration's folder; one that nobody asked to keep goes when it is left."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="frontdesk-demo-") as name:
            yield Path(name)
        return
    place = kept.expanduser().absolute()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield place


def _make(place: Path, config_file: Path, bookings: int) -> None:
    """Fill an empty folder. The config takes its place last: it says that the rest is whole."""
    if any(place.iterdir()):
        raise Refused(Reason("not-empty", f"{place} holds something else: name a new folder with --dir"))
    draft = place / "unfinished.toml"
    try:
        draft.write_text(CONFIG, encoding="utf-8")
        _fill(Session(draft), bookings)
        draft.rename(config_file)
    except BaseException:
        for file in place.iterdir():
            file.unlink()
        raise


def _fill(session: Session, bookings: int) -> None:
    with session.opened() as (store, run), progress_bar("Making bookings", bookings, quiet=False) as show:
        operator = Operator("frontdesk demo")
        run(fill(store, operator, bookings, SEED, lambda done: show(done, f"{done:,} bookings")))
