"""A look into a store's tables past the store, and changes no store would make."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Row, create_engine, select, text
from sqlalchemy.pool import NullPool

from frontdesk.store.sql.selects import CONNECTION, DELIVERY, DIARY, DIARY_RUN, PUSHED


@cache
def _engine(url: str) -> Engine:
    # It asks a server about itself once; no connection of it is kept.
    return create_engine(url, poolclass=NullPool)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed at the end of the context."""
    with _engine(url).begin() as connection:
        yield connection


def execute(url: str, statement: str | Executable, **values: Any) -> list[Row[Any]]:
    """Run one statement in its own transaction and return its rows, if any."""
    with connected(url) as connection:
        result = connection.execute(text(statement) if isinstance(statement, str) else statement, values)
        return list(result.all()) if result.returns_rows else []


def count(url: str, table: str) -> int:
    """Return how many rows a table has."""
    number: int = execute(url, f"SELECT count(*) FROM {table}")[0][0]
    return number


def let_pass(url: str, time: timedelta) -> None:
    """Let time pass for a queue and for diaries: every moment that was noted is so much longer ago."""
    tables = {
        DELIVERY: ("next_at", "lease_until", "created_at", "changed_at"),
        CONNECTION: ("trouble_since", "held_until", "read_until"),
        DIARY: (
            *("next_at", "until", "baseline_at", "changes_at", "near_at", "full_at"),
            *("answered_at", "failing_since", "woken_at"),
        ),
        DIARY_RUN: ("started_at", "ended_at", "decided_at"),
        PUSHED: ("at",),
    }
    with connected(url) as connection:
        for table, names in tables.items():
            key = next(iter(table.primary_key))
            for row in connection.execute(select(table)).all():
                values = {name: getattr(row, name) - time for name in names if getattr(row, name)}
                if values:
                    connection.execute(table.update().where(key == row[0]).values(**values))


def waiting(url: str, kind: str) -> bool:
    """Whether somebody waits for a lock of this kind on PostgreSQL."""
    found = execute(
        url,
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = :kind "
        "AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())",
        kind=kind,
    )
    return bool(found[0][0])


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something is so; the test's time limit ends it if it never is."""
    while not condition():  # noqa: ASYNC110 - a lock in a database sets no event
        await asyncio.sleep(0.005)


def take_away(path: Path, *, leave_a_copy: bool = False) -> Path:
    """Move a store's file, as whoever tidies up does; return where it is now."""
    away = path.with_suffix(".away")
    path.rename(away)
    if leave_a_copy:
        shutil.copy(away, path)
    return away


def bring_back(path: Path) -> None:
    """Put the file that `take_away` moved back at its place."""
    path.with_suffix(".away").replace(path)
