"""SQLite: one file, several desks. Locks, durability, and what can be wrong with a disk.

The journal is always a rollback journal: write-ahead logging can corrupt a file that
several desks share on SQLite before 3.51.3 (https://sqlite.org/wal.html#walresetbug), and
desks of mixed versions would have to agree on the mode.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, QueuePool, Table, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError

from frontdesk.errors import CommitLost, FrontdeskError, Unavailable
from frontdesk.store import files
from frontdesk.store.search.fts5 import FTS5
from frontdesk.store.sql import schema
from frontdesk.store.sql.database import BUSY_SECONDS, READ_THREADS, Answer, Database, News, Work
from frontdesk.store.sqlite.file import FileConnection, connect, host_clock, is_missing, why_not_writable

POLL_SECONDS = 0.2
_BACKUP_PAGES = 2000
_BACKUP_PAUSE = 0.005
_BACKUP_RESTARTS = 3


class SqliteDatabase(Database):
    """One SQLite file. `clock` is the time that decides what is past."""

    search = FTS5

    def __init__(self, path: Path, clock: Callable[[], datetime] = host_clock) -> None:
        self.path = path
        self._clock = clock
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=READ_THREADS + 1,
            # SQLAlchemy leaves transactions alone; they are begun here, in the kind each work needs.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
        )
        event.listen(engine, "checkout", self._leave_another_file)
        super().__init__(engine, str(path), write_threads=1)

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Callable[[], datetime] = host_clock,
        on_progress: Callable[[str], None] = lambda _: None,
        *,
        may_create: bool = True,
    ) -> "SqliteDatabase":
        """Bring the schema of the store up to date, and make one if there is none and that is wanted.

        Raises Unavailable.
        """
        if is_missing(path):
            if not may_create:
                raise Unavailable(
                    _NO_STORE.format(where=path, what="missing", way="mount the disk that holds it, or ")
                )
            _create(path)
        database = cls(path, clock)
        try:
            database.told(partial(database._prepare, may_create), on_progress)
        except BaseException:
            database.let_go()
            raise
        return database

    def _prepare(self, may_create: bool, on_progress: Callable[[str], None]) -> None:
        outdated, old = self._read(self._look)
        if old is None and not may_create:
            raise Unavailable(_NO_STORE.format(where=self.where, what="empty", way=""))
        with self._engine.connect() as connection:
            if connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal":
                connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
        if not outdated:
            return
        if why := self.why_not_writable():
            raise Unavailable(f"{self.where} must be brought up to date first, but {why}.")
        if old is not None:
            self._keep_copy(old, on_progress)
        self._write(lambda connection: self._migrate(connection, on_progress))

    def _look(self, connection: Connection) -> tuple[bool, str | None]:
        """Return whether the schema is outdated, and which it is."""
        return schema.needs_migration(connection, self.where), schema.revision(connection)

    def _migrate(self, connection: Connection, on_progress: Callable[[str], None]) -> None:
        # Another desk may have done it while this one waited for the file.
        if schema.needs_migration(connection, self.where):
            self.is_new = schema.revision(connection) is None
            schema.migrate(connection, on_progress)

    def _keep_copy(self, revision: str, on_progress: Callable[[str], None]) -> None:
        copy = self.path.with_name(f"{self.path.name}.schema-{revision}")
        on_progress(f"Keeping a copy of the store as {copy}")
        # One from an earlier try that failed is out of date: desks went on since.
        self._copy(copy, replace=True)

    def _leave_another_file(self, connection: FileConnection, *_: object) -> None:
        """Open the file anew that lies at the path, when it is not the one that was opened."""
        if not connection.is_at(self.path):
            raise DisconnectionError

    def _connect(self) -> FileConnection:
        connection = connect(self.path, "rw")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = EXTRA")
        # A spilling cache would lock readers out from the middle of a large write on.
        connection.execute("PRAGMA cache_spill = OFF")
        # What a bulk load collects is patients' data and must not lie about in a temporary file.
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def _read(self, work: Work[Answer]) -> Answer:
        with self._engine.connect() as connection:
            # SQLite itself waits while another desk's COMMIT keeps readers out.
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
            connection.exec_driver_sql("BEGIN")
            try:
                return work(connection)
            finally:
                _undo(connection)

    def _write(self, work: Work[Answer]) -> Answer:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            self._patiently(connection, "BEGIN IMMEDIATE")
            try:
                answer = work(connection)
            except BaseException:
                _undo(connection)
                raise
            try:
                self._patiently(connection, "COMMIT")
            except DBAPIError as error:
                _undo(connection)
                connection.invalidate()
                if _error_name(error).startswith("SQLITE_BUSY"):
                    raise
                raise CommitLost(self.explain(error)) from None
            self._look_where_it_went(connection)
            return answer

    def _look_where_it_went(self, connection: Connection) -> None:
        """Raise CommitLost when the file just written to is not at its place: nobody would find it there."""
        written: Any = connection.connection.dbapi_connection
        if not written.is_at(self.path):
            raise CommitLost(Unavailable(_GONE.format(where=self.where)))

    def _patiently(self, connection: Connection, statement: str) -> None:
        """Run `BEGIN IMMEDIATE` or `COMMIT`, again and again while other desks hold the file."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                connection.exec_driver_sql(statement)
            except DBAPIError as error:
                if not _error_name(error).startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                    raise
                # Desks that wait in step would meet again: each waits its own while.
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311
            else:
                return

    def explain(self, error: DBAPIError) -> FrontdeskError:
        return self._fault(_error_name(error))

    def _fault(self, name: str) -> FrontdeskError:
        if name.startswith("SQLITE_CANTOPEN") and is_missing(self.path):
            return Unavailable(_GONE.format(where=self.where))
        return Unavailable(_sentence(name, self.where))

    def now(self, tx: Connection) -> datetime:
        return self._clock().astimezone(UTC)

    def lock_command(self, tx: Connection, command_id: UUID) -> None:
        """Do nothing: BEGIN IMMEDIATE has let one writer in."""

    def lock_loading(self, tx: Connection) -> None:
        """Do nothing: BEGIN IMMEDIATE has let one writer in."""

    def look_at_rows(self, tx: Connection) -> None:
        """Do nothing: the statements leave no choice."""

    def insert_many(self, tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Collect the rows in memory and insert them by one statement.

        After each statement FTS5 writes out what it has of its index, which takes several
        times as long as the row itself.
        """
        names = ", ".join(rows[0])
        places = ", ".join("?" for _ in rows[0])
        columns = (_bound(table.c[name], [row[name] for row in rows], tx) for name in rows[0])
        run = tx.exec_driver_sql
        run(f"CREATE TEMP TABLE incoming AS SELECT {names} FROM {table.name} LIMIT 0")  # noqa: S608
        run(f"INSERT INTO incoming VALUES ({places})", list(zip(*columns, strict=True)))  # noqa: S608
        run(f"INSERT INTO {table.name} ({names}) SELECT * FROM incoming ORDER BY rowid")  # noqa: S608
        run("DROP TABLE incoming")

    def announce(self, tx: Connection) -> None:
        """Do nothing: see `_Polling`."""

    def news(self) -> AbstractContextManager[News]:
        return nullcontext(_Polling())

    def why_not_writable(self, tx: Connection | None = None) -> str:
        return why_not_writable(self.path)

    async def backup(self, target: Path) -> None:
        await asyncio.to_thread(self._copy, target)

    def _copy(self, target: Path, *, replace: bool = False) -> None:
        """Write a complete copy while desks go on working. Raises Refused, Unavailable."""
        try:
            with (
                files.new(target, replace=replace) as partial,
                closing(self._connect()) as source,
                closing(sqlite3.connect(partial)) as copy,
            ):
                _copy_pages(source, copy)
        except sqlite3.Error as error:
            if error.sqlite_errorname.startswith("SQLITE_FULL"):
                # The store is only read: a disk that is full is the copy's.
                raise Unavailable(_sentence(error.sqlite_errorname, str(target))) from None
            raise self._fault(error.sqlite_errorname) from None


def _copy_pages(source: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Copy some pages at a time; when others write it starts over, in the end in one go."""
    restarts, last = 0, -1

    def count_restarts(status: int, remaining: int, total: int) -> None:
        nonlocal restarts, last
        if last >= 0 and remaining > last:
            restarts += 1
            if restarts > _BACKUP_RESTARTS:
                raise _TooBusy
        last = remaining

    try:
        source.backup(copy, pages=_BACKUP_PAGES, progress=count_restarts, sleep=_BACKUP_PAUSE)
    except _TooBusy:
        source.backup(copy)


class _Polling:
    """SQLite tells nobody of changes: whoever waits looks again in a moment."""

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, POLL_SECONDS))


