"""Pages read before the store is there: the same statements, the same rows, or none at all."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontdesk.arrivals import Effect, Place
from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import BookingQuery, Direction, Position, Status
from frontdesk.diary_runs import Kind, Window
from frontdesk.store.diaries import Asked
from frontdesk.store.early.reads import EarlyReads, Unusual
from frontdesk.store.opening import open_store
from frontdesk.store.port import BookingStore
from frontdesk.store.sql.store import SqlStore
from frontdesk.store.sqlite import file
from frontdesk.store_state import StoreState, Trouble
from tests.making import KIM, cancel_of, fill

NOW = datetime(2026, 11, 22, 9, 14, 30, 250_000, tzinfo=UTC)
NOBODY = "no-such-schema"


@pytest.fixture
def path(sqlite_url: str) -> Path:
    """Where the store's file is."""
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    """A store of sixty bookings, some of them cancelled, with what follows from that."""
    opened = await open_store(sqlite_url, clock=lambda: NOW)
    await fill(opened, 60, now=NOW)
    page = await opened.page(BookingQuery(NOW), 20, Position(NOW, 0), Direction.FORWARD)
    for row in page.rows[::3]:
        command = cancel_of(row.booking, KIM, "Sick")
        await opened.do(command)
    # One connection is in trouble, another has nobody who reaches it.
    claim = await opened.queue.claim(["smile"], RetryPolicy())
    assert claim is not None
    await opened.queue.finish(claim, Result(Ended.FAILED, "no answer", is_away=True), RetryPolicy())
    await opened.queue.heartbeat("a desk", ["smile"])
    await held_diary(opened)
    yield opened
    await opened.close()


async def held_diary(store: SqlStore) -> None:
    """Have a diary read that shows fewer bookings than a person may lose without being asked."""
    await store.diaries.keep([Place("smile")])
    lease = await store.diaries.claim("a reader", [Place("smile")])
    assert lease is not None
    run, _ = await store.diaries.begin(lease, Kind.FULL, Window(NOW, NOW + timedelta(days=1)), NOW, KIM)
    asked = Asked({Effect.GONE: 9, Effect.MOVED: 2}, "9 bookings fewer", missing=("P1",))
    await store.diaries.end(lease, run, counts_as=Kind.FULL, asked=asked)
    await store.diaries.rest(lease, timedelta(minutes=5), timedelta(0))


@pytest.fixture
async def early(store: SqlStore, path: Path) -> AsyncIterator[EarlyReads]:
    """The same file, read early."""
    opened = EarlyReads(path, clock=lambda: NOW)
    await opened.open()
    yield opened
    await opened.close()


class Selects(list[str]):
    """The SELECTs of all connections opened from now on, with their parameters put in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def listen(path: Path, mode: str, *, detect_types: int = 0) -> sqlite3.Connection:
            connection = file.connect(path, mode, detect_types=detect_types)
            connection.set_trace_callback(self._take)
            return connection

        monkeypatch.setattr("frontdesk.store.early.reads.connect", listen)
        monkeypatch.setattr("frontdesk.store.sqlite.database.connect", listen)

    def _take(self, statement: str) -> None:
        if statement.startswith("SELECT"):
            self.append(statement)

    def taken(self) -> list[str]:
        """Return those since the last time."""
        told = list(self)
        self.clear()
        return told


async def questions(store: BookingStore | EarlyReads) -> AsyncIterator[object]:
    """Ask what the first frames ask, and yield each answer."""
    yield await store.state()
    yield await store.practices()
    yield await store.practitioners()
    everything = BookingQuery(NOW)
    page = await store.page(everything, 60, None, Direction.FORWARD)
    assert len(page.rows) == 60
    places = [Position(row.booking.starts_at, row.booking.id) for row in page.rows[::7]]
    outside = [Position(NOW + timedelta(days=days), 2**40) for days in (-3000, 3000)]
    for direction in Direction:
        for limit in (1, 17, 60):
            for place in (None, Position(NOW, 0), *outside, *places):
                yield await store.page(everything, limit, place, direction)


async def test_it_sends_what_the_store_sends_and_answers_what_the_store_answers(
    store: SqlStore, path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    selects = Selects(monkeypatch)
    whole = await open_store(sqlite_url, clock=lambda: NOW)
    early = EarlyReads(path, clock=lambda: NOW)
    await early.open()
    selects.taken()
    expected = [(answer, selects.taken()) async for answer in questions(whole)]
    found = [(answer, selects.taken()) async for answer in questions(early)]
    assert found == expected
    (state, _), *_ = expected
    assert isinstance(state, StoreState)
    assert (state.troubles, 0 < state.unattended < state.under_way) == ((Trouble("Praktika", NOW),), True)
    (diary,) = state.diaries
    assert (diary.read_at, diary.held_fewer, diary.held_changes) == (NOW, 9, 2)
    assert any("FROM delivery" in statement for _, told in found[3:] for statement in told)
    await early.close()
    await whole.close()


async def test_an_empty_store_is_read_early_too(sqlite_url: str, path: Path) -> None:
    await (await open_store(sqlite_url)).close()
    early = EarlyReads(path)
    await early.open()
    assert await early.practices() == ()
    assert await early.practitioners() == ()
    assert (await early.page(BookingQuery(NOW), 5, None, Direction.BACKWARD)).rows == ()
    await early.close()


@pytest.mark.parametrize(
    "change",
    [{"text": "wilson"}, {"statuses": frozenset({Status.CANCELLED})}, {"practices": frozenset({"perth"})}],
    ids=lambda change: next(iter(change)),
)
async def test_a_question_with_conditions_is_for_the_store(
    early: EarlyReads, change: dict[str, object]
) -> None:
    with pytest.raises(Unusual):
        await early.page(replace(BookingQuery(NOW), **change), 5, None, Direction.FORWARD)  # type: ignore[arg-type]


async def test_a_desk_that_saves_is_not_kept_waiting_and_not_waited_for(
    early: EarlyReads, path: Path
) -> None:
    await early.practices()
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unusual):
            await early.practices()
        other.execute("ROLLBACK")
    assert await early.practices()


def changed(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE frontdesk_schema SET version_num = '{NOBODY}'",
        "DELETE FROM frontdesk_schema",
        "DROP TABLE frontdesk_schema",
        "PRAGMA journal_mode = WAL",
    ],
)
async def test_a_store_that_is_not_as_usual_is_for_the_store(
    store: SqlStore, path: Path, statement: str
) -> None:
    await store.close()
    changed(path, statement)
    early = EarlyReads(path)
    with pytest.raises(Unusual):
        await early.open()
    await early.close()


@pytest.mark.parametrize(
    "content", [None, b"", b"these are no bookings" * 100], ids=["none", "empty", "text"]
)
def test_a_file_that_is_no_store_is_left_as_it_is(path: Path, content: bytes | None) -> None:
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unusual):
        asyncio.run(opened_and_closed(EarlyReads(path)))
    assert (path.read_bytes() if path.exists() else None) == content


async def opened_and_closed(early: EarlyReads) -> None:
    try:
        await early.open()
    finally:
        await early.close()


async def test_a_row_that_cannot_be_read_is_for_the_store(early: EarlyReads, path: Path) -> None:
    changed(path, "UPDATE booking SET created_at = 'pigeon'")
    with pytest.raises(Unusual) as unusual:
        await early.page(BookingQuery(NOW), 5, None, Direction.FORWARD)
    # No data of a row may come along with the error.
    assert unusual.value.__context__ is None
