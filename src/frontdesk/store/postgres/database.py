"""PostgreSQL: one server, many desks. Locks, time-outs, and what can be wrong with a server."""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Connection, ExceptionContext, Row, Table, create_engine, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from frontdesk.errors import CommitLost, FrontdeskError, Unavailable
from frontdesk.store.postgres.copying import copy_to_sqlite
from frontdesk.store.postgres.faults import (
    LOST,
    PREPARED_GONE,
    UNDONE,
    cannot_connect,
    explained,
    host_of,
    read_only,
    with_code,
)
from frontdesk.store.postgres.listening import CHANNEL, Listener
from frontdesk.store.postgres.session import NETWORK, PLACE, SCHEMA, WRITABLE, BoundedConnection, set_up
from frontdesk.store.search.gin import GIN
from frontdesk.store.sql import schema
from frontdesk.store.sql.database import READ_THREADS, Answer, Database, News, ReadOnly, Work
from frontdesk.store.sql.revisions import VERSION_TABLE

WRITE_THREADS = 4
TRIES = 4
"""How often a write is made, at most, that the server undoes each time for the sake of another."""

_LOADING_LOCK = 0x66640001
_MIGRATION_LOCK = 0x66640002


class PostgresDatabase(Database):
    """One PostgreSQL database. Its server's clock decides what is past."""

    search = GIN

    def __init__(self, url: URL) -> None:
        self._url = url
        self._read_only = ""
        self._schema = ""
        self._distrusted_at = -math.inf
        engine = create_engine(
            url,
            pool_size=READ_THREADS + WRITE_THREADS,
            hide_parameters=True,
            # Who waited for a lock has to see what was committed meanwhile, whatever the server's default is.
            isolation_level="READ COMMITTED",
            connect_args=NETWORK,
        )
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "checkout", self._on_checkout)
        event.listen(engine, "handle_error", _on_error)
        event.listen(engine, "invalidate", self._on_dead_connection)
        super().__init__(engine, f"PostgreSQL database {url.database} at {host_of(url)}", WRITE_THREADS)
        self._listener = Listener(self._connect_to_listen)

    @classmethod
    def open(
        cls, url: URL, on_progress: Callable[[str], None], *, may_create: bool = True
    ) -> "PostgresDatabase":
        """Connect and bring the schema up to date; make a store if there is none and that is wanted.

        Raises Unavailable, Unauthorised.
        """
        database = cls(url)
        try:
            database.told(partial(database._prepare, may_create), on_progress)
        except BaseException:
            database.let_go()
            raise
        return database

    def _prepare(self, may_create: bool, on_progress: Callable[[str], None]) -> None:
        try:
            connection = self._engine.connect()
        except DBAPIError as error:
            raise cannot_connect(
                getattr(error.orig, "sqlstate", None) or "", str(error.orig), self._url
            ) from None
        with connection:
            encoding = _raw(connection).info.parameter_status("server_encoding")
            if encoding != "UTF8":
                raise Unavailable(
                    f"{self.where} keeps its text as {encoding}, which cannot hold every patient's name: "
                    "make a database with ENCODING 'UTF8', and name it in the url under [store]."
                )
            found = connection.execute(text(SCHEMA)).scalar_one()
        if found is None:
            raise Unavailable(
                f"{self.where} has no schema on the search path of this user: create the schema that it names."
            )
        self._schema = found
        with self._engine.connect() as connection:
            outdated = schema.needs_migration(connection, self.where)
            if outdated and not may_create and schema.revision(connection) is None:
                raise Unavailable(
                    f"{self.where} holds no store: restore the latest backup into it, or correct the url under"
                    " [store]; only if there has never been a store there: frontdesk store create."
                )
        if outdated:
            self._write_once(lambda connection: self._migrate(connection, on_progress))
            # What was migrated through waits for ever.
            self._engine.dispose()

    def _migrate(self, connection: Connection, on_progress: Callable[[str], None]) -> None:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10min'"))
        _raw(connection).wait_for_ever()
        connection.execute(text("SET LOCAL lock_timeout = '10min'"))
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        # Another desk may have done it while this one waited for the lock.
        if not schema.needs_migration(connection, self.where):
            return
        self.is_new = schema.revision(connection) is None
        if not self.is_new:
            # Whoever writes has looked at it (schema.refuse_another): they end first, others then see the new one.
            connection.execute(text(f"LOCK TABLE {VERSION_TABLE} IN ACCESS EXCLUSIVE MODE"))
        schema.migrate(connection, on_progress)

    def _read(self, work: Work[Answer]) -> Answer:
        with self._engine.connect() as connection:
            one_state = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            return work(one_state)

    def _read_one(self, work: Work[Answer]) -> Answer:
        """BEGIN and ROLLBACK would each be one more exchange with the server."""
        with self._engine.connect() as connection:
            return work(connection.execution_options(isolation_level="AUTOCOMMIT"))

    def _write(self, work: Work[Answer]) -> Answer:
        for _ in range(TRIES - 1):
            try:
                return self._write_once(work)
            except DBAPIError as error:
                # The server has undone all of it, so that another desk's write could go on.
                if getattr(error.orig, "sqlstate", None) not in UNDONE:
                    raise
        return self._write_once(work)

    def _write_once(self, work: Work[Answer]) -> Answer:
        connection, place = self._connect_to_write()
        with connection:
            answer = work(connection)
            try:
                connection.commit()
            except DBAPIError as error:
                raise CommitLost(self.explain(error), place) from None
            except OSError as error:
                raise CommitLost(self.unreachable(error), place) from None
            return answer

    def _connect_to_write(self) -> tuple[Connection, str]:
        """Return a connection, and which server it leads to. Raises ReadOnly where nothing may be written."""
        connection, found = self._look_where_it_leads()
        if found.is_standby or found.is_read_only:
            # A session stays as it began, and the address may lead to another server by now.
            connection.close()
            self._connect_anew()
            connection, found = self._look_where_it_leads()
        if found.is_standby or found.is_read_only:
            connection.close()
            raise read_only(self.where, is_standby=found.is_standby)
        place: str = found.place
        connection.info[_PLACE] = place
        return connection, place

    def _look_where_it_leads(self) -> tuple[Connection, Row[Any]]:
        connection = self._engine.connect()
        try:
            return connection, connection.execute(text(PLACE)).one()
        except BaseException:
            connection.close()
            raise

    def place(self, tx: Connection) -> str:
        place: str = tx.info.get(_PLACE, "")
        return place

    async def proven(
        self, look: Work[Answer | None], settle: Work[Answer | None] | None = None
    ) -> Answer | None:
        """A standby lags, and a server that may only be read may be one of the past: they prove no absence."""
        try:
            return await self.write(settle or look)
        except ReadOnly:
            found = await self.read(look)
            if found is None:
                raise
            return found

    def explain(self, error: DBAPIError) -> FrontdeskError:
        return explained(getattr(error.orig, "sqlstate", None) or LOST, self.where)

    def now(self, tx: Connection) -> datetime:
        # Not now(), which is when the transaction began, before it waited for a lock.
        moment: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)

    def lock_command(self, tx: Connection, command_id: UUID) -> None:
        key = int.from_bytes(hashlib.blake2s(command_id.bytes, digest_size=8).digest(), signed=True)
        tx.execute(select(func.pg_advisory_xact_lock(key)))

    def lock_loading(self, tx: Connection) -> None:
        tx.execute(select(func.pg_advisory_xact_lock(_LOADING_LOCK)))

    def look_at_rows(self, tx: Connection) -> None:
        """The server does so automatically, a minute or two later; see its manual, 14.4.9."""
        known = text("SELECT reltuples >= 0 FROM pg_class WHERE oid = 'booking'::regclass")
        if not tx.execute(known).scalar_one():
            tx.execute(text("ANALYZE booking, practice, practitioner"))

    def insert_many(self, tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """COPY spares the server a statement a row."""
        names = tuple(rows[0])
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
        try:
            with _raw(tx).cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row([row[name] for name in names])
        except psycopg.Error as error:
            raise DBAPIError("COPY", None, error) from None

    def announce(self, tx: Connection) -> None:
        tx.execute(text(f"NOTIFY {CHANNEL}"))

    def news(self) -> AbstractContextManager[News]:
        return self._listener.news()

    def _connect_to_listen(self) -> psycopg.Connection:
        """A connection outside the pool, since it waits for ever."""
        _, arguments = self._engine.dialect.create_connect_args(self._url)
        connection = self._connect(None, None, (), {**arguments, **NETWORK})
        connection.autocommit = True
        return connection

    def _connect(
        self, dialect: object, record: object, arguments: Sequence[Any], options: Mapping[str, Any]
    ) -> BoundedConnection:
        try:
            connection = BoundedConnection.connect(*arguments, **options)
        except psycopg.OperationalError as error:
            raise with_code(error, options) from None
        try:
            set_up(connection, self._schema)
        except BaseException:
            connection.close()
            raise
        return connection

    def _on_checkout(
        self, connection: BoundedConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection
    ) -> None:
        """Set the session up again, since a pooler may have reset it; this also shows whether it lives."""
        if record.info.pop(_IS_NEW, False):
            return
        if record.info[_SINCE] < self._distrusted_at:
            raise DisconnectionError
        try:
            set_up(connection, self._schema)
        except psycopg.Error:
            if not connection.closed:
                raise
            raise InvalidatePoolError from None

    def _on_dead_connection(self, *_: object) -> None:
        self._listener.doubt()

    def _connect_anew(self) -> None:
        """Use no connection that there is again: by now the address may lead to a server that may be written."""
        self._distrusted_at = time.monotonic()
        self._listener.doubt()

    def why_not_writable(self, tx: Connection | None = None) -> str:
        if tx is not None:
            standby, is_read_only, may_write = tx.execute(text(WRITABLE)).one()
            self._read_only = ""
            if standby:
                self._read_only = "bookings cannot be changed here: the database server is a standby"
            elif is_read_only:
                self._read_only = "bookings cannot be changed here: the database server is set to read-only"
            elif not may_write:
                self._read_only = "bookings cannot be changed here: the database user may only read"
            if standby or is_read_only:
                self._connect_anew()
        return self._read_only

    async def backup(self, target: Path) -> None:
        await asyncio.to_thread(self.told, self._copy, target)

    def _copy(self, target: Path) -> None:
        self._read(lambda connection: copy_to_sqlite(connection, target))

    def let_go(self) -> None:
        self._listener.stop()
        super().let_go()


_PLACE, _SINCE, _IS_NEW = "frontdesk place", "frontdesk since", "frontdesk is new"


def _on_connect(_: BoundedConnection, record: ConnectionPoolEntry) -> None:
    record.info[_SINCE] = time.monotonic()
    record.info[_IS_NEW] = True


def _on_error(context: ExceptionContext) -> None:
    if getattr(context.original_exception, "sqlstate", None) == PREPARED_GONE:
        context.is_disconnect = True


def _raw(connection: Connection) -> BoundedConnection:
    raw = connection.connection.driver_connection
    if not isinstance(raw, BoundedConnection):
        raise TypeError("the store connects automatically")
    return raw
