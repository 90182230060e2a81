"""Find finds what she means: patients before practitioners, and names one letter away, at every store."""

from datetime import date, timedelta

import pytest

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import (
    BookingQuery,
    Count,
    Direction,
    Page,
    Position,
    Standing,
    Status,
)
from frontdesk.store.port import NEAREST_LIMIT
from tests.contract.desks import OpenDesk
from tests.making import BY_HAND, KIM, KIM_AT_TWO, Store, cancel, cancel_of, make_incoming, make_practice
from tests.making import make_patient as patient

pytestmark = pytest.mark.far_too

IN_PERTH = Standing(practices=frozenset({"perth"}))


def line(number: int, name: str, practitioner: str = "Dr Rao", **changes: object) -> IncomingBooking:
    born = changes.pop("born", date(1981, 3, 14))
    made = make_incoming(number, patient=patient(name=name, birth_date=born), practitioner_name=practitioner)
    return make_incoming(
        number,
        patient=made.patient,
        practitioner_name=practitioner,
        **{"starts_at": made.starts_at + timedelta(hours=number), **changes},
    )


async def fill(store: Store, *lines: IncomingBooking) -> None:
    await store.registry.apply_practices(
        [make_practice(), make_practice("perth", time_zone="Australia/Perth", pms=BY_HAND)], KIM
    )
    await store.registry.load(lines, KIM, "a test")


async def looked(store: Store, text: str, direction: Direction = Direction.FORWARD) -> Page:
    return await store.page(BookingQuery((await store.state()).now, text), 50, None, direction)


async def found(store: Store, text: str) -> list[str]:
    return [row.booking.patient.name for row in (await looked(store, text)).rows]


LEES = (
    line(1, "Amelia Wilson", "Dr Lee"),
    line(2, "Bruce Lee", "Dr Okafor"),
    line(3, "Noah Smith", "Dr Lee"),
    line(4, "Leena Kovač", "Dr Rao"),
    line(5, "Mia Nguyen", "Dr Okafor"),
)


@pytest.mark.parametrize("direction", list(Direction))
async def test_a_word_that_is_a_patients_and_a_practitioners_name_finds_patients_only(
    store: Store, direction: Direction
) -> None:
    await fill(store, *LEES)
    page = await looked(store, "lee", direction)
    assert [row.booking.patient.name for row in page.rows] == ["Bruce Lee", "Leena Kovač"]
    assert page.beside == ("Dr Lee",)
    query = BookingQuery((await store.state()).now, "Lee")
    assert await store.count(query, 50) == Count(2, exact=True)


async def test_a_patients_name_that_is_a_types_finds_patients_only(store: Store) -> None:
    await fill(store, line(1, "Ann Crown"), line(2, "Noah Smith", appointment_type="Crown"))
    page = await looked(store, "crown")
    assert [row.booking.patient.name for row in page.rows] == ["Ann Crown"]
    assert page.beside == ("Crown",)


MEANT = {
    "dr lee": ["Amelia Wilson", "Noah Smith"],
    "Dr. Lee": ["Amelia Wilson", "Noah Smith"],
    "dr le": ["Amelia Wilson", "Noah Smith"],
    "smith dr lee": ["Noah Smith"],
    "okafor": ["Bruce Lee", "Mia Nguyen"],
    "lee smith": ["Noah Smith"],
    "lee okafor": ["Bruce Lee"],
    "bruce lee": ["Bruce Lee"],
    "dr": ["Amelia Wilson", "Bruce Lee", "Noah Smith", "Leena Kovač", "Mia Nguyen"],
}


async def test_what_else_finds_a_practitioner(store: Store) -> None:
    await fill(store, *LEES)
    for typed, names in MEANT.items():
        page = await looked(store, typed)
        assert ([row.booking.patient.name for row in page.rows], page.beside) == (names, ()), typed


