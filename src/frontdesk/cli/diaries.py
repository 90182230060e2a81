"""Which diaries this installation reads, and who reads them beside something else."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
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
from frontdesk.outbox import LEAVING_SECONDS
from frontdesk.pauses import pause
from frontdesk.sync.reader import Reader
from frontdesk.sync.sources import Source

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore

_HAS_SAID_WHY = (0, 1, 2)
"""With these a reader ends that another one would not do better than."""

_PAUSES = (5.0, 60.0, 600.0)


@dataclass(frozen=True, slots=True)
class Readable:
    """The diaries that can be read from here; `problems` are sentences about those that cannot."""

    sources: tuple[Source, ...]
    problems: tuple[str, ...] = ()


def readable(config: Config, outside: Outside, practices: Sequence[Practice]) -> Readable:
    """Return which diaries of `practices` can be read from here. Blocks as `Outside.connections` does.

    Those without a PMS, with one that is updated by hand, and with one whose account or secret is not
    here, have none. Where practices share a place, nobody knows whose an appointment is.
    """
    from frontdesk.pms.kinds import describe

    of_place: defaultdict[Place, list[Practice]] = defaultdict(list)
    for practice in practices:
        if practice.pms is not None and practice.pms.connection in config.accounts:
            of_place[Place(practice.pms.connection, practice.location)].append(practice)
    found, problems = [], []
    for place, sharing in of_place.items():
        practice, *others = sharing
        account = config.accounts[place.connection]
        if practice.pms is None or place.connection not in outside.connections:
            continue
        if not describe(account.kind, config.folder).can_be_read:
            continue
        if others:
            names = " and ".join(one.name for one in sharing)
            problems.append(
                f"{practice.pms.name} is not read: {names} are one place of {place.connection}, so give each the"
                " location of its site under [[practices]]"
            )
            continue
        sites = {other.location for other in of_place if other.connection == place.connection}
        found.append(
            Source(
                place,
                practice.pms.name,
                practice.zone,
                partial(outside.open_diary, account, practice.time_zone),
                urlsplit(account.base_url).hostname or "",
                frozenset(sites - {place.location}),
            )
        )
    return Readable(tuple(found), tuple(problems))


async def reader(store: "SqlStore", config: Config, outside: Outside) -> Reader | None:
    """Return who reads the diaries that can be read from here; None where there are none."""
    found = await asyncio.to_thread(readable, config, outside, await store.practices())
    return Reader(store.diaries, found.sources, config.pace, crash.report) if found.sources else None


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
            await _end(child)
            raise
        if code in _HAS_SAID_WHY:
            return
        await asyncio.sleep(pause(_PAUSES, failures))


async def _end(child: Process) -> None:
    """Have a reader end in its own way, or at once where that takes long: nothing is lost by it."""
    with suppress(ProcessLookupError):
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), LEAVING_SECONDS)
        except TimeoutError:
            child.kill()
            await child.wait()


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