class _TooBusy(Exception):
    """Other desks write faster than a copy in pieces can follow."""


def _create(path: Path) -> None:
    try:
        files.create(path)
    except FileExistsError:
        # Another desk was quicker.
        return
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be made ({error.strerror}): choose another place with the url under [store], "
            "or ask for access to that folder."
        ) from None


def _bound(column: Column[Any], values: list[Any], connection: Connection) -> list[Any]:
    """The values of a column as SQLite keeps them."""
    bind = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return values if bind is None else [bind(value) for value in values]


def _undo(connection: Connection) -> None:
    # After some faults SQLite has rolled back automatically and says so.
    with suppress(DBAPIError):
        connection.exec_driver_sql("ROLLBACK")


def _error_name(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR"))


def _sentence(name: str, where: str) -> str:
    for prefix, sentence in _SENTENCES.items():
        if name.startswith(prefix):
            return sentence.format(where=where, name=name)
    return f"{where} cannot be used ({name}): nothing was changed; start frontdesk again; if it stays so, put the latest backup in its place."


_NO_STORE = (
    "{where} is {what}: {way}put the latest backup in its place;"
    " only if there has never been a store there: frontdesk store create."
)
_GONE = "{where} is missing: nothing was changed; mount the disk that holds it, or put the latest backup in its place."
_SENTENCES = {
    "SQLITE_BUSY": "Other desks keep {where} busy: nothing was changed; try again in a moment.",
    "SQLITE_LOCKED": "Other desks keep {where} busy: nothing was changed; try again in a moment.",
    "SQLITE_FULL": "The disk that holds {where} is full: nothing was changed; free some space, then try again.",
    "SQLITE_READONLY": "{where} is read-only here: nothing was changed; ask for write access to it and its folder.",
    "SQLITE_PERM": "{where} may not be opened by you: ask for access to it and its folder.",
    "SQLITE_AUTH": "{where} may not be opened by you: ask for access to it and its folder.",
    "SQLITE_CANTOPEN": "{where} cannot be opened: see that the file is there and that you may read and write it and its folder.",
    "SQLITE_NOTADB": "{where} is not a frontdesk store: correct the url under [store], or put a backup in its place.",
    "SQLITE_CORRUPT": "{where} is damaged: nothing was changed; stop working with it and put the latest backup in its place.",
    "SQLITE_IOERR": "The disk that holds {where} does not work ({name}): nothing was changed; see to the disk, then try again.",
}
