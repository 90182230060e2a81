"""The list on screen, without the screen: one page of rows, a cursor, a search, filters.

The cursor belongs to a booking, not to a place. A change from elsewhere repaints rows in
view and never adds, removes or moves one. A view belongs to its query: text, filters and rows
change together, when the answer is there. Another page of the same query that cannot be read
leaves the old one; another query that cannot be read leaves no row.
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
from frontdesk.errors import FrontdeskError
from frontdesk.filters import NO_FILTERS, Filters
from frontdesk.store.port import BookingStore

COUNT_LIMIT = 2_000
LATE = 0.5
"""Seconds that rows may wait on screen for the answer that takes their place; then they go."""
ASK_ON = 20
"""How often a search that the store gave up is taken up again before the operator is asked to."""

UNEXPECTED = "Something went wrong in frontdesk while the list was read."

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
    `query` is what the rows were read for, None while what was asked for is not read;
    `unread` says why in a sentence, and is empty while the answer is still awaited.
    `on_late` is called when an answer takes so long that the old rows have gone.
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
    unread: str = ""
    on_late: Callable[[], None] = lambda: None
    _stood_on: Booking | None = None
    """The booking that the cursor belongs to, also while no row is shown."""
    _places: dict[int, Position] = field(default_factory=dict)
    """Where each row in view was found: a booking that moves meanwhile does not take the page along."""

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
        goes_on = bool(text) and bool(self.text)
        await self._show(text, self.resting, self.narrowing if goes_on else NO_FILTERS)

    async def filter(self, filters: Filters) -> None:
        """Apply `filters`: to the search under way if there is one, else to the list."""
        if self.text:
            await self._show(self.text, self.resting, filters)
        else:
            await self._show(self.text, filters, NO_FILTERS)

    async def start(self) -> None:
        """Show the start view: no text, no filter, the first booking that has not started."""
        self._stood_on = None
        await self._show("", NO_FILTERS, NO_FILTERS)

    def forget(self) -> None:
        """Show nothing, and keep nothing of what was asked for."""
        self._turn_to("", NO_FILTERS, NO_FILTERS, None, View())
        self._stood_on = None

    def withhold(self, why: str) -> None:
        """Show no row until what was asked for is read again; `why` is a sentence."""
        self._turn_to(self.text, self.resting, self.narrowing, None, View(), why)

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
        place = await self._place_in(query, row.booking) or _before(row.booking)
        view = await self._around(query, place, above=self.view.cursor)
        self._turn_to(self.text, self.resting, self.narrowing, query, view)

    async def _show(self, text: str, resting: Filters, narrowing: Filters) -> None:
        """Ask something else; a new search apart, the cursor stays on its booking if that is still there."""
        query = (narrowing if text else resting).query(text, self.now())
        if text not in ("", self.text):
            self._stood_on = None  # a new search puts the cursor on its first hit, whenever it is read
        booking = self._stood_on
        reading = asyncio.ensure_future(self._read(query, booking))
        try:
            await asyncio.wait((reading,), timeout=LATE)
            if not reading.done():
                self._turn_to_unread(text, resting, narrowing)
                self.on_late()
            view = await reading
        except BaseException as error:
            reading.cancel()
            self._turn_to_unread(text, resting, narrowing, error)
            raise
        self._turn_to(text, resting, narrowing, query, view)

    async def _read(self, query: BookingQuery, booking: Booking | None) -> View:
        """Read the page with the booking, or else with the first one that has not started."""
        place = await self._place_in(query, booking) if booking is not None else None
        return await self._around(query, place or Position(query.as_of, LAST_ID), above=CONTEXT_ROWS)

    async def _place_in(self, query: BookingQuery, booking: Booking) -> Position | None:
        """Return the place right before the booking, wherever it is now, or None if it is not in `query`."""
        here = _before(booking)
        found = await self.store.page(query, 1, here, Direction.FORWARD)
        if found.rows and found.rows[0].booking.id == booking.id:
            return here
        for row in await self.store.rows([booking.id]):
            if row.booking.starts_at != booking.starts_at:
                return await self._place_in(query, row.booking)
        return None

    async def _around(self, query: BookingQuery, place: Position, above: int) -> View:
        """Read the page around `place`, the cursor on the first row beyond it, else on the last."""
        height = self.height
        above = min(above, height - 1)
        after, before = await asyncio.gather(
            self._page(query, height, place, Direction.FORWARD),
            # A position is itself in neither direction, and may be the place of another booking.
            self._page(query, max(1, above), replace(place, id=place.id + 1), Direction.BACKWARD),
        )
        above = max(above, height - len(after.rows))
        if before.more and before.rows and len(before.rows) < above:
            missing = above - len(before.rows)
            earliest = await self._page(query, missing, _place(before.rows[0].booking), Direction.BACKWARD)
            before = replace(earliest, rows=earliest.rows + before.rows)
        earlier = before.rows[max(0, len(before.rows) - above) :]
        later = after.rows[: height - len(earlier)]
        return View(
            rows=earlier + later,
            cursor=len(earlier) if later else max(0, len(earlier) - 1),
            more_before=before.more or len(earlier) < len(before.rows),
            more_after=after.more or len(later) < len(after.rows),
            searched_back=before.searched_until if len(earlier) == len(before.rows) else None,
            searched_on=after.searched_until if len(later) == len(after.rows) else None,
        )

    def _turn_to(
        self,
        text: str,
        resting: Filters,
        narrowing: Filters,
        query: BookingQuery | None,
        view: View,
        unread: str = "",
    ) -> None:
        """Change what is asked for and what is shown of it: always both."""
        self.text, self.resting, self.narrowing, self.unread = text, resting, narrowing, unread
        if query is None or query != self.query:
            self.count = None
        self.query = query
        self._places.clear()
        self._see(view)

    def _turn_to_unread(
        self, text: str, resting: Filters, narrowing: Filters, error: BaseException | None = None
    ) -> None:
        """Rows that were read for something else go; those of the very same question stay."""
        filters = narrowing if text else resting
        if self.query is not None and (text, filters) == (self.text, self.filters):
            self.resting, self.narrowing = resting, narrowing
            return
        hint = error.hint if isinstance(error, FrontdeskError) else UNEXPECTED
        self._turn_to(text, resting, narrowing, None, View(), hint if error else "")

    def _see(self, view: View) -> None:
        """Show this view of the query; the booking under the cursor is the one it belongs to."""
        self.view = view
        places = self._places
        self._places = {row.booking.id: places.get(row.booking.id, _place(row.booking)) for row in view.rows}
        if row := self.current:
            self._stood_on = row.booking

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
        query = await self._read_query()
        forward = direction is Direction.FORWARD
        page = await self._page(
            query, self.height, None, Direction.BACKWARD if forward else Direction.FORWARD
        )
        until = page.searched_until
        self._places.clear()
        self._see(
            View(
                page.rows,
                max(0, len(page.rows) - 1) if forward else 0,
                more_before=page.more and forward,
                more_after=page.more and not forward,
                searched_back=until if forward else None,
                searched_on=None if forward else until,
            )
        )

    async def _flip(self, direction: Direction, *, follow_edge: bool) -> None:
        """Turn the page so that its old edge row stays in view, for orientation."""
        query = await self._read_query()
        forward = direction is Direction.FORWARD
        place = self._edge(direction)
        page = await self._page(query, self.height - 1, place, direction)
        old, room = self.view, self.height - len(page.rows)
        read = {row.booking.id for row in page.rows}
        # A booking that moved from this page to that one is there once.
        rows = tuple(row for row in old.rows if row.booking.id not in read)
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
        for booking_id in read:
            self._places.pop(booking_id, None)
        self._see(
            replace(
                turned,
                cursor=max(0, min(line, len(turned.rows) - 1)),
                searched_back=until if not forward else old.searched_back if len(kept) == len(rows) else None,
                searched_on=until if forward else old.searched_on if len(kept) == len(rows) else None,
            )
        )

    def _edge(self, direction: Direction) -> Position | None:
        """Return how far this page goes in a direction: its last row there, or where a search was given up."""
        forward = direction is Direction.FORWARD
        rows, searched = self.view.rows, self.view.searched_on if forward else self.view.searched_back
        if searched is not None or not rows:
            return searched
        return self._places[rows[-1 if forward else 0].booking.id]

    async def resize(self, height: int) -> None:
        """Show `height` rows: those in view stay as far as there is room, the cursor on its booking."""
        self.height = height
        await self.fill()

    async def fill(self) -> None:
        """Show as many rows of this page as there is room for, and never move one."""
        view = self.view
        first = max(0, view.cursor - self.height + 1)
        rows = view.rows[first : first + self.height]
        left_below = first + len(rows) < len(view.rows)
        self._see(
            replace(
                view,
                rows=rows,
                cursor=view.cursor - first,
                more_before=view.more_before or first > 0,
                more_after=view.more_after or left_below,
                searched_back=None if first > 0 else view.searched_back,
                searched_on=None if left_below else view.searched_on,
            )
        )
        if self.query is not None and rows:
            if self.view.more_after:
                await self._extend(self.query, Direction.FORWARD)
            if self.view.more_before:
                await self._extend(self.query, Direction.BACKWARD)

    async def _extend(self, query: BookingQuery, direction: Direction) -> None:
        """Read rows beyond the page in a direction until it is full."""
        missing = self.height - len(self.view.rows)
        if missing < 1:
            return
        page = await self._page(query, missing, self._edge(direction), direction)
        view = self.view
        shown = {row.booking.id for row in view.rows}
        more = tuple(row for row in page.rows if row.booking.id not in shown)
        if direction is Direction.FORWARD:
            grown = replace(
                view, rows=view.rows + more, more_after=page.more, searched_on=page.searched_until
            )
        else:
            grown = replace(
                view,
                rows=more + view.rows,
                cursor=view.cursor + len(more),
                more_before=page.more,
                searched_back=page.searched_until,
            )
        self._see(grown)

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
        self._see(replace(self.view, cursor=index))

    async def _read_query(self) -> BookingQuery:
        """Return the query whose rows are shown; what could not be read is asked again first."""
        if self.query is None:
            await self.refresh()
        if self.query is None:
            raise AssertionError("a list that was read has a query")
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
        self._see(replace(self.view, rows=rows))
        return True

    def put(self, booking: Booking) -> None:
        """Show a booking that is in view as it is now known to be, without asking the store."""
        rows = (
            replace(row, booking=booking) if row.booking.id == booking.id else row for row in self.view.rows
        )
        self._see(replace(self.view, rows=tuple(rows)))

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
        """The filters that come back when the search is over, in words."""
        return self.resting.words(self.today, self.short_names) if self.text else ()

    def day_filter(self, first: int, last: int) -> Filters:
        """Return the filters in force for the days `first` to `last`, counted from today."""
        today = self.today
        return self.filters.on_days(today + timedelta(days=first), today + timedelta(days=last))


def _place(booking: Booking) -> Position:
    return Position(booking.starts_at, booking.id)


def _before(booking: Booking) -> Position:
    """Return the position right before a booking: the next row behind it is the booking itself."""
    return Position(booking.starts_at, booking.id - 1)
