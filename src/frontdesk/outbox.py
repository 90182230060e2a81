"""The dispatcher: takes on what follows a cancellation, attempt by attempt, and has it carried out.

Any number may work on one store. What one of them has in hand when it dies is taken on by
another when its lease ends; the store's fences see to it that only one of them is believed.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from frontdesk.attempts import ATTEMPT_SECONDS, LEASE, Carrier, Claim, Ended, Result, RetryPolicy
from frontdesk.deliveries import OPEN_STATES, Delivery, State
from frontdesk.errors import FrontdeskError
from frontdesk.store.port import DeliveryQueue

AT_ONCE, AT_ONCE_PER_CONNECTION = 4, 2

LOOK_SECONDS = 20.0
"""How often an idle dispatcher looks whether somebody else has written something, and says it is alive."""

LEAVING_SECONDS = 1.0
"""How long attempts under way are waited for when the program ends."""

_SOON, _SHORT, _LONGEST = 0.2, 1.0, 60.0

_RETELL = 5.0
"""How often, at the least, a store that is away is told a result: well within the lease that guards it."""

_NO_ANSWER = "no answer in time"
_TOO_LATE = "this machine was too slow to begin"
_BROKEN = "something went wrong here: see the log"
_LEFT = "frontdesk ended during the try"
_NOT_READY = "this machine could not begin: see the log"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `run_once` has got: what was tried, by how it stands now, and what others have in hand.

    `need_person` counts those in attention, also those that go on automatically. The first of
    the `held` leases ends in `seconds`.
    """

    done: int = 0
    waiting: int = 0
    need_person: int = 0
    held: int = 0
    seconds: float = 0.0


