"""The same commands in the same order bring the same answers, whatever the store and the way to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.billing.adjustments import Adjustment, Answer, Ground
from frontdesk.bookings import (
    Booking,
    BookingQuery,
    Direction,
    Operator,
    Position,
    Status,
)
from frontdesk.commands import (
    Approve,
    Ask,
    Command,
    MarkArrived,
    MarkAttended,
    MarkNoShow,
    Reject,
    RequestAdjustment,
    Subject,
    TakeBackNoShow,
)
from frontdesk.deliveries import Attention, Delivery
from frontdesk.errors import Conflict, FrontdeskError, Refused
from tests import making, postgres
from tests.contract.desks import DesksHere, FarDesks
from tests.making import (
    BY_HAND,
    KIM,
    KIM_AT_TWO,
    LEE,
    Store,
    cancel_of,
    command_of,
    make_incoming,
    make_patient,
    make_practice,
    retry,
    settle,
)

OPERATORS = (KIM_AT_TWO, LEE)
BOOKINGS = 4
STARTS = datetime.now(UTC).replace(microsecond=0)
_rounds = count()


@dataclass
class Round:
    """What one sequence is about: a few bookings of its own, the same in every store."""

    number: int
    commands: list[UUID]

    def ref(self, which: int) -> str:
        return f"{self.number}-{which}"


Step = Callable[[Store, Round], Awaitable[Any]]


async def the(store: Store, round_: Round, which: int) -> Booking:
    (booking,) = await store.find(round_.ref(which))
    return booking


def cancel(which: int, version: int, reason: str, operator: Operator, command: int, told: bool) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        booking = await the(store, round_, which)
        id_ = round_.commands[command]
        asked = cancel_of(booking, operator, reason, told_by_phone=told, id=id_, seen=version)
        return await making.cancel(store, asked)

    return step


def outcome(command: int) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        return await making.outcome(store, round_.commands[command])

    return step


def read(which: int) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        booking = await the(store, round_, which)
        events = await store.history(booking.id)
        rows = await store.rows([booking.id])
        return (
            [(one.action, one.operator, {**one.detail, "delivery": ""}) for one in events],
            await store.deliveries(booking.id),
            await store.adjustments(booking.id),
            [(row.booking, row.followup, row.same_name, row.more) for row in rows],
            await store.related(booking.id),
        )

    return step


def listed(text: str, status: Status | None, limit: int, direction: Direction, days: int) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        query = BookingQuery(STARTS, text, frozenset({status} if status else ()))
        position = Position(STARTS + timedelta(days=days), 0) if days else None
        page = await store.page(query, limit, position, direction)
        return [row.booking for row in page.rows], page.more, page.beside, await store.count(query, limit)

    return step


def nearest(text: str, limit: int) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        return await store.nearest(text, limit)

    return step


def deal_with(which: int, operator: Operator, note: str | None) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        booking = await the(store, round_, which)
        delivery = next(iter(await store.deliveries(booking.id)), None)
        if delivery is None:
            return None
        if note is None:
            return await retry(store, delivery.id, operator)
        return await settle(store, delivery.id, operator, note)

    return step


def about(which: int, ask: Ask, operator: Operator, seen: int) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        booking = await the(store, round_, which)
        return (await store.do(command_of(booking, ask, operator, seen=seen or booking.version))).thing

    return step


def decided(which: int, ask: Ask, operator: Operator) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        booking = await the(store, round_, which)
        requests = await store.adjustments(booking.id)
        if not requests:
            return None
        subject = Subject("adjustment", requests[-1].id)
        await store.do(Command(uuid4(), subject, requests[-1].version, operator, ask))
        return await store.adjustments(booking.id)

    return step


def moved(which: int, hours: int) -> Step:
    async def step(store: Store, round_: Round) -> Any:
        booking = await the(store, round_, which)
        line = incoming(round_, which)
        await store.registry.load(
            [replace(line, starts_at=booking.starts_at + timedelta(hours=hours))], LEE, "a file"
        )

    return step


async def stands(store: Store, _: Round) -> Any:
    state = await store.state()
    attention = await store.attention(500)
    last = [await making.last_write(store, one, STARTS) for one in OPERATORS]
    changes = await store.changes(max(0, state.number - 3), 0)
    return (
        (state.bookings, state.under_way, state.need_person, state.standing.why_not_writable),
        attention,
        last,
        [(one.subject.kind, one.by) for one in changes],
    )


operators, which = st.sampled_from(OPERATORS), st.integers(0, BOOKINGS - 1)
reasons = st.sampled_from(["", "Sick", " Sick\x07 ", "Zoë 王", "x" * 255, "x" * 256, "\U0001f60e" * 255])
commands = st.integers(0, 2)
ANSWERS = (Answer("told-us", yes=True), Answer("other-time", yes=False), Answer("fee-charged", yes=True))
ATTENDANCE: st.SearchStrategy[Ask] = st.sampled_from(
    [
        MarkNoShow(),
        MarkNoShow(notice=True),
        MarkNoShow(ANSWERS, " Zoë\x07 ", "Kim", ground=Ground.DID_NOT_ATTEND),
        MarkNoShow(ANSWERS[:1], "", "Kim", ground=Ground.DID_NOT_ATTEND),
        TakeBackNoShow(),
        TakeBackNoShow(),
        MarkArrived(),
        MarkAttended(),
        RequestAdjustment(text="Twice", name="Lee", ground=Ground.OTHER),
        RequestAdjustment(text="", name="", ground=Ground.OTHER),
    ]
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(cancel, which, st.sampled_from([1, 1, 1, 2, 7]), reasons, operators, commands, st.booleans()),
    st.builds(outcome, st.integers(3, 5)),
    st.builds(read, which),
    st.builds(
        listed,
        st.sampled_from(
            ["", "amel", "wil am", "0491", "zzz", "+&#%", "'", "priya", "dr rao", "check", "140381"]
        ),
        st.sampled_from([None, *Status]),
        st.integers(1, 7),
        st.sampled_from(Direction),
        st.integers(0, 9),
    ),
    st.builds(
        nearest, st.sampled_from(["ameila", "wilsn am", "zzzz", "wilso", "+&#%", "x" * 90]), st.integers(1, 3)
    ),
    st.builds(deal_with, which, operators, st.sampled_from([None, "phoned", "", "y" * 256])),
    st.builds(moved, which, st.integers(-2, 2)),
    st.builds(about, st.sampled_from([0, 0, 0, 1, 2]), ATTENDANCE, operators, st.sampled_from([0, 0, 0, 1])),
    st.builds(
        decided,
        st.sampled_from([0, 0, 1]),
        st.sampled_from([Approve(), Approve("Fine"), Reject(), Reject("No\x07"), Reject("x" * 501)]),
        operators,
    ),
    st.just(stands),
)


def incoming(round_: Round, which: int) -> Any:
    return make_incoming(
        which,
        ref=round_.ref(which),
        pms_ref=f"P{round_.ref(which)}",
        practice_id=("adelaide", "perth")[which % 2],
        starts_at=STARTS + timedelta(days=which * 3 or -1, seconds=round_.number),
        patient=make_patient(is_new=which % 3 == 0),
    )


def told(answer: Any) -> Any:
    """Return an answer without what each store makes for itself: ids and moments."""
    if isinstance(answer, Booking):
        done = answer.cancellation
        return (
            answer.ref,
            answer.version,
            answer.starts_at,
            answer.patient,
            answer.practice,
            answer.practitioner.name,
            done and (done.by, done.reason),
            replace(answer.attendance, at=None),
        )
    if isinstance(answer, Adjustment):
        return (
            answer.version,
            answer.ground,
            answer.answers,
            answer.text,
            answer.name,
            answer.by,
            answer.review,
            answer.decided_by,
            answer.note,
        )
    if isinstance(answer, Delivery):
        return (
            answer.kind,
            answer.state,
            answer.target,
            answer.connection,
            answer.attempts,
            answer.error,
            answer.settled_by,
            answer.note,
        )
    if isinstance(answer, Attention):
        return told(answer.booking), told(answer.delivery)
    if isinstance(answer, list | tuple) and not hasattr(answer, "_fields"):
        return [told(one) for one in answer]
    return answer


async def answered(step: Step, store: Store, round_: Round) -> Any:
    try:
        return told(await step(store, round_))
    except Conflict as error:
        return "conflict", told(error.current), error.by
    except Refused as error:
        return "refused", error.reason.code
    except FrontdeskError as error:
        return type(error).__name__


@pytest.fixture
def spare_postgres(worker_id: str) -> Iterator[str]:
    with postgres.new_database(worker_id, migrated=True) as url:
        yield url


async def open_all(stack: AsyncExitStack, here: list[str], far: list[str]) -> list[Store]:
    stores: list[Store] = [await DesksHere(url, stack)() for url in here]
    stores += [await FarDesks(url, stack)() for url in far]
    practices = [
        make_practice(account="smile", biller="billing@portal.example"),
        make_practice("perth", pms=BY_HAND, patient_channels=()),
    ]
    for store in stores:
        await store.registry.apply_practices(practices, KIM)
    return stores


@pytest.fixture
async def stores(sqlite_url: str, postgres_url: str, tmp_path: Path) -> AsyncIterator[list[Store]]:
    async with AsyncExitStack() as stack:
        yield await open_all(stack, [sqlite_url, postgres_url], [f"sqlite:///{tmp_path / 'far.db'}"])


@pytest.fixture
async def all_stores(
    sqlite_url: str, postgres_url: str, spare_postgres: str, tmp_path: Path
) -> AsyncIterator[list[Store]]:
    async with AsyncExitStack() as stack:
        far = [f"sqlite:///{tmp_path / 'far.db'}", spare_postgres]
        yield await open_all(stack, [sqlite_url, postgres_url], far)


async def compare(stores: list[Store], steps: list[Step]) -> None:
    round_ = Round(next(_rounds), [uuid4() for _ in range(6)])
    for store in stores:
        await store.registry.load([incoming(round_, one) for one in range(BOOKINGS)], KIM, "a test")
    for step in steps:
        name = step.__qualname__.partition(".")[0]
        first, *others = [await answered(step, store, round_) for store in stores]
        assert all(other == first for other in others), (name, first, others)


SETTINGS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=False,
)


@given(st.lists(STEPS, min_size=4, max_size=8))
@settings(SETTINGS, max_examples=6)
async def test_three_ways_one_answer(stores: list[Store], steps: list[Step]) -> None:
    await compare(stores, steps)


@pytest.mark.full
@pytest.mark.timeout(900)
@given(st.lists(STEPS, min_size=5, max_size=40))
@settings(SETTINGS, max_examples=30)
async def test_four_ways_one_answer(all_stores: list[Store], steps: list[Step]) -> None:
    await compare(all_stores, steps)
