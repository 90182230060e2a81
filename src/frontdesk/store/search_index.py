"""The search index: an inverted index over the words of a booking, cut into fortnights.

Every word is indexed with the number of its fortnight in front (`52814=kovac`), so one
lookup answers "this word, in these two weeks" at a cost that does not grow with the
table, and a walk from fortnight to fortnight meets the hits in time order. SQLite keeps
the words in a contentless FTS5 table, PostgreSQL in a GIN index over a tsvector; neither
database's own tokenizer changes them.

Short beginnings have hits in every second booking and are lookups of their own: FTS5's
prefix indexes serve them, and on PostgreSQL words of up to three letters marked `~`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import Connection, Date, Integer, String, TextClause, bindparam, text

from frontdesk.store import search_terms
from frontdesk.store.search_terms import Expression, Word
from frontdesk.store.tables import Instant

SPAN_SECONDS = 14 * 24 * 60 * 60
_YEAR_ONE = 62_135_596_800
"""Seconds from the first instant a datetime can hold to 1970: fortnights are counted from there."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGUN = "~"
_SHORT = 3
"""Letters of the longest beginning that is indexed as such."""

_HERE = "#"
"""Stands for the number of the fortnight in a rendered expression; no word contains it."""


def span_of(instant: datetime) -> int:
    """Return the number of the fortnight that `instant` lies in."""
    return (int((instant - _EPOCH) // timedelta(seconds=1)) + _YEAR_ONE) // SPAN_SECONDS


def span_start(span: int) -> datetime:
    """Return the first instant of a fortnight, or the last there is when time ends before it."""
    try:
        return _EPOCH + timedelta(seconds=span * SPAN_SECONDS - _YEAR_ONE)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


# A fortnight's number and "=" are six characters, in the centuries that matter.
_SQLITE = (
    """
    CREATE VIRTUAL TABLE booking_search USING fts5(
        words, content = '', columnsize = 0, detail = none,
        tokenize = "ascii tokenchars '=<>@'", prefix = '7 8 9'
    )
    """,
    """
    CREATE TRIGGER booking_search_insert AFTER INSERT ON booking BEGIN
        INSERT INTO booking_search(rowid, words) VALUES (new.id, {new_words});
    END
    """,
    """
    CREATE TRIGGER booking_search_delete AFTER DELETE ON booking BEGIN
        INSERT INTO booking_search(booking_search, rowid, words) VALUES ('delete', old.id, {old_words});
    END
    """,
    """
    CREATE TRIGGER booking_search_update AFTER UPDATE OF search, tags, starts_at ON booking BEGIN
        INSERT INTO booking_search(booking_search, rowid, words) VALUES ('delete', old.id, {old_words});
        INSERT INTO booking_search(rowid, words) VALUES (new.id, {new_words});
    END
    """,
    """
    INSERT INTO booking_search(rowid, words) SELECT id, {booking_words} FROM booking
    """,
)

# The cost keeps the planner from computing the words of every booking of a small table. A list
# of pending entries would be read through once for each fortnight that is asked.
_POSTGRESQL = (
    """
    CREATE FUNCTION booking_words(search text, tags text, starts_at timestamptz) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100000 AS $$
        WITH span AS (
            SELECT (floor(extract(epoch FROM starts_at)) + {year_one})::bigint / {span_seconds} || '=' AS here
        ), word AS (
            SELECT unnest(string_to_array(trim(search || ' ' || tags), ' ')) AS word
        )
        SELECT array_to_tsvector(array_agg(here || token)) FROM span, (
            SELECT word AS token FROM word
            UNION ALL
            SELECT '{begun}' || left(word, letters) FROM word, generate_series(1, {short}) letters
            WHERE ascii(word) NOT IN (ascii('<'), ascii('='), ascii('>'), ascii('@'))
        ) token
    $$
    """,
    """
    CREATE INDEX booking_search ON booking USING gin (booking_words(search, tags, starts_at))
    WITH (fastupdate = off)
    """,
)


def create_search(connection: Connection) -> None:
    """Make the search index over the bookings that are there, kept up by the database itself."""
    blanks = {
        "year_one": str(_YEAR_ONE),
        "span_seconds": str(SPAN_SECONDS),
        "begun": _BEGUN,
        "short": str(_SHORT),
    }
    for row in ("new", "old", "booking"):
        span = f"((strftime('%s', {row}.starts_at) + {_YEAR_ONE}) / {SPAN_SECONDS})"
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
        if expression.whole:
            return f"'{_HERE}={word}'"
        if word[0].isalnum() and len(word) <= _SHORT:
            return f"'{_HERE}={_BEGUN}{word}'"
        return f"'{_HERE}={word}':*"
    joint = " & " if isinstance(expression, search_terms.AllOf) else " | "
    return "(" + joint.join(tsquery(part) for part in expression.parts) + ")"


def spans_parameter(dialect: str, spans: Sequence[int]) -> object:
    """Return fortnight numbers as the statement of `hits_statement` takes them."""
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

# OFFSET 0 keeps the planner from walking another index for the order's or the dates' sake.
_POSTGRESQL_HITS = """
SELECT found.id FROM unnest(CAST(:spans AS bigint[])) span(number) CROSS JOIN LATERAL (
    SELECT id FROM (
        SELECT id, starts_at, local_date FROM booking
        WHERE booking_words(search, tags, starts_at)
              @@ replace(:expression, '#', span.number::text)::tsquery
        OFFSET 0
    ) hit
    WHERE (starts_at, id) > (:low_at, :low_id) AND (starts_at, id) < (:high_at, :high_id)
      AND local_date BETWEEN :first_day AND :last_day
    ORDER BY starts_at {order}, id {order} LIMIT :limit
) found LIMIT :limit
"""


@cache
def hits_statement(dialect: str, forward: bool) -> TextClause:
    """Return the statement that answers the ids nearest to where a walk began, in the order of fortnights.

    Its rows are single ids, or several with commas between; none of them may be worked out
    before it is fetched.
    """
    template = _SQLITE_HITS if dialect == "sqlite" else _POSTGRESQL_HITS
    return text(template.format(order="ASC" if forward else "DESC")).bindparams(
        bindparam("expression", type_=String),
        bindparam("low_at", type_=Instant),
        bindparam("low_id", type_=Integer),
        bindparam("high_at", type_=Instant),
        bindparam("high_id", type_=Integer),
        bindparam("first_day", type_=Date),
        bindparam("last_day", type_=Date),
        bindparam("limit", type_=Integer, literal_execute=True),
    )


def tidy_search(connection: Connection, pages: int = 500) -> bool:
    """Do a bounded bit of work that makes searches faster after a large load; say if there is more.

    For SQLite, where every write leaves a small piece behind that each lookup must visit;
    PostgreSQL does the like by itself. A call with the default takes some tens of ms.
    """
    if connection.dialect.name != "sqlite":
        return False
    changes = text("SELECT total_changes()")
    before = connection.execute(changes).scalar_one()
    connection.execute(
        text("INSERT INTO booking_search(booking_search, rank) VALUES ('merge', :pages)"), {"pages": -pages}
    )
    return bool(connection.execute(changes).scalar_one() - before >= 2)
