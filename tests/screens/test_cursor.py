"""A view belongs to its query, and the cursor to a booking: whatever is pressed, resized, changed or cut."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.bookings import Booking, BookingQuery, Direction, Page, Position, Row
from frontdesk.errors import FrontdeskError, Unavailable
from frontdesk.listing import Listing
from frontdesk.sources.bookings import BookingSource
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.making import cancel, cancel_of
from tests.screens.desk_data import NOW, TOM, everything
from tests.screens.test_listing import MOVES, Bookings, matches

SEARCHES = {"search kov", "search neighbour"}
FILTERS = {"clear", "upcoming", "cancelled", "week", "port", "everything"}
ASKED = {"search kov": "kov", "search neighbour": "neighbour", "clear": ""}
HEIGHTS = st.one_of(st.integers(2, 5), st.integers(2, 30))
STEPS = st.one_of(
    st.sampled_from(sorted(MOVES)),
    st.sampled_from(["down", "page on", "refresh"]),
    st.tuples(st.just("resize"), HEIGHTS),
    st.tuples(st.sampled_from(["cancel", "move back", "move on"]), st.integers(0, 29)),
    st.sampled_from(["cut", "heal"]),
)


class Remembers:
    """A store in front of the real one that can be cut off, and knows which rows it gave for which question."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.is_cut = False
        self.given: dict[BookingQuery, set[int]] = {}

    async def page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        self._there()
        page = await self.store.page(query, limit, position, direction)
        self.given.setdefault(query, set()).update(row.booking.id for row in page.rows)
        return page

    async def rows(self, ids: list[int]) -> tuple[Row, ...]:
        self._there()
        return await self.store.rows(ids)

    def _there(self) -> None:
        if self.is_cut:
            raise Unavailable("The line is cut.")


async def other_desk(store: SqlStore, booking: Booking, what: str) -> None:
    """Another desk cancels the booking, or its time changes by three days."""
    (fresh,) = await store.find(booking.ref, booking.practice.id)
    if what == "cancel":
        if fresh.cancellation is None and fresh.starts_at > NOW:
            await cancel(store, cancel_of(fresh, TOM))
        return
    moved = fresh.starts_at + timedelta(days=3 if what == "move on" else -3)
    template = next(one for one in everything() if one.ref == booking.ref)
    await store.registry.load([replace(template, starts_at=moved, ends_at=None)], TOM, "tests")


async def step(listing: Bookings, store: Remembers, name: str, number: int) -> None:
    """Do one thing, as the screen would."""
    if name == "cut":
        store.is_cut = True
    elif name == "heal":
        store.is_cut = False
        if listing.view.rows:
            await listing.repaint(row.booking.id for row in listing.view.rows)
            await listing.fill()
        else:
            await listing.refresh()
    elif name == "resize":
        await listing.resize(number)
    elif name in MOVES:
        await MOVES[name](listing)
    elif listing.view.rows:
        booking = listing.view.rows[number % len(listing.view.rows)].booking
        await other_desk(store.store, booking, name)
        if name == "cancel":
            await listing.repaint([booking.id])


async def walk(path: Path, height: int, steps: list[Any]) -> None:
    real = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
    try:
        store = Remembers(real)
        listing = Listing(
            BookingSource(cast("Any", store), lambda: NOW, await real.practices()), lambda: NOW, height=height
        )
        await listing.start()
        stood = listing.current
        for one in steps:
            name, number = one if isinstance(one, tuple) else (one, 0)
            before = listing.current
            try:
                await step(listing, store, name, number)
            except FrontdeskError:
                assert store.is_cut
            assert listing.text == ASKED.get(name, listing.text), "what was asked for is what it says"
            view, now = listing.view, listing.current
            given = store.given.get(listing.filters.query(listing.text, NOW), set())
            assert {row.booking.id for row in view.rows} <= given, f"{one}: rows of another question"
            assert not (view.rows and listing.query is None)
            assert len(view.rows) <= listing.height
            assert len({row.booking.id for row in view.rows}) == len(view.rows)
            assert not view.rows or 0 <= view.cursor < len(view.rows)
            if name in {"resize", "cancel", "move back", "move on", "cut"} and before is not None:
                assert now is not None, one
                assert now.booking.id == before.booking.id, one
            if name in {"heal", "refresh"} | FILTERS and stood is not None and listing.query is not None:
                (fresh,) = await real.rows([stood.booking.id])
                if matches(listing, fresh.booking, NOW) or (name == "heal" and before is not None):
                    assert now is not None, one
                    assert now.booking.id == stood.booking.id, one
            moves = any(isinstance(other, tuple) and "move" in other[0] for other in steps)
            if name == "resize" and not (store.is_cut or moves) and now is not None:
                assert len(view.rows) == listing.height or not (view.more_before or view.more_after)
            if now is not None:
                stood = now
            elif name in SEARCHES or (name in MOVES and name not in FILTERS):
                stood = None
    finally:
        await real.close()


def _on_a_copy(store: Path, height: int, steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.db"
        shutil.copy(store, path)
        asyncio.run(walk(path, height, steps))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(height=HEIGHTS, steps=st.lists(STEPS, min_size=10, max_size=25))
def test_rows_belong_to_their_query_and_the_cursor_to_its_booking(
    filled_store: Path, height: int, steps: list[Any]
) -> None:
    _on_a_copy(filled_store, height, steps)


@pytest.mark.full
@settings(max_examples=300, deadline=None)
@given(height=HEIGHTS, steps=st.lists(STEPS, max_size=60))
def test_the_same_at_length(filled_store: Path, height: int, steps: list[Any]) -> None:
    _on_a_copy(filled_store, height, steps)


async def listing_on(path: Path, height: int) -> tuple[Bookings, Remembers]:
    real = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
    store = Remembers(real)
    listing = Listing(
        BookingSource(cast("Any", store), lambda: NOW, await real.practices()), lambda: NOW, height=height
    )
    await listing.start()
    return listing, store


async def test_a_booking_that_moved_takes_no_page_along(store_path: Path) -> None:
    listing, store = await listing_on(store_path, 10)
    last = listing.view.rows[-1].booking
    after = Position(last.starts_at, last.id)
    query = listing.query
    assert query is not None
    beyond = await store.store.page(query.filters.query(query.text, query.as_of), 9, after, Direction.FORWARD)
    await other_desk(store.store, last, "move on")
    await listing.repaint([last.id])
    assert listing.view.rows[-1].booking.starts_at > last.starts_at
    await listing.turn_page(Direction.FORWARD)
    shown = [row.booking.id for row in listing.view.rows]
    assert shown[1:] == [row.booking.id for row in beyond.rows]
    await store.store.close()


async def test_f5_follows_a_booking_to_its_new_time(store_path: Path) -> None:
    listing, store = await listing_on(store_path, 6)
    marked = listing.current
    assert marked is not None
    for _ in range(4):
        await other_desk(store.store, marked.booking, "move on")
    await listing.refresh()
    now = listing.current
    assert now is not None
    assert now.booking.id == marked.booking.id
    assert now.booking.starts_at == marked.booking.starts_at + timedelta(days=12)
    await store.store.close()
