"""A PostgreSQL with a real standby behind the same address: what it lags behind with is not denied."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import URL

from frontdesk.attempts import RetryPolicy
from frontdesk.bookings import Booking, Scope
from frontdesk.commands import Command
from frontdesk.errors import CommitLost, Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests import making, postgres
from tests.contract.raw import until
from tests.making import KIM, cancel, cancel_of, make_incoming, make_practice, outcome, settle

pytestmark = [pytest.mark.full, pytest.mark.long]


class Pair:
    """A primary and its standby; an address that names both, the primary first."""

    def __init__(self, folder: Path) -> None:
        self.primary = postgres.SpareServer(folder / "one")
        self.primary.start()
        self.standby = self.primary.standby(folder / "two")
        self.standby.start()

    @property
    def url(self) -> URL:
        hosts = tuple(f"{one.url.query['host']}:5432" for one in (self.primary, self.standby))
        return self.primary.url.set(query={"host": hosts})

    def is_level(self) -> bool:
        """Whether the standby shows everything that the primary has written."""
        ((written,),) = self.primary.tell("SELECT pg_current_wal_lsn()")
        ((shown,),) = self.standby.tell(f"SELECT pg_last_wal_replay_lsn() >= '{written}'")
        return bool(shown)

    def close(self) -> None:
        for server in (self.standby, self.primary):
            server.stop()


@pytest.fixture
def pair() -> Iterator[Pair]:
    # The account that PostgreSQL runs as has no way into the folders of pytest.
    with tempfile.TemporaryDirectory(prefix="frontdesk-tests-", ignore_cleanup_errors=True) as folder:
        try:
            opened = Pair(Path(folder))
        except postgres.NoServer as why:
            pytest.skip(str(why))
        yield opened
        opened.close()


@pytest.fixture
async def store(pair: Pair) -> AsyncIterator[SqlStore]:
    opened = await open_store(pair.url.render_as_string(hide_password=False))
    yield opened
    await opened.close()


@pytest.fixture
async def booking(pair: Pair, store: SqlStore) -> Booking:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (found,) = await store.find("A1")
    await until(pair.is_level)
    return found


def command(booking: Booking) -> Command:
    return cancel_of(booking, KIM, "Sick")


def lose_the_answer(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Have the next COMMIT arrive and its answer get lost; something happens meanwhile."""
    commit = psycopg.Connection.commit

    def lost(self: psycopg.Connection) -> None:
        monkeypatch.undo()
        commit(self)
        self.close()
        then()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(psycopg.Connection, "commit", lost)


async def test_a_standby_that_lags_never_denies_a_cancel(
    pair: Pair, store: SqlStore, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = command(booking)
    pair.standby.tell("SELECT pg_wal_replay_pause()")
    lose_the_answer(monkeypatch, pair.primary.stop_at_once)
    with pytest.raises(CommitLost, match="what became of it is not known yet"):
        await cancel(store, asked)
    for asking in (store.outcome, store.give_up):
        with pytest.raises(Unavailable, match="nothing was changed; this server is a standby"):
            await asking(asked.id)
    assert (await store.get(booking.id)).cancellation is None, "the standby is asked, and lags"

    pair.primary.start()
    done = await outcome(store, asked.id)
    assert done is not None
    assert done.cancellation is not None

    pair.standby.tell("SELECT pg_wal_replay_resume()")
    await until(pair.is_level)
    pair.primary.stop_at_once()
    assert await outcome(store, asked.id) == await making.give_up(store, asked.id) == done
    pair.primary.start()


async def test_after_a_failover_that_lost_the_cancel_it_is_not_denied(
    pair: Pair, store: SqlStore, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = command(booking)
    pair.standby.tell("ALTER SYSTEM SET primary_conninfo = ''")
    pair.standby.tell("SELECT pg_reload_conf()")
    await until(lambda: not pair.standby.tell("SELECT FROM pg_stat_wal_receiver"))

    def fail_over() -> None:
        pair.primary.stop_at_once()
        assert pair.standby.tell("SELECT pg_promote()") == [(True,)]

    lose_the_answer(monkeypatch, fail_over)
    with pytest.raises(CommitLost, match="not known yet"):
        await cancel(store, asked)
    with pytest.raises(Unavailable, match="now another server than the one that was to save this"):
        await outcome(store, asked.id)

    anew = command(await store.get(booking.id))
    assert (await cancel(store, anew)).cancellation is not None, "the new primary is worked with"
    assert (await outcome(store, uuid4())) is None
    pair.primary.start()


async def test_nothing_is_written_to_a_standby(pair: Pair, booking: Booking) -> None:
    address = pair.standby.url.render_as_string(hide_password=False)
    store = await open_store(address)
    assert (await store.state()).standing.why_not_writable == (
        "bookings cannot be changed here: the database server is a standby"
    )
    for write in (
        store.registry.create_token("Desk", frozenset({Scope.READ}), None, KIM),
        store.registry.load([make_incoming(7)], KIM, "a test"),
        store.queue.heartbeat("one", ["smile"]),
        settle(store, 1, KIM, "done"),
    ):
        with pytest.raises(
            Unavailable, match="is read-only now: nothing was changed; this server is a standby"
        ):
            await write
    pair.standby.tell("SELECT pg_promote()")
    assert (await store.state()).standing.why_not_writable == ""
    assert (await cancel(store, command(booking))).cancellation is not None
    await store.close()


async def test_a_server_set_read_only_under_a_running_desk(
    pair: Pair, store: SqlStore, booking: Booking
) -> None:
    await cancel(store, command(booking))
    await store.state()
    pair.primary.tell("ALTER SYSTEM SET default_transaction_read_only = on")
    pair.primary.tell("SELECT pg_reload_conf()")
    await until(lambda: pair.primary.tell("SHOW default_transaction_read_only") == [("on",)])
    for asking in (
        store.queue.claim(["smile"], RetryPolicy()),
        store.registry.load([make_incoming(7)], KIM, "a test"),
    ):
        with pytest.raises(Unavailable, match="is read-only now: nothing was changed; it was set so"):
            await asking
