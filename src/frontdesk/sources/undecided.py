"""What is charged unless somebody asks, as the rows of a list, and what the operator has decided about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from frontdesk.attendance import word_of
from frontdesk.billing.adjustments import QUESTIONS, Adjustment, Answer, Ground, Question
from frontdesk.billing.overview import BillingRow, InvoiceSummary, Undecided
from frontdesk.bookings import Booking, Count, Direction, Operator, Position, Presence, Reason, Standing
from frontdesk.commands import (
    Ask,
    Command,
    Held,
    MarkAttended,
    MarkNoShow,
    RequestAdjustment,
    Subject,
)
from frontdesk.errors import NotFound
from frontdesk.sources.held import piece
from frontdesk.sources.port import Asked, Piece
from frontdesk.store.port import BookingStore


class Verdict(StrEnum):
    """What an operator can say of a booking before its draft ends."""

    ATTENDED = "attended"
    DID_NOT_COME = "did not come"
    NOT_NEW = "not new"


GROUNDS: Mapping[Verdict, Ground] = {
    Verdict.DID_NOT_COME: Ground.DID_NOT_ATTEND,
    Verdict.NOT_NEW: Ground.NOT_NEW,
}
"""The ground of the request that a verdict makes; who attended is charged, and nobody asks for anything."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict that is not sent yet: of a booking as it was seen, with the answers to its questions.

    The id of its command is made once, so that sending it again does nothing twice.
    """

    verdict: Verdict
    seen: Booking
    answers: tuple[Answer, ...] = ()
    command_id: UUID = field(default_factory=uuid4)

    @property
    def question(self) -> Question | None:
        """The next question of its request that has no answer yet; None once it is complete."""
        ground = GROUNDS.get(self.verdict)
        return None if ground is None else next(iter(QUESTIONS[ground][len(self.answers) :]), None)

    def answered(self, *, yes: bool) -> "Decision":
        """Return it with the answer to its next question."""
        asked = self.question
        return self if asked is None else replace(self, answers=(*self.answers, Answer(asked.id, yes)))

    def renewed(self) -> "Decision":
        """Return it under another id, after it is certain that nothing was written under this one."""
        return replace(self, command_id=uuid4())

    def ask(self, by: Operator) -> Ask:
        """Return what it asks of the store: a mark, a request, or both at once."""
        if self.verdict is Verdict.ATTENDED:
            return MarkAttended()
        if self.verdict is Verdict.NOT_NEW or self.seen.attendance.presence is Presence.NO_SHOW:
            return RequestAdjustment(self.answers, name=by.name, ground=GROUNDS[self.verdict])
        return MarkNoShow(self.answers, name=by.name, ground=GROUNDS[self.verdict])

    def command(self, by: Operator, store_id: str) -> Command:
        """Return the one command that it is sent as."""
        subject = Subject("booking", self.seen.id)
        return Command(self.command_id, subject, self.seen.version, by, self.ask(by), store_id)

    def why_not(
        self, request: Adjustment | None, by: Operator, now: datetime, desk: Standing
    ) -> Reason | None:
        """Return why it cannot be sent, whatever answers its questions still get, or None."""
        ask = self.ask(by)
        if isinstance(ask, MarkNoShow) and self.question is not None:
            # In the first minutes it may be the answer to its first question that makes it count.
            ask = replace(ask, notice=True)
        beside = {"adjustment": (request,) if request is not None else ()}
        return ask.why_not(Held(self.seen, beside), now, desk)


@dataclass(frozen=True, slots=True)
class Item:
    """A booking of a month that is not final, and why it is listed.

    `row` is None of one that is not billed as long as nobody knows whether the patient is new, or what it
    costs. `listed_at` is the start that it is listed by. `over` is what has become of it elsewhere.
    """

    booking: Booking
    listed_at: datetime
    row: BillingRow | None = None
    is_rejected: bool = False
    decision: Decision | None = None
    over: str = ""

    @property
    def request(self) -> Adjustment | None:
        """Its latest request."""
        return self.row.request if self.row else None


class UndecidedSource:
    """The bookings of `month` that need a decision, a question or a look, in the order of their start.

    What another desk decides is said in its row and moves nothing, and takes the decision here away;
    what came in addition is counted until the list is asked for anew. Decisions are kept until they are sent.
    """

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self._asked: Asked[None] | None = None
        self._items: tuple[Item, ...] = ()
        self.month: InvoiceSummary | None = None
        self.found: Undecided | None = None
        """What the store said last of the month."""
        self.newcomers = 0
        """How many there are that the list does not show."""

    @property
    def unfiltered(self) -> None:
        return None

    @property
    def all(self) -> tuple[Item, ...]:
        """Every item, as last read and decided about."""
        return self._items

    @property
    def decided(self) -> tuple[Item, ...]:
        """The items with a decision that is complete and not sent."""
        return tuple(one for one in self._items if one.decision and one.decision.question is None)

    def show(self, month: InvoiceSummary | None) -> None:
        """Take another month, of which nothing is decided yet."""
        self.month, self.found, self._items, self._asked = month, None, (), None

    def decide(self, item_id: int, decision: Decision | None) -> None:
        """Keep what an operator has decided about an item, or let it go."""
        self._items = tuple(
            replace(one, decision=decision) if one.booking.id == item_id else one for one in self._items
        )

    def forget(self) -> None:
        """Let every decision go."""
        self._items = tuple(replace(one, decision=None) for one in self._items)

    async def page(
        self, asked: Asked[None], limit: int, position: Position | None, direction: Direction
    ) -> Piece[Item]:
        """Return a piece of what was read when this question came first."""
        # One that was asked anew may be of the very same moment.
        if asked is not self._asked:
            kept = {one.booking.id: one.decision for one in self._items}
            fresh = await self._fresh()
            self._items = tuple(replace(one, decision=_kept(one, kept)) for one in fresh)
            self._asked, self.newcomers = asked, 0
        return piece(self._items, self.place, limit, position, direction)

    async def _fresh(self) -> tuple[Item, ...]:
        if self.month is None:
            return ()
        found = self.found = await self._store.undecided(self.month.account_id, self.month.period)
        items = (
            *(Item(row.booking, row.booking.starts_at, row) for row in found.rows),
            *(Item(row.booking, row.booking.starts_at, row, is_rejected=True) for row in found.rejected),
            *(Item(booking, booking.starts_at) for booking in found.questions),
        )
        return tuple(sorted(items, key=self.place))

    async def catch_up(self) -> tuple[Item, ...]:
        """Learn what became of each item; return those whose decision here another desk has made void."""
        shown = self._items
        fresh = {one.booking.id: one for one in await self._fresh()}
        caught_up = {
            item.booking.id: replace(fresh[item.booking.id], listed_at=item.listed_at)
            if item.booking.id in fresh
            else await self._what_became_of(item)
            for item in shown
        }
        lost: list[Item] = []
        items: list[Item] = []
        # Meanwhile the operator may have decided about one of them, or had the list read again.
        for item in self._items:
            now = caught_up.get(item.booking.id, item)
            kept = _kept(now, {item.booking.id: item.decision})
            if item.decision is not None and kept is None:
                lost.append(now)
            items.append(replace(now, decision=kept))
        self._items = tuple(items)
        self.newcomers = len(fresh.keys() - {item.booking.id for item in items})
        return tuple(lost)

    async def _what_became_of(self, item: Item) -> Item:
        try:
            booking = await self._store.get(item.booking.id)
        except NotFound:
            return replace(item, over="not here any more")
        if booking.cancellation is not None:
            return replace(item, booking=booking, over="cancelled")
        marked = booking.attendance.presence
        said = "asked" if marked in (Presence.NONE, Presence.UNKNOWN) else word_of(marked)
        return replace(item, booking=booking, over=said)

    async def count(self, asked: Asked[None], limit: int) -> Count | None:
        """Nothing narrows this list."""
        return None

    async def rows(self, ids: Sequence[int]) -> tuple[Item, ...]:
        """Return the items as they were when last caught up with."""
        return tuple(item for item in self._items if item.booking.id in ids)

    def id(self, row: Item) -> int:
        return row.booking.id

    def place(self, row: Item) -> Position:
        return Position(row.listed_at, row.booking.id)

    def start(self, asked: Asked[None]) -> None:
        """Begin with the first one."""
        return

    def crossed(self, row: Item, since: datetime, now: datetime) -> bool:
        """A row says nothing that depends on the time."""
        return False

    def words(self, filters: None) -> tuple[str, ...]:
        return ()


def _kept(item: Item, decisions: Mapping[int, Decision | None]) -> Decision | None:
    """Return the decision of an item, if what was decided is still what stands there."""
    decision = decisions.get(item.booking.id)
    return decision if decision and not item.over and decision.seen.version == item.booking.version else None
