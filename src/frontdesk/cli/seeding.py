"""`seed`: made-up bookings for the configured store."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from frontdesk.arrivals import Loaded, LoadOutcome
from frontdesk.bookings import Operator, Reason
from frontdesk.cli.data import quiet_option
from frontdesk.cli.printing import progress_bar, say
from frontdesk.cli.wiring import Installation
from frontdesk.demo import seed
from frontdesk.errors import Refused
from frontdesk.exchange.loading import ALONE, load

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore

_MOST = 5_000_000


async def fill(
    store: "SqlStore", operator: Operator, number: int, seed_number: int, on_progress: Callable[[int], None]
) -> int:
    """Put the made-up practices and `number` bookings around now into a store.

    Practices that are there stay as they are. Returns how many bookings are new.
    """
    there = {practice.id for practice in await store.practices()}
    missing = [practice for practice in seed.practices() if practice.id not in there]
    if missing:
        await store.registry.apply_practices(missing, operator)
    loaded = new = 0

    def count(outcomes: Sequence[Loaded]) -> None:
        nonlocal loaded, new
        loaded += len(outcomes)
        new += sum(one.outcome is LoadOutcome.NEW for one in outcomes)
        on_progress(loaded)

    state = await store.state()
    made_up = seed.bookings(number, seed_number, state.now)
    pace = None if state.bookings else ALONE
    await load(store.registry, made_up, operator, "made up", count, pace=pace)
    return new


@click.command("seed")
@click.option(
    "--bookings",
    "number",
    type=click.IntRange(1, _MOST),
    default=seed.DEFAULT_BOOKINGS,
    show_default=True,
    metavar="N",
    help="How many.",
)
@click.option(
    "--seed",
    "seed_number",
    type=click.IntRange(0, 999_999),
    default=1,
    show_default=True,
    metavar="S",
    help="Another number makes other bookings.",
)
@click.option("--into-existing", is_flag=True, help="Also into a store with bookings of other practices.")
@quiet_option
@click.pass_obj
def seed_command(
    installation: Installation, number: int, seed_number: int, into_existing: bool, quiet: bool
) -> None:
    """Fill the store with made-up bookings of made-up practices.

    The store is the one that the config names. Nobody in the bookings exists, and their numbers
    and addresses reach nobody. The same number on the same day makes the same bookings.
    """
    with installation.opened_database() as (store, run):
        run(_refuse_a_real_store(store, into_existing=into_existing))
        with progress_bar("Making bookings", number, quiet=quiet) as show:
            new = run(
                fill(
                    store,
                    installation.config.operator,
                    number,
                    seed_number,
                    lambda done: show(done, f"{done:,} bookings"),
                )
            )
    say(f"{number:,} made-up bookings: {new:,} of them new")


async def _refuse_a_real_store(store: "SqlStore", *, into_existing: bool) -> None:
    made_up = {practice.id: practice for practice in seed.practices()}
    there = await store.practices()
    for practice in there:
        own = made_up.get(practice.id)
        if own and (practice.name, practice.time_zone) != (own.name, own.time_zone):
            raise Refused(
                Reason("own-practice", f"the store has a practice {practice.id} of its own, {practice.name}")
            )
    foreign = [practice.name for practice in there if practice.id not in made_up]
    if foreign and not into_existing and (await store.state()).bookings:
        raise Refused(
            Reason(
                "real-store",
                f"the store has bookings, and {', '.join(foreign)} is not made up: "
                "name another store in the config, or add --into-existing",
            )
        )
