"""A backup put back under running desks with `pg_restore --clean`, which breaks no connection."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from frontdesk.bookings import Booking
from frontdesk.store.port import STORE
from frontdesk.store.postgres import listening
from frontdesk.store.sql.store import SqlStore
from tests import postgres
from tests.contract.raw import execute, until
from tests.making import KIM, cancel, cancel_of

LISTENERS = (
    "SELECT pid FROM pg_stat_activity WHERE query = 'SELECT store_id, change FROM head' "
    "AND datname = current_database()"
)


@pytest.fixture
def store_url(migrated_postgres_url: str) -> str:
    return migrated_postgres_url


async def run(program: str, url: str, *arguments: str) -> None:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    ran = await asyncio.create_subprocess_exec(postgres.program(program), "-d", address, *arguments)
    assert await ran.wait() == 0


@pytest.mark.full
async def test_a_desk_hears_of_it_on_the_connection_it_has(
    store: SqlStore, other: SqlStore, store_url: str, booking: Booking, tmp_path: Path
) -> None:
    assert listening.LOOK_SECONDS <= 2, "within seconds"
    backup = str(tmp_path / "backup")
    await run("pg_dump", store_url, "-Fc", "-f", backup)
    await cancel(store, cancel_of(booking, KIM))
    known = await other.state()
    hearing = asyncio.create_task(other.changes(known.number, 60, known.store_id))
    await until(lambda: bool(execute(store_url, LISTENERS)))
    ears = execute(store_url, LISTENERS)

    await run("pg_restore", store_url, "--clean", "--single-transaction", backup)

    (change,) = await hearing
    assert (change.subject, change.number) == (STORE, known.number - 1)
    assert execute(store_url, LISTENERS) == ears, "no connection broke"
    assert await other.get(booking.id) == booking
    assert (await cancel(store, cancel_of(booking, KIM))).cancellation
    (next_one,) = await other.changes(change.number, 60, known.store_id)
    assert next_one.booking_id == booking.id
    assert await store.registry.verify() is None
