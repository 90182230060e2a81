"""How `frontdesk list` gathers its rows from a store that answers in bounded pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from frontdesk.bookings import Booking, BookingQuery, Direction, Page, Position, Practitioner, Row
from frontdesk.cli.bookings import PAGE, read_rows
from frontdesk.cli.paging import cursor, read_cursor
from frontdesk.store.port import BookingStore
from tests.making import make_patient, make_practice

START = datetime(2026, 11, 26, 0, 0, 0, 1, tzinfo=UTC)
QUERY = BookingQuery(START)
FIRST = Booking(
    0, 1, "R", make_practice(), Practitioner(1, "adelaide", "Dr Rao"), make_patient(), "Check-up", START
)


def row(number: int) -> Row:
    return Row(replace(FIRST, id=number, starts_at=START + timedelta(minutes=number)))


def position(number: int) -> Position:
    return Position(START + timedelta(minutes=number), number)


class SearchingStore:
    """Has `wanted` among a thousand bookings; looks at 300 of them a call before it stops."""

    def __init__(self, *wanted: int) -> None:
        self.wanted = wanted
        self.asked: list[int] = []

    async def page(
        self, query: BookingQuery, limit: int, after: Position | None, direction: Direction
    ) -> Page:
        self.asked.append(limit)
        assert direction is Direction.FORWARD
        start = after.id + 1 if after else 0
        budget = [number for number in self.wanted if start <= number < start + 300]
        found, rest = budget[:limit], budget[limit:]
        stopped = not rest and start + 300 < 1000 and len(found) < limit
        more = any(number > found[-1] for number in self.wanted) if found else False
        until = position(start + 299) if stopped else None
        return Page(tuple(map(row, found)), more=more, searched_until=until)


async def numbers(store: SearchingStore, limit: int, after: Position | None = None) -> tuple[list[int], bool]:
    rows, end = await read_rows(cast(BookingStore, store), QUERY, limit, after)
    return [one.booking.id for one in rows], end is not None


@pytest.mark.parametrize("wanted", [(), (999,), (5, 999), (0, 299, 300, 301, 999)])
async def test_a_search_that_stops_half_way_goes_on(wanted: tuple[int, ...]) -> None:
    assert await numbers(SearchingStore(*wanted), 10) == (list(wanted), False)


async def test_pages_are_small_however_much_is_wanted() -> None:
    store = SearchingStore(*range(1000))

    assert await numbers(store, 700) == (list(range(700)), True)
    assert max(store.asked) <= PAGE


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_lists_one_after_the_other_have_everything_once(limit: int) -> None:
    wanted = [3, 250, 310, 640, 650, 655, 990]
    seen: list[int] = []
    after: Position | None = None
    for _ in range(20):
        rows, after = await read_rows(cast(BookingStore, SearchingStore(*wanted)), QUERY, limit, after)
        seen += [one.booking.id for one in rows]
        if after is None:
            break

    assert after is None
    assert seen == wanted


def test_a_cursor_is_one_plain_word_and_comes_back() -> None:
    word = cursor(position(7), START)

    assert set(word) <= set("0123456789_")
    assert read_cursor(word) == (position(7), START)
