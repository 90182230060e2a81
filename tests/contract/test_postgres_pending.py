"""What writes leave waiting in the search index of PostgreSQL, where every lookup would read it."""

import pytest

from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import execute
from tests.making import KIM, cancel, cancel_of, make_incoming, make_practice


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """Only PostgreSQL's index has such a list."""
    return postgres_url


async def test_nothing_is_left_waiting(store: SqlStore, store_url: str) -> None:
    def pages_waiting() -> int:
        pages: int = execute(store_url, "SELECT gin_clean_pending_list('booking_search')")[0][0]
        return pages

    await store.registry.apply_practices([make_practice()], KIM)
    batch = [make_incoming(line) for line in range(60)]
    await store.registry.load(batch, KIM, "a test", dry_run=True)
    assert pages_waiting() == 0
    await store.registry.load(batch, KIM, "a test")
    assert pages_waiting() == 0
    (booking,) = await store.find(batch[7].ref)
    await cancel(store, cancel_of(booking, KIM, "Sick"))
    assert pages_waiting() == 0
