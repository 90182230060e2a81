"""What the config says of a billing account: prices, tax, days."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Price:
    """What one new patient costs the practice, in cents without tax; not the patient's fee.

    An empty `practice_id` means every practice of the account, `from_day` None means always.
    """

    cents: int
    practice_id: str = ""
    from_day: date | None = None


@dataclass(frozen=True)
class BillingSettings:
    """A billing account: who pays, by whose clock and when, how much, and whom requests go to.

    Months are those of `time_zone`. The invoice of a month is issued on `day_of_month` of the
    next one, 1 to 28, and is due `due_days` after it is final. `tax_percent` comes on top of the
    prices. `biller` is the mail address that requests go to, or the file that says how they are sent
    over HTTP; it is empty where requests are decided here alone.
    """

    account: str
    time_zone: str
    prices: tuple[Price, ...] = ()
    tax_percent: Decimal = Decimal(0)
    day_of_month: int = 1
    due_days: int = 14
    biller: str = ""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the account, which its practices need not be in."""
        return ZoneInfo(self.time_zone)
