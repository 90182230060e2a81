"""A store that is billed, with a month that ended some time ago, whatever the store's clock says."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from frontdesk.billing.adjustments import Adjustment, Ground, Review
from frontdesk.billing.overview import BillingQuery, BillingRow, InvoiceDetail
from frontdesk.billing.periods import Period, Schedule, period_of, schedule
from frontdesk.billing.settings import BillingSettings, Price
from frontdesk.bookings import Booking, Direction, Operator
from frontdesk.commands import Ask, Command, Done, Subject
from frontdesk.store.port import Commands
from frontdesk.store.sql.selects import ACCOUNT, ADJUSTMENT, adjustment_values
from tests.contract.raw import execute
from tests.making import KIM, LEE, Store, make_incoming, make_patient, make_practice

SETTINGS = BillingSettings("smile", "Australia/Sydney", (Price(99_00), Price(50_00, "perth")), Decimal(10))


@dataclass
class Billed:
    """A store of the account `smile`, which pays for `adelaide` and `perth` but not for `hobart`.

    `period` is the first month that is billed; it ended before the month before the present one.
    """

    store: Store
    url: str
    period: Period

    @classmethod
    async def make(cls, store: Store, url: str) -> "Billed":
        """Return what the class says, without bookings."""
        clinics = [make_practice(account="smile"), make_practice("perth", account="smile")]
        await store.registry.apply_practices([*clinics, make_practice("hobart")], KIM)
        await store.registry.apply_billing(SETTINGS, KIM)
        period = period_of((await store.state()).now, SETTINGS.zone).previous.previous.previous
        execute(url, update(ACCOUNT).values(first_period=str(period)))
        return cls(store, url, period)

    @property
    def days(self) -> Schedule:
        """The days of the invoice of `period`."""
        return schedule(self.period, SETTINGS)

    async def book(
        self,
        ref: str,
        *,
        days: int = 0,
        at: datetime | None = None,
        is_new: bool | None = True,
        practice: str = "adelaide",
    ) -> Booking:
        """Return a new booking, so many days from the beginning of `period` on, or at a moment."""
        starts_at = at or self.period.starts_at(SETTINGS.zone) + timedelta(days=days)
        incoming = make_incoming(
            ref=ref, practice_id=practice, starts_at=starts_at, patient=make_patient(is_new=is_new)
        )
        await self.store.registry.load([incoming], KIM, "a test")
        (booking,) = await self.store.find(ref)
        return booking

    async def request(self, booking: Booking, review: Review, decided_at: datetime | None) -> None:
        """Write a request as it stands once it was decided at that moment."""
        asked = Adjustment(0, 1, booking.id, Ground.OTHER, (), "by mistake", KIM.name, KIM, booking.starts_at)
        if decided_at is not None:
            asked = asked.ended(review, LEE, decided_at, "as you say")
        execute(self.url, insert(ADJUSTMENT).values(version=1, **adjustment_values(asked)))

    async def rows(self, query: BillingQuery | None = None) -> list[BillingRow]:
        """Return all rows of a query."""
        page = await self.store.billing_page(query or BillingQuery(), 99, None, Direction.FORWARD)
        return list(page.rows)

    async def invoice(self, period: Period | None = None) -> InvoiceDetail:
        """Return an invoice of the account, by default that of `period`."""
        (account,) = await self.store.accounts()
        return await self.store.invoice(account.id, period or self.period)


async def do(
    store: Commands,
    kind: str,
    subject_id: int,
    ask: Ask,
    command_id: UUID | None = None,
    *,
    by: Operator = KIM,
) -> Done[Any]:
    """Have a store carry out what somebody asks of billing."""
    return await store.do(
        Command(command_id or uuid4(), Subject(kind, subject_id), 1 if ask.needs_version else 0, by, ask)
    )
