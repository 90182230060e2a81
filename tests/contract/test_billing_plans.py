"""A page of Billing touches little more than its own rows, however many bookings there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import and_, create_engine, event, update

from frontdesk.billing.outcomes import Outcome
from frontdesk.billing.overview import BillingQuery
from frontdesk.bookings import Count, Direction, Position, Standing
from frontdesk.store.opening import open_store
from frontdesk.store.sql.narrowing import Span, at_practices, starts_in, within
from frontdesk.store.sql.selects import INVOICE, INVOICE_LINE
from frontdesk.store.sql.store import SqlStore
from tests.contract.billed import Billed
from tests.contract.raw import connected, execute


@contextmanager
def statements(store: SqlStore, *, what: str = "LIMIT") -> Iterator[list[tuple[str, Any]]]:
    """Collect what a store asks its database about bookings."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if what in statement and "booking" in statement:
            asked.append((statement, parameters))

    event.listen(store._database._engine, "before_cursor_execute", note)
    yield asked
    event.remove(store._database._engine, "before_cursor_execute", note)


def plan(url: str, statement: str, parameters: Any) -> list[str]:
    """Return the steps that SQLite takes."""
    with connected(url) as connection:
        return [step[3] for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize(
    "query",
    [
        BillingQuery(),
        BillingQuery(practices=frozenset({"perth"})),
        BillingQuery(outcomes=frozenset({Outcome.NO_CHARGE})),
        BillingQuery(outcomes=frozenset({Outcome.CHARGED})),
        BillingQuery(outcomes=frozenset({Outcome.CANCELLED})),
        BillingQuery(outcomes=frozenset({Outcome.UPCOMING})),
    ],
)
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
    steps = plan(sqlite_url, statement, parameters)
    assert any("booking USING INDEX booking_new" in step for step in steps), steps
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in steps), steps
    # Of two bounds SQLite begins to read at the first, which may be years away.
    assert statement.count(" booking.starts_at >= ") == 1, statement


def test_postgresql_can_tell_how_many_bookings_a_filter_leaves() -> None:
    narrowed = and_(at_practices(["perth"]), starts_in(Span(datetime(2026, 11, 1, tzinfo=UTC), None)))
    words = str(narrowed.compile(create_engine("postgresql+psycopg://")))
    assert words.startswith("booking.practice_id IN (")
    assert " AND booking.starts_at >= " in words


def test_a_database_begins_to_read_where_both_the_month_and_the_page_have_begun() -> None:
    month = Span(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    early, late = (Position(datetime(year, 6, 1, tzinfo=UTC), 1) for year in (2020, 2030))
    for place, forward in ((early, True), (late, False)):
        bounds = within(month, place, forward=forward).compile().params
        assert (bounds["starts_at_1"], bounds["starts_at_2"]) == (month.since, month.until)


async def test_a_month_is_read_from_the_index_of_new_patients(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    billed = await Billed.make(store, sqlite_url)
    await billed.book("A1", at=(await store.state()).now)
    await store.invoices()  # closes the months that have ended
    with statements(store, what="booking.starts_at <") as asked:
        assert [one.bookings for one in await store.billing_sums(BillingQuery())] == [1, 0]
    await store.close()
    assert len(asked) == len({str(parameters) for _, parameters in asked}), "a month is read twice"
    for statement, parameters in asked:
        steps = plan(sqlite_url, statement, parameters)
        assert any("booking USING INDEX booking_new" in step for step in steps), steps


async def test_bookings_are_counted_by_the_database(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    billed = await Billed.make(store, sqlite_url)
    for number in range(3):
        await billed.book(f"A{number}", days=number)
    await billed.book("HO1", days=1, practice="hobart")
    with statements(store) as asked:
        assert await store.billing_count(BillingQuery(), 3) == Count(3, exact=True)
        assert await store.billing_count(BillingQuery(), 2) == Count(2, exact=False)
        assert await store.billing_count(BillingQuery(outcomes=frozenset({Outcome.CHARGED})), 2) == Count(
            2, exact=False
        )
    await store.close()
    assert "count(" in asked[0][0], asked[0]
    steps = plan(sqlite_url, *asked[0])
    assert any("booking USING INDEX booking_new" in step for step in steps), steps


async def test_a_final_invoice_is_summed_up_once_for_all_desks(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    billed = await Billed.make(store, sqlite_url)
    for number, practice in enumerate(("adelaide", "perth")):
        await billed.book(f"A{number}", practice=practice)
    with statements(store, what="sum(") as asked:
        sums = await store.billing_sums(BillingQuery())
        assert [(one.bookings, one.amount.net) for one in sums] == [(1, 99_00), (1, 50_00)]
        assert len(asked) == 1
        assert await store.as_desk(Standing()).billing_sums(BillingQuery()) == sums
        assert len(asked) == 1
        # As in a store that was put back, and has closed the month anew.
        now = (await store.state()).now
        execute(sqlite_url, update(INVOICE).where(INVOICE.c.number == 1).values(closed_at=now))
        execute(sqlite_url, update(INVOICE_LINE).values(net=INVOICE_LINE.c.net + 1))
        assert [one.amount.net for one in await store.billing_sums(BillingQuery())] == [99_01, 50_01]
        assert len(asked) == 2
    await store.close()
