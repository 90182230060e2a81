"""Reading pages and counts of bookings: bounded at any size, for any text and any filters.

A page without text is read from an index whose first columns are the filter and whose
next are the order, so it touches little more than its own rows. With text the next rows
in that order are looked through first, which fills the page when hits are frequent; when
they are not, the search index is asked fortnight by fortnight.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any as Anything

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from frontdesk.bookings import BookingQuery, Count, Direction, Position, Status
from frontdesk.store import search_index, search_terms
from frontdesk.store.search_index import create_search
from frontdesk.store.search_terms import Expression, name_key, search_tags, search_text
from frontdesk.store.tables import BookingRow, PractitionerRow

__all__ = [
    "SearchPage",
    "count_rows",
    "create_search",
    "name_key",
    "page_rows",
    "search_tags",
    "search_text",
]

LOOKED_THROUGH = 300
"""Rows read in order and compared one by one before the search index is asked."""

FIRST_WALK = 4
WALK_GROWTH = 4
LONGEST_WALK = 640
"""Fortnights asked in one go at first, how that grows, and how many one answer may take."""

_BOOKING = BookingRow.__table__  # type: ignore[attr-defined]
_C = _BOOKING.c
_PRACTITIONER = PractitionerRow.__table__  # type: ignore[attr-defined]
_LAST_ID = 2**31 - 1
_LOWEST = Position(datetime.min.replace(tzinfo=UTC), -1)
_HIGHEST = Position(datetime.max.replace(tzinfo=UTC), _LAST_ID)
_EASTERNMOST = timedelta(hours=14)
_WESTERNMOST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Rows of `booking` in ascending order, and what lies on either side: see `bookings.Page`."""

    rows: Sequence[Row[Anything]]
    more_before: bool
    more_after: bool
    searched_until: Position | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Bookings strictly between two positions, of one or either kind of `cancelled`."""

    low: Position
    high: Position
    cancelled: bool | None


@dataclass(frozen=True, slots=True)
class _Stream:
    """Bookings that one index holds side by side, in time order."""

    index: str
    key: tuple[tuple[ColumnElement[Anything], Anything], ...]


@dataclass(frozen=True, slots=True)
class _Search:
    """A query as the database is asked: stretches of time, streams in them, words."""

    connection: Connection
    expression: Expression | None
    stretches: tuple[_Stretch, ...]
    practitioners: tuple[int, ...]
    practices: tuple[str, ...]
    first_day: date
    last_day: date

    def streams(self, cancelled: bool | None) -> list[_Stream]:
        flags = (False, True) if cancelled is None else (cancelled,)
        if self.practitioners:
            return [
                _Stream("booking_practitioner", ((_C.practitioner_id, one), (_C.cancelled, flag)))
                for one in self.practitioners
                for flag in flags
            ]
        if self.practices:
            return [
                _Stream("booking_practice", ((_C.practice_id, one), (_C.cancelled, flag)))
                for one in self.practices
                for flag in flags
            ]
        if cancelled is None:
            return [_Stream("booking_order", ())]
        return [_Stream("booking_cancelled", ((_C.cancelled, cancelled),))]

    def tagged(self, cancelled: bool | None) -> Expression:
        """The words with the filters beside them, for the search index."""
        parts: list[Expression] = [] if self.expression is None else [self.expression]
        if self.practitioners:
            parts.append(search_terms.any_of(map(search_terms.practitioner_tag, self.practitioners)))
        elif self.practices:
            parts.append(search_terms.any_of(map(search_terms.practice_tag, self.practices)))
        if cancelled is not None:
            parts.append(search_terms.any_of([search_terms.cancelled_tag(cancelled)]))
        return search_terms.AllOf(tuple(parts))


@dataclass(frozen=True, slots=True)
class _Found:
    """Ids of hits in the order they were met; `until` when the walk was given up there."""

    ids: list[int]
    until: Position | None = None


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
    found = _collect(search, limit + 1, position, direction)
    rows = _rows(connection, found.ids[:limit])
    more_beyond = len(found.ids) > limit or found.until is not None
    more_behind = False
    if position is not None:
        other = Direction.BACKWARD if direction is Direction.FORWARD else Direction.FORWARD
        here = Position(position.starts_at, position.id + (1 if other is Direction.BACKWARD else -1))
        behind = _collect(search, 1, here, other)
        more_behind = bool(behind.ids) or behind.until is not None
    if direction is Direction.FORWARD:
        return SearchPage(rows, more_behind, more_beyond, found.until)
    return SearchPage(rows, more_beyond, more_behind, found.until)


def count_rows(connection: Connection, query: BookingQuery, limit: int) -> Count:
    """Count the bookings of `query`, stopping at `limit`."""
    search = _prepare(connection, query)
    if search.expression is not None:
        found = _collect(search, limit + 1, None, Direction.FORWARD)
        return Count(min(len(found.ids), limit), len(found.ids) <= limit and found.until is None)
    number = 0
    for stretch in search.stretches:
        for stream in search.streams(stretch.cancelled):
            keys = _stream_keys(search, stream, stretch, limit + 1 - number, Direction.FORWARD)
            number += connection.execute(select(func.count()).select_from(keys.subquery())).scalar_one()
            if number > limit:
                return Count(limit, False)
    return Count(number, True)


def _prepare(connection: Connection, query: BookingQuery) -> _Search:
    low, high = _LOWEST, _HIGHEST
    if query.first_day is not None and query.first_day > date.min:
        low = Position(_midnight(query.first_day) - _EASTERNMOST, -1)
    if query.last_day is not None and query.last_day < date.max:
        high = Position(_midnight(query.last_day + timedelta(days=1)) + _WESTERNMOST, -1)
    stretches = _stretches(query, low, high)
    practitioners = tuple(sorted(query.practitioners))
    if practitioners and query.practices:
        of = _PRACTITIONER.c
        at_practices = select(of.id).where(
            of.id.in_(practitioners), of.practice_id.in_(sorted(query.practices))
        )
        practitioners = tuple(sorted(connection.execute(at_practices).scalars()))
        if not practitioners:
            stretches = ()
    expression = search_terms.interpret(query.text)
    if expression == search_terms.NOTHING:
        stretches = ()
    return _Search(
        connection,
        expression,
        stretches,
        practitioners,
        tuple(sorted(query.practices)),
        query.first_day or date.min,
        query.last_day or date.max,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _stretches(query: BookingQuery, low: Position, high: Position) -> tuple[_Stretch, ...]:
    """Cut time at `as_of`, so that on each side the status asks only about `cancelled`."""
    wanted = query.statuses or frozenset(Status)
    now = Position(query.as_of, _LAST_ID)
    stretches = []
    for start, end, active in (
        (low, min(now, high), Status.COMPLETED),
        (max(now, low), high, Status.UPCOMING),
    ):
        flags = [flag for flag, status in ((False, active), (True, Status.CANCELLED)) if status in wanted]
        if flags and start < end:
            stretches.append(_Stretch(start, end, flags[0] if len(flags) == 1 else None))
    if len(stretches) == 2 and stretches[0].cancelled == stretches[1].cancelled:
        return (replace(stretches[0], high=high),)
    return tuple(stretches)


def _collect(search: _Search, limit: int, position: Position | None, direction: Direction) -> _Found:
    """Return up to `limit` ids beyond `position`."""
    ids: list[int] = []
    forward = direction is Direction.FORWARD
    for stretch in search.stretches if forward else reversed(search.stretches):
        if position is not None:
            stretch = (
                replace(stretch, low=max(stretch.low, position))
                if forward
                else replace(stretch, high=min(stretch.high, position))
            )
        if stretch.low >= stretch.high:
            continue
        found = _in_stretch(search, stretch, limit - len(ids), direction)
        ids += found.ids
        if len(ids) >= limit or found.until is not None:
            return _Found(ids, found.until if len(ids) < limit else None)
    return _Found(ids)


def _in_stretch(search: _Search, stretch: _Stretch, limit: int, direction: Direction) -> _Found:
    if search.expression is None:
        return _Found([row.id for row in _next_rows(search, stretch, limit, direction)])
    seen = _next_rows(search, stretch, LOOKED_THROUGH, direction)
    ids = [row.id for row in seen if search_terms.matches(search.expression, row.search)][:limit]
    if len(ids) >= limit or len(seen) < LOOKED_THROUGH:
        return _Found(ids)
    last = Position(seen[-1].starts_at, seen[-1].id)
    rest = replace(stretch, low=last) if direction is Direction.FORWARD else replace(stretch, high=last)
    found = _walk(search, rest, limit - len(ids), direction)
    return _Found(ids + found.ids, found.until)


def _next_rows(search: _Search, stretch: _Stretch, limit: int, direction: Direction) -> list[Row[Anything]]:
    """Return the first rows of a stretch, its streams merged, in the direction's order."""
    streams = search.streams(stretch.cancelled)
    rows: list[Row[Anything]] = []
    for start in range(0, len(streams), 32):
        keys = [
            _stream_keys(search, one, stretch, limit, direction).subquery()
            for one in streams[start : start + 32]
        ]
        statement = select(keys[0]) if len(keys) == 1 else union_all(*(select(one) for one in keys))
        rows += search.connection.execute(statement)
    rows.sort(key=lambda row: (row.starts_at, row.id), reverse=direction is Direction.BACKWARD)
    return rows[:limit]


