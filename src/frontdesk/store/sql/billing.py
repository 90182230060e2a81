"""What desks and the biller read of billing: lists, sums, invoices, and what nobody has decided."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from frontdesk.billing.account import Account, why_not_of
from frontdesk.billing.adjustments import Review
from frontdesk.billing.invoices import (
    Entry,
    LineKind,
    draft,
    is_question,
    is_undecided,
    why_not_billed,
)
from frontdesk.billing.overview import (
    BilledLine,
    BillingPage,
    BillingQuery,
    BillingRow,
    InvoiceDetail,
    InvoiceSummary,
    PracticeSum,
    Undecided,
)
from frontdesk.billing.periods import Period
from frontdesk.billing.prices import Amount
from frontdesk.bookings import Booking, Count, Direction, Position, Presence, Standing
from frontdesk.errors import NotFound
from frontdesk.store import records
from frontdesk.store.sql import accounts as kept
from frontdesk.store.sql import closing
from frontdesk.store.sql.database import Database, ReadOnly
from frontdesk.store.sql.months import NO_MONTH, Calendar, asked_period, row_of
from frontdesk.store.sql.narrowing import (
    Span,
    all_of,
    at_practices,
    is_narrowed_by_database,
    is_wanted,
    may_be_adjusted,
    may_become,
    span_of,
    starts_in,
    within,
)
from frontdesk.store.sql.selects import BOOKED, BOOKING, INVOICE, INVOICE_LINE, PRACTICE

_ROWS_AT_ONCE = 200
"""Bookings read in one step where a filter has to look at each of them."""

QUESTIONS_LIMIT = 500
"""Bookings of one month that are looked at for questions and shown."""


class _Looking:
    """One look at billing, as a desk sees it: everything in it is of one moment."""

    def __init__(
        self, tx: Connection, database: Database, standing: Standing, final_sums: "FinalSums"
    ) -> None:
        self.tx, self.now, self._standing = tx, database.now(tx), standing
        self._final_sums = final_sums
        self._practices = {
            row.id: records.practice(row)
            for row in tx.execute(select(PRACTICE).where(PRACTICE.c.account != ""))
            if standing.practices is None or row.id in standing.practices
        }
        self.calendars = {one.settings.account: Calendar(tx, one, self.now) for one in kept.accounts(tx)}

    def whole(self, account_id: int, period: Period) -> Calendar:
        """Return the calendar of an account of which this desk may see everything. Raises NotFound."""
        for account in kept.visible_accounts(self.tx, self._standing):
            if account.id == account_id:
                if why := why_not_of(account, period):
                    raise NotFound(f"There is no such invoice: {why.text}.")
                return self.calendars[account.settings.account]
        raise NotFound("There is no such billing account here: look at the list again.")

    # -- the list --------------------------------------------------------------------------

    def rows(
        self, query: BillingQuery, position: Position | None, direction: Direction, at_once: int
    ) -> Iterator[BillingRow]:
        """Yield what a query finds beyond a position, in its direction."""
        narrowed = self._narrowed(query)
        if narrowed is None:
            return
        condition, span = narrowed
        forward = direction is Direction.FORWARD
        order = (BOOKING.c.starts_at, BOOKING.c.id)
        # Only of what it finds is a booking read: what it looks at is in the index.
        wanted = select(BOOKING.c.id).where(closing.IS_NEW, condition).limit(at_once)
        wanted = wanted.order_by(*(order if forward else (one.desc() for one in order)))
        while True:
            beyond = wanted.where(within(span, position, forward=forward))
            found = self.tx.execute(beyond).scalars().all()
            bookings = {one.id: one for one in self._bookings(found)}
            for row in self._made([bookings[one] for one in found]):
                position = row.position
                if is_wanted(row, query):
                    yield row
            if len(found) < at_once:
                return

    def count(self, query: BillingQuery, limit: int) -> Count:
        """Count what a query finds, up to `limit`."""
        narrowed = self._narrowed(query)
        if narrowed is None:
            return Count(0, exact=True)
        if is_narrowed_by_database(query):
            condition, span = narrowed
            wanted = select(BOOKING.c.id).where(closing.IS_NEW, condition, within(span, None, forward=True))
            found = wanted.limit(limit + 1).subquery()
            number = self.tx.execute(select(func.count()).select_from(found)).scalar_one()
        else:
            rows = self.rows(query, None, Direction.FORWARD, limit + 1)
            number = sum(1 for _ in islice(rows, limit + 1))
        return Count(min(number, limit), exact=number <= limit)

    def _made(self, bookings: Sequence[Booking]) -> Iterator[BillingRow]:
        ids = [one.id for one in bookings]
        requests, charged = kept.latest_requests(self.tx, ids), kept.charges(self.tx, ids)
        for booking in bookings:
            calendar = self.calendars[booking.practice.account]
            yield row_of(calendar, Entry(booking, requests.get(booking.id)), charged.get(booking.id))

    def _narrowed(self, query: BillingQuery) -> tuple[ColumnElement[bool], Span] | None:
        """Return what narrows the bookings as far as the database can; None where nothing is left."""
        parts, spans = [], []
        for calendar in self.calendars.values():
            mine, period = self.practices_of(calendar, query), asked_period(calendar, query)
            if query.account_id not in (None, calendar.account.id) or not mine or period is NO_MONTH:
                continue
            if isinstance(period, Period) and period < calendar.account.first:
                continue
            span = span_of(query, calendar, period if isinstance(period, Period) else None)
            parts.append(self._of_account(calendar, query, mine, span))
            spans.append(span)
        if not parts:
            return None
        return and_(or_(*parts), may_be_adjusted(query)), all_of(spans)

    def _of_account(
        self, calendar: Calendar, query: BillingQuery, mine: list[str], span: Span
    ) -> ColumnElement[bool]:
        conditions: list[ColumnElement[bool]] = [at_practices(mine), starts_in(span)]
        if query.outcomes:
            conditions.append(or_(*(may_become(one, calendar) for one in query.outcomes)))
        return and_(*conditions)

    def practices_of(self, calendar: Calendar, query: BillingQuery) -> list[str]:
        """Return the practices of an account that a query is about, and that this desk may see."""
        return [
            one.id
            for one in self._practices.values()
            if one.account == calendar.account.settings.account
            and (not query.practices or one.id in query.practices)
        ]

    # -- sums and invoices -----------------------------------------------------------------

    def sums(self, query: BillingQuery) -> tuple[PracticeSum, ...]:
        found: dict[str, tuple[int, Amount]] = {}
        for calendar in self.calendars.values():
            period = asked_period(calendar, query)
            mine = self.practices_of(calendar, query)
            if query.account_id not in (None, calendar.account.id) or period is NO_MONTH or not mine:
                continue
            for one in mine:
                found.setdefault(one, (0, Amount()))
            only = period if isinstance(period, Period) else None
            final = [row for one, row in calendar.kept.items() if only in (None, one) and row.void_at is None]
            for practice_id, number, amount in (
                *self._final_sums.of(self.tx, final),
                *self._draft_sums(calendar, only),
            ):
                if practice_id in mine:
                    before = found[practice_id]
                    found[practice_id] = before[0] + number, before[1] + amount
        sums = [PracticeSum(self._practices[one], *summed) for one, summed in found.items()]
        return tuple(sorted(sums, key=lambda one: (one.practice.name, one.practice.id)))

    def _draft_sums(self, calendar: Calendar, period: Period | None) -> Iterator[tuple[str, int, Amount]]:
        for one in calendar.drafts if period is None else (period,):
            if one < calendar.account.next:
                continue
            entries = closing.entries(self.tx, calendar.account, one)
            given = closing.returned(self.tx, calendar.account, one)
            at = {entry.booking.id: entry.booking.practice.id for entry in entries}
            at.update(self._practice_ids([line.booking_id for line in given]))
            for line in draft(one, calendar.account.settings, entries, given).lines:
                if not line.is_struck:
                    yield at[line.booking_id], int(line.kind is LineKind.CHARGE), line.amount

    def _practice_ids(self, booking_ids: Sequence[int]) -> dict[int, str]:
        return {one.id: one.practice.id for one in self._bookings(booking_ids)}

    def _bookings(self, booking_ids: Sequence[int]) -> Iterator[Booking]:
        wanted = sorted(set(booking_ids))
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            some = BOOKED.where(BOOKING.c.id.in_(wanted[start : start + _ROWS_AT_ONCE]))
            yield from records.bookings(self.tx.execute(some).all())

    def invoices(self) -> tuple[InvoiceSummary, ...]:
        found = [
            summary
            for account in kept.visible_accounts(self.tx, self._standing)
            for summary in self._invoices(self.calendars[account.settings.account])
        ]
        return tuple(sorted(found, key=lambda one: (one.period, one.number or 0, one.account), reverse=True))

    def _invoices(self, calendar: Calendar) -> Iterator[InvoiceSummary]:
        account = calendar.account
        counting = select(INVOICE_LINE.c.number, func.count()).group_by(INVOICE_LINE.c.number)
        counting = counting.join(INVOICE, INVOICE.c.number == INVOICE_LINE.c.number)
        counting = counting.where(INVOICE.c.account_id == account.id)
        lines: dict[int, int] = {number: many for number, many in self.tx.execute(counting)}  # noqa: C416 - rows
        for period, row in calendar.kept.items():
            month = calendar.month(period)
            yield InvoiceSummary(
                account.id,
                row.account,
                period,
                month.days,
                month.state,
                Amount(row.net, row.tax),
                lines.get(row.number, 0),
                row.number,
                row.version,
                row.paid_at,
                row.void_at,
            )
        for period in calendar.drafts:
            month, ended = calendar.month(period), closing.draft_of(self.tx, account, period)
            counted = sum(not line.is_struck for line in ended.lines)
            yield InvoiceSummary(
                account.id, account.settings.account, period, month.days, month.state, ended.amount, counted
            )

    def invoice(self, account_id: int, period: Period) -> InvoiceDetail:
        calendar = self.whole(account_id, period)
        row = calendar.kept.get(period)
        if row is None:
            found = closing.draft_of(self.tx, calendar.account, period)
        else:
            found = kept.invoice_of(self.tx, row)
        bookings = {one.id: one for one in self._bookings([line.booking_id for line in found.lines])}
        lines = tuple(BilledLine(line, bookings[line.booking_id]) for line in found.lines)
        return InvoiceDetail(account_id, found, found.state(self.now), lines)

    # -- before a draft ends ---------------------------------------------------------------

    def undecided(self, account_id: int, period: Period) -> Undecided:
        calendar = self.whole(account_id, period)
        month, settings = calendar.month(period), calendar.account.settings
        entries = [
            entry
            for entry in closing.entries(self.tx, calendar.account, period)
            if why_not_billed(entry.booking, settings, month.days.final_at) is None
        ]
        rows = tuple(row_of(calendar, one, None) for one in entries if is_undecided(one, self.now))
        rejected = tuple(
            row_of(calendar, one, None)
            for one in entries
            if one.request is not None and one.request.review is Review.REJECTED
        )
        came = (Presence.ARRIVED, Presence.ATTENDED)
        return Undecided(
            account_id,
            period,
            month.days,
            month.state,
            rows,
            sum((row.amount for row in rows), Amount()),
            rejected,
            tuple(self._questions(calendar, period)),
            sum(one.booking.attendance.presence in came for one in entries),
        )

    def _questions(self, calendar: Calendar, period: Period) -> Iterator[Booking]:
        begins, ends = calendar.bounds(period)
        asked = BOOKED.where(
            BOOKING.c.starts_at >= begins,
            BOOKING.c.starts_at < ends,
            BOOKING.c.practice_id.in_(self.practices_of(calendar, BillingQuery())),
            BOOKING.c.cancelled.is_(False),
            or_(BOOKING.c.patient_is_new.is_(None), closing.IS_NEW),
        )
        order = asked.order_by(BOOKING.c.starts_at, BOOKING.c.id)
        left = QUESTIONS_LIMIT
        for booking in records.bookings(self.tx.execute(order).all()):
            why = why_not_billed(booking, calendar.account.settings, calendar.month(period).days.final_at)
            if left and is_question(why):
                left -= 1
                yield booking


_SUMMED = (
    select(
        INVOICE_LINE.c.number,
        BOOKING.c.practice_id,
        func.sum(case((INVOICE_LINE.c.kind == LineKind.CHARGE.value, 1), else_=0)),
        func.sum(INVOICE_LINE.c.net),
        func.sum(INVOICE_LINE.c.tax),
    )
    .join(BOOKING, BOOKING.c.id == INVOICE_LINE.c.booking_id)
    .group_by(INVOICE_LINE.c.number, BOOKING.c.practice_id)
)


class FinalSums:
    """What practices come to on final invoices: it stays as it is, so each of them is summed up once.

    To look up the practice of every line there ever was takes too long for each look at the sums.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, datetime, int, int], list[tuple[str, int, Amount]]] = {}

    def of(self, tx: Connection, invoices: Collection[Row[Any]]) -> Iterator[tuple[str, int, Amount]]:
        """Yield a practice, how many of its bookings an invoice charges, and what they and its credits come to."""
        # A store that was put back may have closed another month under a number.
        keys = {row.number: (row.number, row.closed_at, row.net, row.tax) for row in invoices}
        if new := [number for number, key in keys.items() if key not in self._known]:
            found: dict[int, list[tuple[str, int, Amount]]] = {number: [] for number in new}
            for number, practice_id, charges, net, tax in tx.execute(
                _SUMMED.where(INVOICE_LINE.c.number.in_(new))
            ):
                found[number].append((practice_id, int(charges), Amount(int(net), int(tax))))
            self._known.update((keys[number], summed) for number, summed in found.items())
        for key in keys.values():
            yield from self._known[key]


