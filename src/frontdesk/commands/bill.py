"""What the biller does with invoices: a month is closed, an invoice is paid, or void."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from frontdesk.billing.account import Account, why_not_of
from frontdesk.billing.invoices import Invoice, why_not_close, why_not_pay, why_not_void
from frontdesk.billing.periods import Period, parse
from frontdesk.bookings import Operator, Reason, Scope, Standing
from frontdesk.commands.command import Ask, Changes, Held
from frontdesk.errors import Refused


@dataclass(frozen=True, slots=True)
class CloseMonth(Ask):
    """Give the invoice of a month whose draft has ended its number.

    A store numbers it automatically when it is next asked about billing. Closing it again does no harm.
    """

    kind: ClassVar[str] = "account.close"
    thing: ClassVar[type] = Account
    past: ClassVar[str] = "closed"
    scope: ClassVar[Scope] = Scope.DECIDE
    needs_version: ClassVar[bool] = False

    period: str = field(
        metadata={"max_length": 7, "description": "the month, as 2026-11", "example": "2026-11"}
    )

    def checked(self) -> None:
        Ask.checked(self)
        try:
            parse(self.period)
        except ValueError as error:
            raise Refused(Reason("invalid", str(error))) from None

    def why_not(self, held: Held[Account], now: datetime, desk: Standing) -> Reason | None:
        account, period = held.thing, parse(self.period)
        if why := why_not_of(account, period):
            return why
        return why_not_close(period, account.settings, now) if _is_open(account, period) else None

    def done(self, held: Held[Account], by: Operator, now: datetime) -> Changes[Account]:
        # Its number is drawn where a store is asked about billing, for all who ask at that moment.
        return Changes(held.thing)

    def told(self, before: Held[Account]) -> Mapping[str, str]:
        return {"account": before.thing.settings.account, "period": self.period}


def _is_open(account: Account, period: Period) -> bool:
    return account.next <= period


@dataclass(frozen=True, slots=True)
class Pay(Ask):
    """Mark an invoice as paid."""

    kind: ClassVar[str] = "invoice.pay"
    thing: ClassVar[type] = Invoice
    past: ClassVar[str] = "paid"
    scope: ClassVar[Scope] = Scope.DECIDE
    needs_version: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("account",)

    def why_not(self, held: Held[Invoice], now: datetime, desk: Standing) -> Reason | None:
        return why_not_pay(held.thing, now)

    def done(self, held: Held[Invoice], by: Operator, now: datetime) -> Changes[Invoice]:
        return Changes(replace(held.thing, paid_at=now))

    def told(self, before: Held[Invoice]) -> Mapping[str, str]:
        return _told(before.thing)


@dataclass(frozen=True, slots=True)
class Void(Ask):
    """Void an invoice: nothing of it is charged. Its credits go on the next one."""

    kind: ClassVar[str] = "invoice.void"
    thing: ClassVar[type] = Invoice
    past: ClassVar[str] = "voided"
    scope: ClassVar[Scope] = Scope.DECIDE
    needs_version: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("account",)

    def why_not(self, held: Held[Invoice], now: datetime, desk: Standing) -> Reason | None:
        return why_not_void(held.thing, held.thing.credited, now)

    def done(self, held: Held[Invoice], by: Operator, now: datetime) -> Changes[Invoice]:
        return Changes(replace(held.thing, void_at=now))

    def told(self, before: Held[Invoice]) -> Mapping[str, str]:
        return _told(before.thing)


def _told(invoice: Invoice) -> dict[str, str]:
    return {
        "invoice": str(invoice.number),
        "period": str(invoice.period),
        "total_cents": str(invoice.amount.total),
    }
