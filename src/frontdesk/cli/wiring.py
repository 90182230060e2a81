"""The only place where the parts are put together: config, operator, store, desk."""

import asyncio
import os
import time
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from frontdesk import config
from frontdesk.bookings import Booking, Pms, Practice, Reason, home_practice
from frontdesk.cli import DEMONSTRATION, crash
from frontdesk.cli.cut_offs import CutOffs
from frontdesk.cli.dispatching import BesideTheScreen
from frontdesk.cli.known_stores import KnownStores
from frontdesk.cli.outside import Outside
from frontdesk.complaints import nearest
from frontdesk.config import Config, ConfigError
from frontdesk.credentials import Credentials, MissingCredential
from frontdesk.desk import Desk, FirstSteps, Settings
from frontdesk.errors import Refused
from frontdesk.operators import Operators
from frontdesk.pms.port import Verified
from frontdesk.preflight import AskPms, Finding, Preflight
from frontdesk.private_files import why_changeable
from frontdesk.threads import abandonable

if TYPE_CHECKING:
    from frontdesk.store.far.store import RemoteStore
    from frontdesk.store.port import BookingStore
    from frontdesk.store.sql.store import SqlStore

Answer = TypeVar("Answer")

Opened = TypeVar("Opened", bound="BookingStore")


class Run(Protocol):
    """Waits for one question to the store."""

    def __call__(self, question: Coroutine[Any, Any, Answer], /) -> Answer:
        """Return the answer, or raise what the store raises."""
        ...


@contextmanager
def _running(opening: Coroutine[Any, Any, Opened]) -> Iterator[tuple[Opened, Run]]:
    with asyncio.Runner() as runner:
        store = runner.run(opening)
        try:
            yield store, runner.run
        finally:
            runner.run(store.close())


def why_store_changeable(file: Path) -> str:
    """Return how others than its owner could change an SQLite store, with what to do, or nothing."""
    return why_changeable(file, is_shared_folder_harmless=False)


