"""What stands beside a booking, in every store: the same name, the same patient, the same mobile."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Booking, BookingQuery, Count, Direction, Position, Row, Standing
from frontdesk.identity import (
    MORE_LIMIT,
    MOST_ALSO_BOOKED,
    MOST_NAMESAKES,
    MOST_ON_MOBILE,
    NOTHING_RELATED,
    is_namesake,
    is_same_patient,
)
from frontdesk.telephones import numbers
from tests import making
from tests.contract.desks import OpenDesk
from tests.making import (
    BY_HAND,
    KIM,
    KIM_AT_TWO,
    PRAKTIKA,
    Store,
    cancel_of,
    make_incoming,
    make_patient,
    make_practice,
)

pytestmark = pytest.mark.far_too

PRACTICES = (
    make_practice(),
    make_practice("sydney", time_zone="Australia/Sydney", pms=PRAKTIKA),
    make_practice("perth", time_zone="Australia/Perth", pms=BY_HAND),
    make_practice("hobart", time_zone="Australia/Hobart", pms=None),
)


@pytest.fixture
async def practices(store: Store) -> None:
    """Two practices of one connection, one of another, one without any."""
    await store.registry.apply_practices(PRACTICES, KIM)


async def row_of(store: Store, booking: Booking) -> Row:
    (row,) = await store.rows([booking.id])
    return row


async def everything(store: Store, **query: object) -> tuple[Row, ...]:
    wanted = BookingQuery((await store.state()).now, **query)  # type: ignore[arg-type]
    return (await store.page(wanted, 200, None, Direction.FORWARD)).rows


async def load(store: Store, *incoming: IncomingBooking) -> None:
    await store.registry.load(incoming, KIM, "a test")


def another(line: int, booking: Booking, days: float = 5, **changes: Any) -> IncomingBooking:
    """Return a booking some days after another one, of a patient who differs in something."""
    practice = changes.pop("practice", "adelaide")
    return make_incoming(
        line,
        practice_id=practice,
        patient=make_patient(**changes),
        starts_at=booking.starts_at + timedelta(days=days),
    )


BESIDE = [
    ("the patient again", {}, "own"),
    ("the patient again, same reference", {"pms_ref": "7"}, "own"),
    ("an accent, same patient", {"name": "AMÉLIA wilson"}, "own"),
    ("the mobile written otherwise", {"mobile": "+61 491 570 006"}, "own"),
    ("the patient at another connection", {"practice": "perth"}, "own"),
    ("another birth date", {"birth_date": date(1999, 9, 9)}, "name and mobile"),
    ("birth date not known", {"birth_date": None}, "name and mobile"),
    ("another mobile", {"mobile": "0491570157"}, "name"),
    ("another name", {"name": "Ella Wilson"}, "mobile"),
    ("another name and mobile", {"name": "Ella Wilson", "mobile": "0491570157"}, ""),
    ("one of two mobiles", {"name": "Ella Wilson", "mobile": "0491570157 / 0491570006"}, "mobile"),
    ("married, same reference", {"name": "Amelia Brown", "mobile": "", "pms_ref": "7"}, "own"),
    ("same reference elsewhere", {"birth_date": None, "pms_ref": "7", "practice": "sydney"}, "own"),
    (
        "same reference of another connection",
        {"birth_date": None, "pms_ref": "7", "practice": "perth"},
        "name and mobile",
    ),
]


@pytest.mark.far_too(full=True)
@pytest.mark.usefixtures("practices")
@pytest.mark.parametrize(
    ("changes", "which"), [case[1:] for case in BESIDE], ids=[case[0] for case in BESIDE]
)
async def test_what_stands_beside_a_booking(store: Store, changes: dict[str, Any], which: str) -> None:
    await load(store, make_incoming(1, patient=make_patient(pms_ref="7")))
    (booking,) = await store.find("R00001")
    assert await store.related(booking.id) == NOTHING_RELATED
    await load(store, another(2, booking, **changes))
    (other,) = await store.find("R00002")
    related = await store.related(booking.id)
    assert related.also_booked == ((other,) if which == "own" else ())
    assert related.namesakes == ((other,) if "name" in which else ())
    assert related.same_mobile == ((other,) if "mobile" in which else ())
    row = await row_of(store, booking)
    assert (row.same_name, row.more) == ("name" in which, int(which == "own"))
    assert row in await everything(store)
    # It works both ways, and ends when the other one is cancelled.
    assert (await store.related(other.id)).also_booked == ((booking,) if which == "own" else ())
    await making.cancel(store, cancel_of(other, KIM_AT_TWO))
    assert await store.related(booking.id) == NOTHING_RELATED
    assert await row_of(store, booking) == Row(booking)


@pytest.mark.usefixtures("practices")
async def test_only_what_is_to_come_is_told_of(store: Store) -> None:
    await load(store, make_incoming(1))
    (booking,) = await store.find("R00001")
    now = (await store.state()).now
    past = {"starts_at": now - timedelta(seconds=1)}
    await load(
        store,
        make_incoming(2, **past),
        make_incoming(3, patient=make_patient(birth_date=None), **past),
        make_incoming(4, patient=make_patient(name="Ella Wilson"), **past),
    )
    assert await store.related(booking.id) == NOTHING_RELATED
    rows = {row.booking.ref: row for row in await everything(store)}
    assert not any(row.same_name for row in rows.values())
    # A booking that has passed still says that the patient is to come; that the name is another's is of no use.
    assert [rows[ref].more for ref in ("R00001", "R00002", "R00003", "R00004")] == [0, 1, 0, 0]
    assert (await store.related(rows["R00002"].booking.id)).also_booked == (booking,)


@pytest.mark.usefixtures("practices")
async def test_a_page_says_what_is_to_come_as_of_its_query(store: Store) -> None:
    await load(store, make_incoming(1), make_incoming(2, patient=make_patient(mobile="0491570157")))
    (booking,) = await store.find("R00001")
    for later, found in ((timedelta(0), True), (timedelta(days=30), False)):
        query = BookingQuery(booking.starts_at - timedelta(days=1) + later)
        page = await store.page(query, 9, None, Direction.FORWARD)
        assert [row.same_name for row in page.rows] == [found, found]


@pytest.mark.far_too(full=True)
@pytest.mark.usefixtures("practices")
async def test_what_is_told_is_bounded_and_the_soonest_comes_first(store: Store) -> None:
    await load(store, make_incoming(1))
    (booking,) = await store.find("R00001")
    own = [another(line, booking, days=line) for line in range(10, 22)]
    namesakes = [another(line, booking, days=-line / 100, mobile=f"04915701{line}") for line in range(30, 42)]
    family = [another(line, booking, days=line, name="Ella Wilson") for line in range(50, 62)]
    await load(store, *reversed(own), *namesakes, *reversed(family))
    related = await store.related(booking.id)
    assert [one.ref for one in related.also_booked] == [f"R000{line}" for line in range(10, 15)]
    assert related.more == Count(7, exact=True)
    assert [one.ref for one in related.namesakes] == [f"R000{line}" for line in range(41, 32, -1)]
    assert [one.ref for one in related.same_mobile] == [f"R000{line}" for line in range(50, 59)]
    assert len(related.also_booked) == MOST_ALSO_BOOKED
    assert (len(related.namesakes), len(related.same_mobile)) == (MOST_NAMESAKES, MOST_ON_MOBILE)
    assert (await row_of(store, booking)).more == MORE_LIMIT


@pytest.mark.usefixtures("practices")
async def test_a_namesake_is_told_of_once_with_the_next_booking(store: Store) -> None:
    await load(store, make_incoming(1))
    (booking,) = await store.find("R00001")
    await load(store, *(another(line, booking, days=9 - line, mobile="0491570157") for line in range(2, 6)))
    assert [one.ref for one in (await store.related(booking.id)).namesakes] == ["R00005"]


@pytest.mark.usefixtures("practices")
async def test_a_desk_of_some_practices_learns_nothing_of_others(store: Store, open_desk: OpenDesk) -> None:
    await load(store, make_incoming(1, practice_id="perth"))
    (booking,) = await store.find("R00001")
    changes: list[dict[str, Any]] = [{}, {"birth_date": None}, {"name": "Ella Wilson"}]
    await load(store, *(another(line, booking, **one) for line, one in enumerate(changes, 2)))
    in_perth = await open_desk(Standing(practices=frozenset({"perth"})))
    related = await store.related(booking.id)
    assert (len(related.namesakes), len(related.also_booked), len(related.same_mobile)) == (1, 1, 2)
    assert await in_perth.related(booking.id) == NOTHING_RELATED
    assert await in_perth.rows([booking.id]) == (Row(booking),) == await everything(in_perth)
    assert (await row_of(store, booking)) == Row(booking, same_name=True, more=1)
    assert await everything(in_perth, mobile="0491570006") == (Row(booking),)
    # At its own practice it learns of them as any desk.
    await load(
        store, *(another(line, booking, practice="perth", **one) for line, one in enumerate(changes, 7))
    )
    related = await in_perth.related(booking.id)
    assert [one.ref for one in (*related.namesakes, *related.also_booked)] == ["R00008", "R00007"]
    assert (await row_of(in_perth, booking)) == Row(booking, same_name=True, more=1)


@pytest.mark.usefixtures("practices")
async def test_a_household_is_all_on_one_mobile_and_nobody_else(store: Store) -> None:
    written = ("0491 570 006", "+61 491 570 006", "08 5550 0100, 0491570006", "0491 570 0060", "")
    now = (await store.state()).now
    await load(
        store,
        *(
            make_incoming(
                line,
                ref=("0491570006" if line == 5 else f"R0000{line}"),
                practice_id=("adelaide", "perth")[line % 2],
                patient=make_patient(name=f"One {line}", mobile=mobile),
                starts_at=now + timedelta(days=40 * line - 90),
            )
            for line, mobile in enumerate(written, 1)
        ),
    )
    for asked in ("0491570006", "+61 (0)491 570 006"):
        rows = await everything(store, mobile=asked)
        assert [row.booking.patient.name for row in rows] == ["One 1", "One 2", "One 3"]
    assert await everything(store, mobile="none") == ()
    household = BookingQuery(now, mobile="0491 570 006")
    assert not household.is_everything
    assert await store.count(household, 50) == Count(3, exact=True)
    first = await store.page(household, 1, None, Direction.FORWARD)
    assert first.more
    position = Position(first.rows[0].booking.starts_at, first.rows[0].booking.id)
    rest = await store.page(household, 9, position, Direction.FORWARD)
    assert [row.booking.patient.name for row in rest.rows] == ["One 2", "One 3"]
    narrowed = await everything(store, mobile="0491570006", text="one", practices=frozenset({"perth"}))
    assert [row.booking.patient.name for row in narrowed] == ["One 1", "One 3"]


def made_up(rng: random.Random, now: datetime, number: int) -> Sequence[IncomingBooking]:
    """Return bookings of patients who are hard to tell apart."""
    return [
        make_incoming(
            line,
            practice_id=rng.choice(PRACTICES).id,
            patient=make_patient(
                name=rng.choice(("Mirela Kovač", "mirela kovac", "Mirela Brandt", "Ella Kovač")),
                birth_date=rng.choice((date(1981, 3, 14), date(2007, 8, 30), None)),
                mobile=rng.choice(("0491 570 006", "+61 491 570 006", "0491 570 156", "")),
                pms_ref=rng.choice(("", "", "7", "8")),
            ),
            starts_at=now + timedelta(hours=rng.choice((-50, 1, 30, 60, 700)), minutes=line),
            cancelled_at=now - timedelta(days=1) if rng.random() < 0.15 else None,
        )
        for line in range(number)
    ]


@pytest.mark.far_too(full=True)
@pytest.mark.usefixtures("practices")
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
async def test_the_store_tells_patients_apart_as_the_rule_does(store: Store, seed: int) -> None:
    now = (await store.state()).now
    await load(store, *made_up(random.Random(seed), now, 60))
    rows = await everything(store)
    assert len(rows) == 60
    told = []
    for row in rows:
        booking = row.booking
        others = [
            one.booking
            for one in rows
            if one.booking.id != booking.id
            and one.booking.cancellation is None
            and one.booking.starts_at > now
        ]
        own = [one for one in others if is_same_patient(booking, one)]
        namesakes = [one for one in others if is_namesake(booking, one)]
        on_mobile = [
            one
            for one in others
            if set(numbers(one.patient.mobile)) & set(numbers(booking.patient.mobile)) and one not in own
        ]
        is_upcoming = booking.cancellation is None and booking.starts_at > now
        expected = Row(
            booking,
            same_name=is_upcoming and bool(namesakes),
            more=min(len(own), MORE_LIMIT) if booking.cancellation is None else 0,
        )
        assert row == expected
        related = await store.related(booking.id)
        assert related.also_booked == tuple(own[:MOST_ALSO_BOOKED])
        assert related.more.number == len(own) - len(related.also_booked)
        assert related.same_mobile == tuple(on_mobile[:MOST_ON_MOBILE])
        first: dict[object, Booking] = {}
        for one in namesakes:
            first.setdefault((one.patient.birth_date, one.patient.mobile), one)
        assert related.namesakes == tuple(first.values())[:MOST_NAMESAKES]
        told += [bool(own), bool(namesakes), bool(on_mobile)]
    assert {True, False} == set(told)


@pytest.mark.usefixtures("practices")
async def test_a_practice_that_changes_its_connection_takes_its_references_along(store: Store) -> None:
    married = make_patient(name="Amelia Brown", mobile="", pms_ref="7")
    await load(store, make_incoming(1, patient=make_patient(pms_ref="7")))
    await load(store, make_incoming(2, practice_id="hobart", patient=married))
    (booking,), (other,) = await store.find("R00001"), await store.find("R00002")
    for pms, is_same in ((PRAKTIKA, True), (BY_HAND, False), (PRAKTIKA, True), (None, False)):
        await store.registry.apply_practices([replace(PRACTICES[3], pms=pms)], KIM)
        assert bool((await store.related(booking.id)).also_booked) is is_same
        assert (await row_of(store, other)).more == int(is_same)
