"""The command line on a PostgreSQL that may only be read: one sentence, exit 3, and nothing is sent."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from frontdesk.store.opening import open_store
from tests.e2e.line_mode import LineDesk
from tests.making import KIM, cancel, cancel_of, make_incoming, make_practice

MAILDIR = (
    '[notify]\nfrom = "Smile Dental <bookings@smile.example>"\n[notify.email]\nurl = "maildir://{folder}"\n'
)


@pytest.fixture
def url(migrated_postgres_url: str) -> str:
    """A store with a delivery that is due, whose database was then set read-only."""

    async def filled() -> None:
        store = await open_store(migrated_postgres_url)
        await store.registry.apply_practices([make_practice()], KIM)
        await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
        (booking,) = await store.find("A1")
        await cancel(store, cancel_of(booking, KIM, "Sick"))
        await store.close()

    asyncio.run(filled())
    address = make_url(migrated_postgres_url)
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{address.database}" SET default_transaction_read_only = on')
    return migrated_postgres_url


@pytest.mark.parametrize("line", ["deliver --once", "tokens create --name Desk --scope read", "import FILE"])
def test_nothing_is_written_or_sent(desk: LineDesk, url: str, tmp_path: Path, line: str) -> None:
    mails, file = tmp_path / "mails", tmp_path / "bookings.csv"
    assert desk("export", str(file)).exit_code == 0
    desk.store_section = f'[store]\nurl = "{url}"'
    desk.write_config(MAILDIR.format(folder=mails))

    result = desk(*line.replace("FILE", str(file)).split())

    assert result.exit_code == 3, result.output
    assert "is read-only now: nothing was changed" in " ".join(result.stderr.split())
    assert "reference" not in result.stderr
    assert not list(mails.rglob("*.*"))
