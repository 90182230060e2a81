"""When a month closes, by whom, and that what a store closed is what the rules say."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from frontdesk.billing.adjustments import Review
from frontdesk.billing.invoices import Entry, close, credit, draft
from frontdesk.billing.overview import BillingQuery
from frontdesk.billing.periods import InvoiceState, Period, credited_in, schedule
from frontdesk.bookings import Booking
from frontdesk.commands import CloseMonth
from frontdesk.errors import Refused
from frontdesk.store.opening import open_store
from frontdesk.store.sql.accounts import latest_requests
from frontdesk.store.sql.selects import ACCOUNT, ADJUSTMENT, BOOKING, INVOICE, INVOICE_LINE
from frontdesk.store.sql.store import SqlStore
from tests.contract.billed import SETTINGS, Billed, do
from tests.contract.raw import connected, execute, until, waiting
from tests.making import Store, cancel, cancel_of

NOVEMBER = Period(2026, 11)
DAYS = schedule(NOVEMBER, SETTINGS)
MOMENT = timedelta(microseconds=1)


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock(DAYS.issued_at - timedelta(days=3))


@pytest.fixture
async def at_clock(sqlite_url: str, clock: Clock) -> AsyncIterator[Billed]:
    """A store on SQLite that is billed for November 2026 first, three days before its end."""
    store = await open_store(sqlite_url, clock=clock.now)
    await Billed.make(store, sqlite_url)
    execute(sqlite_url, update(ACCOUNT).values(first_period=str(NOVEMBER)))
    yield Billed(store, sqlite_url, NOVEMBER)
    await store.close()


async def test_a_draft_is_open_then_a_draft_then_final_to_the_moment(at_clock: Billed, clock: Clock) -> None:
    await at_clock.book("A1", days=1)
    for moment, state, number in (
        (DAYS.issued_at - MOMENT, InvoiceState.OPEN, None),
        (DAYS.issued_at, InvoiceState.DRAFT, None),
        (DAYS.final_at - MOMENT, InvoiceState.DRAFT, None),
        (DAYS.final_at, InvoiceState.DUE, 1),
        (DAYS.overdue_at - MOMENT, InvoiceState.DUE, 1),
        (DAYS.overdue_at, InvoiceState.OVERDUE, 1),
    ):
        clock.at = moment
        found = await at_clock.invoice()
        assert (found.state, found.invoice.number) == (state, number), moment
        (row,) = await at_clock.rows()
        assert row.invoice_badge == {InvoiceState.OPEN: "-", InvoiceState.DRAFT: "DRAFT"}.get(state, "1")


async def test_a_booking_belongs_to_the_month_of_the_accounts_clock(at_clock: Billed, clock: Clock) -> None:
    ends = NOVEMBER.next.starts_at(SETTINGS.zone)
    last, first = await at_clock.book("A1", at=ends - MOMENT), await at_clock.book("A2", at=ends)
    clock.at = DAYS.final_at
    assert [line.booking.id for line in (await at_clock.invoice()).lines] == [last.id]
    assert [line.booking.id for line in (await at_clock.invoice(NOVEMBER.next)).lines] == [first.id]


async def test_a_cancellation_counts_until_the_end(at_clock: Billed, clock: Clock) -> None:
    upcoming = await at_clock.book("A1", at=DAYS.issued_at - timedelta(minutes=1))
    kept = await at_clock.book("A2", days=1)
    await cancel(at_clock.store, cancel_of(upcoming))
    clock.at = DAYS.final_at
    assert [line.booking.id for line in (await at_clock.invoice()).lines] == [kept.id]


async def test_nothing_asks_and_months_close_all_the_same(at_clock: Billed, clock: Clock) -> None:
    await at_clock.book("A1", days=1)
    clock.at = DAYS.final_at + timedelta(days=100)
    found = [one for one in await at_clock.store.invoices() if one.number is not None]
    assert [(one.number, str(one.period)) for one in reversed(found)] == [
        (1, "2026-11"),
        (2, "2026-12"),
        (3, "2027-01"),
        (4, "2027-02"),
    ]


async def test_a_write_closes_first(at_clock: Billed, clock: Clock) -> None:
    await at_clock.book("A1", days=1)
    (account,) = await at_clock.store.accounts()
    with pytest.raises(Refused):
        await do(at_clock.store, "account", account.id, CloseMonth("2026-11"))
    clock.at = DAYS.final_at
    done = await do(at_clock.store, "account", account.id, CloseMonth("2026-11"))
    assert done.thing.closed == NOVEMBER


async def test_a_store_that_cannot_be_written_says_what_it_would_be(
    at_clock: Billed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at_clock.book("A1", days=1)
    clock.at = DAYS.final_at
    store = at_clock.store
    assert isinstance(store, SqlStore)
    monkeypatch.setattr(store._database, "why_not_writable", lambda _=None: "it may only be read")
    found = await at_clock.invoice()
    assert (found.state, found.invoice.number, len(found.lines)) == (InvoiceState.DUE, None, 1)


@pytest.mark.far_too
@pytest.mark.parametrize("times", [10, pytest.param(200, marks=pytest.mark.full)])
async def test_two_desks_that_close_a_month_close_it_once(
    store: Store, other: Store, store_url: str, times: int
) -> None:
    billed = await Billed.make(store, store_url)
    for number in range(3):
        await billed.book(f"A{number}", days=number)
    (account,) = await store.accounts()
    command = CloseMonth(str(billed.period))
    for turn in range(times):
        for table in (INVOICE_LINE, INVOICE):
            execute(store_url, delete(table))
        await asyncio.gather(
            do(store, "account", account.id, command),
            other.invoices() if turn % 2 else do(other, "account", account.id, command),
        )
        rows = execute(store_url, INVOICE.select().order_by(INVOICE.c.number))
        assert [row.number for row in rows] == list(range(1, len(rows) + 1)), turn
        periods = [row.period for row in rows]
        assert len(set(periods)) == len(periods), turn
        assert len(execute(store_url, INVOICE_LINE.select())) == 3, turn
    assert await store.registry.verify() is None


async def test_a_cancellation_that_is_being_committed_still_counts(store: SqlStore, store_url: str) -> None:
    billed = await Billed.make(store, store_url)
    booking = await billed.book("A1", days=1)
    values = {
        "cancelled": True,
        "cancelled_at": billed.days.final_at - MOMENT,
        "cancelled_origin": "here",
    }
    with connected(store_url) as committing:
        committing.execute(update(BOOKING).where(BOOKING.c.id == booking.id).values(**values))
        reading = asyncio.create_task(store.invoices())
        await asyncio.wait([reading], timeout=0.3)
    assert sum(one.lines for one in await reading) == 0


async def test_months_that_close_together_lock_bookings_in_the_one_order_of_locks(postgres_url: str) -> None:
    store = await open_store(postgres_url)
    billed = await Billed.make(store, postgres_url)
    first = await billed.book("A1", at=billed.period.next.starts_at(SETTINGS.zone))
    second = await billed.book("A2", days=1)
    with connected(postgres_url) as other:
        other.execute(select(BOOKING).where(BOOKING.c.id == first.id).with_for_update())
        reading = asyncio.create_task(store.invoices())
        await until(lambda: waiting(postgres_url, "transactionid"))
        free = select(BOOKING.c.id).where(BOOKING.c.id == second.id).with_for_update(skip_locked=True)
        assert other.execute(free).scalars().all() == [second.id]
    assert sum(one.lines for one in await reading) == 2
    await store.close()


MADE = st.lists(
    st.tuples(
        st.integers(0, 61),  # hours of a day of the first two months
        st.sampled_from((True, True, True, False, None)),
        st.sampled_from(("adelaide", "perth", "hobart")),
        st.sampled_from((None, "awaiting", "rejected", "approved")),
        st.integers(-200, 1500),  # hours from the end of the draft to the decision
    ),
    max_size=8,
)


@given(made=MADE)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_what_a_store_closed_is_what_the_rules_say(at_clock: Billed, clock: Clock, made: list) -> None:  # type: ignore[type-arg]
    store = at_clock.store
    assert isinstance(store, SqlStore)
    for table in (INVOICE_LINE, INVOICE, ADJUSTMENT):
        execute(at_clock.url, delete(table))
    execute(at_clock.url, update(BOOKING).values(patient_is_new=False))
    clock.at = NOVEMBER.starts_at(SETTINGS.zone)
    bookings: list[Booking] = []
    for days, is_new, practice, review, hours in made:
        booking = await at_clock.book(uuid4().hex[:8], days=days, is_new=is_new, practice=practice)
        bookings.append(booking)
        if review is not None:
            decided = DAYS.final_at + timedelta(hours=hours)
            await at_clock.request(booking, _REVIEWS[review], None if review == "awaiting" else decided)
    clock.at = schedule(NOVEMBER.next.next, SETTINGS).final_at
    found = {
        period: (await at_clock.invoice(period)).invoice
        for period in (NOVEMBER, NOVEMBER.next, NOVEMBER.next.next)
    }
    requests = await store._database.read(lambda tx: latest_requests(tx, [one.id for one in bookings]))
    in_order = sorted(bookings, key=lambda one: (one.starts_at, one.id))
    entries = [Entry(one, requests.get(one.id)) for one in in_order]
    closed: list = []  # type: ignore[type-arg]
    for number, (period, invoice) in enumerate(found.items(), start=1):
        returned = [
            line
            for request in sorted(requests.values(), key=lambda one: one.id)
            for earlier in closed
            if (line := credit(request, earlier)) is not None
            and request.decided_at is not None
            and credited_in(request.decided_at, SETTINGS) == period
        ]
        expected = close(draft(period, SETTINGS, entries, returned), number)
        assert invoice.lines == expected.lines
        assert (invoice.days, invoice.amount, invoice.number) == (expected.days, expected.amount, number)
        closed.append(expected)
    sums = await store.billing_sums(BillingQuery())
    assert sum(one.amount.total for one in sums) == sum(one.amount.total for one in found.values())


_REVIEWS = {
    "awaiting": Review.AWAITING,
    "rejected": Review.REJECTED,
    "approved": Review.APPROVED,
}