async def test_behind_a_title_nobody_but_a_practitioner_is_meant(store: Store) -> None:
    await fill(store, *LEES, line(6, "Drew Leeson", "Dr Rao"))
    assert await found(store, "dr lee") == ["Amelia Wilson", "Noah Smith"]
    assert await found(store, "dr leeson") == ["Drew Leeson"], "no practitioner is called so"


async def test_a_title_tells_practitioners_of_one_name_apart(store: Store) -> None:
    await fill(
        store,
        line(1, "Amelia Wilson", "Dr Lee"),
        line(2, "Noah Smith", "Mr Lee"),
        line(3, "Mia Nguyen", "Dr Okafor", appointment_type="Lee method"),
    )
    # Mia's booking has both words: the title of Dr Okafor, and the name of its type.
    assert await found(store, "dr lee") == ["Amelia Wilson", "Mia Nguyen"]
    assert await found(store, "mr lee") == ["Noah Smith"]


async def test_a_page_without_a_patient_of_the_name_is_empty_as_long_as_there_is_one(store: Store) -> None:
    await fill(store, *LEES)
    (noah,) = [row.booking for row in (await looked(store, "noah")).rows]
    await cancel(store, cancel_of(noah, KIM_AT_TWO))
    now = (await store.state()).now
    query = BookingQuery(now, "lee")
    beyond, before = Position(now + timedelta(days=300), 1), Position(now - timedelta(days=300), 1)
    for position, direction in ((beyond, Direction.FORWARD), (before, Direction.BACKWARD)):
        page = await store.page(query, 50, position, direction)
        assert (page.rows, page.more, page.beside) == ((), False, ("Dr Lee",))
    narrowed = BookingQuery(now, "lee", frozenset({Status.CANCELLED}))
    assert (await store.page(narrowed, 50, None, Direction.FORWARD)).rows == ()
    assert await store.count(narrowed, 50) == Count(0, exact=True)
    assert await store.count(BookingQuery(now, "okafor", frozenset({Status.CANCELLED})), 50) == Count(
        0, exact=True
    )
    assert await store.count(BookingQuery(now, "dr lee", frozenset({Status.CANCELLED})), 50) == Count(
        1, exact=True
    )


async def test_a_practitioner_is_found_again_once_no_patient_has_the_name(store: Store) -> None:
    await fill(store, *LEES)
    await store.registry.load([line(2, "Bruce Wong", "Dr Okafor"), line(4, "Mirela Kovač")], KIM, "a test")
    assert await found(store, "lee") == ["Amelia Wilson", "Noah Smith"]
    assert await found(store, "wong") == ["Bruce Wong"]
    query = BookingQuery((await store.state()).now, "lee")
    assert await store.count(query, 50) == Count(2, exact=True)


async def test_who_is_a_patient_elsewhere_only_hides_no_practitioner_here(
    store: Store, open_desk: OpenDesk
) -> None:
    await fill(store, line(1, "Bruce Lee", "Dr Lee"), line(2, "Noah Smith", "Dr Lee", practice_id="perth"))
    in_perth = await open_desk(IN_PERTH)
    page = await looked(in_perth, "lee")
    assert [row.booking.patient.name for row in page.rows] == ["Noah Smith"]
    assert page.beside == ()


async def test_a_practitioner_elsewhere_is_told_to_nobody_here(store: Store, open_desk: OpenDesk) -> None:
    await fill(store, line(1, "Noah Smith", "Dr Lee"), line(2, "Bruce Lee", "Dr Rao", practice_id="perth"))
    in_perth = await open_desk(IN_PERTH)
    page = await looked(in_perth, "lee")
    assert [row.booking.patient.name for row in page.rows] == ["Bruce Lee"]
    assert page.beside == ()


async def test_cancelling_changes_nobodys_name(store: Store) -> None:
    await fill(store, *LEES)
    (booking,) = [row.booking for row in (await looked(store, "bruce")).rows]
    await cancel(store, cancel_of(booking, KIM_AT_TWO))
    assert await found(store, "lee") == ["Bruce Lee", "Leena Kovač"]


