"""Reading pages and counts of bookings: bounded at any size, for any text and any filters.

A page without text is read from an index whose first columns are the filter and whose
next are the order, so it touches little more than its own rows. With text the next rows
in that order are looked through first, which fills the page when hits are frequent; when
they are not, the search index is asked fortnight by fortnight, for a bounded time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, union

from frontdesk.bookings import LAST_ID, BookingQuery, Count, Direction, Position, Status
from frontdesk.store import search_index, search_streams, search_terms
from frontdesk.store.search_index import create_search, tidy_search
from frontdesk.store.search_streams import BOOKING, FIRST, LAST, Stream, Stretch
from frontdesk.store.search_terms import AllOf, Expression, name_key, search_tags, search_text
from frontdesk.store.tables import AppointmentTypeRow, PracticeRow, PractitionerRow

__all__ = [
    "SearchPage",
    "count_rows",
    "create_search",
    "name_key",
    "page_rows",
    "search_tags",
    "search_text",
    "tidy_search",
]

LOOKED_THROUGH = range(40, 400)
"""Rows read in order and compared one by one before the search index is asked: four for each one wanted."""

FIRST_WALK = 8
"""Fortnights that are asked first; then more at once, as the time allows."""

WALK_GROWTH = 4
LONGEST_WALK = 128
"""Fortnights asked at once at most: between goes, years without bookings are jumped over."""

PAGE_SECONDS = 0.02
"""How long the search index is asked for one page. What was not reached is `searched_until`."""

BEHIND_SECONDS = 0.008
"""How long it is asked whether there is anything on the side that is not read."""

COUNT_SECONDS = 0.04

_PRACTICE = PracticeRow.__table__  # type: ignore[attr-defined]
_PRACTITIONER = PractitionerRow.__table__  # type: ignore[attr-defined]
_APPOINTMENT_TYPE = AppointmentTypeRow.__table__  # type: ignore[attr-defined]
_NAMES = union(select(_PRACTITIONER.c.name), select(_APPOINTMENT_TYPE.c.name))
_PRACTICES = select(_PRACTICE.c.id)
_EXTENT = select(
    select(func.min(BOOKING.c.starts_at)).scalar_subquery(),
    select(func.max(BOOKING.c.starts_at)).scalar_subquery(),
)
_ROWS = select(BOOKING).where(BOOKING.c.id.in_(bindparam("ids", expanding=True)))
_EASTERNMOST = timedelta(hours=14)
_WESTERNMOST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Rows of `booking` in ascending order, and what lies on either side: see `bookings.Page`."""

    rows: Sequence[Row[Any]]
    more_before: bool
    more_after: bool
    searched_until: Position | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """Ids of hits in the order they were met; `until` is where the search was given up."""

    ids: list[int]
    until: Position | None = None


@dataclass(frozen=True)
class _Search:
    """A query as the database is asked: stretches of time, streams in them, words."""

    connection: Connection
    query: BookingQuery
    expression: Expression | None
    stretches: tuple[Stretch, ...]
    practitioners: tuple[int, ...] | None
    practices: tuple[str, ...] | None

    @property
    def days(self) -> tuple[date | None, date | None]:
        return self.query.first_day, self.query.last_day

    @cached_property
    def _spelled_out(self) -> AllOf:
        """The words, and the filters beside them."""
        parts: list[Expression] = []
        if self.expression is not None:
            names = self.connection.execute(_NAMES).scalars()
            parts.append(search_terms.with_shared_words(self.expression, names))
        if self.practitioners is not None:
            parts.append(search_terms.any_of(map(search_terms.practitioner_tag, self.practitioners)))
        elif self.practices is not None:
            parts.append(search_terms.any_of(map(search_terms.practice_tag, self.practices)))
        return AllOf(tuple(parts))

    @cached_property
    def extent(self) -> tuple[datetime | None, datetime | None]:
        """When the first and the last booking of all start."""
        first, last = self.connection.execute(_EXTENT).one()
        return first, last

    def streams(self, cancelled: bool | None) -> list[Stream]:
        return search_streams.streams(self.practitioners, self.practices, cancelled)

    def index_expression(self, cancelled: bool | None) -> str:
        """Return what the search index is asked, in its own language."""
        parts = self._spelled_out.parts
        if cancelled is not None:
            parts += (search_terms.any_of([search_terms.cancelled_tag(cancelled)]),)
        render = search_index.fts5 if self.connection.dialect.name == "sqlite" else search_index.tsquery
        return render(AllOf(parts))


