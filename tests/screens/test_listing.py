"""The list without the screen: any sequence of moves shows a gapless piece of the right rows."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.bookings import Booking, Direction, Row, Status
from frontdesk.filters import NO_FILTERS, Filters
from frontdesk.listing import Listing
from frontdesk.sources.bookings import BookingSource
from frontdesk.store.opening import open_store
from tests.making import KIM, make_incoming, make_practice
from tests.screens.desk_data import NOW

TODAY = date(2026, 11, 22)
"""The day of NOW in Adelaide."""
Bookings = Listing[Filters, Row]
FORWARD, BACKWARD = Direction.FORWARD, Direction.BACKWARD
MOVES: dict[str, Callable[[Bookings], Awaitable[None]]] = {
    "down": lambda one: one.move(1),
    "up": lambda one: one.move(-1),
    "page on": lambda one: one.turn_page(FORWARD),
    "page back": lambda one: one.turn_page(BACKWARD),
    "end": lambda one: one.go_to_end(FORWARD),
    "home": lambda one: one.go_to_end(BACKWARD),
    "refresh": lambda one: one.refresh(),
    "search kov": lambda one: one.search("kov"),
    "search neighbour": lambda one: one.search("neighbour"),
    "clear": lambda one: one.search(""),
    "upcoming": lambda one: one.filter(NO_FILTERS.with_status(Status.UPCOMING)),
    "cancelled": lambda one: one.filter(NO_FILTERS.with_status(Status.CANCELLED)),
    "week": lambda one: one.filter(one.filters.on_days(TODAY, TODAY + timedelta(days=6))),
    "port": lambda one: one.filter(NO_FILTERS.for_practice("port")),
    "everything": lambda one: one.clear_filters(),
    "tuesday": lambda one: one.stand_on_first(first_of(TODAY + timedelta(days=2)), NO_FILTERS),
    "a day without bookings": lambda one: one.stand_on_first(first_of(TODAY + timedelta(days=7)), NO_FILTERS),
    "a day behind all": lambda one: one.stand_on_first(first_of(TODAY + timedelta(days=70)), NO_FILTERS),
}
STANDS_ON = {
    "tuesday": date(2026, 11, 24),
    "a day without bookings": date(2026, 11, 30),
    "a day behind all": date(2026, 12, 1),
}


def first_of(day: date) -> tuple[Filters, ...]:
    return NO_FILTERS.on_days(day, day), NO_FILTERS.on_days(day, None)


def matches(listing: Bookings, booking: Booking, now: datetime) -> bool:
    filters = listing.filters
    day = booking.starts_at.astimezone(booking.practice.zone).date()
    return (
        (not listing.text or listing.text in booking.patient.name.casefold().replace("č", "c"))
        and (filters.status is None or booking.status(now) is filters.status)
        and (filters.first_day is None or filters.first_day <= day)
        and (filters.last_day is None or day <= filters.last_day)
        and filters.practice in ("", booking.practice.id)
    )


async def walk(path: Path, height: int, moves: list[str]) -> None:
    store = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
    try:
        practices = await store.practices()
        everything = Listing(BookingSource(store, lambda: NOW, practices), lambda: NOW, height=500)
        await everything.search("")
        bookings = [row.booking for row in everything.view.rows]
        assert len(bookings) == 68
        listing = Listing(BookingSource(store, lambda: NOW, practices), lambda: NOW, height=height)
        await listing.search("")
        for move in moves:
            marked = listing.current
            await MOVES[move](listing)
            view = listing.view
            right = [one.id for one in bookings if matches(listing, one, NOW)]
            shown = [row.booking.id for row in view.rows]
            assert len(shown) <= height
            if not shown:
                assert not right
                continue
            first = right.index(shown[0])
            assert right[first : first + len(shown)] == shown, move
            # A store that is not sure says yes: what must never be is a row that nothing leads to.
            assert view.more_before or first == 0
            assert view.more_after or first + len(shown) == len(right)
            assert 0 <= view.cursor < len(shown)
            assert len(shown) == min(height, len(right)) or move not in ("search kov", "everything", "end")
            if move == "refresh":
                assert listing.current is not None
                assert marked is not None
                assert listing.current.booking.id == marked.booking.id
            if move in STANDS_ON:
                stood_on = listing.current
                assert stood_on is not None
                zone = stood_on.booking.practice.zone
                assert stood_on.booking.starts_at.astimezone(zone).date() == STANDS_ON[move]
            if move == "down" and marked is not None:
                at = right.index(marked.booking.id)
                assert shown[view.cursor] == right[min(at + 1, len(right) - 1)]
    finally:
        await store.close()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(height=st.integers(2, 30), moves=st.lists(st.sampled_from(sorted(MOVES)), max_size=25))
def test_any_moves_show_a_gapless_piece(filled_store: Path, height: int, moves: list[str]) -> None:
    _on_a_copy(filled_store, height, moves)


@pytest.mark.full
@settings(max_examples=400, deadline=None)
@given(height=st.integers(1, 70), moves=st.lists(st.sampled_from(sorted(MOVES)), max_size=60))
def test_any_moves_at_length(filled_store: Path, height: int, moves: list[str]) -> None:
    _on_a_copy(filled_store, height, moves)


def _on_a_copy(store: Path, height: int, moves: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.db"
        shutil.copy(store, path)
        asyncio.run(walk(path, height, moves))


async def test_bookings_of_one_moment_are_all_shown(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path / 'desk.db'}", clock=lambda: NOW)
    try:
        await store.registry.apply_practices([make_practice()], KIM)
        at = NOW + timedelta(days=1)
        await store.registry.load([make_incoming(line, starts_at=at) for line in range(5)], KIM, "a test")
        listing = Listing(BookingSource(store, lambda: NOW, await store.practices()), lambda: NOW)
        await listing.start()
        for _ in range(3):
            await listing.move(1)
        await listing.refresh()
        assert [row.booking.ref for row in listing.view.rows] == [f"R{line:05}" for line in range(5)]
    finally:
        await store.close()
