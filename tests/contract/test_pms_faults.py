"""Every fault of the simulated PMS, met by every adapter: which kind of error it becomes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest

from frontdesk.demo.simulator import Effect, EntryStatus, Fault, Kind, Operation
from frontdesk.pms.port import (
    ContractDrift,
    PmsConflict,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Rejected,
    UnknownOutcome,
    WriteResult,
    WriteState,
)
from tests.contract.pms_accounts import NOW, PROMISES, REF, START, Connected, connected

Errors = frozenset[type[PmsError]]

BUSY = (Kind.BUSY_SECONDS, Kind.BUSY_DATE, Kind.BUSY_EPOCH, Kind.BUSY_ABSURD)
UNREADABLE = (
    Kind.EMPTY,
    Kind.NO_CONTENT,
    Kind.NOT_JSON,
    Kind.TRUNCATED,
    Kind.CONTENT_TYPE,
    Kind.CHARSET,
    Kind.GZIP_BOMB,
    Kind.HUGE,
    Kind.NESTED,
    Kind.MISTYPED,
)
BROKEN = (Kind.SERVER_ERROR, Kind.BAD_GATEWAY, Kind.GATEWAY_TIMEOUT)
NO_ANSWER = (Kind.DROP, Kind.HANG)
NOBODY_KNOWS: Errors = frozenset({UnknownOutcome, ContractDrift})
NOT_READ: Errors = frozenset({PmsUnavailable, ContractDrift, UnknownOutcome})


def of(*errors: type[PmsError]) -> Errors:
    """Return a set of errors."""
    return frozenset(errors)


READ = {
    Kind.UNAUTHORISED: of(PmsUnauthorised),
    Kind.FORBIDDEN: of(PmsUnauthorised),
    Kind.NOT_FOUND: of(PmsNotFound),
    Kind.LOGIN_PAGE: of(PmsUnauthorised, *NOT_READ),
    Kind.REDIRECT: of(PmsUnauthorised, *NOT_READ),
    **dict.fromkeys(BUSY, of(RateLimited)),
    **dict.fromkeys((*BROKEN, Kind.UNAVAILABLE, *NO_ANSWER), of(PmsUnavailable)),
    **dict.fromkeys(UNREADABLE, NOT_READ),
    # Labelled as a page for people, it may be the one where they sign in.
    Kind.CONTENT_TYPE: of(PmsUnauthorised, *NOT_READ),
}

WRITTEN = {
    Kind.UNAUTHORISED: of(PmsUnauthorised),
    Kind.FORBIDDEN: of(PmsUnauthorised),
    Kind.NOT_FOUND: of(PmsNotFound),
    Kind.CONFLICT: of(PmsConflict, Rejected),
    Kind.PRECONDITION: of(PmsConflict, Rejected),
    Kind.INVALID: of(Rejected),
    Kind.LOGIN_PAGE: of(PmsUnauthorised, *NOBODY_KNOWS),
    Kind.REDIRECT: of(PmsUnauthorised, *NOBODY_KNOWS),
    Kind.UNAVAILABLE: of(PmsUnavailable, UnknownOutcome),
    **dict.fromkeys(BUSY, of(RateLimited)),
}
"""Of a write that had no effect."""

IN_DOUBT = (*BROKEN, *NO_ANSWER, *UNREADABLE)
"""Answers that prove nothing, whether the write had an effect or not."""


@dataclass(frozen=True)
class Change:
    """A write: how the appointment stands before it, and how it is asked for as it stands now."""

    operation: Operation
    before: EntryStatus
    ask: Callable[[Connected], Awaitable[Callable[[], Awaitable[WriteResult]]]]

    def __str__(self) -> str:
        return self.operation


async def _cancel(at: Connected) -> Callable[[], Awaitable[WriteResult]]:
    request = await at.request(request_id=uuid4())
    return lambda: at.pms.cancel(REF, request)


async def _move(at: Connected) -> Callable[[], Awaitable[WriteResult]]:
    request = await at.move(START + timedelta(days=1), uuid4())
    return lambda: at.pms.reschedule(REF, request)


async def _mark(at: Connected) -> Callable[[], Awaitable[WriteResult]]:
    request = await at.no_show(uuid4())
    return lambda: at.pms.mark_no_show(REF, request)


async def _take_back(at: Connected) -> Callable[[], Awaitable[WriteResult]]:
    request = await at.no_show(uuid4())
    return lambda: at.pms.take_back_no_show(REF, request)


CANCEL = Change(Operation.CANCEL, EntryStatus.BOOKED, _cancel)
MOVE = Change(Operation.RESCHEDULE, EntryStatus.BOOKED, _move)
MARK = Change(Operation.NO_SHOW, EntryStatus.BOOKED, _mark)
TAKE_BACK = Change(Operation.TAKE_BACK_NO_SHOW, EntryStatus.NO_SHOW, _take_back)

BY_HAND = {("cliniko", MARK), ("cliniko", TAKE_BACK)}
ALL = [
    (promise, change)
    for change in (CANCEL, MOVE, MARK, TAKE_BACK)
    for promise in PROMISES
    if (promise.kind, change) not in BY_HAND
]
QUICK = [
    (promise, change)
    for promise, change in ALL
    if change is CANCEL or (promise.kind, change) in (("core-practice", MARK), ("praktika", MOVE))
]
each_write = pytest.mark.parametrize(
    ("at", "change"),
    [pytest.param(*one, marks=() if one in QUICK else pytest.mark.full) for one in ALL],
    ids=str,
    indirect=["at"],
)


@pytest.fixture(params=PROMISES, ids=str)
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    """Each adapter in turn, with one appointment on Thursday."""
    async with connected(request.param) as made:
        yield made


async def met(at: Connected, fault: Fault, ask: Callable[[], Awaitable[object]]) -> object:
    """Ask something while a fault is in force; return the answer, or the error that came instead."""
    at.simulator.faults.set(fault)
    asking = asyncio.ensure_future(ask())
    if fault.kind == Kind.HANG:
        await at.simulator.until_waiting()
        await at.simulator.release()
    try:
        return await asking
    except PmsError as error:
        return error
    finally:
        at.simulator.faults.set()


async def test_a_read_that_goes_wrong(at: Connected) -> None:
    wrong = {}
    for kind, errors in READ.items():
        answer = await met(at, Fault(kind), lambda: at.pms.appointment(REF))
        if type(answer) not in errors:
            wrong[kind] = answer
    assert not wrong


@pytest.mark.full
async def test_a_list_that_goes_wrong(at: Connected) -> None:
    wrong = {}
    for kind, errors in READ.items():
        answer = await met(at, Fault(kind), lambda: at.pms.appointments(NOW, NOW + timedelta(days=30)))
        if type(answer) not in errors:
            wrong[kind] = answer
    assert not wrong


@each_write
async def test_a_write_that_is_refused(at: Connected, change: Change) -> None:
    at.put(status=change.before)
    ask = await change.ask(at)
    wrong = {}
    for kind, errors in WRITTEN.items():
        answer = await met(at, Fault(kind, change.operation), ask)
        if type(answer) not in errors:
            wrong[kind] = answer
        _check_words(str(answer), at.simulator.port)
    assert not wrong
    assert not at.simulator.effective


@each_write
@pytest.mark.parametrize("effect", [Effect.APPLIED, Effect.NEVER])
async def test_a_write_whose_answer_proves_nothing(at: Connected, change: Change, effect: Effect) -> None:
    """Without proof it is unknown, or said to be done where the carrier reads again anyway."""
    wrong = {}
    for kind in IN_DOUBT:
        at.put(status=change.before)
        ask = await change.ask(at)
        answer = await met(at, Fault(kind, change.operation, effect=effect), ask)
        is_left_to_a_read = getattr(answer, "state", None) is WriteState.APPLIED and (
            at.pms.capabilities.verify_after_write
        )
        if type(answer) not in NOBODY_KNOWS and not is_left_to_a_read:
            wrong[kind] = answer
        if isinstance(answer, PmsError):
            _check_words(str(answer), at.simulator.port)
    assert not wrong
    sent = [line for line in at.simulator.ledger if line.operation == change.operation]
    assert len(sent) == len(IN_DOUBT), "nothing is sent twice"


@each_write
async def test_what_is_accepted_is_not_done(at: Connected, change: Change) -> None:
    at.put(status=change.before)
    ask = await change.ask(at)
    answer = await met(at, Fault(Kind.ACCEPTED, change.operation, effect=Effect.NEVER), ask)
    assert getattr(answer, "state", None) is WriteState.ACCEPTED or type(answer) in NOBODY_KNOWS


async def test_it_waits_as_long_as_it_is_told_and_never_absurdly(at: Connected) -> None:
    told = {}
    for kind in BUSY:
        answer = await met(at, Fault(kind, seconds=90), lambda: at.pms.appointment(REF))
        assert isinstance(answer, RateLimited)
        told[kind] = answer.retry_at
    absurd = told.pop(Kind.BUSY_ABSURD)
    assert set(told.values()) == {NOW + timedelta(seconds=90)}
    assert absurd is None or absurd <= NOW + timedelta(hours=1)


async def test_nothing_follows_a_redirect(at: Connected) -> None:
    await met(at, Fault(Kind.REDIRECT), lambda: at.pms.appointment(REF))
    assert [line.account for line in at.simulator.ledger] == ["smile"]


async def test_a_switched_off_pms_has_done_nothing(at: Connected) -> None:
    await at.simulator.stop_listening()
    for ask in (lambda: at.pms.appointment(REF), lambda: at.pms.ping()):
        with pytest.raises(PmsUnavailable):
            await ask()
    await at.simulator.listen()
    assert (await at.pms.appointment(REF)).ref == REF


async def test_pages_that_repeat_are_noticed_or_end(at: Connected) -> None:
    for place in range(130):
        at.put(str(place))
    at.simulator.faults.set(Fault(Kind.PAGES_REPEAT))
    cursor, pages = None, 0
    while pages < 5:
        try:
            page = await at.pms.appointments(NOW, NOW + timedelta(days=30), cursor)
        except ContractDrift:
            return
        pages, cursor = pages + 1, page.cursor
        if cursor is None:
            return
    raise AssertionError("a list that repeats itself goes on for ever")


def _check_words(said: str, port: int) -> None:
    """What an operator reads is short, plain, and tells nothing that it need not."""
    assert 5 < len(said) <= 160
    assert said.isprintable()
    for word in ("Amelia", "key-au1", "Traceback", "http:", str(port), "{", "<"):
        assert word not in said, said
