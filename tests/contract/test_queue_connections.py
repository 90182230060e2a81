"""How whole connections stand: who asks to be left alone, who locks us out, who is away, who is reached."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Select, event, func, insert, select, text

from frontdesk.attempts import LEASE, LOCK_OUT, LONGEST_WAIT, Ended, Result
from frontdesk.bookings import Pms, Standing
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION, Kind, State
from frontdesk.store import records
from frontdesk.store.opening import open_store
from frontdesk.store.sql import queue
from frontdesk.store.sql.selects import COMMAND, DELIVERY
from frontdesk.store.sql.store import SqlStore
from frontdesk.store_state import Trouble
from tests.contract.queueing import (
    ALL,
    AWAY,
    DONE,
    FAILED,
    LOCKED_OUT,
    MAIL,
    PMS,
    POLICY,
    UNKNOWN,
    Desk,
)
from tests.contract.raw import connected, execute
from tests.making import KIM, LEE, PRAKTIKA, make_practice, retry


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.full)])
def store_url(request: pytest.FixtureRequest) -> str:
    """What is said of connections takes no lock of its own: PostgreSQL is for the full suite."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


async def test_a_connection_that_asks_to_be_left_alone_is(pms_only: Desk) -> None:
    await pms_only.cancel()
    await pms_only.cancel()
    now = (await pms_only.store.state()).now
    busy = Result(Ended.FAILED, "asked too often", not_before=now + timedelta(minutes=5))
    await pms_only.finish(await pms_only.claim(), busy)
    assert await pms_only.queue.claim(ALL, POLICY) is None
    due = await pms_only.queue.next_due(ALL)
    assert due is not None
    assert 200 < due <= 300
    pms_only.passes(timedelta(minutes=5))
    assert {(await pms_only.claim()).delivery.id for _ in range(2)} == {1, 2}


async def test_nobody_is_waited_for_longer_than_an_hour(pms_only: Desk) -> None:
    await pms_only.cancel()
    now = (await pms_only.store.state()).now
    await pms_only.finish(
        await pms_only.claim(), Result(Ended.FAILED, "later", not_before=now + timedelta(days=400))
    )
    pms_only.passes(LONGEST_WAIT)
    assert await pms_only.claim()


async def test_a_lock_out_stops_its_connection_and_calls_a_person_once(desk: Desk) -> None:
    first, second = await desk.cancel(), await desk.cancel()
    locked = await desk.finish(await desk.claim(*PMS), LOCKED_OUT)
    assert (locked.state, locked.next_at) == (State.ATTENTION, None)
    assert await desk.queue.claim(PMS, POLICY) is None
    assert (await desk.delivery(second)).state is State.PENDING
    assert [item.booking.id for item in await desk.store.attention(9)] == [first.id]
    # The others go on.
    assert (await desk.claim()).delivery.kind == Kind.PATIENT_EMAIL


async def test_a_desk_of_another_practice_hears_nothing_of_its_connections(pms_only: Desk) -> None:
    elsewhere = replace(PRAKTIKA, connection="elsewhere")
    await pms_only.store.registry.apply_practices([make_practice("perth", pms=elsewhere)], KIM)
    await pms_only.cancel()
    await pms_only.finish(await pms_only.claim(), LOCKED_OUT)
    seen = {
        practice: (
            await pms_only.store.as_desk(Standing(practices=frozenset({practice}))).state()
        ).connections
        for practice in ("adelaide", "perth")
    }
    assert [one.name for one in seen["adelaide"]] == ["smile"]
    assert seen["perth"] == ()


async def test_after_an_hour_one_attempt_tries_the_lock(pms_only: Desk, other: SqlStore) -> None:
    for _ in range(3):
        await pms_only.cancel()
    await pms_only.finish(await pms_only.claim(), LOCKED_OUT)
    pms_only.passes(LOCK_OUT)
    probes = await asyncio.gather(
        *(store.queue.claim(PMS, POLICY) for store in (pms_only.store, other) for _ in range(2))
    )
    (probe,) = [claim for claim in probes if claim is not None]
    await pms_only.finish(probe, LOCKED_OUT)
    assert await pms_only.queue.claim(PMS, POLICY) is None
    pms_only.passes(LOCK_OUT)
    (trouble,) = (await pms_only.store.state()).troubles
    assert (trouble.name, trouble.is_locked_out) == ("Praktika", True)
    # It has been locked for two hours by now.
    assert (await pms_only.store.state()).now - trouble.since >= LOCK_OUT * 2
    assert (await pms_only.finish(await pms_only.claim(), DONE)).state is State.DONE
    assert (await pms_only.store.state()).troubles == ()


