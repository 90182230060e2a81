"""A practice whose made-up diary is read: everything that a test of reading needs, on any database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, update

from frontdesk.arrivals import Place
from frontdesk.bookings import Booking, BookingQuery, Direction
from frontdesk.diary_runs import LEASE, Kind, PlaceState
from frontdesk.diary_schedule import Pace
from frontdesk.pms.port import One
from frontdesk.store.sql.selects import DIARY
from frontdesk.store.sql.store import SqlStore
from frontdesk.sync.reader import Read, Reader, Wanted
from frontdesk.sync.sources import Source
from tests.contract.raw import execute, let_pass
from tests.made_diary import MadeDiary
from tests.making import KIM

ON_SQLITE_FIRST = pytest.mark.parametrize(
    "store_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.full)], indirect=True
)
"""For tests of reading itself: what a database does in its own way is in `test_diaries`."""

HERE = Place("smile")
ADELAIDE = ZoneInfo("Australia/Adelaide")


def fail(error: BaseException) -> None:
    """Report a bug, in a test."""
    raise error


class Reads:
    """A store that has a practice, its diary, and readers that come and go."""

    def __init__(self, store: SqlStore, url: str) -> None:
        self.store, self.url = store, url
        self.diary = MadeDiary()
        self.slept: list[float] = []
        self.source = Source(HERE, "Praktika", ADELAIDE, lambda: self.diary, "pms.example")
        # No test is to run into the hour of a full compare.
        self.pace = Pace(full_at=(datetime.now(ADELAIDE) + timedelta(hours=12)).time())
        self.report: Callable[[BaseException], object] = fail

    def at(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """So many days from today, by the practice's clock."""
        today = self.diary.now.astimezone(ADELAIDE).date()
        moment = datetime(today.year, today.month, today.day, hour, minute, tzinfo=ADELAIDE)
        return moment + timedelta(days=days)

    def book(self, number: int, *, days: int = 1, prefix: str = "P") -> list[str]:
        """Put so many appointments into one day of the diary, a quarter of an hour apart, of three practitioners."""
        refs = [f"{prefix}{days}-{one}" for one in range(number)]
        for one, ref in enumerate(refs):
            who = f"{one % 3}"
            start = self.at(days, 8) + timedelta(minutes=15 * one)
            self.diary.put(ref, start, practitioners=One(who), practitioner_name=f"Dr {who}")
        return refs

    def reader(self, *sources: Source) -> Reader:
        """Return another reader."""

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        return Reader(
            self.store.diaries,
            sources or (self.source,),
            self.pace,
            self.report,
            sleep=sleep,
            chance=lambda: 0.5,
        )

    async def read(self, kind: Kind = Kind.NEAR) -> Read:
        """Have a new reader read the diary once, as if nobody had read it for a while."""
        let_pass(self.url, LEASE)
        (read,) = await self.reader().run_once(Wanted(kind, KIM))
        return read

    async def turn(self, ago: timedelta = timedelta(hours=1)) -> Read:
        """Have a new reader take its turn, so long after the last one."""
        let_pass(self.url, ago)
        self.diary.now += ago
        # At night it would rest longer.
        execute(self.url, update(DIARY).values(next_at=func.coalesce(DIARY.c.near_at, DIARY.c.next_at)))
        read = await self.reader().read_one()
        assert read is not None
        return read

    async def state(self) -> PlaceState:
        """Return how the place stands."""
        (state,) = await self.store.diaries.states()
        return state

    async def bookings(self) -> dict[str, Booking]:
        """Return all bookings by the ids that they have in the diary."""
        now = (await self.store.state()).now
        page = await self.store.page(BookingQuery(as_of=now), 1000, None, Direction.FORWARD)
        return {row.booking.pms_ref: row.booking for row in page.rows}

    async def upcoming(self) -> set[str]:
        """Return the ids of those that are not cancelled."""
        return {ref for ref, one in (await self.bookings()).items() if one.cancellation is None}

    def written(self) -> dict[str, list[Any]]:
        """Return all that is kept of bookings and of what the diary said, and all that was told of them."""
        tables = (
            "booking",
            "mirror",
            "booking_ref",
            "practitioner",
            "audit",
            "change",
            "command",
            "delivery",
        )
        return {
            table: [tuple(row) for row in execute(self.url, f"SELECT * FROM {table} ORDER BY 1")]
            for table in tables
        }

    def can(self, **abilities: Any) -> None:
        """Have the diary be able to do something else."""
        self.diary.abilities = replace(self.diary.abilities, **abilities)
