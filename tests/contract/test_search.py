"""What searches, pages and counts promise, on every database: exact, in order, whatever is asked."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, delete, insert, update

from frontdesk import times
from frontdesk.bookings import LAST_ID, BookingQuery, Count, Direction, Position, Status
from frontdesk.identity import name_key, patient_key
from frontdesk.store.opening import open_store
from frontdesk.store.search import pages, terms, walk
from frontdesk.store.search.fts5 import FTS5
from frontdesk.store.search.gin import GIN
from frontdesk.store.search.index import SearchIndex
from frontdesk.store.sql.tables import AppointmentTypeRow, BookingRow, PracticeRow, PractitionerRow
from frontdesk.telephones import numbers
from frontdesk.text import begins, fold

BOOKING = BookingRow.__table__  # type: ignore[attr-defined]
START = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = {"adl": "Australia/Adelaide", "per": "Australia/Perth", "akl": "Pacific/Auckland"}
PRACTITIONERS = {
    1: ("adl", "Dr Lee"),
    2: ("adl", "Dr Brandt"),
    3: ("per", "Ms Okafor"),
    4: ("per", "Dr Lee"),
    5: ("akl", "Dr Papadopoulos"),
}
NAMES = ("Mirela", "Ante", "Kovač", "O'Brien", "王小明", "Siew-Ling", "Kovacevic", "Lee", "Zoë")
TYPES = ("Check-up and clean", "Root canal", "")
TEXTS = (
    "", "", "", "kov", "mir kov", "zzz", "0491 570 006", "+61 491 570 012", "570006", "006", "04 91", "14 mar",
    "1/2/81", "sd-100", "dr lee", "王", "lee root", "obrien", "!!", "s", "kov 00", "o", "x", "check lee an", " ",
    "lee", "l", "dr l", "lee kov", "brandt", "dr", "02011981", "dob 2/1/81",
)  # fmt: skip


def index_of(connection: Connection) -> SearchIndex:
    return FTS5 if connection.dialect.name == "sqlite" else GIN


def make_row(id: int, starts_at: datetime, **changes: Any) -> dict[str, Any]:  # noqa: A002
    """Return a whole row of `booking`, its derived columns following from the others."""
    row: dict[str, Any] = {
        "id": id,
        "version": 1,
        "ref": f"SD-{10000 + id}",
        "practitioner_id": 1,
        "patient_name": "Mirela Kovač",
        "patient_birth_date": date(1981, 3, 14),
        "patient_mobile": "0491 570 006",
        "patient_email": "",
        "patient_pms_ref": "",
        "appointment_type": "Check-up and clean",
        "starts_at": starts_at,
        "cancelled": False,
        "cancelled_by": "",
        "cancelled_via": "",
        "cancelled_origin": "",
        "cancellation_reason": "",
        "changed_by": "",
        "changed_via": "",
    } | changes
    practice, practitioner = PRACTITIONERS[row["practitioner_id"]]
    row["practice_id"] = practice
    row["local_date"] = times.local_date(starts_at, ZoneInfo(ZONES[practice]))
    row["name_key"] = name_key(row["patient_name"])
    row["patient_key"] = patient_key(row["patient_name"], row["patient_birth_date"], row["patient_mobile"])
    row["patient_ref_key"] = ""
    row["search"] = pages.search_text(
        patient_name=row["patient_name"],
        ref=row["ref"],
        practitioner_name=practitioner,
        appointment_type=row["appointment_type"],
        mobile=row["patient_mobile"],
        birth_date=row["patient_birth_date"],
    )
    row["tags"] = pages.search_tags(
        practice_id=practice,
        practitioner_id=row["practitioner_id"],
        cancelled=row["cancelled"],
    )
    return row


def make_rows(rng: random.Random, number: int) -> list[dict[str, Any]]:
    """Return bookings over most of a year, some at the same instant, some in other centuries."""
    rows = []
    for id in range(1, number + 1):  # noqa: A001
        starts_at = START + timedelta(
            minutes=rng.choice((15 * rng.randrange(25_000), 24 * 60 * rng.randrange(250), 600))
        )
        if rng.random() < 0.02:
            starts_at = datetime(rng.choice((1900, 1969, 2100, 9999)), 12, 30, 23, 59, 59, 999_999, UTC)
        rows.append(
            make_row(
                id,
                starts_at,
                practitioner_id=rng.choice(list(PRACTITIONERS)),
                patient_name=f"{rng.choice(NAMES)} {rng.choice(NAMES)}",
                patient_birth_date=rng.choice((None, date(1981, rng.randint(1, 3), rng.randint(1, 28)))),
                patient_mobile=rng.choice(
                    (f"0491 570 {rng.randrange(30):03}", f"+61 491 570 {rng.randrange(30):03}", "")
                ),
                appointment_type=rng.choice(TYPES),
                cancelled=rng.random() < 0.2,
            )
        )
    return rows


def make_query(rng: random.Random) -> BookingQuery:
    return BookingQuery(
        as_of=START + timedelta(days=rng.randint(-20, 280), minutes=15 * rng.randrange(96)),
        text=rng.choice(TEXTS),
        statuses=frozenset(rng.sample(list(Status), rng.choice((0, 0, 1, 2, 3)))),
        first_day=rng.choice((None, None, date(2026, 3, 4), date.min)),
        last_day=rng.choice((None, None, date(2026, 3, 4), date(2026, 6, 7), date.max)),
        practitioners=frozenset(rng.sample(sorted(PRACTITIONERS), rng.choice((0, 0, 0, 1, 2)))),
        practices=frozenset(rng.sample(sorted(ZONES), rng.choice((0, 0, 0, 1, 2)))),
        mobile=rng.choice(("", "", "", "", "0491 570 012", "+61 491 570 006", "none")),
    )


SHARED = {(practice, name) for practice, name in PRACTITIONERS.values()} | {("adl", name) for name in TYPES}
"""The names of practitioners and types, each with a practice that has it."""


def patients_alone(rows: list[dict[str, Any]], query: BookingQuery) -> bool:
    """Whether a text is somebody's name and a practitioner's or type's, so that it means the patients."""
    words, practices = fold(query.text), query.practices or set(ZONES)
    if not words or not all(map(str.isalpha, words)) or not terms.TITLES.isdisjoint(words):
        return False
    return any(practice in practices and begins(words, fold(name)) for practice, name in SHARED) and any(
        row["practice_id"] in practices and is_called(row, query.text) for row in rows
    )


