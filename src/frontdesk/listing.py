"""The list on screen, without the screen: one page of rows, a cursor, a search, filters.

The cursor belongs to a booking, not to a place. A change from elsewhere repaints rows in
view and never adds, removes or moves one. Every operation reads a page from the store and
replaces the view only when the answer is there, so a store that fails leaves the old page.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from frontdesk import times
from frontdesk.bookings import (
    LAST_ID,
    Booking,
    BookingQuery,
    Count,
    Direction,
    Page,
    Position,
    Practice,
    Practitioner,
    Row,
    Status,
)
from frontdesk.filters import NO_FILTERS, Filters
from frontdesk.store.port import BookingStore

COUNT_LIMIT = 2_000
ASK_ON = 20
"""How often a search that the store gave up is taken up again before the operator is asked to."""

CONTEXT_ROWS = 4
"""Earlier rows kept in view above the booking that a search or the start view stands on."""


@dataclass(frozen=True, slots=True)
class View:
    """What is on screen: rows in time order and where the cursor stands among them.

    `searched_back` and `searched_on` are how far a search has looked where it was given up
    before the page was full; None where it looked at everything, or found enough.
    """

    rows: tuple[Row, ...] = ()
    cursor: int = 0
    more_before: bool = False
    more_after: bool = False
    searched_back: Position | None = None
    searched_on: Position | None = None


@dataclass
class Listing:
    """The state of the Bookings list over one store. `now` is the store's clock.

    `height` is how many rows the table shows. While there is a search text, `resting`
    filters wait and `narrowing` ones apply; without a text the resting ones apply.
    """

    store: BookingStore
    now: Callable[[], datetime]
    practices: tuple[Practice, ...] = ()
    practitioners: tuple[Practitioner, ...] = ()
    home: str = ""
    height: int = 17
    view: View = field(default_factory=View)
    text: str = ""
    resting: Filters = NO_FILTERS
    narrowing: Filters = NO_FILTERS
    count: Count | None = None
    query: BookingQuery | None = None

    @property
    def filters(self) -> Filters:
        """The filters that apply now."""
        return self.narrowing if self.text else self.resting

    @property
    def as_of(self) -> datetime:
        """The store's time when the query on screen was set; statuses are shown as of then."""
        return self.query.as_of if self.query else self.now()

    @property
    def current(self) -> Row | None:
        """The row the cursor stands on, if there is any."""
        return self.view.rows[self.view.cursor] if self.view.rows else None

    @property
    def today(self) -> date:
        """Today at the home practice; without practices, in UTC."""
        home = next((p for p in self.practices if p.id == self.home), None)
        practice = home or (self.practices[0] if self.practices else None)
        return times.local_date(self.now(), practice.zone) if practice else self.now().date()

    @property
    def short_names(self) -> dict[str, str]:
        """Short names of the practices by id."""
        return {practice.id: practice.short for practice in self.practices}

    # -- what is shown ------------------------------------------------------------------

    async def search(self, text: str) -> None:
        """Show what `text` finds; an empty text brings the resting filters back."""
        text = text.strip()
        if bool(text) != bool(self.text):
            self.narrowing = NO_FILTERS
        await self._show(text, self.resting, self.narrowing if text else NO_FILTERS)

    async def filter(self, filters: Filters) -> None:
        """Apply `filters`: to the search under way if there is one, else to the list."""
        if self.text:
            await self._show(self.text, self.resting, filters)
        else:
            await self._show(self.text, filters, NO_FILTERS)

    async def start(self) -> None:
        """Show the start view: no text, no filter, the first booking that has not started."""
        await self._show("", NO_FILTERS, NO_FILTERS, stay=False)

    def forget(self) -> None:
        """Show nothing, and keep nothing of what was asked for."""
        self.view, self.text, self.query, self.count = View(), "", None, None
        self.resting = self.narrowing = NO_FILTERS

    async def clear_filters(self) -> None:
        """Clear every filter, resting ones too; the search text stays."""
        await self._show(self.text, NO_FILTERS, NO_FILTERS)

    async def refresh(self) -> None:
        """Ask again, with the store's time of now, and keep the cursor on its booking."""
        row = self.current
        if row is None:
            await self._show(self.text, self.resting, self.narrowing)
            return
        query = self.filters.query(self.text, self.now())
        place = Position(row.booking.starts_at, row.booking.id - 1)
        await self._open_at(query, place, above=self.view.cursor)

    async def _show(self, text: str, resting: Filters, narrowing: Filters, *, stay: bool = True) -> None:
        """Ask something else; a new search apart, the cursor stays on its booking if that is still there."""
        query = (narrowing if text else resting).query(text, self.now())
        row = self.current if stay and text in ("", self.text) else None
        place = Position(query.as_of, LAST_ID)
        if row is not None:
            here = Position(row.booking.starts_at, row.booking.id - 1)
            found = await self.store.page(query, 1, here, Direction.FORWARD)
            if found.rows and found.rows[0].booking.id == row.booking.id:
                place = here
        await self._open_at(query, place, above=CONTEXT_ROWS)
        self.text, self.resting, self.narrowing = text, resting, narrowing

    async def _open_at(self, query: BookingQuery, place: Position, above: int) -> None:
        """Show the page around `place`, the cursor on the first row beyond it, else on the last."""
        height = self.height
        above = min(above, height)
        after, before = await asyncio.gather(
            self._page(query, height, place, Direction.FORWARD),
            # A position is itself in neither direction, and may be the place of another booking.
            self._page(query, max(1, above), replace(place, id=place.id + 1), Direction.BACKWARD),
        )
        above = max(above, height - len(after.rows))
        if before.more and before.rows and len(before.rows) < above:
            first = before.rows[0].booking
            missing = above - len(before.rows)
            place = Position(first.starts_at, first.id)
            earliest = await self._page(query, missing, place, Direction.BACKWARD)
            before = replace(earliest, rows=earliest.rows + before.rows)
        earlier = before.rows[max(0, len(before.rows) - above) :]
        later = after.rows[: height - len(earlier)]
        self.view = View(
            rows=earlier + later,
            cursor=len(earlier) if later else max(0, len(earlier) - 1),
            more_before=before.more or len(earlier) < len(before.rows),
            more_after=after.more or len(later) < len(after.rows),
            searched_back=before.searched_until if len(earlier) == len(before.rows) else None,
            searched_on=after.searched_until if len(later) == len(after.rows) else None,
        )
        if query != self.query:
            self.count = None
        self.query = query

    async def count_hits(self) -> None:
        """Count what the query on screen has, up to a limit; the list does not wait for it."""
        query = self.query
        if query is None or query.is_everything:
            return
        count = await self.store.count(query, COUNT_LIMIT)
        if query is self.query:
            self.count = count

    # -- the cursor ---------------------------------------------------------------------

    async def move(self, step: int) -> None:
        """Move the cursor one row up (-1) or down (1); at the page's edge the page flips."""
        target = self.view.cursor + step
        if 0 <= target < len(self.view.rows):
            self._stand_on(target)
        elif step > 0 and self.view.more_after:
            await self._flip(Direction.FORWARD, follow_edge=True)
        elif step < 0 and self.view.more_before:
            await self._flip(Direction.BACKWARD, follow_edge=True)

    async def turn_page(self, direction: Direction) -> None:
        """Show the next or previous page, the cursor on the same line; at the end, its last row."""
        forward = direction is Direction.FORWARD
        if self.view.more_after if forward else self.view.more_before:
            await self._flip(direction, follow_edge=False)
        elif self.view.rows:
            self._stand_on(len(self.view.rows) - 1 if forward else 0)

    async def go_to_end(self, direction: Direction) -> None:
        """Show the last page (FORWARD) or the first one, the cursor on its outermost row."""
        query = self._query()
        forward = direction is Direction.FORWARD
        page = await self._page(
            query, self.height, None, Direction.BACKWARD if forward else Direction.FORWARD
        )
        until = page.searched_until
        self.view = View(
            page.rows,
            max(0, len(page.rows) - 1) if forward else 0,
            more_before=page.more and forward,
            more_after=page.more and not forward,
            searched_back=until if forward else None,
            searched_on=None if forward else until,
        )

    async def _flip(self, direction: Direction, *, follow_edge: bool) -> None:
        """Turn the page so that its old edge row stays in view, for orientation."""
        query = self._query()
        forward = direction is Direction.FORWARD
        rows = self.view.rows
        edge = rows[-1 if forward else 0].booking if rows else None
        place = self.view.searched_on if forward else self.view.searched_back
        if place is None and edge is not None:
            place = Position(edge.starts_at, edge.id)
        page = await self._page(query, self.height - 1, place, direction)
        old, room = self.view, self.height - len(page.rows)
        if forward:
            kept = rows[-room:]
            hidden_before = old.more_before or len(kept) < len(rows)
            turned = View(kept + page.rows, len(kept), hidden_before, page.more)
        else:
            kept = rows[:room]
            hidden_after = old.more_after or len(kept) < len(rows)
            turned = View(page.rows + kept, len(page.rows) - 1, page.more, hidden_after)
        line = turned.cursor if follow_edge else old.cursor
        until = page.searched_until
        self.view = replace(
            turned,
            cursor=max(0, min(line, len(turned.rows) - 1)),
            searched_back=until if not forward else old.searched_back if len(kept) == len(rows) else None,
            searched_on=until if forward else old.searched_on if len(kept) == len(rows) else None,
        )

    async def _page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        """Read a page; where the store gave a search up for the time it took, ask on for a while."""
        page = await self.store.page(query, limit, position, direction)
        for _ in range(ASK_ON):
            if page.searched_until is None or len(page.rows) >= limit:
                break
            more = await self.store.page(query, limit - len(page.rows), page.searched_until, direction)
            if direction is Direction.FORWARD:
                page = replace(more, rows=page.rows + more.rows)
            else:
                page = replace(more, rows=more.rows + page.rows)
        return page

    def _stand_on(self, index: int) -> None:
        self.view = replace(self.view, cursor=index)

    def _query(self) -> BookingQuery:
        if self.query is None:
            self.query = self.filters.query(self.text, self.now())
        return self.query

    # -- what others do -----------------------------------------------------------------

    async def repaint(self, booking_ids: Iterable[int | None]) -> bool:
        """Read the rows in view among `booking_ids` again, each in its place; tell if any was."""
        wanted = set(booking_ids)
        in_view = [row.booking.id for row in self.view.rows if row.booking.id in wanted]
        if not in_view:
            return False
        fresh = {row.booking.id: row for row in await self.store.rows(in_view)}
        rows = tuple(fresh.get(row.booking.id, row) for row in self.view.rows)
        self.view = replace(self.view, rows=rows)
        return True

    def put(self, booking: Booking) -> None:
        """Show a booking that is in view as it is now known to be, without asking the store."""
        rows = (
            replace(row, booking=booking) if row.booking.id == booking.id else row for row in self.view.rows
        )
        self.view = replace(self.view, rows=tuple(rows))

    def crossed_start(self) -> bool:
        """Whether a row in view was Upcoming when the query was set and is not any more."""
        now = self.now()
        return any(
            row.booking.status(self.as_of) is Status.UPCOMING and row.booking.status(now) is Status.COMPLETED
            for row in self.view.rows
        )

    def retake_time(self) -> None:
        """Show statuses as of now, leaving every row where it is."""
        if self.query is not None:
            self.query = self.filters.query(self.text, self.now())

    # -- words --------------------------------------------------------------------------

    @property
    def filter_words(self) -> tuple[str, ...]:
        """The filters that apply, in words; empty when none does."""
        return self.filters.words(self.today, self.short_names)

    @property
    def resting_words(self) -> tuple[str, ...]:
        """The filters that rest while there is a search, in words."""
        return self.resting.words(self.today, self.short_names) if self.text else ()

    def day_filter(self, first: int, last: int) -> Filters:
        """Return the filters in force for the days `first` to `last`, counted from today."""
        today = self.today
        return self.filters.on_days(today + timedelta(days=first), today + timedelta(days=last))
