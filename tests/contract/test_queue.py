"""Deliveries as dispatchers carry them out: each by one at a time, none lost, none twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Select, event, func, insert, select, text

from frontdesk.attempts import LEASE, LOCK_OUT, LONGEST_WAIT, Ended, Result, RetryPolicy
from frontdesk.bookings import Booking, CancelCommand, Pms, Refused, Trouble
from frontdesk.deliveries import MAIL_CONNECTION, MANUAL_UPDATE, SMS_CONNECTION, Claim, Delivery, Kind, State
from frontdesk.store import queue, records
from frontdesk.store.mapping import COMMAND, DELIVERY
from frontdesk.store.opening import open_store
from frontdesk.store.port import ChangeKind
from frontdesk.store.sql import SqlStore
from tests.contract.raw import connected, execute, let_pass
from tests.making import BY_HAND, KIM, LEE, make_incoming, make_patient, make_practice

ALL = ("smile", MAIL_CONNECTION, SMS_CONNECTION)
PMS = ("smile",)
MAIL = (MAIL_CONNECTION,)
POLICY = RetryPolicy()

DONE = Result(Ended.DONE, "confirmed by Praktika")
FAILED = Result(Ended.FAILED, "Praktika is busy")
AWAY = Result(Ended.FAILED, "Praktika does not answer", is_away=True)
UNKNOWN = Result(Ended.UNKNOWN, "no answer came back")
REFUSED = Result(Ended.REFUSED, "no such mailbox")
LOCKED_OUT = Result(Ended.LOCKED_OUT, "Praktika does not accept the key")


class Desk:
    """A store whose bookings are cancelled for the dispatchers, and whose time can pass."""

    def __init__(self, store: SqlStore, url: str) -> None:
        self.store, self.url, self.queue = store, url, store.queue
        self._line = 0

    async def cancel(self, away: timedelta = timedelta(days=3), **changes: Any) -> Booking:
        """Cancel a new booking that starts so long from now."""
        self._line += 1
        starts_at = (await self.store.state()).now + away
        line = make_incoming(self._line, starts_at=starts_at, **changes)
        await self.store.registry.load([line], KIM, "a test")
        (booking,) = await self.store.find(line.ref)
        return await self.store.cancel(CancelCommand(uuid4(), booking.id, booking.version, KIM))

    async def claim(self, *connections: str) -> Claim:
        claim = await self.queue.claim(connections or ALL, POLICY)
        assert claim is not None
        return claim

    async def finish(self, claim: Claim, result: Result) -> Delivery:
        delivery = await self.queue.finish(claim, result, POLICY)
        assert delivery is not None
        return delivery

    async def delivery(self, booking: Booking, kind: Kind = Kind.PMS_CANCEL) -> Delivery:
        found = await self.store.deliveries(booking.id)
        return next(one for one in found if one.kind is kind)

    def passes(self, time: timedelta) -> None:
        """Let time pass: every moment that the queue has noted is so much longer ago."""
        let_pass(self.url, time)


@pytest.fixture
async def desk(store: SqlStore, store_url: str) -> Desk:
    """A practice whose PMS can cancel; nothing is cancelled yet."""
    await store.registry.apply_practices([make_practice()], KIM)
    return Desk(store, store_url)


@pytest.fixture
async def pms_only(store: SqlStore, store_url: str) -> Desk:
    """A practice that has nothing but its PMS told."""
    await store.registry.apply_practices([make_practice(email="", patient_channels=())], KIM)
    return Desk(store, store_url)


async def test_what_follows_a_cancel_is_taken_on_and_done(desk: Desk) -> None:
    booking = await desk.cancel()
    claims = [await desk.claim() for _ in range(3)]
    assert [claim.delivery.kind for claim in claims] == [Kind.PMS_CANCEL, Kind.PATIENT_EMAIL, Kind.DESK_EMAIL]
    assert await desk.queue.claim(ALL, POLICY) is None
    for claim in claims:
        assert claim.booking == booking
        assert (claim.delivery.state, claim.delivery.attempts) == (State.CLAIMED, 1)
        assert (claim.unproven, claim.fence) == (0, 1)
        done = await desk.finish(claim, DONE)
        assert (done.state, done.next_at, done.note) == (State.DONE, None, "confirmed by Praktika")
    state = await desk.store.state()
    assert (state.under_way, state.need_person) == (0, 0)
    assert await desk.queue.next_due(ALL) is None


async def test_all_that_follows_is_of_one_command(desk: Desk) -> None:
    await desk.cancel()
    first, second = await desk.claim(*PMS), await desk.claim(*MAIL)
    assert first.command_id == second.command_id
    (row,) = execute(desk.url, "SELECT id FROM command")
    assert str(first.command_id).replace("-", "") == str(row.id).replace("-", "")


async def test_only_what_a_dispatcher_reaches_is_taken_on(desk: Desk) -> None:
    await desk.cancel()
    assert await desk.queue.claim((SMS_CONNECTION, "other"), POLICY) is None
    assert await desk.queue.claim((), POLICY) is None
    assert (await desk.claim("other", *PMS)).delivery.kind is Kind.PMS_CANCEL
    assert await desk.queue.claim(PMS, POLICY) is None


async def test_only_one_bookings_deliveries_are_taken_on_when_asked(desk: Desk) -> None:
    await desk.cancel()
    wanted = await desk.cancel()
    claims = [await desk.queue.claim(ALL, POLICY, wanted.id) for _ in range(4)]
    assert claims.pop() is None
    assert {claim.booking.id for claim in claims if claim} == {wanted.id}


async def test_what_is_due_longest_comes_first(pms_only: Desk) -> None:
    first, second = await pms_only.cancel(), await pms_only.cancel()
    await pms_only.finish(await pms_only.claim(), FAILED)
    assert (await pms_only.claim()).booking.id == second.id
    pms_only.passes(timedelta(seconds=2))
    assert (await pms_only.claim()).booking.id == first.id


async def test_each_is_taken_on_once_by_any_number_of_dispatchers(desk: Desk) -> None:
    for _ in range(4):
        await desk.cancel()
    others = [await open_store(desk.url) for _ in range(3)]

    async def work(store: SqlStore) -> list[int]:
        mine = []
        while claim := await store.queue.claim(ALL, POLICY):
            mine.append(claim.delivery.id)
            assert await store.queue.finish(claim, DONE, POLICY) is not None
        return mine

    taken = await asyncio.gather(*(work(store) for store in (desk.store, *others) for _ in range(2)))
    ids = [one for mine in taken for one in mine]
    assert len(ids) == len(set(ids)) == 12
    assert (await desk.store.state()).under_way == 0
    for store in others:
        await store.close()


async def test_a_lease_that_ran_out_is_taken_on_by_another(pms_only: Desk) -> None:
    await pms_only.cancel()
    killed = await pms_only.claim()
    assert await pms_only.queue.claim(ALL, POLICY) is None
    pms_only.passes(LEASE)
    again = await pms_only.claim()
    assert again.delivery.id == killed.delivery.id
    # Whoever was killed may have sent before.
    assert (again.delivery.attempts, again.unproven, again.fence) == (2, 1, 2)
    assert (await pms_only.finish(again, DONE)).unproven == 0


async def test_who_lost_a_claim_writes_nothing(pms_only: Desk) -> None:
    booking = await pms_only.cancel()
    slow = await pms_only.claim()
    pms_only.passes(LEASE)
    again = await pms_only.claim()
    before = await pms_only.store.state()
    assert await pms_only.queue.finish(slow, DONE, POLICY) is None
    assert (await pms_only.delivery(booking)).state is State.CLAIMED
    assert await pms_only.finish(again, FAILED)
    assert await pms_only.queue.finish(slow, DONE, POLICY) is None
    assert (await pms_only.store.state()).number == before.number + 1


async def test_a_late_answer_counts_while_nobody_else_has_begun(pms_only: Desk) -> None:
    await pms_only.cancel()
    slow = await pms_only.claim()
    pms_only.passes(LEASE * 2)
    assert (await pms_only.finish(slow, DONE)).state is State.DONE
    assert await pms_only.queue.claim(ALL, POLICY) is None


async def test_the_same_answer_again_is_no_second_one(desk: Desk) -> None:
    booking = await desk.cancel()
    claim = await desk.claim(*MAIL)
    await desk.finish(claim, UNKNOWN)
    assert await desk.queue.finish(claim, UNKNOWN, POLICY) is None
    assert (await desk.delivery(booking, Kind.PATIENT_EMAIL)).unproven == 1
    desk.passes(timedelta(minutes=1))
    again = await desk.claim(*MAIL)
    await desk.finish(again, REFUSED)
    assert await desk.queue.finish(again, REFUSED, POLICY) is None


async def test_a_failure_is_tried_again_later(pms_only: Desk) -> None:
    booking = await pms_only.cancel()
    failed = await pms_only.finish(await pms_only.claim(), FAILED)
    assert (failed.state, failed.attempts, failed.error) == (State.PENDING, 1, "Praktika is busy")
    assert failed.next_at is not None
    assert failed.next_at > failed.changed_at
    due = await pms_only.queue.next_due(ALL)
    assert due is not None
    assert 0 < due <= 2
    assert await pms_only.queue.claim(ALL, POLICY) is None
    pms_only.passes(timedelta(seconds=2))
    assert (await pms_only.claim()).booking.id == booking.id


async def test_an_unknown_outcome_stays_on_the_screen_while_it_is_tried_again(pms_only: Desk) -> None:
    booking = await pms_only.cancel()
    await pms_only.finish(await pms_only.claim(), UNKNOWN)
    pms_only.passes(timedelta(minutes=1))
    again = await pms_only.claim()
    assert (again.delivery.state, again.unproven) == (State.UNKNOWN, 1)
    assert (await pms_only.store.state()).under_way == 1
    # Who could not be asked has proven nothing of the attempt before.
    failed = await pms_only.finish(again, AWAY)
    assert (failed.state, failed.unproven) == (State.UNKNOWN, 1)
    pms_only.passes(timedelta(minutes=1))
    done = await pms_only.finish(await pms_only.claim(), DONE)
    assert (done.state, done.unproven) == (State.DONE, 0)
    assert await pms_only.delivery(booking) == done


@pytest.mark.parametrize(
    ("ended", "unproven"),
    [(Ended.FAILED, 1), (Ended.UNKNOWN, 2), (Ended.STUCK, 2), (Ended.LOCKED_OUT, 1), (Ended.REFUSED, 0)],
)
async def test_what_nobody_knows_is_kept_until_it_is_proven(
    pms_only: Desk, ended: Ended, unproven: int
) -> None:
    await pms_only.cancel()
    await pms_only.finish(await pms_only.claim(), UNKNOWN)
    pms_only.passes(timedelta(minutes=1))
    stands = await pms_only.finish(await pms_only.claim(), Result(ended, "as it is"))
    assert stands.unproven == unproven


async def test_a_person_is_called_after_the_last_try_and_at_once_on_a_refusal(pms_only: Desk) -> None:
    await pms_only.cancel()
    refused = await pms_only.finish(await pms_only.claim(), Result(Ended.REFUSED, "another time there"))
    assert (refused.state, refused.next_at, refused.is_refused) == (State.ATTENTION, None, True)
    await pms_only.cancel()
    for attempt in range(1, POLICY.max_attempts + 1):
        pms_only.passes(timedelta(minutes=15))
        claim = await pms_only.claim()
        failed = await pms_only.finish(claim, FAILED)
        assert failed.attempts == attempt
        assert (failed.state is State.ATTENTION) == (attempt == POLICY.max_attempts)
    assert failed.next_at is None
    assert (await pms_only.store.state()).need_person == 2


async def test_near_the_appointment_a_person_is_called_and_it_goes_on(pms_only: Desk) -> None:
    booking = await pms_only.cancel(timedelta(minutes=90))
    first = await pms_only.finish(await pms_only.claim(), FAILED)
    assert (first.state, first.error) == (State.ATTENTION, "Praktika is busy")
    pms_only.passes(timedelta(minutes=1))
    again = await pms_only.claim()
    assert again.delivery.state is State.ATTENTION
    assert [item.delivery.id for item in await pms_only.store.attention(9)] == [first.id]
    assert (await pms_only.finish(again, DONE)).state is State.DONE
    assert await pms_only.store.attention(9) == ()
    assert (await pms_only.delivery(booking)).error == ""


async def test_progress_is_told_to_every_desk_and_is_no_audit(desk: Desk, other: SqlStore) -> None:
    booking = await desk.cancel()
    number = (await other.state()).number
    claim = await desk.claim()
    assert await other.changes(number, 0) == ()
    await desk.finish(claim, DONE)
    (change,) = await other.changes(number, 0)
    assert (change.kind, change.booking_id, change.by.name) == (ChangeKind.DELIVERY, booking.id, "frontdesk")
    assert len(await desk.store.history(booking.id)) == 1
    assert await desk.store.registry.verify() is None


async def test_a_refused_message_goes_by_the_patients_next_channel(desk: Desk) -> None:
    booking = await desk.cancel()
    refused = await desk.finish(await desk.claim(*MAIL), REFUSED)
    assert (refused.state, refused.error, refused.note) == (State.SETTLED, "no such mailbox", "SMS instead")
    assert (refused.settled_by, refused.is_superseded) == ("", True)
    claim = await desk.claim(SMS_CONNECTION)
    assert (claim.delivery.kind, claim.delivery.target) == (Kind.PATIENT_SMS, booking.patient.mobile)
    last = await desk.finish(claim, Result(Ended.REFUSED, "no such number"))
    assert (last.state, last.error, last.is_refused) == (State.ATTENTION, "no such number", True)
    assert len(await desk.store.deliveries(booking.id)) == 4


async def test_without_a_next_channel_a_person_is_called(desk: Desk) -> None:
    await desk.cancel(patient=make_patient(mobile=""))
    refused = await desk.finish(await desk.claim(*MAIL), REFUSED)
    assert (refused.state, refused.note) == (State.ATTENTION, "")
    practice_copy = await desk.finish(await desk.claim(*MAIL), REFUSED)
    assert (practice_copy.kind, practice_copy.state) == (Kind.DESK_EMAIL, State.ATTENTION)


async def test_a_patient_who_needed_a_person_still_does_after_a_refusal(desk: Desk) -> None:
    booking = await desk.cancel(timedelta(minutes=90))
    await desk.finish(await desk.claim(*MAIL), FAILED)
    await desk.finish(await desk.claim(*MAIL), DONE)
    desk.passes(timedelta(minutes=1))
    await desk.finish(await desk.claim(*MAIL), REFUSED)
    text = await desk.delivery(booking, Kind.PATIENT_SMS)
    assert text.state is State.ATTENTION
    assert (await desk.finish(await desk.claim(SMS_CONNECTION), DONE)).state is State.DONE


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
    assert (await desk.claim()).delivery.kind is Kind.PATIENT_EMAIL


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
    again = await pms_only.store.retry(locked.id, LEE)
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
    again = await desk.store.retry(stuck.id, LEE)
    assert (again.state, again.attempts, again.unproven, again.is_refused) == (state, 0, unproven, False)
    execute(desk.url, "DELETE FROM delivery WHERE kind = 'desk.email'")
    claim = await desk.claim(connection)
    assert (claim.delivery.id, claim.delivery.attempts, claim.unproven) == (stuck.id, 1, unproven)


@pytest.mark.parametrize("pms", [None, Pms("smile", "manual", "Paper diary", can_cancel=False), BY_HAND])
async def test_what_waits_for_a_pms_that_a_practice_has_left_needs_a_person(
    pms_only: Desk, pms: Pms | None
) -> None:
    waiting, running = await pms_only.cancel(), await pms_only.cancel()
    if (claim := await pms_only.claim()).booking.id == waiting.id:
        waiting, running = running, waiting
    left = make_practice(email="", patient_channels=(), pms=pms)
    await pms_only.store.registry.apply_practices([left], KIM)
    state = await pms_only.store.state()
    assert (state.under_way, state.need_person) == (0, 2)
    assert await pms_only.queue.claim(ALL, POLICY) is None
    # What it did is for the person who looks there.
    assert await pms_only.queue.finish(claim, FAILED, POLICY) is None
    for booking, unproven in ((waiting, 0), (running, 1)):
        left_over = await pms_only.delivery(booking)
        assert (left_over.error, left_over.unproven, left_over.next_at) == (MANUAL_UPDATE, unproven, None)
        assert (await pms_only.store.settle(left_over.id, LEE, "Done there")).state is State.SETTLED


async def escalated_and_running(desk: Desk) -> tuple[Booking, Claim]:
    booking = await desk.cancel(timedelta(minutes=90))
    await desk.finish(await desk.claim(), FAILED)
    desk.passes(timedelta(minutes=1))
    return booking, await desk.claim()


async def test_a_retry_joins_the_attempt_that_is_being_made(pms_only: Desk) -> None:
    booking, running = await escalated_and_running(pms_only)
    again = await pms_only.store.retry(running.delivery.id, LEE)
    assert (again.state, again.attempts) == (State.CLAIMED, 1)
    # Two attempts at once could cancel, or tell, twice.
    assert await pms_only.queue.claim(ALL, POLICY) is None
    assert (await pms_only.finish(running, DONE)).state is State.DONE
    assert await pms_only.queue.claim(ALL, POLICY) is None
    assert (await pms_only.delivery(booking)).attempts == 1


async def test_a_retry_of_an_attempt_that_was_killed_waits_for_its_lease(pms_only: Desk) -> None:
    _, killed = await escalated_and_running(pms_only)
    await pms_only.store.retry(killed.delivery.id, LEE)
    pms_only.passes(LEASE)
    assert (await pms_only.claim()).unproven == 1
    assert await pms_only.queue.finish(killed, DONE, POLICY) is None


async def test_what_a_person_settled_stays_settled(pms_only: Desk) -> None:
    booking, running = await escalated_and_running(pms_only)
    settled = await pms_only.store.settle(running.delivery.id, LEE, "Done in Praktika")
    assert await pms_only.queue.finish(running, FAILED, POLICY) is None
    pms_only.passes(LEASE)
    assert await pms_only.queue.claim(ALL, POLICY) is None
    assert (await pms_only.delivery(booking)).note == settled.note == "Done in Praktika"
    with pytest.raises(Refused):
        await pms_only.store.retry(running.delivery.id, LEE)


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
    await desk.store.retry(refused.id, LEE)
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
    await desk.store.retry(1, KIM)
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
