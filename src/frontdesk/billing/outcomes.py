"""What became of a booking in billing, in the words of the portal's badges."""

from enum import StrEnum

from frontdesk.billing.adjustments import Adjustment, Review
from frontdesk.billing.invoices import Entry
from frontdesk.billing.periods import InvoiceState, Schedule

NOTHING = "-"


class Outcome(StrEnum):
    """Whether a booking is charged. It is Upcoming until its invoice is final."""

    UPCOMING = "Upcoming"
    CHARGED = "Charged"
    CANCELLED = "Cancelled"
    NO_CHARGE = "No Charge"


EXPLAINED = {
    Outcome.UPCOMING: "its invoice is not final yet",
    Outcome.CHARGED: "its invoice is final, and no request was approved",
    Outcome.CANCELLED: "cancelled before the invoice was final",
    Outcome.NO_CHARGE: "a request was approved, the invoice is void, or the booking came in later",
}
"""What each means, for the help."""


def outcome(
    entry: Entry, days: Schedule, invoice: InvoiceState, *, is_charged: bool | None = None
) -> Outcome:
    """Return what becomes of a billable booking whose invoice has these `days` and stands so.

    What was cancelled after the invoice was final stays charged: a request may have it credited.
    `is_charged` is whether a final invoice has a line for it, None where that is not known: what
    came in later is not on it, and what is on it stays, whatever a source says later.
    """
    cancelled, request = entry.booking.cancellation, entry.request
    if cancelled is not None and cancelled.at < days.final_at and not is_charged:
        return Outcome.CANCELLED
    if invoice is InvoiceState.VOID or (request is not None and request.review is Review.APPROVED):
        return Outcome.NO_CHARGE
    if not invoice.is_final:
        return Outcome.UPCOMING
    return Outcome.NO_CHARGE if is_charged is False else Outcome.CHARGED


def invoice_badge(number: int | None, invoice: InvoiceState) -> str:
    """Return the number, DRAFT, or `-` where there is no invoice yet."""
    if number is not None:
        return str(number)
    return NOTHING if invoice is InvoiceState.OPEN else "DRAFT"


def adjustment_badge(request: Adjustment | None) -> str:
    """Return how far the request has got, or `-` where one may be made (again)."""
    if request is None or request.review is Review.WITHDRAWN:
        return NOTHING
    return request.review.value
