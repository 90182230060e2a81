"""Which diaries this installation reads, and who reads them beside something else."""

import asyncio
import ssl
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
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
from frontdesk.credentials import MissingCredential
from frontdesk.outbox import LEAVING_SECONDS
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
    found = await asyncio.to_thread(readable, config, outside, await store.practices())
    return Reader(store.diaries, found.sources, config.pace, crash.report) if found.sources else None


class ReaderBeside:
    """A process of its own that reads diaries, at less haste than this one.

    To parse a thousand appointments would hold up the keys of a desk. The process ends when this one is gone,
    however that ends: it sees that in its stdin.
    """

    def __init__(self, config_file: Path, log: Callable[[BaseException], object]) -> None:
        self._command = [sys.executable, "-m", "frontdesk", "--config", str(config_file), "sync", "--beside"]
        self._log = log
        self._child: Process | None = None

    async def run(self) -> None:
        """Have diaries read until cancelled."""
        for failures in count(1):
            try:
                self._child = child = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
                )
            except OSError as error:
                self._log(error)
                return
            try:
                code = await child.wait()
            except asyncio.CancelledError:
                await _end(child)
                raise
            if code in _HAS_SAID_WHY:
                return
            await asyncio.sleep(pause(_PAUSES, failures))

    def wake(self) -> None:
        """Have it look at once: somebody may have asked for a diary."""
        child = self._child
        if child is not None and child.returncode is None and child.stdin is not None:
            child.stdin.write(b"\n")


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
