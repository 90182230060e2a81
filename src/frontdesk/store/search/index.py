"""The search index: an inverted index over the words of a booking, cut into spans of weeks.

Every word is indexed with the number of its span in front (`52814=kovac`), so one lookup
answers "this word, in these weeks" at a cost that does not grow with the table, and a walk
from span to span meets the hits in time order. `fts5.py` and `gin.py` say what a database
keeps the words in and how it is asked; neither database's own tokenizer changes the words.
Each `Database` says which of the two it has (`search`).
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


def create_search(tx: Connection, index: SearchIndex) -> None:
    """Make `index` over the bookings that are there; the database itself keeps it up to date."""
    for statement in index.create:
        tx.execute(text(statement))
