"""The bookings of a store as the rows of a list, in the order of their start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from frontdesk import times
from frontdesk.bookings import LAST_ID, Count, Direction, Position, Practice, Row, Status, home_practice
from frontdesk.filters import NO_FILTERS, Filters
from frontdesk.sources.port import Asked, Piece
from frontdesk.store.port import BookingStore


@dataclass
class BookingSource:
    """`now` is the store's clock; `home` is the id of the practice whose today counts, empty for the first."""

    store: BookingStore
    now: Callable[[], datetime]
    practices: tuple[Practice, ...] = ()
    home: str = ""

    @property
    def unfiltered(self) -> Filters:
        return NO_FILTERS

    async def page(
        self, asked: Asked[Filters], limit: int, position: Position | None, direction: Direction
    ) -> Piece[Row]:
        query = asked.filters.query(asked.text, asked.as_of)
        page = await self.store.page(query, limit, position, direction)
        return Piece(page.rows, page.more, page.searched_until)

    async def count(self, asked: Asked[Filters], limit: int) -> Count | None:
        query = asked.filters.query(asked.text, asked.as_of)
        return None if query.is_everything else await self.store.count(query, limit)

    async def rows(self, ids: Sequence[int]) -> tuple[Row, ...]:
        return await self.store.rows(ids)

    def id(self, row: Row) -> int:
        return row.booking.id

    def place(self, row: Row) -> Position:
        return Position(row.booking.starts_at, row.booking.id)

    def start(self, asked: Asked[Filters]) -> Position:
        """Begin with the first booking that has not started."""
        return Position(asked.as_of, LAST_ID)

    def crossed(self, row: Row, since: datetime, now: datetime) -> bool:
        """Whether a booking was Upcoming and is not any more."""
        booking = row.booking
        return booking.status(since) is Status.UPCOMING and booking.status(now) is Status.COMPLETED

    def words(self, filters: Filters) -> tuple[str, ...]:
        return filters.words(self.today, {practice.id: practice.short for practice in self.practices})

    @property
    def today(self) -> date:
        """Today at the home practice; without practices, in UTC."""
        practice = home_practice(self.practices, self.home)
        return times.local_date(self.now(), practice.zone) if practice else self.now().date()

    def first_of_day(self, filters: Filters, day: date) -> tuple[Filters, ...]:
        """Return what the first booking of `day` is the first of; where it has none, the next one after it.

        Where practices keep several times, a booking of the day after may begin earlier than the day's own.
        """
        return filters.on_days(day, day), filters.on_days(day, None)

    def day_of(self, row: Row) -> date:
        """Return the day of a booking at its practice."""
        return times.local_date(row.booking.starts_at, row.booking.practice.zone)

    def on_days(self, filters: Filters, first: int, last: int) -> Filters:
        """Return `filters` for the days `first` to `last`, counted from today."""
        return filters.on_days(self.today + timedelta(days=first), self.today + timedelta(days=last))
