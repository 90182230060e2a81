"""Word of changes for any number of streams, out of one look at the store.

The database has one reader of changes a server process while any stream is open, and none
otherwise; a batch of changes costs one more read, of where its bookings belong, for as long
as some stream may not see all practices.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from frontdesk.bookings import Scope, Standing
from frontdesk.errors import FrontdeskError
from frontdesk.store.port import BILLED, STORE, Change, ServedStore, as_heard

MOST_WAITING = 1000
"""Changes kept for a desk that reads too slowly; then its stream ends, and it asks anew."""

_WAIT_SECONDS = 60.0

Billed = Mapping[frozenset[str], Collection[int]]
"""The numbers of the news of billing that a desk of some practices may read, by these practices."""


class Subscription:
    """What one stream has still to be told."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self._waiting: deque[Change] = deque()
        self._news = asyncio.Event()
        self.is_over = False

    @property
    def sees_all(self) -> bool:
        """Whether no practice is hidden from it."""
        return self.standing.practices is None

    @property
    def sees_some_billing(self) -> bool:
        """Whether the store has to be asked what it may see of billing."""
        return Scope.BILL in self.standing.scopes and not self.sees_all

    def tell(self, changes: Sequence[Change], places: Mapping[int, str], billed: Billed) -> None:
        """Add those of the changes that it may see.

        `places` has the practices of their bookings, `billed` what others may see of billing.
        """
        seen = [as_heard(one, self.standing) for one in changes if self._may_hear(one, places, billed)]
        if len(self._waiting) + len(seen) > MOST_WAITING:
            self.end()
        elif seen:
            self._waiting.extend(seen)
            self._news.set()

    def _may_hear(self, change: Change, places: Mapping[int, str], billed: Billed) -> bool:
        practices = self.standing.practices
        if change.subject.kind in BILLED:
            may_bill = Scope.BILL in self.standing.scopes
            return may_bill and (practices is None or change.number in billed.get(practices, ()))
        if practices is None:
            return True
        if change.booking_id is None:
            return change.subject.kind in ("booking", STORE.kind)
        return places.get(change.booking_id) in practices

    def end(self) -> None:
        """Let the stream end: the store is away, the server closes, or it lags too far behind."""
        self.is_over = True
        self._news.set()

    async def next(self, seconds: float) -> tuple[Change, ...]:
        """Return what has come, waiting at most `seconds` for something; numbers may be known already."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), max(0.0, seconds))
        told = tuple(self._waiting)
        self._waiting.clear()
        if not self.is_over:
            self._news.clear()
        return told


class Broadcast:
    """Tells all streams what one watcher of the store hears."""

    def __init__(self, store: ServedStore, report: Callable[[BaseException], str]) -> None:
        self._store = store
        self._report = report
        self._subscriptions: set[Subscription] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._is_closed = False

    @contextmanager
    def subscription(self, standing: Standing, number: int, store_id: str) -> Iterator[Subscription]:
        """Hear of the changes that a desk of this standing may read, for as long as the context lasts.

        `number` is one that the store had at some moment before this, when its id was `store_id`.
        All that was written since this moment is told; what was written before it, perhaps.
        """
        subscription = Subscription(standing)
        self._subscriptions.add(subscription)
        if self._is_closed:
            subscription.end()
        elif self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(number, store_id))
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            if not self._subscriptions:
                self._stop_watching()

    def close(self) -> None:
        """End all streams, now and in future: the server closes."""
        self._is_closed = True
        self._end_all()
        self._stop_watching()

    def _stop_watching(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    def _end_all(self) -> None:
        for subscription in self._subscriptions:
            subscription.end()

    async def _watch(self, number: int, store_id: str) -> None:
        try:
            while True:
                changes = await self._store.changes(number, _WAIT_SECONDS, store_id)
                if changes:
                    if changes[-1].subject == STORE:
                        store_id = (await self._store.state()).store_id
                    await self._tell(changes)
                    number = changes[-1].number
        except FrontdeskError:
            self._give_up()
        except Exception as error:
            self._report(error)
            self._give_up()

    def _give_up(self) -> None:
        # Desks connect again automatically; the next one starts a new watcher.
        self._watcher = None
        self._end_all()

    async def _tell(self, changes: Sequence[Change]) -> None:
        places: dict[int, str] = {}
        changed = {one.booking_id for one in changes if one.booking_id is not None}
        if changed and not all(one.sees_all for one in self._subscriptions):
            rows = await self._store.rows(sorted(changed))
            places = {row.booking.id: row.booking.practice.id for row in rows}
        billed = await self._billed(changes)
        for subscription in self._subscriptions:
            subscription.tell(changes, places, billed)

    async def _billed(self, changes: Sequence[Change]) -> Billed:
        """Return what those may see of billing who see some practices: whose accounts these are, the store knows."""
        if not any(one.subject.kind in BILLED for one in changes):
            return {}
        asking = {
            one.standing.practices: one.standing for one in self._subscriptions if one.sees_some_billing
        }
        return {
            practices: {
                one.number for one in await self._store.as_desk(standing).changes(changes[0].number - 1, 0)
            }
            for practices, standing in asking.items()
            if practices is not None
        }
