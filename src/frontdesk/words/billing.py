"""Billing in plain words: amounts, and what is charged."""

from frontdesk.billing.overview import BillingRow
from frontdesk.billing.prices import Amount
from frontdesk.bookings import Presence


def money(cents: int) -> str:
    """Return an amount in dollars and cents: $1,188.00, and -$99.00 for a credit."""
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${dollars:,}.{rest:02}"


def decimal(cents: int) -> str:
    """Return an amount as a program reads it: 1188.00."""
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{dollars}.{rest:02}"


def with_tax(amount: Amount) -> str:
    """Return an amount with its tax: $108.90 ($9.90 tax)."""
    return f"{money(amount.total)} ({money(amount.tax)} tax)" if amount.tax else money(amount.total)


def marked(row: BillingRow) -> str:
    """Return whether the patient came, as it is marked, or `-`."""
    presence = row.booking.attendance.presence
    return "-" if presence is Presence.NONE else presence.value
