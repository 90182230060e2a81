"""A store may give a search up for the time it takes; the list asks on, and never claims too much."""

import asyncio
import dataclasses
from typing import Any

from frontdesk.bookings import BookingQuery, Count, Direction, Page, Position
from frontdesk.store.port import BookingStore
from tests.screens.conftest import FrontOpener


class GivesUp:
    """A store in front of the real one that finds two rows at a time, or none at all."""

    def __init__(self, store: BookingStore, rows_at_once: int) -> None:
        self._store = store
        self._rows_at_once = rows_at_once

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        if not query.text:
            return await self._store.page(query, limit, position, direction)
        if not self._rows_at_once:
            return Page((), more=True, searched_until=position)
        page = await self._store.page(query, min(limit, self._rows_at_once), position, direction)
        forward = direction is Direction.FORWARD
        if not page.more:
            return page
        edge = page.rows[-1 if forward else 0].booking
        return dataclasses.replace(page, searched_until=Position(edge.starts_at, edge.id))


async def test_a_search_given_up_is_taken_up_until_the_page_is_full(open_front: FrontOpener) -> None:
    async with open_front(wrap=lambda store: GivesUp(store, 2)) as front:
        await front.type("kov")
        assert len(front.screen.listing.view.rows) == 8
        assert front.marked.ref == "SD-10485"
        assert not front.screen.listing.view.more_after


async def test_nobody_found_is_not_said_before_everything_was_looked_at(open_front: FrontOpener) -> None:
    async with open_front(wrap=lambda store: GivesUp(store, 0)) as front:
        await front.type("kov")
        text = "\n".join(front.lines())
        assert "Nobody found yet" in text
        assert "PgDn searches later days" in text
        await front.press("pagedown", "pageup", "down", "up")
        assert "Nobody found yet" in "\n".join(front.lines())


class CountsSlowly:
    """A store in front of the real one whose counts come only when the test lets them."""

    def __init__(self, store: BookingStore) -> None:
        self._store = store
        self.may_answer = asyncio.Event()
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def count(self, query: BookingQuery, limit: int) -> Count:
        self.asked += 1
        await self.may_answer.wait()
        return await self._store.count(query, limit)


async def test_a_slow_count_is_not_begun_anew_by_what_other_desks_do(open_front: FrontOpener) -> None:
    stores: list[CountsSlowly] = []

    def slow(store: BookingStore) -> BookingStore:
        stores.append(CountsSlowly(store))
        return stores[0]

    async with open_front(wrap=slow) as front:
        (store,) = stores
        await front.pilot.press("l", "e", "e")
        await front.app.settled()
        asked = store.asked
        for _ in range(3):
            front.screen.show_list()
            await front.pilot.pause()
        assert store.asked == asked
        store.may_answer.set()
        await front.idle()
        assert "to come" in front.line("found")
