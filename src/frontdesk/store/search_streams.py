"""Reading bookings in time order from an index that holds exactly those that a filter wants.

The filter stands in the bounds and in the order rather than in equalities, so that no
other index can serve a statement, whatever the planner's statistics say of today's rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, func, select, tuple_

from frontdesk.bookings import LAST_ID, Position
from frontdesk.store.tables import BookingRow

BOOKING = BookingRow.__table__  # type: ignore[attr-defined]

FIRST = Position(datetime.min.replace(tzinfo=UTC), -1)
LAST = Position(datetime.max.replace(tzinfo=UTC), LAST_ID)

_KEYS = {
    "booking_order": (),
    "booking_cancelled": ("cancelled",),
    "booking_practice": ("practice_id", "cancelled"),
    "booking_practitioner": ("practitioner_id", "cancelled"),
}


Days = tuple[date | None, date | None]
"""The first and the last local date that are wanted."""


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
    connection: Connection,
    among: Iterable[Stream],
    stretch: Stretch,
    days: Days,
    limit: int,
    *,
    forward: bool,
    with_words: bool = False,
) -> list[Row[Any]]:
    """Return the first (or last) `limit` bookings of a stretch: rows of id, starts_at and, if asked for, search
    and tags."""
    rows: list[Row[Any]] = []
    for number, stream in enumerate(among):
        statement = _statement(stream.index, forward, with_words, *(day is not None for day in days))
        rows += connection.execute(statement, _parameters(stream, stretch, days, limit)).all()
        if number:
            rows.sort(key=lambda row: (row.starts_at, row.id), reverse=not forward)
            del rows[limit:]
    return rows


def count(connection: Connection, among: Iterable[Stream], stretch: Stretch, days: Days, limit: int) -> int:
    """Return how many bookings a stretch has, counting no further than `limit`."""
    number = 0
    for stream in among:
        if number < limit:
            statement = _counting(stream.index, *(day is not None for day in days))
            parameters = _parameters(stream, stretch, days, limit - number)
            number += connection.execute(statement, parameters).scalar_one()
    return number


def _parameters(stream: Stream, stretch: Stretch, days: Days, limit: int) -> dict[str, Any]:
    parameters = {
        "low_at": stretch.low.starts_at,
        "low_id": stretch.low.id,
        "high_at": stretch.high.starts_at,
        "high_id": stretch.high.id,
        "limit": limit,
    }
    parameters |= {f"key_{place}": value for place, value in enumerate(stream.key)}
    return parameters | {name: day for name, day in zip(("first_day", "last_day"), days, strict=True) if day}


@cache
def _counting(index: str, since: bool, until: bool) -> Select[Any]:
    return select(func.count()).select_from(_statement(index, True, False, since, until).subquery())


@cache
def _statement(index: str, forward: bool, with_words: bool, since: bool, until: bool) -> Select[Any]:
    of = BOOKING.c
    columns = [*(of[name] for name in _KEYS[index]), of.starts_at, of.id]
    key = [bindparam(f"key_{place}", type_=of[name].type) for place, name in enumerate(_KEYS[index])]
    low, high = (
        tuple_(
            *key, bindparam(f"{side}_at", type_=of.starts_at.type), bindparam(f"{side}_id", type_=of.id.type)
        )
        for side in ("low", "high")
    )
    statement = (
        select(of.id, of.starts_at, *((of.search, of.tags) if with_words else ()))
        .where(tuple_(*columns) > low, tuple_(*columns) < high)
        .order_by(*(column.asc() if forward else column.desc() for column in columns))
        # The planner must see the number: it plans a parameter as if it could be any.
        .limit(bindparam("limit", type_=Integer, literal_execute=True))
        .with_hint(BOOKING, f"INDEXED BY {index}", "sqlite")
    )
    if since:
        statement = statement.where(of.local_date >= bindparam("first_day"))
    if until:
        statement = statement.where(of.local_date <= bindparam("last_day"))
    return statement
