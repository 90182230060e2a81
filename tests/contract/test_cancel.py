"""Cancelling on every store: all of it or nothing, once, for ever, and in the stated order."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from frontdesk.bookings import (
    Booking,
    BookingQuery,
    Channel,
    Operator,
    Scope,
    Standing,
    Status,
)
from frontdesk.commands import Command, Subject
from frontdesk.deliveries import MANUAL_UPDATE, TOLD_BY_PHONE, Kind, State
from frontdesk.errors import Conflict, NotFound, Refused
from frontdesk.store.search.pages import search_tags
from frontdesk.store.sql.selects import BOOKING
from frontdesk.store.sql.store import SqlStore
from tests import making
from tests.contract.desks import OpenDesk
from tests.contract.raw import count, execute
from tests.making import (
    BY_HAND,
    KIM,
    KIM_AT_TWO,
    LEE,
    Store,
    cancel,
    cancel_of,
    make_incoming,
    make_patient,
    make_practice,
    outcome,
)

pytestmark = pytest.mark.far_too

OWN = ("reason", "told_by_phone", "note", "filed")
"""The fields of what a cancel asks."""


def command(booking: Booking, operator: Operator = KIM_AT_TWO, **changes: object) -> Command:
    return changed(cancel_of(booking, operator, "Sick"), **changes)


def changed(asked: Command, **changes: object) -> Command:
    """Return a command with some of what it asks, or of its envelope, changed."""
    own = {name: changes.pop(name) for name in OWN if name in changes}
    if "booking_id" in changes:
        changes["subject"] = Subject("booking", changes.pop("booking_id"))  # type: ignore[arg-type]
    return replace(asked, ask=replace(asked.ask, **own), **changes)  # type: ignore[arg-type]


async def test_cancel_returns_the_booking_as_it_then_stands(store: Store, booking: Booking) -> None:
    before = (await store.state()).now
    cancelled = await cancel(store, command(booking, LEE))
    done = cancelled.cancellation
    assert done is not None
    assert (done.by, done.reason) == (LEE, "Sick")
    assert before <= done.at <= (await store.state()).now
    assert cancelled == replace(booking, version=booking.version + 1, cancellation=done)
    assert await store.get(booking.id) == cancelled
    assert cancelled.status(done.at) is Status.CANCELLED


async def test_cancel_writes_command_audit_change_and_deliveries(
    store: Store, store_url: str, booking: Booking
) -> None:
    number = (await store.state()).number
    asked = command(booking)
    cancelled = await cancel(store, asked)
    assert cancelled.cancellation is not None
    at = cancelled.cancellation.at

    (event,) = await store.history(booking.id)
    assert (event.action, event.operator, event.at) == ("booking.cancel", KIM_AT_TWO, at)
    assert event.detail == {"reason": "Sick", "version": "2"}
    (change,) = await store.changes(number, 0)
    assert (change.number, change.booking_id, change.by, change.at) == (
        number + 1,
        booking.id,
        KIM_AT_TWO,
        at,
    )
    deliveries = await store.deliveries(booking.id)
    assert [(one.kind, one.state, one.target, one.next_at) for one in deliveries] == [
        (Kind.PMS_CANCEL, State.PENDING, "Praktika", at),
        (Kind.PATIENT_EMAIL, State.PENDING, "amelia@example.com", at),
        (Kind.DESK_EMAIL, State.PENDING, "desk@adelaide.example", at),
    ]
    (row,) = execute(store_url, select(BOOKING))
    assert (row.changed_by, row.changed_via, row.changed_at) == (KIM.name, KIM_AT_TWO.via, at)
    assert row.tags == search_tags(
        practice_id=row.practice_id,
        practitioner_id=row.practitioner_id,
        cancelled=True,
    )
    assert count(store_url, "command") == 1
    assert await outcome(store, asked.id) == cancelled


@pytest.mark.far_too(full=True)
async def test_a_cancelled_booking_is_found_among_the_cancelled_ones(store: Store, booking: Booking) -> None:
    await cancel(store, command(booking))
    query = BookingQuery((await store.state()).now, text="amelia")
    found = {
        status: (await store.count(replace(query, statuses=frozenset({status})), 9)).number
        for status in Status
    }
    assert found == {Status.UPCOMING: 0, Status.COMPLETED: 0, Status.CANCELLED: 1}


async def test_text_is_cleaned_before_it_is_kept(store: Store, booking: Booking) -> None:
    dirty = command(booking, Operator("Kim\x1b[31m  Nguyen"), reason=" Sick\x07\n today ")
    done = (await cancel(store, dirty)).cancellation
    assert done is not None
    assert done.by.name == "Kim\ufffd[31m Nguyen"
    assert done.reason == "Sick\ufffd today"


async def test_what_is_for_the_practice_only_is_kept_with_the_booking_and_in_no_history(
    store: Store, booking: Booking
) -> None:
    asked = command(booking, reason="", note=" owes\n us a call\x07 ", filed="Sick")
    await cancel(store, asked)
    done = (await store.get(booking.id)).cancellation
    assert done is not None
    assert (done.reason, done.note, done.filed) == ("", "owes us a call\ufffd", "Sick")
    (event,) = await store.history(booking.id)
    assert dict(event.detail)["reason"] == ""
    assert "owes us" not in repr(event)
    assert "Sick" not in repr(event)
    for delivery in await store.deliveries(booking.id):
        assert "owes us" not in repr(delivery)
    assert (await cancel(store, asked)).cancellation == done
    with pytest.raises(Refused, match="used for another command"):
        await cancel(store, changed(asked, note="another"))


@pytest.mark.parametrize(("field", "said"), [("note", "note"), ("filed", "word for the file")])
async def test_what_is_for_the_practice_only_is_at_most_255_characters(
    store: Store, booking: Booking, field: str, said: str
) -> None:
    with pytest.raises(Refused, match=f"the {said} is longer than 255 characters"):
        await cancel(store, changed(command(booking), **{field: "x" * 256}))
    assert await store.get(booking.id) == booking


@pytest.mark.far_too(full=True)
@pytest.mark.parametrize(("length", "accepted"), [(255, True), (256, False)])
async def test_reason_is_at_most_255_characters_after_cleaning(
    store: Store, booking: Booking, length: int, accepted: bool
) -> None:
    asked = command(booking, reason="  " + "\N{SMILING FACE WITH SUNGLASSES}" * length)
    if accepted:
        assert (await cancel(store, asked)).cancellation is not None
    else:
        with pytest.raises(Refused) as refused:
            await cancel(store, asked)
        assert refused.value.reason.code == "too-long"
        assert await store.get(booking.id) == booking


async def test_the_same_command_again_writes_nothing_and_returns_the_booking(
    store: Store, other: Store, store_url: str, booking: Booking
) -> None:
    asked = command(booking)
    first = await cancel(store, asked)
    assert await making.cancel(other, asked) == first
    assert await cancel(store, changed(asked, reason=" Sick ")) == first
    assert count(store_url, "command") == 1
    assert count(store_url, "delivery") == 3
    assert len(await store.history(booking.id)) == 1


@pytest.mark.far_too(full=True)
@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Work"},
        {"operator": LEE},
        {"seen": 2},
        {"told_by_phone": True},
        {"booking_id": 999},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_command_id_is_never_used_for_something_else(
    store: Store, booking: Booking, changes: dict[str, object]
) -> None:
    asked = command(booking)
    await cancel(store, asked)
    with pytest.raises(Refused) as refused:
        await cancel(store, changed(asked, **changes))
    assert refused.value.reason.code == "id-reused"


@pytest.mark.only_here
async def test_a_desk_is_part_of_what_a_command_says(store: Store, booking: Booking) -> None:
    asked = command(booking)
    await cancel(store, asked)
    with pytest.raises(Refused) as refused:
        await cancel(store, replace(asked, operator=Operator(asked.operator.name, "Desk Three")))
    assert refused.value.reason.code == "id-reused"


async def test_a_stale_cancel_names_who_was_first_and_when(
    store: Store, other: Store, store_url: str, booking: Booking
) -> None:
    cancelled = await cancel(store, command(booking, LEE))
    with pytest.raises(Conflict) as conflict:
        await making.cancel(other, command(booking))
    assert cancelled.cancellation is not None
    assert conflict.value.current == cancelled
    assert (conflict.value.by, conflict.value.at) == (LEE, cancelled.cancellation.at)
    assert conflict.value.hint.startswith("Lee Tran (Desk Two) cancelled this booking ")
    assert count(store_url, "command") == 1


async def test_a_changed_booking_is_not_cancelled_unseen(store: Store, booking: Booking) -> None:
    moved = make_incoming(ref="A1", starts_at=booking.starts_at + timedelta(hours=1))
    await store.registry.load([moved], LEE, "a file")
    with pytest.raises(Conflict) as conflict:
        await cancel(store, command(booking))
    assert conflict.value.current == await store.get(booking.id)
    assert conflict.value.current.cancellation is None
    assert conflict.value.by == LEE
    assert conflict.value.at is not None
    assert "Lee Tran (Desk Two) changed this booking" in conflict.value.hint


@pytest.mark.far_too(full=True)
async def test_a_version_that_never_was_is_a_conflict_with_nobody(store: Store, booking: Booking) -> None:
    with pytest.raises(Conflict) as conflict:
        await cancel(store, command(booking, seen=7))
    assert (conflict.value.by, conflict.value.at) == (None, None)


async def test_an_unknown_booking_is_not_found(store: Store, booking: Booking) -> None:
    with pytest.raises(NotFound):
        await cancel(store, command(booking, booking_id=booking.id + 1))


@pytest.mark.far_too(full=True)
async def test_what_is_cancelled_stays_so(store: Store, booking: Booking) -> None:
    cancelled = await cancel(store, command(booking))
    with pytest.raises(Refused) as refused:
        await cancel(store, command(cancelled, LEE))
    assert refused.value.reason.code == "already-cancelled"
    assert refused.value.reason.text.startswith("cancelled by Kim Nguyen")


async def test_a_passed_appointment_is_not_cancelled(store: Store) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    now = (await store.state()).now
    await store.registry.load([make_incoming(ref="A1", starts_at=now)], KIM, "a test")
    (booking,) = await store.find("A1")
    with pytest.raises(Refused) as refused:
        await cancel(store, command(booking))
    assert refused.value.reason.code == "time-passed"
    assert await store.history(booking.id) == ()


READER = Standing(scopes=frozenset({Scope.READ}))
ELSEWHERE = Standing(practices=frozenset({"perth"}))


async def test_refusals_come_in_their_order(store: Store, open_desk: OpenDesk, booking: Booking) -> None:
    """What this desk may know and do, then the version, then the rules."""
    await store.registry.apply_practices([make_practice("perth")], KIM)
    cancelled = await cancel(store, command(booking))
    reader, elsewhere = await open_desk(READER), await open_desk(ELSEWHERE)
    with pytest.raises(Refused) as no_permission:
        await making.cancel(reader, command(booking))
    assert no_permission.value.reason.code == "no-permission"
    with pytest.raises(NotFound):
        await making.cancel(elsewhere, command(booking))
    with pytest.raises(Conflict):
        await cancel(store, command(booking))
    with pytest.raises(Refused) as rule:
        await cancel(store, command(cancelled))
    assert rule.value.reason.code == "already-cancelled"


@pytest.mark.only_here
async def test_a_repeat_comes_before_all_refusals(
    store: Store, open_desk: OpenDesk, booking: Booking
) -> None:
    asked = command(booking)
    cancelled = await cancel(store, asked)
    reader = await open_desk(READER)
    assert await making.cancel(reader, asked) == cancelled


@pytest.mark.far_too(full=True)
async def test_a_refused_cancel_leaves_no_trace(store: Store, store_url: str, booking: Booking) -> None:
    before = execute(store_url, "SELECT * FROM head"), execute(store_url, "SELECT * FROM booking")
    with pytest.raises(Conflict):
        await cancel(store, command(booking, seen=2))
    assert (execute(store_url, "SELECT * FROM head"), execute(store_url, "SELECT * FROM booking")) == before
    assert count(store_url, "command") == count(store_url, "delivery") == 0


FOLLOWUPS: dict[str, tuple[dict[str, Any], dict[str, Any], bool, list[tuple[object, ...]]]] = {
    "PMS by hand": (
        {"pms": BY_HAND, "patient_channels": (), "email": ""},
        {},
        False,
        [(Kind.PMS_CANCEL, State.ATTENTION, "Paper diary", MANUAL_UPDATE, "", "")],
    ),
    "SMS": (
        {"pms": None, "patient_channels": (Channel.SMS, Channel.EMAIL), "email": ""},
        {},
        False,
        [(Kind.PATIENT_SMS, State.PENDING, "0491570006", "", "", "")],
    ),
    "to be phoned": (
        {"pms": None, "patient_channels": (Channel.EMAIL,), "email": ""},
        {"email": ""},
        False,
        [(Kind.PATIENT_PHONE, State.ATTENTION, "0491570006", "no e-mail", "", "")],
    ),
    "no address": (
        {"pms": None, "email": ""},
        {"email": "", "mobile": ""},
        False,
        [(Kind.PATIENT_PHONE, State.ATTENTION, "", "no e-mail, no mobile", "", "")],
    ),
    "told by phone": (
        {"pms": None, "patient_channels": (Channel.EMAIL,), "email": ""},
        {"email": ""},
        True,
        [(Kind.PATIENT_PHONE, State.SETTLED, "0491570006", "", TOLD_BY_PHONE, "Lee Tran (Desk Two)")],
    ),
    "nothing": ({"pms": None, "patient_channels": (), "email": ""}, {}, False, []),
}


@pytest.mark.far_too(full=True)
@pytest.mark.parametrize("case", FOLLOWUPS)
async def test_deliveries_are_what_the_plan_says(store: Store, case: str) -> None:
    practice, patient, told, expected = FOLLOWUPS[case]
    await store.registry.apply_practices([make_practice(**practice)], KIM)
    await store.registry.load([make_incoming(ref="A1", patient=make_patient(**patient))], KIM, "a test")
    (booking,) = await store.find("A1")
    await cancel(store, command(booking, LEE, told_by_phone=told))
    deliveries = await store.deliveries(booking.id)
    assert [(d.kind, d.state, d.target, d.error, d.note, d.settled_by) for d in deliveries] == expected
    assert all((d.next_at is not None) == (d.state is State.PENDING) for d in deliveries)


async def test_outcome_of_a_command_that_wrote_nothing(store: Store, booking: Booking) -> None:
    refused = command(booking, seen=2)
    with pytest.raises(Conflict):
        await cancel(store, refused)
    assert await outcome(store, refused.id) is None
    assert await outcome(store, UUID(int=0)) is None


async def test_outcome_waits_for_a_cancel_that_has_begun(store: Store, booking: Booking) -> None:
    asked = command(booking)
    cancelling = asyncio.create_task(cancel(store, asked))
    await asyncio.sleep(0)
    known = await outcome(store, asked.id)
    assert known == await cancelling


async def test_a_cancelled_task_does_not_stop_the_cancel(store: Store, booking: Booking) -> None:
    asked = command(booking)
    cancelling = asyncio.create_task(cancel(store, asked))
    await asyncio.sleep(0)
    cancelling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelling
    known = await outcome(store, asked.id)
    assert known is not None
    assert known.cancellation is not None


async def race(store: Store, other: Store, booking: Booking) -> tuple[Booking, Conflict]:
    """Let two desks cancel one booking at the same time; return the winner's answer and the loser's."""
    answers = await asyncio.gather(
        cancel(store, command(booking)), making.cancel(other, command(booking, LEE)), return_exceptions=True
    )
    won = [answer for answer in answers if isinstance(answer, Booking)]
    lost = [answer for answer in answers if isinstance(answer, Conflict)]
    assert (len(won), len(lost)) == (1, 1), answers
    return won[0], lost[0]


@pytest.mark.parametrize("rounds", [10, pytest.param(1000, marks=pytest.mark.full)])
@pytest.mark.timeout(600)
async def test_of_two_desks_one_wins_and_the_other_is_told(
    store: Store, other: Store, store_url: str, rounds: int
) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(line) for line in range(rounds)], KIM, "a test")
    number = (await store.state()).number
    for line in range(rounds):
        (booking,) = await store.find(f"R{line:05}")
        won, lost = await race(store, other, booking)
        assert lost.current == won
        assert won.cancellation is not None
        assert (lost.by, lost.at) == (won.cancellation.by, won.cancellation.at)
    assert count(store_url, "command") == rounds
    assert count(store_url, "delivery") == 3 * rounds
    found = execute(store_url, "SELECT number FROM change WHERE number > :n ORDER BY number", n=number)
    assert [row.number for row in found] == list(range(number + 1, number + 1 + rounds))
    assert await store.registry.verify() is None


async def test_last_write_is_this_operators_latest_cancel(store: Store) -> None:
    begin = datetime.now(UTC) - timedelta(hours=1)
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(line, ref=f"A{line}") for line in range(3)], KIM, "a test")
    assert await making.last_write(store, KIM_AT_TWO, begin) is None
    for ref, operator in (("A0", KIM_AT_TWO), ("A1", KIM_AT_TWO), ("A2", LEE)):
        (booking,) = await store.find(ref)
        await cancel(store, command(booking, operator))
    latest = await making.last_write(store, KIM_AT_TWO, begin)
    assert latest is not None
    assert latest.ref == "A1"
    assert latest.cancellation is not None
    assert await making.last_write(store, KIM_AT_TWO, latest.cancellation.at) is None
    assert await making.last_write(store, Operator(KIM.name + "x", LEE.via), begin) is None


@pytest.mark.only_here
async def test_last_write_is_of_this_desk_only(store: Store, booking: Booking) -> None:
    begin = datetime.now(UTC) - timedelta(hours=1)
    await cancel(store, command(booking, LEE))
    assert await making.last_write(store, Operator(LEE.name), begin) is None
    assert await making.last_write(store, LEE, begin) is not None


@pytest.mark.only_here
async def test_a_command_given_up_before_it_arrives_does_nothing(store: SqlStore, booking: Booking) -> None:
    late = command(booking)
    assert await making.give_up(store, late.id) is None
    assert await making.give_up(store, late.id) is None
    with pytest.raises(Refused) as refused:
        await cancel(store, late)
    assert refused.value.reason.code == "given-up"
    assert await store.get(booking.id) == booking
    cancelled = await cancel(store, command(booking))
    assert cancelled.cancellation is not None


@pytest.mark.only_here
async def test_a_command_that_was_written_is_not_given_up(store: SqlStore, booking: Booking) -> None:
    asked = command(booking)
    cancelled = await cancel(store, asked)
    assert await making.give_up(store, asked.id) == cancelled
    assert await cancel(store, asked) == cancelled


@pytest.mark.only_here
async def test_a_command_is_given_up_by_the_desk_that_made_it_alone(
    store: SqlStore, booking: Booking
) -> None:
    one, two = (store.as_desk(Standing(via=name)) for name in ("Desk One", "Desk Two"))
    asked = command(booking, Operator("Kim Nguyen", "Desk One"))
    assert await making.give_up(two, asked.id) is None
    cancelled = await cancel(one, asked)
    for asking in (two.outcome, two.give_up):
        with pytest.raises(NotFound, match="no such command of this desk"):
            await asking(asked.id)
    assert await making.give_up(one, asked.id) == await making.outcome(store, asked.id) == cancelled


@pytest.mark.only_here
async def test_one_store_is_several_desks(store: SqlStore, booking: Booking) -> None:
    await store.registry.apply_practices([make_practice("perth")], KIM)
    elsewhere = store.as_desk(Standing(practices=frozenset({"perth"}), via="Desk Two"))
    with pytest.raises(NotFound):
        await elsewhere.get(booking.id)
    assert (await elsewhere.state()).standing.via == "Desk Two"
    assert await store.get(booking.id) == booking


async def test_no_version_is_no_way_past_the_question_which_one_was_seen(
    store: Store, booking: Booking
) -> None:
    with pytest.raises(Conflict):
        await cancel(store, command(booking, seen=0))
    assert await store.get(booking.id) == booking
