"""A page of Billing touches little more than its own rows, however many bookings there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from frontdesk.billing.overview import BillingQuery
from frontdesk.bookings import Direction
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.contract.billed import Billed
from tests.contract.raw import connected


@contextmanager
def statements(store: SqlStore) -> Iterator[list[tuple[str, Any]]]:
    """Collect what a store asks its database about bookings."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if "FROM booking" in statement and "LIMIT" in statement:
            asked.append((statement, parameters))

    event.listen(store._database._engine, "before_cursor_execute", note)
    yield asked
    event.remove(store._database._engine, "before_cursor_execute", note)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("query", [BillingQuery(), BillingQuery(practices=frozenset({"perth"}))])
async def test_a_page_is_read_in_the_order_of_the_index_of_new_patients(
    sqlite_url: str, direction: Direction, query: BillingQuery
) -> None:
    store = await open_store(sqlite_url)
    billed = await Billed.make(store, sqlite_url)
    await billed.book("A1", days=1)
    (row,) = await billed.rows()
    with statements(store) as asked:
        await store.billing_page(query, 3, row.position, direction)
    await store.close()
    ((statement, parameters),) = asked
    with connected(sqlite_url) as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    steps = [step[3] for step in plan]
    assert any("booking USING INDEX booking_new" in step for step in steps), steps
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in steps), steps
