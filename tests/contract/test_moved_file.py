"""The file of an SQLite store goes away, or another takes its place, while desks have it open."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from frontdesk.errors import FrontdeskError, Unavailable
from frontdesk.store.early.reads import EarlyReads, Unusual
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.making import KIM, cancel, cancel_of, fill, make_practice

GONE = "is missing: nothing was changed; mount the disk that holds it, or put the latest backup in its place."


@pytest.fixture
def path(sqlite_url: str) -> Path:
    """Where the store's file is."""
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    """Only SQLite has a file."""
    return sqlite_url


@pytest.fixture
def away(path: Path) -> Path:
    """Where the file is moved to."""
    return path.with_name("moved.db")


@pytest.fixture
def move(path: Path, away: Path) -> Callable[[], None]:
    """What takes the file away."""
    return lambda: os.rename(path, away)  # noqa: PTH104


async def test_nothing_is_written_into_a_file_that_was_moved_away(
    store: SqlStore, path: Path, away: Path, move: Callable[[], None]
) -> None:
    """Its connections are still open, and would write where nobody looks any more."""
    await fill(store, 6)
    (booking,) = await store.find("R00004")
    move()
    before = away.read_bytes()  # noqa: ASYNC240
    command = cancel_of(booking, KIM, "Sick")
    for asking in (
        lambda: store.registry.apply_practices([make_practice("hobart")], KIM),
        lambda: store.queue.heartbeat("a desk", ["smile"]),
        lambda: store.get(booking.id),
        lambda: store.state(),
    ):
        with pytest.raises(Unavailable) as gone:
            await asking()
        assert gone.value.hint == f"{path} {GONE}"
    with pytest.raises(FrontdeskError) as not_cancelled:
        await cancel(store, command)
    assert not_cancelled.value.hint == f"{path} {GONE}"
    assert away.read_bytes() == before  # noqa: ASYNC240
    os.rename(away, path)  # noqa: PTH104
    assert (await store.get(booking.id)).version == booking.version
    assert (await cancel(store, command)).cancellation is not None


async def test_a_copy_is_not_made_of_a_file_that_was_moved_away(
    store: SqlStore, path: Path, tmp_path: Path, move: Callable[[], None]
) -> None:
    move()
    with pytest.raises(Unavailable) as gone:
        await store.registry.backup(tmp_path / "copy.db")
    assert gone.value.hint == f"{path} {GONE}"
    assert not os.path.exists(tmp_path / "copy.db")  # noqa: PTH110, ASYNC240


async def test_a_backup_that_takes_its_place_is_what_is_read_and_written(
    store: SqlStore, path: Path, store_url: str, tmp_path: Path
) -> None:
    await fill(store, 6)
    await store.registry.backup(tmp_path / "copy.db")
    await store.registry.apply_practices([make_practice("hobart")], KIM)
    assert len(await store.practices()) == 3
    os.rename(tmp_path / "copy.db", path)  # noqa: PTH104
    assert len(await store.practices()) == 2
    await store.registry.apply_practices([make_practice("darwin")], KIM)
    other = await open_store(store_url)
    assert {one.id for one in await other.practices()} == {"adelaide", "perth", "darwin"}
    await other.close()


async def test_early_pages_come_from_no_file_that_was_moved_away(
    store: SqlStore, path: Path, move: Callable[[], None]
) -> None:
    early = EarlyReads(path)
    await early.open()
    assert await early.practices() == ()
    move()
    with pytest.raises(Unusual):
        await early.practices()
    await early.close()
