"""A server that goes away, falls silent at the worst moment, or may not be written."""

import asyncio
import threading
import traceback
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from frontdesk.bookings import Booking
from frontdesk.commands import Command
from frontdesk.errors import Refused, Unauthorised, Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.postgres.database import PostgresDatabase
from frontdesk.store.postgres.session import BoundedConnection
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import connected, count, execute, until
from tests.making import KIM, LEE, cancel, cancel_of, make_incoming, make_practice, outcome


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """Only PostgreSQL has a server."""
    return postgres_url


def command(booking: Booking) -> Command:
    return cancel_of(booking, KIM, "Sick")


def hang_up(url: str) -> None:
    """End every connection of every desk, as a server does that is restarted."""
    execute(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name = 'frontdesk' AND datname = current_database()",
    )


def listeners(url: str) -> set[int]:
    """Return the processes of the server that somebody listens to."""
    found = execute(
        url,
        "SELECT pid FROM pg_stat_activity WHERE query IN ('LISTEN frontdesk_change', 'SELECT store_id, change FROM head') "
        "AND datname = current_database()",
    )
    return {pid for (pid,) in found}


def listening(url: str) -> bool:
    return bool(listeners(url))


async def test_a_desk_goes_on_after_a_restart(store: SqlStore, store_url: str, booking: Booking) -> None:
    hang_up(store_url)
    assert await store.get(booking.id) == booking
    hang_up(store_url)
    assert (await cancel(store, command(booking))).cancellation is not None


async def test_news_come_again_after_a_restart(
    store: SqlStore, other: SqlStore, store_url: str, booking: Booking
) -> None:
    number = (await store.state()).number
    hearing = asyncio.create_task(other.changes(number, 60))
    await until(lambda: listening(store_url))
    hang_up(store_url)
    await until(lambda: listening(store_url))
    await cancel(store, command(booking))
    assert [change.booking_id for change in await hearing] == [booking.id]