class Installation:
    """What this account of the machine has of frontdesk: its config, its secrets, its operators, its store.

    Each part is read or opened when it is first needed. `notices` are sentences about the store
    that the operator should see, filled by `open_store`. `database` is the store itself, once it is
    open, if this machine reaches it past any server.
    """

    def __init__(self, config_file: Path | None = None) -> None:
        self.config_file = config_file
        self.notices: list[str] = []
        self.database: SqlStore | None = None
        self._remote: RemoteStore | None = None
        self._dispatch: BesideTheScreen | None = None

    @cached_property
    def config(self) -> Config:
        """The config. Raises ConfigError."""
        loaded = config.load(self.config_file)
        crash.keep_log(loaded.log_file)
        return loaded

    @cached_property
    def outside(self) -> Outside:
        """What this installation reaches outside."""
        return Outside(self.config, self.credentials)

    @cached_property
    def credentials(self) -> Credentials:
        """The secrets that the config names, wherever they lie."""
        return Credentials(self.config.folder)

    def refuse_served(self, what: str) -> None:
        """Refuse what is done only on the machine that has the database; `what` begins the sentence."""
        if self.config.is_served:
            raise Refused(Reason("store-elsewhere", f"{what} on the machine of {self.config.store_url}"))

    @property
    def first_steps(self) -> FirstSteps:
        """What is to be done where there are no bookings yet."""
        example = (*config.PRACTICE_EXAMPLE.splitlines(),)
        has_demonstration = find_spec(DEMONSTRATION) is not None
        if self.config.is_served:
            command = ("frontdesk import FILE", "from a CSV file, at the server")
            place = f"the config of the server {self.config.store_url}"
            return FirstSteps((command,), place, example, has_demonstration)
        return FirstSteps(config=self.config.place, example=example, has_demonstration=has_demonstration)

    def first_step(self, practices: Iterable[Practice]) -> str:
        """Return what is to be done first, as the rest of a sentence: bookings need a practice."""
        if any(practices):
            command, source = self.first_steps.commands[0]
            return f"{command} imports them {source}"
        return f"no practice is known yet: {self.practices_step}"

    @property
    def practices_step(self) -> str:
        """What is to be done to have a practice, as the rest of a sentence."""
        keys = "with id, name and time_zone"
        return f"write one under [[practices]], {keys}, into {self.first_steps.config}"

    @cached_property
    def _known_stores(self) -> KnownStores:
        return KnownStores(config.state_folder())

    def is_first_start(self) -> bool:
        """Whether a missing store is made automatically: the config names no place, and there was none yet.

        A place that somebody named can be a disk that is not mounted, and another account of this
        machine may have a store there; so it gets its first store by `frontdesk store create`.
        """
        file = self.config.store_file
        return file == config.default_store_file() and not self._known_stores.has(file)

    def _remember_store(self) -> None:
        file = self.config.store_file
        if file != config.default_store_file():
            return
        try:
            self._known_stores.add(file)
        except OSError as error:
            self.notices.append(
                f"should {file} be missing one day, frontdesk would make a new one without a word: that there is"
                f" one cannot be remembered in {config.state_folder()} ({error.strerror})"
            )

    @cached_property
    def operators(self) -> Operators:
        """Who signs in by PIN, kept beside the config."""
        return Operators(self.config.folder, state=config.state_folder())

    async def open_store(
        self, *, bring_practices: bool = True, may_create: bool | None = None
    ) -> "BookingStore":
        """Open the configured store, wherever it is; one here as `open_database` does.

        Of a server elsewhere nothing is asked yet. Raises Unavailable, Refused, Unauthorised,
        MissingCredential.
        """
        if not self.config.is_served:
            return await self.open_database(bring_practices=bring_practices, may_create=may_create)
        backend = await abandonable(lambda: import_module("frontdesk.store.far.store"))
        token = await self._store_secret()
        self._remote = remote = backend.RemoteStore(self.config.store_url, token, self.config.store_ca_file)
        return cast("BookingStore", remote)

    async def _ask_server(self, booking: Booking) -> Preflight:
        """Have the server ask a booking's PMS; see AskPms."""
        if self._remote is None:
            return Preflight(Finding.NOT_ASKED)
        return await self._remote.preflight(booking)

    async def open_database(
        self, *, bring_practices: bool = True, may_create: bool | None = None
    ) -> "SqlStore":
        """Open the configured store itself, migrate it if need be, and bring its practices up to date.

        Where there is none it is made if `may_create`, by default at an account's first start alone.
        Raises Unavailable, Unauthorised, and Refused where the store is a server elsewhere.
        """
        backend, password = await self._backend()
        if may_create is None:
            may_create = self.is_first_start()
        store: SqlStore = await backend.open_store(
            self.config.store_url, password=password, may_create=may_create
        )
        return await self._ready(store, bring_practices=bring_practices)

    async def create_database(self, *, bring_practices: bool = True) -> "SqlStore":
        """Make the configured store, and open it as `open_database` does. Raises Refused if there is one."""
        backend, password = await self._backend()
        store: SqlStore = await backend.create_store(self.config.store_url, password=password)
        return await self._ready(store, bring_practices=bring_practices)

    async def _backend(self) -> tuple[ModuleType, str]:
        """Return what opens databases, and the password of this one."""
        self.refuse_served("the store is a server: do this")
        password = await self._store_secret()
        # SQLAlchemy takes most of a second of a slow machine: only who opens a store waits for it,
        # and the screen takes keys meanwhile.
        return await abandonable(lambda: import_module("frontdesk.store.opening")), password

    async def _ready(self, store: "SqlStore", *, bring_practices: bool) -> "SqlStore":
        self._remember_store()
        try:
            if bring_practices:
                await self._bring_practices(store)
                await self._bring_billing(store)
        except BaseException:
            await store.close()
            raise
        self.database = store
        if (file := self.config.store_file) and (why := why_store_changeable(file)):
            self.notices.append(f"the bookings are not safe: {why}")
        if self._dispatch is not None:
            self._dispatch.opened(store)
        return store

    async def _store_secret(self) -> str:
        """Return the database's password, or nothing when the config names none, or the desk token.

        Raises MissingCredential.
        """
        name = self.config.store_credential
        if self.config.is_served and not name:
            raise MissingCredential(
                f"{self.config.file}: [store] needs a credential, the desk token that the server knows:"
                ' write credential = "desk" there, and keep it with: frontdesk credentials set desk'
            )
        return await asyncio.to_thread(self.credentials, name) if name else ""

    async def _bring_practices(self, store: "SqlStore") -> None:
        """Where store and config differ the store wins, except on SQLite or when it has none."""
        there = await store.practices()
        differing = self.differing(there)
        if not differing:
            return
        names = ", ".join(practice.name for practice in differing)
        if there and self.config.store_file is None:
            self.notices.append(f"the store has other settings for {names}: frontdesk practices apply")
        elif reason := (await store.state()).standing.why_not_writable:
            self.notices.append(f"the config's settings for {names} are not in the store: {reason}")
        else:
            await store.registry.apply_practices(self.config.practices, self.config.operator)

    async def _bring_billing(self, store: "SqlStore") -> None:
        """Do with [billing] what is done with practices: see `_bring_practices`."""
        wanted = self.config.billing
        if wanted is None:
            return
        there = await store.registry.billing()
        if wanted in there:
            return
        if there and self.config.store_file is None:
            self.notices.append("the store has other settings for [billing]: frontdesk practices apply")
        elif reason := (await store.state()).standing.why_not_writable:
            self.notices.append(f"the config's settings for [billing] are not in the store: {reason}")
        else:
            await store.registry.apply_billing(wanted, self.config.operator)

    def differing(self, there: Iterable[Practice]) -> list[Practice]:
        """Return the config's practices that are not `there` as the config has them."""
        known = {practice.id: practice for practice in there}
        return [one for one in self.config.practices if known.get(one.id) != one]

    async def open_for_screen(self) -> "BookingStore":
        """Open the store as `open_store` does; an SQLite file in order shows its first pages at once."""
        if self.config.store_file is None:
            return await self.open_store()
        from frontdesk.store.early.arriving import ArrivingStore
        from frontdesk.store.early.reads import EarlyReads, Unusual

        early = EarlyReads(self.config.store_file)
        try:
            await early.open()
            self._remember_store()
            if not self.differing(await early.practices()):
                return cast("BookingStore", ArrivingStore(early, self.open_store))
        except Unusual:
            pass
        await early.close()
        return await self.open_store()

    async def home(self, store: "BookingStore") -> Practice | None:
        """Return the practice whose time is "here": the config's, else the store's first."""
        return home_practice(await store.practices(), self.config.home)

    @contextmanager
    def opened(
        self, *, bring_practices: bool = True, may_create: bool | None = None
    ) -> Iterator[tuple["BookingStore", Run]]:
        """Open the store for a line command: yields it, and what waits for its answers.

        Between two questions no event loop runs, so a prompt can be interrupted as usual.
        """
        with _running(self.open_store(bring_practices=bring_practices, may_create=may_create)) as opened:
            yield opened

    @contextmanager
    def opened_database(self, *, bring_practices: bool = True) -> Iterator[tuple["SqlStore", Run]]:
        """Open the store itself for a line command, as `opened` does; see `open_database`."""
        with _running(self.open_database(bring_practices=bring_practices)) as opened:
            yield opened

    @contextmanager
    def created_database(self, *, bring_practices: bool = True) -> Iterator[tuple["SqlStore", Run]]:
        """Make the store for a line command, and open it, as `opened` does; see `create_database`."""
        with _running(self.create_database(bring_practices=bring_practices)) as created:
            yield created

    def verified(self, pms: Pms) -> Verified | None:
        """Return how far what is assumed of a PMS has been proven, as this machine's profile says."""
        from frontdesk.pms.kinds import describe

        try:
            return describe(pms.kind, self.config.folder).verified
        except ValueError:
            return None  # the profile lies where deliveries are carried out, not here

    def _preflight(self) -> AskPms | None:
        """Return who asks PMSs for this desk, and have deliveries carried out if it does that itself."""
        if self.config.is_served:
            return self._ask_server
        outside = self.outside
        if not outside.secrets_needed:
            return None
        self._dispatch = BesideTheScreen(self.config, outside, self.notices.append)
        return outside.preflight

    def check_keys(self) -> None:
        """Raise ConfigError for `[keys]` that cannot be."""
        from frontdesk.actions import ACTIONS
        from frontdesk.keys import why_not_keys

        known = {command.id for command in ACTIONS}
        for command in self.config.keys:
            if command not in known:
                raise ConfigError(
                    f"{self.config.file}: [keys] there is no command {command}, {nearest(command, known)}"
                )
        if wrong := why_not_keys(self.config.keys):
            raise ConfigError(f"{self.config.file}: [keys] {wrong}")

    @property
    def _hears_mouse(self) -> bool:
        said = self.config.mouse
        # sshd(8) sets it: there the mouse is mostly wanted for the copying of the terminal at home.
        return "SSH_CONNECTION" not in os.environ if said is None else said

    def desk(self) -> Desk:
        """Return what the UI stands on. Raises ConfigError for `[keys]` that cannot be."""
        self.check_keys()
        preflight = self._preflight()
        return Desk(
            open_store=self.open_for_screen,
            operator=self.config.operator,
            clock=time.monotonic,
            settings=Settings(
                home=self.config.home,
                keys=self.config.keys,
                diff=self.config.diff,
                lock_after=self.config.lock_after,
                reasons=self.config.reasons,
                theme=self.config.theme,
                mouse=self._hears_mouse,
                tell=self.config.pace.tell,
                first_steps=self.first_steps,
            ),
            report=crash.report,
            notices=self.notices,
            preflight=preflight,
            dispatch=self._dispatch,
            wake_reader=self._dispatch.wake_reader if self._dispatch else lambda: None,
            verified=self.verified,
            sign_in=self.operators if self.operators.names else None,
            cut_offs=CutOffs(config.state_folder()),
        )
