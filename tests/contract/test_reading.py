"""What desks read from every store, and what they do not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from frontdesk.bookings import (
    LAST_ID,
    Booking,
    BookingQuery,
    Channel,
    Direction,
    Followup,
    Position,
    Row,
    Standing,
)
from frontdesk.errors import FrontdeskError, NotFound, Unavailable
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.store import SqlStore
from tests import making
from tests.contract.desks import OpenDesk
from tests.making import (
    BY_HAND,
    KIM,
    KIM_AT_TWO,
    PRAKTIKA,
    Store,
    cancel_of,
    fill,
    make_incoming,
    make_patient,
    make_practice,
)

pytestmark = pytest.mark.far_too


@pytest.fixture
async def in_perth(store: Store, open_desk: OpenDesk) -> Store:
    """A desk that works for Perth only, at a store that has Adelaide too."""
    await fill(store, 20)
    return await open_desk(Standing(practices=frozenset({"perth"})))


async def page(store: Store, **query: object) -> tuple[Row, ...]:
    wanted = BookingQuery((await store.state()).now, **query)  # type: ignore[arg-type]
    return (await store.page(wanted, 100, None, Direction.FORWARD)).rows


async def cancel(store: Store, booking: Booking) -> Booking:
    return await making.cancel(store, cancel_of(booking, KIM_AT_TWO))


async def test_a_booking_comes_back_as_it_went_in(store: Store) -> None:
    practice = make_practice(
        reason_channels=(Channel.SMS,), phone="08 5550 0100", account="smile", no_show_after_minutes=0
    )
    await store.registry.apply_practices([practice], KIM)
    incoming = make_incoming(
        ref="A1",
        pms_ref="77",
        practitioner_pms_ref="P3",
        fee=18950,
        patient=make_patient(name="Zoë O'Brien-Kovač", is_new=None, pms_ref="K9"),
    )
    incoming = replace(
        incoming,
        ends_at=incoming.starts_at + timedelta(minutes=45),
        created_at=incoming.starts_at - timedelta(days=30, microseconds=7),
    )
    await store.registry.load([incoming], KIM, "a test")
    (booking,) = await store.find("A1")
    assert booking == Booking(
        id=booking.id,
        version=1,
        ref="A1",
        practice=practice,
        practitioner=booking.practitioner,
        patient=incoming.patient,
        appointment_type="Check-up and clean",
        starts_at=incoming.starts_at,
        ends_at=incoming.ends_at,
        pms_ref="77",
        fee=18950,
        created_at=incoming.created_at,
    )
    assert (booking.practitioner.name, booking.practitioner.pms_ref) == ("Dr Priya Rao", "P3")
    assert await store.get(booking.id) == booking
    assert await store.rows([booking.id, booking.id + 1]) == (Row(booking),)


async def test_what_is_not_there_is_not_found(store: Store, booking: Booking) -> None:
    for asking in (store.get, store.related, store.history, store.deliveries):
        with pytest.raises(NotFound):
            await asking(booking.id + 1)
    assert await store.rows([]) == ()


async def test_find_by_reference_at_one_practice_or_any(store: Store) -> None:
    await store.registry.apply_practices([make_practice(), make_practice("perth")], KIM)
    here, there = make_incoming(1, ref="A1"), make_incoming(2, ref="A1", practice_id="perth")
    await store.registry.load([here, there], KIM, "a test")
    assert {one.practice.id for one in await store.find("A1")} == {"adelaide", "perth"}
    assert [one.practice.id for one in await store.find(" A1\n", "perth")] == ["perth"]
    assert await store.find("A2") == ()
    assert await store.find("A1", "nowhere") == ()


@pytest.mark.far_too(full=True)
async def test_lists_are_in_the_order_of_names(store: Store) -> None:
    names = {"b": "émile", "a": "Zander", "c": "Eaton", "d": "ada"}
    practices = [make_practice(id, name=name) for id, name in names.items()]  # noqa: A001
    await store.registry.apply_practices(practices, KIM)
    batch = [
        make_incoming(number, practice_id="a", practitioner_name=name, appointment_type=name)
        for number, name in enumerate(names.values())
    ]
    await store.registry.load(batch, KIM, "a test")
    expected = ["ada", "Eaton", "émile", "Zander"]
    assert [one.name for one in await store.practices()] == expected
    assert [one.name for one in await store.practitioners()] == expected
    assert list(await store.appointment_types()) == expected
    assert await store.practices() == tuple(sorted(practices, key=lambda one: expected.index(one.name)))


async def test_a_desk_of_one_practice_sees_its_appointment_types_alone(
    store: Store, open_desk: OpenDesk
) -> None:
    practices = [make_practice(id) for id in ("adelaide", "perth")]  # noqa: A001
    await store.registry.apply_practices(practices, KIM)
    batch = [
        make_incoming(1, practice_id="adelaide", appointment_type="Check-up"),
        make_incoming(2, practice_id="adelaide", appointment_type="Crown"),
        make_incoming(3, practice_id="perth", appointment_type="Check-up"),
        make_incoming(4, practice_id="perth", appointment_type="Whitening"),
    ]
    await store.registry.load(batch, KIM, "a test")
    await store.registry.load(batch, KIM, "a test again")
    assert await store.appointment_types() == ("Check-up", "Crown", "Whitening")
    for ids, expected in (
        ({"adelaide"}, ("Check-up", "Crown")),
        ({"perth"}, ("Check-up", "Whitening")),
        ({"adelaide", "perth"}, ("Check-up", "Crown", "Whitening")),
    ):
        desk = await open_desk(Standing(practices=frozenset(ids)))
        assert await desk.appointment_types() == expected


async def test_a_row_says_what_its_deliveries_do(store: Store) -> None:
    await store.registry.apply_practices(
        [make_practice(), make_practice("perth", pms=BY_HAND), make_practice("ceduna", pms=None, email="")],
        KIM,
    )
    ids = ("adelaide", "perth", "ceduna", "adelaide")
    silent = make_patient(email="")
    batch = [make_incoming(line, practice_id=practice, ref=f"A{line}") for line, practice in enumerate(ids)]
    batch[2] = replace(batch[2], patient=silent)
    await store.registry.apply_practices(
        [make_practice("ceduna", pms=None, email="", patient_channels=())], KIM
    )
    await store.registry.load(batch, KIM, "a test")
    for ref in ("A0", "A1", "A2"):
        (booking,) = await store.find(ref)
        await cancel(store, booking)
    followups = {row.booking.ref: row.followup for row in await page(store)}
    assert followups == {
        "A0": Followup.UNDER_WAY,
        "A1": Followup.NEEDS_PERSON,
        "A2": Followup.NOTHING_OPEN,
        "A3": Followup.NOTHING_OPEN,
    }
    state = await store.state()
    assert (state.bookings, state.under_way, state.need_person) == (4, 5, 1)
    assert replace(state.standing, via="") == Standing()


async def test_a_desk_knows_of_its_own_practices_only(store: Store, in_perth: Store) -> None:
    foreign = (await page(store, practices=frozenset({"adelaide"})))[0].booking
    own = (await page(store, practices=frozenset({"perth"})))[0].booking
    assert {row.booking.practice.id for row in await page(in_perth)} == {"perth"}
    assert await page(in_perth, practices=frozenset({"adelaide"})) == ()
    everything = BookingQuery((await store.state()).now)
    assert ((await in_perth.count(everything, 99)).number, (await store.count(everything, 99)).number) == (
        10,
        20,
    )
    elsewhere = replace(everything, practices=frozenset({"adelaide"}))
    assert (await in_perth.count(elsewhere, 99)).number == 0
    assert [one.id for one in await in_perth.practices()] == ["perth"]
    assert {one.practice_id for one in await in_perth.practitioners()} == {"perth"}
    assert [row.booking for row in await in_perth.rows([foreign.id, own.id])] == [own]
    assert await in_perth.find(foreign.ref) == ()
    for asking in (in_perth.get, in_perth.related, in_perth.history, in_perth.deliveries):
        with pytest.raises(NotFound):
            await asking(foreign.id)


async def test_a_desk_counts_its_own_practices_only(store: Store, in_perth: Store) -> None:
    assert ((await in_perth.state()).bookings, (await store.state()).bookings) == (10, 20)
    await store.registry.load([make_incoming(line, practice_id="perth") for line in (97, 98)], KIM, "a test")
    await store.registry.load([make_incoming(99)], KIM, "a test")
    assert ((await in_perth.state()).bookings, (await store.state()).bookings) == (12, 23)


async def test_a_desk_hears_of_its_own_practices_only(store: Store, in_perth: Store) -> None:
    number = (await store.state()).number
    now = (await store.state()).now
    upcoming = [row.booking for row in await page(store) if row.booking.starts_at > now]
    foreign = next(one for one in upcoming if one.practice.id == "adelaide")
    own = next(one for one in upcoming if one.practice.id == "perth")
    for booking in (foreign, own):
        await cancel(store, booking)
    assert [change.booking_id for change in await in_perth.changes(number, 0)] == [own.id]
    assert {item.booking for item in await in_perth.attention(9)} == {await store.get(own.id)}
    state = await in_perth.state()
    assert (state.under_way, state.need_person) == (len(await store.deliveries(own.id)) - 1, 1)
    assert await making.last_write(in_perth, KIM_AT_TWO, now) == await store.get(own.id)


async def test_a_desk_of_some_practices_hears_of_every_bulk_load(store: Store, in_perth: Store) -> None:
    """Any booking may be another one after it, also for a desk that was away and asks what it missed."""
    number = (await store.state()).number
    await store.registry.load([make_incoming(99, practice_id="perth")], KIM, "a test")
    (change,) = await in_perth.changes(number, 0)
    assert (change.number, change.booking_id) == (number + 1, None)


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    with pytest.raises(Unavailable):
        await store.state()


@pytest.mark.far_too(full=True)
async def test_the_practice_decides_as_it_is_now(store: Store, booking: Booking) -> None:
    await store.registry.apply_practices([make_practice(pms=replace(PRAKTIKA, name="Praktika Cloud"))], KIM)
    cancelled = await cancel(store, booking)
    assert (await store.deliveries(cancelled.id))[0].target == "Praktika Cloud"


@pytest.mark.only_here
async def test_what_the_database_says_names_nobody(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy quotes parameters in its errors, unless told not to."""
    said: list[str] = []

    def explain(self: Database, error: DBAPIError) -> FrontdeskError:
        said.append(str(error))
        return Unavailable("It did not work.")

    database = store._database
    monkeypatch.setattr(type(database), "explain", explain)
    with pytest.raises(Unavailable):
        await database.read(
            lambda connection: connection.execute(text("SELECT :name FROM nowhere"), {"name": "Amelia"})
        )
    assert "nowhere" in said[0]
    assert "Amelia" not in said[0]


async def test_a_list_may_begin_behind_everything_that_starts_now(store: Store) -> None:
    await fill(store, 6)
    now = (await store.state()).now
    everything = BookingQuery(now)
    before = await store.page(everything, 9, Position(now, LAST_ID + 1), Direction.BACKWARD)
    after = await store.page(everything, 9, Position(now, LAST_ID), Direction.FORWARD)
    assert [row.booking.starts_at < now for row in (*before.rows, *after.rows)] == [True] * 3 + [False] * 3