class _Allowance:
    """The time that a search may take. It is over only once something was searched."""

    def __init__(self, dialect: str, seconds: float) -> None:
        # SQLite works in this thread: what other programs take from the machine does not count.
        self._clock: Callable[[], float] = time.thread_time if dialect == "sqlite" else time.monotonic
        self._seconds = seconds
        self._began = self._clock()
        self._steps = 0

    def next_steps(self) -> int:
        """Return how many fortnights to ask at once, 0 when the time is over."""
        if self._steps == 0:
            self._steps = FIRST_WALK
            return FIRST_WALK
        spent = self._clock() - self._began
        if spent >= self._seconds:
            return 0
        affordable = int(self._steps * (self._seconds - spent) / max(spent, 1e-6))
        steps = max(1, min(affordable, self._steps * WALK_GROWTH, LONGEST_WALK))
        self._steps += steps
        return steps


def page_rows(
    connection: Connection,
    query: BookingQuery,
    limit: int,
    position: Position | None,
    direction: Direction,
) -> SearchPage:
    """Return up to `limit` rows strictly beyond `position`, in ascending order.

    Without a position, FORWARD begins at the first booking and BACKWARD ends at the last.
    """
    search = _prepare(connection, query)
    forward = direction is Direction.FORWARD
    found = _collect(search, limit + 1, position, forward, PAGE_SECONDS)
    rows = _rows(connection, found.ids[:limit])
    beyond = len(found.ids) > limit or found.until is not None
    behind = position is not None and _is_anything_behind(search, position, forward)
    if forward:
        return SearchPage(rows, behind, beyond, found.until)
    return SearchPage(rows, beyond, behind, found.until)


def count_rows(connection: Connection, query: BookingQuery, limit: int) -> Count:
    """Count the bookings of `query`, stopping at `limit`, or when a search takes too long."""
    found = _collect(_prepare(connection, query), limit + 1, None, True, COUNT_SECONDS)
    return Count(min(len(found.ids), limit), exact=len(found.ids) <= limit and found.until is None)


def _prepare(connection: Connection, query: BookingQuery) -> _Search:
    expression = search_terms.interpret(query.text)
    practices, practitioners = _known(connection, query)
    stretches = _stretches(query)
    if expression == search_terms.NOTHING or practices == () or practitioners == ():
        stretches = ()
    return _Search(connection, query, expression, stretches, practitioners, practices)


def _known(
    connection: Connection, query: BookingQuery
) -> tuple[tuple[str, ...] | None, tuple[int, ...] | None]:
    """Return which practices and practitioners are asked for, None when it is all of them.

    A practitioner belongs to one practice, so practitioners leave the practices nothing to say.
    """
    practices: tuple[str, ...] | None = None
    if query.practices:
        everywhere = set(connection.execute(_PRACTICES).scalars())
        practices = tuple(sorted(query.practices & everywhere))
        if practices == tuple(sorted(everywhere)):
            practices = None
    if not query.practitioners:
        return practices, None
    of = _PRACTITIONER.c
    asked = select(of.id).where(of.id.in_(query.practitioners))
    if practices is not None:
        asked = asked.where(of.practice_id.in_(practices))
    return practices, tuple(sorted(connection.execute(asked).scalars()))


def _stretches(query: BookingQuery) -> tuple[Stretch, ...]:
    """Cut time at `as_of`, so that on each side the status asks only about `cancelled`."""
    low, high = FIRST, LAST
    if query.first_day is not None and query.first_day > date.min:
        low = Position(_midnight(query.first_day) - _EASTERNMOST, -1)
    if query.last_day is not None and query.last_day < date.max:
        high = Position(_midnight(query.last_day + timedelta(days=1)) + _WESTERNMOST, -1)
    wanted = query.statuses or frozenset(Status)
    now = Position(query.as_of, LAST_ID)
    stretches = []
    for start, end, active in (
        (low, min(now, high), Status.COMPLETED),
        (max(now, low), high, Status.UPCOMING),
    ):
        flags = [flag for flag, status in ((False, active), (True, Status.CANCELLED)) if status in wanted]
        if flags and start < end:
            stretches.append(Stretch(start, end, flags[0] if len(flags) == 1 else None))
    if len(stretches) == 2 and stretches[0].cancelled == stretches[1].cancelled:
        return (replace(stretches[0], high=high),)
    return tuple(stretches)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _is_anything_behind(search: _Search, position: Position, forward: bool) -> bool:
    """Whether a page that begins strictly beyond `position` leaves something out. Unsure is yes."""
    here = Position(position.starts_at, position.id + (1 if forward else -1))
    found = _collect(search, 1, here, not forward, BEHIND_SECONDS)
    return bool(found.ids) or found.until is not None


