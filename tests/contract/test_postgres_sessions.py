"""A session on PostgreSQL is what the store relies on, whatever the server, the account or a pooler make of it."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url

from frontdesk.bookings import Booking, BookingQuery, Direction
from frontdesk.errors import Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.postgres.database import PostgresDatabase
from frontdesk.store.postgres.session import SETTINGS, WRITE_IDLE_SECONDS, BoundedConnection
from frontdesk.store.sql.store import SqlStore
from tests import postgres
from tests.contract.raw import execute
from tests.making import KIM, cancel, cancel_of, make_incoming, make_patient, make_practice

NAME = "Željko Þórđarson-Ñíguez"

STRANGE = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Kiritimati",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "default_transaction_isolation": "serializable",
    "lock_timeout": "0",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "synchronous_commit": "off",
    "tcp_keepalives_idle": "7200",
    "escape_string_warning": "off",
}


@pytest.fixture
def url(migrated_postgres_url: str) -> str:
    """A store whose database somebody has set up in his own way."""
    name = make_url(migrated_postgres_url).database
    for setting, value in STRANGE.items():
        execute(migrated_postgres_url, f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
    return migrated_postgres_url


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    opened = await open_store(url)
    yield opened
    await opened.close()


async def one_booking(store: SqlStore) -> Booking:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1", patient=make_patient(name=NAME))], KIM, "a test")
    (found,) = await store.find("A1")
    return found


def settings_of(store: SqlStore) -> dict[str, str]:
    """Return what a connection of the pool has these settings at."""
    database = store._database
    assert isinstance(database, PostgresDatabase)
    with database._engine.connect() as connection:
        names = (
            *SETTINGS,
            "search_path",
            "synchronous_commit",
            "transaction_isolation",
            "transaction_read_only",
        )
        return {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names}


async def works(store: SqlStore, booking: Booking) -> None:
    """Read, search, and cancel a booking whose patient has a name of many letters."""
    assert booking.patient.name == NAME
    page = await store.page(
        BookingQuery((await store.state()).now, text="zeljko"), 10, None, Direction.FORWARD
    )
    assert [row.booking for row in page.rows] == [booking]
    cancelled = await cancel(store, cancel_of(booking, KIM, "krank: ½ č"))
    assert cancelled.cancellation is not None
    assert (await store.get(booking.id)).cancellation == cancelled.cancellation
    assert (await store.history(booking.id))[0].detail["reason"] == "krank: ½ č"
    assert await store.registry.verify() is None


async def test_what_needs_one_statement_begins_no_transaction_and_what_needs_more_begins_one(
    store: SqlStore,
) -> None:
    def when_it_began(connection: Connection) -> tuple[object, object]:
        first, second = (connection.execute(select(func.transaction_timestamp())).scalar() for _ in range(2))
        return first, second

    first, second = await store._database.read_one(when_it_began)
    assert first != second
    first, second = await store._database.read(when_it_began)
    assert first == second


async def test_what_a_database_was_set_to_makes_no_difference(store: SqlStore) -> None:
    await works(store, await one_booking(store))


async def test_every_setting_that_counts_is_the_sessions_own(store: SqlStore) -> None:
    found = settings_of(store)
    assert found["client_encoding"] == "UTF8"
    assert found["DateStyle"] == "ISO, YMD"
    assert found["TimeZone"] == "UTC"
    assert found["IntervalStyle"] == "postgres"
    assert (found["standard_conforming_strings"], found["bytea_output"]) == ("on", "hex")
    assert (found["extra_float_digits"], found["synchronous_commit"]) == ("1", "on")
    assert (found["lock_timeout"], found["statement_timeout"]) == ("10s", "30s")
    assert found["idle_in_transaction_session_timeout"] == "1min"
    assert (found["transaction_isolation"], found["transaction_read_only"]) == ("read committed", "off")
    assert found["search_path"] == "public, pg_temp"


@pytest.mark.parametrize("reset", ["DISCARD ALL", "RESET ALL"])
async def test_a_pooler_that_resets_a_session_makes_no_difference(store: SqlStore, reset: str) -> None:
    booking = await one_booking(store)
    before = settings_of(store)
    reset_behind_psycopg(store, reset)
    assert settings_of(store) == before
    reset_behind_psycopg(store, reset)
    await works(store, booking)


async def test_a_pooler_that_forgets_prepared_statements_costs_one_more_try(store: SqlStore) -> None:
    # So often that psycopg has the server keep the statement.
    for _ in range(8):
        await store.queue.heartbeat("one", ["smile"])
    reset_behind_psycopg(store, "DISCARD ALL")
    with pytest.raises(Unavailable, match="was lost: nothing was changed; try again"):
        await store.queue.heartbeat("one", ["smile"])
    await store.queue.heartbeat("one", ["smile"])


def reset_behind_psycopg(store: SqlStore, reset: str) -> None:
    """Do on the pool's connection what a pooler does on the server's side of it."""
    database = store._database
    assert isinstance(database, PostgresDatabase)
    with database._engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.pgconn.exec_(reset.encode())


async def test_a_view_earlier_on_the_search_path_is_not_taken_for_the_table(url: str) -> None:
    name = make_url(url).database
    plain = await open_store(url)
    booking = await one_booking(plain)
    await plain.close()
    execute(url, "CREATE SCHEMA mine")
    for table in ("booking", "head", "practice", "command"):
        execute(url, f"CREATE VIEW mine.{table} AS SELECT * FROM public.{table} WHERE false")
    execute(url, f'ALTER DATABASE "{name}" SET search_path = mine, public')
    store = await open_store(url)
    await works(store, booking)
    await store.close()


@pytest.mark.parametrize("spare_postgres_url", [False], indirect=True)
async def test_a_store_in_a_schema_of_its_own(spare_schema: str) -> None:
    store = await open_store(spare_schema)
    await works(store, await one_booking(store))
    number = (await store.state()).number
    assert settings_of(store)["search_path"] == "desk, pg_temp"
    await store.close()
    again = await open_store(spare_schema)
    assert (await again.state()).number == number
    await again.close()
    assert execute(spare_schema, "SELECT schemaname FROM pg_tables WHERE tablename = 'booking'") == [
        ("desk",)
    ]


@pytest.fixture
def spare_schema(spare_postgres_url: str) -> str:
    """A blank database in which the account's tables go to a schema of their own."""
    name = make_url(spare_postgres_url).database
    execute(spare_postgres_url, "CREATE SCHEMA desk")
    execute(spare_postgres_url, f'ALTER DATABASE "{name}" SET search_path = desk, public')
    return spare_postgres_url


