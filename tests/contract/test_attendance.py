"""Marking whether the patient came, on every store: once, as a fact beside the status, and told to the PMS."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from frontdesk.attempts import Claim, Ended, Result
from frontdesk.bookings import Attendance, Booking, Operator, Origin, Pms, Presence, Scope, Standing, Status
from frontdesk.commands import (
    Ask,
    Command,
    MarkArrived,
    MarkAttended,
    MarkNoShow,
    Retry,
    Subject,
    TakeBackNoShow,
)
from frontdesk.deliveries import MANUAL_UPDATE, Kind, State
from frontdesk.errors import Conflict, Refused
from frontdesk.store.sql.store import SqlStore
from tests.contract.desks import OpenDesk
from tests.contract.queueing import POLICY
from tests.contract.raw import count, let_pass
from tests.making import (
    BY_HAND,
    KIM,
    KIM_AT_TWO,
    LEE,
    PRAKTIKA,
    Store,
    command_of,
    do,
    make_incoming,
    make_practice,
    retry,
    settle,
)

pytestmark = pytest.mark.far_too

HOUR = timedelta(hours=1)
NO_SHOW = MarkNoShow()


async def begun(store: Store, ago: timedelta = HOUR, ref: str = "B1", **practice: Any) -> Booking:
    """A booking that began so long ago."""
    await store.registry.apply_practices([make_practice(**practice)], KIM)
    now = (await store.state()).now.replace(microsecond=0)
    await store.registry.load(
        [make_incoming(ref=ref, pms_ref=f"P-{ref}", starts_at=now - ago)], KIM, "a test"
    )
    (found,) = await store.find(ref)
    return found


async def refusal(store: Store, booking: Booking, ask: Ask, operator: Operator = KIM_AT_TWO) -> str:
    with pytest.raises(Refused) as refused:
        await do(store, booking, ask, operator)
    return refused.value.reason.code


async def test_a_no_show_is_a_fact_beside_the_status(store: Store) -> None:
    booking = await begun(store)
    number, before = (await store.state()).number, (await store.state()).now
    marked = await do(store, booking, MarkNoShow(notice=True), KIM_AT_TWO)
    assert marked.attendance.at is not None
    assert before <= marked.attendance.at <= (await store.state()).now
    assert marked == replace(
        booking,
        version=booking.version + 1,
        attendance=Attendance(Presence.NO_SHOW, Origin.HERE, KIM_AT_TWO, marked.attendance.at, notice=True),
    )
    assert await store.get(booking.id) == marked
    assert marked.status(marked.attendance.at) is Status.COMPLETED
    (event,) = await store.history(booking.id)
    assert (event.action, event.operator) == ("booking.mark_no_show", KIM_AT_TWO)
    assert event.detail == {"note": "the patient told the practice", "version": "2"}
    (change,) = await store.changes(number, 0)
    assert (change.booking_id, change.by) == (booking.id, KIM_AT_TWO)


async def test_the_pms_is_told_of_a_no_show_and_nobody_else(store: Store) -> None:
    booking = await begun(store)
    await do(store, booking, NO_SHOW)
    (told,) = await store.deliveries(booking.id)
    assert (told.kind, told.state, told.target, told.connection) == (
        Kind.PMS_NO_SHOW,
        State.PENDING,
        "Praktika",
        "smile",
    )


@pytest.mark.parametrize(
    "pms", [BY_HAND, replace(PRAKTIKA, can_mark_no_show=False)], ids=["a manual one", "one that cannot"]
)
@pytest.mark.far_too(full=True)
async def test_a_pms_that_takes_no_no_show_is_a_to_do(store: Store, pms: Pms) -> None:
    booking = await begun(store, pms=pms)
    await do(store, booking, NO_SHOW)
    (told,) = await store.deliveries(booking.id)
    assert (told.state, told.error, told.connection) == (State.ATTENTION, MANUAL_UPDATE, "")
    (item,) = await store.attention(9)
    assert item.delivery == told
    with pytest.raises(Refused) as refused:
        await retry(store, told.id, KIM)
    assert refused.value.reason.code == "by-person"


async def test_nobody_is_told_where_there_is_no_pms(store: Store) -> None:
    booking = await begun(store, pms=None)
    await do(store, booking, NO_SHOW)
    assert await store.deliveries(booking.id) == ()


@pytest.mark.parametrize("ago", [timedelta(minutes=14), timedelta(0)])
async def test_in_the_first_minutes_a_no_show_needs_notice(store: Store, ago: timedelta) -> None:
    booking = await begun(store, ago)
    assert await refusal(store, booking, NO_SHOW) == "may-still-come"
    marked = await do(store, booking, MarkNoShow(notice=True))
    assert marked.attendance.presence is Presence.NO_SHOW


async def test_a_no_show_counts_from_the_start_on(store: Store) -> None:
    booking = await begun(store, -HOUR)
    assert await refusal(store, booking, MarkNoShow(notice=True)) == "not-started"
    assert await store.get(booking.id) == booking


async def test_who_came_is_no_no_show_until_that_is_taken_back(store: Store) -> None:
    booking = await begun(store)
    came = await do(store, booking, MarkArrived())
    assert came.attendance.presence is Presence.ARRIVED
    assert await refusal(store, came, NO_SHOW) == "came"
    assert await refusal(store, came, MarkArrived()) == "already-came"
    attended = await do(store, came, MarkAttended())
    assert attended.attendance.presence is Presence.ATTENDED
    back = await do(store, attended, TakeBackNoShow())
    assert back.attendance.presence is Presence.NONE
    assert await refusal(store, back, TakeBackNoShow()) == "not-marked"
    assert await store.deliveries(booking.id) == ()
    absent = await do(store, back, NO_SHOW)
    assert await refusal(store, absent, MarkAttended()) == "already-no-show"
    assert await refusal(store, absent, NO_SHOW) == "already-no-show"
    assert absent.version == 5


async def test_a_no_show_that_was_not_sent_is_told_to_nobody_once_it_is_taken_back(store: Store) -> None:
    booking = await begun(store)
    marked = await do(store, booking, NO_SHOW)
    await do(store, marked, TakeBackNoShow())
    (told,) = await store.deliveries(booking.id)
    assert (told.state, told.note) == (State.SETTLED, "not done: it was taken back before")
    assert await store.queue.claim(["smile"], POLICY) is None


async def test_a_no_show_that_the_pms_has_is_taken_back_there(store: Store) -> None:
    booking = await begun(store)
    marked = await do(store, booking, NO_SHOW)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert claim.command.ask == NO_SHOW
    await store.queue.finish(claim, Result(Ended.DONE, "marked there as did not come"), POLICY)
    back = await do(store, marked, TakeBackNoShow(), LEE)
    assert (back.attendance.presence, back.attendance.by) == (Presence.NONE, LEE)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert claim.delivery.kind == Kind.PMS_TAKE_BACK_NO_SHOW


async def test_a_pms_is_told_in_order(store: Store) -> None:
    booking = await begun(store)
    marked = await do(store, booking, NO_SHOW)
    sending = await store.queue.claim(["smile"], POLICY)
    assert sending is not None
    await do(store, marked, TakeBackNoShow())
    assert await store.queue.claim(["smile"], POLICY) is None
    await store.queue.finish(sending, Result(Ended.DONE), POLICY)
    then = await store.queue.claim(["smile"], POLICY)
    assert then is not None
    assert then.delivery.kind == Kind.PMS_TAKE_BACK_NO_SHOW


@pytest.mark.parametrize("ended", [Ended.STUCK, Ended.FAILED])
@pytest.mark.far_too(full=True)
async def test_what_a_pms_may_have_is_never_dropped(store: Store, store_url: str, ended: Ended) -> None:
    """Nobody knows whether it was told, or a try is being made at this moment: taken back, it is in order."""
    booking = await begun(store)
    marked = await do(store, booking, NO_SHOW)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await store.queue.finish(claim, Result(ended, "nobody knows"), POLICY)
    if ended is Ended.FAILED:
        let_pass(store_url, HOUR)
        assert await store.queue.claim(["smile"], POLICY) is not None
    (told,) = await store.deliveries(booking.id)
    assert told.state is State.ATTENTION
    await do(store, marked, TakeBackNoShow())
    first, then = await store.deliveries(booking.id)
    assert (first.state, then.kind, then.waits_for) == (
        State.ATTENTION,
        Kind.PMS_TAKE_BACK_NO_SHOW,
        first.id,
    )
    await settle(store, first.id, KIM, "It is not marked there")
    then = (await store.deliveries(booking.id))[1]
    assert (then.state, then.next_at is not None) == (State.PENDING, True)


@pytest.mark.far_too(full=True)
async def test_what_a_person_may_have_done_by_hand_is_taken_back_by_hand(store: Store) -> None:
    """Who marked it in the PMS has perhaps not said so."""
    booking = await begun(store, pms=BY_HAND)
    marked = await do(store, booking, NO_SHOW)
    back = await do(store, marked, TakeBackNoShow())
    first, then = await store.deliveries(booking.id)
    assert (first.state, first.note) == (State.SETTLED, "not needed: it was taken back")
    assert (then.kind, then.state) == (Kind.PMS_TAKE_BACK_NO_SHOW, State.ATTENTION)
    assert (then.error, then.waits_for) == ("Manual update required, if it was marked there", None)
    (item,) = await store.attention(9)
    assert item.delivery == then
    await do(store, back, NO_SHOW)
    (item,) = await store.attention(9)
    assert (item.delivery.kind, item.delivery.error) == (
        Kind.PMS_NO_SHOW,
        "Manual update required, if it was taken back there",
    )
    await settle(store, item.delivery.id, KIM, "Marked there")
    assert await store.attention(9) == ()
    assert await store.registry.verify() is None


async def refused(store: Store) -> Claim:
    """Have the PMS refuse a no-show that waits for it; return what it was asked."""
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await store.queue.finish(claim, Result(Ended.REFUSED, "it takes no no-show of it"), POLICY)
    return claim


@pytest.mark.far_too(full=True)
async def test_a_pms_that_can_be_told_is_asked_whether_a_person_has_marked_it(store: Store) -> None:
    marked = await do(store, await begun(store), NO_SHOW)
    await refused(store)
    await do(store, marked, TakeBackNoShow())
    assert await store.attention(9) == ()
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert claim.delivery.kind == Kind.PMS_TAKE_BACK_NO_SHOW


@pytest.mark.far_too(full=True)
async def test_what_is_tried_again_may_have_been_done_by_a_person_before(store: Store) -> None:
    booking = await begun(store)
    marked = await do(store, booking, NO_SHOW)
    again = await retry(store, (await refused(store)).delivery.id, KIM)
    assert again.state is State.PENDING
    await do(store, marked, TakeBackNoShow())
    first, then = await store.deliveries(booking.id)
    assert (first.state, first.note) == (State.SETTLED, "not needed: it was taken back")
    assert (then.kind, then.state) == (Kind.PMS_TAKE_BACK_NO_SHOW, State.PENDING)


async def test_what_is_tried_again_still_waits_for_what_the_pms_may_have(store: Store) -> None:
    booking = await begun(store)
    marked = await do(store, booking, NO_SHOW)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await store.queue.finish(claim, Result(Ended.UNKNOWN, "nobody knows"), POLICY)
    await do(store, marked, TakeBackNoShow())
    for pms in (replace(PRAKTIKA, can_mark_no_show=False, can_take_back_no_show=False), PRAKTIKA):
        await store.registry.apply_practices([make_practice(pms=pms)], KIM)
    first, then = await store.deliveries(booking.id)
    assert (first.state, then.state) == (State.ATTENTION, State.ATTENTION)
    again = await retry(store, then.id, KIM)
    assert (again.state, again.next_at) == (State.PENDING, None)
    assert await store.queue.claim(["smile"], POLICY) is None
    await retry(store, first.id, KIM)
    for kind in (Kind.PMS_NO_SHOW, Kind.PMS_TAKE_BACK_NO_SHOW):
        claim = await store.queue.claim(["smile"], POLICY)
        assert claim is not None
        assert claim.delivery.kind == kind
        await store.queue.finish(claim, Result(Ended.DONE), POLICY)


@pytest.mark.far_too(full=True)
async def test_where_the_pms_cannot_take_it_back_a_person_does(store: Store) -> None:
    booking = await begun(store, pms=replace(PRAKTIKA, can_take_back_no_show=False))
    marked = await do(store, booking, NO_SHOW)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await store.queue.finish(claim, Result(Ended.DONE), POLICY)
    back = await do(store, marked, TakeBackNoShow())
    (item,) = await store.attention(9)
    assert (item.delivery.kind, item.delivery.error) == (Kind.PMS_TAKE_BACK_NO_SHOW, MANUAL_UPDATE)
    # Marked again before anybody did it, the PMS perhaps shows already what it should: it is read first.
    await do(store, back, NO_SHOW)
    assert await store.attention(9) == ()
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert claim.delivery.kind == Kind.PMS_NO_SHOW


async def test_what_a_pms_refuses_can_be_tried_again_or_settled(store: Store) -> None:
    booking = await begun(store)
    await do(store, booking, NO_SHOW)
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    said = "not marked there as did not come: it says that the patient has arrived"
    await store.queue.finish(claim, Result(Ended.REFUSED, said), POLICY)
    (item,) = await store.attention(9)
    assert await retry(store, item.delivery.id, KIM) == (await store.deliveries(booking.id))[0]
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert claim.delivery.kind == Kind.PMS_NO_SHOW
    await store.queue.finish(claim, Result(Ended.REFUSED, said), POLICY)
    settled = await settle(store, item.delivery.id, KIM, "She was here after all")
    assert settled.state is State.SETTLED


async def test_a_stale_mark_names_who_was_first(store: Store) -> None:
    booking = await begun(store)
    await do(store, booking, MarkArrived(), LEE)
    with pytest.raises(Conflict) as conflict:
        await do(store, booking, NO_SHOW)
    assert conflict.value.by == LEE


async def test_the_same_command_twice_marks_once(store: Store, store_url: str) -> None:
    booking = await begun(store)
    command = command_of(booking, MarkNoShow(notice=True), KIM_AT_TWO)
    first, again = (await store.do(command)).thing, (await store.do(command)).thing
    assert first == again == await store.get(booking.id)
    assert count(store_url, "command") == count(store_url, "delivery") == 1
    with pytest.raises(Refused) as refused:
        await store.do(replace(command, ask=MarkNoShow()))
    assert refused.value.reason.code == "id-reused"


async def test_a_desk_that_may_only_read_marks_nothing(store: Store, open_desk: OpenDesk) -> None:
    booking = await begun(store)
    reader = await open_desk(Standing(scopes=frozenset({Scope.READ, Scope.BILL, Scope.DECIDE})))
    for ask in (NO_SHOW, MarkArrived(), MarkAttended(), TakeBackNoShow()):
        assert await refusal(reader, booking, ask) == "no-permission"


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.full)])
async def test_of_two_desks_one_marks_and_the_other_is_told(store: Store, other: Store, rounds: int) -> None:
    for number in range(rounds):
        booking = await begun(store, ref=f"R{number}")
        asked = [command_of(booking, NO_SHOW, KIM), command_of(booking, MarkArrived(), LEE)]
        answers = await asyncio.gather(store.do(asked[0]), other.do(asked[1]), return_exceptions=True)
        (lost,) = [one for one in answers if isinstance(one, BaseException)]
        (won,) = [one for one in answers if not isinstance(one, BaseException)]
        assert isinstance(lost, Conflict)
        assert lost.current == won.thing == await store.get(booking.id)
        assert won.thing.version == booking.version + 1


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.full)])
async def test_a_no_show_taken_back_while_it_is_sent_ends_as_the_desk_said(
    store: Store, other: Store, rounds: int
) -> None:
    """Whoever is first, the PMS is told either of nothing or of both, in order."""
    for number in range(rounds):
        booking = await begun(store, ref=f"R{number}")
        marked = await do(store, booking, NO_SHOW)
        claim, _ = await asyncio.gather(
            store.queue.claim(["smile"], POLICY), do(other, marked, TakeBackNoShow(), LEE)
        )
        told = await store.deliveries(booking.id)
        if claim is None:
            assert [one.state for one in told] == [State.SETTLED]
            continue
        assert [one.kind for one in told] == [Kind.PMS_NO_SHOW, Kind.PMS_TAKE_BACK_NO_SHOW]
        assert told[1].waits_for == told[0].id
        await store.queue.finish(claim, Result(Ended.DONE), POLICY)
        then = await store.queue.claim(["smile"], POLICY)
        assert then is not None
        assert then.delivery.id == told[1].id
        await store.queue.finish(then, Result(Ended.DONE), POLICY)


@pytest.mark.only_here
async def test_a_file_says_whether_the_patient_came(store: SqlStore) -> None:
    booking = await begun(store)
    line = make_incoming(ref="B1", pms_ref="P-B1", starts_at=booking.starts_at)
    said = Attendance(Presence.NO_SHOW, Origin.FILE)
    await store.registry.load([replace(line, attendance=said)], LEE, "a file")
    marked = await store.get(booking.id)
    assert (marked.attendance.presence, marked.attendance.origin, marked.attendance.by) == (
        Presence.NO_SHOW,
        Origin.FILE,
        LEE,
    )
    assert marked.version == booking.version + 1
    assert await store.deliveries(booking.id) == ()
    # Imported again it changes nothing, and a file that does not speak of it erases nothing.
    for again in (replace(line, attendance=said), replace(line, unsaid=frozenset({"attendance"}))):
        (outcome,) = await store.registry.load([again], LEE, "a file")
        assert outcome.outcome.name == "UNCHANGED"
    await store.registry.load([line], LEE, "a file")
    assert (await store.get(booking.id)).attendance == Attendance()


@pytest.mark.only_here
@pytest.mark.parametrize("ask", [NO_SHOW, MarkAttended(), None], ids=["no-show", "attended", "taken back"])
async def test_a_file_never_wipes_what_the_desk_said(store: SqlStore, ask: Ask | None) -> None:
    booking = await begun(store)
    marked = await do(store, booking, ask or NO_SHOW)
    if ask is None:
        marked = await do(store, marked, TakeBackNoShow())
    line = make_incoming(ref="B1", pms_ref="P-B1", starts_at=booking.starts_at)
    for said in (None, Attendance(Presence.ARRIVED, Origin.FILE), Attendance(Presence.NO_SHOW, Origin.PMS)):
        await store.registry.load([replace(line, attendance=said)], LEE, "a file")
        assert await store.get(booking.id) == marked


@pytest.mark.only_here
async def test_a_desk_may_say_otherwise_than_a_file(store: SqlStore) -> None:
    booking = await begun(store)
    line = make_incoming(ref="B1", pms_ref="P-B1", starts_at=booking.starts_at)
    said = Attendance(Presence.UNABLE, Origin.FILE)
    await store.registry.load([replace(line, attendance=said)], LEE, "a file")
    marked = await do(store, await store.get(booking.id), NO_SHOW)
    assert (marked.attendance.presence, marked.attendance.origin) == (Presence.NO_SHOW, Origin.HERE)


@pytest.mark.only_here
async def test_what_a_practice_leaves_to_its_old_pms_is_for_a_person(store: SqlStore) -> None:
    booking = await begun(store)
    await do(store, booking, NO_SHOW)
    other = replace(PRAKTIKA, connection="other", can_mark_no_show=False)
    await store.registry.apply_practices([make_practice(pms=other)], KIM)
    (told,) = await store.deliveries(booking.id)
    assert (told.state, told.error) == (State.ATTENTION, MANUAL_UPDATE)
    with pytest.raises(Refused):
        await store.do(Command(uuid4(), Subject("delivery", told.id), 0, KIM, Retry()))
