"""Going to a day on every store: its first booking at its practices' own clocks, by one read and a page."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Row, Status
from frontdesk.filters import NO_FILTERS, Filters
from frontdesk.listing import Listing
from frontdesk.sources.bookings import BookingSource
from tests.making import KIM, Store, make_incoming, make_practice

pytestmark = pytest.mark.far_too

ZONES = {
    "adelaide": "Australia/Adelaide",
    "perth": "Australia/Perth",
    "lordhowe": "Australia/Lord_Howe",
    "cairo": "Africa/Cairo",
}
"""Cairo's clocks change at midnight, and it is where Adelaide's evening is the day before."""

CHANGES = (date(2026, 10, 4), date(2027, 4, 4), date(2026, 10, 30), date(2027, 4, 30), date(2028, 2, 29))
"""Clocks go forward in Australia and back; back and forward in Cairo; a leap day."""


class Counting:
    """The source of a list, which counts how often it is asked for rows."""

    def __init__(self, source: BookingSource) -> None:
        self._source: Any = source
        self.pages: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    async def page(self, asked: Any, limit: int, *where: Any) -> Any:
        self.pages.append(limit)
        return await self._source.page(asked, limit, *where)


async def around_midnights(store: Store, zones: Sequence[str], step: timedelta) -> list[Row]:
    """Put bookings in from the evening before each change to the morning after the next day; return all."""
    await store.registry.apply_practices([make_practice(one, time_zone=ZONES[one]) for one in zones], KIM)
    batch, tick = list[IncomingBooking](), 0
    for change in CHANGES:
        at = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(hours=18)
        end = at + timedelta(hours=60)
        while at < end:
            for number, practice in enumerate(zones):
                if (tick + number) % 3:
                    batch.append(make_incoming(len(batch), practice_id=practice, starts_at=at))
            at, tick = at + step, tick + 1
    await store.registry.load(batch, KIM, "a test")
    source = BookingSource(store, lambda: at)
    everything = Listing(source, lambda: at, height=5000)
    await everything.start()
    rows = [without_others(row) for row in everything.view.rows]
    assert len(rows) == len(batch)
    return rows


def without_others(row: Row) -> Row:
    """Leave out what is to come besides: it depends on when it is asked."""
    return replace(row, more=0)


def local_day(row: Row) -> date:
    zone = ZoneInfo(row.booking.practice.time_zone)
    return row.booking.starts_at.astimezone(zone).date()


def first_from(rows: Sequence[Row], day: date) -> Row:
    """The first booking of the day, else the first of a later one, else the last there is, by looking at all."""
    on_it = [row for row in rows if local_day(row) == day]
    later = [row for row in rows if local_day(row) > day]
    return (*on_it, *later, rows[-1])[0]


async def stand(store: Store, filters: Filters, day: date) -> tuple[Row | None, list[int]]:
    now = (await store.state()).now
    source = Counting(BookingSource(store, lambda: now, await store.practices()))
    listing: Listing[Filters, Row] = Listing(source, lambda: now)
    await listing.stand_on_first(source.first_of_day(filters, day), filters)
    assert listing.filters == filters
    return without_others(listing.current) if listing.current else None, source.pages


@pytest.mark.far_too(full=True)
@pytest.mark.parametrize(
    "zones",
    [
        pytest.param(["adelaide"], id="one clock"),
        pytest.param(["adelaide", "perth", "lordhowe", "cairo"], id="several clocks"),
    ],
)
async def test_every_day_begins_where_its_practices_say(store: Store, zones: list[str]) -> None:
    rows = await around_midnights(store, zones, timedelta(hours=2, minutes=30))
    for change in CHANGES:
        for step in range(-2, 4):
            day = change + timedelta(step)
            found, pages = await stand(store, NO_FILTERS, day)
            assert found == first_from(rows, day), day
            reads = [limit for limit in pages if limit == 1]
            assert len(pages) - len(reads) <= 3, "a page is what lies behind and before, and more at the end"
            if found is not None and local_day(found) == day:
                assert len(reads) == 1, "one read finds the first booking of a day"


async def test_what_is_filtered_is_not_stood_on(store: Store) -> None:
    rows = await around_midnights(store, ["adelaide", "perth"], timedelta(hours=3))
    day = CHANGES[0]
    perth = [row for row in rows if row.booking.practice.id == "perth"]
    found, _ = await stand(store, NO_FILTERS.for_practice("perth"), day)
    assert found == first_from(perth, day)
    assert found != first_from(rows, day)
    assert await stand(store, NO_FILTERS.with_status(Status.CANCELLED), day) == (None, [1, 1, 17])


async def test_before_and_after_all_there_is(store: Store) -> None:
    rows = await around_midnights(store, ["adelaide"], timedelta(hours=6))
    for day, row in ((date(1900, 1, 1), rows[0]), (date(2199, 12, 31), rows[-1])):
        found, _ = await stand(store, NO_FILTERS, day)
        assert found == row


async def test_a_store_without_bookings_has_nothing_to_stand_on(store: Store) -> None:
    assert await stand(store, NO_FILTERS, date(2026, 11, 26)) == (None, [1, 1, 17])
