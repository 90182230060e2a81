"""The search index on PostgreSQL: a GIN index over a tsvector that a function makes of a row.

A beginning is put together from all the words that have it, so short ones, which every
second booking has, are words of their own behind a mark.

New entries wait in a list until there are enough to be put in their places together, which
makes a bulk load several times faster. A lookup reads the whole list for each span, so it
is kept short, and every statement that adds to it empties it.
"""

from frontdesk.store.search.index import HERE, YEAR_ONE, SearchIndex
from frontdesk.store.search.terms import AllOf, Expression, Word

_SPAN_SECONDS = 14 * 24 * 60 * 60
_BEGUN = "~"
_LONGEST_BEGUN = 3
_PENDING_KB = 256

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
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100000 AS $$
        DECLARE
            span text := (floor(extract(epoch FROM starts_at)) + {YEAR_ONE})::bigint / {_SPAN_SECONDS} || '=';
            word text;
            tokens text[] := '{{}}';
        BEGIN
            FOREACH word IN ARRAY string_to_array(trim(search || ' ' || tags), ' ') LOOP
                tokens := tokens || (span || word);
                IF left(word, 1) NOT IN ('<', '=', '>', '@') THEN
                    FOR letters IN 1..{_LONGEST_BEGUN} LOOP
                        tokens := tokens || (span || '{_BEGUN}' || left(word, letters));
                    END LOOP;
                END IF;
            END LOOP;
            RETURN array_to_tsvector(tokens);
        END
        $$
        """,
        f"""
        CREATE INDEX booking_search ON booking USING gin (booking_words(search, tags, starts_at))
        WITH (gin_pending_list_limit = {_PENDING_KB})
        """,
        # Only an index's owner may empty its list, whoever writes.
        """
        CREATE FUNCTION booking_search_settle() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
        BEGIN
            PERFORM gin_clean_pending_list('booking_search');
            RETURN NULL;
        END
        $$
        """,
        """
        CREATE TRIGGER booking_search_settle AFTER INSERT OR UPDATE OF search, tags, starts_at ON booking
        FOR EACH STATEMENT EXECUTE FUNCTION booking_search_settle()
        """,
        # Words in one order: two loads that bring the same ones wait for each other, and never both.
        """
        CREATE FUNCTION name_word_of_new() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
        BEGIN
            INSERT INTO name_word SELECT DISTINCT word
            FROM fresh, unnest(string_to_array(fresh.name_key, ' ')) word WHERE word > '' ORDER BY word
            ON CONFLICT DO NOTHING;
            RETURN NULL;
        END
        $$
        """,
        """
        CREATE TRIGGER name_word_insert AFTER INSERT ON booking REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION name_word_of_new()
        """,
        """
        CREATE FUNCTION name_word_of_changed() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
        BEGIN
            INSERT INTO name_word SELECT DISTINCT word
            FROM unnest(string_to_array(NEW.name_key, ' ')) word WHERE word > '' ORDER BY word
            ON CONFLICT DO NOTHING;
            RETURN NULL;
        END
        $$
        """,
        """
        CREATE TRIGGER name_word_update AFTER UPDATE OF name_key ON booking FOR EACH ROW
        WHEN (OLD.name_key IS DISTINCT FROM NEW.name_key) EXECUTE FUNCTION name_word_of_changed()
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
