"""A list on screen, without the screen: one page of rows of a source, a cursor, a search, filters.

The cursor belongs to a row's id, not to a place. A change from elsewhere repaints rows in
view and never adds, removes or moves one. A view belongs to its query: text, filters and rows
change together, when the answer is there. Another page of the same query that cannot be read
leaves the old one; another query that cannot be read leaves no row.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Generic

from frontdesk.bookings import COUNT_LIMIT, Count, Direction, Position
from frontdesk.errors import FrontdeskError
from frontdesk.paging import View, around, at_end, cut, grown, joined, turned
from frontdesk.sources.port import Asked, Piece, Q, R, Source

LATE = 0.5
"""Seconds that rows may wait on screen for the answer that takes their place; then they go."""
ASK_ON = 20
"""How often a search that the source gave up is taken up again before the operator is asked to."""

UNEXPECTED = "Something went wrong in frontdesk while the list was read."

CONTEXT_ROWS = 4
"""Earlier rows kept in view above the row that a search or the start view stands on."""


class Listing(Generic[Q, R]):
    """The state of a list over one source. `now` is the store's clock.

    `height` is how many rows the table shows; `keeps` of a page stay in view when it is turned.
    While there is a search text, `resting` filters wait and `narrowing` ones apply; without a
    text the resting ones apply. `query` is what the rows were read for, None while what was
    asked for is not read; `unread` says why in a sentence, and is empty while the answer is
    still awaited. `on_late` is called when an answer takes so long that the old rows have gone.
    """

    def __init__(
        self, source: Source[Q, R], now: Callable[[], datetime], *, height: int = 17, keeps: int = 1
    ) -> None:
        self.source = source
        self.now = now
        self.height = height
        self.keeps = keeps
        self.view: View[R] = View()
        self.text = ""
        self.resting: Q = source.unfiltered
        self.narrowing: Q = source.unfiltered
        self.count: Count | None = None
        self.needs_count = False
        """The query on screen was not counted yet, or what it has may be another number now."""
        self.query: Asked[Q] | None = None
        self.unread = ""
        self.on_late: Callable[[], None] = lambda: None
        self._stood_on: R | None = None
        """The row that the cursor belongs to, also while no row is shown."""
        self._looks_for: Sequence[Q] = ()
        """What the row that was to be stood on is the first one of, while that is not read."""
        self._places: dict[int, Position] = {}
        """Where each row in view was found: one that moves meanwhile does not take the page along."""

    @property
    def filters(self) -> Q:
        """The filters that apply now."""
        return self.narrowing if self.text else self.resting

    @property
    def as_of(self) -> datetime:
        """The store's time when the query on screen was set; rows are shown as of then."""
        return self.query.as_of if self.query else self.now()

    @property
    def current(self) -> R | None:
        """The row the cursor stands on, if there is any."""
        return self.view.rows[self.view.cursor] if self.view.rows else None

    @property
    def filter_words(self) -> tuple[str, ...]:
        """The filters that apply, in words; empty when none does."""
        return self.source.words(self.filters)

    @property
    def resting_words(self) -> tuple[str, ...]:
        """The filters that come back when the search is over, in words."""
        return self.source.words(self.resting) if self.text else ()

    def was_at(self, row: R) -> Position:
        """Return where a row in view was found: elsewhere than it is, where it has moved meanwhile."""
        return self._places.get(self.source.id(row)) or self.source.place(row)

    # -- what is shown ------------------------------------------------------------------

    async def search(self, text: str) -> None:
        """Show what `text` finds; an empty text brings the resting filters back."""
        text = text.strip()
        goes_on = bool(text) and bool(self.text)
        await self._show(text, self.resting, self.narrowing if goes_on else self.source.unfiltered)

    async def filter(self, filters: Q) -> None:
        """Apply `filters`: to the search under way if there is one, else to the list."""
        if self.text:
            await self._show(self.text, self.resting, filters)
        else:
            await self._show(self.text, filters, self.source.unfiltered)

    async def stand_on_first(self, among: Sequence[Q], filters: Q) -> None:
        """Show what `filters` let through, without a text, the cursor on the first row that `among` do.

        The first of `among` that lets any row through counts; each narrows `filters`. Where none does, the
        cursor stands on the last row.
        """
        await self._show("", filters, self.source.unfiltered, among)

    async def leave_search(self, filters: Q) -> None:
        """Show what `filters` let through, and no longer what the text finds."""
        await self._show("", filters, self.source.unfiltered)

    async def start(self) -> None:
        """Show the start view: no text, no filter, and the row that the source begins with."""
        self._stood_on = None
        await self._show("", self.source.unfiltered, self.source.unfiltered)

    def forget(self) -> None:
        """Show nothing, and keep nothing of what was asked for."""
        self._turn_to("", self.source.unfiltered, self.source.unfiltered, None, View())
        self._stood_on = None

    def withhold(self, why: str) -> None:
        """Show no row until what was asked for is read again; `why` is a sentence."""
        self._turn_to(self.text, self.resting, self.narrowing, None, View(), why)

    async def clear_filters(self) -> None:
        """Clear every filter, resting ones too; the search text stays."""
        await self._show(self.text, self.source.unfiltered, self.source.unfiltered)

    async def refresh(self) -> None:
        """Ask again, with the store's time of now, and keep the cursor on its row."""
        row = self.current
        if row is None:
            await self._show(self.text, self.resting, self.narrowing, self._looks_for)
            return
        query = Asked(self.filters, self.text, self.now())
        place = await self._place_in(query, row) or self._before(row)
        view = await self._around(query, place, above=self.view.cursor)
        self._turn_to(self.text, self.resting, self.narrowing, query, view)

    async def close_gap(self) -> None:
        """Show what follows in the place of the row under the cursor, which its source has let go."""
        if self.query is not None and (row := self.current) is not None:
            place = self._places[self.source.id(row)]
            place = replace(place, id=place.id - 1)
            view = await self._around(self.query, place, above=self.view.cursor)
            self._places.clear()
            self._see(view)

    async def _show(self, text: str, resting: Q, narrowing: Q, looks_for: Sequence[Q] = ()) -> None:
        """Ask something else; the cursor stays on its row if that is still there.

        A new search puts it on its first hit, and what `looks_for` a row on that one.
        """
        query = Asked(narrowing if text else resting, text, self.now())
        self._looks_for = looks_for
        if text not in ("", self.text):
            self._stood_on = None  # whenever it is read
        reading = asyncio.ensure_future(
            self._look_for(query, looks_for) if looks_for else self._read(query, self._stood_on)
        )
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

    async def _read(self, query: Asked[Q], row: R | None) -> View[R]:
        """Read the page with the row, or else with the one that the source begins with."""
        place = await self._place_in(query, row) if row is not None else None
        return await self._around(query, place or self.source.start(query), above=CONTEXT_ROWS)

    async def _look_for(self, query: Asked[Q], among: Sequence[Q]) -> View[R]:
        """Read the page with the first row that `among` let through, else the last page."""
        for filters in among:
            first = await self._page(replace(query, filters=filters), 1, None, Direction.FORWARD)
            if first.rows:
                return await self._around(query, self._before(first.rows[0]), above=CONTEXT_ROWS)
        return at_end(await self._page(query, self.height, None, Direction.BACKWARD), Direction.FORWARD)

    async def _place_in(self, query: Asked[Q], row: R) -> Position | None:
        """Return the place right before the row, wherever it is now, or None if it is not in `query`."""
        id_of, here = self.source.id, self._before(row)
        found = await self.source.page(query, 1, here, Direction.FORWARD)
        if found.rows and id_of(found.rows[0]) == id_of(row):
            return here
        for now in await self.source.rows([id_of(row)]):
            if self.source.place(now) != self.source.place(row):
                return await self._place_in(query, now)
        return None

    async def _around(self, query: Asked[Q], place: Position | None, above: int) -> View[R]:
        """Read the page around `place`, the cursor on the first row beyond it, else on the last."""
        height = self.height
        if place is None:
            return at_end(await self._page(query, height, None, Direction.FORWARD), Direction.BACKWARD)
        above = min(above, height - 1)
        after, before = await asyncio.gather(
            self._page(query, height, place, Direction.FORWARD),
            # A position is itself in neither direction, and may be the place of another row.
            self._page(query, max(1, above), replace(place, id=place.id + 1), Direction.BACKWARD),
        )
        above = max(above, height - len(after.rows))
        if before.more and before.rows and len(before.rows) < above:
            missing = above - len(before.rows)
            beyond = self.source.place(before.rows[0])
            earliest = await self._page(query, missing, beyond, Direction.BACKWARD)
            before = replace(earliest, rows=earliest.rows + before.rows)
        return around(before, after, above, height)

    def _turn_to(
        self,
        text: str,
        resting: Q,
        narrowing: Q,
        query: Asked[Q] | None,
        view: View[R],
        unread: str = "",
    ) -> None:
        """Change what is asked for and what is shown of it: always both."""
        self.text, self.resting, self.narrowing, self.unread = text, resting, narrowing, unread
        if query is None or query != self.query:
            self.count = None
            self.needs_count = query is not None
        if query is not None:
            self._looks_for = ()
        self.query = query
        self._places.clear()
        self._see(view)

    def _turn_to_unread(
        self, text: str, resting: Q, narrowing: Q, error: BaseException | None = None
    ) -> None:
        """Rows that were read for something else go; those of the very same question stay."""
        filters = narrowing if text else resting
        if self.query is not None and (text, filters) == (self.text, self.filters):
            self.resting, self.narrowing, self._looks_for = resting, narrowing, ()
            return
        hint = error.hint if isinstance(error, FrontdeskError) else UNEXPECTED
        self._turn_to(text, resting, narrowing, None, View(), hint if error else "")

    def _see(self, view: View[R]) -> None:
        """Show this view of the query; the row under the cursor is the one it belongs to."""
        self.view = view
        places, source = self._places, self.source
        self._places = {source.id(row): places.get(source.id(row), source.place(row)) for row in view.rows}
        if (row := self.current) is not None:
            self._stood_on = row

    async def count_hits(self) -> None:
        """Count what the query on screen has, up to a limit; the list does not wait for it."""
        query = self.query
        if query is None:
            return
        self.needs_count = False
        count = await self.source.count(query, COUNT_LIMIT)
        if query is self.query:
            self.count = count

    # -- the cursor ---------------------------------------------------------------------

    async def move(self, step: int) -> None:
        """Move the cursor one row up (-1) or down (1); at the page's edge the page flips."""
        target = self.view.cursor + step
        direction = Direction.FORWARD if step > 0 else Direction.BACKWARD
        if 0 <= target < len(self.view.rows):
            self._see(replace(self.view, cursor=target))
        elif self.view.has_more(direction):
            await self._flip(direction, follow_edge=True)

    async def stand_on(self, place: int) -> None:
        """Put the cursor on a row in view, counted from the first; where there is none it stays."""
        if 0 <= place < len(self.view.rows):
            self._see(replace(self.view, cursor=place))

    async def turn_page(self, direction: Direction) -> None:
        """Show the next or previous page, the cursor on the same line; at the end, its last row."""
        if self.view.has_more(direction):
            await self._flip(direction, follow_edge=False)
        elif self.view.rows:
            outermost = len(self.view.rows) - 1 if direction is Direction.FORWARD else 0
            self._see(replace(self.view, cursor=outermost))

    async def go_to_end(self, direction: Direction) -> None:
        """Show the last page (FORWARD) or the first one, the cursor on its outermost row."""
        query = await self._read_query()
        backwards = Direction.BACKWARD if direction is Direction.FORWARD else Direction.FORWARD
        page = await self._page(query, self.height, None, backwards)
        self._places.clear()
        self._see(at_end(page, direction))

    async def _flip(self, direction: Direction, *, follow_edge: bool) -> None:
        """Turn the page; the rows at its old edge that it keeps stay in view, for orientation."""
        query = await self._read_query()
        keeps = min(self.keeps, self.height - 1)
        page = await self._page(query, self.height - keeps, self._edge(direction), direction)
        # Where rows are kept, the last page is filled up with more of them.
        fills = self.keeps > 0 or direction is Direction.BACKWARD
        kept = self.height - len(page.rows) if fills else 0
        view = turned(self.view, page, direction, kept, self.source.id, follow_edge=follow_edge)
        for row in page.rows:
            self._places.pop(self.source.id(row), None)
        self._see(view)

    def _edge(self, direction: Direction) -> Position | None:
        """Return how far this page goes in a direction: its last row there, or where a search was given up."""
        rows, searched = self.view.rows, self.view.searched(direction)
        if searched is not None or not rows:
            return searched
        return self._places[self.source.id(rows[-1 if direction is Direction.FORWARD else 0])]

    async def resize(self, height: int) -> None:
        """Show `height` rows: those in view stay as far as there is room, the cursor on its row."""
        self.height = height
        await self.fill()

    async def fill(self) -> None:
        """Show as many rows of this page as there is room for, and never move one."""
        self._see(cut(self.view, self.height))
        if self.query is not None and self.view.rows:
            if self.view.more_after:
                await self._extend(self.query, Direction.FORWARD)
            if self.view.more_before:
                await self._extend(self.query, Direction.BACKWARD)

    async def _extend(self, query: Asked[Q], direction: Direction) -> None:
        """Read rows beyond the page in a direction until it is full."""
        missing = self.height - len(self.view.rows)
        if missing < 1:
            return
        page = await self._page(query, missing, self._edge(direction), direction)
        self._see(grown(self.view, page, direction, self.source.id))

    async def _page(
        self, query: Asked[Q], limit: int, position: Position | None, direction: Direction
    ) -> Piece[R]:
        """Read a page; where the source gave a search up for the time it took, ask on for a while."""
        page = await self.source.page(query, limit, position, direction)
        for _ in range(ASK_ON):
            if page.searched_until is None or len(page.rows) >= limit:
                break
            missing = limit - len(page.rows)
            more = await self.source.page(query, missing, page.searched_until, direction)
            page = joined(page, more, direction)
        return page

    async def _read_query(self) -> Asked[Q]:
        """Return the query whose rows are shown; what could not be read is asked again first."""
        if self.query is None:
            await self.refresh()
        if self.query is None:
            raise AssertionError("a list that was read has a query")
        return self.query

    # -- what others do -----------------------------------------------------------------

    async def repaint(self, ids: Iterable[int | None] | None = None) -> bool:
        """Read the rows in view again, each in its place, if any of `ids` is among them (None: always).

        What was done to one of them may have changed what the others say. Return whether they were read.
        """
        id_of, wanted = self.source.id, None if ids is None else set(ids)
        in_view = [id_of(row) for row in self.view.rows]
        if not in_view or (wanted is not None and wanted.isdisjoint(in_view)):
            return False
        fresh = {id_of(row): row for row in await self.source.rows(in_view)}
        rows = tuple(fresh.get(id_of(row), row) for row in self.view.rows)
        self._see(replace(self.view, rows=rows))
        return True

    def put(self, row_id: int, change: Callable[[R], R]) -> None:
        """Show a row that is in view as it is now known to be, without asking the source."""
        rows = tuple(change(row) if self.source.id(row) == row_id else row for row in self.view.rows)
        self._see(replace(self.view, rows=rows))

    def crossed(self) -> bool:
        """Whether a row in view shows something else now than when the query was set."""
        since, now = self.as_of, self.now()
        return any(self.source.crossed(row, since, now) for row in self.view.rows)

    def retake_time(self) -> None:
        """Show rows as of now, leaving every one where it is."""
        if self.query is not None:
            self.query = Asked(self.filters, self.text, self.now())

    def _before(self, row: R) -> Position:
        """Return the position right before a row: the next row behind it is the row itself."""
        place = self.source.place(row)
        return replace(place, id=place.id - 1)
