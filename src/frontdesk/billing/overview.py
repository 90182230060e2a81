"""What desks and the biller look at: lists of what is charged, invoices, and what nobody has decided."""

from dataclasses import dataclass
from datetime import datetime

from frontdesk.billing.adjustments import Adjustment
from frontdesk.billing.invoices import Invoice, Line
from frontdesk.billing.outcomes import Outcome, adjustment_badge, invoice_badge
from frontdesk.billing.periods import InvoiceState, Period, Schedule
from frontdesk.billing.prices import Amount
from frontdesk.bookings import Booking, Origin, Position, Practice, Presence


@dataclass(frozen=True, slots=True)
class BillingQuery:
    """What narrows the list of Billing; without anything it is every billable booking there is.

    `number` is that of a final invoice. `adjustments` are badges: values of `Review`, and `-`.
    """

    account_id: int | None = None
    period: Period | None = None
    number: int | None = None
    outcomes: frozenset[Outcome] = frozenset()
    adjustments: frozenset[str] = frozenset()
    practices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BillingRow:
    """A new patient's booking, and what becomes of it.

    `number` and `invoice` are those of its month, `request` is its latest. `amount` is what is
    charged, or would be if the month ended now.
    """

    booking: Booking
    account_id: int
    period: Period
    invoice: InvoiceState
    outcome: Outcome
    amount: Amount
    number: int | None = None
    request: Adjustment | None = None

    @property
    def position(self) -> Position:
        """Where it stands in the list."""
        return Position(self.booking.starts_at, self.booking.id)

    @property
    def invoice_badge(self) -> str:
        """The number of its invoice, DRAFT, or `-`."""
        return invoice_badge(self.number, self.invoice)

    @property
    def adjustment_badge(self) -> str:
        """How far its request has got, or `-`."""
        return adjustment_badge(self.request)

    @property
    def pms_says(self) -> Presence:
        """What the PMS says of whether the patient came, where it is known: else NONE."""
        marked = self.booking.attendance
        return marked.presence if marked.origin is Origin.PMS else Presence.NONE


@dataclass(frozen=True, slots=True)
class BillingPage:
    """Some rows in the order of their start; `more` says whether there are others beyond."""

    rows: tuple[BillingRow, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class PracticeSum:
    """How many bookings of a practice are charged, or would be, and what they come to with credits."""

    practice: Practice
    bookings: int
    amount: Amount


@dataclass(frozen=True, slots=True)
class InvoiceSummary:
    """An invoice in a list, final or a draft; `number` is None on a draft, `lines` is how many count."""

    account_id: int
    account: str
    period: Period
    days: Schedule
    state: InvoiceState
    amount: Amount
    lines: int
    number: int | None = None
    version: int = 1
    paid_at: datetime | None = None
    void_at: datetime | None = None

    @property
    def badge(self) -> str:
        """The number, DRAFT, or `-` for a month that is not over."""
        return invoice_badge(self.number, self.state)


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line of an invoice with its booking."""

    line: Line
    booking: Booking


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """An invoice with its bookings, and where it stood when it was read."""

    account_id: int
    invoice: Invoice
    state: InvoiceState
    lines: tuple[BilledLine, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """What is charged of a month unless somebody asks, for the days before its draft ends.

    `rows` are those of which nobody has said that the patient came, nor asked not to be charged, and
    `charged` is what they cost together.
    `rejected` are charged, and stay with the biller's reason. `questions` are bookings that are not
    billed because nobody knows whether the patient is new, or what it costs. `came` counts those
    of which it is known that the patient came.
    """

    account_id: int
    period: Period
    days: Schedule
    state: InvoiceState
    rows: tuple[BillingRow, ...]
    charged: Amount
    rejected: tuple[BillingRow, ...]
    questions: tuple[Booking, ...]
    came: int
