"""Desks, dispatchers and operators that do anything in any order, while everything fails."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Connection, select, text

from frontdesk.attempts import ATTEMPT_SECONDS, LEASE, Carrier, Claim, Ended, Result, RetryPolicy
from frontdesk.bookings import Booking, Operator
from frontdesk.commands import Cancel, Command
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION, Delivery, Kind, State
from frontdesk.errors import Conflict, Refused
from frontdesk.notify.envelope import message_id
from frontdesk.notify.mail import MailCarrier
from frontdesk.outbox import Dispatcher
from frontdesk.pms.port import Pms
from frontdesk.pms.telling import PmsCarrier
from frontdesk.store import records
from frontdesk.store.opening import open_store
from frontdesk.store.sql import doing, selects
from frontdesk.store.sql.selects import AUDIT, BOOKED, BOOKING, CHANGE, COMMAND, DELIVERY
from frontdesk.store.sql.store import SqlStore
from tests.faults.ledgers import Fault, Killed, LedgerPms, LedgerPost, LedgerSms, World, moved
from tests.making import (
    KIM,
    LEE,
    cancel,
    cancel_of,
    make_incoming,
    make_patient,
    make_practice,
    outcome,
    retry,
    settle,
)
from tests.notifying import LETTERHEAD, SETTINGS

T = TypeVar("T")

ALL = ("smile", MAIL_CONNECTION, SMS_CONNECTION)
POLICY = RetryPolicy()
AWAY = (timedelta(minutes=5), timedelta(minutes=118), timedelta(days=3))
REACH = (("amelia@example.com", "0491570006"), ("amelia@example.com", ""), ("", "0491570006"))
ROUNDS = 40
"""More than any delivery can be tried: with nothing failing all is over long before."""

bookings = st.integers(0, len(AWAY) - 1)
desks = st.integers(0, 1)
any_of_them = st.integers(0, 99)
faults = st.sampled_from([*Fault, Fault.LOST, Fault.LOST])


@dataclass
class Held:
    """A claim that one dispatcher holds, and what its attempt brought, if it was made."""

    claim: Claim
    taken_at: float
    result: Result | None = None


class Machine(RuleBasedStateMachine):
    """Two desks with their dispatchers on one store; `open` and `passes` are for its databases."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World()
        self.seconds = 0.0
        self.held: list[Held] = []
        self.commands: list[Command] = []
        self.acts: Counter[str] = Counter()
        self.retries: Counter[int] = Counter()
        self.touched: set[int] = set()
        self.before: dict[int, Delivery] = {}
        self.mail_before: Counter[str] = Counter()
        self.carriers: dict[str, Carrier] = {
            "smile": PmsCarrier(lambda _: cast(Pms, LedgerPms(self.world))),
            MAIL_CONNECTION: MailCarrier(SETTINGS, LedgerPost(self.world)),
            SMS_CONNECTION: LedgerSms(self.world),
        }
        self.do(self._fill())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> SqlStore:
        """Open the store once more."""
        raise NotImplementedError

    async def passes(self, span: timedelta) -> None:
        """Let the store's time pass, or go back."""
        raise NotImplementedError

    async def _fill(self) -> None:
        self.stores = [await self.open(), await self.open()]
        store = self.stores[0]
        await store.registry.apply_practices([make_practice()], KIM)
        now = (await store.state()).now
        batch = [
            make_incoming(
                line,
                starts_at=now + AWAY[line],
                patient=make_patient(email=REACH[line][0], mobile=REACH[line][1]),
            )
            for line in range(len(AWAY))
        ]
        await store.registry.load(batch, KIM, "a test")
        self.bookings = [(await store.find(line.ref))[0].id for line in batch]
        for one in self.bookings:
            self.world.add(await store.get(one))

    # What operators do.

    @rule(desk=desks, which=bookings, is_stale=st.booleans())
    def cancel(self, desk: int, which: int, is_stale: bool) -> None:
        self.do(self._cancel(desk, which, is_stale))

    async def _cancel(self, desk: int, which: int, is_stale: bool) -> None:
        store = self.stores[desk]
        booking, now = await store.get(self.bookings[which]), (await store.state()).now
        may = not is_stale and booking.cancellation is None and booking.starts_at > now
        operator = Operator(f"Kim {desk}")
        command = cancel_of(booking, operator, "Sick", seen=booking.version - is_stale)
        try:
            await cancel(store, command)
        except (Refused, Conflict):
            # The clock may have reached the start meanwhile.
            assert not may or booking.starts_at <= (await store.state()).now
            assert await outcome(store, command.id) is None
        else:
            assert may
            self.commands.append(command)
            self.acts["booking.cancel"] += 1

    @rule(desk=desks, which=bookings)
    def die_in_a_cancel(self, desk: int, which: int) -> None:
        self.do(self._die_in_a_cancel(desk, which))

    async def _die_in_a_cancel(self, desk: int, which: int) -> None:
        store = self.stores[desk]
        booking = await store.get(self.bookings[which])

        def die(*_: object, **__: object) -> None:
            raise Killed

        with pytest.MonkeyPatch.context() as patch, suppress(Killed, Refused, Conflict):
            patch.setattr(doing, "seal", die)
            await cancel(store, cancel_of(booking, KIM, "Sick"))

    @precondition(lambda self: self.commands)
    @rule(desk=desks, one=any_of_them, is_other=st.booleans())
    def ask_again(self, desk: int, one: int, is_other: bool) -> None:
        self.do(self._ask_again(desk, one, is_other))

    async def _ask_again(self, desk: int, one: int, is_other: bool) -> None:
        store, command = self.stores[desk], self.commands[one % len(self.commands)]
        number = (await store.state()).number
        if is_other:
            with pytest.raises(Refused) as refused:
                await cancel(store, replace(command, ask=Cancel("Another one")))
            assert refused.value.reason.code == "id-reused"
        else:
            assert (await cancel(store, command)).id == command.subject.id
        assert (await store.state()).number == number

    @rule(desk=desks, one=any_of_them, settles=st.booleans())
    def act_on_attention(self, desk: int, one: int, settles: bool) -> None:
        self.do(self._act_on_attention(desk, one, settles))

    async def _act_on_attention(self, desk: int, one: int, settles: bool) -> None:
        store = self.stores[desk]
        items = await store.attention(99)
        if not items:
            return
        delivery = items[one % len(items)].delivery
        try:
            if settles:
                await settle(store, delivery.id, LEE, "Done by hand")
            else:
                await retry(store, delivery.id, LEE)
        except Refused as refused:
            assert refused.reason.code == "by-person"  # noqa: PT017
            return
        self.touched.add(delivery.id)
        self.retries[delivery.id] += not settles
        self.acts["delivery.settle" if settles else "delivery.retry"] += 1

    # What dispatchers do, each step for itself.

    @rule(desk=desks)
    def take(self, desk: int) -> None:
        claim = self.do(self.stores[desk].queue.claim(ALL, POLICY))
        if claim is not None:
            self.held.append(Held(claim, self.seconds))

    @precondition(lambda self: any(held.result is None for held in self.held))
    @rule(one=any_of_them, fault=faults)
    def attempt(self, one: int, fault: Fault) -> None:
        waiting = [held for held in self.held if held.result is None]
        held = waiting[one % len(waiting)]
        # As the dispatcher does: one that was stopped for long does not begin.
        if self.seconds - held.taken_at > LEASE.total_seconds() - ATTEMPT_SECONDS:
            held.result = Result(Ended.FAILED, "too late to begin")
            return
        self.world.fault = fault
        try:
            held.result = self.do(self.carriers[held.claim.delivery.connection].carry(held.claim))
        except Killed:
            self.held.remove(held)
        except RuntimeError:
            held.result = Result(Ended.UNKNOWN, "a bug")
        self.world.fault = Fault.NONE

    @precondition(lambda self: any(held.result is not None for held in self.held))
    @rule(one=any_of_them, desk=desks, twice=st.booleans())
    def report(self, one: int, desk: int, twice: bool) -> None:
        reporting = [held for held in self.held if held.result is not None]
        held = reporting[one % len(reporting)]
        for _ in range(1 + twice):
            self.do(self._report(held, self.stores[desk]))
        self.held.remove(held)

    async def _report(self, held: Held, store: SqlStore) -> None:
        query = select(DELIVERY).where(DELIVERY.c.id == held.claim.delivery.id)

        def row(connection: Connection) -> Any:
            return connection.execute(query).one_or_none()

        before = await store._database.read(row)
        assert before is not None
        assert held.result is not None
        written = await store.queue.finish(held.claim, held.result, POLICY)
        if before.fence != held.claim.fence or before.lease_until is None:
            assert written is None, "a claim that was lost is believed"
            assert await store._database.read(row) == before

    @precondition(lambda self: self.held)
    @rule(one=any_of_them)
    def die(self, one: int) -> None:
        self.held.remove(self.held[one % len(self.held)])

    @rule(desk=desks, reports=st.booleans())
    def overtake(self, desk: int, reports: bool) -> None:
        """One dispatcher is slow, and another takes on what it holds."""
        queue = self.stores[desk].queue
        claim = self.do(queue.claim(ALL, POLICY))
        if claim is None:
            return
        slow = Held(claim, self.seconds, Result(Ended.FAILED, "too late to begin"))
        self.do(self._later(LEASE))
        other = self.do(self.stores[1 - desk].queue.claim(ALL, POLICY))
        if other is not None:
            self.held.append(Held(other, self.seconds))
        if reports:
            self.do(self._report(slow, self.stores[desk]))

    @rule(desk=desks, fault=faults, seconds=st.sampled_from([0, 20, 61, 15 * 60]))
    def carry_out_once(self, desk: int, fault: Fault, seconds: int) -> None:
        self.do(self._later(timedelta(seconds=seconds)))
        self.world.fault = fault
        self.do(self._carry_out_once(desk))
        self.world.fault = Fault.NONE

    async def _carry_out_once(self, desk: int) -> None:
        async def sleep(seconds: float) -> None:
            await self._later(timedelta(seconds=seconds))

        reported: list[BaseException] = []
        dispatcher = Dispatcher(
            self.stores[desk].queue,
            ALL,
            lambda: self.carriers,
            POLICY,
            reported.append,
            clock=lambda: self.seconds,
            sleep=sleep,
        )
        await dispatcher.run_once()
        assert all(isinstance(error, RuntimeError | Killed) for error in reported), reported

    # What the world does.

    @rule(seconds=st.sampled_from([1, 20, 61, 15 * 60, 61 * 60]))
    def time_passes(self, seconds: int) -> None:
        self.do(self._later(timedelta(seconds=seconds)))

    async def _later(self, span: timedelta) -> None:
        self.seconds += span.total_seconds()
        await self.passes(span)

    @rule(seconds=st.sampled_from([1, 5 * 60, 20 * 60]))
    def clock_is_put_back(self, seconds: int) -> None:
        self.do(self.passes(-timedelta(seconds=seconds)))

    @rule(which=bookings, is_cancelled=st.booleans())
    def change_in_the_pms(self, which: int, is_cancelled: bool) -> None:
        ref = f"P-{which}"
        if is_cancelled:
            self.world.appointments[ref].is_cancelled = True
        else:
            self.world.appointments[ref] = moved(self.world.appointments[ref])

    @rule()
    def late_ones_arrive(self) -> None:
        self.world.arrive()

    # What is always so.

    @invariant()
    def all_is_well(self) -> None:
        self.do(self._check())
        self.touched.clear()

    async def _check(self) -> None:
        def look(connection: Connection) -> Any:
            return (
                connection.execute(select(BOOKING).order_by(BOOKING.c.id)).all(),
                connection.execute(select(COMMAND).where(COMMAND.c.kind == "booking.cancel")).all(),
                connection.execute(select(DELIVERY).order_by(DELIVERY.c.id)).all(),
                connection.execute(select(AUDIT.c.booking_id, AUDIT.c.action)).all(),
                list(connection.execute(select(CHANGE.c.number).order_by(CHANGE.c.number)).scalars()),
                records.bookings(connection.execute(BOOKED)),
            )

        rows, commands, deliveries, audit, changes, whole = await self.stores[0]._database.read(look)
        assert self.world.wrongs == []
        assert changes == list(range(1, len(changes) + 1))
        # What was answered is there, what was refused is not, and no booking has two.
        assert {row.id for row in commands} == {command.id for command in self.commands}
        assert len({row.booking_id for row in commands}) == len(commands)
        acts = Counter(row.action for row in audit if row.action in self.acts or "delivery" in row.action)
        assert {**acts} == {name: number for name, number in self.acts.items() if number}
        command_of = {row.booking_id: row.id for row in commands}
        for row in rows:
            kinds = [Kind(one.kind) for one in deliveries if one.booking_id == row.id]
            events = [one for one in audit if one.booking_id == row.id and one.action == "booking.cancel"]
            assert row.cancelled == (row.id in command_of) == bool(kinds) == bool(events)
            assert len(events) <= 1
            assert len(kinds) == len(set(kinds))
            if kinds:
                assert {Kind.PMS_CANCEL, Kind.DESK_EMAIL} < set(kinds)
                assert {Kind.PATIENT_EMAIL, Kind.PATIENT_SMS} & set(kinds)
        by_id = {one.id: one for one in whole}
        found = {one.id: selects.delivery(one) for one in deliveries}
        assert self.before.keys() <= found.keys(), "a delivery is lost"
        for delivery in found.values():
            self._check_delivery(delivery, by_id[delivery.booking_id], command_of[delivery.booking_id], found)
        self.before, self.mail_before = found, self.world.mail.copy()

    def _check_delivery(
        self, delivery: Delivery, booking: Booking, command_id: Any, found: dict[int, Delivery]
    ) -> None:
        before = self.before.get(delivery.id)
        done = delivery.state is State.DONE
        goes_on = delivery.next_at is not None
        assert goes_on or delivery.state in {State.DONE, State.ATTENTION, State.SETTLED}
        assert not (goes_on and delivery.state in {State.DONE, State.SETTLED})
        if before is not None and before.state in {State.DONE, State.SETTLED}:
            assert delivery == before, "what was over has changed"
        if before is not None and before.state is State.ATTENTION and delivery.id not in self.touched:
            following = [
                one
                for one in found.values()
                if one.booking_id == delivery.booking_id and one.is_to_patient and one.id > delivery.id
            ]
            taken_over = delivery.is_superseded and bool(following)
            if taken_over:
                assert following[-1].state in {State.ATTENTION, State.DONE}
            assert done or taken_over or delivery.state is State.ATTENTION, "a person was forgotten"
        assert not delivery.is_superseded or any(
            one.kind == Kind.PATIENT_SMS and one.booking_id == delivery.booking_id for one in found.values()
        )
        match delivery.kind:
            case Kind.PMS_CANCEL:
                appointment = self.world.appointments[booking.pms_ref]
                assert appointment.effective <= 1
                assert not done or appointment.is_cancelled, "claimed, and not so in the PMS"
            case Kind.PATIENT_SMS:
                sent = self.world.texts[command_id]
                assert not done or sent, "claimed, and nobody was told"
                assert sent <= 1 + self.retries[delivery.id]
            case _:
                letter = message_id(command_id, delivery.kind, LETTERHEAD)
                sent = self.world.mail[letter]
                assert not done or sent, "claimed, and nobody was told"
                assert sent <= 2 * (1 + self.retries[delivery.id]), "one message too many"
                if before is not None and before.state is State.DONE:
                    assert sent == self.mail_before[letter], "told again after it was done"

    def teardown(self) -> None:
        try:
            self.do(self._end())
        finally:
            self.do(self._close())
            self.runner.close()

    async def _end(self) -> None:
        """With nothing failing any more everything comes to an end, and the store is whole."""
        await self._check()
        self.held.clear()
        self.world.arrive()
        store = self.stores[0]
        for _ in range(ROUNDS):
            await self._carry_out_once(0)
            await self._check()
            if await store.queue.next_due(ALL) is None:
                break
            await self._later(timedelta(minutes=61))
        assert (await store.state()).under_way == 0
        assert await store.queue.under_lease(ALL) is None
        assert {one.state for one in self.before.values()} <= {State.DONE, State.ATTENTION, State.SETTLED}
        assert await store.registry.verify() is None

    async def _close(self) -> None:
        for store in self.stores:
            await store.close()


