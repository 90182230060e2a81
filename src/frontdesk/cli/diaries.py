"""Which diaries this installation reads, and who reads them beside something else."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from frontdesk.arrivals import Place
from frontdesk.bookings import Practice
from frontdesk.cli import crash
from frontdesk.cli.outside import Outside
from frontdesk.config import Config
from frontdesk.pauses import pause
from frontdesk.sync.reader import Reader
from frontdesk.sync.sources import Source

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore

_HAS_SAID_WHY = (0, 1, 2)
"""With these a reader ends that another one would not do better than."""

_PAUSES = (5.0, 60.0, 600.0)


def sources(config: Config, outside: Outside, practices: Sequence[Practice]) -> tuple[Source, ...]:
    """Return the diaries of `practices` that can be read from here. Blocks as `Outside.connections` does.

    Those without a PMS, with one that is updated by hand, and with one whose account or secret is not
    here, have none.
    """
    from frontdesk.pms.kinds import describe

    sites: defaultdict[str, set[str]] = defaultdict(set)
    readable = []
    for practice in practices:
        if practice.pms is None or practice.pms.connection not in config.accounts:
            continue
        sites[practice.pms.connection].add(practice.location)
        account = config.accounts[practice.pms.connection]
        if account.connection in outside.connections and describe(account.kind, config.folder).can_be_read:
            readable.append((practice, practice.pms, account))
    return tuple(
        Source(
            Place(pms.connection, practice.location),
            pms.name,
            practice.zone,
            partial(outside.open_diary, account, practice.time_zone),
            urlsplit(account.base_url).hostname or "",
            frozenset(sites[pms.connection] - {practice.location}),
        )
        for practice, pms, account in readable
    )


async def reader(store: "SqlStore", config: Config, outside: Outside) -> Reader | None:
    """Return who reads the diaries that can be read from here; None where there are none."""
    found = await asyncio.to_thread(sources, config, outside, await store.practices())
    return Reader(store.diaries, found, config.pace, crash.report) if found else None


async def read_beside(config_file: Path, log: Callable[[BaseException], object]) -> None:
    """Have a process of its own read diaries, at less haste than this one, until cancelled.

    To parse a thousand appointments would hold up the keys of a desk. The process ends when this one is gone,
    however that ends: it sees that in its stdin.
    """
    command = [sys.executable, "-m", "frontdesk", "--config", str(config_file), "sync", "--beside"]
    for failures in count(1):
        try:
            child = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
            )
        except OSError as error:
            log(error)
            return
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            if child.stdin is not None:
                child.stdin.close()
            raise
        if code in _HAS_SAID_WHY:
            return
        await asyncio.sleep(pause(_PAUSES, failures))


@asynccontextmanager
async def reading(store: "SqlStore", config: Config, outside: Outside) -> AsyncIterator[Reader | None]:
    """Read diaries as long as the context lasts; what is being read then is gone on with by whoever comes next."""
    reads = await reader(store, config, outside)
    task = asyncio.create_task(reads.run()) if reads else None
    try:
        yield reads
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
