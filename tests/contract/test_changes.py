"""News of what other desks write: numbered in the order of commits, heard at once."""

import asyncio
from uuid import uuid4

import pytest

from frontdesk.bookings import Booking, CancelCommand
from frontdesk.store.port import Change, ChangeKind
from tests.contract.raw import execute
from tests.making import KIM, LEE, Store, make_incoming

LONG = 60.0

pytestmark = pytest.mark.far_too


async def test_a_waiting_desk_hears_of_another_desks_cancel(
    store: Store, other: Store, booking: Booking
) -> None:
    number = (await other.state()).number
    hearing = asyncio.create_task(other.changes(number, LONG))
    await asyncio.sleep(0)
    cancelled = await store.cancel(CancelCommand(uuid4(), booking.id, booking.version, LEE))
    assert cancelled.cancellation is not None
    heard = await hearing
    assert heard == (Change(number + 1, booking.id, ChangeKind.BOOKING, LEE, cancelled.cancellation.at),)
    assert await other.changes(number + 1, 0) == ()


async def test_nothing_is_heard_when_nothing_happens(store: Store, booking: Booking) -> None:
    number = (await store.state()).number
    assert await store.changes(number, 0.01) == ()


@pytest.mark.far_too(full=True)
async def test_a_bulk_load_is_one_change_of_anything(store: Store, booking: Booking) -> None:
    number = (await store.state()).number
    await store.registry.load([make_incoming(line) for line in range(5)], KIM, "a test")
    (change,) = await store.changes(number, 0)
    assert (change.booking_id, change.kind, change.by) == (None, ChangeKind.BOOKING, KIM)


async def test_changes_come_in_bounded_portions(store: Store, store_url: str, booking: Booking) -> None:
    number = (await store.state()).number
    execute(store_url, "UPDATE head SET change = :n", n=number + 700)
    for start in (1, 351):
        values = ", ".join(
            f"({n}, NULL, 'booking', 'Kim Nguyen', '', '2026-01-01 00:00:00.000000')"
            for n in range(number + start, number + start + 350)
        )
        execute(
            store_url, f"INSERT INTO change (number, booking_id, kind, operator, via, at) VALUES {values}"
        )
    first = await store.changes(number, 0)
    assert [one.number for one in first] == list(range(number + 1, number + 501))
    rest = await store.changes(first[-1].number, 0)
    assert rest[-1].number == number + 700


@pytest.mark.far_too(full=True)
async def test_writers_at_once_leave_no_gap(store: Store, other: Store, booking: Booking) -> None:
    await store.registry.load([make_incoming(line) for line in range(8)], KIM, "a test")
    number = (await store.state()).number
    bookings = [(await store.find(f"R{line:05}"))[0] for line in range(8)]
    await asyncio.gather(
        *(
            desk.cancel(CancelCommand(uuid4(), one.id, one.version, KIM))
            for one, desk in zip(bookings, (store, other) * 4, strict=True)
        )
    )
    changes = await store.changes(number, 0)
    assert [one.number for one in changes] == list(range(number + 1, number + 9))
    assert await store.registry.verify() is None


async def test_many_may_wait_at_once_and_one_go_away(store: Store, booking: Booking) -> None:
    number = (await store.state()).number
    waiting = [asyncio.create_task(store.changes(number, LONG)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await store.cancel(CancelCommand(uuid4(), booking.id, booking.version, KIM))
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1] == answers[2] != ()