def is_called(row: dict[str, Any], text: str) -> bool:
    return begins(fold(text), fold(f"{row['patient_name']} {row['ref']}"))


def is_wanted(row: dict[str, Any], query: BookingQuery, alone: bool) -> bool:
    """The meaning of a query, without a database."""
    if row["cancelled"]:
        status = Status.CANCELLED
    else:
        status = Status.UPCOMING if row["starts_at"] > query.as_of else Status.COMPLETED
    asked = terms.interpret(query.text, [name for _, name in SHARED])
    return (
        (not query.statuses or status in query.statuses)
        and (query.first_day is None or row["local_date"] >= query.first_day)
        and (query.last_day is None or row["local_date"] <= query.last_day)
        and (not query.practitioners or row["practitioner_id"] in query.practitioners)
        and (not query.practices or row["practice_id"] in query.practices)
        and (not alone or is_called(row, query.text))
        and (asked is None or terms.matcher(asked)(row["search"]))
        and (not query.mobile or not set(numbers(query.mobile)).isdisjoint(numbers(row["patient_mobile"])))
    )


def wanted(rows: list[dict[str, Any]], query: BookingQuery) -> list[int]:
    alone = patients_alone(rows, query)
    hits = [row for row in rows if is_wanted(row, query, alone)]
    return [row["id"] for row in sorted(hits, key=lambda row: (row["starts_at"], row["id"]))]


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    async def prepare() -> None:
        await (await open_store(store_url)).close()

    asyncio.run(prepare())
    engine = create_engine(store_url)
    yield engine
    engine.dispose()


