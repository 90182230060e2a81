"""The search index: an inverted index over the words of a booking, cut into spans of weeks.

Every word is indexed with the number of its span in front (`52814=kovac`), so one lookup
answers "this word, in these weeks" at a cost that does not grow with the table, and a walk
from span to span meets the hits in time order. What a database keeps the words in, and how
it is asked, is in `search_fts5` and `search_gin`; neither one's own tokenizer changes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection, Date, Integer, String, TextClause, bindparam, text

from frontdesk.store.search.terms import Expression
from frontdesk.store.sql.tables import Instant

HERE = "#"
"""Stands for the number of the span in a rendered expression; no word contains it."""

YEAR_ONE = 62_135_596_800
"""Seconds from the first instant a datetime can hold to 1970: spans are counted from there."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SearchIndex:
    """How one database keeps the words and is asked for them.

    `span_seconds` is the length of a span. The statements take the parameters `expression`,
    `spans`, `low_at`, `low_id`, `high_at`, `high_id` (bounds that are left out themselves),
    `first_day`, `last_day` and `limit`. `hits` has `{order}` in it and answers ids, span by
    span, in rows of one id or several with commas between; `count` answers numbers to be
    added up. Nothing of a row is worked out before it is fetched.
    """

    span_seconds: int
    create: Sequence[str]
    render: Callable[[Expression], str]
    spans_parameter: Callable[[Sequence[int]], object]
    hits: str
    count: str

    def span_of(self, instant: datetime) -> int:
        """Return the number of the span that `instant` lies in."""
        return (int((instant - _EPOCH) // timedelta(seconds=1)) + YEAR_ONE) // self.span_seconds

    def span_start(self, span: int) -> datetime:
        """Return the first instant of a span, or the last there is when time ends before it."""
        try:
            return _EPOCH + timedelta(seconds=span * self.span_seconds - YEAR_ONE)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    @cached_property
    def hits_forward(self) -> TextClause:
        return _typed(self.hits.format(order="ASC"))

    @cached_property
    def hits_backward(self) -> TextClause:
        return _typed(self.hits.format(order="DESC"))

    @cached_property
    def counts(self) -> TextClause:
        return _typed(self.count)


def _typed(statement: str) -> TextClause:
    return text(statement).bindparams(
        bindparam("expression", type_=String),
        bindparam("low_at", type_=Instant),
        bindparam("low_id", type_=Integer),
        bindparam("high_at", type_=Instant),
        bindparam("high_id", type_=Integer),
        bindparam("first_day", type_=Date),
        bindparam("last_day", type_=Date),
        bindparam("limit", type_=Integer, literal_execute=True),
    )


def index_of(connection: Connection) -> SearchIndex:
    """Return how the database of `connection` is searched."""
    if connection.dialect.name == "sqlite":
        from frontdesk.store.search.fts5 import FTS5

        return FTS5
    from frontdesk.store.search.gin import GIN

    return GIN


def create_search(connection: Connection) -> None:
    """Make the search index over the bookings that are there, kept up by the database itself."""
    for statement in index_of(connection).create:
        connection.execute(text(statement))
