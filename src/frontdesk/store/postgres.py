"""PostgreSQL: one server, many desks. Locks, time-outs, and what can be wrong with a server."""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, create_engine, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from frontdesk.bookings import FrontdeskError, Unauthorised, Unavailable
from frontdesk.store import schema
from frontdesk.store.commands import CommitLost
from frontdesk.store.copying import copy_to_sqlite
from frontdesk.store.database import BUSY_SECONDS, READ_THREADS, Answer, Database, News, Work
from frontdesk.store.listening import CHANNEL, Listener

if TYPE_CHECKING:
    from psycopg.abc import PQGen

WRITE_THREADS = 4
STATEMENT_SECONDS = 30
_CONNECT_SECONDS = 10
_SILENT_SECONDS = STATEMENT_SECONDS + 2.0
"""A server that lives has by then ended the statement itself."""
_LOADING_LOCK = 0x66640001
_MIGRATION_LOCK = 0x66640002

_NETWORK = {
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "frontdesk",
    # A server that vanished without a word is noticed in half a minute, not in hours.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_SESSION = f"""
    SET TimeZone = 'UTC';
    SET lock_timeout = '{BUSY_SECONDS:.0f}s';
    SET statement_timeout = '{STATEMENT_SECONDS}s';
    SET idle_in_transaction_session_timeout = '60s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
"""A cancel that was acknowledged is on the disk, whatever the server's default is."""


class BoundedConnection(psycopg.Connection[Any]):
    """Gives up a server that takes what it is sent and never answers.

    TCP notices a host that vanished, not a server that hangs, nor one behind something that
    still answers for it.
    """

    silent_seconds: float = _SILENT_SECONDS

    def wait(self, gen: "PQGen[Answer]", *arguments: Any, **options: Any) -> Answer:
        """Do what psycopg does, for so long. Raises OperationalError, and is closed then."""
        return super().wait(self._bounded(gen), *arguments, **options)

    def _bounded(self, gen: "PQGen[Answer]") -> "PQGen[Answer]":
        ends_at = time.monotonic() + self.silent_seconds
        try:
            wanted = next(gen)
            while True:
                # psycopg comes back every 0.1 s, with nothing if nothing came.
                ready = yield wanted
                if not ready and time.monotonic() > ends_at:
                    self.close()
                    raise psycopg.OperationalError("the server does not answer")
                wanted = gen.send(ready)
        except StopIteration as done:
            answer: Answer = done.value
            return answer


class PostgresDatabase(Database):
    """One PostgreSQL database. Its server's clock decides what is past."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._read_only = ""
        engine = create_engine(
            url,
            pool_size=READ_THREADS + WRITE_THREADS,
            pool_pre_ping=True,
            hide_parameters=True,
            # Who waited for a lock has to see what was committed meanwhile, whatever the server's default is.
            isolation_level="READ COMMITTED",
            connect_args=_NETWORK,
        )
        event.listen(engine, "do_connect", _connect)
        event.listen(engine, "connect", _set_up_session)
        event.listen(engine, "invalidate", self._on_dead_connection)
        super().__init__(engine, f"PostgreSQL database {url.database} at {_host(url)}", WRITE_THREADS)
        self._listener = Listener(self._connect_to_listen)

    @classmethod
    def open(cls, url: URL, on_progress: Callable[[str], None]) -> "PostgresDatabase":
        """Connect and bring the schema up to date. Raises Unavailable, Unauthorised."""
        database = cls(url)
        try:
            database.told(database._prepare, on_progress)
        except BaseException:
            database.let_go()
            raise
        return database

    def _prepare(self, on_progress: Callable[[str], None]) -> None:
        try:
            connection = self._engine.connect()
        except DBAPIError as error:
            raise cannot_connect(str(error.orig), self._url) from None
        with connection:
            outdated = schema.needs_migration(connection, self.where)
        if outdated:
            self._write(lambda connection: self._migrate(connection, on_progress))

    def _migrate(self, connection: Connection, on_progress: Callable[[str], None]) -> None:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        _raw(connection).silent_seconds = math.inf
        connection.execute(text("SET LOCAL lock_timeout = '10min'"))
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        # Another desk may have done it while this one waited for the lock.
        if schema.needs_migration(connection, self.where):
            schema.migrate(connection, on_progress)

    def _read(self, work: Work[Answer]) -> Answer:
        with self._engine.connect() as connection:
            one_state = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            return work(one_state)

    def _write(self, work: Work[Answer]) -> Answer:
        with self._engine.connect() as connection:
            answer = work(connection)
            try:
                connection.commit()
            except DBAPIError as error:
                raise CommitLost(self.explain(error)) from None
            return answer

    def explain(self, error: DBAPIError) -> FrontdeskError:
        state = getattr(error.orig, "sqlstate", None) or "08000"
        for prefix, (kind, sentence) in _FAULTS.items():
            if state.startswith(prefix):
                return kind(sentence.format(where=self.where))
        return Unavailable(
            f"{self.where} reports an error ({state}): nothing was changed; tell whoever looks after that server."
        )

    def now(self, connection: Connection) -> datetime:
        # Not now(), which is when the transaction began, before it waited for a lock.
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)

    def lock_command(self, connection: Connection, command_id: UUID) -> None:
        key = int.from_bytes(hashlib.blake2s(command_id.bytes, digest_size=8).digest(), signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(key)))

    def lock_loading(self, connection: Connection) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(_LOADING_LOCK)))

    def look_at_rows(self, connection: Connection) -> None:
        """The server does so by itself, a minute or two later; see its manual, 14.4.9."""
        known = text("SELECT reltuples >= 0 FROM pg_class WHERE oid = 'booking'::regclass")
        if not connection.execute(known).scalar_one():
            connection.execute(text("ANALYZE booking, practice, practitioner"))

    def insert_many(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """COPY spares the server a statement a row."""
        names = tuple(rows[0])
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
        try:
            with _raw(connection).cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row([row[name] for name in names])
        except psycopg.Error as error:
            raise DBAPIError("COPY", None, error) from None

    def announce(self, connection: Connection) -> None:
        connection.execute(text(f"NOTIFY {CHANNEL}"))

    def news(self) -> AbstractContextManager[News]:
        return self._listener.news()

    def _connect_to_listen(self) -> psycopg.Connection:
        """A connection outside the pool, since it waits for ever."""
        _, arguments = self._engine.dialect.create_connect_args(self._url)
        return BoundedConnection.connect(**{**arguments, **_NETWORK}, autocommit=True)

    def _on_dead_connection(self, *_: object) -> None:
        self._listener.doubt()

    def why_not_writable(self, connection: Connection | None = None) -> str:
        if connection is not None:
            standby, read_only, may_write = connection.execute(text(_WRITABLE)).one()
            self._read_only = ""
            if standby:
                self._read_only = "the store is read-only here: this server is a standby"
            elif read_only:
                self._read_only = "the store is read-only here: its server was set so"
            elif not may_write:
                self._read_only = "the store is read-only here: its user may only read"
        return self._read_only

    async def backup(self, target: Path) -> None:
        await asyncio.to_thread(self.told, self._copy, target)

    def _copy(self, target: Path) -> None:
        self._read(lambda connection: copy_to_sqlite(connection, target))

    def let_go(self) -> None:
        self._listener.stop()
        super().let_go()


_WRITABLE = """
SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean,
       has_table_privilege('booking', 'UPDATE') AND has_table_privilege('audit', 'INSERT')
"""


def _connect(
    dialect: object, record: object, arguments: Sequence[Any], options: Mapping[str, Any]
) -> BoundedConnection:
    return BoundedConnection.connect(*arguments, **options)


def _raw(connection: Connection) -> BoundedConnection:
    raw = connection.connection.driver_connection
    if not isinstance(raw, BoundedConnection):
        raise TypeError("the store connects by itself")
    return raw


def _set_up_session(connection: psycopg.Connection, _: ConnectionPoolEntry) -> None:
    connection.execute(_SESSION)
    connection.commit()


def _host(url: URL) -> str:
    return url.host or str(url.query.get("host", "this machine"))


def cannot_connect(message: str, url: URL) -> FrontdeskError:
    """Tell what libpq says of a failed connect, which has no code, in one sentence."""
    host, user, database = _host(url), url.username or "this user", url.database
    said = message.casefold()
    if "does not exist" in said and "database" in said:
        return Unavailable(
            f"PostgreSQL at {host} has no database {database}: create it, or correct the url under [store]."
        )
    if any(words in said for words in ("authentication", "password", "pg_hba", "role")):
        return Unauthorised(
            f"PostgreSQL at {host} does not accept {user}: check the user in the url and the password "
            "that [store] credential names."
        )
    if any(words in said for words in ("resolve", "translate host", "not known")):
        return Unavailable(f"There is no host {host}: correct the url under [store].")
    if "too many" in said or "starting up" in said or "shutting down" in said:
        return Unavailable(f"PostgreSQL at {host} takes no more connections now: try again in a moment.")
    return Unavailable(
        f"PostgreSQL does not answer at {host}: see that it runs and that the url under [store] is right."
    )


_LOST = "The connection to {where} was lost: nothing was changed; try again in a moment."
_BUSY = "Other desks keep {where} busy: nothing was changed; try again in a moment."
_FAULTS: dict[str, tuple[type[FrontdeskError], str]] = {
    "08": (Unavailable, _LOST),
    "57P": (Unavailable, _LOST),
    "25P": (Unavailable, _LOST),
    "55P03": (Unavailable, _BUSY),
    "57014": (Unavailable, _BUSY),
    "40": (Unavailable, _BUSY),
    "53100": (
        Unavailable,
        "The disk of {where} is full: nothing was changed; free some space there, then try again.",
    ),
    "53": (Unavailable, _BUSY),
    "58": (
        Unavailable,
        "The disk of {where} does not work: nothing was changed; see to that server, then try again.",
    ),
    "25006": (
        Unavailable,
        "{where} is read-only now: nothing was changed; connect to the server that may be written.",
    ),
    "28": (
        Unauthorised,
        "{where} does not accept this user any more: check the password that [store] credential names.",
    ),
    "42501": (
        Unauthorised,
        "{where} does not allow this user to do that: ask for rights on frontdesk's tables.",
    ),
    "XX": (
        Unavailable,
        "{where} is damaged: nothing was changed; stop working with it and restore the latest backup.",
    ),
}
