"""What stands on an invoice: which bookings are charged, which are struck, what is credited.

`why_not_billed` is the rule of who is billed, `draft` shows an invoice before its end, `close`
makes it final. A store keeps what `close` answers and never computes it again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from frontdesk import times
from frontdesk.billing.adjustments import Adjustment, Review
from frontdesk.billing.periods import InvoiceState, Period, Schedule, period_of, schedule, state
from frontdesk.billing.prices import Amount, charged, price_on
from frontdesk.billing.settings import BillingSettings
from frontdesk.bookings import Booking, Presence, Reason, Status
from frontdesk.open_words import OpenWord

NOT_KNOWN_NEW, NO_PRICE = "not-known-new", "no-price"
"""The codes of what is not billed until somebody answers a question."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking as billing looks at it, with its latest request."""

    booking: Booking
    request: Adjustment | None = None


class LineKind(OpenWord):
    """What a line of an invoice does."""

    CHARGE = "charge"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Line:
    """One booking on an invoice. A struck one is on a draft only, and counts nothing.

    A credit has `amount` below zero, and `period` is that of the invoice which charged it.
    """

    booking_id: int
    kind: LineKind
    amount: Amount
    period: Period
    is_struck: bool = False


@dataclass(frozen=True, slots=True)
class Invoice:
    """The invoice of one month of an account. `number` is None on a draft. Money is in cents.

    A `total` below zero is owed to the practices: credits are never lost in a month that charges
    less than they return. `version` rises when it is paid or void, and `credited` is how many of
    its lines are credited on other final invoices.
    """

    account: str
    period: Period
    days: Schedule
    lines: tuple[Line, ...]
    number: int | None = None
    paid_at: datetime | None = None
    void_at: datetime | None = None
    version: int = 1
    credited: int = 0

    @property
    def id(self) -> int:
        """What names a final invoice: its number. A draft has none, and is named by its period."""
        return self.number or 0

    def state(self, now: datetime) -> InvoiceState:
        """Return where it stands at `now`."""
        return stands(self.days, self.amount, now, paid_at=self.paid_at, void_at=self.void_at)

    @property
    def amount(self) -> Amount:
        """The sum of its lines: subtotal, tax and total."""
        return sum((line.amount for line in self.lines if not line.is_struck), Amount())

    def amount_due(self, now: datetime) -> int:
        """Return what is still to be paid: nothing of what is paid or void."""
        return 0 if self.state(now) in (InvoiceState.PAID, InvoiceState.VOID) else self.amount.total


def stands(
    days: Schedule,
    amount: Amount,
    now: datetime,
    *,
    paid_at: datetime | None = None,
    void_at: datetime | None = None,
) -> InvoiceState:
    """Return where an invoice of this amount stands at `now`. One that asks for no money is never overdue."""
    found = state(days, now, paid_at=paid_at, void_at=void_at)
    return InvoiceState.DUE if found is InvoiceState.OVERDUE and amount.total <= 0 else found


def why_not_billed(booking: Booking, settings: BillingSettings, at: datetime) -> Reason | None:
    """Return why nothing is charged for `booking` on an invoice that ends at `at`, or None.

    Only who is known to be new is billed. Not known is a question for the desk, and so is a day
    without a price: see `is_question`.
    """
    if booking.practice.account != settings.account:
        return Reason("other-account", f"{booking.practice.name} is not of this billing account")
    if booking.cancellation is not None and booking.cancellation.at < at:
        return Reason("cancelled", "nothing is charged for a cancelled booking")
    if booking.patient.is_new is None:
        return Reason(NOT_KNOWN_NEW, "nobody knows whether the patient is new")
    if not booking.patient.is_new:
        return Reason("not-new", "nothing is charged for patients who are not new")
    if _price(booking, settings) is None:
        return Reason(NO_PRICE, f"[billing] has no price for {booking.practice.name} on that day")
    return None


def is_question(why: Reason | None) -> bool:
    """Whether an answer of `why_not_billed` is for somebody to look into."""
    return why is not None and why.code in (NOT_KNOWN_NEW, NO_PRICE)