async def test_a_probe_that_was_killed_is_followed_by_another(pms_only: Desk) -> None:
    await pms_only.cancel()
    await pms_only.cancel()
    await pms_only.finish(await pms_only.claim(), LOCKED_OUT)
    pms_only.passes(LOCK_OUT)
    await pms_only.claim()
    assert await pms_only.queue.claim(PMS, POLICY) is None
    pms_only.passes(LEASE)
    assert await pms_only.claim()


async def test_behind_a_lock_out_a_person_is_called_when_the_appointment_is_near(pms_only: Desk) -> None:
    await pms_only.cancel()
    far, near = await pms_only.cancel(), await pms_only.cancel(timedelta(minutes=100))
    await pms_only.finish(await pms_only.claim(), LOCKED_OUT)
    number = (await pms_only.store.state()).number
    assert await pms_only.queue.claim(PMS, POLICY) is None
    waiting = await pms_only.delivery(near)
    assert (waiting.state, waiting.error, waiting.attempts) == (State.ATTENTION, LOCKED_OUT.said, 0)
    assert (await pms_only.delivery(far)).state is State.PENDING
    (change,) = await pms_only.store.changes(number, 0)
    assert change.booking_id == near.id
    assert await pms_only.queue.claim(PMS, POLICY) is None
    assert (await pms_only.store.state()).number == change.number
    pms_only.passes(LOCK_OUT)
    taken = [await pms_only.claim()]
    await pms_only.finish(taken[0], DONE)
    taken.append(await pms_only.claim())
    assert {claim.booking.id for claim in taken} == {far.id, near.id}


async def test_an_operators_retry_opens_the_connection(pms_only: Desk) -> None:
    first, _ = await pms_only.cancel(), await pms_only.cancel()
    locked = await pms_only.finish(await pms_only.claim(), LOCKED_OUT)
    again = await retry(pms_only.store, locked.id, LEE)
    assert (again.state, again.attempts) == (State.PENDING, 0)
    probe = await pms_only.claim()
    assert await pms_only.queue.claim(PMS, POLICY) is None
    await pms_only.finish(probe, DONE)
    assert (await pms_only.claim()).booking.id in {first.id, first.id + 1}


@pytest.mark.parametrize("ended", [Ended.FAILED, Ended.UNKNOWN, Ended.REFUSED])
async def test_what_went_wrong_here_says_nothing_of_a_connection(pms_only: Desk, ended: Ended) -> None:
    ours = Result(ended, "the template cannot be used", is_ours=True)
    await pms_only.cancel()
    await pms_only.finish(await pms_only.claim(), ours)
    assert (await pms_only.store.state()).troubles == ()
    for _ in range(3):
        await pms_only.cancel()
    locked = await pms_only.finish(await pms_only.claim(), LOCKED_OUT)
    pms_only.passes(LOCK_OUT)
    await pms_only.finish(await pms_only.claim(), ours)
    (trouble,) = (await pms_only.store.state()).troubles
    assert (trouble.is_locked_out, trouble.since) == (True, locked.changed_at - LOCK_OUT)


@pytest.mark.parametrize(
    ("kind", "unproven", "state"),
    [(Kind.PATIENT_EMAIL, 0, State.PENDING), (Kind.PMS_CANCEL, 2, State.UNKNOWN)],
)
async def test_a_retry_begins_anew(desk: Desk, kind: Kind, unproven: int, state: State) -> None:
    """A message may go out again; what a PMS may have done stays unknown until it is asked."""
    booking = await desk.cancel()
    connection = (await desk.delivery(booking, kind)).connection
    stuck = await desk.finish(await desk.claim(connection), Result(Ended.STUCK, "it is not known"))
    execute(desk.url, "UPDATE delivery SET attempts = 8, unproven = 2, is_refused = TRUE")
    again = await retry(desk.store, stuck.id, LEE)
    assert (again.state, again.attempts, again.unproven, again.is_refused) == (state, 0, unproven, False)
    execute(desk.url, "DELETE FROM delivery WHERE kind = 'desk.email'")
    claim = await desk.claim(connection)
    assert (claim.delivery.id, claim.delivery.attempts, claim.unproven) == (stuck.id, 1, unproven)


