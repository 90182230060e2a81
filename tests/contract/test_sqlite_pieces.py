"""What bulk loads leave behind in the search index of SQLite, where every lookup visits each piece."""

import pytest

from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import execute
from tests.making import KIM, make_incoming, make_practice


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    """Only SQLite's index comes in pieces."""
    return sqlite_url


async def test_a_batch_adds_one_piece(store: SqlStore, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(line) for line in range(60)], KIM, "a test")
    assert len(execute(store_url, "SELECT DISTINCT segid FROM booking_search_idx")) == 1
