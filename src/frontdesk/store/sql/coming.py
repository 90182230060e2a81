"""Bookings to come that have something in common, read from the index that begins with it."""

from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType


class _ToCome(FunctionElement[Any]):
    """Whether a booking has a key of an index, is not cancelled and starts later than a moment.

    PostgreSQL gets it as bounds of the index, as `search.streams` says why; on SQLite, which has no
    statistics to be misled by, equalities take two thirds of the time.
    """

    inherit_cache = True
    type = NullType()


def coming(
    bookings: Select[Any], of: Any, key: str, wanted: ColumnElement[Any], as_of: ColumnElement[Any]
) -> Select[Any]:
    """Return those of `bookings` whose column `key` is `wanted` and that are to come, the soonest first.

    `of` are their columns; an index has `key`, `cancelled` and `starts_at` first.
    """
    index = of[key], of.cancelled, of.starts_at
    return bookings.where(_ToCome(*index, wanted, as_of)).order_by(*index)


@compiles(_ToCome, "sqlite")
def _as_equalities(element: _ToCome, compiler: SQLCompiler, **options: Any) -> str:
    key, cancelled, starts_at, wanted, as_of = (compiler.process(one, **options) for one in element.clauses)
    return f"{key} = {wanted} AND {cancelled} = 0 AND {starts_at} > {as_of}"


@compiles(_ToCome, "postgresql")
def _as_bounds(element: _ToCome, compiler: SQLCompiler, **options: Any) -> str:
    key, cancelled, starts_at, wanted, as_of = (compiler.process(one, **options) for one in element.clauses)
    place = f"({key}, {cancelled}, {starts_at})"
    return f"{place} > ({wanted}, false, {as_of}) AND {place} < ({wanted}, true, '-infinity'::timestamptz)"
