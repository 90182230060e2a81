"""How searches, pages and counts are carried out: by the index meant for them, over few rows.

What a planner prefers for a store of thousands it would do for a million: the statements
are made so that it has no other way.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from frontdesk.bookings import BookingQuery, Direction, Position, Status
from frontdesk.identity import COUNTED, MORE_LIMIT, reference_key
from frontdesk.store.opening import open_store
from frontdesk.store.search import near, pages
from frontdesk.store.sql.listed import NAMES_LOOKED_AT
from frontdesk.store.sql.related import NAMES_READ
from tests.contract.test_search import (
    ample_time,
    connection,
    engine,
    fill_practices,
    index_of,
    make_row,
    put,
)
from tests.making import make_practice

__all__ = ["ample_time", "connection", "engine"]

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FIRST = NOW - timedelta(days=500)
BOOKINGS = 4000
ON_A_PAGE = 20
MOST_ROWS = 600 + ON_A_PAGE * (NAMES_LOOKED_AT + 2 * MORE_LIMIT + 2)
"""Rows that one page may visit: those looked through on both sides, a page, and what stands beside each row."""

MOST_STEPS = 30_000 + 900 * ON_A_PAGE
"""Steps of SQLite that one page may take; one over every booking takes several times as many."""

WHOLE_TABLE = re.compile(r"SCAN (booking|b)\b|Seq Scan on booking\b")
SORT = re.compile("Sort|TEMP B-TREE FOR ORDER")
BESIDE = {"booking_name", "booking_patient", "booking_patient_ref"}
"""What is asked about each row that is shown: who has the name, and what else is to come."""

QUERIES: dict[str, tuple[BookingQuery, set[str]]] = {
    "everything": (BookingQuery(NOW), {"booking_order"}),
    "upcoming": (BookingQuery(NOW, statuses=frozenset({Status.UPCOMING})), {"booking_cancelled"}),
    "cancelled where there are none": (
        BookingQuery(NOW - timedelta(days=600), statuses=frozenset({Status.CANCELLED})),
        {"booking_cancelled"},
    ),
    "one day": (
        BookingQuery(NOW, first_day=date(2026, 6, 3), last_day=date(2026, 6, 3)),
        {"booking_order"},
    ),
    "from a day on": (BookingQuery(NOW, first_day=date(2026, 6, 3)), {"booking_order"}),
    "the cancelled from a day on": (
        BookingQuery(NOW, first_day=date(2026, 6, 3), statuses=frozenset({Status.CANCELLED})),
        {"booking_cancelled"},
    ),
    "one day of a practitioner": (
        BookingQuery(
            NOW, first_day=date(2026, 6, 3), last_day=date(2026, 6, 3), practitioners=frozenset({1})
        ),
        {"booking_practitioner"},
    ),
    "a practice that closed": (BookingQuery(NOW, practices=frozenset({"per"})), {"booking_practice"}),
    "a practitioner who retired": (
        BookingQuery(NOW, statuses=frozenset({Status.UPCOMING}), practitioners=frozenset({3})),
        {"booking_practitioner"},
    ),
    "a practitioner at another practice": (
        BookingQuery(NOW, practitioners=frozenset({1}), practices=frozenset({"per"})),
        set(),
    ),
    "cancelled at a practice": (
        BookingQuery(NOW, statuses=frozenset({Status.CANCELLED}), practices=frozenset({"per"})),
        {"booking_practice"},
    ),
    "a common word": (BookingQuery(NOW, "marsh"), {"booking_order"}),
    "a rare word": (BookingQuery(NOW, "quinn"), {"booking_order", "booking_search"}),
    "no word": (BookingQuery(NOW, "zzz"), {"booking_order", "booking_search"}),
    "one letter": (BookingQuery(NOW, "q"), {"booking_order", "booking_search"}),
    "the end of a mobile": (BookingQuery(NOW, "777"), {"booking_order", "booking_search"}),
    "a rare word among the cancelled": (
        BookingQuery(NOW, "quinn", statuses=frozenset({Status.CANCELLED})),
        {"booking_order", "booking_cancelled", "booking_search"},
    ),
    "a rare word in a practice": (
        BookingQuery(NOW, "quinn", practices=frozenset({"adl"})),
        {"booking_order", "booking_practice", "booking_search"},
    ),
    "a patient's rare name that is a practitioner's": (
        BookingQuery(NOW, "lee"),
        {"booking_order", "booking_search"},
    ),
    "a practitioner whom nobody is called like": (
        BookingQuery(NOW, "okafor"),
        {"booking_order", "booking_search"},
    ),
    "two names that never meet, of one type": (
        BookingQuery(NOW, "cle and"),
        {"booking_order", "booking_search"},
    ),
    "a household": (BookingQuery(NOW, mobile="0491 570 777"), {"booking_order", "booking_search"}),
    "no household": (BookingQuery(NOW, mobile="0491 570 000"), {"booking_order", "booking_search"}),
    "no word in some days": (
        BookingQuery(NOW, "zzz", first_day=date(2025, 6, 3), last_day=date(2026, 6, 3)),
        {"booking_order", "booking_search"},
    ),
}


_RARE = {0: "Petra Quinn", 500: "Petra Quinn", 250: "Bruce Lee", 251: "Clea Marsh", 252: "Andre Marsh"}
"""Who is not called Ante Marsh, by the last three digits of the booking's id."""


