"""The search index on PostgreSQL: a GIN index over a tsvector that a function makes of a row.

A beginning is put together from all the words that have it, so short ones, which every
second booking has, are words of their own behind a mark.
"""

from frontdesk.store.search_index import HERE, YEAR_ONE, SearchIndex
from frontdesk.store.search_terms import AllOf, Expression, Word

_SPAN_SECONDS = 14 * 24 * 60 * 60
_BEGUN = "~"
_LONGEST_BEGUN = 3

# OFFSET 0 keeps the planner from walking another index for the order's or the days' sake.
_HITS = """
    SELECT id FROM (
        SELECT id, starts_at, local_date FROM booking
        WHERE booking_words(search, tags, starts_at) @@ replace(:expression, '#', span.number::text)::tsquery
        OFFSET 0
    ) hit
    WHERE (starts_at, id) > (:low_at, :low_id) AND (starts_at, id) < (:high_at, :high_id)
      AND local_date BETWEEN :first_day AND :last_day
"""


def tsquery(expression: Expression) -> str:
    """Render as a tsquery. Every word is a quoted lexeme: nothing in it is an operator."""
    if isinstance(expression, Word):
        word = expression.text.replace("\\", "\\\\").replace("'", "''")
        if expression.whole:
            return f"'{HERE}={word}'"
        if word[0].isalnum() and len(word) <= _LONGEST_BEGUN:
            return f"'{HERE}={_BEGUN}{word}'"
        return f"'{HERE}={word}':*"
    joint = " & " if isinstance(expression, AllOf) else " | "
    return "(" + joint.join(tsquery(part) for part in expression.parts) + ")"


GIN = SearchIndex(
    span_seconds=_SPAN_SECONDS,
    create=(
        # The cost keeps the planner from working out the words of every booking of a small table.
        f"""
        CREATE FUNCTION booking_words(search text, tags text, starts_at timestamptz) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100000 AS $$
            WITH span AS (
                SELECT (floor(extract(epoch FROM starts_at)) + {YEAR_ONE})::bigint / {_SPAN_SECONDS} || '=' AS here
            ), word AS (
                SELECT unnest(string_to_array(trim(search || ' ' || tags), ' ')) AS word
            )
            SELECT array_to_tsvector(array_agg(here || token)) FROM span, (
                SELECT word AS token FROM word
                UNION ALL
                SELECT '{_BEGUN}' || left(word, letters) FROM word, generate_series(1, {_LONGEST_BEGUN}) letters
                WHERE ascii(word) NOT IN (ascii('<'), ascii('='), ascii('>'), ascii('@'))
            ) token
        $$
        """,  # noqa: S608
        # A list of pending entries would be read through once for each span that is asked.
        """
        CREATE INDEX booking_search ON booking USING gin (booking_words(search, tags, starts_at))
        WITH (fastupdate = off)
        """,
    ),
    render=tsquery,
    spans_parameter=list,
    hits=f"""
        SELECT found.id FROM unnest(CAST(:spans AS bigint[])) span(number) CROSS JOIN LATERAL (
            {_HITS} ORDER BY starts_at {{order}}, id {{order}} LIMIT :limit
        ) found LIMIT :limit
    """,  # noqa: S608
    count=f"""
        SELECT count(*) FROM (
            SELECT found.id FROM unnest(CAST(:spans AS bigint[])) span(number)
            CROSS JOIN LATERAL ({_HITS}) found LIMIT :limit
        ) counted
    """,  # noqa: S608
)