async def test_what_is_away_is_said_while_something_waits_for_it(desk: Desk) -> None:
    await desk.cancel()
    before = (await desk.store.state()).now
    first = await desk.finish(await desk.claim(*PMS), AWAY)
    assert (await desk.store.state()).troubles == (Trouble("Praktika", first.changed_at),)
    assert first.changed_at >= before
    desk.passes(timedelta(minutes=1))
    await desk.finish(await desk.claim(*PMS), UNKNOWN)
    # Since the first time, a minute ago.
    ((since),) = [one.since for one in (await desk.store.state()).troubles]
    assert since == first.changed_at - timedelta(minutes=1)
    desk.passes(timedelta(minutes=1))
    await desk.finish(await desk.claim(*PMS), FAILED)
    assert (await desk.store.state()).troubles == ()
    await desk.finish(await desk.claim(*MAIL), AWAY)
    assert [one.name for one in (await desk.store.state()).troubles] == ["E-mail"]
    execute(desk.url, "UPDATE delivery SET state = 'settled', next_at = NULL")
    assert (await desk.store.state()).troubles == ()


async def test_what_no_living_dispatcher_reaches_is_counted(desk: Desk) -> None:
    await desk.cancel()
    assert (await desk.store.state()).unattended == 3
    await desk.queue.heartbeat("one", PMS)
    assert (await desk.store.state()).unattended == 2
    await desk.queue.heartbeat("two", (*MAIL, "with, a comma"))
    assert (await desk.store.state()).unattended == 0
    assert [await desk.queue.unattended(name) for name in ("one", "two", "three")] == [1, 2, 0]
    await desk.queue.heartbeat("two", PMS)
    assert (await desk.store.state()).unattended == 2
    await desk.queue.retire("one")
    await desk.queue.retire("one")
    assert await desk.queue.unattended("two") == 3
    for seen in (timedelta(seconds=-61), timedelta(seconds=61)):
        at = (await desk.store.state()).now + seen
        execute(desk.url, "UPDATE dispatcher SET seen_at = :at", at=stored(desk.url, at))
        assert (await desk.store.state()).unattended == 3


def stored(url: str, at: datetime) -> object:
    return at.replace(tzinfo=None).isoformat(" ", "microseconds") if url.startswith("sqlite") else at


async def test_dispatchers_long_gone_are_forgotten(desk: Desk) -> None:
    await desk.queue.heartbeat("old", PMS)
    at = (await desk.store.state()).now - timedelta(days=1, seconds=1)
    execute(desk.url, "UPDATE dispatcher SET seen_at = :at", at=stored(desk.url, at))
    await desk.queue.heartbeat("new", PMS)
    assert [row.id for row in execute(desk.url, "SELECT id FROM dispatcher")] == ["new"]


async def test_what_others_have_in_hand_is_known(desk: Desk) -> None:
    assert await desk.queue.under_lease(ALL) is None
    booking, other_booking = await desk.cancel(), await desk.cancel()
    assert await desk.queue.under_lease(ALL) is None
    claim = await desk.claim(*PMS)
    desk.passes(timedelta(seconds=10))
    await desk.claim(*MAIL)
    held = await desk.queue.under_lease(ALL)
    assert held is not None
    assert held.number == 2
    assert 40 < held.seconds <= 50
    assert await desk.queue.under_lease((SMS_CONNECTION,)) is None
    assert await desk.queue.under_lease(ALL, other_booking.id) is None
    assert await desk.queue.under_lease(PMS, booking.id) is not None
    due = await desk.queue.next_due(MAIL)
    assert due is not None
    assert due <= 0
    await desk.finish(claim, DONE)
    assert await desk.queue.under_lease(PMS) is None
    desk.passes(LEASE)
    assert await desk.queue.under_lease(ALL) is None


