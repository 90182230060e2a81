"""Desks that meet: who waits, for how long, and what the time is afterwards."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import make_url

from frontdesk.arrivals import LoadOutcome
from frontdesk.bookings import Booking, Cancellation
from frontdesk.commands import Command
from frontdesk.errors import Refused, Unavailable
from frontdesk.store.opening import open_store
from frontdesk.store.postgres import session
from frontdesk.store.sql import selects
from frontdesk.store.sql.derived import derived, derived_days
from frontdesk.store.sql.selects import BOOKING, HEAD
from frontdesk.store.sql.store import SqlStore
from tests import making
from tests.contract.raw import connected, execute, until, waiting
from tests.making import KIM, cancel, cancel_of, make_incoming, make_practice


@pytest.fixture
def held(store: SqlStore, store_url: str, booking: Booking) -> Iterator[Connection]:
    """Another desk's transaction that has locked the booking, until it is committed."""
    with connected(store_url) as connection:
        connection.execute(update(BOOKING).values(changed_by=""))
        yield connection


def command(booking: Booking) -> Command:
    return cancel_of(booking, KIM)


async def test_a_cancel_waits_for_the_other_desk(store: SqlStore, booking: Booking, held: Connection) -> None:
    cancelling = asyncio.create_task(cancel(store, command(booking)))
    # Reads go on while a write waits.
    assert await store.get(booking.id) == booking
    assert not cancelling.done()
    held.commit()
    assert (await cancelling).cancellation is not None


async def test_on_postgres_the_time_is_read_after_the_lock(postgres_url: str) -> None:
    """An appointment that begins while its cancel waits for another desk is not cancelled."""
    store = await open_store(postgres_url)
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (booking,) = await store.find("A1")
    with connected(postgres_url) as other:
        other.execute(select(BOOKING).with_for_update())
        cancelling = asyncio.create_task(cancel(store, command(booking)))
        await until(lambda: waiting(postgres_url, "transactionid"))
        other.execute(update(BOOKING).values(starts_at=func.clock_timestamp()))
    with pytest.raises(Refused) as refused:
        await cancelling
    assert refused.value.reason.code == "time-passed"
    await store.close()


async def test_on_sqlite_the_time_is_read_under_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    locked: list[bool] = []

    def clock() -> datetime:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                locked.append(True)
            else:
                locked.append(False)
        return datetime(2026, 11, 26, tzinfo=UTC)

    store = await open_store(f"sqlite:///{path}", clock=clock)
    await store.registry.apply_practices([make_practice()], KIM)
    line = make_incoming(ref="A1", starts_at=datetime(2026, 11, 26, 0, 0, 1, tzinfo=UTC))
    await store.registry.load([line, replace(line, ref="A2", pms_ref="", starts_at=clock())], KIM, "a test")
    locked.clear()
    (booking,), (begun,) = await store.find("A1"), await store.find("A2")
    done = (await cancel(store, command(booking))).cancellation
    assert done is not None
    assert done.at == clock()
    with pytest.raises(Refused):
        await cancel(store, command(begun))
    await store.close()
    assert locked == [True, False, True]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
async def test_outcome_waits_for_another_desks_cancel_in_hand(postgres_url: str, isolation: str) -> None:
    """Of a command that may still commit nobody is told that it wrote nothing, whatever the server's default."""
    options = f"-c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}"
    url = make_url(postgres_url).update_query_dict({"options": options})
    address = url.render_as_string(hide_password=False)
    store, asking = await open_store(address), await open_store(address)
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (booking,) = await store.find("A1")
    asked = command(booking)
    with connected(postgres_url) as other:
        other.execute(select(BOOKING).with_for_update())
        cancelling = asyncio.create_task(cancel(store, asked))
        await until(lambda: waiting(postgres_url, "transactionid"))
        outcome = asyncio.create_task(making.outcome(asking, asked.id))
        await until(lambda: waiting(postgres_url, "advisory") or outcome.done())
        assert not outcome.done()
    assert await outcome == await cancelling
    await store.close()
    await asking.close()


async def test_a_cancel_that_is_being_saved_is_found_by_its_status_when_days_move(postgres_url: str) -> None:
    """Another zone of the practice makes days and filters anew, of each booking as it then stands."""
    store = await open_store(postgres_url)
    await store.registry.apply_practices([make_practice()], KIM)
    midnight_in_adelaide = datetime(2031, 5, 6, 14, 30, tzinfo=UTC)
    await store.registry.load([make_incoming(ref="A1", starts_at=midnight_in_adelaide)], KIM, "a test")
    (booking,) = await store.find("A1")
    cancelled = replace(booking, cancellation=Cancellation(datetime.now(UTC), KIM))
    values = selects.booking_values(cancelled)
    with connected(postgres_url) as other:
        other.execute(update(BOOKING).values(**values, **derived(values, "Dr Ng", booking.practice)))
        applying = asyncio.create_task(
            store.registry.apply_practices([make_practice(time_zone="Australia/Perth")], KIM)
        )
        await until(lambda: waiting(postgres_url, "transactionid"))
    await applying
    row = execute(postgres_url, "SELECT local_date, tags FROM booking")[0]
    (moved,) = await store.find("A1")
    assert derived_days(values | {"practitioner_id": booking.practitioner.id}, moved.practice) == {
        "local_date": row.local_date,
        "tags": row.tags,
    }
    await store.close()


