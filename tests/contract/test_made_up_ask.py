"""A kind of command that nobody has heard of: one ask and one subject, and it goes every command's way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, NoReturn
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Integer, column, table, text

from frontdesk import commands
from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import Booking, Channel, Operator, Reason, Standing
from frontdesk.commands import Ask, Changes, Command, Held, MarkNoShow, Subject
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION, Delivery, Kind, Planned, State
from frontdesk.errors import Conflict, NotFound, Refused
from frontdesk.store.sql import subjects
from frontdesk.store.sql.subject_kind import SubjectKind
from tests.contract.queueing import DONE, REFUSED
from tests.contract.raw import count, execute
from tests.making import (
    KIM,
    KIM_AT_TWO,
    LEE,
    Store,
    cancel,
    cancel_of,
    do,
    make_incoming,
    make_practice,
    retry,
    settle,
)

pytestmark = pytest.mark.far_too

POLICY = RetryPolicy()
THE_CHAIR = text("SELECT id, booking_id, version, is_warm FROM chair WHERE id = :id")


def missing() -> NoReturn:
    raise NotFound("There is no such chair here.")


# -- what a made-up kind needs, and no more ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chair:
    id: int
    booking_id: int
    version: int = 1
    is_warm: bool = False


class Chairs(SubjectKind):
    type = Chair
    key = table("chair", column("id", Integer)).c.id

    def many(self, tx: Connection, ids: Sequence[int]) -> Sequence[Chair]:
        rows = [row for one in ids for row in tx.execute(THE_CHAIR, {"id": one})]
        return [Chair(row.id, row.booking_id, row.version, bool(row.is_warm)) for row in rows]

    def read(self, tx: Connection, thing_id: int, standing: Standing) -> Chair:
        return next(iter(self.many(tx, [thing_id])), None) or missing()

    def kept(self, thing: Chair) -> dict[str, bool]:
        return {"is_warm": thing.is_warm}

    def related(self, tx: Connection, thing_id: int, kind: str) -> Sequence[int]:
        return [one.booking_id for one in self.many(tx, [thing_id])]

    def save(self, tx: Connection, before: Any, after: Chair, by: Operator, now: datetime) -> Chair:
        tx.execute(
            text("UPDATE chair SET version = version + 1, is_warm = 1 WHERE id = :id"), {"id": after.id}
        )
        return replace(after, version=after.version + 1)

    def conflict(self, tx: Connection, thing: Chair, now: datetime) -> Conflict:
        return Conflict("Somebody else was at this chair.", thing, None, None)


@dataclass(frozen=True, slots=True)
class Warm(Ask):
    """Warm a chair, for a booking that is moved by an hour for it."""

    kind: ClassVar[str] = "chair.warm_up"
    thing: ClassVar[type] = Chair
    past: ClassVar[str] = "warmed"
    reads: ClassVar[tuple[str, ...]] = ("booking",)

    degrees: int = 30

    def why_not(self, held: Held[Chair], now: datetime, desk: Standing) -> Reason | None:
        return Reason("too-hot", "it would burn") if self.degrees > 40 else None

    def done(self, held: Held[Chair], by: Operator, now: datetime) -> Changes[Chair]:
        (booking,) = held.beside["booking"]
        later = replace(booking, starts_at=booking.starts_at + timedelta(hours=1))
        return Changes(replace(held.thing, is_warm=True), (later,))

    def follows(self, before: Held[Chair], after: Chair) -> tuple[Planned, ...]:
        return (
            Planned("pms.warm_up", State.PENDING, "Praktika", connection="smile"),
            Planned(Kind.PATIENT_EMAIL, State.PENDING, "a@example.com", "", MAIL_CONNECTION, "pms.warm_up"),
        )


# -- asks that take effect when they are proven, and what waits for what ---------------------


@dataclass(frozen=True, slots=True)
class Nudge(Ask):
    """Move a booking by some minutes, once the PMS has done so."""

    kind: ClassVar[str] = "booking.nudge"
    thing: ClassVar[type] = Booking
    past: ClassVar[str] = "nudged"
    needs_proof: ClassVar[bool] = True

    minutes: int = 10

    def why_not(self, held: Held[Booking], now: datetime, desk: Standing) -> Reason | None:
        return None

    def done(self, held: Held[Booking], by: Operator, now: datetime) -> Changes[Booking]:
        starts_at = held.thing.starts_at + timedelta(minutes=self.minutes)
        return Changes(replace(held.thing, starts_at=starts_at, pms_ref=held.proof.get("pms_ref", "P-A1")))

    def follows(self, before: Held[Booking], after: Booking) -> tuple[Planned, ...]:
        if not after.practice.pms:
            return ()
        return (
            Planned("pms.nudge", State.PENDING, "Praktika", connection="smile", proves=True),
            Planned(Kind.PATIENT_EMAIL, State.PENDING, "a@example.com", "", MAIL_CONNECTION, "pms.nudge"),
        )


@dataclass(frozen=True, slots=True)
class NudgeTwice(Nudge):
    """Move a booking, and have the PMS told of something else once it has done so."""

    kind: ClassVar[str] = "booking.nudge_twice"

    def follows(self, before: Held[Booking], after: Booking) -> tuple[Planned, ...]:
        return (
            Planned("pms.nudge", State.PENDING, "Praktika", connection="smile", proves=True),
            Planned("pms.tidy", State.PENDING, "Praktika", "", "smile", "pms.nudge"),
        )


@dataclass(frozen=True, slots=True)
class TellFirst(Nudge):
    """Have the PMS told of a booking once the patient has been told."""

    kind: ClassVar[str] = "booking.tell_first"
    needs_proof: ClassVar[bool] = False

    def done(self, held: Held[Booking], by: Operator, now: datetime) -> Changes[Booking]:
        return Changes(held.thing)

    def follows(self, before: Held[Booking], after: Booking) -> tuple[Planned, ...]:
        return (
            Planned(Kind.PATIENT_EMAIL, State.PENDING, "a@example.com", "", MAIL_CONNECTION),
            Planned("pms.tidy", State.PENDING, "Praktika", "", "smile", Kind.PATIENT_EMAIL),
        )


# -- and what it gets for that --------------------------------------------------------------


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for ask in (Warm, Nudge, NudgeTwice, TellFirst):
        monkeypatch.setitem(commands.KINDS, ask.kind, ask)
    monkeypatch.setitem(subjects.SUBJECTS, "chair", Chairs())


@pytest.fixture
def chair(store_url: str, booking: Booking) -> Iterator[Chair]:
    execute(
        store_url, "CREATE TABLE chair (id INTEGER, booking_id INTEGER, version INTEGER, is_warm INTEGER)"
    )
    execute(store_url, "INSERT INTO chair VALUES (7, :booking, 1, 0)", booking=booking.id)
    yield Chair(7, booking.id)
    execute(store_url, "DROP TABLE chair")


def warm(chair: Chair, degrees: int = 30, operator: Operator = KIM_AT_TWO) -> Command:
    return Command(uuid4(), Subject("chair", chair.id), chair.version, operator, Warm(degrees))


def nudge(booking: Booking) -> Command:
    return Command(uuid4(), Subject("booking", booking.id), booking.version, KIM_AT_TWO, Nudge(20))


async def carried(store: Store, connection: str, result: Result) -> Delivery | None:
    claim = await store.queue.claim([connection], POLICY)
    return None if claim is None else await store.queue.finish(claim, result, POLICY)


async def test_a_made_up_subject_and_what_stands_beside_it(
    store: Store, other: Store, store_url: str, booking: Booking, chair: Chair
) -> None:
    number = (await store.state()).number
    asked = warm(chair)
    done = await store.do(asked)
    assert (done.command_id, done.kind) == (asked.id, "chair.warm_up")
    assert done.thing == replace(chair, version=2, is_warm=True)
    moved = await store.get(booking.id)
    assert (moved.starts_at, moved.version) == (booking.starts_at + timedelta(hours=1), 2)
    day = execute(store_url, "SELECT local_date FROM booking")[0].local_date
    assert str(day) == moved.starts_at.astimezone(moved.practice.zone).date().isoformat()

    assert await other.do(asked) == done == await other.outcome(asked.id)
    assert count(store_url, "command") == 1
    assert [one.subject for one in await other.changes(number, 0)] == [
        Subject("chair", 7),
        Subject("booking", booking.id),
    ]
    (event,) = await store.history(booking.id)
    assert (event.action, event.subject, event.operator) == ("chair.warm_up", Subject("chair", 7), KIM_AT_TWO)
    assert await store.registry.verify() is None
    execute(store_url, "UPDATE chair SET is_warm = 0")
    flaws = await store.registry.verify()
    assert flaws is not None
    assert [one.said for one in flaws.found] == [
        f"chair 7 of booking adelaide/A1 is not as audit event {event.number} left it"
    ]


async def test_a_program_that_does_not_know_a_subject_says_so(
    store: Store, booking: Booking, chair: Chair, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = warm(chair)
    await store.do(asked)
    monkeypatch.delitem(subjects.SUBJECTS, "chair")
    monkeypatch.delitem(commands.KINDS, Warm.kind)
    with pytest.raises(Refused) as refused:
        await store.outcome(asked.id)
    assert refused.value.reason.code == "not-known-here"
    assert (await store.history(booking.id))[0].action == "chair.warm_up"
    flaws = await store.registry.verify()
    assert flaws is not None
    assert [one.said for one in flaws.found] == [
        "chair 7: this frontdesk does not know what it is: use the version that saved it"
    ]


async def test_a_made_up_command_is_refused_like_any_other(
    store: Store, booking: Booking, chair: Chair
) -> None:
    with pytest.raises(Refused, match="it would burn"):
        await store.do(warm(chair, 50))
    asked = warm(chair)
    await store.do(asked)
    with pytest.raises(Conflict, match="Somebody else was at this chair") as conflict:
        await store.do(warm(chair))
    assert conflict.value.current == replace(chair, version=2, is_warm=True)
    with pytest.raises(Refused, match="used for another command"):
        await store.do(replace(asked, ask=Warm(35)))
    with pytest.raises(NotFound):
        await store.do(replace(warm(chair), subject=Subject("chair", 8)))


async def test_what_waits_for_another_delivery_is_begun_when_that_is_done(
    store: Store, booking: Booking, chair: Chair
) -> None:
    await store.do(warm(chair))
    assert await carried(store, MAIL_CONNECTION, DONE) is None
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert (claim.delivery.kind, claim.command.ask) == ("pms.warm_up", Warm(30))
    await store.queue.finish(claim, DONE, POLICY)
    told = await carried(store, MAIL_CONNECTION, DONE)
    assert told is not None
    assert [one.state for one in await store.deliveries(booking.id)] == [State.DONE, State.DONE]


async def test_an_ask_takes_effect_when_it_is_proven(store: Store, store_url: str, booking: Booking) -> None:
    asked = nudge(booking)
    intended = (await store.do(asked)).thing
    assert (intended.starts_at, intended.version) == (booking.starts_at, 2)
    assert (intended.intent.command_id, intended.intent.kind) == (asked.id, "booking.nudge")
    with pytest.raises(Refused, match="being changed in the PMS now"):
        await store.do(nudge(intended))
    assert await carried(store, MAIL_CONNECTION, DONE) is None

    proven = replace(DONE, proof={"pms_ref": "P-new"})
    await carried(store, "smile", proven)
    moved = await store.get(booking.id)
    assert (moved.starts_at, moved.version) == (booking.starts_at + timedelta(minutes=20), 3)
    assert (moved.intent, moved.pms_ref) == (None, "P-new")
    assert await carried(store, MAIL_CONNECTION, DONE) is not None
    effect, asked_for = await store.history(booking.id)
    assert (effect.action, effect.detail["effect"], effect.operator) == ("booking.nudge", "done", KIM_AT_TWO)
    assert asked_for.action == "booking.nudge"
    assert await store.registry.verify() is None


async def test_a_refusal_ends_it_and_drops_what_has_waited(store: Store, booking: Booking) -> None:
    await store.do(nudge(booking))
    await carried(store, "smile", REFUSED)
    stands = await store.get(booking.id)
    assert (stands.starts_at, stands.intent, stands.version) == (booking.starts_at, None, 3)
    pms, mail = await store.deliveries(booking.id)
    assert (pms.state, mail.state, mail.settled_by) == (State.ATTENTION, State.SETTLED, "frontdesk")
    assert await carried(store, MAIL_CONNECTION, DONE) is None
    assert (await store.history(booking.id))[0].detail["effect"] == "refused"


async def test_what_was_refused_for_ever_is_not_sent_again_when_nothing_would_take_effect_by_it(
    store: Store, booking: Booking
) -> None:
    await store.do(nudge(booking))
    await carried(store, "smile", REFUSED)
    (pms, _) = await store.deliveries(booking.id)
    with pytest.raises(Refused) as refused:
        await retry(store, pms.id, KIM)
    assert refused.value.reason.code == "ended"
    assert await store.queue.claim(["smile"], POLICY) is None
    assert (await settle(store, pms.id, KIM, "Left as it is")).state is State.SETTLED


async def test_what_would_take_effect_is_not_settled_by_a_program_that_does_not_know_it(
    store: Store, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.do(nudge(booking))
    monkeypatch.delitem(commands.KINDS, Nudge.kind)
    assert await store.queue.claim(["smile"], POLICY) is None
    (pms, _) = await store.deliveries(booking.id)
    assert pms.state is State.ATTENTION
    with pytest.raises(Refused) as refused:
        await settle(store, pms.id, KIM, "Moved it there")
    assert refused.value.reason.code == "not-known-here"
    assert (await store.deliveries(booking.id))[0] == pms


async def test_what_a_pms_may_have_is_not_dropped_by_a_cancel_after_it_was_tried_again(
    store: Store, booking: Booking
) -> None:
    intended = (await store.do(nudge(booking))).thing
    await carried(store, "smile", Result(Ended.STUCK, "nobody knows"))
    (pms, _) = await store.deliveries(booking.id)
    again = await retry(store, pms.id, KIM)
    assert (again.state, again.attempts, again.unproven) == (State.UNKNOWN, 0, 1)
    await store.registry.apply_practices([make_practice(pms=None)], KIM)
    cancelled = await cancel(store, cancel_of(intended, KIM))
    assert cancelled.cancellation is not None
    assert cancelled.intent is not None
    assert (await store.deliveries(booking.id))[0].state is State.ATTENTION


async def test_a_cancel_is_never_blocked_by_what_was_not_sent(store: Store, booking: Booking) -> None:
    intended = (await store.do(nudge(booking))).thing
    cancelled = await cancel(store, cancel_of(intended, LEE))
    assert cancelled.cancellation is not None
    assert (cancelled.intent, cancelled.starts_at) == (None, booking.starts_at)
    states = {(one.kind, one.state) for one in await store.deliveries(booking.id)}
    assert ("pms.nudge", State.SETTLED) in states
    assert ("pms.cancel", State.PENDING) in states
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert claim.delivery.kind == "pms.cancel"


@pytest.mark.only_here
async def test_a_cancel_waits_at_the_pms_for_what_was_sent(store: Store, booking: Booking) -> None:
    intended = (await store.do(nudge(booking))).thing
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    cancelled = await cancel(store, cancel_of(intended, KIM))
    assert cancelled.cancellation is not None
    assert cancelled.intent is not None
    assert await store.queue.claim(["smile"], POLICY) is None
    await store.queue.finish(claim, DONE, POLICY)
    moved = await store.get(booking.id)
    assert (moved.intent, moved.starts_at) == (None, booking.starts_at + timedelta(minutes=20))
    assert moved.cancellation == cancelled.cancellation
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    assert (claim.delivery.kind, claim.booking.starts_at) == ("pms.cancel", moved.starts_at)


@pytest.mark.only_here
async def test_what_waits_for_something_that_is_dropped_waits_no_longer(
    store: Store, booking: Booking
) -> None:
    now = (await store.state()).now
    line = make_incoming(ref="A1", starts_at=now - timedelta(hours=1))
    await store.registry.load([line], KIM, "a test")
    begun = await store.get(booking.id)
    intended = (await store.do(replace(nudge(begun), ask=NudgeTwice()))).thing
    claim = await store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await do(store, intended, MarkNoShow())
    assert await store.queue.claim(["smile"], POLICY) is None
    await store.queue.finish(claim, REFUSED, POLICY)
    then = await store.queue.claim(["smile"], POLICY)
    assert then is not None
    assert then.delivery.kind == Kind.PMS_NO_SHOW


@pytest.mark.only_here
async def test_what_waits_for_a_message_waits_for_the_one_that_takes_its_place(store: Store) -> None:
    both = (Channel.EMAIL, Channel.SMS)
    await store.registry.apply_practices([make_practice(patient_channels=both)], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (booking,) = await store.find("A1")
    await store.do(replace(nudge(booking), ask=TellFirst()))
    superseded = await carried(store, MAIL_CONNECTION, REFUSED)
    assert superseded is not None
    assert superseded.is_superseded
    assert await store.queue.claim(["smile"], POLICY) is None
    assert await carried(store, SMS_CONNECTION, DONE) is not None
    then = await store.queue.claim(["smile"], POLICY)
    assert then is not None
    assert then.delivery.kind == "pms.tidy"
