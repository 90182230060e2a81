"""Puts many bookings into a store without being in the way of the desks.

A cancel waits while a batch is written, so batches are sized to take well under a fifth
of a second, and after each there is a pause for whoever waits. A store without bookings has
nobody who waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from frontdesk.arrivals import IncomingBooking, Loaded
from frontdesk.bookings import Operator
from frontdesk.errors import FrontdeskError
from frontdesk.store.port import Registry

_FIRST, _LEAST, _MOST = 100, 10, 5_000


@dataclass(frozen=True)
class Pace:
    """How long a batch may take, in seconds, and how long the pause after it is, in parts of that."""

    batch: float = 0.12
    pause: float = 0.25
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


ALONE = Pace(batch=0.5, pause=0.0)
"""For a store without bookings: no desk has anything to do there yet."""


async def load(
    registry: Registry,
    bookings: Iterable[IncomingBooking],
    operator: Operator,
    source: str,
    on_loaded: Callable[[Sequence[Loaded]], None],
    *,
    dry_run: bool = False,
    pace: Pace | None = None,
) -> None:
    """Load `bookings` batch by batch, telling `on_loaded` the outcomes of each.

    When this is cancelled, or `bookings` raises a FrontdeskError, what the store was given
    before is in it and has been told.
    """
    pace = pace or Pace()
    rows, size = iter(bookings), _FIRST
    batch, trouble = _take(rows, size)
    while True:
        started = pace.clock()
        if batch:
            writing = asyncio.ensure_future(registry.load(batch, operator, source, dry_run=dry_run))
            await _told(writing, on_loaded)
        if trouble is not None:
            raise trouble
        if len(batch) < size:
            break
        written = pace.clock()
        took = written - started
        # Doubling at most: one lucky batch must not make the next one hold up a desk.
        size = max(_LEAST, min(_MOST, 2 * size, round(size * pace.batch / max(took, 0.001))))
        # Desks have the store to themselves while the next batch is read, too.
        batch, trouble = _take(rows, size)
        await pace.sleep(max(0.0, written + took * pace.pause - pace.clock()))
    if not dry_run:
        # All is in, whatever becomes of this.
        with suppress(FrontdeskError):
            await registry.loaded()


def _take(rows: Iterator[IncomingBooking], size: int) -> tuple[list[IncomingBooking], FrontdeskError | None]:
    batch: list[IncomingBooking] = []
    try:
        batch.extend(islice(rows, size))
    except FrontdeskError as trouble:
        return batch, trouble
    return batch, None


async def _told(
    writing: "asyncio.Future[tuple[Loaded, ...]]", on_loaded: Callable[[Sequence[Loaded]], None]
) -> None:
    """Wait for a batch to be written, even when told to stop: half of it is nothing to report."""
    try:
        outcomes = await asyncio.shield(writing)
    except asyncio.CancelledError:
        on_loaded(await writing)
        raise
    on_loaded(outcomes)