async def test_news_come_at_once(
    store: SqlStore, other: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a notice, not because the desk looks now and then."""
    monkeypatch.setattr("frontdesk.store.postgres.listening.POLL_SECONDS", 60.0)
    number = (await store.state()).number
    hearing = asyncio.create_task(other.changes(number, 60))
    await until(lambda: listening(store_url))
    await cancel(store, command(booking))
    async with asyncio.timeout(30):
        assert [change.booking_id for change in await hearing] == [booking.id]


async def test_what_is_written_before_a_desk_listens_is_heard(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.store.postgres.listening.POLL_SECONDS", 60.0)
    connect, written = PostgresDatabase._connect_to_listen, threading.Event()

    def connect_late(self: PostgresDatabase) -> psycopg.Connection:
        written.wait()
        return connect(self)

    monkeypatch.setattr(PostgresDatabase, "_connect_to_listen", connect_late)
    late = await open_store(store_url)
    number = (await late.state()).number
    hearing = asyncio.create_task(late.changes(number, 60))
    await late.get(booking.id)
    await cancel(store, command(booking))
    written.set()
    async with asyncio.timeout(30):
        assert [change.booking_id for change in await hearing] == [booking.id]
    await late.close()


async def test_a_desk_looks_when_it_hears_no_more(
    store: SqlStore, other: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for news finds out at once that its server is away, or what it missed."""
    monkeypatch.setattr("frontdesk.store.postgres.listening.POLL_SECONDS", 60.0)
    number = (await store.state()).number
    hearing = asyncio.create_task(other.changes(number, 60))
    await until(lambda: listening(store_url))
    monkeypatch.setattr(PostgresDatabase, "announce", lambda *_: None)
    await cancel(store, command(booking))

    def refused() -> psycopg.Connection:
        raise psycopg.OperationalError("connection refused")

    assert isinstance(other._database, PostgresDatabase)
    monkeypatch.setattr(other._database._listener, "_connect", refused)
    hang_up(store_url)
    async with asyncio.timeout(30):
        assert [change.booking_id for change in await hearing] == [booking.id]


async def test_nobody_listens_for_nobody(
    store: SqlStore, other: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever waits again hears as before."""
    monkeypatch.setattr("frontdesk.store.postgres.listening.REST_SECONDS", 0.0)
    monkeypatch.setattr("frontdesk.store.postgres.listening._LISTEN_SECONDS", 0.05)
    for _ in range(2):
        with store._database.news():
            await until(lambda: listening(store_url))
        await until(lambda: not listening(store_url))
    number = (await store.state()).number
    hearing = asyncio.create_task(store.changes(number, 60))
    await until(lambda: listening(store_url))
    await cancel(other, command(booking))
    async with asyncio.timeout(30):
        assert [change.booking_id for change in await hearing] == [booking.id]


@pytest.mark.full
async def test_a_server_that_hangs_is_given_up(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before it, or the network, would say anything; and the ear is not trusted any more either."""
    with store._database.news():
        await until(lambda: listening(store_url))
        before = listeners(store_url)
        monkeypatch.setattr(BoundedConnection, "silent_seconds", 0.2)
        with connected(store_url) as hanging:
            hanging.execute(text("LOCK TABLE booking IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(Unavailable) as unavailable:
                await store.get(booking.id)
        assert "was lost: nothing was changed" in unavailable.value.hint
        monkeypatch.undo()
        assert await store.get(booking.id) == booking
        await until(lambda: listening(store_url) and not before & listeners(store_url))


@pytest.mark.parametrize(
    "fault",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        OSError(9, "Bad file descriptor"),
    ],
    ids=["driver", "system"],
)
@pytest.mark.parametrize("committed", [True, False])
async def test_a_commit_without_an_answer_is_looked_into(
    store: SqlStore,
    store_url: str,
    booking: Booking,
    monkeypatch: pytest.MonkeyPatch,
    committed: bool,
    fault: Exception,
) -> None:
    commit = psycopg.Connection.commit

    def lost(self: psycopg.Connection) -> None:
        if committed:
            commit(self)
        monkeypatch.undo()
        self.close()
        raise fault

    asked = command(booking)
    # The connection is set up first, so that the commit that fails is the cancel's own.
    assert await outcome(store, asked.id) is None
    monkeypatch.setattr(psycopg.Connection, "commit", lost)
    if committed:
        cancelled = await cancel(store, asked)
        assert cancelled == await store.get(booking.id) == await outcome(store, asked.id)
        assert cancelled.cancellation is not None
    else:
        with pytest.raises(Unavailable) as unavailable:
            await cancel(store, asked)
        assert ": nothing was changed" in unavailable.value.hint
        assert await store.get(booking.id) == booking
        assert await outcome(store, asked.id) is None
    assert count(store_url, "command") == int(committed)


async def test_a_connection_lost_before_the_commit_changes_nothing(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        hang_up(store_url)

    monkeypatch.setattr("frontdesk.store.sql.doing.seal", cut)
    asked = command(booking)
    with pytest.raises(Unavailable) as unavailable:
        await cancel(store, asked)
    assert "nothing was changed" in unavailable.value.hint
    monkeypatch.undo()
    assert await store.get(booking.id) == booking
    assert count(store_url, "delivery") == 0
    assert (await cancel(store, asked)).cancellation is not None


@pytest.fixture
async def spare(spare_postgres_url: str) -> tuple[str, Booking]:
    """A database of its own with one booking in it."""
    store = await open_store(spare_postgres_url)
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (found,) = await store.find("A1")
    await store.close()
    return spare_postgres_url, found


@pytest.mark.parametrize("spare_postgres_url", [True], indirect=True)
async def test_a_server_that_may_only_be_read(spare: tuple[str, Booking]) -> None:
    url, booking = spare
    name = make_url(url).database
    execute(url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    store = await open_store(url)
    with pytest.raises(Unavailable) as unavailable:
        await cancel(store, command(booking))
    assert "is read-only now: nothing was changed" in unavailable.value.hint
    why = "bookings cannot be changed here: the database server is set to read-only"
    assert (await store.state()).standing.why_not_writable == why
    with pytest.raises(Refused) as refused:
        await cancel(store, command(booking))
    assert refused.value.reason.text == why
    assert await store.get(booking.id) == booking
    await store.close()


@pytest.mark.parametrize("spare_postgres_url", [True], indirect=True)
async def test_a_user_that_may_only_read(spare: tuple[str, Booking]) -> None:
    url, booking = spare
    role = f"reader_{uuid4().hex}"
    execute(url, f"CREATE ROLE {role} LOGIN")
    execute(url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    address = make_url(url).set(username=role)
    store = await open_store(address.render_as_string(hide_password=False))
    try:
        with pytest.raises(Unauthorised) as unauthorised:
            await cancel(store, command(booking))
        assert "does not allow this user" in unauthorised.value.hint
        why = "bookings cannot be changed here: the database user may only read"
        assert (await store.state()).standing.why_not_writable == why
        assert await store.get(booking.id) == booking
    finally:
        await store.close()
        execute(url, f"DROP OWNED BY {role}; DROP ROLE {role}")


async def test_no_error_shows_a_patient(store: SqlStore, store_url: str, booking: Booking) -> None:
    execute(store_url, "ALTER TABLE delivery ADD CONSTRAINT broken CHECK (target <> 'amelia@example.com')")
    try:
        with pytest.raises(Unavailable) as unavailable:
            await cancel(store, cancel_of(booking, LEE, "Sick"))
    finally:
        execute(store_url, "ALTER TABLE delivery DROP CONSTRAINT broken")
    shown = "".join(traceback.format_exception(unavailable.value))
    assert "amelia" not in shown
    assert unavailable.value.__context__ is None
    assert await store.get(booking.id) == booking