class SqliteMachine(Machine):
    """On a copy of an empty SQLite store, whose clock the machine turns."""

    empty: Path
    folder: Path

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, tzinfo=UTC)
        self.path = self.folder / f"{uuid4().hex}.db"
        self.path.write_bytes(self.empty.read_bytes())
        super().__init__()

    async def open(self) -> SqlStore:
        return await open_store(f"sqlite:///{self.path}", clock=lambda: self.now)

    async def passes(self, span: timedelta) -> None:
        self.now += span

    async def _close(self) -> None:
        def whole(connection: Connection) -> object:
            return connection.exec_driver_sql("PRAGMA integrity_check").scalar()

        assert await self.stores[0]._database.read(whole) == "ok"
        await super()._close()
        self.path.unlink()


_SHIFTS = (
    "UPDATE delivery SET next_at = next_at - :span, lease_until = lease_until - :span",
    "UPDATE connection SET held_until = held_until - :span, trouble_since = trouble_since - :span",
    "UPDATE booking SET starts_at = starts_at - :span",
)


class PostgresMachine(Machine):
    """On PostgreSQL, whose clock nobody turns: what is noted is moved instead."""

    url: str

    async def open(self) -> SqlStore:
        return await open_store(self.url)

    async def passes(self, span: timedelta) -> None:
        def shift(connection: Connection) -> None:
            for statement in _SHIFTS:
                connection.execute(text(statement), {"span": span})

        await self.stores[0]._database.write(shift)
        for ref, one in self.world.appointments.items():
            self.world.appointments[ref] = replace(
                one, starts_at=one.starts_at - span, seen_at_start=one.seen_at_start - span
            )
        # What has been moved is no change of its own.
        self.before = {
            id: replace(one, next_at=one.next_at - span if one.next_at else None)
            for id, one in self.before.items()  # noqa: A001
        }
