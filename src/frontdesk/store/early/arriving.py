"""A store that answers the first questions before it is there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from frontdesk.bookings import BookingQuery, Direction, Page, Position, Practice, Practitioner
from frontdesk.store.early.reads import EarlyReads, Unusual
from frontdesk.store.port import BookingStore
from frontdesk.store_state import StoreState

Answer = TypeVar("Answer")


class ArrivingStore:
    """A BookingStore in front of one that takes a while to open.

    What `early` can answer is answered at once. The first question that it cannot answer
    has `open_store` called, once; it and all later ones wait for that. When opening fails
    they raise what it raised, and the next question tries again.
    """

    def __init__(self, early: EarlyReads, open_store: Callable[[], Awaitable[BookingStore]]) -> None:
        self._early = early
        self._open_store = open_store
        self._opening: asyncio.Task[BookingStore] | None = None
        self._store: BookingStore | None = None

    async def state(self) -> StoreState:
        return await self._answer(self._early.state, "state")

    async def practices(self) -> tuple[Practice, ...]:
        return await self._answer(self._early.practices, "practices")

    async def practitioners(self) -> tuple[Practitioner, ...]:
        return await self._answer(self._early.practitioners, "practitioners")

    async def page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        return await self._answer(self._early.page, "page", query, limit, position, direction)

    async def _answer(self, early: Callable[..., Awaitable[Answer]], name: str, *question: Any) -> Answer:
        if self._store is None:
            try:
                return await early(*question)
            except Unusual:
                pass
        answer: Answer = await getattr(await self._arrived(), name)(*question)
        return answer

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Return a method of the store that waits until the store is there."""
        if name.startswith("_"):
            raise AttributeError(name)

        async def ask(*question: Any, **named: Any) -> Any:
            return await getattr(await self._arrived(), name)(*question, **named)

        return ask

    async def _arrived(self) -> BookingStore:
        if self._store is not None:
            return self._store
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(self._opened)
        # Whoever asked may go away meanwhile; the others still wait.
        return await asyncio.shield(self._opening)

    async def _open(self) -> BookingStore:
        store = await self._open_store()
        self._store = store
        await self._early.close()
        return store

    def _opened(self, opening: "asyncio.Task[BookingStore]") -> None:
        if opening.cancelled() or opening.exception() is not None:
            self._opening = None

    async def close(self) -> None:
        if self._opening is not None:
            # Whoever leaves does not wait until a store is there that nobody asks anything any more.
            self._opening.cancel()
            await asyncio.wait([self._opening])
        await self._early.close()
        if self._store is not None:
            await self._store.close()
