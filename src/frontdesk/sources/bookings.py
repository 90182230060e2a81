"""The bookings of a store as the rows of a list, in the order of their start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from frontdesk import times
from frontdesk.bookings import (
    COUNT_LIMIT,
    LAST_ID,
    BookingQuery,
    Count,
    Direction,
    Position,
    Practice,
    Row,
    Status,
    home_practice,
)
from frontdesk.filters import NO_FILTERS, Filters
from frontdesk.sources.port import Asked, Piece
from frontdesk.store.port import BookingStore


@dataclass(frozen=True, slots=True)
class Beside:
    """Who shares the name of patients whose bookings alone are listed: practitioners, or appointment types.

    `number` is how many bookings the only practitioner has, None as long as that is not known.
    """

    names: tuple[str, ...] = ()
    number: Count | None = None


NOBODY_BESIDE = Beside()
_KEPT = 8
"""Questions of which it is known: the one on screen, and those under way."""


@dataclass
class BookingSource:
    """`now` is the store's clock; `home` is the id of the practice whose today counts, empty for the first."""

    store: BookingStore
    now: Callable[[], datetime]
    practices: tuple[Practice, ...] = ()
    home: str = ""
    _beside: dict[tuple[Filters, str], Beside] = field(default_factory=dict)
    """Of the questions that pages were read for last; when they were asked makes no difference."""

    def beside(self, asked: Asked[Filters] | None) -> Beside:
        """Return who shares the name that `asked` has found patients of."""
        return self._beside.get((asked.filters, asked.text), NOBODY_BESIDE) if asked else NOBODY_BESIDE

    def _keep_beside(self, asked: Asked[Filters], beside: Beside) -> None:
        self._beside.pop((asked.filters, asked.text), None)
        self._beside[asked.filters, asked.text] = beside
        if len(self._beside) > _KEPT:
            del self._beside[next(iter(self._beside))]

    async def count_beside(self, asked: Asked[Filters], practitioner_ids: frozenset[int]) -> None:
        """Count the bookings of the one practitioner who shares the name of patients, up to a limit."""
        of_practitioner = BookingQuery(asked.as_of, practitioners=practitioner_ids)
        number = await self.store.count(of_practitioner, COUNT_LIMIT)
        self._keep_beside(asked, replace(self.beside(asked), number=number))

    @property
    def unfiltered(self) -> Filters:
        return NO_FILTERS

    async def page(
        self, asked: Asked[Filters], limit: int, position: Position | None, direction: Direction
    ) -> Piece[Row]:
        query = asked.filters.query(asked.text, asked.as_of)
        page = await self.store.page(query, limit, position, direction)
        if self.beside(asked).names != page.beside:
            self._keep_beside(asked, Beside(page.beside))
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
