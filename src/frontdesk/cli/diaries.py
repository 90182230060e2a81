"""Which diaries this installation reads, and who reads them beside something else."""

import asyncio
import ssl
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
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
from frontdesk.credentials import MissingCredential
from frontdesk.pauses import pause
from frontdesk.pms.hl7.settings import Hl7
from frontdesk.pms.port import Account
from frontdesk.sync.reader import Reader
from frontdesk.sync.sources import Source

if TYPE_CHECKING:
    from frontdesk.server.waking import Proof
    from frontdesk.store.sql.store import SqlStore
    from frontdesk.sync.listening import Account as PushingAccount

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


def pushing_accounts(config: Config, practices: Sequence[Practice]) -> tuple["PushingAccount", ...]:
    """Return the accounts of `practices` whose messages come in at this machine."""
    from frontdesk.sync.listening import Account as PushingAccount

    found: dict[str, PushingAccount] = {}
    for practice in practices:
        account = config.accounts.get(practice.pms.connection) if practice.pms else None
        if practice.pms is None or account is None or account.hl7 is None:
            continue
        made = PushingAccount(account.hl7, practice.pms.name, {}, partial(encryption, account.hl7))
        places = found.setdefault(account.connection, made).places
        places[Place(account.connection, practice.location)] = practice.zone
    return tuple(found.values())


def encryption(settings: Hl7) -> ssl.SSLContext | None:
    """Return a context that shows our certificate, and asks for the peer's. Raises FrontdeskError."""
    if settings.cert is None or settings.key is None or settings.client_ca is None:
        return None
    from frontdesk.server.place import CannotListen, server_context

    context = server_context(settings.cert, settings.key)
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(cafile=settings.client_ca)
    except (OSError, ssl.SSLError):
        raise CannotListen(f"{settings.client_ca} has no certificates in PEM form") from None
    return context


def listeners(
    store: "SqlStore", accounts: Sequence["PushingAccount"]
) -> Sequence[Callable[[], Awaitable[None]]]:
    """Return what listens for each account until it is cancelled."""
    if not accounts:
        return ()
    from frontdesk.sync.listening import Hearing

    return [Hearing(store.diaries, one, crash.report).run for one in accounts]


def wake_proofs(outside: Outside, accounts: Mapping[str, Account]) -> tuple[dict[str, "Proof"], list[str]]:
    """Return how accounts prove that they ask to be read, and sentences about those whose secret is missing.

    It blocks: the secrets are looked for.
    """
    from frontdesk.server.waking import Proof

    proofs, problems = {}, []
    for name, account in accounts.items():
        if account.wake is None:
            continue
        try:
            secret = outside.secrets(account.wake.credential)
        except MissingCredential as missing:
            problems.append(missing.hint)
        else:
            proofs[name] = Proof(account.wake.header, secret.encode(), account.wake.is_hmac)
    return proofs, problems


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
    """Read diaries, and take in what is pushed, as long as the context lasts.

    What is being read at its end is gone on with by whoever comes next.
    """
    reads = await reader(store, config, outside)
    works = [
        *([reads.run] if reads else []),
        *listeners(store, pushing_accounts(config, await store.practices())),
    ]
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield reads
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