class SqlBilling:
    """Billing in a SQL database, as one desk sees it; see Billing."""

    def __init__(self, database: Database, standing: Standing, final_sums: FinalSums | None = None) -> None:
        self._database, self._standing = database, standing
        self._final_sums = final_sums or FinalSums()

    def as_desk(self, standing: Standing) -> "SqlBilling":
        """Return the same, as a desk of another standing sees it."""
        return SqlBilling(self._database, standing, self._final_sums)

    async def close_ended(self) -> None:
        """Number every month that has ended, where that is to be done and can be."""
        if self._database.why_not_writable():
            return
        if await self._database.read(lambda tx: closing.is_due(tx, self._database)):
            with suppress(ReadOnly):
                await self._database.write(lambda tx: closing.close_ended(tx, self._database))

    def _look(self, tx: Connection) -> _Looking:
        return _Looking(tx, self._database, self._standing, self._final_sums)

    async def accounts(self) -> tuple[Account, ...]:
        await self.close_ended()
        return await self._database.read(lambda tx: kept.visible_accounts(tx, self._standing))

    async def page(
        self, query: BillingQuery, limit: int, position: Position | None, direction: Direction
    ) -> BillingPage:
        await self.close_ended()

        def work(tx: Connection) -> BillingPage:
            at_once = max(_ROWS_AT_ONCE, limit + 1) if query.outcomes or query.adjustments else limit + 1
            found: list[BillingRow] = []
            for row in self._look(tx).rows(query, position, direction, at_once):
                found.append(row)
                if len(found) > limit:
                    break
            shown = found[:limit]
            rows = shown if direction is Direction.FORWARD else shown[::-1]
            return BillingPage(tuple(rows), more=len(found) > limit)

        return await self._database.read(work)

    async def count(self, query: BillingQuery, limit: int) -> Count:
        await self.close_ended()

        return await self._database.read(lambda tx: self._look(tx).count(query, limit))

    async def sums(self, query: BillingQuery) -> tuple[PracticeSum, ...]:
        await self.close_ended()
        return await self._database.read(lambda tx: self._look(tx).sums(query))

    async def invoices(self) -> tuple[InvoiceSummary, ...]:
        await self.close_ended()
        return await self._database.read(lambda tx: self._look(tx).invoices())

    async def invoice(self, account_id: int, period: Period) -> InvoiceDetail:
        await self.close_ended()
        return await self._database.read(lambda tx: self._look(tx).invoice(account_id, period))

    async def undecided(self, account_id: int, period: Period) -> Undecided:
        await self.close_ended()
        return await self._database.read(lambda tx: self._look(tx).undecided(account_id, period))
