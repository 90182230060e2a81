"""Reading bookings in time order from an index that holds exactly those that a filter wants.

The filter stands in the bounds and in the order rather than in equalities, so that no
other index can serve a statement, whatever the planner's statistics say of today's rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, select, tuple_

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
    days: tuple[date | None, date | None],
    limit: int,
    *,
    forward: bool,
    with_words: bool = False,
) -> list[Row[Any]]:
    """Return the first (or last) `limit` bookings of a stretch: rows of id, starts_at and, if asked for, search."""
    rows: list[Row[Any]] = []
    bounds = {
        "low_at": stretch.low.starts_at,
        "low_id": stretch.low.id,
        "high_at": stretch.high.starts_at,
        "high_id": stretch.high.id,
        "limit": limit,
    }
    first_day, last_day = days
    if first_day is not None:
        bounds["first_day"] = first_day
    if last_day is not None:
        bounds["last_day"] = last_day
    for number, stream in enumerate(among):
        statement = _statement(stream.index, forward, with_words, first_day is not None, last_day is not None)
        key = {f"key_{place}": value for place, value in enumerate(stream.key)}
        rows += connection.execute(statement, bounds | key).all()
        if number:
            rows.sort(key=lambda row: (row.starts_at, row.id), reverse=not forward)
            del rows[limit:]
    return rows


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
        select(of.id, of.starts_at, *((of.search,) if with_words else ()))
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
