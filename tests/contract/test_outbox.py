"""The dispatcher: what is due is carried out, at once, once, and whatever the carriers do."""

import asyncio
import time as clocks
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontdesk import outbox
from frontdesk.attempts import LEASE, Carrier, Claim, Ended, Result, RetryPolicy
from frontdesk.bookings import Booking
from frontdesk.deliveries import MAIL_CONNECTION, SMS_CONNECTION, Delivery, Kind, State
from frontdesk.errors import Unavailable
from frontdesk.outbox import AT_ONCE, AT_ONCE_PER_CONNECTION, Dispatcher, Progress
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import until
from tests.making import KIM, cancel, cancel_of, make_incoming, make_practice

ALL = ("smile", MAIL_CONNECTION, SMS_CONNECTION)
DONE = Result(Ended.DONE, "ok")
FAILED = Result(Ended.FAILED, "busy")
START = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Time:
    """Seconds that pass when the test says so, for the dispatcher and for its store."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleepers: list[tuple[float, asyncio.Event]] = []

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self.sleepers.append((self.seconds + seconds, woken))
        try:
            await woken.wait()
        finally:
            self.sleepers.remove(next(one for one in self.sleepers if one[1] is woken))

    def passes(self, seconds: float) -> None:
        self.seconds += seconds
        for at, woken in self.sleepers:
            if at <= self.seconds:
                woken.set()

    async def passes_until(self, condition: Callable[[], bool]) -> None:
        """Let time pass, from rest to rest, until something is so."""
        while not condition():
            if self.sleepers:
                self.passes(min(at for at, _ in self.sleepers) - self.seconds)
            await asyncio.sleep(0.005)

    async def is_waited_for(self) -> float:
        """Return for how long the dispatcher rests, once it does."""
        await until(lambda: bool(self.sleepers))
        return min(at for at, _ in self.sleepers) - self.seconds


class Script(Carrier):
    """A carrier that does what the test says, and remembers what it was given."""

    def __init__(self, answer: Callable[[Claim], Awaitable[Result]]) -> None:
        self.answer = answer
        self.taken: list[Claim] = []
        self.under_way = 0
        self.most = 0
        self.closed = 0

    async def carry(self, claim: Claim) -> Result:
        self.taken.append(claim)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await self.answer(claim)
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        self.closed += 1


def saying(*results: Result) -> Script:
    """A carrier that answers these in turn, the last one for ever."""
    left = list(results)

    async def answer(_: Claim) -> Result:
        return left.pop(0) if len(left) > 1 else left[0]

    return Script(answer)


class Desk:
    """A store whose bookings are cancelled for the dispatchers."""

    def __init__(self, store: SqlStore, time: Time) -> None:
        self.store, self.time = store, time
        self.reported: list[BaseException] = []
        self._line = 0

    async def cancel(self) -> Booking:
        self._line += 1
        line = make_incoming(self._line, starts_at=(await self.store.state()).now + timedelta(days=3))
        await self.store.registry.load([line], KIM, "a test")
        (booking,) = await self.store.find(line.ref)
        return await cancel(self.store, cancel_of(booking, KIM))

    def dispatcher(self, carriers: Mapping[str, Carrier] | Callable[[], Mapping[str, Carrier]]) -> Dispatcher:
        def given() -> Mapping[str, Carrier]:
            return carriers() if callable(carriers) else carriers

        return Dispatcher(
            self.store.queue,
            ALL,
            given,
            RetryPolicy(),
            self.reported.append,
            clock=self.time,
            sleep=self.time.sleep,
        )

    async def states(self, booking: Booking) -> dict[str, State]:
        return {one.kind: one.state for one in await self.store.deliveries(booking.id)}


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def desk(sqlite_url: str, time: Time) -> AsyncIterator[Desk]:
    """A practice with a PMS, mail and SMS, at nine o'clock."""
    store = await open_store(sqlite_url, clock=time.now)
    await store.registry.apply_practices([make_practice()], KIM)
    yield Desk(store, time)
    await store.close()


def all_by(carrier: Carrier) -> dict[str, Carrier]:
    return dict.fromkeys(ALL, carrier)


