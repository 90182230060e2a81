"""Deliveries that need a person: listed until retried, or settled by name."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from frontdesk.bookings import Operator, Scope, Standing
from frontdesk.commands import Subject
from frontdesk.deliveries import MANUAL_UPDATE, Delivery, Kind, State
from frontdesk.errors import NotFound, Refused
from frontdesk.store.sql.selects import BOOKING
from tests.contract.desks import OpenDesk
from tests.contract.raw import execute
from tests.making import (
    BY_HAND,
    KIM,
    LEE,
    Store,
    cancel,
    cancel_of,
    make_incoming,
    make_practice,
    retry,
    settle,
)

pytestmark = pytest.mark.far_too


@pytest.fixture
async def delivery(store: Store, store_url: str) -> Delivery:
    """A PMS update that failed and needs a person."""
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (booking,) = await store.find("A1")
    await cancel(store, cancel_of(booking, KIM))
    execute(
        store_url,
        "UPDATE delivery SET state = 'attention', next_at = NULL, attempts = 8, error = 'no answer' "
        "WHERE kind = 'pms.cancel'",
    )
    (item,) = await store.attention(9)
    return item.delivery


@pytest.mark.far_too(full=True)
async def test_attention_lists_the_nearest_first_and_the_passed_last(store: Store, store_url: str) -> None:
    await store.registry.apply_practices([make_practice(pms=BY_HAND, email="", patient_channels=())], KIM)
    now = (await store.state()).now
    batch = [
        make_incoming(line, ref=f"A{line}", starts_at=now + timedelta(days=days))
        for line, days in enumerate((9, 3, 5, 4))
    ]
    await store.registry.load(batch, KIM, "a test")
    for line in range(4):
        (booking,) = await store.find(f"A{line}")
        await cancel(store, cancel_of(booking, KIM))
    for ref, days in (("A2", 1), ("A3", 2)):
        passed = update(BOOKING).where(BOOKING.c.ref == ref)
        execute(store_url, passed.values(starts_at=now - timedelta(days=days)))
    listed = await store.attention(9)
    assert [item.booking.ref for item in listed] == ["A1", "A0", "A2", "A3"]
    assert [item.booking.ref for item in await store.attention(3)] == ["A1", "A0", "A2"]
    assert {item.delivery.error for item in listed} == {MANUAL_UPDATE}
    assert all(item.delivery.booking_id == item.booking.id for item in listed)


async def test_retry_makes_it_due_now(store: Store, delivery: Delivery) -> None:
    number = (await store.state()).number
    again = await retry(store, delivery.id, LEE)
    assert (again.state, again.attempts, again.error) == (State.PENDING, 0, "no answer")
    assert again.next_at == again.changed_at > delivery.changed_at
    assert await store.attention(9) == ()
    event = (await store.history(delivery.booking_id))[0]
    assert (event.action, event.operator) == ("delivery.retry", LEE)
    assert event.subject == Subject("delivery", delivery.id)
    assert event.detail == {"delivery": str(delivery.id), "kind": "pms.cancel", "version": "0"}
    (change,) = await store.changes(number, 0)
    assert (change.subject, change.booking_id, change.by) == (
        Subject("delivery", delivery.id),
        delivery.booking_id,
        LEE,
    )


async def test_settle_is_signed(store: Store, delivery: Delivery) -> None:
    settled = await settle(store, delivery.id, LEE, " Done in Praktika \x1b[1m ")
    assert (settled.state, settled.note) == (State.SETTLED, "Done in Praktika \ufffd[1m")
    assert settled.settled_by == "Lee Tran (Desk Two)"
    assert settled in await store.deliveries(delivery.booking_id)
    assert await store.attention(9) == ()
    event = (await store.history(delivery.booking_id))[0]
    assert (event.action, event.operator) == ("delivery.settle", LEE)
    assert event.detail["note"] == settled.note


@pytest.mark.far_too(full=True)
async def test_a_booking_keeps_its_version(store: Store, delivery: Delivery) -> None:
    before = await store.get(delivery.booking_id)
    await settle(store, delivery.id, KIM, "Done")
    assert await store.get(delivery.booking_id) == before


async def test_only_what_needs_a_person_is_retried_or_settled(store: Store, delivery: Delivery) -> None:
    await settle(store, delivery.id, LEE, "Done")
    for again in (retry(store, delivery.id, KIM), settle(store, delivery.id, KIM, "Done twice")):
        with pytest.raises(Refused) as refused:
            await again
        assert refused.value.reason.text.endswith("settled by Lee Tran (Desk Two)")
    for missing in (retry(store, 999, KIM), settle(store, 999, KIM, "Done")):
        with pytest.raises(NotFound):
            await missing


@pytest.mark.far_too(full=True)
@pytest.mark.parametrize("note", ["", " \n", "x" * 256])
async def test_a_note_is_a_few_words(store: Store, delivery: Delivery, note: str) -> None:
    with pytest.raises(Refused):
        await settle(store, delivery.id, KIM, note)
    assert [item.delivery for item in await store.attention(9)] == [delivery]


@pytest.mark.far_too(full=True)
@pytest.mark.parametrize("kind", [Kind.PMS_CANCEL, Kind.PATIENT_PHONE])
async def test_what_only_a_person_can_do_is_not_retried(
    store: Store, store_url: str, delivery: Delivery, kind: Kind
) -> None:
    await store.registry.apply_practices([make_practice(pms=BY_HAND)], KIM)
    execute(store_url, "UPDATE delivery SET kind = :kind WHERE state = 'attention'", kind=kind.value)
    with pytest.raises(Refused) as refused:
        await retry(store, delivery.id, KIM)
    assert refused.value.reason.code == "by-person"


async def test_a_desk_that_may_only_read_does_neither(
    store: Store, open_desk: OpenDesk, delivery: Delivery
) -> None:
    reader = await open_desk(Standing(scopes=frozenset({Scope.READ})))
    for write in (retry(reader, delivery.id, KIM), settle(reader, delivery.id, KIM, "Done")):
        with pytest.raises(Refused) as refused:
            await write
        assert refused.value.reason.code == "no-permission"
    assert (await store.attention(9))[0].delivery == delivery


async def test_who_may_not_know_of_the_booking_may_not_know_of_the_delivery(
    store: Store, open_desk: OpenDesk, delivery: Delivery
) -> None:
    await store.registry.apply_practices([make_practice("perth")], KIM)
    elsewhere = await open_desk(Standing(practices=frozenset({"perth"})))
    for write in (
        retry(elsewhere, delivery.id, KIM),
        settle(elsewhere, delivery.id, Operator("X"), "Done"),
    ):
        with pytest.raises(NotFound):
            await write
