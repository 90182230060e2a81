"""Deliveries as dispatchers carry them out: each by one at a time, none lost, none twice."""

import asyncio
from datetime import timedelta

import pytest

from frontdesk.attempts import LEASE, Claim, Ended, Result
from frontdesk.bookings import Booking, Pms
from frontdesk.deliveries import MANUAL_UPDATE, SMS_CONNECTION, Kind, State
from frontdesk.errors import Refused
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.contract.queueing import (
    ALL,
    AWAY,
    DONE,
    FAILED,
    MAIL,
    PMS,
    POLICY,
    REFUSED,
    UNKNOWN,
    Desk,
)
from tests.contract.raw import execute
from tests.making import BY_HAND, KIM, LEE, make_patient, make_practice, retry, settle


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
    assert first.command.id == second.command.id
    (row,) = execute(desk.url, "SELECT id FROM command")
    assert str(first.command.id).replace("-", "") == str(row.id).replace("-", "")


async def test_only_what_a_dispatcher_reaches_is_taken_on(desk: Desk) -> None:
    await desk.cancel()
    assert await desk.queue.claim((SMS_CONNECTION, "other"), POLICY) is None
    assert await desk.queue.claim((), POLICY) is None
    assert (await desk.claim("other", *PMS)).delivery.kind == Kind.PMS_CANCEL
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


async def test_each_that_was_killed_may_have_sent(pms_only: Desk) -> None:
    """So the carrier of e-mail, which makes no third copy, counts right (`notify/mail.py`)."""
    await pms_only.cancel()
    for killed in range(3):
        assert (await pms_only.claim()).unproven == killed
        pms_only.passes(LEASE)


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
    # Whoever is back after hours is told all the same.
    assert failed.next_at is not None
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
    assert (change.subject.kind, change.booking_id, change.by.name) == ("delivery", booking.id, "frontdesk")
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
        assert (await settle(pms_only.store, left_over.id, LEE, "Done there")).state is State.SETTLED


async def escalated_and_running(desk: Desk) -> tuple[Booking, Claim]:
    booking = await desk.cancel(timedelta(minutes=90))
    await desk.finish(await desk.claim(), FAILED)
    desk.passes(timedelta(minutes=1))
    return booking, await desk.claim()


async def test_a_retry_joins_the_attempt_that_is_being_made(pms_only: Desk) -> None:
    booking, running = await escalated_and_running(pms_only)
    again = await retry(pms_only.store, running.delivery.id, LEE)
    assert (again.state, again.attempts) == (State.CLAIMED, 1)
    # Two attempts at once could cancel, or tell, twice.
    assert await pms_only.queue.claim(ALL, POLICY) is None
    assert (await pms_only.finish(running, DONE)).state is State.DONE
    assert await pms_only.queue.claim(ALL, POLICY) is None
    assert (await pms_only.delivery(booking)).attempts == 1


async def test_a_retry_of_an_attempt_that_was_killed_waits_for_its_lease(pms_only: Desk) -> None:
    _, killed = await escalated_and_running(pms_only)
    await retry(pms_only.store, killed.delivery.id, LEE)
    pms_only.passes(LEASE)
    assert (await pms_only.claim()).unproven == 1
    assert await pms_only.queue.finish(killed, DONE, POLICY) is None


async def test_what_a_person_settled_stays_settled(pms_only: Desk) -> None:
    booking, running = await escalated_and_running(pms_only)
    settled = await settle(pms_only.store, running.delivery.id, LEE, "Done in Praktika")
    assert await pms_only.queue.finish(running, FAILED, POLICY) is None
    pms_only.passes(LEASE)
    assert await pms_only.queue.claim(ALL, POLICY) is None
    assert (await pms_only.delivery(booking)).note == settled.note == "Done in Praktika"
    with pytest.raises(Refused):
        await retry(pms_only.store, running.delivery.id, LEE)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "booking.teleport"),
        ("payload", '{"reason": 7}'),
        ("payload", '{"gate": "B"}'),
        ("payload", "7"),
        ("payload", "no JSON"),
    ],
)
async def test_what_another_version_asked_for_keeps_nobody_waiting(
    pms_only: Desk, column: str, value: str
) -> None:
    strange = await pms_only.cancel()
    execute(pms_only.url, f"UPDATE command SET {column} = :value", value=value)
    known = await pms_only.cancel()
    number = (await pms_only.store.state()).number

    claim = await pms_only.claim()
    assert claim.booking.id == known.id
    await pms_only.finish(claim, DONE)
    assert await pms_only.queue.claim(ALL, POLICY) is None
    waiting = await pms_only.delivery(strange)
    assert (waiting.state, waiting.attempts, waiting.held_until) == (State.ATTENTION, 0, None)
    assert waiting.error == "this frontdesk does not know what was asked for: use the version that saved it"
    assert strange.id in {one.booking_id for one in await pms_only.store.changes(number, 0)}
    left = await pms_only.queue.next_due(ALL)
    assert left is not None
    assert left > 0