def fill(connection: Connection) -> None:
    """A store in which every walk that a planner might prefer leads far into nothing."""
    rows = []
    for id in range(1, BOOKINGS + 1):  # noqa: A001
        starts_at = FIRST + timedelta(hours=6 * id)
        past = starts_at < NOW
        rows.append(
            make_row(
                id,
                starts_at,
                practitioner_id=3 if past and id % 3 == 0 else 1,
                patient_name=_RARE.get(id % 1000, "Ante Marsh"),
                patient_mobile="0491 570 777" if id % 500 == 0 else "0491 570 110",
                cancelled=past and id % 7 == 0,
            )
        )
    put(connection, *rows)
    connection.execute(text("ANALYZE"))


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    heard: list[tuple[str, Any]] = []

    def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        heard.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    yield heard
    event.remove(engine, "before_cursor_execute", hear)


def plan(connection: Connection, statement: str, parameters: Any) -> str:
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


def indexes(plan: str) -> set[str]:
    found = re.findall(r"INDEX (booking_\w+)|(?:using|Index Scan on) (booking_\w+)", plan)
    return {one or other for one, other in found} | (
        {"booking_search"} if re.search("SCAN s VIRTUAL TABLE INDEX .*M", plan) else set()
    )


def rows_visited(connection: Connection, statement: str, parameters: Any) -> int:
    """How many rows of `booking` PostgreSQL touches."""
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    answer = connection.exec_driver_sql(explain, parameters).scalar_one()
    (top,) = json.loads(answer) if isinstance(answer, str) else answer

    def visited(node: dict[str, Any]) -> int:
        own = 0
        if node.get("Relation Name") == "booking":
            own = round(node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        return own * int(node["Actual Loops"]) + sum(visited(below) for below in node.get("Plans", ()))

    return visited(top["Plan"])


@contextmanager
def steps(connection: Connection) -> Iterator[list[int]]:
    """Count, in hundreds, the steps that SQLite takes; none on another database."""
    taken: list[int] = []
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        driver.set_progress_handler(lambda: taken.append(100), 100)
    yield taken
    if connection.dialect.name == "sqlite":
        driver.set_progress_handler(None, 0)


NEAR = {
    "nobody is called nearly so": "zzzzzz",
    "a rare name": "petra qiunn",
    "a common name": "masrh",
    "two names that never meet, each of them known": "clea andre",
    "a long one": "x" * 40,
    "two words that nobody has": "zzzz yyyy",
}


def test_near_names_are_looked_up_in_one_statement(connection: Connection, engine: Engine) -> None:
    fill(connection)
    for name, typed in NEAR.items():
        with statements(engine) as heard, steps(connection) as taken:
            pages.nearest(connection, index_of(connection), BookingQuery(NOW), typed, 3)
        assert sum(taken) <= MOST_STEPS, name
        plans = [plan(connection, *one) for one in heard]
        assert not any(WHOLE_TABLE.search(how) for how in plans), name
        lookups = [parameters for statement, parameters in heard if "word IN" in statement]
        assert len(lookups) == (0 if "two words" in name else 1), name
        assert all(len(words) <= near.MOST_WORDS for words in lookups), name
        if connection.dialect.name != "sqlite":
            bookings = [one for one in heard if "booking" in one[0]]
            assert sum(rows_visited(connection, *one) for one in bookings) <= MOST_ROWS, name


def test_every_statement_has_its_index_and_does_little(connection: Connection, engine: Engine) -> None:
    fill(connection)
    for name, (query, expected) in QUERIES.items():
        used: set[str] = set()
        for direction in Direction:
            for position in (None, Position(NOW, 0), Position(NOW - timedelta(days=30), 0)):
                with statements(engine) as heard, steps(connection) as taken:
                    pages.page_rows(connection, index_of(connection), query, ON_A_PAGE, position, direction)
                assert sum(taken) <= MOST_STEPS, name
                plans = [plan(connection, *one) for one in heard]
                for how in plans:
                    assert not WHOLE_TABLE.search(how), f"{name}: {how}"
                    assert not SORT.search(how) or "booking_search" in indexes(how), f"{name}: {how}"
                used.update(*map(indexes, plans))
                if connection.dialect.name != "sqlite":
                    assert sum(rows_visited(connection, *one) for one in heard) <= MOST_ROWS, name
        assert used - {"booking_pkey"} - BESIDE == expected, name
        with statements(engine) as heard:
            pages.count_rows(connection, index_of(connection), query, 50)
        assert not any(WHOLE_TABLE.search(plan(connection, *one)) for one in heard), name


async def test_what_stands_beside_a_booking_is_read_from_its_indexes(engine: Engine, store_url: str) -> None:
    with engine.begin() as connection:
        fill_practices(connection)
        fill(connection)
        connection.execute(text("UPDATE practice SET pms_connection = 'smile', pms_kind = 'praktika'"))
        same = text("UPDATE booking SET patient_pms_ref = '7', patient_ref_key = :key")
        connection.execute(same, {"key": reference_key(make_practice(), "7")})
        connection.execute(text("ANALYZE"))
    store = await open_store(store_url, clock=lambda: NOW)
    try:
        with statements(store._database._engine) as heard:
            related = await store.related(BOOKINGS - 1)
    finally:
        await store.close()
    assert (len(related.namesakes), len(related.also_booked)) == (0, 5)
    assert (related.more.number, related.more.exact) == (COUNTED - 5, False)
    with engine.connect() as connection:
        selects = [one for one in heard if one[0].lstrip().startswith("SELECT booking.id, booking.version")]
        plans = [plan(connection, *one) for one in selects]
        assert not any(WHOLE_TABLE.search(how) or SORT.search(how) for how in plans)
        used = set().union(*map(indexes, plans))
        assert used - {"booking_pkey"} == BESIDE
        if connection.dialect.name != "sqlite":
            assert sum(rows_visited(connection, *one) for one in selects) <= NAMES_READ + 3 * COUNTED