async def test_a_pms_that_goes_by_another_connection_takes_its_open_deliveries_along(desk: Desk) -> None:
    done, open_one = await desk.cancel(), await desk.cancel()
    await desk.finish(await desk.claim(*PMS), DONE)
    moved = Pms("harbour", "praktika", "Praktika", can_cancel=True)
    await desk.store.registry.apply_practices([make_practice(pms=moved)], KIM)
    assert (await desk.delivery(done)).connection == "smile"
    assert (await desk.delivery(open_one)).connection == "harbour"
    assert (await desk.delivery(open_one, Kind.DESK_EMAIL)).connection == MAIL_CONNECTION
    assert await desk.queue.claim(PMS, POLICY) is None
    refused = await desk.finish(await desk.claim("harbour"), Result(Ended.REFUSED, "no"))
    await desk.store.registry.apply_practices([make_practice()], KIM)
    await retry(desk.store, refused.id, LEE)
    assert (await desk.claim(*PMS)).delivery.id == refused.id


async def test_a_dispatcher_with_nothing_to_do_writes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.cancel()
    await desk.finish(await desk.claim(*PMS), FAILED)

    async def write(*_: object) -> None:
        pytest.fail("it wrote")

    monkeypatch.setattr(desk.store._database, "write", write)
    assert await desk.queue.claim(PMS, POLICY) is None
    assert await desk.queue.next_due(PMS) is not None


OPEN, FINISHED = 3, 3000


async def test_what_is_done_is_in_nobodys_way(pms_only: Desk) -> None:
    """Of a store with years of finished deliveries only the open ones are looked at."""
    bookings = [await pms_only.cancel() for _ in range(OPEN)]
    with connected(pms_only.url) as connection:
        (row, *_) = connection.execute(select(DELIVERY)).mappings()
        command = connection.execute(select(COMMAND)).mappings().first()
        ids = [uuid4() for _ in range(FINISHED)]
        connection.execute(insert(COMMAND), [{**(command or {}), "id": one} for one in ids])
        done = {**row, "state": "done", "next_at": None, "booking_id": bookings[0].id}
        connection.execute(
            insert(DELIVERY),
            [{**done, "id": 100 + number, "command_id": one} for number, one in enumerate(ids)],
        )
        connection.execute(text("ANALYZE"))
        now = datetime.now(UTC)
        queries = {
            "due": queue._due(PMS, now, None),
            "next due": queue._next_due(PMS, now),
            "near a lock-out": queue._near_a_lock_out(PMS, now, POLICY),
        }
        for name, query in queries.items():
            how = plan(connection, query)
            assert "delivery_due" in how, f"{name}: {how}"
        counting = select(DELIVERY.c.state, DELIVERY.c.connection, func.count())
        counting = counting.where(DELIVERY.c.state.in_(records.COUNTED_STATES))
        how = plan(connection, counting.group_by(DELIVERY.c.state, DELIVERY.c.connection))
        assert "delivery_state" in how, how


def plan(connection: Connection, query: Select[Any]) -> str:
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    sent: list[tuple[str, Any]] = []

    def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", hear)
    connection.execute(query)
    event.remove(connection, "before_cursor_execute", hear)
    statement, parameters = sent[0]
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))


@pytest.fixture
async def moments(sqlite_url: str) -> AsyncIterator[tuple[Desk, list[datetime]]]:
    """A desk on SQLite whose clock says the last of these moments."""
    clock = [datetime(2026, 11, 22, 9, tzinfo=UTC)]
    store = await open_store(sqlite_url, clock=lambda: clock[-1])
    await store.registry.apply_practices([make_practice(email="", patient_channels=())], KIM)
    yield Desk(store, sqlite_url), clock
    await store.close()


async def test_a_clock_that_was_years_ahead_stops_nothing(moments: tuple[Desk, list[datetime]]) -> None:
    desk, clock = moments
    right = clock[-1]
    await desk.cancel(timedelta(days=5000))
    await desk.cancel(timedelta(days=5000))
    clock.append(right + timedelta(days=3650))
    await desk.finish(await desk.claim(), LOCKED_OUT)
    await retry(desk.store, 1, KIM)
    await desk.claim()
    clock.append(right)
    due = await desk.queue.next_due(ALL)
    assert due is not None
    assert due <= 0
    assert await desk.queue.under_lease(ALL) is None
    claim = await desk.claim()
    await desk.finish(claim, DONE)
    assert await desk.claim()


async def test_a_clock_put_back_a_little_does_not_end_a_lease(moments: tuple[Desk, list[datetime]]) -> None:
    desk, clock = moments
    await desk.cancel()
    await desk.claim()
    clock.append(clock[-1] - timedelta(minutes=30))
    assert await desk.queue.claim(ALL, POLICY) is None
    clock.append(clock[0] + LEASE)
    assert await desk.claim()
