"""The reader: takes on the diaries that are due, one after the other, and has the list made as they are.

Any number may work on one store. What one of them has in hand when it dies is taken on by another when its
lease ends; the fence of the lease sees to it that only one of them writes.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import uuid4

from frontdesk import diary_schedule
from frontdesk.arrivals import Place
from frontdesk.attempts import LOCK_OUT, LONGEST_WAIT
from frontdesk.bookings import Operator
from frontdesk.diary_runs import LEASE, Kind, Lease, LeaseLost, Run, RunState
from frontdesk.diary_schedule import Pace
from frontdesk.errors import FrontdeskError
from frontdesk.outbox import boot_time
from frontdesk.pms.diary import Diary
from frontdesk.pms.port import ContractDrift, PmsError, PmsUnauthorised, PmsUnavailable, RateLimited
from frontdesk.store.diaries import Diaries
from frontdesk.store.port import DISPATCHER
from frontdesk.sync.circuits import Circuits
from frontdesk.sync.reading import BETWEEN_BATCHES, Incomplete, NoSite, Progress, Reading, StartOver
from frontdesk.sync.sources import Source
from frontdesk.threads import abandonable

LOOK_SECONDS = 20.0
"""How often an idle reader looks whether somebody asks for a diary."""

_SOON, _SHORT, _LONGEST = 0.2, 1.0, 60.0
_BROKEN = "something went wrong here: see the log"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for: a compare of a kind, and from which day to which where it is not the usual window."""

    kind: Kind = Kind.NEAR
    by: Operator = DISPATCHER
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What became of one place that was read: its runs, or why it could not be read."""

    place: Place
    runs: tuple[Run, ...] = ()
    trouble: str = ""

    @property
    def counts(self) -> Mapping[str, int]:
        """What its runs have changed here, by the words of effects."""
        return sum((Counter(run.counts) for run in self.runs), Counter())

    @property
    def is_held(self) -> bool:
        """Whether a person is asked about some of it."""
        return any(run.state is RunState.HELD for run in self.runs)


class Reader:
    """Reads the diaries of `sources`.

    `report` writes an unexpected error to the log. `clock` gives seconds that only ever rise, `chance` numbers
    from 0 up to 1.
    """

    def __init__(
        self,
        diaries: Diaries,
        sources: Collection[Source],
        pace: Pace,
        report: Callable[[BaseException], object],
        *,
        clock: Callable[[], float] = boot_time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.id = uuid4().hex
        self._diaries = diaries
        self._sources = {source.place: source for source in sources}
        self._pace = pace
        self._report = report
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._circuits = Circuits(clock)
        self._something = asyncio.Event()

    def wake(self) -> None:
        """Look at once: somebody may have asked for a diary."""
        self._something.set()

    async def run(self) -> None:
        """Read diaries as they become due, until cancelled. A store that is away is asked again quietly."""
        pause, is_known = _SHORT, False
        while True:
            self._something.clear()
            try:
                if not is_known:
                    await self._diaries.keep(self._sources)
                    is_known = True
                if await self.read_one() is not None:
                    pause = _SHORT
                    continue
                seconds = await self._diaries.next_due(self._free())
                rest = LOOK_SECONDS if seconds is None else min(max(seconds, _SOON), LOOK_SECONDS)
                pause = _SHORT
            except Exception as error:
                if not isinstance(error, FrontdeskError):
                    self._report(error)
                rest, pause = pause, min(pause * 2, _LONGEST)
            await self._rest(rest)

    async def run_once(
        self, wanted: Wanted, report: Callable[[Progress], object] = lambda _: None
    ) -> tuple[Read, ...]:
        """Read each diary once, now, and return what became of them. Raises FrontdeskError when the store is away.

        A diary that another reader has is waited for, as long as that one is alive, and then read.
        """
        await self._diaries.keep(self._sources)
        await self._diaries.ask(self._sources, wanted.kind)
        left, found = set(self._sources), []
        while left:
            lease = await self._diaries.claim(self.id, left)
            if lease is not None:
                left.discard(lease.place)
                found.append(await self._read(lease, wanted, report))
                continue
            seconds = await self._diaries.next_due(left)
            if seconds is None or seconds > LEASE.total_seconds():
                found += [Read(place, trouble="it wants to be left alone for a while") for place in left]
                break
            await self._sleep(min(max(seconds, _SOON), _SHORT))
        return tuple(found)

    async def read_one(self) -> Read | None:
        """Read the diary that is due longest; None when none is."""
        lease = await self._diaries.claim(self.id, self._free())
        return None if lease is None else await self._read(lease, None, lambda _: None)

    def _free(self) -> list[Place]:
        """The places whose hosts are not known to be away."""
        return [place for place, source in self._sources.items() if self._circuits.may_try(source.host)]

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()

    async def _read(self, lease: Lease, wanted: Wanted | None, report: Callable[[Progress], object]) -> Read:
        """Read one place under its lease, which is renewed meanwhile and given up in the end."""
        working = asyncio.ensure_future(self._work(lease, wanted, report))
        renewing = asyncio.ensure_future(self._renew(lease))
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                # Somebody else has the place, or will soon: nothing more may be written for it here.
                working.cancel()
                await asyncio.wait({working})
                return Read(lease.place, trouble="another program reads it")
            return working.result()
        except LeaseLost:
            return Read(lease.place, trouble="another program reads it")
        except asyncio.CancelledError:
            working.cancel()
            await asyncio.wait({working})
            # Whoever comes next need not wait until the lease ends.
            with suppress(LeaseLost, FrontdeskError):
                await self._diaries.let_go(lease)
            raise
        finally:
            for task in (working, renewing):
                task.cancel()
            await asyncio.wait({working, renewing})

    async def _renew(self, lease: Lease) -> None:
        """Keep the lease; return when it is lost."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                await self._diaries.renew(lease)
            except LeaseLost:
                return
            except FrontdeskError:
                continue  # the store is away: the work itself will find that out

    async def _work(self, lease: Lease, wanted: Wanted | None, report: Callable[[Progress], object]) -> Read:
        source = self._sources[lease.place]
        claimed_at = self._clock()
        while lease.state.is_believed and await self._diaries.apply(lease):
            await self._sleep(BETWEEN_BATCHES)
        try:
            diary = await abandonable(source.open)
        except FrontdeskError as error:
            return await self._in_trouble(lease, LOCK_OUT, _sentence(error.hint), is_refused=True)
        reading: Reading | None = None
        try:
            began = await diary.ping()
            now = lease.at + timedelta(seconds=self._clock() - claimed_at)
            reading = Reading(
                self._diaries,
                source,
                diary,
                lease,
                (began or now).replace(microsecond=0),
                wanted.by if wanted else DISPATCHER,
                now,
                self._sleep,
                report,
            )
            runs = await self._runs(reading, wanted)
        except (LeaseLost, FrontdeskError):
            raise
        except Exception as error:
            return await self._ended_by(error, lease, source, reading)
        finally:
            await self._close(diary)
        self._circuits.closed(source.host)
        if reading.incomplete:
            pause = diary_schedule.rest(self._pace, now, source.zone, self._chance())
            await self._diaries.rest_in_trouble(lease, pause, reading.incomplete)
            return Read(lease.place, runs, reading.incomplete)
        skew = reading.began - now if began else timedelta(0)
        await self._diaries.rest(
            lease, diary_schedule.rest(self._pace, now, source.zone, self._chance()), skew
        )
        return Read(lease.place, runs)

    async def _runs(self, reading: Reading, wanted: Wanted | None) -> tuple[Run, ...]:
        """Read what is due, or what somebody wants; return the runs."""
        source, state = reading.source, reading.lease.state
        tells_changes = reading.diary.abilities.changed_since
        if wanted is not None:
            state = replace(state, asked=wanted.kind)
        done = []
        for kind in diary_schedule.due(
            state, self._pace, reading.now, source.zone, tells_changes=tells_changes
        ):
            if kind is Kind.CHANGES:
                done.append(await reading.changes())
                continue
            days = (wanted.first, wanted.last) if wanted is not None and kind is wanted.kind else ()
            window = diary_schedule.window(kind, reading.now, source.zone, *days)
            done.append(await reading.compare(kind, window))
        return tuple(done)

    async def _ended_by(
        self, error: Exception, lease: Lease, source: Source, reading: Reading | None
    ) -> Read:
        """Note why a place could not be read, and when it is tried again."""
        if not isinstance(error, PmsError | Incomplete | NoSite | StartOver):
            self._report(error)
        why = _why(error)
        run = reading.run if reading is not None else None
        # What a compare has read so far counts when the diary answers again.
        if run is not None and (run.kind is Kind.CHANGES or not isinstance(error, PmsError)):
            await self._diaries.fail(lease, run, why, start_over=isinstance(error, StartOver))
        if isinstance(error, StartOver):
            return await self._in_trouble(lease, timedelta(0), why)
        if isinstance(error, PmsUnauthorised | NoSite):
            return await self._in_trouble(lease, LOCK_OUT, why, is_refused=True)
        if isinstance(error, PmsUnavailable):
            self._circuits.failed(source.host)
        rest = diary_schedule.rest_after_failure(lease.state.failures + 1, self._chance())
        if isinstance(error, RateLimited):
            until = error.retry_at or lease.at + rest
            await self._diaries.leave_alone(lease.place.connection, source.shown, until)
            rest = max(rest, min(until - lease.at, LONGEST_WAIT))
        return await self._in_trouble(lease, rest, why)

    async def _in_trouble(self, lease: Lease, rest: timedelta, why: str, *, is_refused: bool = False) -> Read:
        await self._diaries.rest_in_trouble(lease, rest, why, is_refused=is_refused)
        return Read(lease.place, trouble=why)

    async def _close(self, diary: Diary) -> None:
        try:
            await diary.close()
        except Exception as error:
            self._report(error)


def _why(error: Exception) -> str:
    """Return why a place could not be read, as the rest of a sentence."""
    match error:
        case StartOver():
            return "what has changed cannot be told any more, so all of it is compared anew"
        case ContractDrift():
            return f"it answers otherwise than it should: {error}"
        case PmsError() | Incomplete() | NoSite():
            return str(error)
        case _:
            return _BROKEN


def _sentence(hint: str) -> str:
    """A sentence of our own, as the rest of another one."""
    return hint.removesuffix(".")
