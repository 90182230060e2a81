"""The search index: one inverted index over the words of a booking, cut into stretches of time.

Every word is indexed with the number of its fortnight in front (`52814=kovac`), so one
lookup answers "this word, in these two weeks" at a cost that does not grow with the
table, and a walk from fortnight to fortnight meets the hits in time order. SQLite keeps
the words in a contentless FTS5 table, PostgreSQL in a GIN index over a tsvector; neither
database's own tokenizer changes them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Date, bindparam, text
from sqlalchemy.sql.elements import TextClause

from frontdesk.store import search_terms
from frontdesk.store.search_terms import Expression, Word
from frontdesk.store.tables import Instant

SPAN = timedelta(days=14)
_YEAR_ZERO = 62_167_219_200
"""Seconds from year 0 to 1970, so that no booking's fortnight has a negative number."""

_SPAN_SECONDS = int(SPAN.total_seconds())
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HERE = "#"
"""Stands for the number of the fortnight in a rendered expression; no word contains it."""


def span_of(instant: datetime) -> int:
    """Return the number of the fortnight that `instant` lies in."""
    return (int((instant - _EPOCH) // timedelta(seconds=1)) + _YEAR_ZERO) // _SPAN_SECONDS


def span_start(span: int) -> datetime:
    """Return the first instant of a fortnight, or the last datetime there is."""
    try:
        return _EPOCH + timedelta(seconds=span * _SPAN_SECONDS - _YEAR_ZERO)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


_SQLITE = (
    """
    CREATE VIRTUAL TABLE booking_search USING fts5(
        words, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '=<@-'"
    )
    """,
    """
    CREATE TRIGGER booking_search_insert AFTER INSERT ON booking BEGIN
        INSERT INTO booking_search(rowid, words) VALUES (new.id, {new_words});
    END
    """,
    """
    CREATE TRIGGER booking_search_delete AFTER DELETE ON booking BEGIN
        INSERT INTO booking_search(booking_search, rowid, words)
        VALUES ('delete', old.id, {old_words});
    END
    """,
    """
    CREATE TRIGGER booking_search_update AFTER UPDATE OF search, tags, starts_at ON booking BEGIN
        INSERT INTO booking_search(booking_search, rowid, words)
        VALUES ('delete', old.id, {old_words});
        INSERT INTO booking_search(rowid, words) VALUES (new.id, {new_words});
    END
    """,
    """
    INSERT INTO booking_search(rowid, words) SELECT id, {booking_words} FROM booking
    """,
)

_POSTGRESQL = (
    """
    CREATE FUNCTION booking_words(search text, tags text, starts_at timestamptz) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(array_agg(
            (floor(extract(epoch FROM starts_at)) + {year_zero})::bigint / {span_seconds} || '=' || word
        ))
        FROM unnest(string_to_array(trim(search || ' ' || tags), ' ')) word
    $$
    """,
    """
    CREATE INDEX booking_search ON booking USING gin (booking_words(search, tags, starts_at))
    WITH (gin_pending_list_limit = 256)
    """,
)


def create_search(connection: Connection) -> None:
    """Make the search index over the bookings that are there, kept up by the database itself."""
    blanks = {"year_zero": str(_YEAR_ZERO), "span_seconds": str(_SPAN_SECONDS)}
    for row in ("new", "old", "booking"):
        span = f"((strftime('%s', {row}.starts_at) + {_YEAR_ZERO}) / {_SPAN_SECONDS})"
        words = f"trim({row}.search || ' ' || {row}.tags)"
        blanks[f"{row}_words"] = f"{span} || '=' || replace({words}, ' ', ' ' || {span} || '=')"
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.execute(text(statement.format(**blanks)))


def fts5(expression: Expression) -> str:
    """Render as an FTS5 MATCH expression, `#` in the fortnight's place.

    Every word is a quoted string: nothing in it is an operator.
    """
    if isinstance(expression, Word):
        word = expression.text.replace('"', '""')
        return f'"{_HERE}={word}"' + ("" if expression.whole else " *")
    joint = " AND " if isinstance(expression, search_terms.AllOf) else " OR "
    return "(" + joint.join(fts5(part) for part in expression.parts) + ")"


def tsquery(expression: Expression) -> str:
    """Render as a tsquery, `#` in the fortnight's place. Every word is a quoted lexeme."""
    if isinstance(expression, Word):
        word = expression.text.replace("\\", "\\\\").replace("'", "''")
        return f"'{_HERE}={word}'" + ("" if expression.whole else ":*")
    joint = " & " if isinstance(expression, search_terms.AllOf) else " | "
    return "(" + joint.join(tsquery(part) for part in expression.parts) + ")"


def spans_parameter(dialect: str, spans: Sequence[int]) -> object:
    """Return fortnight numbers as the statements of `hits_statement` take them."""
    return "[" + ",".join(map(str, spans)) + "]" if dialect == "sqlite" else list(spans)


_SQLITE_HITS = """
SELECT (
    SELECT group_concat(id) FROM (
        SELECT b.id FROM booking_search s CROSS JOIN booking b ON b.id = s.rowid
        WHERE s.booking_search MATCH replace(:expression, '#', span.value)
          AND (b.starts_at, b.id) > (:low_at, :low_id) AND (b.starts_at, b.id) < (:high_at, :high_id)
          AND b.local_date BETWEEN :first_day AND :last_day
        ORDER BY b.starts_at {order}, b.id {order} LIMIT :limit
    )
) FROM json_each(:spans) span
"""

_POSTGRESQL_HITS = """
SELECT found.ids FROM unnest(CAST(:spans AS bigint[])) span(number) CROSS JOIN LATERAL (
    SELECT string_agg(id::text, ',') AS ids FROM (
        SELECT id FROM (
            SELECT id, starts_at, local_date FROM booking
            WHERE booking_words(search, tags, starts_at)
                  @@ replace(:expression, '#', span.number::text)::tsquery
            OFFSET 0
        ) hit
        WHERE (starts_at, id) > (:low_at, :low_id) AND (starts_at, id) < (:high_at, :high_id)
          AND local_date BETWEEN :first_day AND :last_day
        ORDER BY starts_at {order}, id {order} LIMIT :limit
    ) nearest
) found
"""


def hits_statement(dialect: str, descending: bool) -> TextClause:
    """Return the statement that answers, fortnight by fortnight, the ids nearest to where the walk began."""
    template = _SQLITE_HITS if dialect == "sqlite" else _POSTGRESQL_HITS
    return text(template.format(order="DESC" if descending else "ASC")).bindparams(
        bindparam("low_at", type_=Instant),
        bindparam("high_at", type_=Instant),
        bindparam("first_day", type_=Date),
        bindparam("last_day", type_=Date),
    )