DATES = (
    line(1, "Ada Rossi", born=date(1952, 11, 3)),
    line(2, "Ben Rossi", born=date(1981, 7, 10)),
    line(3, "Cal Rossi", born=date(1952, 3, 11), ref="03111952", pms_ref="D3"),
    line(4, "Dan Rossi", born=None, ref="HB-31152", pms_ref="D4"),
)


TYPED_DATES = {
    "10/7/81": ["Ben Rossi"],
    "03111952": ["Ada Rossi"],
    "3.11.52": ["Ada Rossi"],
    "dob 3/11/52": ["Ada Rossi"],
    "DOB: 03.11.1952": ["Ada Rossi"],
    "d.o.b. 031152": ["Ada Rossi"],
    "born 3 nov 1952": ["Ada Rossi"],
    "dob 03 11 52 rossi": ["Ada Rossi"],
    "ros 11031952": ["Cal Rossi"],
    "31021952": [],
    "0311195": ["Cal Rossi"],
}


async def test_a_birth_date_however_it_is_typed(store: Store) -> None:
    await fill(store, *DATES)
    for typed, names in TYPED_DATES.items():
        assert await found(store, typed) == names, typed


NAMES = (
    "John Smith",
    "Joan Smith",
    "Mirela Kovač",
    "Siew-Ling O'Brien",
    "Zoë Ng",
    "Lee Grün",
    "Maxwell Anagnostakis",
)


NEAREST = {
    "jhon smith": ("John Smith",),
    "jhon smi": ("John Smith",),
    "smith jhon": ("Smith John",),
    "smiht": ("Smith",),
    "smth": ("Smith",),
    "smiith": ("Smith",),
    "snith": ("Smith",),
    "zmith": ("Smith",),
    "mith": ("Smith",),
    "asmith": ("Smith",),
    "smitha": ("Smith",),
    "jorn smith": ("Joan Smith", "John Smith"),
    "kovic": ("Kovač",),
    "obrian": ("O'Brien",),
    "mawell anagnostakis": ("Maxwell Anagnostakis",),
    "sew-ling": ("Siew-Ling",),
    "gruen": ("Grün",),
    "grunn": ("Grün",),
    "mirela grun": (),
    "jhon smiht": (),
    "smithxx": (),
    "xg": (),
    "jhon 006": (),
    "jhon 14/3/81": (),
    "dr jhon": (),
    "": (),
    "!?": (),
    "王": (),
    "jhon a b c d": (),
}


async def test_the_nearest_names_are_one_letter_away(store: Store) -> None:
    await fill(store, *(line(number, name) for number, name in enumerate(NAMES)))
    for typed, names in NEAREST.items():
        assert await store.nearest(typed, NEAREST_LIMIT) == names, typed
        assert await store.nearest(typed, 1) == names[:1], typed


async def test_where_every_word_is_somebodys_any_of_them_may_be_wrong(store: Store) -> None:
    await fill(store, line(1, "John Smith"), line(2, "Joan Rossi"), line(3, "Anna Smyth"))
    assert await found(store, "joan smith") == []
    assert await store.nearest("joan smith", 3) == ("John Smith",)


async def test_nobody_is_offered_whom_this_desk_may_not_see(store: Store, open_desk: OpenDesk) -> None:
    await fill(store, line(1, "John Smith"), line(2, "Anna Smyth", practice_id="perth"))
    in_perth = await open_desk(IN_PERTH)
    assert await in_perth.nearest("jhon", 3) == ()
    assert await in_perth.nearest("smith", 3) == ("Smyth",)


async def test_nobody_is_offered_whose_name_has_changed(store: Store) -> None:
    await fill(store, line(1, "John Smith"))
    await store.registry.load([line(1, "Sean Smith")], KIM, "a test")
    assert await store.nearest("jhon", 3) == ()
    assert await store.nearest("saen", 3) == ("Sean",)


async def test_bookings_long_ago_are_offered_too(store: Store) -> None:
    now = (await store.state()).now
    await fill(store, line(1, "John Smith", starts_at=now - timedelta(days=900)))
    assert await store.nearest("jhon", 3) == ("John",)
