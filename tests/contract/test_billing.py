"""Billing on every store: months that close on their own, lists, sums, and what the biller does."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from frontdesk.billing.adjustments import Ground, Review
from frontdesk.billing.invoices import LineKind
from frontdesk.billing.outcomes import Outcome
from frontdesk.billing.overview import BillingQuery
from frontdesk.billing.periods import InvoiceState, period_of
from frontdesk.billing.prices import Amount
from frontdesk.billing.settings import Price
from frontdesk.bookings import Direction, Operator, Position, Scope, Standing
from frontdesk.commands import Approve, CloseMonth, Pay, RequestAdjustment, Void
from frontdesk.errors import NotFound, Refused
from frontdesk.store.sql.selects import BOOKING
from tests.contract.billed import SETTINGS, Billed, do
from tests.contract.desks import OpenDesk
from tests.contract.raw import count, execute
from tests.making import KIM, LEE, Store, cancel, cancel_of, make_incoming, make_patient

pytestmark = pytest.mark.far_too

FORWARD, BACKWARD = Direction.FORWARD, Direction.BACKWARD
PRICE = Amount(99_00, 9_90)


@pytest.fixture
async def billed(store: Store, store_url: str) -> Billed:
    """A store that has been billed for some months, and has no bookings yet."""
    return await Billed.make(store, store_url)


async def test_settings_are_made_changed_and_left_alone(store: Store, store_url: str) -> None:
    now = (await store.state()).now
    first = period_of(now, SETTINGS.zone)
    (made,) = await store.registry.apply_billing(SETTINGS, KIM)
    assert made.startswith("Billing of smile: new, from ")
    assert await store.registry.apply_billing(SETTINGS, KIM) == ()
    (account,) = await store.accounts()
    assert (account.settings, account.version, account.closed) == (SETTINGS, 1, None)
    assert account.first in (first, first.previous), "a month that ended before is not billed"
    dearer = replace(SETTINGS, prices=(Price(120_00),), due_days=7)
    (changed,) = await store.registry.apply_billing(dearer, LEE)
    assert changed == "Billing of smile: prices, due_days changed"
    assert await store.accounts() == (replace(account, version=2, settings=dearer),)
    events = execute(store_url, "SELECT * FROM audit WHERE action LIKE 'billing%' ORDER BY number")
    assert [(event.action, event.operator) for event in events] == [
        ("billing.applied", KIM.name),
        ("billing.applied", LEE.name),
    ]


async def test_a_new_account_is_billed_from_the_month_that_is_said(store: Store) -> None:
    early = period_of((await store.state()).now, SETTINGS.zone).previous.previous.previous
    assert await store.registry.apply_billing(SETTINGS, KIM, early) == (
        f"Billing of smile: new, from {early} on",
    )
    dearer = replace(SETTINGS, due_days=7)
    assert await store.registry.apply_billing(dearer, KIM, early.previous) == (
        "Billing of smile: due_days changed",
    )
    (account,) = await store.accounts()
    assert account.first == early, "an account that is there keeps its first month"


async def test_an_account_of_an_unknown_zone_is_refused(store: Store) -> None:
    with pytest.raises(Refused):
        await store.registry.apply_billing(replace(SETTINGS, time_zone="Australia/Nowhere"), KIM)
    assert await store.accounts() == ()


@pytest.mark.far_too(full=True)
async def test_only_new_patients_at_practices_with_an_account_are_listed(billed: Billed) -> None:
    new = await billed.book("A1", days=1)
    await billed.book("A2", days=2, is_new=False)
    await billed.book("A3", days=3, is_new=None)
    await billed.book("P1", days=4, practice="hobart")
    await billed.book("A4", days=-1)
    rows = await billed.rows()
    assert [(row.booking.ref, row.invoice_badge, row.adjustment_badge) for row in rows] == [
        (new.ref, "1", "-")
    ]
    assert (rows[0].outcome, rows[0].amount, rows[0].period) == (Outcome.CHARGED, PRICE, billed.period)


async def test_a_month_is_closed_by_the_first_question_and_once(billed: Billed, store_url: str) -> None:
    for number in range(3):
        await billed.book(f"A{number}", days=1 + number)
    await billed.book("P1", days=5, practice="perth")
    assert count(store_url, "invoice") == 0
    found = await billed.store.invoices()
    closed = [one for one in found if one.number is not None]
    (first,) = [one for one in closed if one.period == billed.period]
    assert first.number == 1
    assert (first.lines, first.amount) == (4, Amount(3 * 99_00 + 50_00, 3 * 9_90 + 5_00))
    assert first.state in (InvoiceState.DUE, InvoiceState.OVERDUE)
    assert [one.number for one in closed] == list(range(len(closed), 0, -1)), "without gaps, latest first"
    assert await billed.store.invoices() == found
    events = execute(store_url, "SELECT * FROM audit WHERE action = 'invoice.closed' ORDER BY number")
    assert [event.subject_id for event in events] == [one.number for one in reversed(closed)]
    assert await billed.store.registry.verify() is None


@pytest.mark.far_too(full=True)
async def test_what_is_closed_stays_as_it_is(billed: Billed) -> None:
    booking = await billed.book("A1", days=1)
    before = await billed.invoice()
    await billed.store.registry.apply_billing(replace(SETTINGS, prices=(Price(500_00),), due_days=1), KIM)
    await billed.book("A2", days=2)
    assert await billed.invoice() == before
    late = (await billed.rows())[1]
    assert (late.booking.ref, late.outcome, late.amount) == ("A2", Outcome.NO_CHARGE, Amount())
    assert [line.booking.id for line in before.lines] == [booking.id]


@pytest.mark.far_too(full=True)
async def test_a_booking_is_charged_once_wherever_it_is_moved_to(billed: Billed, store_url: str) -> None:
    booking = await billed.book("A1", days=1)
    await billed.invoice()
    later = period_of((await billed.store.state()).now, SETTINGS.zone).starts_at(SETTINGS.zone)
    execute(store_url, update(BOOKING).where(BOOKING.c.id == booking.id).values(starts_at=later))
    for summary in await billed.store.invoices():
        assert summary.lines == (summary.period == billed.period), summary.period


async def test_what_an_invoice_charges_is_said_of_a_cancellation_that_came_in_after_it(
    billed: Billed,
) -> None:
    """A source may say only then that a booking was cancelled earlier."""
    booking = await billed.book("A1", days=1)
    charged, late = await billed.invoice(), await billed.book("A2", days=2)
    for one in (booking, late):
        told = make_incoming(
            ref=one.ref,
            starts_at=one.starts_at,
            patient=make_patient(is_new=True),
            cancelled_at=billed.days.final_at - timedelta(days=1),
        )
        await billed.store.registry.load([told], KIM, "a file")
    assert (await billed.invoice()).invoice == charged.invoice
    rows = await billed.rows()
    assert [(row.outcome, row.amount) for row in rows] == [
        (Outcome.CHARGED, PRICE),
        (Outcome.CANCELLED, Amount()),
    ]
    for row in rows:
        assert await billed.rows(BillingQuery(outcomes=frozenset({row.outcome}))) == [row]
    (sums, _) = await billed.store.billing_sums(BillingQuery())
    assert sums.amount == PRICE


async def test_what_was_approved_before_the_end_is_struck_and_after_it_credited(billed: Billed) -> None:
    struck, credited = await billed.book("A1", days=1), await billed.book("A2", days=2)
    final_at = billed.days.final_at
    await billed.request(struck, Review.APPROVED, final_at - timedelta(microseconds=1))
    await billed.request(credited, Review.APPROVED, final_at)
    ended = await billed.invoice()
    assert [(line.line.booking_id, line.line.amount) for line in ended.lines] == [(credited.id, PRICE)]
    following = await billed.invoice(billed.period.next)
    ((line, booking),) = [(one.line, one.booking) for one in following.lines]
    assert (line.kind, line.amount, line.period) == (LineKind.CREDIT, -PRICE, billed.period)
    assert booking.id == credited.id
    assert [row.outcome for row in await billed.rows()] == [Outcome.NO_CHARGE, Outcome.NO_CHARGE]
    assert (await billed.invoice()).invoice.credited == 1
    sums = {one.practice.id: one.amount for one in await billed.store.billing_sums(BillingQuery())}
    assert sums == {"adelaide": Amount(), "perth": Amount()}


async def test_a_draft_shows_what_it_would_be(billed: Billed) -> None:
    now = (await billed.store.state()).now
    period = period_of(now, SETTINGS.zone)
    kept, struck = await billed.book("A1", at=now), await billed.book("A2", at=now)
    gone = await billed.book("A3", at=now + timedelta(minutes=5))
    await cancel(billed.store, cancel_of(gone))
    await billed.request(struck, Review.APPROVED, now)
    draft = await billed.invoice(period)
    assert draft.invoice.number is None
    assert [(line.line.booking_id, line.line.is_struck) for line in draft.lines] == [
        (kept.id, False),
        (struck.id, True),
    ]
    assert draft.invoice.amount == PRICE
    outcomes = {row.booking.id: row.outcome for row in await billed.rows(BillingQuery(period=period))}
    assert outcomes == {
        kept.id: Outcome.UPCOMING,
        struck.id: Outcome.NO_CHARGE,
        gone.id: Outcome.CANCELLED,
    }


async def test_pages_go_both_ways_and_miss_nothing(billed: Billed) -> None:
    made = [await billed.book(f"A{number}", days=number // 2) for number in range(9)]
    store, found, position = billed.store, [], None
    while True:
        page = await store.billing_page(BillingQuery(), 4, position, FORWARD)
        found += [row.booking.id for row in page.rows]
        if not page.more:
            break
        position = page.rows[-1].position
    assert found == [one.id for one in made]
    last = await store.billing_page(BillingQuery(), 4, None, BACKWARD)
    assert ([row.booking.id for row in last.rows], last.more) == (found[-4:], True)
    before = await store.billing_page(BillingQuery(), 9, last.rows[0].position, BACKWARD)
    assert ([row.booking.id for row in before.rows], before.more) == (found[:-4], False)
    assert str(await store.billing_count(BillingQuery(), 9)) == "9"
    assert str(await store.billing_count(BillingQuery(), 8)) == "8+"
    beside = Position(made[3].starts_at, made[3].id - 1)
    assert (await store.billing_page(BillingQuery(), 1, beside, FORWARD)).rows[0].booking.id == made[3].id


@pytest.mark.far_too(full=True)
async def test_a_page_begins_at_any_moment_of_any_month(billed: Billed) -> None:
    begins = billed.days.issued_at  # of the month after `period`
    for number, days in enumerate((-40, -1, 0, 0, 1, 20, 33, 70)):
        await billed.book(f"A{number}", at=begins + timedelta(days=days))
    await billed.book("P1", at=begins, practice="perth")
    rows = await billed.rows()
    upcoming = frozenset({Outcome.UPCOMING})
    months = [period_of(begins + timedelta(days=days), SETTINGS.zone) for days in (-70, -1, 0, 33)]
    queries = [BillingQuery(), BillingQuery(outcomes=upcoming), *(BillingQuery(period=one) for one in months)]
    around = timedelta(days=90)
    places = [row.position for row in rows]
    places += [Position(begins + away, number) for away in (-around, around) for number in (0, 5)]
    for query in queries:
        found = [row for row in rows if query.period in (None, row.period)]
        found = [row for row in found if not query.outcomes or row.outcome in query.outcomes]
        for place in places:
            said = place.starts_at, place.id
            after = [row for row in found if (row.booking.starts_at, row.booking.id) > said]
            before = [row for row in found if (row.booking.starts_at, row.booking.id) < said]
            page = await billed.store.billing_page(query, 3, place, FORWARD)
            assert (list(page.rows), page.more) == (after[:3], len(after) > 3), (query, place)
            page = await billed.store.billing_page(query, 3, place, BACKWARD)
            assert (list(page.rows), page.more) == (before[-3:], len(before) > 3), (query, place)


async def test_filters(billed: Billed, store_url: str) -> None:
    charged, struck = await billed.book("A1", days=1), await billed.book("A2", days=2)
    awaiting = await billed.book("P1", days=3, practice="perth")
    gone = await billed.book("A3", days=4)
    following = await billed.book("A4", at=billed.period.next.starts_at(SETTINGS.zone))
    cancelled_at = billed.days.final_at - timedelta(days=1)
    values = {"cancelled": True, "cancelled_at": cancelled_at, "cancelled_origin": "here"}
    execute(store_url, update(BOOKING).where(BOOKING.c.id == gone.id).values(**values))
    await billed.request(struck, Review.APPROVED, billed.days.final_at - timedelta(days=1))
    await billed.request(awaiting, Review.AWAITING, None)
    (account,) = await billed.store.accounts()
    every = [one.id for one in (charged, struck, awaiting, gone, following)]

    async def ids(**filters: object) -> list[int]:
        query = BillingQuery(**filters)  # type: ignore[arg-type]
        rows = await billed.rows(query)
        assert (await billed.store.billing_count(query, 99)).number == len(rows)
        return [row.booking.id for row in rows]

    assert await ids() == every
    assert await ids(account_id=account.id) == every
    assert await ids(account_id=account.id + 1) == []
    assert await ids(period=billed.period) == every[:4]
    assert await ids(number=2) == [following.id]
    assert await ids(number=2, period=billed.period) == []
    assert await ids(number=999) == []
    assert await ids(practices=frozenset({"perth"})) == [awaiting.id]
    assert await ids(outcomes=frozenset({Outcome.CHARGED})) == [charged.id, awaiting.id, following.id]
    assert await ids(outcomes=frozenset({Outcome.CANCELLED})) == [gone.id]
    assert await ids(outcomes=frozenset({Outcome.NO_CHARGE})) == [struck.id]
    assert await ids(outcomes=frozenset({Outcome.UPCOMING})) == []
    assert await ids(outcomes=frozenset({Outcome.NO_CHARGE, Outcome.CANCELLED})) == [struck.id, gone.id]
    assert await ids(adjustments=frozenset({"Awaiting Review"})) == [awaiting.id]
    assert await ids(adjustments=frozenset({"Approved", "-"})) == [one for one in every if one != awaiting.id]


@pytest.mark.far_too(full=True)
async def test_sums_are_those_of_the_invoices(billed: Billed) -> None:
    for number in range(3):
        await billed.book(f"A{number}", days=number)
    await billed.book("P1", days=3, practice="perth")
    await billed.book("P2", at=(await billed.store.state()).now, practice="perth")
    sums = await billed.store.billing_sums(BillingQuery(period=billed.period))
    assert [(one.practice.id, one.bookings, one.amount) for one in sums] == [
        ("adelaide", 3, Amount(3 * 99_00, 3 * 9_90)),
        ("perth", 1, Amount(50_00, 5_00)),
    ]
    every = await billed.store.billing_sums(BillingQuery())
    total = sum((one.amount for one in every), Amount())
    assert total == sum((one.amount for one in await billed.store.invoices()), Amount())
    (perth,) = await billed.store.billing_sums(BillingQuery(practices=frozenset({"perth"})))
    assert perth.bookings == 2


async def test_an_invoice_is_paid_once(billed: Billed, store_url: str) -> None:
    await billed.book("A1", days=1)
    await billed.invoice()
    done = await do(billed.store, "invoice", 1, Pay())
    assert (done.thing.version, done.thing.paid_at) == (2, done.at)
    assert (await billed.invoice()).state is InvoiceState.PAID
    with pytest.raises(Refused, match="paid"):
        await do(billed.store, "invoice", 1, Pay())
    with pytest.raises(Refused, match="paid"):
        await do(billed.store, "invoice", 1, Void())
    with pytest.raises(NotFound):
        await do(billed.store, "invoice", 999, Pay())
    (event,) = execute(store_url, "SELECT * FROM audit WHERE action = 'invoice.pay'")
    assert (event.subject_kind, event.subject_id, event.operator) == ("invoice", 1, KIM.name)
    assert await billed.store.registry.verify() is None


async def test_a_void_invoice_charges_nothing_and_returns_nothing(billed: Billed) -> None:
    booking = await billed.book("A1", days=1)
    await billed.invoice()
    done = await do(billed.store, "invoice", 1, Void())
    assert done.thing.void_at == done.at
    (row,) = await billed.rows()
    assert (row.invoice, row.outcome, row.amount) == (InvoiceState.VOID, Outcome.NO_CHARGE, Amount())
    assert await billed.rows(BillingQuery(outcomes=frozenset({Outcome.NO_CHARGE}))) == [row]
    assert await billed.rows(BillingQuery(outcomes=frozenset({Outcome.CHARGED}))) == []
    (sums, _) = await billed.store.billing_sums(BillingQuery())
    assert (sums.bookings, sums.amount) == (0, Amount())
    await billed.request(booking, Review.APPROVED, (await billed.store.state()).now)
    assert all(one.amount == Amount() for one in await billed.store.invoices() if one.number != 1)


@pytest.mark.far_too(full=True)
async def test_an_invoice_whose_line_is_credited_cannot_be_void(billed: Billed) -> None:
    booking = await billed.book("A1", days=1)
    await billed.request(booking, Review.APPROVED, billed.days.final_at)
    await billed.invoice()
    with pytest.raises(Refused, match="1 of its lines is credited"):
        await do(billed.store, "invoice", 1, Void())


@pytest.mark.far_too(full=True)
async def test_what_a_void_invoice_returned_is_owed_again(billed: Billed) -> None:
    booking = await billed.book("A1", days=1)
    await billed.book("A2", at=billed.period.next.starts_at(SETTINGS.zone))
    await billed.book("A3", at=billed.period.next.starts_at(SETTINGS.zone))
    await billed.request(booking, Review.APPROVED, billed.days.final_at)
    await billed.invoice()
    await do(billed.store, "invoice", 2, Void())
    owed = [one.amount for one in await billed.store.invoices() if one.number is None]
    assert sum(owed, Amount()) == -PRICE


async def test_a_month_is_closed_by_a_command_when_its_draft_has_ended(
    billed: Billed, store_url: str
) -> None:
    (account,) = await billed.store.accounts()
    for _ in range(2):
        done = await do(billed.store, "account", account.id, CloseMonth(str(billed.period)))
        assert done.thing == account
    now = (await billed.store.state()).now
    with pytest.raises(Refused, match="requests can be made until"):
        await do(billed.store, "account", account.id, CloseMonth(str(period_of(now, SETTINGS.zone))))
    with pytest.raises(Refused, match="is billed from"):
        await do(billed.store, "account", account.id, CloseMonth(str(billed.period.previous)))
    with pytest.raises(Refused, match="no month"):
        await do(billed.store, "account", account.id, CloseMonth("2026-13"))
    assert count(store_url, "invoice WHERE number = 1") == 1


async def test_what_nobody_has_decided(billed: Billed, store_url: str) -> None:
    now = (await billed.store.state()).now - timedelta(minutes=1)
    period = period_of(now, SETTINGS.zone)
    undecided = await billed.book("A1", at=now)
    came, rejected = await billed.book("A2", at=now), await billed.book("A3", at=now)
    asked, question = await billed.book("A4", at=now), await billed.book("A5", at=now, is_new=None)
    await billed.book("A6", at=now, is_new=False)
    await billed.request(rejected, Review.REJECTED, now)
    await billed.request(asked, Review.AWAITING, None)
    execute(
        store_url,
        "UPDATE booking SET attendance = 'attended', attendance_origin = 'pms' WHERE id = :id",
        id=came.id,
    )
    (account,) = await billed.store.accounts()
    found = await billed.store.undecided(account.id, period)
    assert [row.booking.id for row in found.rows] == [undecided.id]
    assert [row.booking.id for row in found.rejected] == [rejected.id]
    assert [booking.id for booking in found.questions] == [question.id]
    assert (found.charged, found.came) == (PRICE, 1)
    assert [row.pms_says for row in await billed.rows() if row.booking.id == came.id] == ["attended"]
    with pytest.raises(NotFound):
        await billed.store.undecided(account.id, billed.period.previous)
    with pytest.raises(NotFound):
        await billed.store.undecided(account.id + 1, period)


async def test_a_desk_of_some_practices_sees_theirs_and_no_invoice(
    billed: Billed, open_desk: OpenDesk
) -> None:
    await billed.book("A1", days=1)
    mine = await billed.book("P1", days=2, practice="perth")
    await billed.invoice()
    (account,) = await billed.store.accounts()
    perth = await open_desk(Standing(practices=frozenset({"perth", "hobart"})))
    page = await perth.billing_page(BillingQuery(), 9, None, FORWARD)
    assert [row.booking.id for row in page.rows] == [mine.id]
    assert [one.practice.id for one in await perth.billing_sums(BillingQuery())] == ["perth"]
    assert (await perth.accounts(), await perth.invoices()) == ((), ())
    with pytest.raises(NotFound):
        await perth.invoice(account.id, billed.period)
    with pytest.raises(NotFound):
        await do(perth, "invoice", 1, Pay())
    both = await open_desk(Standing(practices=frozenset({"perth", "adelaide"})))
    assert (await both.invoice(account.id, billed.period)).invoice.number == 1
    await do(both, "invoice", 1, Pay())


async def test_only_the_biller_decides(billed: Billed, open_desk: OpenDesk) -> None:
    await billed.book("A1", days=1)
    await billed.invoice()
    desk = await open_desk(Standing(scopes=frozenset({Scope.READ, Scope.CANCEL, Scope.BILL})))
    (account,) = await desk.accounts()
    for kind, subject, ask in (
        ("invoice", 1, Pay()),
        ("invoice", 1, Void()),
        ("account", account.id, CloseMonth(str(billed.period))),
    ):
        with pytest.raises(Refused) as refused:
            await do(desk, kind, subject, ask)
        assert refused.value.reason.code == "no-permission"


async def test_the_same_command_again_pays_once(billed: Billed, store_url: str) -> None:
    await billed.book("A1", days=1)
    await billed.invoice()
    first = await do(billed.store, "invoice", 1, Pay())
    again = await do(billed.store, "invoice", 1, Pay(), first.command_id)
    assert again == first
    assert count(store_url, "command") == 1


async def test_a_request_is_refused_once_the_invoice_is_final(billed: Billed, open_desk: OpenDesk) -> None:
    late, early = (
        await billed.book("A1", days=1),
        await billed.book("A2", at=(await billed.store.state()).now),
    )
    adelaide = await open_desk(Standing(practices=frozenset({"adelaide"})))
    ask = RequestAdjustment(text="booked twice", name="Kim Nguyen", ground=Ground.OTHER)
    with pytest.raises(Refused, match="the invoice is final"):
        await do(adelaide, "booking", late.id, ask)
    await do(adelaide, "booking", early.id, ask)
    (awaiting,) = await billed.rows(BillingQuery(adjustments=frozenset({Review.AWAITING.value})))
    assert (awaiting.booking.id, awaiting.outcome) == (early.id, Outcome.UPCOMING)
    assert awaiting.request is not None
    # At a server all of these desks have tokens of one name: the biller sits at the store itself.
    biller = getattr(billed.store, "behind", billed.store)
    await do(biller, "adjustment", awaiting.request.id, Approve(), by=Operator("Jo Park"))
    (approved,) = await billed.rows(BillingQuery(period=awaiting.period))
    assert (approved.outcome, approved.amount) == (Outcome.NO_CHARGE, Amount())
