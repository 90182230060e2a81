"""A disk that is full, fails or may not be written: one sentence, and nothing half done."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from frontdesk.bookings import Booking
from frontdesk.commands import Command
from frontdesk.errors import CommitLost, Refused, Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from frontdesk.store.sqlite.database import SqliteDatabase
from tests.contract.raw import bring_back, count, take_away
from tests.making import KIM, cancel, cancel_of, make_incoming, outcome, settle


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    """Only SQLite writes to a disk of this machine."""
    return sqlite_url


def command(booking: Booking) -> Command:
    return cancel_of(booking, KIM, "Sick")


async def test_a_file_that_is_not_at_its_place_any_more_is_neither_read_nor_written(
    store: SqlStore, store_url: str, booking: Booking
) -> None:
    path = Path(store_url.removeprefix("sqlite:///"))
    await store.state()
    take_away(path)
    asked = command(booking)
    for question in (
        cancel(store, asked),
        outcome(store, asked.id),
        store.get(booking.id),
        store.state(),
        store.changes(0, 0),
        settle(store, 1, KIM, "phoned"),
        store.registry.admit("fd_1_2"),
        store.queue.heartbeat("one", frozenset()),
    ):
        with pytest.raises(Unavailable, match="is missing: nothing was changed"):
            await question
    bring_back(path)
    await nothing_was_done(store, store_url, booking)


async def test_a_file_that_goes_away_during_the_commit_leaves_it_not_known(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved into a file that is not there any more is not saved for anybody."""
    path = Path(store_url.removeprefix("sqlite:///"))
    patiently = SqliteDatabase._patiently

    def moved(self: SqliteDatabase, connection: Connection, statement: str) -> None:
        if statement == "COMMIT":
            take_away(path)
        patiently(self, connection, statement)

    monkeypatch.setattr(SqliteDatabase, "_patiently", moved)
    asked = command(booking)
    with pytest.raises(CommitLost, match="what became of it is not known yet"):
        await cancel(store, asked)
    with pytest.raises(Unavailable):
        await outcome(store, asked.id)
    bring_back(path)
    monkeypatch.undo()
    found = await outcome(store, asked.id)
    assert found is not None
    assert found.cancellation is not None


async def nothing_was_done(store: SqlStore, url: str, booking: Booking) -> None:
    assert await store.get(booking.id) == booking
    assert count(url, "command") == count(url, "delivery") == 0
    assert await store.registry.verify() is None
    assert (await cancel(store, command(booking))).cancellation is not None


async def test_a_full_disk(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        connect = sqlite3.connect

        def connect_with_no_room(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **kwargs)
            connection.execute("PRAGMA max_page_count = 1")
            return connection

        full.setattr(sqlite3, "connect", connect_with_no_room)
        cramped = await open_store(store_url)
        big = [make_incoming(line, appointment_type="x" * 200) for line in range(300)]
        with pytest.raises(Unavailable) as unavailable:
            await cramped.registry.load(big, KIM, "a test")
        await cramped.close()
    assert "is full: nothing was changed; free some space" in unavailable.value.hint
    assert (await store.state()).bookings == 1
    await nothing_was_done(store, store_url, booking)


@pytest.mark.parametrize(("happened", "committed"), [("ROLLBACK", False), ("COMMIT", True)])
async def test_a_commit_that_reports_an_error_is_looked_into(
    store: SqlStore,
    store_url: str,
    booking: Booking,
    monkeypatch: pytest.MonkeyPatch,
    happened: str,
    committed: bool,
) -> None:
    """An error from the disk at the very end does not say what became of the transaction."""
    patiently = SqliteDatabase._patiently

    def failing(self: SqliteDatabase, connection: Connection, statement: str) -> None:
        if statement != "COMMIT":
            return patiently(self, connection, statement)
        connection.exec_driver_sql(happened)
        monkeypatch.undo()
        fault = sqlite3.OperationalError("disk I/O error")
        fault.sqlite_errorname = "SQLITE_IOERR_DIR_FSYNC"
        raise OperationalError("COMMIT", None, fault)

    monkeypatch.setattr(SqliteDatabase, "_patiently", failing)
    if committed:
        cancelled = await cancel(store, command(booking))
        assert cancelled == await store.get(booking.id)
        assert cancelled.cancellation is not None
    else:
        with pytest.raises(Unavailable) as unavailable:
            await cancel(store, command(booking))
        assert "does not work (SQLITE_IOERR_DIR_FSYNC): nothing was changed" in unavailable.value.hint
        await nothing_was_done(store, store_url, booking)


async def test_what_cannot_be_looked_into_is_not_known(
    store: SqlStore, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    patiently = SqliteDatabase._patiently

    def failing(self: SqliteDatabase, connection: Connection, statement: str) -> None:
        if statement == "BEGIN IMMEDIATE" and not seen:
            seen.append(statement)
            return patiently(self, connection, statement)
        fault = sqlite3.OperationalError("disk I/O error")
        fault.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        raise OperationalError(statement, None, fault)

    seen: list[str] = []
    with monkeypatch.context() as broken:
        broken.setattr(SqliteDatabase, "_patiently", failing)
        with pytest.raises(Unavailable) as unavailable:
            await cancel(store, command(booking))
    assert "what became of it is not known yet" in unavailable.value.hint
    assert await store.get(booking.id) == booking


def in_another_process(situation: str, url: str) -> dict[str, Any]:
    """Let a process to which something is wrong use the store; return what it was told."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.contract.unlucky", situation, url],
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


async def test_a_disk_that_fails_to_write(store: SqlStore, store_url: str, booking: Booking) -> None:
    told = in_another_process("no-writing", store_url)
    assert "SQLITE_IOERR_WRITE): nothing was changed" in told["cancel"]
    assert told["then"] == "cancelled"
    assert await store.registry.verify() is None
    assert (count(store_url, "command"), count(store_url, "delivery")) == (1, 3)


@contextmanager
def permissions(path: Path, mode: int, folder_mode: int) -> Iterator[None]:
    path.chmod(mode)
    path.parent.chmod(folder_mode)
    yield
    path.parent.chmod(0o700)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("mode", "folder_mode", "why"),
    [
        (0o400, 0o700, "bookings cannot be changed here: their file may not be written"),
        (0o600, 0o500, "bookings cannot be changed here: their folder may not be written"),
    ],
)
async def test_a_store_that_may_only_be_read(
    store: SqlStore, store_url: str, booking: Booking, mode: int, folder_mode: int, why: str
) -> None:
    with permissions(Path(store_url.removeprefix("sqlite:///")), mode, folder_mode):
        told = in_another_process("unprivileged", store_url)
    assert told == {
        "standing": why,
        "bookings": 1,
        "cancel": why,
        "load": told["load"],
        "outcome": None,
    }
    assert "read-only" in told["load"] or "cannot be opened" in told["load"]
    await nothing_was_done(store, store_url, booking)


async def test_a_disk_that_is_mounted_read_only(
    store: SqlStore, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    why = "bookings cannot be changed here: their disk is mounted read-only"
    assert (await store.state()).standing.why_not_writable == why
    with pytest.raises(Refused) as refused:
        await cancel(store, command(booking))
    assert (refused.value.reason.code, refused.value.reason.text) == ("not-writable", why)
