"""Whatever desks, files, dispatchers and the config do in order, the audit stays proven."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk import commands
from frontdesk.attempts import Result
from frontdesk.bookings import Attendance, Booking, Operator, Origin, Practice, Presence
from frontdesk.commands import (
    Approve,
    Ask,
    Cancel,
    Command,
    MarkArrived,
    MarkAttended,
    MarkNoShow,
    Reject,
    Retry,
    Settle,
    Subject,
    TakeBackNoShow,
)
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION
from frontdesk.errors import FrontdeskError
from frontdesk.store.sql.store import SqlStore
from tests.contract.queueing import DONE, LOCKED_OUT, POLICY, REFUSED, UNKNOWN
from tests.contract.test_adjustments import ABSENT, NOT_NEW, ROBIN
from tests.contract.test_audit_proof import said
from tests.contract.test_made_up_ask import Nudge
from tests.making import (
    BY_HAND,
    KIM,
    KIM_AT_TWO,
    LEE,
    PRAKTIKA,
    do,
    make_incoming,
    make_patient,
    make_practice,
)

BOOKINGS = 3
Step = Callable[[SqlStore, list[Booking]], Awaitable[object]]


def asked(which: int, operator: Operator, ask: Ask) -> Step:
    return lambda store, bookings: do(store, bookings[which], ask, operator)


def decided(which: int, ask: Ask) -> Step:
    async def step(store: SqlStore, bookings: list[Booking]) -> None:
        request = (await store.adjustments(bookings[which].id))[-1]
        subject = Subject("adjustment", request.id)
        await store.do(Command(uuid4(), subject, request.version, ROBIN, ask))

    return step


def dealt_with(which: int, number: int, ask: Ask) -> Step:
    async def step(store: SqlStore, bookings: list[Booking]) -> None:
        found = await store.deliveries(bookings[which].id)
        subject = Subject("delivery", found[number % len(found)].id)
        await store.do(Command(uuid4(), subject, 0, LEE, ask))

    return step


def carried(connection: str, result: Result) -> Step:
    async def step(store: SqlStore, bookings: list[Booking]) -> None:
        claim = await store.queue.claim([connection], POLICY)
        if claim is not None:
            await store.queue.finish(claim, result, POLICY)

    return step


def loaded(
    which: int, minutes: int, cancelled: Origin | None, came: Attendance | None, unsaid: list[str]
) -> Step:
    async def step(store: SqlStore, bookings: list[Booking]) -> None:
        booking = bookings[which]
        line = make_incoming(
            ref=booking.ref,
            pms_ref=booking.pms_ref,
            patient=booking.patient,
            starts_at=booking.starts_at + timedelta(minutes=minutes),
            attendance=came,
            unsaid=frozenset(unsaid),
        )
        if cancelled is not None:
            line = replace(line, cancelled_at=booking.starts_at, cancelled_origin=cancelled)
        await store.registry.load([line], KIM, "a file")

    return step


def applied(practice: Practice) -> Step:
    return lambda store, bookings: store.registry.apply_practices([practice], KIM)


PRACTICE = make_practice(account="smile", biller="billing@portal.example")
ASKS = [Cancel("Sick"), MarkNoShow(), MarkNoShow(notice=True), ABSENT, TakeBackNoShow()]
ASKS += [MarkArrived(), MarkAttended(), NOT_NEW, Nudge(5)]
which = st.integers(0, BOOKINGS - 1)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(asked, which, st.sampled_from([KIM_AT_TWO, LEE]), st.sampled_from(ASKS)),
    st.builds(decided, which, st.sampled_from([Approve(), Reject("no"), Approve("yes")])),
    st.builds(
        dealt_with,
        which,
        st.integers(0, 5),
        st.sampled_from([Retry(), Settle("by hand"), Settle("given up", is_done=False)]),
    ),
    st.builds(
        carried,
        st.sampled_from(["smile", "other", MAIL_CONNECTION, SMS_CONNECTION]),
        st.sampled_from([DONE, REFUSED, REFUSED, UNKNOWN, LOCKED_OUT]),
    ),
    st.builds(
        loaded,
        which,
        st.sampled_from([0, 30, 4000]),
        st.sampled_from([None, *Origin]),
        st.builds(Attendance, st.sampled_from(Presence), st.sampled_from(Origin)),
        st.lists(st.sampled_from(["attendance", "cancelled_at"]), max_size=2),
    ),
    st.builds(
        applied,
        st.sampled_from(
            [
                PRACTICE,
                replace(PRACTICE, time_zone="Australia/Perth", patient_channels=()),
                replace(PRACTICE, pms=BY_HAND),
                replace(PRACTICE, pms=replace(PRAKTIKA, connection="other")),
            ]
        ),
    ),
)


async def begun(store: SqlStore) -> list[str]:
    """Bookings of new patients, two of which began an hour ago: their references."""
    await store.registry.apply_practices([PRACTICE], KIM)
    starts_at = (await store.state()).now - timedelta(hours=1)
    refs = [f"{uuid4().hex[:8]}-{one}" for one in range(BOOKINGS)]
    lines = [
        make_incoming(
            ref=ref, pms_ref=ref, patient=make_patient(is_new=True), starts_at=starts_at + timedelta(days=day)
        )
        for ref, day in zip(refs, (0, 0, 2), strict=True)
    ]
    await store.registry.load(lines, KIM, "a test")
    return refs


async def the(store: SqlStore, refs: list[str]) -> list[Booking]:
    return [(await store.find(ref))[0] for ref in refs]


@pytest.mark.usefixtures("nudging")
async def test_what_sources_and_dispatchers_do_after_a_command_does_not_break_it(store: SqlStore) -> None:
    refs = await begun(store)
    of_file = partial(Attendance, origin=Origin.FILE)
    for number, step in enumerate(
        (
            asked(0, LEE, NOT_NEW),
            loaded(0, 30, None, of_file(Presence.UNKNOWN), []),
            loaded(0, 0, None, of_file(Presence.ATTENDED), []),
            asked(1, LEE, ABSENT),
            loaded(1, 30, None, of_file(Presence.ARRIVED), []),
            carried("smile", UNKNOWN),
            applied(replace(PRACTICE, pms=replace(PRAKTIKA, connection="other"))),
            carried("other", DONE),
            asked(1, KIM_AT_TWO, TakeBackNoShow()),
            asked(2, LEE, Nudge(5)),
            carried("other", DONE),
            carried("other", DONE),
            loaded(2, 4000, Origin.HERE, None, []),
            asked(1, LEE, MarkAttended()),
        )
    ):
        await step(store, await the(store, refs))
        assert said(await store.registry.verify()) == [], number


async def compared(store: SqlStore, steps: list[Step]) -> None:
    refs = await begun(store)
    for step in steps:
        with suppress(FrontdeskError, LookupError, ZeroDivisionError):
            await step(store, await the(store, refs))
    assert said(await store.registry.verify()) == []


@pytest.fixture
def nudging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(commands.KINDS, Nudge.kind, Nudge)


SETTINGS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=False,
)


@pytest.mark.usefixtures("nudging")
@given(st.lists(STEPS, min_size=6, max_size=14))
@settings(SETTINGS, max_examples=12)
async def test_nothing_that_is_done_in_order_breaks_it(store: SqlStore, steps: list[Step]) -> None:
    await compared(store, steps)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("nudging")
@given(st.lists(STEPS, min_size=6, max_size=40))
@settings(SETTINGS, max_examples=150)
async def test_nothing_that_is_done_in_any_long_order_breaks_it(store: SqlStore, steps: list[Step]) -> None:
    await compared(store, steps)
