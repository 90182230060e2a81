"""Who is charged and how much, to the cent: prices, drafts, closing, credits, outcomes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.billing.adjustments import Adjustment, Ground, Review
from frontdesk.billing.invoices import (
    Entry,
    Invoice,
    Line,
    LineKind,
    close,
    credit,
    draft,
    is_question,
    is_undecided,
    why_not_billed,
    why_not_close,
    why_not_pay,
    why_not_void,
)
from frontdesk.billing.outcomes import EXPLAINED, Outcome, adjustment_badge, invoice_badge, outcome
from frontdesk.billing.periods import InvoiceState, Period, credited_in, period_of, schedule
from frontdesk.billing.prices import Amount, charged, price_on
from frontdesk.billing.settings import BillingSettings, Price
from frontdesk.bookings import Attendance, Booking, Cancellation, Operator, Presence, Reason
from tests.making import KIM, make_booking, make_patient, make_practice

INSTANT = timedelta(microseconds=1)
SETTINGS = BillingSettings("smile", "Australia/Sydney", (Price(9900),), Decimal(10))
NOVEMBER = Period(2026, 11)
DAYS = schedule(NOVEMBER, SETTINGS)
START = datetime(2026, 11, 22, tzinfo=UTC)
JO = Operator("Jo Park")
NEW = make_booking(
    starts_at=START, patient=make_patient(is_new=True), practice=make_practice(account="smile")
)
CHARGED = Amount(9900, 990)
quick = settings(max_examples=50, deadline=None)

CENTS = st.integers(0, 500_000)
PERCENTS = st.decimals(0, 100, places=2)


def asked(review: Review = Review.AWAITING, at: datetime = START, booking: Booking = NEW) -> Adjustment:
    request = Adjustment(
        booking.id, 1, booking.id, Ground.DID_NOT_ATTEND, (), "", "Kim Nguyen", KIM, START, review
    )
    return request if review is Review.AWAITING else replace(request, decided_by=JO, decided_at=at)


def november(*entries: Entry, returned: tuple[Line, ...] = ()) -> Invoice:
    return draft(NOVEMBER, SETTINGS, entries, returned)


def code(why: Reason | None) -> str:
    return why.code if why else ""


class TestPrices:
    @pytest.mark.parametrize(
        ("cents", "percent", "tax"),
        [(9900, "10", 990), (105, "10", 11), (104, "10", 10), (5, "10", 1), (4, "10", 0), (9995, "8.1", 810)],
    )
    def test_tax_is_rounded_half_up_to_the_cent(self, cents: int, percent: str, tax: int) -> None:
        assert charged(cents, Decimal(percent)) == Amount(cents, tax)

    @given(CENTS, PERCENTS)
    @quick
    def test_tax_is_never_off_by_more_than_half_a_cent(self, cents: int, percent: Decimal) -> None:
        amount = charged(cents, percent)
        exact = cents * percent / 100
        assert -Decimal("0.5") < amount.tax - exact <= Decimal("0.5")
        assert amount.total == cents + amount.tax
        assert amount + -amount == Amount()

    def test_the_latest_price_that_has_begun_counts_the_practices_own_first(self) -> None:
        january, july = date(2026, 1, 1), date(2026, 7, 1)
        account = replace(
            SETTINGS,
            prices=(
                Price(9000, from_day=january),
                Price(9900, from_day=july),
                Price(8000),
                Price(5000, "perth", july),
            ),
        )
        day = timedelta(days=1)
        assert price_on(account, "adelaide", january - day) == 8000
        assert price_on(account, "adelaide", january) == 9000
        assert price_on(account, "adelaide", july - day) == 9000
        assert price_on(account, "adelaide", july) == 9900
        assert price_on(account, "perth", july - day) == 9000
        assert price_on(account, "perth", july) == 5000
        assert price_on(replace(account, prices=(Price(1, "perth"),)), "adelaide", july) is None

    def test_the_day_of_a_price_is_the_accounts(self) -> None:
        # 00:30 on 1 July in Sydney, 30 June in Adelaide.
        booking = replace(NEW, starts_at=datetime(2026, 6, 30, 14, 10, tzinfo=UTC))
        assert booking.starts_at.astimezone(ZoneInfo("Australia/Adelaide")).month == 6
        account = replace(SETTINGS, prices=(Price(9000), Price(9900, from_day=date(2026, 7, 1))))
        assert draft(Period(2026, 7), account, [Entry(booking)]).amount.net == 9900


class TestWhoIsBilled:
    @pytest.mark.parametrize(
        ("changes", "expected", "asks"),
        [
            ({}, "", False),
            ({"patient": make_patient(is_new=False)}, "not-new", False),
            ({"patient": make_patient(is_new=None)}, "not-known-new", True),
            ({"practice": make_practice()}, "other-account", False),
            ({"practice": make_practice(account="other")}, "other-account", False),
            ({"cancellation": Cancellation(START, KIM)}, "cancelled", False),
            ({"cancellation": Cancellation(DAYS.final_at - INSTANT, KIM)}, "cancelled", False),
            ({"cancellation": Cancellation(DAYS.final_at, KIM)}, "", False),
        ],
    )
    def test_only_a_new_patient_of_the_account_who_was_not_cancelled(
        self, changes: dict[str, object], expected: str, asks: bool
    ) -> None:
        booking = replace(NEW, **changes)  # type: ignore[arg-type]
        why = why_not_billed(booking, SETTINGS, DAYS.final_at)
        assert code(why) == expected
        assert is_question(why) is asks
        assert len(november(Entry(booking)).lines) == (not expected)

    def test_a_day_without_a_price_is_a_question_and_not_billed(self) -> None:
        dear = replace(SETTINGS, prices=(Price(9900, "perth"),))
        why = why_not_billed(NEW, dear, DAYS.final_at)
        assert code(why) == "no-price"
        assert is_question(why)
        assert draft(NOVEMBER, dear, [Entry(NEW)]).lines == ()

    def test_other_months_are_other_invoices(self) -> None:
        for starts_at in (
            NOVEMBER.starts_at(SETTINGS.zone) - INSTANT,
            NOVEMBER.next.starts_at(SETTINGS.zone),
        ):
            assert november(Entry(replace(NEW, starts_at=starts_at))).lines == ()

    @pytest.mark.parametrize("presence", Presence)
    @pytest.mark.parametrize("review", [None, *Review])
    def test_what_nobody_has_decided(self, presence: Presence, review: Review | None) -> None:
        booking = replace(NEW, attendance=Attendance(presence, by=KIM, at=START))
        entry = Entry(booking, asked(review) if review else None)
        came = presence in (Presence.ARRIVED, Presence.ATTENDED)
        open_ = not came and review in (None, Review.WITHDRAWN)
        assert is_undecided(entry, START) is open_
        assert not is_undecided(entry, START - INSTANT)


class TestDraftAndClose:
    def test_an_approval_before_the_end_strikes_the_line_and_drops_it(self) -> None:
        struck = november(Entry(NEW, asked(Review.APPROVED, DAYS.final_at - INSTANT)))
        assert struck.lines == (Line(NEW.id, LineKind.CHARGE, CHARGED, NOVEMBER, is_struck=True),)
        assert struck.amount == Amount()
        assert close(struck, 1).lines == ()

    @pytest.mark.parametrize("review", Review)
    def test_an_approval_from_the_end_on_and_every_other_request_leaves_it(self, review: Review) -> None:
        invoice = november(Entry(NEW, asked(review, DAYS.final_at)))
        assert [line.is_struck for line in invoice.lines] == [False]
        assert invoice.amount == CHARGED

    def test_closing_twice_is_one(self) -> None:
        first = close(november(Entry(NEW)), 7)
        other = replace(NEW, id=2)
        assert close(november(Entry(NEW), Entry(other)), 8, first) is first
        assert (first.number, first.amount) == (7, CHARGED)

    def test_it_cannot_be_closed_before_its_draft_has_ended(self) -> None:
        why = why_not_close(NOVEMBER, SETTINGS, DAYS.final_at - INSTANT)
        assert why == Reason("draft", "requests can be made until Mon 7 Dec 23:59 Sydney time")
        assert why_not_close(NOVEMBER, SETTINGS, DAYS.final_at) is None


@st.composite
def months(draw: st.DrawFn) -> tuple[BillingSettings, list[Entry]]:
    """Return an account, and bookings around November 2026 with whatever became of each."""
    account = BillingSettings(
        "smile",
        draw(st.sampled_from(["Australia/Sydney", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Niue"])),
        (Price(draw(CENTS)), Price(draw(CENTS), "perth"), Price(draw(CENTS), from_day=date(2026, 11, 15))),
        draw(PERCENTS),
        draw(st.integers(1, 28)),
    )
    final_at = schedule(NOVEMBER, account).final_at
    near = st.integers(-40 * 24, 40 * 24).map(lambda hours: final_at + timedelta(hours=hours))
    entries = []
    for id_ in range(1, draw(st.integers(0, 6)) + 1):
        booking = replace(
            NEW,
            id=id_,
            practice=make_practice(draw(st.sampled_from(["adelaide", "perth"])), account="smile"),
            starts_at=NOVEMBER.starts_at(account.zone) + timedelta(hours=draw(st.integers(-48, 33 * 24))),
            patient=make_patient(is_new=draw(st.sampled_from([True, True, True, False, None]))),
            cancellation=draw(st.none() | near.map(lambda at: Cancellation(at, KIM))),
        )
        review = draw(st.none() | st.sampled_from(Review))
        entries.append(Entry(booking, asked(review, draw(near), booking) if review else None))
    return account, entries


@given(months())
@quick
def test_a_booking_is_on_one_invoice_and_what_is_charged_comes_back_to_the_cent(
    month: tuple[BillingSettings, list[Entry]],
) -> None:
    account, entries = month
    periods = [NOVEMBER.previous, NOVEMBER, NOVEMBER.next]
    closed = [close(draft(one, account, entries), number) for number, one in enumerate(periods, 1)]
    assert [
        close(draft(one, account, entries), 9, there) for one, there in zip(periods, closed, strict=True)
    ] == closed

    lines = [line for invoice in closed for line in invoice.lines]
    assert len({line.booking_id for line in lines}) == len(lines)
    for invoice in closed:
        assert invoice.amount.net == sum(line.amount.net for line in invoice.lines)
        assert invoice.amount.total == sum(line.amount.total for line in invoice.lines)

    for entry in entries:
        (invoice,) = (one for one in closed if one.period == period_of(entry.booking.starts_at, account.zone))
        now = invoice.days.final_at + timedelta(days=90)
        on_it = [line for line in invoice.lines if line.booking_id == entry.booking.id]
        returned = credit(entry.request, invoice) if entry.request else None
        is_billed = why_not_billed(entry.booking, account, invoice.days.final_at) is None
        if returned is not None:
            assert returned.amount + on_it[0].amount == Amount()
            assert entry.request is not None
            assert entry.request.decided_at is not None
            assert credited_in(entry.request.decided_at, account) > invoice.period
        if is_billed:
            said = outcome(entry, invoice.days, invoice.state(now))
            net = sum(line.amount.total for line in on_it) + (returned.amount.total if returned else 0)
            assert (said is Outcome.CHARGED) is (bool(on_it) and returned is None)
            assert said is Outcome.CHARGED or net == 0
        else:
            assert on_it == []


class TestCredits:
    INVOICE = close(november(Entry(NEW)), 7)
    LATE = asked(Review.APPROVED, DAYS.final_at)

    def test_an_approval_after_the_end_is_a_credit_of_all_that_was_charged(self) -> None:
        line = credit(self.LATE, self.INVOICE)
        assert line == Line(NEW.id, LineKind.CREDIT, Amount(-9900, -990), NOVEMBER)
        assert draft(NOVEMBER.next, SETTINGS, [], [line]).amount == -CHARGED

    def test_nothing_else_is(self) -> None:
        for review in (Review.AWAITING, Review.REJECTED, Review.WITHDRAWN):
            assert credit(asked(review, DAYS.final_at), self.INVOICE) is None
        assert credit(asked(Review.APPROVED, DAYS.final_at - INSTANT), self.INVOICE) is None
        assert credit(self.LATE, replace(self.INVOICE, number=None)) is None
        assert credit(self.LATE, replace(self.INVOICE, void_at=DAYS.final_at)) is None
        assert credit(replace(self.LATE, booking_id=99), self.INVOICE) is None
        line = credit(self.LATE, self.INVOICE)
        assert line is not None
        assert credit(self.LATE, replace(self.INVOICE, lines=(line,))) is None

    def test_more_credit_than_charge_is_owed_and_never_overdue(self) -> None:
        line = credit(self.LATE, self.INVOICE)
        assert line is not None
        invoice = close(draft(NOVEMBER.next, SETTINGS, [], [line]), 8)
        later = invoice.days.overdue_at
        assert (invoice.amount_due(later), invoice.state(later)) == (-10_890, InvoiceState.DUE)
        assert self.INVOICE.state(DAYS.overdue_at) is InvoiceState.OVERDUE


class TestPayingAndVoid:
    INVOICE = close(november(Entry(NEW)), 7)

    @pytest.mark.parametrize(
        ("now", "stands"),
        [
            (DAYS.issued_at - INSTANT, "the invoice is not issued yet"),
            (DAYS.issued_at, "the invoice is a draft"),
            (DAYS.final_at, ""),
            (DAYS.overdue_at, ""),
        ],
    )
    def test_only_what_is_due_is_paid_or_void(self, now: datetime, stands: str) -> None:
        assert str(why_not_pay(self.INVOICE, now) or "") == stands
        assert str(why_not_void(self.INVOICE, 0, now) or "") == stands

    def test_only_once(self) -> None:
        now = DAYS.overdue_at
        paid, void = replace(self.INVOICE, paid_at=now), replace(self.INVOICE, void_at=now)
        for one, words in ((paid, "the invoice is paid"), (void, "the invoice is void")):
            assert str(why_not_pay(one, now)) == str(why_not_void(one, 0, now)) == words
            assert one.amount_due(now) == 0
            assert one.amount_due(now - INSTANT) == 10_890

    def test_what_was_credited_is_not_returned_twice(self) -> None:
        assert str(why_not_void(self.INVOICE, 1, DAYS.final_at)) == (
            "1 of its lines is credited on another invoice"
        )
        assert str(why_not_void(self.INVOICE, 2, DAYS.final_at)).startswith("2 of its lines are")


class TestOutcomes:
    @pytest.mark.parametrize("invoice", InvoiceState)
    def test_upcoming_until_final_then_charged(self, invoice: InvoiceState) -> None:
        said = {InvoiceState.OPEN: Outcome.UPCOMING, InvoiceState.DRAFT: Outcome.UPCOMING}
        if invoice is not InvoiceState.VOID:
            assert outcome(Entry(NEW), DAYS, invoice) is said.get(invoice, Outcome.CHARGED)
            entry = Entry(NEW, asked(Review.APPROVED, DAYS.final_at))
            assert outcome(entry, DAYS, invoice) is Outcome.NO_CHARGE
        assert outcome(Entry(NEW), DAYS, InvoiceState.VOID) is Outcome.NO_CHARGE

    @pytest.mark.parametrize("review", [Review.AWAITING, Review.REJECTED, Review.WITHDRAWN])
    def test_what_is_not_approved_is_charged(self, review: Review) -> None:
        assert outcome(Entry(NEW, asked(review)), DAYS, InvoiceState.DUE) is Outcome.CHARGED

    def test_cancelled_before_the_end(self) -> None:
        for at, said in ((DAYS.final_at - INSTANT, Outcome.CANCELLED), (DAYS.final_at, Outcome.CHARGED)):
            booking = replace(NEW, cancellation=Cancellation(at, KIM))
            assert outcome(Entry(booking), DAYS, InvoiceState.DUE) is said

    def test_badges(self) -> None:
        assert set(EXPLAINED) == set(Outcome)
        assert invoice_badge(12, InvoiceState.PAID) == "12"
        assert invoice_badge(None, InvoiceState.DRAFT) == "DRAFT"
        assert invoice_badge(None, InvoiceState.OPEN) == "-"
        assert adjustment_badge(None) == "-"
        said = [adjustment_badge(asked(review)) for review in Review]
        assert said == ["Awaiting Review", "Approved", "Rejected", "-"]
