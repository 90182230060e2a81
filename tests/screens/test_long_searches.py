"""A store may give a search up for the time it takes; the list asks on, and never claims too much."""

import dataclasses
from typing import Any

from frontdesk.bookings import BookingQuery, Direction, Page, Position
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
            return Page((), more_before=True, more_after=True, searched_until=position)
        page = await self._store.page(query, min(limit, self._rows_at_once), position, direction)
        forward = direction is Direction.FORWARD
        if not (page.more_after if forward else page.more_before):
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
        assert "PgDn looks further on" in text
        await front.press("pagedown", "pageup", "down", "up")
        assert "Nobody found yet" in "\n".join(front.lines())