async def test_a_load_under_way_has_its_days_moved_too(postgres_url: str) -> None:
    one, another = await open_store(postgres_url), await open_store(postgres_url)
    await one.registry.apply_practices([make_practice()], KIM)
    line = make_incoming(ref="A1", starts_at=datetime(2031, 5, 6, 14, 30, tzinfo=UTC))
    with connected(postgres_url) as other:
        other.execute(select(HEAD).with_for_update())
        loading = asyncio.create_task(one.registry.load([line], KIM, "a test"))
        await until(lambda: waiting(postgres_url, "transactionid"))
        there = make_practice(time_zone="Australia/Perth")
        applying = asyncio.create_task(another.registry.apply_practices([there], KIM))
        await until(lambda: waiting(postgres_url, "advisory") or waiting(postgres_url, "tuple"))
    await asyncio.gather(loading, applying)
    assert str(execute(postgres_url, "SELECT local_date FROM booking")[0].local_date) == "2031-05-06"
    await one.close()
    await another.close()


async def test_a_desk_does_not_wait_for_ever(
    store_url: str, booking: Booking, held: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.store.sqlite.database.BUSY_SECONDS", 0.0)
    monkeypatch.setitem(session.SETTINGS, "lock_timeout", "1ms")
    hasty = await open_store(store_url)
    asked = command(booking)
    with pytest.raises(Unavailable) as unavailable:
        await making.cancel(hasty, asked)
    assert "busy" in unavailable.value.hint
    held.commit()
    assert await making.outcome(hasty, asked.id) is None
    assert await hasty.get(booking.id) == booking
    await hasty.close()


async def test_a_reader_waits_while_another_desk_commits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    store = await open_store(url)
    with closing(sqlite3.connect(tmp_path / "desk.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        reading = asyncio.create_task(store.practices())
        assert not (await asyncio.wait([reading], timeout=0.05))[0]
        other.execute("ROLLBACK")
    assert await reading == ()
    await store.close()


async def test_a_load_does_not_undo_a_cancel_under_way(postgres_url: str) -> None:
    store = await open_store(postgres_url)
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    with connected(postgres_url) as other:
        here = {"cancelled": True, "cancelled_at": func.now(), "cancelled_origin": "here"}
        other.execute(update(BOOKING).values(version=2, **here))
        loading = asyncio.create_task(store.registry.load([make_incoming(ref="A1", fee=1)], KIM, "a test"))
        await until(lambda: waiting(postgres_url, "transactionid"))
    (answer,) = await loading
    assert answer.outcome is LoadOutcome.KEPT
    assert (await store.find("A1"))[0].cancellation is not None
    await store.close()


async def test_a_load_waits_for_another_ones_new_bookings(postgres_url: str) -> None:
    one, another = await open_store(postgres_url), await open_store(postgres_url)
    await one.registry.apply_practices([make_practice()], KIM)
    line = make_incoming(ref="A1")
    with connected(postgres_url) as other:
        other.execute(select(HEAD).with_for_update())
        first = asyncio.create_task(one.registry.load([line], KIM, "a test"))
        await until(lambda: waiting(postgres_url, "transactionid"))
        second = asyncio.create_task(another.registry.load([line], KIM, "a test"))
        await until(lambda: waiting(postgres_url, "advisory") or second.done())
    outcomes = [answer.outcome for answers in await asyncio.gather(first, second) for answer in answers]
    assert outcomes == [LoadOutcome.NEW, LoadOutcome.UNCHANGED]
    await one.close()
    await another.close()


async def test_a_load_locks_bookings_in_the_one_order_of_locks(postgres_url: str) -> None:
    """Whoever locks several, as the close of a month does, never waits for a load that waits for them."""
    store = await open_store(postgres_url)
    await store.registry.apply_practices([make_practice()], KIM)
    # Whatever index a load goes by, the first booking comes last in it.
    lines = [
        make_incoming(ref=f"A{one}", pms_ref=f"P{one}", starts_at=datetime(2031, 5, 6, one, tzinfo=UTC))
        for one in (1, 0)
    ]
    await store.registry.load(lines, KIM, "a test")
    (first,), (second,) = await store.find("A1"), await store.find("A0")
    # A row that was written again lies behind the others.
    execute(postgres_url, update(BOOKING).where(BOOKING.c.id == first.id).values(changed_by=""))
    with connected(postgres_url) as other:
        other.execute(select(BOOKING).where(BOOKING.c.id == first.id).with_for_update())
        loading = asyncio.create_task(store.registry.load(lines, KIM, "a test"))
        await until(lambda: waiting(postgres_url, "transactionid"))
        free = select(BOOKING.c.id).where(BOOKING.c.id == second.id).with_for_update(skip_locked=True)
        assert other.execute(free).scalars().all() == [second.id]
    assert [one.outcome for one in await loading] == [LoadOutcome.UNCHANGED] * 2
    await store.close()


async def test_loads_of_the_same_bookings_do_not_meet(store: SqlStore, store_url: str) -> None:
    other = await open_store(store_url)
    await store.registry.apply_practices([make_practice()], KIM)
    batch = [make_incoming(line) for line in range(60)]
    await store.registry.load(batch, KIM, "a test")
    later = [replace(line, starts_at=line.starts_at + timedelta(hours=1)) for line in batch]
    await asyncio.gather(
        store.registry.load(later, KIM, "one"), other.registry.load(later[::-1], KIM, "another")
    )
    assert (await store.state()).bookings == 60
    rows = execute(store_url, "SELECT DISTINCT version FROM booking")
    assert [row.version for row in rows] == [2]
    assert await store.registry.verify() is None
    await other.close()
