"""News of what other desks write: numbered in the order of commits, heard at once."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.bookings import Booking, Operator, Scope, Standing
from frontdesk.commands import Pay, Subject
from frontdesk.errors import Refused, Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.port import STORE, Change
from tests import making
from tests.contract.billed import SETTINGS, Billed
from tests.contract.billed import do as do_billing
from tests.contract.desks import OpenDesk
from tests.contract.raw import connected, execute
from tests.making import KIM, LEE, Store, cancel, cancel_of, make_incoming

LONG = 60.0

pytestmark = pytest.mark.far_too


async def test_a_waiting_desk_hears_of_another_desks_cancel(
    store: Store, other: Store, booking: Booking
) -> None:
    number = (await other.state()).number
    hearing = asyncio.create_task(other.changes(number, LONG))
    await asyncio.sleep(0)
    cancelled = await cancel(store, cancel_of(booking, LEE))
    assert cancelled.cancellation is not None
    heard = await hearing
    assert heard == (
        Change(number + 1, Subject("booking", booking.id), booking.id, LEE, cancelled.cancellation.at),
    )
    assert await other.changes(number + 1, 0) == ()


async def test_nothing_is_heard_when_nothing_happens(store: Store, booking: Booking) -> None:
    number = (await store.state()).number
    assert await store.changes(number, 0.01) == ()


@pytest.mark.far_too(full=True)
async def test_a_bulk_load_is_one_change_of_anything(store: Store, booking: Booking) -> None:
    number = (await store.state()).number
    await store.registry.load([make_incoming(line) for line in range(5)], KIM, "a test")
    (change,) = await store.changes(number, 0)
    assert (change.booking_id, change.subject, change.by) == (None, Subject("booking", 0), KIM)


READING = frozenset({Scope.READ, Scope.CANCEL})
BILLING = READING | {Scope.BILL}
WHOLE_ACCOUNT = frozenset({"adelaide", "perth"})
STANDINGS = {
    "everything": (Standing(), True),
    "no billing": (Standing(scopes=READING), False),
    "billing of all": (Standing(scopes=BILLING), True),
    "billing of the account": (Standing(scopes=BILLING, practices=WHOLE_ACCOUNT), True),
    "billing of one of its practices": (Standing(scopes=BILLING, practices=frozenset({"adelaide"})), False),
    "billing of another practice": (Standing(scopes=BILLING, practices=frozenset({"hobart"})), False),
    "the account without billing": (Standing(scopes=READING, practices=WHOLE_ACCOUNT), False),
}


@pytest.mark.far_too(full=True)
@pytest.mark.parametrize("who", STANDINGS)
async def test_of_what_a_desk_may_not_read_it_hears_nothing(
    store: Store, open_desk: OpenDesk, store_url: str, who: str
) -> None:
    """Neither what was done to an invoice or an account, nor who did it."""
    standing, may_read = STANDINGS[who]
    billed = await Billed.make(store, store_url)
    await billed.book("A1", days=1)
    number = (await store.state()).number
    desk = await open_desk(standing)
    hearing = asyncio.create_task(desk.changes(number, LONG))
    await billed.invoice()
    await do_billing(store, "invoice", 1, Pay())
    await store.registry.apply_billing(replace(SETTINGS, due_days=3), LEE)
    await store.registry.load([make_incoming(9)], KIM, "a test")
    last = (await store.state()).number
    heard = list(await hearing)
    while heard[-1].number < last:
        heard += await desk.changes(heard[-1].number, LONG)
    kinds = {one.subject.kind for one in heard}
    assert kinds == ({"invoice", "account", "booking"} if may_read else {"booking"})
    # A load may be of any practice: that it was made is heard everywhere, by whom only where all of them are.
    by_whom = KIM if standing.practices is None else Operator("")
    assert (heard[-1].subject, heard[-1].booking_id, heard[-1].by) == (Subject("booking", 0), None, by_whom)
    assert (await desk.state()).number == last


async def test_changes_come_in_bounded_portions(store: Store, store_url: str, booking: Booking) -> None:
    number = (await store.state()).number
    execute(store_url, "UPDATE head SET change = :n", n=number + 700)
    for start in (1, 351):
        values = ", ".join(
            f"({n}, 'booking', 0, NULL, 'Kim Nguyen', '', '', '', '2026-01-01 00:00:00.000000')"
            for n in range(number + start, number + start + 350)
        )
        execute(
            store_url,
            f"INSERT INTO change (number, subject_kind, subject_id, booking_id, operator, via, source, effect, at) VALUES {values}",
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
            making.cancel(desk, cancel_of(one, KIM))
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
    await cancel(store, cancel_of(booking, KIM))
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1] == answers[2] != ()


OTHER_STORES = {
    "an earlier copy": (
        "UPDATE head SET change = change - 1",
        "DELETE FROM change WHERE number > (SELECT change FROM head)",
    ),
    "another store": ("UPDATE head SET store_id = 'another', change = change + 7",),
}


@pytest.mark.parametrize("how", OTHER_STORES)
async def test_who_waits_hears_of_a_store_that_was_put_back_or_replaced(
    store: Store, other: Store, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """No notice is sent, and no connection breaks."""
    monkeypatch.setattr("frontdesk.store.postgres.listening.LOOK_SECONDS", 0.0)
    await cancel(store, cancel_of(booking, KIM))
    known = await other.state()
    hearing = asyncio.create_task(other.changes(known.number, LONG, known.store_id))
    # It waits: what follows is not what it finds when it begins.
    assert await other.changes(known.number, 0.05, known.store_id) == ()
    with connected(store_url) as restoring:
        for statement in OTHER_STORES[how]:
            restoring.exec_driver_sql(statement)
    (change,) = await hearing
    assert (change.subject, change.booking_id) == (STORE, None)
    now = await other.state()
    assert change.number == now.number
    assert (now.store_id == known.store_id) == (how == "an earlier copy")
    # Who looks and who is told may both find it: the same news twice is no harm.
    assert set(await other.changes(now.number, 0.01, now.store_id)) <= {change}
    for late in (0, LONG):
        (again,) = await store.changes(known.number, late, known.store_id)
        assert (again.subject, again.number) == (STORE, now.number)


async def test_every_store_has_an_id_of_its_own(store: Store, tmp_path: Path) -> None:
    """It stays with its copies."""
    mine = (await store.state()).store_id
    assert len(mine) >= 32
    await store.registry.backup(tmp_path / "copy.db")
    copy = await open_store(f"sqlite:///{tmp_path / 'copy.db'}")
    assert (await copy.state()).store_id == mine
    await copy.close()
    new = await open_store(f"sqlite:///{tmp_path / 'new.db'}")
    assert (await new.state()).store_id not in ("", mine)
    await new.close()


async def test_a_booking_read_from_another_store_is_not_cancelled(
    store: Store, store_url: str, booking: Booking
) -> None:
    """There its id and version may be those of somebody else."""
    known = await store.state()
    command = cancel_of(booking, KIM, store_id=known.store_id)
    execute(store_url, "UPDATE head SET store_id = 'another'")
    with pytest.raises(Refused) as refused:
        await cancel(store, command)
    assert refused.value.reason.code == "other-store"
    assert await store.get(booking.id) == booking
    execute(store_url, "UPDATE head SET store_id = :id", id=known.store_id)
    assert (await cancel(store, command)).cancellation is not None


async def test_while_a_backup_is_put_back_the_store_says_so(
    store: Store, store_url: str, booking: Booking
) -> None:
    kept = execute(store_url, "SELECT store_id, change, audit, audit_digest, bookings FROM head")[0]
    execute(store_url, "DELETE FROM head")
    for asking in (
        store.state(),
        store.changes(0, 0),
        cancel(store, cancel_of(booking, KIM)),
    ):
        with pytest.raises(Unavailable):
            await asking
    execute(
        store_url,
        "INSERT INTO head (id, store_id, change, audit, audit_digest, bookings) "
        "VALUES (1, :store_id, :change, :audit, :audit_digest, :bookings)",
        **kept._mapping,
    )
    assert await store.get(booking.id) == booking