def _collect(search: _Search, limit: int, position: Position | None, forward: bool, seconds: float) -> _Found:
    """Return up to `limit` ids beyond `position`, whatever id it names."""
    if position is not None:
        position = replace(position, id=max(-1, min(position.id, LAST_ID)))
    ids: list[int] = []
    allowance = _Allowance(search.connection.dialect.name, seconds)
    for stretch in search.stretches if forward else reversed(search.stretches):
        rest = stretch
        if position is not None and forward:
            rest = replace(stretch, low=max(stretch.low, position))
        elif position is not None:
            rest = replace(stretch, high=min(stretch.high, position))
        if rest.low >= rest.high:
            continue
        found = _in_stretch(search, rest, limit - len(ids), forward, allowance)
        ids += found.ids
        if len(ids) >= limit or found.until is not None:
            return _Found(ids, found.until)
    return _Found(ids)


def _in_stretch(
    search: _Search, stretch: Stretch, limit: int, forward: bool, allowance: _Allowance
) -> _Found:
    streams = search.streams(stretch.cancelled)
    if search.expression is None:
        rows = search_streams.read(search.connection, streams, stretch, search.days, limit, forward=forward)
        return _Found([row.id for row in rows])
    look = min(max(4 * limit, LOOKED_THROUGH.start), LOOKED_THROUGH.stop)
    seen = search_streams.read(
        search.connection, streams, stretch, search.days, look, forward=forward, with_words=True
    )
    ids = [row.id for row in seen if search_terms.matches(search.expression, row.search)]
    if len(ids) >= limit or len(seen) < look:
        return _Found(ids[:limit])
    last = Position(seen[-1].starts_at, seen[-1].id)
    rest = replace(stretch, low=last) if forward else replace(stretch, high=last)
    found = _walk(search, rest, limit - len(ids), forward, allowance)
    return _Found(ids + found.ids, found.until)


def _walk(search: _Search, stretch: Stretch, limit: int, forward: bool, allowance: _Allowance) -> _Found:
    """Ask the search index, fortnight by fortnight."""
    connection, dialect = search.connection, search.connection.dialect.name
    first_day, last_day = search.days
    parameters = {
        "expression": search.index_expression(stretch.cancelled),
        "first_day": first_day or date.min,
        "last_day": last_day or date.max,
        "low_at": stretch.low.starts_at,
        "low_id": stretch.low.id,
        "high_at": stretch.high.starts_at,
        "high_id": stretch.high.id,
    }
    ids: list[int] = []
    for spans, beyond in _spans(search, stretch, forward, allowance):
        if not spans:
            return _Found(ids, max(beyond, stretch.low) if forward else min(beyond, stretch.high))
        wanted = {"limit": limit - len(ids), "spans": search_index.spans_parameter(dialect, spans)}
        answer = connection.execute(search_index.hits_statement(dialect, forward), parameters | wanted)
        for (hits,) in answer:
            ids += map(int, str(hits).split(",")) if hits else ()
            if len(ids) >= limit:
                answer.close()
                return _Found(ids[:limit])
    return _Found(ids)


def _spans(
    search: _Search, stretch: Stretch, forward: bool, allowance: _Allowance
) -> Iterator[tuple[range, Position]]:
    """Yield which fortnights to ask next, and the position beyond them; none when the time is over."""
    first, last = search.extent
    if first is None or last is None:
        return
    low = search_index.span_of(max(stretch.low.starts_at, first))
    high = search_index.span_of(min(stretch.high.starts_at, last))
    while low <= high:
        steps = allowance.next_steps()
        if forward:
            spans = range(low, min(low + steps, high + 1))
            low += len(spans)
        else:
            spans = range(high, max(high - steps, low - 1), -1)
            high -= len(spans)
        yield spans, _edge(low if forward else high + 1)
        if steps == LONGEST_WALK:
            rest = Stretch(_edge(low), _edge(high + 1), None)
            nearest = search_streams.read(
                search.connection,
                search_streams.streams(None, None, None),
                rest,
                (None, None),
                1,
                forward=forward,
            )
            if not nearest:
                return
            if forward:
                low = search_index.span_of(nearest[0].starts_at)
            else:
                high = search_index.span_of(nearest[0].starts_at)


def _edge(span: int) -> Position:
    """The position between a fortnight and the one before it."""
    return Position(search_index.span_start(span), -1)


def _rows(connection: Connection, ids: list[int]) -> Sequence[Row[Any]]:
    """Return whole rows, in ascending order."""
    rows = connection.execute(_ROWS, {"ids": ids}).all() if ids else []
    return sorted(rows, key=lambda row: (row.starts_at, row.id))
