"""How much: the price of a day, its tax, and the one place that rounds money."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from frontdesk.billing.settings import BillingSettings


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in cents, without tax and the tax beside it. A credit is negative."""

    net: int = 0
    tax: int = 0

    @property
    def total(self) -> int:
        """Net and tax together."""
        return self.net + self.tax

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.net + other.net, self.tax + other.tax)

    def __neg__(self) -> "Amount":
        return Amount(-self.net, -self.tax)


def charged(cents: int, tax_percent: Decimal) -> Amount:
    """Return a price with its tax.

    Tax is rounded half up to the cent on each line, and an invoice adds lines: so a credit, which
    is a line turned round, returns to the cent what was charged.
    """
    tax = (cents * tax_percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return Amount(cents, int(tax))


def price_on(settings: BillingSettings, practice_id: str, day: date) -> int | None:
    """Return what a new patient costs at this practice on this day of the account, or None.

    A price of the practice itself goes before one of all practices; among those the latest that
    has begun counts.
    """
    for asked in (practice_id, ""):
        begun = [
            (price.from_day or date.min, price.cents)
            for price in settings.prices
            if price.practice_id == asked and (price.from_day or date.min) <= day
        ]
        if begun:
            return max(begun)[1]
    return None