async def test_everything_due_is_carried_out_and_counted(desk: Desk) -> None:
    booking = await desk.cancel()
    pms, mail = saying(DONE), saying(FAILED)
    seen: list[Progress] = []
    dispatcher = desk.dispatcher({"smile": pms, MAIL_CONNECTION: mail, SMS_CONNECTION: saying(DONE)})
    assert await dispatcher.run_once(seen.append) == Progress(done=1, waiting=2)
    assert await desk.states(booking) == {
        Kind.PMS_CANCEL: State.DONE,
        Kind.PATIENT_EMAIL: State.PENDING,
        Kind.DESK_EMAIL: State.PENDING,
    }
    assert (len(pms.taken), len(mail.taken)) == (1, 2)
    assert seen[-1] == Progress(done=1, waiting=2)
    assert (pms.closed, mail.closed) == (1, 1)


async def test_a_refused_message_is_followed_by_the_next_channel_at_once(desk: Desk) -> None:
    booking = await desk.cancel()
    sms = saying(DONE)
    mail = saying(Result(Ended.REFUSED, "no such mailbox"))
    dispatcher = desk.dispatcher({"smile": saying(DONE), MAIL_CONNECTION: mail, SMS_CONNECTION: sms})
    progress = await dispatcher.run_once()
    assert (progress.done, progress.need_person) == (2, 1)
    assert (await desk.states(booking))[Kind.PATIENT_SMS] is State.DONE
    assert [claim.delivery.kind for claim in sms.taken] == [Kind.PATIENT_SMS]


