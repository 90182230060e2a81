"""What needs a person, as the rows of a list: read at once, and from then on each in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from frontdesk.bookings import Count, Direction, Position
from frontdesk.deliveries import Attention, Delivery, State
from frontdesk.sources.port import Asked, Piece
from frontdesk.store.port import BookingStore

LIMIT = 500
"""How many are listed; there may be more."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do. `ended` is the delivery once it needs no person any more, while it is on screen.

    `listed_at` is the start of its appointment when the list was read, which it is listed by.
    """

    attention: Attention
    listed_at: datetime
    ended: Delivery | None = None

    @property
    def id(self) -> int:
        """The delivery's id: what the cursor belongs to."""
        return self.attention.delivery.id


class AttentionSource:
    """What needed a person when it was asked for: nearest appointment first, passed ones last.

    What becomes of an item is said in its row and moves nothing; what came in addition is
    counted until the list is asked for anew. Only `take_out` takes a row away.
    """

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self._asked: Asked[None] | None = None
        self._items: tuple[Item, ...] = ()
        self.newcomers = 0
        """How many there are that the list does not show."""
        self.has_more = False
        """Whether there are more than a list shows."""

    @property
    def unfiltered(self) -> None:
        return None

    @property
    def number_open(self) -> int:
        """How many items of the list still need a person."""
        return sum(item.ended is None for item in self._items)

    async def page(
        self, asked: Asked[None], limit: int, position: Position | None, direction: Direction
    ) -> Piece[Item]:
        """Return a piece of what was read when this question came first."""
        # One that was asked anew may be of the very same moment.
        if asked is not self._asked:
            found = [Item(one, one.booking.starts_at) for one in await self._fresh()]
            self._items = tuple(sorted(found, key=lambda item: _order(self.place(item), asked.as_of)))
            self._asked, self.newcomers = asked, 0
        beyond = self._items
        if position is not None:
            here, forward = _order(position, asked.as_of), direction is Direction.FORWARD
            places = [(item, _order(self.place(item), asked.as_of)) for item in self._items]
            beyond = tuple(item for item, at in places if (at > here if forward else at < here))
        page = beyond[:limit] if direction is Direction.FORWARD else beyond[max(0, len(beyond) - limit) :]
        return Piece(page, more=len(page) < len(beyond))

    async def _fresh(self) -> tuple[Attention, ...]:
        found = await self._store.attention(LIMIT + 1)
        self.has_more = len(found) > LIMIT
        return found[:LIMIT]

    async def catch_up(self) -> None:
        """Learn what became of each item, and how many there are in addition."""
        shown = self._items
        found = {attention.delivery.id: attention for attention in await self._fresh()}
        caught_up = {
            item.id: replace(item, attention=found[item.id], ended=None)
            if item.id in found
            else await self._what_became_of(item)
            for item in shown
        }
        # Meanwhile the operator may have settled one of them, or had the list read again.
        self._items = tuple(caught_up.get(item.id, item) for item in self._items)
        self.newcomers = len(found.keys() - {item.id for item in self._items})

    async def _what_became_of(self, item: Item) -> Item:
        for delivery in await self._store.deliveries(item.attention.booking.id):
            if delivery.id == item.id:
                return replace(item, ended=None if delivery.state is State.ATTENTION else delivery)
        return item

    def take_out(self, item_id: int) -> None:
        """Let an item go that this operator has settled."""
        self._items = tuple(item for item in self._items if item.id != item_id)

    async def count(self, asked: Asked[None], limit: int) -> Count | None:
        """Nothing narrows this list."""
        return None

    async def rows(self, ids: Sequence[int]) -> tuple[Item, ...]:
        """Return the items as they were when last caught up with."""
        return tuple(item for item in self._items if item.id in ids)

    def id(self, row: Item) -> int:
        return row.id

    def place(self, row: Item) -> Position:
        return Position(row.listed_at, row.id)

    def start(self, asked: Asked[None]) -> None:
        """Begin with the first one."""
        return

    def crossed(self, row: Item, since: datetime, now: datetime) -> bool:
        """A row names its appointment's start, before and after it alike."""
        return False

    def words(self, filters: None) -> tuple[str, ...]:
        return ()


def _order(place: Position, as_of: datetime) -> tuple[bool, float, int]:
    """Return what items are ordered by: appointments ahead, the nearest first; then the latest passed one."""
    has_passed, at = place.starts_at <= as_of, place.starts_at.timestamp()
    return has_passed, -at if has_passed else at, place.id
