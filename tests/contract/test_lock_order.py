"""One order of locks everywhere, so that no two writes wait for each other; and what is done if some do all the same."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select, text

from frontdesk.attempts import Ended, Result
from frontdesk.bookings import Booking, Channel
from frontdesk.commands import Ask, TakeBackNoShow
from frontdesk.deliveries import MAIL_CONNECTION, State
from frontdesk.errors import Unavailable
from frontdesk.store.postgres.database import TRIES, PostgresDatabase
from frontdesk.store.sql.selects import ADJUSTMENT, BOOKING, CONNECTION, DELIVERY, HEAD
from frontdesk.store.sql.store import SqlStore
from tests.contract.queueing import AWAY, DONE, POLICY
from tests.contract.raw import connected, count, execute, until, waiting
from tests.contract.test_adjustments import ABSENT, NOT_NEW, new_patient
from tests.making import KIM, LEE, cancel, cancel_of, do, make_incoming, make_practice, retry


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """SQLite has one lock for all."""
    return postgres_url


@contextmanager
def locked(url: str, table: Table, row_id: int) -> Iterator[Connection]:
    """Another desk's transaction that has locked one row, until the end of the context."""
    with connected(url) as other:
        other.execute(select(table.c.id).where(table.c.id == row_id).with_for_update())
        yield other


def unlocked(other: Connection, table: Table) -> list[Any]:
    """Return which rows nobody has locked, but for `other` itself."""
    key = next(iter(table.primary_key))
    return sorted(other.execute(select(key).with_for_update(skip_locked=True)).scalars())


async def one_waits(url: str) -> None:
    await until(lambda: waiting(url, "transactionid"))


async def marked(store: SqlStore) -> tuple[Booking, int, int]:
    """A no-show with a request not to be charged, and the two deliveries that follow."""
    booking = await do(store, await new_patient(store), ABSENT)
    first, second = await store.deliveries(booking.id)
    return booking, first.id, second.id


def write_again(url: str, delivery_id: int) -> None:
    """Have a row lie behind all the others in its table, and come last of those that are due."""
    execute(url, "UPDATE delivery SET next_at = next_at + interval '1 hour' WHERE id = :id", id=delivery_id)


@pytest.mark.parametrize("ask", [TakeBackNoShow(), ABSENT, NOT_NEW], ids=lambda ask: ask.kind)
async def test_deliveries_are_locked_before_requests_and_by_their_ids(
    store: SqlStore, store_url: str, ask: Ask
) -> None:
    booking, first, told = await marked(store)
    if not isinstance(ask, TakeBackNoShow):
        booking = await do(store, booking, TakeBackNoShow())
        first = told
    (request,) = await store.adjustments(booking.id)
    ids = [one.id for one in await store.deliveries(booking.id)]
    write_again(store_url, first)
    with locked(store_url, DELIVERY, first) as other:
        doing = asyncio.create_task(do(store, booking, ask))
        await one_waits(store_url)
        assert set(unlocked(other, DELIVERY)) == {one for one in ids if one >= first}
        assert unlocked(other, ADJUSTMENT) == [request.id]
    await doing


async def test_what_is_tried_again_is_locked_after_what_it_waits_for(store: SqlStore, store_url: str) -> None:
    _, first, second = await marked(store)
    execute(
        store_url,
        "UPDATE delivery SET state = 'attention', next_at = NULL, waits_for = :first WHERE id = :second",
        first=first,
        second=second,
    )
    with locked(store_url, DELIVERY, first) as other:
        retrying = asyncio.create_task(retry(store, second, KIM))
        await one_waits(store_url)
        assert unlocked(other, DELIVERY) == [first, second]
    again = await retrying
    assert (again.state, again.next_at) == (State.PENDING, None)


async def test_a_practice_that_leaves_its_pms_takes_deliveries_by_their_ids(
    store: SqlStore, store_url: str
) -> None:
    """Whatever a database finds them by: in their table and by their bookings the first one comes last."""
    booking = await new_patient(store)
    await store.registry.load([make_incoming(ref="A2", pms_ref="P-A2")], KIM, "a test")
    (later,) = await store.find("A2")
    await cancel(store, cancel_of(later, KIM))
    await do(store, booking, ABSENT)
    ids = [one.id for one in (*await store.deliveries(later.id), *await store.deliveries(booking.id))]
    first = ids[0]
    write_again(store_url, first)
    with locked(store_url, DELIVERY, first) as other:
        leaving = replace(later.practice, pms=None)
        applying = asyncio.create_task(store.registry.apply_practices([leaving], KIM))
        await one_waits(store_url)
        assert unlocked(other, DELIVERY) == ids
    await applying


async def test_practices_that_change_have_their_bookings_locked_by_id_and_before_deliveries(
    store: SqlStore, store_url: str
) -> None:
    there, here = make_practice("perth"), make_practice()
    await store.registry.apply_practices([here, there], KIM)
    first, second = make_incoming(ref="A1", pms_ref="P-A1"), make_incoming(ref="B1", practice_id="perth")
    await store.registry.load([first], KIM, "a test")
    await store.registry.load([second], KIM, "a test")
    (first_booking,), (second_booking,) = await store.find("A1"), await store.find("B1")
    await cancel(store, cancel_of(second_booking, KIM))
    ids = [one.id for one in await store.deliveries(second_booking.id)]
    changed = [replace(one, time_zone="Pacific/Auckland", pms=None) for one in (there, here)]
    with locked(store_url, BOOKING, first_booking.id) as other:
        applying = asyncio.create_task(store.registry.apply_practices(changed, KIM))
        await one_waits(store_url)
        assert unlocked(other, BOOKING) == [first_booking.id, second_booking.id]
        assert unlocked(other, DELIVERY) == ids
    await applying


