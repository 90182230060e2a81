"""Opens a store from its address, makes it ready, and says in one sentence why it cannot."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from frontdesk.bookings import FrontdeskError, Standing, Unavailable
from frontdesk.extras import is_missing
from frontdesk.store.database import Database
from frontdesk.store.sql import SqlStore
from frontdesk.store.sqlite import SqliteDatabase
from frontdesk.store.sqlite_file import host_clock


async def open_store(
    url: str,
    *,
    password: str = "",
    on_progress: Callable[[str], None] | None = None,
    standing: Standing | None = None,
    clock: Callable[[], datetime] = host_clock,
) -> SqlStore:
    """Open the store at `url`, a `sqlite:///path` or `postgresql+psycopg://user@host/database`.

    A missing SQLite file is made, readable by its owner alone, and an old schema is brought
    up to date, after a copy was put beside the file; `on_progress` is told of it, from
    another thread. `standing` is what this desk may do, by default everything. `clock`
    decides what is past on SQLite; PostgreSQL has its own.

    Raises Unavailable with one sentence: what is wrong, where, and what to do.
    """
    opening = asyncio.create_task(
        asyncio.to_thread(
            _open, url, password, on_progress or (lambda _: None), standing or Standing(), clock
        )
    )
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # Its thread goes on; what it opens is nobody's, and has to be let go of.
        with contextlib.suppress(FrontdeskError):
            await (await opening).close()
        raise


def _open(
    url: str,
    password: str,
    on_progress: Callable[[str], None],
    standing: Standing,
    clock: Callable[[], datetime],
) -> SqlStore:
    try:
        address = make_url(url)
    except ArgumentError:
        raise Unavailable(f"{url} is no address of a store: correct the url under [store].") from None
    if address.get_backend_name() == "sqlite":
        if not address.database or address.database == ":memory:":
            raise Unavailable(f"{url} names no file: give the url under [store] a path.")
        return SqlStore(SqliteDatabase.open(Path(address.database), clock, on_progress), standing)
    if address.drivername == "postgresql+psycopg":
        return SqlStore(_postgres(address.set(password=password or address.password), on_progress), standing)
    raise Unavailable(
        f"A store cannot be at {url}: the url under [store] begins with sqlite:/// or postgresql+psycopg://."
    )


def _postgres(address: URL, on_progress: Callable[[str], None]) -> Database:
    try:
        from frontdesk.store.postgres import PostgresDatabase
    except ImportError:
        raise Unavailable(is_missing("A store on PostgreSQL", "psycopg") + ".") from None
    return PostgresDatabase.open(address, on_progress)