def is_undecided(entry: Entry, now: datetime) -> bool:
    """Whether it is charged unless somebody asks: nobody has said that the patient came, nor asked yet.

    One who is marked as a patient who did not come is charged like any other until somebody asks.
    """
    booking, request = entry.booking, entry.request
    return (
        booking.status(now) is Status.COMPLETED
        and booking.attendance.presence not in (Presence.ARRIVED, Presence.ATTENDED)
        and (request is None or request.review is Review.WITHDRAWN)
    )


def draft(
    period: Period, settings: BillingSettings, entries: Iterable[Entry], returned: Iterable[Line] = ()
) -> Invoice:
    """Return the invoice of `period` as it would end, with the lines that an approval struck.

    Entries of other periods, and those that are not billed, are left out. `returned` are the
    credits that go on this invoice (`credit`, `credited_in`).
    """
    days = schedule(period, settings)
    lines = [
        line
        for entry in entries
        if period_of(entry.booking.starts_at, settings.zone) == period
        and (line := _charge(entry, settings, period, days)) is not None
    ]
    return Invoice(settings.account, period, days, (*lines, *returned))


def close(ended: Invoice, number: int, there: Invoice | None = None) -> Invoice:
    """Return the final invoice of what `draft` answered after its end, under its number.

    `there` is the final invoice of that period, if it has been closed already: then it is the
    answer, whatever came later.
    """
    if there is not None:
        return there
    kept = tuple(line for line in ended.lines if not line.is_struck)
    return Invoice(ended.account, ended.period, ended.days, kept, number)


def credit(request: Adjustment, invoice: Invoice) -> Line | None:
    """Return what `request` returns of a final invoice, on the next one, or None.

    It is to the cent what was charged. An approval before the end struck the line instead, and
    nothing was charged on an invoice that is void.
    """
    if request.review is not Review.APPROVED or request.approved_before(invoice.days.final_at):
        return None
    if invoice.number is None or invoice.void_at is not None:
        return None
    for line in invoice.lines:
        if line.booking_id == request.booking_id and line.kind is LineKind.CHARGE:
            return Line(line.booking_id, LineKind.CREDIT, -line.amount, line.period)
    return None


def why_not_close(period: Period, settings: BillingSettings, now: datetime) -> Reason | None:
    """Return why the invoice of `period` cannot be final at `now`, or None."""
    days = schedule(period, settings)
    if now < days.final_at:
        until = times.when_in_words(days.last_minute, settings.zone, now)
        return Reason("draft", f"requests can be made until {until} {times.zone_name(settings.zone)} time")
    return None


def why_not_pay(invoice: Invoice, now: datetime) -> Reason | None:
    """Return why `invoice` cannot be marked as paid, or None."""
    found = invoice.state(now)
    if found in (InvoiceState.DUE, InvoiceState.OVERDUE):
        return None
    return Reason("not-due", f"the invoice is {_as_said(found)}")


def why_not_void(invoice: Invoice, credits_given: int, now: datetime) -> Reason | None:
    """Return why `invoice` cannot be void, or None.

    `credits_given` is how many of its lines are credited on another final invoice: a void one
    would return them twice.
    """
    if why := why_not_pay(invoice, now):
        return why
    if credits_given:
        lines = "1 of its lines is" if credits_given == 1 else f"{credits_given} of its lines are"
        return Reason("credited", f"{lines} credited on another invoice")
    return None


def _as_said(found: InvoiceState) -> str:
    unusual = {InvoiceState.OPEN: "not issued yet", InvoiceState.DRAFT: "a draft"}
    return unusual.get(found, found.value.lower())


def _charge(entry: Entry, settings: BillingSettings, period: Period, days: Schedule) -> Line | None:
    booking, request = entry.booking, entry.request
    price = _price(booking, settings)
    if price is None or why_not_billed(booking, settings, days.final_at) is not None:
        return None
    is_struck = request is not None and request.approved_before(days.final_at)
    amount = charged(price, settings.tax_percent)
    return Line(booking.id, LineKind.CHARGE, amount, period, is_struck)


def _price(booking: Booking, settings: BillingSettings) -> int | None:
    return price_on(settings, booking.practice.id, times.local_date(booking.starts_at, settings.zone))
