"""A billing account as a store keeps it: what is charged, and which months are final."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from frontdesk.billing.periods import InvoiceState, Period, period_of, schedule, state, to_close
from frontdesk.billing.settings import BillingSettings
from frontdesk.bookings import Reason


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays, since which month (`first`), and the latest month that has a number (`closed`).

    `first` is the month whose draft ended next when the account was made: what was before that
    is not billed here.
    """

    id: int
    version: int
    settings: BillingSettings
    first: Period
    closed: Period | None = None

    @property
    def next(self) -> Period:
        """The earliest month without a number."""
        return self.first if self.closed is None else self.closed.next

    def to_close(self, now: datetime) -> Iterator[Period]:
        """Yield the months whose drafts have ended at `now`, in the order to number them in."""
        return to_close(self.next, self.settings, now)

    def invoice_state(self, starts_at: datetime, now: datetime) -> InvoiceState:
        """Return where the invoice for a booking stands at `now`, but for paid and void: may a request be made?"""
        period = period_of(starts_at, self.settings.zone)
        stands = state(schedule(period, self.settings), now)
        if period < self.next and not stands.is_final:
            return InvoiceState.DUE
        return stands


def why_not_of(account: Account, period: Period) -> Reason | None:
    """Return why `account` has no invoice of this month, or None."""
    if period < account.first:
        return Reason("before-billing", f"{account.settings.account} is billed from {account.first} on")
    return None