def _stream_keys(
    search: _Search, stream: _Stream, stretch: _Stretch, limit: int, direction: Direction
) -> Select[Anything]:
    """Read one index in order, between two of its entries.

    The filter stands in the bounds and in the order rather than in equalities, so that no
    other index can serve the statement whatever the planner's statistics say.
    """
    columns = [*(column for column, _ in stream.key), _C.starts_at, _C.id]
    bounds = [
        tuple_(
            *(literal(value, column.type) for column, value in stream.key),
            literal(place.starts_at, _C.starts_at.type),
            literal(place.id, _C.id.type),
        )
        for place in (stretch.low, stretch.high)
    ]
    forward = direction is Direction.FORWARD
    statement = (
        select(_C.id, _C.starts_at, *((_C.search,) if search.expression is not None else ()))
        .where(tuple_(*columns) > bounds[0], tuple_(*columns) < bounds[1])
        .order_by(*(column.asc() if forward else column.desc() for column in columns))
        .limit(_count_literal(limit))
        .with_hint(_BOOKING, f"INDEXED BY {stream.index}", "sqlite")
    )
    if search.first_day > date.min:
        statement = statement.where(_C.local_date >= search.first_day)
    if search.last_day < date.max:
        statement = statement.where(_C.local_date <= search.last_day)
    return statement


