"""Servers that may only be read: nothing is written there, and what is not found there is not denied."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from frontdesk.attempts import RetryPolicy
from frontdesk.bookings import Booking, Scope
from frontdesk.commands import Command
from frontdesk.errors import CommitLost, FrontdeskError, Unavailable
from frontdesk.store.far import store as far_store
from frontdesk.store.opening import open_store
from frontdesk.store.postgres.database import PostgresDatabase
from frontdesk.store.sql.store import SqlStore
from tests import making
from tests.choosing import few_in_quick
from tests.contract.desks import FarDesk
from tests.contract.raw import connected, count, execute, until
from tests.making import KIM, LEE, cancel, cancel_of, make_incoming, make_practice, outcome, retry, settle
from tests.serving import make_token, served, service_of

READ_ONLY = "is read-only now: nothing was changed; it was set so, connect to the server that can be written."


@pytest.fixture
def store_url(migrated_postgres_url: str) -> str:
    return migrated_postgres_url


def command(booking: Booking) -> Command:
    return cancel_of(booking, KIM, "Sick")


def set_read_only(url: str, *, on: bool = True) -> None:
    """Have every session from now on begin so that it only reads."""
    address = make_url(url)
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        setting = "on" if on else "off"
        connection.execute(
            f'ALTER DATABASE "{address.database}" SET default_transaction_read_only = {setting}'
        )


def hang_up(url: str) -> None:
    execute(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name = 'frontdesk' AND datname = current_database()",
    )


def lose_the_commit(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object], *, is_done: bool) -> None:
    """Have the next COMMIT arrive, or not, and its answer get lost in any case; something happens then."""
    commit = psycopg.Connection.commit

    def lost(self: psycopg.Connection) -> None:
        if is_done:
            commit(self)
        monkeypatch.undo()
        self.close()
        then()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(psycopg.Connection, "commit", lost)


# -- what is not found there ------------------------------------------------------------------


async def test_a_saved_cancel_is_found_on_a_server_that_may_only_be_read(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = command(booking)
    lose_the_commit(monkeypatch, lambda: set_read_only(store_url), is_done=True)
    cancelled = await cancel(store, asked)
    assert cancelled.cancellation is not None
    assert await outcome(store, asked.id) == await making.give_up(store, asked.id) == cancelled


async def test_what_is_not_found_there_is_not_known(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = command(booking)
    lose_the_commit(monkeypatch, lambda: set_read_only(store_url), is_done=False)
    with pytest.raises(CommitLost, match="what became of it is not known yet"):
        await cancel(store, asked)
    for asking in (store.outcome, store.give_up):
        with pytest.raises(Unavailable, match="is read-only now"):
            await asking(asked.id)
    set_read_only(store_url, on=False)
    assert await outcome(store, asked.id) is None


async def test_a_cancel_that_is_being_saved_is_not_denied_from_an_old_state(
    store: SqlStore, store_url: str, booking: Booking
) -> None:
    """The desk that asks has begun to read before the other one's cancel was committed."""
    asked = command(booking)
    with connected(store_url) as held:
        held.execute(text("SELECT * FROM booking FOR UPDATE"))
        cancelling = asyncio.create_task(cancel(store, asked))
        await until(lambda: waiting(store_url, "transactionid"))
        set_read_only(store_url)
        asking = await open_store(store_url)
        assert (await asking.state()).standing.why_not_writable
        outcome = asyncio.create_task(making.outcome(asking, asked.id))
        await until(lambda: waiting(store_url, "advisory") or outcome.done())
    assert (await cancelling).cancellation is not None
    try:
        assert await outcome == await cancelling
    except Unavailable:
        assert await making.outcome(asking, asked.id) == await cancelling
    await asking.close()


def waiting(url: str, kind: str) -> bool:
    return bool(execute(url, "SELECT FROM pg_locks WHERE NOT granted AND locktype = :kind", kind=kind))


