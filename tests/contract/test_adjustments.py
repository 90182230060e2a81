"""Asking not to be charged, on every store: with the no-show or alone, once, and decided by somebody else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from frontdesk.attempts import Ended, Result
from frontdesk.billing.adjustments import TOLD_US, Adjustment, Answer, Ground, Review
from frontdesk.bookings import Booking, Operator, Presence, Scope, Standing
from frontdesk.commands import (
    Approve,
    Ask,
    Command,
    MarkNoShow,
    Reject,
    RequestAdjustment,
    Subject,
    TakeBackNoShow,
)
from frontdesk.deliveries import BILLER_CONNECTION, MAIL_CONNECTION, Kind, State
from frontdesk.errors import Conflict, NotFound, Refused
from tests.contract.desks import FarDesk, OpenDesk
from tests.contract.queueing import POLICY
from tests.contract.raw import count, let_pass
from tests.making import (
    KIM_AT_TWO,
    Store,
    command_of,
    do,
    make_incoming,
    make_patient,
    make_practice,
)

pytestmark = pytest.mark.far_too

BILLER = "billing@portal.example"
ROBIN = Operator("Robin Marsh", via="Accounts")
NOT_NEW = RequestAdjustment(
    (Answer("within-3-years", yes=True), Answer("form-then", yes=True)),
    name="Kim Nguyen",
    ground=Ground.NOT_NEW,
)
ABSENT = MarkNoShow(
    (Answer(TOLD_US, yes=False), Answer("other-time", yes=False), Answer("fee-charged", yes=False)),
    name="Kim Nguyen",
    ground=Ground.DID_NOT_ATTEND,
)


async def new_patient(
    store: Store, ref: str = "N1", *, is_new: bool | None = True, **practice: Any
) -> Booking:
    """A booking of a new patient that began an hour ago."""
    await store.registry.apply_practices(
        [make_practice(**{"account": "smile", "biller": BILLER, **practice})], KIM_AT_TWO
    )
    starts_at = (await store.state()).now.replace(microsecond=0) - timedelta(hours=1)
    line = make_incoming(
        ref=ref, pms_ref=f"P-{ref}", starts_at=starts_at, patient=make_patient(is_new=is_new)
    )
    await store.registry.load([line], KIM_AT_TWO, "a test")
    (found,) = await store.find(ref)
    return found


@pytest.fixture
async def accounts(store: Store, other: Store) -> AsyncIterator[Store]:
    """A desk that may decide: at a server one with another token, else just another one."""
    if not isinstance(store, FarDesk):
        yield other
        return
    from tests.serving import make_token

    token = await make_token(store.behind, ROBIN.via, scopes=Standing().scopes, practices=None)
    desk = FarDesk(store.url, token, store.behind)
    yield desk
    await desk.close()


def decision(request: Adjustment, ask: Ask, operator: Operator = ROBIN, seen: int | None = None) -> Command:
    seen = request.version if seen is None else seen
    return Command(uuid4(), Subject("adjustment", request.id), seen, operator, ask)


async def latest(store: Store, booking: Booking) -> Adjustment:
    return (await store.adjustments(booking.id))[-1]


async def refusal(store: Store, booking: Booking, ask: Ask) -> str:
    with pytest.raises(Refused) as refused:
        await do(store, booking, ask, KIM_AT_TWO)
    return refused.value.reason.code


async def test_a_no_show_and_its_request_are_one_command(store: Store, store_url: str) -> None:
    booking = await new_patient(store)
    number = (await store.state()).number
    marked = await do(store, booking, ABSENT, KIM_AT_TWO)
    assert (marked.attendance.presence, marked.version) == (Presence.NO_SHOW, 2)
    (request,) = await store.adjustments(booking.id)
    assert request == Adjustment(
        request.id,
        1,
        booking.id,
        Ground.DID_NOT_ATTEND,
        ABSENT.answers,
        "",
        "Kim Nguyen",
        KIM_AT_TWO,
        marked.attendance.at,  # type: ignore[arg-type]
    )
    assert request.review is Review.AWAITING
    assert count(store_url, "command") == 1
    assert [
        (one.kind, one.state, one.target, one.connection) for one in await store.deliveries(booking.id)
    ] == [
        (Kind.PMS_NO_SHOW, State.PENDING, "Praktika", "smile"),
        (Kind.BILLER_EMAIL, State.PENDING, BILLER, MAIL_CONNECTION),
    ]
    changes = await store.changes(number, 0)
    assert {str(one.subject) for one in changes} == {f"booking {booking.id}", f"adjustment {request.id}"}


async def test_a_request_that_cannot_be_made_marks_nothing(store: Store, store_url: str) -> None:
    booking = await new_patient(store, is_new=False)
    assert await refusal(store, booking, ABSENT) == "not-new"
    assert await store.get(booking.id) == booking
    assert count(store_url, "adjustment") == count(store_url, "delivery") == 0


async def test_the_tick_answers_its_question(store: Store) -> None:
    booking = await new_patient(store)
    ask = replace(ABSENT, notice=True, answers=ABSENT.answers[1:])
    marked = await do(store, booking, ask, KIM_AT_TWO)
    assert marked.attendance.notice
    assert (await latest(store, booking)).answers == (Answer(TOLD_US, yes=True), *ABSENT.answers[1:])


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (replace(ABSENT, answers=ABSENT.answers[1:]), "unanswered"),
        (replace(ABSENT, answers=(*ABSENT.answers, Answer("form-then", yes=True))), "unasked"),
        (replace(ABSENT, name=" \u200b "), "no-name"),
        (replace(ABSENT, ground=None), "no-ground"),
        (replace(ABSENT, notice=True), "contradicts"),
        (RequestAdjustment(name="Kim", ground=Ground.OTHER), "no-text"),
        (RequestAdjustment(name="Kim", text="x" * 501, ground=Ground.OTHER), "too-long"),
        (RequestAdjustment(name="K" * 201, text="x", ground=Ground.OTHER), "too-long"),
    ],
)
async def test_a_request_is_whole(store: Store, ask: Ask, code: str) -> None:
    booking = await new_patient(store)
    assert await refusal(store, booking, ask) == code
    assert await store.get(booking.id) == booking


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"account": ""}, "no-account"), ({"is_new": None}, "not-known-new"), ({"is_new": False}, "not-new")],
)
@pytest.mark.far_too(full=True)
async def test_only_what_is_charged_can_be_asked_back(
    store: Store, changes: dict[str, Any], code: str
) -> None:
    booking = await new_patient(store, **changes)
    assert await refusal(store, booking, NOT_NEW) == code


async def test_a_booking_has_one_open_request(store: Store) -> None:
    booking = await new_patient(store)
    asked = await do(store, booking, NOT_NEW, KIM_AT_TWO)
    # Nothing of the booking itself has changed, but the rules know of the request.
    assert asked == booking
    assert await refusal(store, asked, NOT_NEW) == "awaiting"
    assert await refusal(store, asked, ABSENT) == "awaiting"
    marked = await do(store, asked, MarkNoShow(), KIM_AT_TWO)
    assert marked.attendance.presence is Presence.NO_SHOW


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.full)])
async def test_two_desks_ask_once(store: Store, other: Store, store_url: str, rounds: int) -> None:
    for number in range(rounds):
        booking = await new_patient(store, f"T{number}")
        asks = [command_of(booking, NOT_NEW, KIM_AT_TWO), command_of(booking, ABSENT, KIM_AT_TWO)]
        answers = await asyncio.gather(store.do(asks[0]), other.do(asks[1]), return_exceptions=True)
        (lost,) = [one for one in answers if isinstance(one, BaseException)]
        # Who asked first raised no version, and is known by the rule; who marked first raised it.
        assert isinstance(lost, Conflict) or (isinstance(lost, Refused) and lost.reason.code == "awaiting"), (
            lost
        )
        assert count(store_url, "adjustment") == number + 1


async def test_somebody_else_approves(store: Store, accounts: Store) -> None:
    booking = await new_patient(store)
    await do(store, booking, ABSENT, KIM_AT_TWO)
    request = await latest(store, booking)
    desk = accounts
    done = await desk.do(decision(request, Approve("Fine")))
    assert done.thing == await latest(store, booking)
    assert (done.thing.review, done.thing.decided_by, done.thing.decided_at, done.thing.note) == (
        Review.APPROVED,
        ROBIN,
        done.at,
        "Fine",
    )
    assert done.thing.version == request.version + 1
    events = await store.history(booking.id)
    assert [(one.action, one.operator) for one in events] == [
        ("adjustment.approve", ROBIN),
        ("booking.mark_no_show", KIM_AT_TWO),
    ]
    marked = await store.get(booking.id)
    assert await refusal(store, marked, TakeBackNoShow()) == "approved"
    assert await refusal(store, marked, NOT_NEW) == "approved"


async def test_nobody_decides_a_request_of_their_own(store: Store) -> None:
    booking = await new_patient(store)
    await do(store, booking, NOT_NEW, KIM_AT_TWO)
    request = await latest(store, booking)
    # The same token under another name, and the same name, as the biller reads it, under another token.
    same = [Operator("Robin Marsh", KIM_AT_TWO.via), Operator(" kim NGUYEN ", via="Desk Two")]
    for operator in same:
        for ask in (Approve(), Reject("No")):
            with pytest.raises(Refused) as refused:
                await store.do(decision(request, ask, operator))
            assert refused.value.reason.code == "own-request"
    assert await latest(store, booking) == request


@pytest.mark.only_here
async def test_who_opens_the_database_is_known_by_name_alone(store: Store) -> None:
    booking = await new_patient(store)
    await do(store, booking, NOT_NEW, Operator("Kim Nguyen"))
    request = await latest(store, booking)
    with pytest.raises(Refused) as refused:
        await store.do(decision(request, Approve(), Operator("kim nguyen")))
    assert refused.value.reason.code == "own-request"
    done = await store.do(decision(request, Approve(), Operator("Robin Marsh")))
    assert done.thing.review is Review.APPROVED


async def test_a_rejection_says_why(store: Store, accounts: Store) -> None:
    booking = await new_patient(store)
    await do(store, booking, NOT_NEW, KIM_AT_TWO)
    request, desk = await latest(store, booking), accounts
    with pytest.raises(Refused) as refused:
        await desk.do(decision(request, Reject(" ")))
    assert refused.value.reason.code == "no-note"
    done = await desk.do(decision(request, Reject("Not seen here before")))
    assert (done.thing.review, done.thing.note) == (Review.REJECTED, "Not seen here before")
    with pytest.raises(Refused) as refused:
        await desk.do(decision(done.thing, Approve()))
    assert refused.value.reason.code == "decided"
    assert await refusal(store, booking, NOT_NEW) == "rejected"


async def test_a_decision_is_about_the_request_as_it_was_seen(store: Store, accounts: Store) -> None:
    booking = await new_patient(store)
    marked = await do(store, booking, ABSENT, KIM_AT_TWO)
    request, desk = await latest(store, booking), accounts
    await do(store, marked, TakeBackNoShow(), KIM_AT_TWO)
    with pytest.raises(Conflict) as conflict:
        await desk.do(decision(request, Approve()))
    assert conflict.value.current == await latest(store, booking)
    with pytest.raises(NotFound):
        await desk.do(decision(replace(request, id=request.id + 99), Approve()))


async def test_only_a_desk_that_may_decide_does(store: Store, open_desk: OpenDesk) -> None:
    booking = await new_patient(store)
    await do(store, booking, NOT_NEW, KIM_AT_TWO)
    request = await latest(store, booking)
    desk = await open_desk(Standing(scopes=frozenset({Scope.READ, Scope.CANCEL, Scope.BILL, Scope.ADMIN})))
    with pytest.raises(Refused) as refused:
        await desk.do(decision(request, Approve()))
    assert refused.value.reason.code == "no-permission"
    await store.registry.apply_practices([make_practice("perth")], KIM_AT_TWO)
    elsewhere = await open_desk(Standing(practices=frozenset({"perth"})))
    with pytest.raises(NotFound):
        await elsewhere.do(decision(request, Approve()))
    with pytest.raises(NotFound):
        await elsewhere.adjustments(booking.id)


async def test_taking_the_no_show_back_withdraws_the_request(store: Store) -> None:
    booking = await new_patient(store)
    marked = await do(store, booking, ABSENT, KIM_AT_TWO)
    claim = await store.queue.claim([MAIL_CONNECTION], POLICY)
    assert claim is not None
    assert claim.command.ask == ABSENT
    await store.queue.finish(claim, Result(Ended.DONE), POLICY)
    back = await do(store, marked, TakeBackNoShow(), KIM_AT_TWO)
    request = await latest(store, booking)
    assert (request.review, request.decided_by, request.version) == (Review.WITHDRAWN, KIM_AT_TWO, 2)
    # The biller hears of that too, and one that was withdrawn may be made again.
    told = await store.deliveries(booking.id)
    assert [one.kind for one in told if one.state is State.PENDING] == [Kind.BILLER_EMAIL]
    await do(store, back, ABSENT, KIM_AT_TWO)
    assert [one.review for one in await store.adjustments(booking.id)] == [Review.WITHDRAWN, Review.AWAITING]


async def test_the_biller_is_told_in_order(store: Store, store_url: str) -> None:
    """What they read last is how it stands, whatever a mail server does meanwhile."""
    booking = await new_patient(store, pms=None)
    marked = await do(store, booking, ABSENT, KIM_AT_TWO)
    claim = await store.queue.claim([MAIL_CONNECTION], POLICY)
    assert claim is not None
    await store.queue.finish(claim, Result(Ended.FAILED, "the mail server is busy"), POLICY)
    back = await do(store, marked, TakeBackNoShow(), KIM_AT_TWO)
    await do(store, back, NOT_NEW, KIM_AT_TWO)
    assert await store.queue.claim([MAIL_CONNECTION], POLICY) is None
    let_pass(store_url, timedelta(hours=1))
    asked, withdrawn, again = await store.deliveries(booking.id)
    for one in (asked, withdrawn, again):
        claim = await store.queue.claim([MAIL_CONNECTION], POLICY)
        assert claim is not None
        assert claim.delivery.id == one.id
        await store.queue.finish(claim, Result(Ended.DONE), POLICY)


async def test_a_biller_over_http_is_told_by_whoever_can_reach_it(store: Store) -> None:
    booking = await new_patient(store, biller="biller.toml")
    marked = await do(store, booking, ABSENT, KIM_AT_TWO)
    assert await store.queue.claim([MAIL_CONNECTION], POLICY) is None
    claim = await store.queue.claim([BILLER_CONNECTION], POLICY)
    assert claim is not None
    assert (claim.delivery.kind, claim.delivery.target, claim.command.ask) == (
        Kind.BILLER_POST,
        "biller.toml",
        ABSENT,
    )
    await store.queue.finish(claim, Result(Ended.LOCKED_OUT, "it does not accept our credential"), POLICY)
    troubles = {one.name: one.trouble for one in (await store.state()).connections}
    trouble = troubles[BILLER_CONNECTION]
    assert trouble is not None
    assert trouble.name == "Biller"
    await do(store, marked, TakeBackNoShow(), KIM_AT_TWO)
    told = [one for one in await store.deliveries(booking.id) if one.kind == Kind.BILLER_POST]
    assert [one.state for one in told] == [State.ATTENTION, State.PENDING]


async def test_a_request_on_another_ground_stays_when_the_no_show_falls(store: Store) -> None:
    booking = await new_patient(store)
    marked = await do(store, booking, MarkNoShow(**_fields(NOT_NEW)), KIM_AT_TWO)
    await do(store, marked, TakeBackNoShow(), KIM_AT_TWO)
    assert (await latest(store, booking)).review is Review.AWAITING


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.full)])
async def test_taken_back_or_approved_but_never_both(store: Store, accounts: Store, rounds: int) -> None:
    desk = accounts
    for number in range(rounds):
        booking = await new_patient(store, f"B{number}")
        marked = await do(store, booking, ABSENT, KIM_AT_TWO)
        request = await latest(store, booking)
        answers = await asyncio.gather(
            do(store, marked, TakeBackNoShow(), KIM_AT_TWO),
            desk.do(decision(request, Approve())),
            return_exceptions=True,
        )
        assert sum(isinstance(one, BaseException) for one in answers) == 1, answers
        stands, request = await store.get(booking.id), await latest(store, booking)
        is_absent = stands.attendance.presence is Presence.NO_SHOW
        assert request.review is (Review.APPROVED if is_absent else Review.WITHDRAWN)


async def test_the_same_decision_twice_is_made_once(store: Store, accounts: Store) -> None:
    booking = await new_patient(store)
    await do(store, booking, NOT_NEW, KIM_AT_TWO)
    desk = accounts
    command = decision(await latest(store, booking), Approve())
    first, again = await desk.do(command), await desk.do(command)
    assert first == again
    assert (await desk.outcome(command.id)) == first


def _fields(ask: RequestAdjustment) -> dict[str, Any]:
    return {"answers": ask.answers, "name": ask.name, "ground": ask.ground}
