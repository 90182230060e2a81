"""Opens a store from its address, makes it ready, and says in one sentence why it cannot."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from frontdesk.bookings import Reason, Standing
from frontdesk.errors import FrontdeskError, Refused, Unavailable
from frontdesk.extras import is_missing
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.store import SqlStore
from frontdesk.store.sqlite.database import SqliteDatabase
from frontdesk.store.sqlite.file import host_clock


async def open_store(
    url: str,
    *,
    password: str = "",
    on_progress: Callable[[str], None] | None = None,
    standing: Standing | None = None,
    clock: Callable[[], datetime] = host_clock,
    may_create: bool = True,
) -> SqlStore:
    """Open the store at `url`, a `sqlite:///path` or `postgresql+psycopg://user@host/database`.

    Where there is no store, one is made, an SQLite file readable by its owner alone; or, with
    `may_create` False, that is said: a disk that is not mounted must not look like a practice
    without bookings. An old schema is brought up to date, after a copy was put beside an SQLite
    file; `on_progress` is told of it, from another thread. `standing` is what this desk may do,
    by default everything. `clock` decides what is past on SQLite; PostgreSQL has its own.

    Raises Unavailable with one sentence: what is wrong, where, and what to do.
    """
    how = partial(_open, url, password, on_progress or (lambda _: None), clock, may_create)
    return SqlStore(await _opened(how), standing or Standing())


async def create_store(
    url: str, *, password: str = "", on_progress: Callable[[str], None] | None = None
) -> SqlStore:
    """Make a new, empty store at `url` and open it; see `open_store`.

    Raises Unavailable, and Refused where there is a store.
    """
    database = await _opened(
        partial(_open, url, password, on_progress or (lambda _: None), host_clock, may_create=True)
    )
    if not database.is_new:
        await database.close()
        raise Refused(
            Reason("store-exists", f"there is a store in {database.where} already: it stays as it is")
        )
    return SqlStore(database, Standing())


async def _opened(how: Callable[[], Database]) -> Database:
    opening = asyncio.create_task(asyncio.to_thread(how))
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
    clock: Callable[[], datetime],
    may_create: bool,
) -> Database:
    try:
        address = make_url(url)
    except ArgumentError:
        raise Unavailable(f"{url} is no address of a store: correct the url under [store].") from None
    if address.get_backend_name() == "sqlite":
        if not address.database or address.database == ":memory:":
            raise Unavailable(f"{url} names no file: give the url under [store] a path.")
        return SqliteDatabase.open(Path(address.database), clock, on_progress, may_create=may_create)
    if address.drivername == "postgresql+psycopg":
        return _postgres(address.set(password=password or address.password), on_progress, may_create)
    raise Unavailable(
        f"A store cannot be at {url}: the url under [store] begins with sqlite:/// or postgresql+psycopg://."
    )


def _postgres(address: URL, on_progress: Callable[[str], None], may_create: bool) -> Database:
    try:
        from frontdesk.store.postgres.database import PostgresDatabase
    except ImportError:
        raise Unavailable(is_missing("A store on PostgreSQL", "psycopg") + ".") from None
    return PostgresDatabase.open(address, on_progress, may_create=may_create)