def _count_literal(number: int) -> Anything:
    """A limit that the planner sees: with a parameter it would plan for any number."""
    return bindparam(None, number, literal_execute=True)


def _walk(search: _Search, stretch: _Stretch, limit: int, direction: Direction) -> _Found:
    """Ask the search index, fortnight by fortnight, in ever longer goes."""
    connection = search.connection
    dialect = connection.dialect.name
    forward = direction is Direction.FORWARD
    expression = search.tagged(stretch.cancelled)
    parameters = {
        "expression": (search_index.fts5 if dialect == "sqlite" else search_index.tsquery)(expression),
        "first_day": search.first_day,
        "last_day": search.last_day,
        "low_at": stretch.low.starts_at,
        "low_id": stretch.low.id,
        "high_at": stretch.high.starts_at,
        "high_id": stretch.high.id,
    }
    statement = search_index.hits_statement(dialect, descending=not forward)
    ids: list[int] = []
    asked = 0
    go = FIRST_WALK
    place = stretch.low if forward else stretch.high
    while True:
        edge = _edge(
            connection, replace(stretch, low=place) if forward else replace(stretch, high=place), direction
        )
        if edge is None:
            return _Found(ids)
        if asked >= LONGEST_WALK:
            return _Found(ids, place)
        first = search_index.span_of(edge)
        last_of_stretch = search_index.span_of((stretch.high if forward else stretch.low).starts_at)
        spans = list(
            range(first, min(first + go, last_of_stretch + 1))
            if forward
            else range(first, max(first - go, last_of_stretch - 1), -1)
        )
        result = connection.execute(
            statement,
            {**parameters, "limit": limit, "spans": search_index.spans_parameter(dialect, spans)},
        )
        for (hits,) in result:
            if hits:
                ids += map(int, str(hits).split(","))
                if len(ids) >= limit:
                    result.close()
                    return _Found(ids[:limit])
        asked += len(spans)
        go *= WALK_GROWTH
        place = (
            Position(search_index.span_start(spans[-1] + 1), -1)
            if forward
            else Position(search_index.span_start(spans[-1]), -1)
        )


def _edge(connection: Connection, stretch: _Stretch, direction: Direction) -> datetime | None:
    """Return the start of the first booking in a stretch, so that empty years are jumped over."""
    key = tuple_(_C.starts_at, _C.id)
    low, high = (
        tuple_(literal(place.starts_at, _C.starts_at.type), literal(place.id, _C.id.type))
        for place in (stretch.low, stretch.high)
    )
    order = (
        (_C.starts_at.asc(), _C.id.asc())
        if direction is Direction.FORWARD
        else (_C.starts_at.desc(), _C.id.desc())
    )
    statement = (
        select(_C.starts_at)
        .where(key > low, key < high)
        .order_by(*order)
        .limit(_count_literal(1))
        .with_hint(_BOOKING, "INDEXED BY booking_order", "sqlite")
    )
    edge: datetime | None = connection.execute(statement).scalar()
    return edge


def _rows(connection: Connection, ids: Iterable[int]) -> Sequence[Row[Anything]]:
    """Return whole rows, in ascending order."""
    rows = connection.execute(select(_BOOKING).where(_C.id.in_(list(ids)))).all()
    return sorted(rows, key=lambda row: (row.starts_at, row.id))
