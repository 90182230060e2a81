"""Reading bookings in time order from an index that holds exactly those that a filter wants.

The filter stands in the bounds and in the order rather than in equalities, so that no
other index can serve a statement, whatever the planner's statistics say of today's rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, func, literal_column, select, tuple_

from frontdesk.bookings import LAST_ID, Position
from frontdesk.store.sql.tables import BookingRow

BOOKING = BookingRow.__table__  # type: ignore[attr-defined]

FIRST = Position(datetime.min.replace(tzinfo=UTC), -1)
LAST = Position(datetime.max.replace(tzinfo=UTC), LAST_ID)

_MOST_AT_ONCE = 1000

_PAGE_LIMIT = 64
"""Rows of a window's page at most: each number of them has a statement of its own, which takes no making."""

_KEYS = {
    "booking_order": (),
    "booking_cancelled": ("cancelled",),
    "booking_practice": ("practice_id", "cancelled"),
    "booking_practitioner": ("practitioner_id", "cancelled"),
}


Days = tuple[date | None, date | None]
"""The first and the last local date that are wanted."""

_ANY_DAY: Days = (None, None)


@dataclass(frozen=True, slots=True)
class Stream:
    """Bookings that lie side by side in an index: its name, and what its first columns are."""

    index: str
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bookings strictly between two positions, of one kind of `cancelled`, or of both when None."""

    low: Position
    high: Position
    cancelled: bool | None


def streams(
    practitioners: Iterable[int] | None, practices: Iterable[str] | None, cancelled: bool | None
) -> list[Stream]:
    """Return the streams that together hold the bookings of these filters; None is no filter."""
    flags = (False, True) if cancelled is None else (cancelled,)
    if practitioners is not None:
        return [Stream("booking_practitioner", (one, flag)) for one in practitioners for flag in flags]
    if practices is not None:
        return [Stream("booking_practice", (one, flag)) for one in practices for flag in flags]
    if cancelled is not None:
        return [Stream("booking_cancelled", (cancelled,))]
    return [Stream("booking_order", ())]


def read(
    tx: Connection,
    among: Iterable[Stream],
    stretch: Stretch,
    days: Days,
    limit: int,
    *,
    forward: bool,
    with_words: bool = False,
) -> list[Row[Any]]:
    """Return the first (or last) `limit` bookings of a stretch, in that order.

    Rows of id, starts_at, local_date and, if asked for, search and tags.
    """
    rows: list[Row[Any]] = []
    for number, stream in enumerate(among):
        rows += _read_stream(tx, stream, stretch, days, limit, forward, with_words)
        if number:
            rows.sort(key=lambda row: (row.starts_at, row.id), reverse=not forward)
            del rows[limit:]
    return rows


def _read_stream(
    tx: Connection,
    stream: Stream,
    stretch: Stretch,
    days: Days,
    limit: int,
    forward: bool,
    with_words: bool,
) -> list[Row[Any]]:
    """Read one stream on until there are `limit` rows of the days wanted.

    Days are compared here: where practices keep several times, the ends of a stretch lie a
    few hours outside the days, and a planner that knew of them would leave the index.
    """
    rows: list[Row[Any]] = []
    first_day, last_day = days[0] or date.min, days[1] or date.max
    at_once = limit
    while True:
        statement = _statement(stream.index, forward, with_words, limit=_spelled_out(at_once))
        read = tx.execute(statement, _parameters(stream, stretch, at_once)).all()
        rows += read if days == _ANY_DAY else (row for row in read if first_day <= row.local_date <= last_day)
        if len(rows) >= limit or len(read) < at_once:
            return rows[:limit]
        last = Position(read[-1].starts_at, read[-1].id)
        stretch = replace(stretch, low=last) if forward else replace(stretch, high=last)
        at_once = min(4 * at_once, _MOST_AT_ONCE)


def count(tx: Connection, among: Iterable[Stream], stretch: Stretch, days: Days, limit: int) -> int:
    """Return how many bookings a stretch has, counting no further than `limit`."""
    number = 0
    for stream in among:
        if number >= limit:
            break
        if days == _ANY_DAY:
            parameters = _parameters(stream, stretch, limit - number)
            number += tx.execute(_counting(stream.index), parameters).scalar_one()
        else:
            number += len(read(tx, (stream,), stretch, days, limit - number, forward=True))
    return number


def _parameters(stream: Stream, stretch: Stretch, limit: int) -> dict[str, Any]:
    parameters = {
        "low_at": stretch.low.starts_at,
        "low_id": stretch.low.id,
        "high_at": stretch.high.starts_at,
        "high_id": stretch.high.id,
        "limit": limit,
    }
    return parameters | {f"key_{place}": value for place, value in enumerate(stream.key)}


def _spelled_out(limit: int) -> int | None:
    """Return a number that stands in a statement of its own, made once; None for one that is written in each time."""
    return limit if limit <= _PAGE_LIMIT else None


@cache
def _counting(index: str) -> Select[Any]:
    return select(func.count()).select_from(_statement(index, True, False, with_day=False).subquery())


@cache
def _statement(
    index: str, forward: bool, with_words: bool, with_day: bool = True, limit: int | None = None
) -> Select[Any]:
    of = BOOKING.c
    columns = [*(of[name] for name in _KEYS[index]), of.starts_at, of.id]
    key = [bindparam(f"key_{place}", type_=of[name].type) for place, name in enumerate(_KEYS[index])]
    low, high = (
        tuple_(
            *key,
            bindparam(f"{side}_at", type_=of.starts_at.type),
            bindparam(f"{side}_id", type_=of.id.type),
        )
        for side in ("low", "high")
    )
    wanted = [of.id, of.starts_at]
    wanted += [of.local_date] if with_day else []
    wanted += [of.search, of.tags] if with_words else []
    return (
        select(*wanted)
        .where(tuple_(*columns) > low, tuple_(*columns) < high)
        .order_by(*(column.asc() if forward else column.desc() for column in columns))
        # The planner must see the number: it plans a parameter as if it could be any.
        .limit(
            bindparam("limit", type_=Integer, literal_execute=True)
            if limit is None
            else literal_column(str(limit))
        )
        .with_hint(BOOKING, f"INDEXED BY {index}", "sqlite")
    )
