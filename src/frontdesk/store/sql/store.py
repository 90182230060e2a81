"""The store on a SQL database: every method of the port as one short transaction."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from frontdesk.audit import AuditEvent
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import Adjustment
from frontdesk.billing.overview import (
    BillingPage,
    BillingQuery,
    InvoiceDetail,
    InvoiceSummary,
    PracticeSum,
    Undecided,
)
from frontdesk.billing.periods import Period
from frontdesk.bookings import (
    Booking,
    BookingQuery,
    Count,
    Direction,
    Operator,
    Page,
    Position,
    Practice,
    Practitioner,
    Row,
    Standing,
    why_not_write,
)
from frontdesk.commands import Command, Done
from frontdesk.deliveries import Attention, Delivery
from frontdesk.errors import CommitLost, FrontdeskError, Refused, Unavailable
from frontdesk.identity import Related
from frontdesk.store import records
from frontdesk.store.port import CHANGES_AT_ONCE, STORE, Change
from frontdesk.store.search.pages import count_rows, nearest, page_rows
from frontdesk.store.sql import deliveries, doing, hearing, holding, related, selects, troubles
from frontdesk.store.sql.billing import SqlBilling
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.diaries import SqlDiaries
from frontdesk.store.sql.listed import listed
from frontdesk.store.sql.queue import SqlQueue
from frontdesk.store.sql.registry import SqlRegistry
from frontdesk.store.sql.sealing import head
from frontdesk.store.sql.selects import (
    ADJUSTMENT,
    APPOINTMENT_TYPE,
    AUDIT,
    BOOKED,
    BOOKING,
    CHANGE,
    COMMAND,
    DELIVERY,
    PRACTICE,
    PRACTITIONER,
)
from frontdesk.store.under_way import CommandsUnderWay, cleaned
from frontdesk.store_state import StoreState
from frontdesk.text import clean, clean_fields, fold

_BILLED = frozenset({"account", "invoice", "adjustment"})
"""Commands on these find every month numbered that has ended."""

HISTORY_LIMIT = 500


class SqlStore:
    """Bookings in a SQL database, as one desk reads and cancels them; see BookingStore.

    For programs on the machine that has it, `registry` is the same store as a whole, and
    `queue` is its deliveries as dispatchers carry them out, `diaries` is what readers of diaries keep.
    """

    def __init__(self, database: Database, standing: Standing) -> None:
        self._database = database
        self._standing = standing
        self._billing = SqlBilling(database, standing)
        self._under_way = CommandsUnderWay()
        self._counts = PracticeCounts()
        self._lost: dict[UUID, str] = {}
        self.registry = SqlRegistry(database)
        self.queue = SqlQueue(database)
        self.diaries = SqlDiaries(database)

    def as_desk(self, standing: Standing) -> "SqlStore":
        """Return the same store as a desk of another standing sees it; closing this one closes both."""
        seen = SqlStore(self._database, standing)
        seen._under_way, seen._counts, seen._lost = self._under_way, self._counts, self._lost
        seen._billing = self._billing.as_desk(standing)
        return seen

    async def page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        restricted = self._restricted(query)
        if restricted is None:
            return Page((), more=False)

        def work(tx: Connection) -> Page:
            search, mine = self._database.search, self._standing.practices
            found = page_rows(tx, search, restricted, limit, position, direction, mine)
            rows = records.listed(found.rows, restricted.as_of)
            return Page(rows, found.more, found.searched_until, found.beside)

        return await self._database.read(work)

    async def count(self, query: BookingQuery, limit: int) -> Count:
        restricted = self._restricted(query)
        if restricted is None:
            return Count(0, exact=True)
        return await self._database.read(lambda tx: count_rows(tx, self._database.search, restricted, limit))

    async def nearest(self, text: str, limit: int) -> tuple[str, ...]:
        def work(tx: Connection) -> tuple[str, ...]:
            everybody = self._restricted(BookingQuery(self._database.now(tx)))
            return nearest(tx, self._database.search, everybody, text, limit) if everybody else ()

        return await self._database.read(work)

    def _restricted(self, query: BookingQuery) -> BookingQuery | None:
        """Return the query within this desk's practices, or None when nothing is left of it."""
        mine = self._standing.practices
        if mine is None:
            return query
        both = query.practices & mine if query.practices else mine
        return replace(query, practices=both) if both else None

    async def get(self, booking_id: int) -> Booking:
        return await self._database.read(lambda tx: holding.booking(tx, booking_id, self._standing))

    async def rows(self, booking_ids: Sequence[int]) -> tuple[Row, ...]:
        def work(tx: Connection) -> tuple[Row, ...]:
            now = self._database.now(tx)
            asked = listed(booking_ids, now, self._standing.practices)
            return records.listed(tx.execute(*asked).all(), now)

        return await self._database.read(work)

    async def find(self, ref: str, practice_id: str | None = None) -> tuple[Booking, ...]:
        query = self._mine(BOOKED.where(BOOKING.c.ref == clean(ref))).order_by(BOOKING.c.id)
        if practice_id is not None:
            query = query.where(BOOKING.c.practice_id == practice_id)
        return await self._database.read(lambda tx: records.bookings(tx.execute(query)))

    def _mine(self, query: Select[Any]) -> Select[Any]:
        return selects.at_practices(query, self._standing.practices)

    async def related(self, booking_id: int) -> Related:
        return await self._database.read(
            lambda tx: related.related(tx, self._database, booking_id, self._standing)
        )

    async def do(self, command: Command) -> Done[Any]:
        command = cleaned(command)
        return await self._under_way.carry_out(command.id, self._do(command))

    async def _do(self, command: Command) -> Done[Any]:
        if self._present_standing().why_not_writable:
            await self._refuse_writing(command)
        if command.subject.kind in _BILLED:
            await self._billing.close_ended()
        try:
            return await self._database.write(
                lambda tx: doing.do(tx, self._database, command, self._standing)
            )
        except CommitLost as lost:
            self._lost[command.id] = lost.place
            return await self._after_lost_commit(command.id, lost)

    async def _after_lost_commit(self, command_id: UUID, lost: CommitLost) -> Done[Any]:
        try:
            done = await self._outcome(command_id)
        except FrontdeskError:
            raise lost from None
        if done is None:
            raise lost.fault
        return done

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        await self._under_way.ended(command_id)
        return await self._outcome(command_id)

    async def _outcome(self, command_id: UUID) -> Done[Any] | None:
        return await self._database.proven(partial(self._look, doing.outcome, command_id))

    async def give_up(self, command_id: UUID) -> Done[Any] | None:
        await self._under_way.ended(command_id)
        return await self._database.proven(
            partial(self._look, doing.outcome, command_id),
            partial(self._look, doing.give_up, command_id),
        )

    def _look(
        self, ask: Callable[..., Done[Any] | None], command_id: UUID, tx: Connection
    ) -> Done[Any] | None:
        """Return what `ask` finds of a command. Raises Unavailable where it cannot be known here."""
        done = ask(tx, self._database, command_id, self._standing)
        here, sent_to = self._database.place(tx), self._lost.get(command_id)
        if done is None and here and sent_to is not None and sent_to != here:
            raise Unavailable(
                f"{self._database.where} is now another server than the one that was to save this, and does "
                "not have it: look whether it is done, and ask its practice."
            )
        return done

    async def history(self, booking_id: int) -> tuple[AuditEvent, ...]:
        def work(tx: Connection) -> tuple[AuditEvent, ...]:
            holding.booking(tx, booking_id, self._standing)
            wanted = select(AUDIT).where(AUDIT.c.booking_id == booking_id)
            newest_first = wanted.order_by(AUDIT.c.number.desc()).limit(HISTORY_LIMIT)
            return tuple(selects.event(row) for row in tx.execute(newest_first).all())

        return await self._database.read(work)

    async def deliveries(self, booking_id: int) -> tuple[Delivery, ...]:
        return await self._database.read(lambda tx: deliveries.deliveries(tx, booking_id, self._standing))

    async def adjustments(self, booking_id: int) -> tuple[Adjustment, ...]:
        def work(tx: Connection) -> tuple[Adjustment, ...]:
            holding.booking(tx, booking_id, self._standing)
            wanted = select(ADJUSTMENT).where(ADJUSTMENT.c.booking_id == booking_id)
            rows = tx.execute(wanted.order_by(ADJUSTMENT.c.id)).all()
            return tuple(selects.adjustment(row) for row in rows)

        return await self._database.read(work)

    async def attention(self, limit: int) -> tuple[Attention, ...]:
        return await self._database.read(
            lambda tx: deliveries.attention(tx, self._database, limit, self._standing)
        )

    async def practices(self) -> tuple[Practice, ...]:
        query = select(PRACTICE)
        if self._standing.practices is not None:
            query = query.where(PRACTICE.c.id.in_(self._standing.practices))
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        return records.practices(rows)

    async def practitioners(self) -> tuple[Practitioner, ...]:
        query = select(PRACTITIONER)
        if self._standing.practices is not None:
            query = query.where(PRACTITIONER.c.practice_id.in_(self._standing.practices))
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        return records.practitioners(rows)

    async def appointment_types(self) -> tuple[str, ...]:
        query = select(APPOINTMENT_TYPE.c.name).distinct()
        if self._standing.practices is not None:
            query = query.where(APPOINTMENT_TYPE.c.practice_id.in_(self._standing.practices))
        names = await self._database.read(lambda tx: tx.execute(query).scalars().all())
        return tuple(sorted(names, key=lambda name: (fold(name), name)))

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        news = select(CHANGE).where(CHANGE.c.number > after)
        news = news.order_by(CHANGE.c.number).limit(CHANGES_AT_ONCE)

        def look(tx: Connection) -> tuple[Change, ...]:
            last = head(tx)
            if last.change < after or store_id not in ("", last.store_id):
                at = self._database.now(tx)
                return (Change(last.change, STORE, None, selects.NOBODY, at),)
            return hearing.heard(tx, self._standing, news)

        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        with self._database.news() as word:
            while True:
                if changes := await self._database.read(look):
                    return changes
                await word.wait(max(0.0, deadline - loop.time()))
                if loop.time() >= deadline:
                    # Who goes on following asks again, and that looks first.
                    return ()

    async def last_write(self, operator: Operator, since: datetime) -> Done[Booking] | None:
        operator = clean_fields(operator)
        commands = select(COMMAND).join(BOOKING, BOOKING.c.id == COMMAND.c.subject_id)
        own = COMMAND.c.operator == operator.name, COMMAND.c.via == operator.via
        of_bookings = commands.where(COMMAND.c.subject_kind == "booking", *own, COMMAND.c.at > since)
        query = self._mine(of_bookings).order_by(COMMAND.c.at.desc()).limit(1)

        def work(tx: Connection) -> Done[Booking] | None:
            row = tx.execute(query).one_or_none()
            return None if row is None else doing.done_of(tx, row, self._standing)

        return await self._database.read(work)

    async def state(self) -> StoreState:
        columns = DELIVERY.c.state, DELIVERY.c.connection
        counting = select(*columns, func.count().label("number"))
        counting = counting.where(DELIVERY.c.state.in_(records.COUNTED_STATES))
        if self._standing.practices is not None:
            counting = counting.where(DELIVERY.c.booking_id.in_(self._mine(select(BOOKING.c.id))))
        counting = counting.group_by(*columns)

        def work(tx: Connection) -> StoreState:
            last = head(tx)
            standing, now = self._present_standing(tx), self._database.now(tx)
            return records.state(
                standing,
                now,
                last.change,
                self._bookings(tx, last.bookings),
                last.store_id,
                tx.execute(counting),
                tx.execute(troubles.living(now)),
                tx.execute(troubles.troubled(self._standing.practices)),
            )

        return await self._database.read(work)

    def _bookings(self, tx: Connection, all_bookings: int) -> int:
        mine = self._standing.practices
        return all_bookings if mine is None else self._counts.of(tx, mine, all_bookings)

    def _present_standing(self, tx: Connection | None = None) -> Standing:
        why_not = self._standing.why_not_writable or self._database.why_not_writable(tx)
        return replace(self._standing, why_not_writable=why_not)

    async def _refuse_writing(self, command: Command) -> None:
        """Say why nothing can be written, where something is there that could be written to."""
        practice = await self._database.read(
            lambda tx: holding.practice_of(tx, command.subject, self._standing)
        )
        if reason := why_not_write(practice, self._present_standing(), command.ask.scope):
            raise Refused(reason)

    async def accounts(self) -> tuple[Account, ...]:
        return await self._billing.accounts()

    async def billing_page(
        self, query: BillingQuery, limit: int, position: Position | None, direction: Direction
    ) -> BillingPage:
        return await self._billing.page(query, limit, position, direction)

    async def billing_count(self, query: BillingQuery, limit: int) -> Count:
        return await self._billing.count(query, limit)

    async def billing_sums(self, query: BillingQuery) -> tuple[PracticeSum, ...]:
        return await self._billing.sums(query)

    async def invoices(self) -> tuple[InvoiceSummary, ...]:
        return await self._billing.invoices()

    async def invoice(self, account_id: int, period: Period) -> InvoiceDetail:
        return await self._billing.invoice(account_id, period)

    async def undecided(self, account_id: int, period: Period) -> Undecided:
        return await self._billing.undecided(account_id, period)

    async def close(self) -> None:
        await self._database.close()


class PracticeCounts:
    """The number of bookings that some practices have, for desks that work with those only.

    They are counted once after each load: between loads none comes, goes, or changes its
    practice, and to count a million for every look at the store's state takes too long.
    """

    def __init__(self) -> None:
        self._known: dict[frozenset[str], tuple[int, int]] = {}

    def of(self, tx: Connection, practices: frozenset[str], all_bookings: int) -> int:
        """Return how many bookings `practices` have of the `all_bookings` that there are now."""
        counted_at, number = self._known.get(practices, (-1, 0))
        if counted_at != all_bookings:
            counting = selects.at_practices(select(func.count()).select_from(BOOKING), practices)
            number = tx.execute(counting).scalar_one()
            self._known[practices] = all_bookings, number
        return number
