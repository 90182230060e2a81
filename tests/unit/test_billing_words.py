"""What is said of money, months and invoices: pure words, the same on the screen and without one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from frontdesk.billing.invoices import Invoice, Line, LineKind
from frontdesk.billing.overview import BilledLine, InvoiceDetail, PracticeSum
from frontdesk.billing.periods import InvoiceState, Period, schedule
from frontdesk.billing.prices import Amount
from frontdesk.billing.settings import BillingSettings
from frontdesk.bookings import Pms
from frontdesk.sources.undecided import Verdict
from frontdesk.words import billing as words
from tests.making import make_booking, make_patient, make_practice

SYDNEY = ZoneInfo("Australia/Sydney")
NOVEMBER = Period(2026, 11)
DAYS = schedule(NOVEMBER, BillingSettings("smile", "Australia/Sydney"))
NOW = DAYS.final_at + timedelta(days=1)
PRICE = Amount(99_00, 9_90)
BOOKING = make_booking(
    starts_at=datetime(2026, 11, 3, 0, 0, tzinfo=UTC), patient=make_patient(name="Ana Reyes", is_new=True)
)
TELLS = Pms("smile", "praktika", "Praktika", can_cancel=True, can_mark_no_show=True)


def detail(*lines: Line, number: int | None = 12, state: InvoiceState = InvoiceState.DUE) -> InvoiceDetail:
    invoice = Invoice("smile", NOVEMBER, DAYS, lines, number)
    return InvoiceDetail(1, invoice, state, tuple(BilledLine(line, BOOKING) for line in lines))


@pytest.mark.parametrize(
    ("cents", "said", "short"),
    [
        (118_800, "$1,188.00", "$1,188"),
        (-9_900, "-$99.00", "-$99"),
        (5, "$0.05", "$0.05"),
        (0, "$0.00", "$0"),
    ],
)
def test_money(cents: int, said: str, short: str) -> None:
    assert (words.money(cents), words.money(cents, short=True)) == (said, short)


def test_a_month_of_another_year_has_its_year() -> None:
    assert words.month(NOVEMBER, NOW, SYDNEY) == "November"
    assert words.month(NOVEMBER, NOW + timedelta(days=60), SYDNEY) == "November 2026"


def test_a_draft_closes_with_the_last_minute_of_a_day() -> None:
    before = DAYS.final_at - timedelta(days=2)
    said = words.month_closes(NOVEMBER, InvoiceState.DRAFT, DAYS, SYDNEY, before)
    assert said == "Draft November closes Mon 7 Dec 23:59 Sydney, tomorrow"


def test_a_credit_names_the_month_that_charged_it_and_lowers_what_is_due() -> None:
    charge = Line(BOOKING.id, LineKind.CHARGE, PRICE, NOVEMBER)
    back = Line(BOOKING.id, LineKind.CREDIT, -PRICE, Period(2026, 10))
    lines = words.invoice_text(detail(charge, charge, back), NOW, SYDNEY, 80)
    assert all(len(line) <= 80 for line in lines)
    (credited,) = [line for line in lines if "credit for October" in line]
    assert credited.endswith("-$99.00")
    assert [line.split() for line in lines[-4:]] == [
        ["Subtotal", "$99.00"],
        ["Tax", "$9.90"],
        ["Total", "$108.90"],
        ["Due", "$108.90"],
    ]
    assert lines[0].strip() == "Due, final since Tue 8 Dec, to be paid by Tue 22 Dec"


def test_what_is_paid_or_void_is_said_and_not_due() -> None:
    found = detail(Line(BOOKING.id, LineKind.CHARGE, PRICE, NOVEMBER))
    paid, void = replace(found.invoice, paid_at=NOW), replace(found.invoice, void_at=NOW)
    for invoice, state, said in (
        (paid, InvoiceState.PAID, "Paid since Wed 9 Dec"),
        (void, InvoiceState.VOID, "Void since Wed 9 Dec: nothing of it is charged"),
    ):
        ended = replace(found, state=state, invoice=invoice)
        lines = words.invoice_text(ended, NOW, SYDNEY, 80)
        assert lines[0].strip() == said
        assert lines[-1].split() == ["Due", "$0.00"]


def test_practices_without_room_are_counted_and_never_cut() -> None:
    sums = [PracticeSum(make_practice(f"p{number}"), 10, Amount(99_000)) for number in range(9)]
    for width in (60, 80, 120, 300):
        left, right = words.sums(sums, width)
        assert right == "together $8,910.00 "
        assert len(left) + len(right) < width
        shown = left.count("$990.00")
        assert left.endswith(f"and {9 - shown} more") == (shown < 9)
    assert shown == 9


def test_a_pms_is_named_as_told_only_where_it_is() -> None:
    told, manual = (
        make_practice(pms=TELLS),
        make_practice("perth", pms=replace(TELLS, can_mark_no_show=False)),
    )
    other = make_practice("hobart", pms=replace(TELLS, name="Cliniko"))
    absent, came = Verdict.DID_NOT_COME, Verdict.ATTENDED
    assert words.tally([(absent, manual), (came, told)]) == "1 attended, 1 did not come"
    assert words.tally([(absent, told), (absent, manual)]) == "2 did not come (Praktika is told)"
    assert words.tally([(absent, told), (absent, other), (Verdict.NOT_NEW, told)]) == (
        "2 did not come (Cliniko and Praktika are told), 1 not new"
    )