async def test_another_server_than_the_one_it_was_sent_to_proves_nothing(
    store: SqlStore, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failover, which raises the timeline: the commit may have been lost with the old server."""
    asked = command(booking)
    lose_the_commit(
        monkeypatch,
        lambda: monkeypatch.setattr(PostgresDatabase, "place", lambda *_: "another"),
        is_done=False,
    )
    with pytest.raises(CommitLost, match="not known yet"):
        await cancel(store, asked)
    with pytest.raises(Unavailable, match="now another server than the one that was to save this"):
        await store.as_desk(store._standing).outcome(asked.id)
    monkeypatch.undo()
    assert await outcome(store, asked.id) is None


async def test_a_far_desk_is_not_told_what_its_server_cannot_know(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await make_token(store, LEE.via)
    asked = command(booking)
    async with served(service_of(store)) as url:
        far = FarDesk(url, token, store)
        monkeypatch.setattr(far_store, "SETTLING_SECONDS", 0.2)
        with monkeypatch.context() as losing:
            lose_the_commit(losing, lambda: set_read_only(store_url), is_done=False)
            with pytest.raises(CommitLost, match="not known yet"):
                await cancel(far, asked)
        with pytest.raises(Unavailable, match="is read-only now"):
            await outcome(far, asked.id)
        set_read_only(store_url, on=False)
        assert await outcome(far, asked.id) is None
        await far.close()


# -- what may not be written there --------------------------------------------------------------

WRITES: dict[str, Callable[[SqlStore], Awaitable[object]]] = {
    "claim": lambda store: store.queue.claim(["smile"], RetryPolicy()),
    "heartbeat": lambda store: store.queue.heartbeat("one", ["smile"]),
    "token": lambda store: store.registry.create_token("Desk", frozenset({Scope.READ}), None, KIM),
    "load": lambda store: store.registry.load([make_incoming(7)], KIM, "a test"),
    "practices": lambda store: store.registry.apply_practices([make_practice("perth")], KIM),
    "settle": lambda store: settle(store, 1, KIM, "done"),
    "retry": lambda store: retry(store, 1, KIM),
    "give up": lambda store: making.give_up(store, uuid4()),
    "after a load": lambda store: store.registry.loaded(),
}


@pytest.mark.parametrize("begun", ["before", "after"])
@pytest.mark.parametrize("write", few_in_quick(WRITES, quick={"claim", "token", "load"}))
async def test_nothing_is_written_to_a_server_that_was_set_read_only(
    store: SqlStore, store_url: str, booking: Booking, write: str, begun: str
) -> None:
    """Neither by sessions that began after it, nor by those from before."""
    await cancel(store, command(booking))
    set_read_only(store_url)
    if begun == "after":
        hang_up(store_url)
    # A connection that has read before is the one that wrote all the same.
    await store.practices()
    before = written(store_url)
    with pytest.raises(FrontdeskError) as fault:
        await WRITES[write](store)
    assert isinstance(fault.value, Unavailable)
    assert fault.value.hint.endswith(READ_ONLY)
    assert written(store_url) == before


def written(url: str) -> list[object]:
    tables = ("booking", "token", "practice", "audit", "dispatcher", "given_up", "command")
    deliveries = execute(url, "SELECT id, state, attempts, fence FROM delivery ORDER BY id")
    return [*(count(url, table) for table in tables), deliveries]


async def test_a_desk_writes_again_when_its_database_may_be_written_again(
    store: SqlStore, store_url: str, booking: Booking
) -> None:
    """Sessions keep what they began with, so a connection that found itself read-only is not used again."""
    set_read_only(store_url)
    hang_up(store_url)
    assert (await store.state()).standing.why_not_writable
    set_read_only(store_url, on=False)
    assert (await store.state()).standing.why_not_writable == ""
    assert (await cancel(store, command(booking))).cancellation is not None
