"""What new patients cost, as the rows of a list, in the order of their appointments' start."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from frontdesk import times
from frontdesk.billing.outcomes import NOTHING
from frontdesk.billing.overview import BillingQuery, BillingRow, InvoiceSummary, Undecided
from frontdesk.billing.periods import InvoiceState
from frontdesk.bookings import LAST_ID, Count, Direction, Position, Practice
from frontdesk.sources.port import Asked, Piece
from frontdesk.store.port import BookingStore

SOON = timedelta(days=2)
"""How long before its end a draft is spoken of where people look for what needs them."""


@dataclass
class BillingSource:
    """Every billable booking of the practices that this desk may see."""

    store: BookingStore
    practices: tuple[Practice, ...] = ()
    _known: dict[int, BillingRow] = field(default_factory=dict)
    """The rows as they were read last: where to look for each when it is read again."""

    @property
    def unfiltered(self) -> BillingQuery:
        return BillingQuery()

    async def page(
        self, asked: Asked[BillingQuery], limit: int, position: Position | None, direction: Direction
    ) -> Piece[BillingRow]:
        page = await self.store.billing_page(asked.filters, limit, position, direction)
        self._known |= {row.booking.id: row for row in page.rows}
        return Piece(page.rows, page.more)

    async def count(self, asked: Asked[BillingQuery], limit: int) -> Count | None:
        return await self.store.billing_count(asked.filters, limit)

    async def rows(self, ids: Sequence[int]) -> tuple[BillingRow, ...]:
        """Return the rows as they are now; of one that is not billed any more, the booking as it is now."""
        found: dict[int, BillingRow] = {}
        for fresh in await self.store.rows(ids):
            booking = fresh.booking
            if booking.id in found:
                continue
            # Rows that follow each other, as they do without a filter, come in one answer.
            place = Position(booking.starts_at, booking.id - 1)
            page = await self.store.billing_page(BillingQuery(), len(ids), place, Direction.FORWARD)
            found |= {row.booking.id: row for row in page.rows if row.booking.id in ids}
            if booking.id not in found and booking.id in self._known:
                found[booking.id] = replace(self._known[booking.id], booking=booking)
        self._known |= found
        return tuple(found.values())

    def id(self, row: BillingRow) -> int:
        return row.booking.id

    def place(self, row: BillingRow) -> Position:
        return row.position

    def start(self, asked: Asked[BillingQuery]) -> Position:
        """Begin with the first booking that has not started."""
        return Position(asked.as_of, LAST_ID)

    def crossed(self, row: BillingRow, since: datetime, now: datetime) -> bool:
        """What a row shows follows from its invoice, and is read with it."""
        return False

    def words(self, filters: BillingQuery) -> tuple[str, ...]:
        """Return the outcomes, the months, the invoice, how far requests have got, and the practices."""
        short = {practice.id: practice.short for practice in self.practices}
        month = filters.period and f"{times.month_name(filters.period.month)} {filters.period.year}"
        wanted = (
            *sorted(filters.outcomes),
            month or "",
            f"invoice {filters.number}" if filters.number is not None else "",
            *("no request" if one == NOTHING else one for one in sorted(filters.adjustments)),
            *sorted(short.get(one, one) for one in filters.practices),
        )
        return tuple(one for one in wanted if one)


def drafts(invoices: Sequence[InvoiceSummary]) -> tuple[InvoiceSummary, ...]:
    """Return the months of which requests can still be made, the one that ends first at the front."""
    found = [one for one in invoices if one.state in (InvoiceState.DRAFT, InvoiceState.OPEN)]
    return tuple(sorted(found, key=lambda one: (one.days.final_at, one.account_id)))


async def closing_soon(store: BookingStore, now: datetime) -> Undecided | None:
    """Return the draft that ends first, if that is soon and nobody has decided about some of its bookings."""
    for one in drafts(await store.invoices()):
        if one.state is InvoiceState.DRAFT and one.days.final_at - now <= SOON:
            found = await store.undecided(one.account_id, one.period)
            if found.rows:
                return found
    return None
