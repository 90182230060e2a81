"""A store that a newer program has brought up to date is read on, and not written, by an older one."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import Scope
from frontdesk.errors import Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.sql import revisions, schema
from frontdesk.store.sql.store import SqlStore
from tests.choosing import few_in_quick
from tests.contract.newer import NUMBER, a_newer_program
from tests.contract.raw import execute, until
from tests.making import KIM, cancel, cancel_of, fill, make_incoming, make_practice, retry, settle

STATE = "SELECT change, audit, audit_digest, bookings FROM head"


@pytest.fixture(params=["sqlite_url", "migrated_postgres_url"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty store whose schema a test may tamper with, on each database in turn."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def ready(store: SqlStore) -> dict[str, Any]:
    """What each write below is about: a booking, a claim, a delivery that needs a person, a token."""
    await fill(store, 14)
    booked = [(await store.find(f"R{number:05}"))[0] for number in (8, 10, 12, 9)]
    for one in booked[:3]:
        await cancel(store, cancel_of(one, KIM, "Sick"))
    refused = await store.queue.claim(["smile"], RetryPolicy())
    assert refused is not None
    await store.queue.finish(refused, Result(Ended.REFUSED), RetryPolicy())
    claim = await store.queue.claim(["smile"], RetryPolicy())
    token, _ = await store.registry.create_token("Desk", frozenset({Scope.READ}), None, KIM)
    assert claim is not None
    return {"booking": booked[3], "claim": claim, "delivery": refused.delivery.id, "token": token.id}


WRITES: dict[str, Callable[[SqlStore, dict[str, Any]], Awaitable[object]]] = {
    "cancel": lambda store, at: cancel(store, cancel_of(at["booking"], KIM, "Sick")),
    "give_up": lambda store, at: store.give_up(uuid4()),
    "retry": lambda store, at: retry(store, at["delivery"], KIM),
    "settle": lambda store, at: settle(store, at["delivery"], KIM, "rung"),
    "load": lambda store, at: store.registry.load([make_incoming(99)], KIM, "tests"),
    "loaded": lambda store, at: store.registry.loaded(),
    "apply_practices": lambda store, at: store.registry.apply_practices([make_practice("perth")], KIM),
    "create_token": lambda store, at: store.registry.create_token("Two", frozenset({Scope.READ}), None, KIM),
    "revoke_token": lambda store, at: store.registry.revoke_token(at["token"], KIM),
    "claim": lambda store, at: store.queue.claim(["smile"], RetryPolicy()),
    "finish": lambda store, at: store.queue.finish(at["claim"], Result(Ended.DONE), RetryPolicy()),
    "heartbeat": lambda store, at: store.queue.heartbeat("a desk", ["smile"]),
    "retire": lambda store, at: store.queue.retire("a desk"),
}


@contextmanager
def another_schema(url: str, number: str) -> Iterator[None]:
    """Have the store say that it has another schema."""
    execute(url, f"UPDATE {revisions.VERSION_TABLE} SET version_num = '{number}'")
    yield
    execute(url, f"UPDATE {revisions.VERSION_TABLE} SET version_num = '{revisions.REVISIONS[-1]}'")


@pytest.mark.parametrize("write", few_in_quick(WRITES, quick={"cancel", "load", "claim", "create_token"}))
async def test_nothing_is_written_into_a_store_of_a_newer_program(
    store: SqlStore, store_url: str, ready: dict[str, Any], write: str
) -> None:
    before = execute(store_url, STATE)
    with another_schema(store_url, NUMBER):
        with pytest.raises(Unavailable) as refused:
            await WRITES[write](store, ready)
        assert refused.value.hint.startswith("This program is older than ")
        assert f"(schema {NUMBER}, here {revisions.REVISIONS[-1]}): nothing was changed" in refused.value.hint
        assert refused.value.hint.endswith("start the newer frontdesk.")
    assert execute(store_url, STATE) == before
    await WRITES[write](store, ready)


async def test_what_is_there_is_read_on(store: SqlStore, store_url: str, ready: dict[str, Any]) -> None:
    with another_schema(store_url, NUMBER):
        assert (await store.state()).bookings == 14
        assert await store.get(ready["booking"].id) == ready["booking"]
        assert await store.history(ready["booking"].id) == ()
        assert await store.registry.verify() is None
        assert len(await store.registry.tokens()) == 1


async def test_a_store_that_went_back_to_an_older_schema_says_to_start_again(
    store: SqlStore, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older backup in its place; the next start brings it up to date."""
    a_newer_program(monkeypatch, tmp_path, "SELECT 1")
    with pytest.raises(Unavailable, match=r"older than this program now .* start it again"):
        await store.registry.apply_practices([make_practice()], KIM)


async def test_a_store_whose_tables_are_gone_says_so(store: SqlStore, store_url: str) -> None:
    execute(store_url, f"ALTER TABLE {revisions.VERSION_TABLE} RENAME TO elsewhere")
    with pytest.raises(Unavailable, match="holds no store any more: nothing was changed"):
        await store.registry.apply_practices([make_practice()], KIM)


async def test_a_program_that_runs_meets_a_store_brought_up_to_date(
    store: SqlStore, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store, 3)
    with monkeypatch.context() as newer:
        a_newer_program(newer, tmp_path, "INSERT INTO more VALUES (7)")
        await (await open_store(store_url)).close()
    with pytest.raises(Unavailable, match="This program is older"):
        await fill(store, 6)
    assert (await store.state()).bookings == 3


async def test_a_write_under_way_is_waited_for_and_one_that_waited_is_refused(
    migrated_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a migration runs beside writes: what one has looked at must hold until its COMMIT."""
    url = migrated_postgres_url
    store = await open_store(url)
    begun, may_end = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> None:
        begun.set()
        assert may_end.wait(60)
        connection.execute(text("UPDATE head SET bookings = 7"))

    def waiting() -> int:
        queued = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{revisions.VERSION_TABLE}'::regclass"
        number: int = execute(url, queued)[0][0]
        return number

    writing = asyncio.create_task(store._database.write(slowly))
    await asyncio.to_thread(begun.wait, 60)
    with monkeypatch.context() as newer:
        a_newer_program(newer, tmp_path, "SELECT 1")
        migrating = asyncio.create_task(open_store(url))
        await until(lambda: waiting() == 1)
        newer.setattr(schema, "REVISIONS", revisions.REVISIONS)  # the migration has looked; this one will
        late = asyncio.create_task(store.registry.apply_practices([make_practice()], KIM))
        await until(lambda: waiting() == 2)
        may_end.set()
        await writing
        await (await migrating).close()
    with pytest.raises(Unavailable, match="This program is older"):
        await late
    assert execute(url, "SELECT bookings FROM head")[0].bookings == 7
    await store.close()