def fill_practices(connection: Connection) -> None:
    """Put the practices and practitioners in that bookings need."""
    connection.execute(
        insert(PracticeRow.__table__),  # type: ignore[attr-defined]
        [
            PracticeRow(id=one, name=one, short=one, time_zone=zone).model_dump()
            for one, zone in ZONES.items()
        ],
    )
    connection.execute(
        insert(PractitionerRow.__table__),  # type: ignore[attr-defined]
        [
            {"id": one, "practice_id": practice, "name": name, "pms_ref": ""}
            for one, (practice, name) in PRACTITIONERS.items()
        ],
    )
    connection.execute(
        insert(AppointmentTypeRow.__table__),  # type: ignore[attr-defined]
        [{"practice_id": next(iter(ZONES)), "name": name} for name in TYPES],
    )


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction in a store with practices and practitioners, and no booking."""
    with engine.connect() as connection:
        fill_practices(connection)
        yield connection


@pytest.fixture(autouse=True)
def ample_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not change what is found."""
    for allowance in ("PAGE_SECONDS", "COUNT_SECONDS"):
        monkeypatch.setattr(pages, allowance, 60.0)


def look_at_most(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Let the search index be asked about all but the first few rows."""
    monkeypatch.setattr(pages, "LOOK_FIRST", range(rows, rows))
    monkeypatch.setattr(pages, "LOOK_ON", rows)


def put(connection: Connection, *rows: dict[str, Any]) -> None:
    connection.execute(insert(BOOKING), list(rows))


@dataclass
class Walk:
    """What reading page by page met, from one end to the other."""

    ids: list[int]
    unfinished: int


def turned(
    connection: Connection,
    query: BookingQuery,
    limit: int,
    direction: Direction,
    position: Position | None = None,
) -> Walk:
    """Read to the end as a screen does, and check on the way what each page says of the rest."""
    forward = direction is Direction.FORWARD
    met = Walk([], 0)
    while True:
        page = pages.page_rows(connection, index_of(connection), query, limit, position, direction)
        ids = [row.id for row in page.rows]
        assert len(ids) <= limit
        met.ids = met.ids + ids if forward else ids + met.ids
        if page.searched_until is not None:
            met.unfinished += 1
            assert page.more
            assert met.unfinished < 100
            position = page.searched_until
        elif not page.more:
            return met
        else:
            assert ids
            last = page.rows[-1 if forward else 0]
            position = Position(last.starts_at, last.id)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
def test_pages_meet_every_booking_once_in_order(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    rows = make_rows(rng, 250)
    put(connection, *rows)
    for _ in range(50):
        query = make_query(rng)
        # From "all is looked through" to "the index is asked for everything, in small goes".
        look_at_most(monkeypatch, rng.choice((1, 5, 300)))
        monkeypatch.setattr(walk, "FIRST_GO", timedelta(days=rng.choice((56, 300))))
        monkeypatch.setattr(walk, "LONGEST_GO", timedelta(days=rng.choice((112, 1825))))
        expected = wanted(rows, query)
        for direction in Direction:
            met = turned(
                connection, query, rng.choice((1, 7, 40, 300)) if len(expected) < 50 else 40, direction
            )
            assert met.ids == expected, query
            assert met.unfinished == 0
        limit = rng.choice((1, 10, 300))
        assert pages.count_rows(connection, index_of(connection), query, limit) == Count(
            min(len(expected), limit), exact=len(expected) <= limit
        ), query


@pytest.mark.parametrize("direction", list(Direction))
def test_a_page_begins_strictly_beyond_its_position(connection: Connection, direction: Direction) -> None:
    rows = [make_row(id, START + timedelta(minutes=15 * (id // 3))) for id in range(1, 20)]  # noqa: A001
    put(connection, *rows)
    for text in ("", "kovac"):
        query = BookingQuery(START, text)
        here = Position(rows[9]["starts_at"], rows[9]["id"])
        ids = [
            row.id
            for row in pages.page_rows(connection, index_of(connection), query, 4, here, direction).rows
        ]
        assert ids == ([11, 12, 13, 14] if direction is Direction.FORWARD else [6, 7, 8, 9])


@pytest.mark.parametrize("largest", [LAST_ID, 2**63])
def test_the_largest_position_of_a_moment_is_a_position(connection: Connection, largest: int) -> None:
    put(connection, make_row(1, START), make_row(2, START + timedelta(hours=1)))
    edge = Position(START, largest)
    forward = pages.page_rows(
        connection, index_of(connection), BookingQuery(as_of=START), 5, edge, Direction.FORWARD
    )
    backward = pages.page_rows(
        connection, index_of(connection), BookingQuery(as_of=START), 5, edge, Direction.BACKWARD
    )
    assert [row.id for row in forward.rows] == [2]
    assert [row.id for row in backward.rows] == [1]


def test_a_page_says_whether_there_are_more(connection: Connection) -> None:
    put(connection, *(make_row(id, START + timedelta(days=id)) for id in range(1, 11)))  # noqa: A001
    for text in ("", "kovac"):
        query = BookingQuery(START, text)

        def more(limit: int, day: int | None, direction: Direction, query: BookingQuery = query) -> bool:
            position = None if day is None else Position(START + timedelta(days=day), 0)
            return pages.page_rows(connection, index_of(connection), query, limit, position, direction).more

        assert not more(10, None, Direction.FORWARD)
        assert more(9, None, Direction.FORWARD)
        assert more(9, None, Direction.BACKWARD)
        assert not more(9, 2, Direction.FORWARD)
        assert more(8, 2, Direction.FORWARD)
        assert not more(20, 11, Direction.FORWARD)
        assert not more(20, 11, Direction.BACKWARD)
        assert not more(7, 8, Direction.BACKWARD)
        assert more(6, 8, Direction.BACKWARD)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_search_that_ran_out_of_time_goes_on_where_it_stopped(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, direction: Direction
) -> None:
    rows = [
        make_row(id, START + timedelta(days=id), patient_name="Ante Marsh" if id % 100 else "Quinn Marsh")
        for id in range(1, 500)  # noqa: A001
    ]
    put(connection, *rows)
    look_at_most(monkeypatch, 5)
    monkeypatch.setattr(walk, "FIRST_GO", timedelta(days=56))
    for allowance in ("PAGE_SECONDS", "COUNT_SECONDS"):
        monkeypatch.setattr(pages, allowance, 0.0)
    met = turned(connection, BookingQuery(START, "quinn"), 40, direction)
    assert met.ids == [100, 200, 300, 400]
    assert met.unfinished > 1
    assert not pages.count_rows(connection, index_of(connection), BookingQuery(START, "quinn"), 40).exact


def test_the_index_follows_every_change_of_a_booking(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_most(monkeypatch, 1)
    others = [make_row(id, START - timedelta(days=id), patient_name="Ante Marsh") for id in range(1, 9)]  # noqa: A001
    put(connection, *others, make_row(9, START, patient_name="Mirela Kovač"))

    def found(text: str, *statuses: Status) -> list[int]:
        query = BookingQuery(START - timedelta(days=900), text, frozenset(statuses))
        return turned(connection, query, 40, Direction.BACKWARD).ids

    def change(**changes: Any) -> None:
        fresh = make_row(9, changes.pop("starts_at", START), **changes)
        connection.execute(update(BOOKING).where(BOOKING.c.id == 9).values(fresh))

    assert found("kovac", Status.UPCOMING) == [9]
    change(cancelled=True)
    assert found("kovac", Status.UPCOMING) == []
    assert found("kovac", Status.CANCELLED) == [9]
    change(patient_name="Petra Quinn")
    assert found("kovac") == []
    assert found("quinn") == [9]
    change(patient_name="Petra Quinn", starts_at=START - timedelta(days=400))
    assert found("quinn") == [9]
    connection.execute(delete(BOOKING).where(BOOKING.c.id == 9))
    put(connection, make_row(9, START, patient_name="Somebody Else"))
    assert found("quinn") == []


def test_the_words_of_names_follow_every_new_name(connection: Connection) -> None:
    def near(typed: str) -> tuple[str, ...]:
        return pages.nearest(connection, index_of(connection), BookingQuery(START), typed, 3)

    put(
        connection,
        make_row(1, START, patient_name="Ante Marsh"),
        make_row(2, START, patient_name="Ante Ante"),
    )
    assert near("matsh") == ("Marsh",)
    fresh = make_row(1, START, patient_name="Petra Quinn")
    named = {name: fresh[name] for name in ("patient_name", "name_key", "search")}
    connection.execute(update(BOOKING).where(BOOKING.c.id == 1).values(named))
    assert near("qinn") == ("Quinn",)
    assert near("matsh") == (), "nobody is called so any more"


@pytest.mark.parametrize(
    ("typed", "ids"),
    [("11/3/55", [1]), ("11/3/1955", [1]), ("10/7/81", []), ("11/3", [1, 2]), ("hb-11355", [2])],
)
def test_a_whole_birth_date_finds_no_reference(connection: Connection, typed: str, ids: list[int]) -> None:
    put(
        connection,
        make_row(1, START, patient_birth_date=date(1955, 3, 11)),
        make_row(2, START + timedelta(days=1), ref="HB-11355"),
        make_row(3, START + timedelta(days=2), ref="HB-10781"),
    )
    assert turned(connection, BookingQuery(START, typed), 99, Direction.FORWARD).ids == ids


@pytest.mark.parametrize("practices", [frozenset(), frozenset({"adl"})])
def test_nothing_typed_is_a_filter_or_an_operator(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, practices: frozenset[str]
) -> None:
    look_at_most(monkeypatch, 1)
    rows = [make_row(id, START + timedelta(days=id)) for id in range(1, 9)]  # noqa: A001
    put(connection, *rows)

    @given(st.one_of(st.text(max_size=40), st.text("kov01\"'\\:*|&!()<=@#- {}%\x00", max_size=12)))
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def holds(text: str) -> None:
        query = BookingQuery(START, text, practices=practices)
        page = pages.page_rows(connection, index_of(connection), query, 99, None, Direction.FORWARD)
        assert [row.id for row in page.rows] == wanted(rows, query)

    holds()
    for text in (
        "=o",
        "o",
        "x",
        "=p1",
        "p1",
        "kov OR zzz",
        "NOT zzz",
        "zzz | kov",
        "kov=",
        "#=",
        "{'",
        "!zzz",
    ):
        query = BookingQuery(START, text, practices=practices)
        found = turned(connection, query, 99, Direction.FORWARD).ids
        assert found == ([1, 2, 3, 4, 5, 6, 7, 8] if text == "kov=" else []), text


@pytest.mark.parametrize("most_streams", [1, 8])
def test_many_practitioners_and_practices_are_one_list(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, most_streams: int
) -> None:
    monkeypatch.setattr(pages, "MOST_STREAMS", most_streams)
    rng = random.Random(3)
    rows = make_rows(rng, 60)
    put(connection, *rows)
    for text in ("", "kov"):
        for practitioners, practices in (
            (frozenset(range(1, 40)), frozenset({"adl", "akl", "none"})),
            (frozenset({1, 3, 4}), frozenset({"adl", "per"})),
            (frozenset[int](), frozenset({"adl", "akl", *map(str, range(20))})),
        ):
            query = BookingQuery(START, text, practitioners=practitioners, practices=practices)
            expected = wanted(rows, query)
            for direction in Direction:
                assert turned(connection, query, 7, direction).ids == expected
            assert pages.count_rows(connection, index_of(connection), query, 99) == Count(
                len(expected), exact=True
            )