def boot_time() -> float:
    """Return seconds that also pass while the machine sleeps, as those of a lease do."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Dispatcher:
    """Carries out the deliveries that go through `connections`.

    `carriers` makes a carrier for each of them: it is called in a thread when there is first
    something to carry. `report` writes an unexpected error to the log. `clock` gives seconds
    that only ever rise.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        connections: Collection[str],
        carriers: Callable[[], Mapping[str, Carrier]],
        policy: RetryPolicy,
        report: Callable[[BaseException], object],
        *,
        clock: Callable[[], float] = boot_time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.id = uuid4().hex
        self._queue = queue
        self._connections = frozenset(connections)
        self._make_carriers = carriers
        self._policy = policy
        self._report = report
        self._clock = clock
        self._sleep = sleep
        self._carriers: Mapping[str, Carrier] = {}
        self._making = asyncio.Lock()
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._untold: set[int] = set()
        self._finished: dict[int, Delivery] | None = None
        self._something = asyncio.Event()
        self._is_leaving = False
        self._patience: float | None = None

    def wake(self) -> None:
        """Look at once: something was just written."""
        self._something.set()

    async def run(self) -> None:
        """Carry out deliveries as they become due, until cancelled; then leave in an orderly way.

        A store that is away is asked again quietly, with growing pauses.
        """
        alive_until, pause = self._clock(), _SHORT
        try:
            while True:
                self._something.clear()
                try:
                    if self._clock() >= alive_until:
                        await self._queue.heartbeat(self.id, self._connections)
                        alive_until = self._clock() + LOOK_SECONDS
                    rest = await self._begin_what_is_due()
                    rest, pause = min(rest, max(alive_until - self._clock(), 0)), _SHORT
                except Exception as error:
                    if not isinstance(error, FrontdeskError):
                        self._report(error)
                    rest, pause = pause, min(pause * 2, _LONGEST)
                await self._rest(rest)
        finally:
            await self._stop()
            await self._retire()

    async def _retire(self) -> None:
        try:
            await self._queue.retire(self.id)
        except FrontdeskError:
            pass  # the heartbeat ends automatically
        except Exception as error:
            self._report(error)

    async def run_once(
        self, report: Callable[[Progress], object] = lambda _: None, *, booking_id: int | None = None
    ) -> Progress:
        """Carry out everything that is due now and return what became of it.

        It waits until the lease of another dispatcher ends, since that one may have been killed.
        It does not wait for back-offs. With `booking_id` only that booking's deliveries are tried,
        nobody is waited for, and the whole takes no longer than one attempt may. Raises
        FrontdeskError when the store is away.
        """
        ends_at = None if booking_id is None else self._clock() + ATTEMPT_SECONDS
        self._patience, self._finished = LEASE.total_seconds(), {}
        try:
            while True:
                self._something.clear()
                await self._begin(booking_id, ends_at)
                report(self._progress())
                if self._something.is_set():
                    # An attempt ended while the store was asked: its connection was not asked for.
                    continue
                if self._running:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                    continue
                held = None
                if booking_id is None:
                    held = await self._queue.under_lease(self._connections)
                if held is None:
                    return self._progress()
                report(self._progress(held.number, held.seconds))
                await self._sleep(min(max(held.seconds, _SOON), 1.0))
        except Exception:
            # What has begun comes to its end, whatever becomes of the store.
            if self._running:
                await asyncio.wait(self._running)
            raise
        finally:
            await self._stop()

    def _progress(self, held: int = 0, seconds: float = 0.0) -> Progress:
        states = Counter(delivery.state for delivery in (self._finished or {}).values())
        waiting = sum(states[state] for state in OPEN_STATES)
        return Progress(states[State.DONE], waiting, states[State.ATTENTION], held, seconds)

    async def _begin_what_is_due(self) -> float:
        """Begin attempts; return in how many seconds there may be more to do."""
        if not await self._begin():
            # An attempt that ends wakes the loop.
            return LOOK_SECONDS
        due = await self._queue.next_due(self._free())
        return LOOK_SECONDS if due is None else min(max(due, _SOON), LOOK_SECONDS)

    async def _begin(self, booking_id: int | None = None, ends_at: float | None = None) -> bool:
        """Begin attempts at what is due; return whether more could have been begun."""
        while len(self._running) < AT_ONCE:
            if not await self._begin_one(booking_id, ends_at):
                return True
        return False

    def _free(self) -> frozenset[str]:
        """The connections on which another attempt may begin.

        None where the store does not know a result yet: when that one's lease is over it would
        be taken on, and sent, again.
        """
        busy = Counter(claim.delivery.connection for claim in self._running.values())
        free = {name for name in self._connections if busy[name] < AT_ONCE_PER_CONNECTION}
        running = [claim.delivery for claim in self._running.values()]
        return frozenset(free - {one.connection for one in running if one.id in self._untold})

    async def _begin_one(self, booking_id: int | None, ends_at: float | None) -> bool:
        """Begin an attempt, if anything is due; return whether there was."""
        asked_at = self._clock()
        # An attempt needs some time to end well: none begins in the second half.
        if ends_at is not None and asked_at > ends_at - ATTEMPT_SECONDS / 2:
            return False
        claiming = asyncio.ensure_future(self._queue.claim(self._free(), self._policy, booking_id))
        try:
            claim = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # The store does not stop half-way: what it gives is begun, not left to its lease.
            with suppress(FrontdeskError):
                self._start(await claiming, asked_at, ends_at)
            raise
        return self._start(claim, asked_at, ends_at)

    def _start(self, claim: Claim | None, asked_at: float, ends_at: float | None) -> bool:
        if claim is None:
            return False
        task = asyncio.create_task(self._attempt(claim, asked_at, ends_at))
        self._running[task] = claim
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(error)
        self._something.set()

    async def _attempt(self, claim: Claim, asked_at: float, ends_at: float | None) -> None:
        result = await self._carry(claim, asked_at, ends_at)
        await self._write_down(claim, result, asked_at)

    async def _carry(self, claim: Claim, asked_at: float, ends_at: float | None) -> Result:
        try:
            carrier = (await self._ready())[claim.delivery.connection]
        except asyncio.CancelledError:
            return Result(Ended.FAILED, _LEFT, is_ours=True)
        except Exception as error:
            self._report(error)
            return Result(Ended.FAILED, _NOT_READY, is_ours=True)
        begins_at = self._clock()
        # A program that was stopped for a while must not send what another has taken on by now.
        if begins_at - asked_at > LEASE.total_seconds() - ATTEMPT_SECONDS:
            return Result(Ended.FAILED, _TOO_LATE, is_ours=True)
        seconds = ATTEMPT_SECONDS if ends_at is None else ends_at - begins_at
        carrying = asyncio.ensure_future(carrier.carry(claim))
        carrying.add_done_callback(_take_notice)
        try:
            # Not a time-out around it: one that is slow to give up would go on past the deadline.
            await asyncio.wait({carrying}, timeout=max(seconds, 0))
        except asyncio.CancelledError:
            carrying.cancel()
            return Result(Ended.UNKNOWN, _LEFT, is_ours=True)
        if not carrying.done():
            carrying.cancel()
            return Result(Ended.UNKNOWN, _NO_ANSWER)
        try:
            return carrying.result()
        except (Exception, asyncio.CancelledError) as error:
            self._report(error)
            return Result(Ended.UNKNOWN, _BROKEN, is_ours=True)

    async def _ready(self) -> Mapping[str, Carrier]:
        async with self._making:
            if not self._carriers:
                self._carriers = await asyncio.to_thread(self._make_carriers)
            return self._carriers

    async def _write_down(self, claim: Claim, result: Result, asked_at: float) -> None:
        """Tell the store, again and again while it is away.

        A message that is known here to be sent would otherwise be sent once more.
        """
        pause, number = _SOON, claim.delivery.id
        try:
            while not await self._told(claim, result):
                is_over = self._patience is not None and self._clock() - asked_at > self._patience
                if self._is_leaving or is_over:
                    return
                self._untold.add(number)
                await self._sleep(pause)
                pause = min(pause * 2, _RETELL)
        finally:
            self._untold.discard(number)

    async def _told(self, claim: Claim, result: Result) -> bool:
        """Tell the store a result; whether it could be told."""
        try:
            delivery = await self._queue.finish(claim, result, self._policy)
        except FrontdeskError:
            return False
        except Exception as error:
            if claim.delivery.id not in self._untold:
                self._report(error)
            return False
        if delivery is not None and self._finished is not None:
            self._finished[delivery.id] = delivery
        return True

    async def _rest(self, seconds: float) -> None:
        resting = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._something.wait()),
        ]
        try:
            await asyncio.wait(resting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in resting:
                one.cancel()

    async def _stop(self) -> None:
        self._is_leaving = True
        if self._running:
            await asyncio.wait(self._running, timeout=LEAVING_SECONDS)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=LEAVING_SECONDS)
        for carrier in self._carriers.values():
            try:
                await carrier.close()
            except Exception as error:
                self._report(error)
        self._carriers = {}


def _take_notice(carrying: "asyncio.Future[Result]") -> None:
    """Mark an error as seen: nobody looks at an attempt that was given up."""
    if not carrying.cancelled():
        carrying.exception()
