"""Invoices as the rows of a list, the latest month first."""

from collections.abc import Sequence
from datetime import UTC, datetime

from frontdesk.billing.overview import InvoiceSummary
from frontdesk.bookings import Count, Direction, Position
from frontdesk.sources.held import piece
from frontdesk.sources.port import Asked, Piece
from frontdesk.store.port import BookingStore

_ACCOUNTS = 100_000
"""More than there will be accounts: ids of rows are made of month and account."""
_NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


class InvoiceSource:
    """The invoices of every account that this desk may see whole: final ones, drafts, and the present month."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self._asked: Asked[None] | None = None
        self._invoices: tuple[InvoiceSummary, ...] = ()

    @property
    def unfiltered(self) -> None:
        return None

    async def page(
        self, asked: Asked[None], limit: int, position: Position | None, direction: Direction
    ) -> Piece[InvoiceSummary]:
        """Return a piece of what was read when this question came first."""
        if asked is not self._asked:
            await self._read()
            self._asked = asked
        return piece(self._invoices, self.place, limit, position, direction)

    async def _read(self) -> None:
        self._invoices = tuple(sorted(await self._store.invoices(), key=self.place))

    async def count(self, asked: Asked[None], limit: int) -> Count | None:
        """Nothing narrows this list."""
        return None

    async def rows(self, ids: Sequence[int]) -> tuple[InvoiceSummary, ...]:
        await self._read()
        return tuple(one for one in self._invoices if self.id(one) in ids)

    def id(self, row: InvoiceSummary) -> int:
        return row.account_id - _ACCOUNTS * (row.period.year * 12 + row.period.month)

    def place(self, row: InvoiceSummary) -> Position:
        return Position(_NO_MOMENT, self.id(row))

    def start(self, asked: Asked[None]) -> None:
        """Begin with the latest month."""
        return

    def crossed(self, row: InvoiceSummary, since: datetime, now: datetime) -> bool:
        """How an invoice stands is read with it."""
        return False

    def words(self, filters: None) -> tuple[str, ...]:
        return ()