async def test_any_number_of_dispatchers_carry_each_out_once(store: SqlStore, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    desk = Desk(store, Time())
    for _ in range(3):
        await desk.cancel()
    other = await open_store(store_url)
    carrier = saying(DONE)
    dispatchers = [
        Dispatcher(one.queue, ALL, lambda: all_by(carrier), RetryPolicy(), desk.reported.append)
        for one in (store, other, store, other)
    ]
    counts = await asyncio.gather(*(dispatcher.run_once() for dispatcher in dispatchers))
    ids = [claim.delivery.id for claim in carrier.taken]
    assert len(ids) == len(set(ids)) == sum(count.done for count in counts) == 9
    assert (await store.state()).under_way == 0
    assert desk.reported == []
    await other.close()


async def test_what_was_just_written_is_carried_out_at_once(desk: Desk, time: Time) -> None:
    carrier = saying(DONE)
    dispatcher = desk.dispatcher(all_by(carrier))
    running = asyncio.create_task(dispatcher.run())
    assert await time.is_waited_for() == outbox.LOOK_SECONDS
    booking = await desk.cancel()
    assert (await desk.store.state()).unattended == 0
    dispatcher.wake()
    await until(lambda: len(carrier.taken) == 3)
    await stopped(running)
    assert set((await desk.states(booking)).values()) == {State.DONE}
    assert time.seconds == 0
    assert carrier.closed == len(ALL)
    # It said good-bye.
    await desk.cancel()
    assert (await desk.store.state()).unattended == 3


async def stopped(running: asyncio.Task[None]) -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_failure_is_tried_again_when_it_is_due(desk: Desk, time: Time) -> None:
    await desk.cancel()
    carrier = saying(FAILED)
    running = asyncio.create_task(desk.dispatcher(all_by(carrier)).run())
    await until(lambda: len(carrier.taken) == 3 and carrier.under_way == 0)
    carrier.answer = saying(DONE).answer
    await time.passes_until(lambda: len(carrier.taken) == 6 and carrier.under_way == 0)
    assert all(claim.at >= START + timedelta(seconds=1) for claim in carrier.taken[3:])
    await stopped(running)
    assert (await desk.store.state()).under_way == 0


async def test_an_idle_dispatcher_says_it_is_alive_and_tells_no_desk_anything(
    desk: Desk, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[float] = []
    heartbeat = desk.store.queue.heartbeat

    async def count(dispatcher: str, connections: Collection[str]) -> None:
        await heartbeat(dispatcher, connections)
        beats.append(time.seconds)

    monkeypatch.setattr(desk.store.queue, "heartbeat", count)
    number = (await desk.store.state()).number
    made: list[bool] = []
    running = asyncio.create_task(desk.dispatcher(lambda: made.append(True) or {}).run())  # type: ignore[func-returns-value]
    for beat in range(1, 4):
        await until(lambda beat=beat: len(beats) == beat)  # type: ignore[misc]
        time.passes(await time.is_waited_for())
    await stopped(running)
    assert beats[:3] == [0, 20, 40]
    assert (await desk.store.state()).number == number
    # Nothing was to be carried: no carrier was made, none of what they need was loaded.
    assert made == []


async def test_four_at_a_time_and_two_to_each_connection(desk: Desk) -> None:
    for _ in range(4):
        await desk.cancel()
    gate = asyncio.Event()

    async def wait(_: Claim) -> Result:
        await gate.wait()
        return DONE

    pms, mail = Script(wait), Script(wait)
    dispatcher = desk.dispatcher({"smile": pms, MAIL_CONNECTION: mail})
    running = asyncio.create_task(dispatcher.run_once())
    await until(lambda: pms.under_way + mail.under_way == AT_ONCE)
    gate.set()
    assert (await running).done == 12
    assert (pms.most, mail.most) == (AT_ONCE_PER_CONNECTION, AT_ONCE_PER_CONNECTION)


async def test_a_slow_connection_does_not_hold_up_another(desk: Desk) -> None:
    for _ in range(4):
        await desk.cancel()
    gate = asyncio.Event()

    async def wait(_: Claim) -> Result:
        await gate.wait()
        return DONE

    mail = saying(DONE)
    dispatcher = desk.dispatcher({"smile": Script(wait), MAIL_CONNECTION: mail})
    running = asyncio.create_task(dispatcher.run_once())
    await until(lambda: len(mail.taken) == 8)
    gate.set()
    assert (await running).done == 12


async def test_a_connection_that_becomes_free_while_the_store_is_asked_is_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await desk.cancel()
    gate, mail, told = asyncio.Event(), saying(DONE), 0
    claim, finish = desk.store.queue.claim, desk.store.queue.finish

    async def claim_while_the_last_ones_end(connections: Collection[str], *rest: Any) -> Claim | None:
        if "smile" not in connections and len(mail.taken) == 6:
            gate.set()
            await until(lambda: told == 6 + AT_ONCE_PER_CONNECTION)
        return await claim(connections, *rest)

    async def finish_and_count(one: Claim, *rest: Any) -> Delivery | None:
        nonlocal told
        delivery = await finish(one, *rest)
        told += 1
        return delivery

    async def wait(_: Claim) -> Result:
        await gate.wait()
        return DONE

    monkeypatch.setattr(desk.store.queue, "claim", claim_while_the_last_ones_end)
    monkeypatch.setattr(desk.store.queue, "finish", finish_and_count)
    dispatcher = desk.dispatcher({"smile": Script(wait), MAIL_CONNECTION: mail})
    assert (await dispatcher.run_once()).done == 9


async def test_an_attempt_without_an_end_is_unknown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    booking = await desk.cancel()
    monkeypatch.setattr(outbox, "ATTEMPT_SECONDS", 0.01)
    gave_up = asyncio.Event()

    async def never(_: Claim) -> Result:
        try:
            await asyncio.Event().wait()
        finally:
            gave_up.set()
        return DONE

    async def deaf(_: Claim) -> Result:
        # It does not give up when it is told to, for a while.
        while not gave_up.is_set():
            try:
                await gave_up.wait()
            except asyncio.CancelledError:
                continue
        return DONE

    progress = await desk.dispatcher({"smile": Script(deaf), MAIL_CONNECTION: Script(never)}).run_once()
    assert progress == Progress(waiting=3)
    assert set((await desk.states(booking)).values()) == {State.UNKNOWN}
    assert all(one.unproven == 1 for one in await desk.store.deliveries(booking.id))


async def test_an_error_in_a_carrier_is_an_unknown_outcome_and_is_reported(desk: Desk) -> None:
    booking = await desk.cancel()
    error = RuntimeError("a bug")

    async def breaks(_: Claim) -> Result:
        raise error

    await desk.dispatcher({"smile": Script(breaks), MAIL_CONNECTION: saying(DONE)}).run_once()
    assert desk.reported == [error]
    delivery = (await desk.store.deliveries(booking.id))[0]
    assert (delivery.state, delivery.error) == (State.UNKNOWN, "something went wrong here: see the log")


async def test_carriers_that_cannot_be_made_are_reported_and_nothing_is_lost(desk: Desk) -> None:
    booking = await desk.cancel()

    def breaks() -> Mapping[str, Carrier]:
        raise RuntimeError("no such template")

    assert await desk.dispatcher(breaks).run_once() == Progress(waiting=3)
    assert len(desk.reported) == 3
    assert {one.unproven for one in await desk.store.deliveries(booking.id)} == {0}


class AwayQueue:
    """A queue whose store goes away for some of the calls."""

    def __init__(self, store: SqlStore, *away: str, times: int, error: Exception | None = None) -> None:
        self._error = error or Unavailable("The store is away.")
        self._queue = store.queue
        self._left = dict.fromkeys(away, times)
        self.asked: dict[str, int] = defaultdict(int)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def ask(*given: object, **named: object) -> object:
            self.asked[name] += 1
            if self._left.get(name, 0) > 0:
                self._left[name] -= 1
                raise self._error
            answer: object = await getattr(self._queue, name)(*given, **named)
            return answer

        return ask


@pytest.mark.parametrize("error", [Unavailable("The store is away."), RuntimeError("a bug")])
async def test_what_is_known_is_written_when_the_store_is_back(
    desk: Desk, time: Time, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    booking = await desk.cancel()
    queue = AwayQueue(desk.store, "finish", times=4, error=error)
    carrier = saying(DONE)
    dispatcher = desk.dispatcher(all_by(carrier))
    monkeypatch.setattr(dispatcher, "_queue", queue)
    running = asyncio.create_task(dispatcher.run())
    await until(lambda: len(carrier.taken) == 3)
    await time.passes_until(lambda: queue.asked["finish"] == 7)
    await stopped(running)
    assert len(carrier.taken) == 3
    assert set((await desk.states(booking)).values()) == {State.DONE}
    assert set(desk.reported) == ({error} if isinstance(error, RuntimeError) else set())


async def test_what_is_known_is_not_done_again_after_its_lease(
    desk: Desk, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full for longer than a lease: the answers wait here, and nothing is sent twice."""
    booking = await desk.cancel()
    queue = AwayQueue(desk.store, "finish", times=99)
    carrier = saying(DONE)
    dispatcher = desk.dispatcher(all_by(carrier))
    monkeypatch.setattr(dispatcher, "_queue", queue)
    running = asyncio.create_task(dispatcher.run())
    await time.passes_until(lambda: time.seconds > 2 * LEASE.total_seconds())
    assert len(carrier.taken) == 3
    await time.passes_until(lambda: queue.asked["finish"] == 102)
    await stopped(running)
    assert len(carrier.taken) == 3
    assert set((await desk.states(booking)).values()) == {State.DONE}


async def test_a_store_that_is_away_is_asked_again_with_growing_pauses(
    desk: Desk, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = desk.dispatcher({})
    queue = AwayQueue(desk.store, "heartbeat", times=9)
    monkeypatch.setattr(dispatcher, "_queue", queue)
    running = asyncio.create_task(dispatcher.run())
    pauses = []
    for asked in range(1, 9):
        await until(lambda asked=asked: queue.asked["heartbeat"] == asked)  # type: ignore[misc]
        pauses.append(await time.is_waited_for())
        time.passes(pauses[-1])
    await stopped(running)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert desk.reported == []


async def test_once_says_that_the_store_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.cancel()
    carrier = saying(DONE)
    dispatcher = desk.dispatcher(all_by(carrier))
    queue = AwayQueue(desk.store, "under_lease", times=1)
    monkeypatch.setattr(dispatcher, "_queue", queue)
    with pytest.raises(Unavailable):
        await dispatcher.run_once()
    assert (await desk.store.state()).under_way == 0


@pytest.mark.parametrize("error", [Unavailable("The store is away."), RuntimeError("a bug")])
async def test_once_ends_what_it_has_begun_whatever_the_store_raises(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    booking = await desk.cancel()
    may_end, raised = asyncio.Event(), asyncio.Event()

    async def slow(_: Claim) -> Result:
        await may_end.wait()
        return DONE

    claim, claimed = desk.store.queue.claim, list[Claim | None]()

    async def one_claim(*given: Any) -> Claim | None:
        if claimed:
            raised.set()
            raise error
        claimed.append(await claim(*given))
        return claimed[0]

    monkeypatch.setattr(outbox, "LEAVING_SECONDS", 0)
    monkeypatch.setattr(desk.store.queue, "claim", one_claim)
    running = asyncio.create_task(desk.dispatcher(all_by(Script(slow))).run_once())
    await raised.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(type(error)):
        await running
    tried = [one for one in await desk.store.deliveries(booking.id) if one.attempts]
    assert {one.state for one in tried} == {State.DONE}


async def test_once_waits_for_what_another_has_in_hand(desk: Desk, time: Time) -> None:
    """Another that was killed: when its lease is over its work is done here."""
    booking = await desk.cancel()
    killed = await desk.store.queue.claim(ALL, RetryPolicy())
    assert killed is not None
    carrier, seen = saying(DONE), list[Progress]()
    running = asyncio.create_task(desk.dispatcher(all_by(carrier)).run_once(seen.append))
    await time.passes_until(running.done)
    assert LEASE.total_seconds() <= time.seconds <= LEASE.total_seconds() + 1
    assert (await running).done == 3
    assert Progress(done=2, held=1, seconds=60.0) in seen
    assert set((await desk.states(booking)).values()) == {State.DONE}
    (repeated,) = [claim for claim in carrier.taken if claim.delivery.id == killed.delivery.id]
    assert repeated.unproven == 1


async def test_one_bookings_own_deliveries_wait_for_nobody(desk: Desk, time: Time) -> None:
    other, mine = await desk.cancel(), await desk.cancel()
    for _ in range(4):
        await desk.store.queue.claim(ALL, RetryPolicy())
    carrier = saying(DONE, FAILED)
    progress = await desk.dispatcher(all_by(carrier)).run_once(booking_id=mine.id)
    assert (progress.done, progress.waiting) == (1, 1)
    assert time.seconds == 0
    assert State.DONE not in (await desk.states(other)).values()


async def test_one_bookings_own_deliveries_take_no_longer_than_an_attempt(desk: Desk, time: Time) -> None:
    booking = await desk.cancel()

    async def slow_refusal(_: Claim) -> Result:
        time.passes(11)
        return Result(Ended.REFUSED, "no such mailbox")

    sms = saying(DONE)
    carriers = {"smile": saying(DONE), MAIL_CONNECTION: Script(slow_refusal), SMS_CONNECTION: sms}
    progress = await desk.dispatcher(carriers).run_once(booking_id=booking.id)
    # What the refusal planned is left to the next one who looks.
    assert sms.taken == []
    assert progress.done == 1
    assert (await desk.states(booking))[Kind.PATIENT_SMS] is State.PENDING


async def test_who_was_stopped_for_long_does_not_send(desk: Desk, time: Time) -> None:
    """Another may have taken it on meanwhile."""
    booking = await desk.cancel()
    carrier = saying(DONE)

    def slowly() -> Mapping[str, Carrier]:
        time.seconds += 41
        return all_by(carrier)

    await desk.dispatcher(slowly).run_once()
    assert all(claim.at == time.now() for claim in carrier.taken)
    assert len(carrier.taken) < 3
    assert {one.unproven for one in await desk.store.deliveries(booking.id)} == {0}


def test_the_time_that_a_machine_sleeps_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease runs out meanwhile, and another dispatcher may have begun."""
    monkeypatch.setattr(clocks, "clock_gettime", {clocks.CLOCK_BOOTTIME: 3600.0}.__getitem__)
    assert outbox.boot_time() == 3600


async def test_leaving_lets_a_quick_attempt_end(desk: Desk) -> None:
    booking = await desk.cancel()
    gate = asyncio.Event()

    async def wait(_: Claim) -> Result:
        await gate.wait()
        return DONE

    carrier = Script(wait)
    running = asyncio.create_task(desk.dispatcher(all_by(carrier)).run())
    await until(lambda: carrier.under_way == 3)
    running.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert set((await desk.states(booking)).values()) == {State.DONE}


async def test_leaving_gives_up_a_slow_one_for_somebody_else_to_ask(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LEAVING_SECONDS", 0.01)
    booking = await desk.cancel()

    async def never(_: Claim) -> Result:
        await asyncio.Event().wait()
        return DONE

    carrier = Script(never)
    running = asyncio.create_task(desk.dispatcher(all_by(carrier)).run())
    await until(lambda: carrier.under_way == 3)
    await stopped(running)
    assert await desk.store.queue.under_lease(ALL) is None
    assert set((await desk.states(booking)).values()) == {State.UNKNOWN}


async def test_a_claim_that_is_made_while_leaving_is_not_left_to_its_lease(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.cancel()
    dispatcher = desk.dispatcher(all_by(saying(DONE)))
    claim, asked = desk.store.queue.claim, asyncio.Event()

    async def slowly(
        connections: Collection[str], policy: RetryPolicy, booking_id: int | None = None
    ) -> Claim | None:
        asked.set()
        return await claim(connections, policy, booking_id)

    monkeypatch.setattr(desk.store.queue, "claim", slowly)
    running = asyncio.create_task(dispatcher.run())
    await asked.wait()
    await stopped(running)
    assert await desk.store.queue.under_lease(ALL) is None
    assert next(iter(await desk.store.deliveries(1))).state is State.DONE
