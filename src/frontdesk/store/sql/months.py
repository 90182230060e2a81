"""An account's months at one moment, and what becomes of a booking in one of them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row

from frontdesk.billing import periods
from frontdesk.billing.account import Account
from frontdesk.billing.invoices import Entry, draft, stands
from frontdesk.billing.outcomes import Outcome, outcome
from frontdesk.billing.overview import BillingQuery, BillingRow
from frontdesk.billing.periods import InvoiceState, Period, Schedule, period_of, schedule
from frontdesk.billing.prices import Amount
from frontdesk.store.sql import accounts as kept
from frontdesk.store.sql.selects import INVOICE


@dataclass(frozen=True, slots=True)
class Month:
    """Where the invoice of one month stands."""

    days: Schedule
    state: InvoiceState
    number: int | None


class Calendar:
    """An account's months at one moment, those with a number as they were kept."""

    def __init__(self, tx: Connection, account: Account, now: datetime) -> None:
        self.account, self.now = account, now
        rows = tx.execute(kept.KEPT.where(INVOICE.c.account_id == account.id).order_by(INVOICE.c.period))
        self.kept: dict[Period, Row[Any]] = {periods.parse(row.period): row for row in rows}
        self._months: dict[Period, Month] = {}

    def month(self, period: Period) -> Month:
        """Return where the invoice of a month stands."""
        if period not in self._months:
            self._months[period] = self._look_up(period)
        return self._months[period]

    def _look_up(self, period: Period) -> Month:
        row = self.kept.get(period)
        if row is None:
            days = schedule(period, self.account.settings)
            return Month(days, periods.state(days, self.now), None)
        days, amount = kept.days_of(row), Amount(row.net, row.tax)
        state = stands(days, amount, self.now, paid_at=row.paid_at, void_at=row.void_at)
        return Month(days, state, row.number)

    def bounds(self, period: Period) -> tuple[datetime, datetime]:
        """Return the first instant of a month, and that of the next."""
        zone = self.account.settings.zone
        return period.starts_at(zone), period.next.starts_at(zone)

    @cached_property
    def drafts(self) -> tuple[Period, ...]:
        """The months without a number up to the present one, oldest first."""
        period, last = self.account.next, period_of(self.now, self.account.settings.zone)
        found = []
        while period <= last:
            found.append(period)
            period = period.next
        return tuple(found)


NO_MONTH = object()
"""What a query asks for is of none of an account's months."""


def asked_period(calendar: Calendar, query: BillingQuery) -> object:
    """Return the one month that a query is about, None for all, NO_MONTH where there is none."""
    if query.number is None:
        return query.period
    for period, row in calendar.kept.items():
        if row.number == query.number:
            return period if query.period in (None, period) else NO_MONTH
    return NO_MONTH


def row_of(calendar: Calendar, entry: Entry, charge: Row[Any] | None) -> BillingRow:
    """Return what becomes of a booking; `charge` is the line that has charged it, if one has."""
    settings = calendar.account.settings
    period = period_of(entry.booking.starts_at, settings.zone)
    if charge is not None:
        # It may have been moved since: what it was charged in is what counts.
        period = periods.parse(charge.period)
    month = calendar.month(period)
    if month.number is not None:
        amount = Amount() if charge is None else Amount(charge.net, charge.tax)
    else:
        amount = draft(period, settings, [entry]).amount
    is_charged = None if month.number is None else charge is not None
    found = outcome(entry, month.days, month.state, is_charged=is_charged)
    if found in (Outcome.CANCELLED, Outcome.NO_CHARGE):
        amount = Amount()
    return BillingRow(
        entry.booking,
        calendar.account.id,
        period,
        month.state,
        found,
        amount,
        month.number,
        entry.request,
    )