@pytest.mark.parametrize("spare_postgres_url", [False], indirect=True)
async def test_who_made_the_store_waits_no_longer_for_a_silent_server_than_others(
    spare_postgres_url: str,
) -> None:
    def patience(connection: Connection) -> float:
        raw = connection.connection.driver_connection
        assert isinstance(raw, BoundedConnection)
        return raw.silent_seconds

    store = await open_store(spare_postgres_url)
    assert await store._database.read(patience) == BoundedConnection.silent_seconds
    await store.close()


@pytest.fixture
def other_encoding(worker_id: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A blank database that keeps text in another encoding."""
    try:
        with postgres.new_database(worker_id, migrated=False, encoding=request.param) as url:
            yield url
    except postgres.NoServer as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("other_encoding", ["SQL_ASCII", "LATIN1"], indirect=True)
async def test_a_database_that_is_not_utf8_is_refused(other_encoding: str) -> None:
    with pytest.raises(Unavailable) as unavailable:
        await open_store(other_encoding)
    assert "cannot hold every patient's name: make a database with ENCODING 'UTF8'" in unavailable.value.hint
    plain = make_url(other_encoding).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, client_encoding="utf8") as connection:
        assert connection.execute("SELECT * FROM pg_tables WHERE schemaname = 'public'").fetchall() == []


async def test_a_search_path_that_leads_nowhere_is_told(url: str) -> None:
    name = make_url(url).database
    execute(url, f'ALTER DATABASE "{name}" SET search_path = nowhere')
    with pytest.raises(Unavailable, match="no schema on the search path"):
        await open_store(url)


async def test_an_account_with_too_many_connections_is_no_wrong_password(url: str) -> None:
    role = f"role_{uuid4().hex}"
    execute(url, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    try:
        with pytest.raises(Unavailable, match="takes no more connections now: try again"):
            await open_store(make_url(url).set(username=role).render_as_string(hide_password=False))
    finally:
        execute(url, f"DROP ROLE {role}")


async def test_a_write_whose_desk_falls_silent_is_ended_within_seconds(store: SqlStore) -> None:
    """Before the desks that wait for it would give up. How the server does it is in test_postgres_vanished."""

    def idle_limit(connection: Connection) -> str:
        return str(connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one())

    assert WRITE_IDLE_SECONDS < 10
    assert await store._database.write(idle_limit) == f"{WRITE_IDLE_SECONDS}s"
    assert await store._database.read(idle_limit) == "1min"
