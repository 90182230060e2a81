"""The search index on SQLite: a contentless FTS5 table kept up by triggers.

Its prefix indexes serve beginnings of up to three letters; a longer one is put together
from the words that have it, which are few by then. Spans are long, because a lookup has to
visit each of the pieces that recent writes left behind.
"""

import json

from frontdesk.store.search.index import HERE, YEAR_ONE, SearchIndex
from frontdesk.store.search.terms import AllOf, Expression, Word

_SPAN_SECONDS = 28 * 24 * 60 * 60
_WHERE = """
    s.booking_search MATCH replace(:expression, '#', span.value)
    AND (b.starts_at, b.id) > (:low_at, :low_id) AND (b.starts_at, b.id) < (:high_at, :high_id)
    AND b.local_date BETWEEN :first_day AND :last_day
"""


def _words(row: str) -> str:
    """The words of a row of `booking`, each behind the number of its span."""
    span = f"((strftime('%s', {row}.starts_at) + {YEAR_ONE}) / {_SPAN_SECONDS})"
    words = f"trim({row}.search || ' ' || {row}.tags)"
    return f"{span} || '=' || replace({words}, ' ', ' ' || {span} || '=')"


_PUT_NEW = f"INSERT INTO booking_search(rowid, words) VALUES (new.id, {_words('new')});"  # noqa: S608
_TAKE_OLD = f"""
    INSERT INTO booking_search(booking_search, rowid, words) VALUES ('delete', old.id, {_words("old")});
"""  # noqa: S608


# Folded words are letters and digits: nothing in them means anything in JSON.
_NEW_NAME = """
    INSERT INTO name_word SELECT value FROM json_each('["' || replace(new.name_key, ' ', '","') || '"]')
    WHERE value > '' ON CONFLICT DO NOTHING;
"""


def fts5(expression: Expression) -> str:
    """Render as an FTS5 MATCH expression. Every word is a quoted string: nothing in it is an operator."""
    if isinstance(expression, Word):
        word = expression.text.replace('"', '""')
        return f'"{HERE}={word}"' + ("" if expression.whole else " *")
    joint = " AND " if isinstance(expression, AllOf) else " OR "
    return "(" + joint.join(fts5(part) for part in expression.parts) + ")"


FTS5 = SearchIndex(
    span_seconds=_SPAN_SECONDS,
    create=(
        # A span's number and "=" are six characters, from the year 767 on.
        """
        CREATE VIRTUAL TABLE booking_search USING fts5(
            words, content = '', columnsize = 0, detail = none,
            tokenize = "ascii tokenchars '=<>@'", prefix = '7 8 9'
        )
        """,
        f"CREATE TRIGGER booking_search_insert AFTER INSERT ON booking BEGIN {_PUT_NEW} END",
        f"CREATE TRIGGER booking_search_delete AFTER DELETE ON booking BEGIN {_TAKE_OLD} END",
        f"""
        CREATE TRIGGER booking_search_update AFTER UPDATE OF search, tags, starts_at ON booking
        BEGIN {_TAKE_OLD} {_PUT_NEW} END
        """,
        f"INSERT INTO booking_search(rowid, words) SELECT id, {_words('booking')} FROM booking",  # noqa: S608
        f"CREATE TRIGGER name_word_insert AFTER INSERT ON booking BEGIN {_NEW_NAME} END",
        f"""
        CREATE TRIGGER name_word_update AFTER UPDATE OF name_key ON booking
        WHEN new.name_key <> old.name_key BEGIN {_NEW_NAME} END
        """,
    ),
    render=fts5,
    spans_parameter=lambda spans: json.dumps(list(spans)),
    hits=f"""
        SELECT (
            SELECT group_concat(id) FROM (
                SELECT b.id FROM booking_search s CROSS JOIN booking b ON b.id = s.rowid
                WHERE {_WHERE} ORDER BY b.starts_at {{order}}, b.id {{order}} LIMIT :limit
            )
        ) FROM json_each(:spans) span
    """,  # noqa: S608
    count=f"""
        SELECT (
            SELECT count(*) FROM (
                SELECT 1 FROM booking_search s CROSS JOIN booking b ON b.id = s.rowid
                WHERE {_WHERE} LIMIT :limit
            )
        ) FROM json_each(:spans) span
    """,  # noqa: S608
)