async def test_a_message_that_is_refused_is_locked_after_its_booking(store: SqlStore, store_url: str) -> None:
    """The next channel's message becomes a row of that booking."""
    both = (Channel.EMAIL, Channel.SMS)
    await store.registry.apply_practices([make_practice(patient_channels=both)], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (booking,) = await store.find("A1")
    await cancel(store, cancel_of(booking, KIM))
    claim = await store.queue.claim([MAIL_CONNECTION], POLICY)
    assert claim is not None
    with locked(store_url, BOOKING, booking.id) as other:
        refused = Result(Ended.REFUSED, "no such mailbox")
        finishing = asyncio.create_task(store.queue.finish(claim, refused, POLICY))
        await one_waits(store_url)
        assert claim.delivery.id in unlocked(other, DELIVERY)
    await finishing
    assert len(await store.deliveries(booking.id)) == 4


async def test_how_a_connection_stands_is_locked_after_all_deliveries(
    store: SqlStore, store_url: str
) -> None:
    _, first, second = await marked(store)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert claim.delivery.id == first
    await store.queue.finish(claim, AWAY, POLICY)
    execute(
        store_url, "UPDATE delivery SET next_at = created_at, lease_until = NULL WHERE id = :id", id=first
    )
    execute(store_url, "UPDATE delivery SET next_at = NULL, waits_for = :f WHERE id = :s", f=first, s=second)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    with locked(store_url, DELIVERY, second) as other:
        finishing = asyncio.create_task(store.queue.finish(claim, DONE, POLICY))
        await one_waits(store_url)
        assert unlocked(other, CONNECTION) == ["smile"]
    await finishing


def undo(url: str, state: str, times: int) -> None:
    """Have the server undo so many commands for this reason; it counts past what it undoes."""
    execute(url, "CREATE SEQUENCE IF NOT EXISTS undone")
    execute(
        url,
        "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('undone') <= {times} THEN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END IF; "
        "RETURN NEW; END $$",
    )
    execute(url, "CREATE TRIGGER undo BEFORE INSERT ON command FOR EACH ROW EXECUTE FUNCTION undo()")


@pytest.fixture
def tidied(store_url: str) -> Iterator[None]:
    yield
    execute(store_url, "DROP FUNCTION IF EXISTS undo CASCADE")
    execute(store_url, "DROP SEQUENCE IF EXISTS undone")


def tried(url: str) -> int:
    number: int = execute(url, "SELECT last_value FROM undone")[0].last_value
    return number


@pytest.mark.usefixtures("tidied")
@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_what_the_server_undoes_for_others_is_made_anew(
    store: SqlStore, store_url: str, booking: Booking, state: str
) -> None:
    undo(store_url, state, TRIES - 1)
    asked = cancel_of(booking, KIM)
    cancelled = await cancel(store, asked)
    assert cancelled.cancellation is not None
    assert tried(store_url) == TRIES
    assert count(store_url, "command") == 1
    assert len(await store.history(booking.id)) == 1


@pytest.mark.usefixtures("tidied")
@pytest.mark.parametrize(("state", "tries"), [("40P01", TRIES), ("55P03", 1), ("40003", 1)])
async def test_it_is_told_when_it_does_not_end_or_has_another_cause(
    store: SqlStore, store_url: str, booking: Booking, state: str, tries: int
) -> None:
    undo(store_url, state, 99)
    asked = cancel_of(booking, KIM)
    with pytest.raises(Unavailable, match=r"keep .* busy: nothing was changed; try again in a moment"):
        await cancel(store, asked)
    assert tried(store_url) == tries
    assert await store.outcome(asked.id) is None
    assert await store.get(booking.id) == booking


async def test_of_two_writes_that_wait_for_each_other_ours_is_made_anew(
    store: SqlStore, store_url: str, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_held, goes_on = threading.Event(), threading.Event()
    now, tries = PostgresDatabase.now, []

    def held(database: PostgresDatabase, tx: Connection) -> datetime:
        tries.append(1)
        # However long it takes here until both wait, it is not taken for a desk that has vanished.
        tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        is_held.set()
        goes_on.wait()
        return now(database, tx)

    monkeypatch.setattr(PostgresDatabase, "now", held)
    with connected(store_url) as other:
        # The server undoes whoever notices first: that is ours.
        other.execute(text("SET LOCAL deadlock_timeout = '10min'"))
        other.execute(select(HEAD).with_for_update())
        cancelling = asyncio.create_task(cancel(store, cancel_of(booking, LEE)))
        await asyncio.to_thread(is_held.wait)
        locking = asyncio.create_task(asyncio.to_thread(other.execute, select(BOOKING).with_for_update()))
        await one_waits(store_url)
        goes_on.set()
        await locking
    assert (await cancelling).cancellation is not None
    assert len(tries) == 2
    assert count(store_url, "command") == 1
