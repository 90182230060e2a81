"""When: the month a booking belongs to, and how its invoice gets from draft to overdue.

Everything is derived from a time that is passed in, so nothing has to run at midnight.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.billing.settings import BillingSettings

GRACE = timedelta(days=7)
"""How long an invoice is a draft: 7 times 24 hours, whatever the clocks do meanwhile."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month of the account's clock."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def next(self) -> "Period":
        """The month after it."""
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def previous(self) -> "Period":
        """The month before it."""
        return Period(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Return its first instant; it ends where the next one starts."""
        return _midnight(date(self.year, self.month, 1), zone)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The days of one invoice. Those of a closed one are kept: later settings do not move them.

    It is a draft from `issued_at` until `final_at`, is to be paid by the end of the day `due_on`
    of the account, and is overdue from `overdue_at` on.
    """

    issued_at: datetime
    final_at: datetime
    due_on: date
    overdue_at: datetime

    @property
    def last_minute(self) -> datetime:
        """The last minute of the draft: it ends with a day, and people say 23:59 of it."""
        return self.final_at - timedelta(minutes=1)


class InvoiceState(StrEnum):
    """Where an invoice stands. Derived: see `state`. OPEN has no invoice yet."""

    OPEN = "Open"
    DRAFT = "Draft"
    DUE = "Due"
    OVERDUE = "Overdue"
    PAID = "Paid"
    VOID = "Void"

    @property
    def is_final(self) -> bool:
        """Whether what stands on it does not change any more."""
        return self not in (InvoiceState.OPEN, InvoiceState.DRAFT)


def parse(written: str) -> Period:
    """Read `2026-11`. Raises ValueError with a sentence for whoever wrote something else."""
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", written.strip())
    if found is None or found[1] in ("0000", "9999"):
        raise ValueError(f"{written} is no month: write it like 2026-11")
    return Period(int(found[1]), int(found[2]))


def period_of(instant: datetime, zone: ZoneInfo) -> Period:
    """Return the one month that `instant` lies in, by the clock of `zone`."""
    day = times.local_date(instant, zone)
    found = Period(day.year, day.month)
    # Where clocks change over midnight a date can come early, or twice; its month begins once.
    if instant < found.starts_at(zone):
        return found.previous
    return found.next if instant >= found.next.starts_at(zone) else found


def schedule(period: Period, settings: BillingSettings) -> Schedule:
    """Return the days of the invoice of `period`."""
    after, zone = period.next, settings.zone
    issued_at = _midnight(date(after.year, after.month, settings.day_of_month), zone)
    final_at = issued_at + GRACE
    due_on = times.local_date(final_at, zone) + timedelta(days=settings.due_days)
    return Schedule(issued_at, final_at, due_on, _midnight(due_on + timedelta(days=1), zone))


def state(
    days: Schedule, now: datetime, *, paid_at: datetime | None = None, void_at: datetime | None = None
) -> InvoiceState:
    """Return where an invoice stands at `now`, by the store's clock."""
    if void_at is not None and void_at <= now:
        return InvoiceState.VOID
    if paid_at is not None and paid_at <= now:
        return InvoiceState.PAID
    if now < days.issued_at:
        return InvoiceState.OPEN
    if now < days.final_at:
        return InvoiceState.DRAFT
    return InvoiceState.DUE if now < days.overdue_at else InvoiceState.OVERDUE


def to_close(first: Period, settings: BillingSettings, now: datetime) -> Iterator[Period]:
    """Yield the periods from `first` on whose drafts have ended, in the order to number them in."""
    period = first
    while schedule(period, settings).final_at <= now:
        yield period
        period = period.next


def credited_in(
    approved_at: datetime, settings: BillingSettings, closed: Collection[Period] = frozenset()
) -> Period:
    """Return the period whose invoice takes a credit approved at `approved_at`: the next one to end.

    `closed` are periods that have a number already: other days in the settings may have closed one
    earlier than they say now.
    """
    # A draft that is not over belongs to one of the two months before, or to this one.
    period = period_of(approved_at, settings.zone).previous.previous
    while period in closed or schedule(period, settings).final_at <= approved_at:
        period = period.next
    return period


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when `day` begins; where the clocks skip midnight, the instant that comes instead."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
