"""A source that moves an appointment into the future makes a mark false: it falls, and is not kept in silence."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.attempts import Ended, Result
from frontdesk.billing.adjustments import Adjustment, Review
from frontdesk.bookings import Attendance, Booking, Origin, Presence
from frontdesk.commands import Approve, Ask, Command, MarkArrived, MarkAttended, MarkNoShow, Subject
from frontdesk.deliveries import MAIL_CONNECTION, Kind, State
from frontdesk.errors import Refused
from tests.contract.queueing import POLICY
from tests.contract.test_adjustments import ABSENT, BILLER, ROBIN, new_patient
from tests.making import KIM, KIM_AT_TWO, LEE, Store, command_of, do, make_incoming, make_patient, retry

DAYS = timedelta(days=3)


async def moved(store: Store, booking: Booking, by: timedelta, **line: Any) -> Booking:
    """Return a booking after Lee has read in a file by which its appointment is at another time."""
    said = make_incoming(
        ref=booking.ref,
        pms_ref=booking.pms_ref,
        patient=make_patient(is_new=True),
        starts_at=booking.starts_at + by,
        unsaid=frozenset({"attendance"}),
    )
    await store.registry.load([replace(said, **line)], LEE, "diary.csv")
    return await store.get(booking.id)


async def asked(store: Store) -> tuple[Booking, Adjustment]:
    """A no-show with its request not to be charged, which nobody has decided."""
    marked = await do(store, await new_patient(store), ABSENT, KIM_AT_TWO)
    (request,) = await store.adjustments(marked.id)
    return marked, request


async def test_a_no_show_falls_with_its_request_and_the_biller_reads_it(store: Store) -> None:
    marked, _ = await asked(store)
    number = (await store.state()).number
    now_is = await moved(store, marked, DAYS)
    assert now_is == replace(
        marked, version=marked.version + 1, starts_at=marked.starts_at + DAYS, attendance=Attendance()
    )
    event, *_ = await store.history(marked.id)
    assert (event.action, event.operator) == ("booking.take_back_no_show", LEE)
    assert event.detail["was"] == "no-show"
    assert event.detail["note"].startswith("the appointment was moved to ")
    assert event.detail["note"].endswith(", as diary.csv says; the request was withdrawn")
    (request,) = await store.adjustments(marked.id)
    assert (request.review, request.decided_by) == (Review.WITHDRAWN, LEE)
    no_show, first, second = await store.deliveries(marked.id)
    assert (no_show.state, no_show.note) == (State.SETTLED, "not needed: its appointment was moved")
    assert (first.kind, second.kind, second.target) == (Kind.BILLER_EMAIL, Kind.BILLER_EMAIL, BILLER)
    assert (second.state, second.waits_for) == (State.PENDING, first.id)
    assert await store.queue.claim(["smile"], POLICY) is None
    changes = await store.changes(number, 0)
    assert {one.subject.kind for one in changes} == {"booking", "adjustment"}
    assert marked.id in {one.booking_id for one in changes}
    assert await store.registry.verify() is None
    # Told of the new time only once: a source may say again what it likes of that one.
    assert await moved(store, now_is, timedelta(0)) == now_is
    said = Attendance(Presence.UNABLE, Origin.FILE)
    unable = await moved(store, now_is, timedelta(0), unsaid=frozenset(), attendance=said)
    assert unable.attendance.presence is Presence.UNABLE


async def test_the_biller_reads_of_the_withdrawal_after_the_request(store: Store) -> None:
    marked, _ = await asked(store)
    await moved(store, marked, DAYS)
    asks = []
    while (claim := await store.queue.claim([MAIL_CONNECTION], POLICY)) is not None:
        asks.append(claim.command.ask.kind)
        await store.queue.finish(claim, Result(Ended.DONE), POLICY)
    assert asks == ["booking.mark_no_show", "booking.take_back_no_show"]


@pytest.mark.parametrize("ask", [MarkNoShow(), MarkAttended(), MarkArrived()])
async def test_no_mark_stays_on_an_appointment_that_has_not_begun(store: Store, ask: Ask) -> None:
    marked = await do(store, await new_patient(store), ask)
    assert (await moved(store, marked, DAYS)).attendance == Attendance()
    assert await store.registry.verify() is None


async def test_a_mark_stays_where_it_can_be_true(store: Store) -> None:
    marked = await do(store, await new_patient(store), MarkNoShow())
    now_is = await moved(store, marked, -DAYS)
    assert (now_is.attendance, now_is.version) == (marked.attendance, marked.version + 1)
    assert len(await store.history(marked.id)) == 1
    assert await store.registry.verify() is None


async def test_what_a_file_said_of_the_old_time_falls_too(store: Store) -> None:
    booking = await new_patient(store)
    said = Attendance(Presence.NO_SHOW, Origin.FILE)
    marked = await moved(store, booking, timedelta(0), unsaid=frozenset(), attendance=said)
    assert marked.attendance.presence is Presence.NO_SHOW
    assert (await moved(store, marked, DAYS)).attendance == Attendance()
    (event,) = await store.history(booking.id)
    assert (event.action, event.detail["was"]) == ("booking.take_back_no_show", "no-show")


async def test_what_the_biller_has_approved_stays_approved(store: Store) -> None:
    marked, request = await asked(store)
    command = Command(
        command_of(marked, Approve()).id, Subject("adjustment", request.id), 1, ROBIN, Approve()
    )
    await store.do(command)
    assert (await moved(store, marked, DAYS)).attendance == Attendance()
    (request,) = await store.adjustments(marked.id)
    assert request.review is Review.APPROVED
    assert (await store.history(marked.id))[0].detail["note"].endswith("; the approved request stays")
    assert len(await store.deliveries(marked.id)) == 2
    assert await store.registry.verify() is None


async def test_a_dry_run_takes_nothing_back(store: Store) -> None:
    marked, request = await asked(store)
    line = make_incoming(ref=marked.ref, pms_ref=marked.pms_ref, starts_at=marked.starts_at + DAYS)
    line = replace(line, unsaid=frozenset({"attendance"}))
    await store.registry.load([line], LEE, "diary.csv", dry_run=True)
    assert await store.get(marked.id) == marked
    assert await store.adjustments(marked.id) == (request,)


async def test_of_many_each_is_taken_back(store: Store) -> None:
    marked = [await do(store, await new_patient(store, f"N{one}"), ABSENT) for one in range(5)]
    lines = [
        make_incoming(
            one,
            ref=was.ref,
            pms_ref=was.pms_ref,
            patient=make_patient(is_new=True),
            starts_at=was.starts_at + DAYS,
            unsaid=frozenset({"attendance"}),
        )
        for one, was in enumerate(reversed(marked))
    ]
    await store.registry.load(lines, LEE, "diary.csv")
    for was in marked:
        assert (await store.get(was.id)).attendance == Attendance()
        assert [one.review for one in await store.adjustments(was.id)] == [Review.WITHDRAWN]
    assert await store.registry.verify() is None


async def test_what_the_pms_may_have_is_kept_and_not_tried_again_before_it_begins(store: Store) -> None:
    marked = await do(store, await new_patient(store), MarkNoShow())
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await store.queue.finish(claim, Result(Ended.STUCK, "nobody knows"), POLICY)
    await moved(store, marked, DAYS)
    (told,) = await store.deliveries(marked.id)
    assert told.state is State.ATTENTION
    with pytest.raises(Refused) as refused:
        await retry(store, told.id, KIM)
    assert refused.value.reason.code == "not-started"
