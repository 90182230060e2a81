"""Diaries in a SQL database; see Diaries. Every write of a reader begins by renewing its lease."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, select, update

from frontdesk.arrivals import DiaryEntry, Effect, Place, Pushed
from frontdesk.audit import Action
from frontdesk.bookings import Operator, Reason
from frontdesk.diary_runs import (
    Decision,
    Kind,
    Lease,
    PlaceState,
    Run,
    RunState,
    Slice,
    Unmatched,
    Window,
)
from frontdesk.errors import Refused
from frontdesk.store.diaries import Asked, Judged, Mirrored, Missing, Taken
from frontdesk.store.sql import mirror, mirror_reads, places, pushing, runs
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.mirrored import at_place
from frontdesk.store.sql.sealing import Deed, seal
from frontdesk.store.sql.selects import DIARY, MIRROR
from frontdesk.text import clean_fields

Answer = TypeVar("Answer")

_AT_ONCE = 100
"""Bookings that are made as the diary is in one transaction."""


class SqlDiaries:
    """The diaries of a SQL store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _fenced(self, lease: Lease, work: Callable[[Connection, datetime], Answer]) -> Answer:
        """Run a write of whoever has a place. Raises LeaseLost."""

        def run(tx: Connection) -> Answer:
            now = self._database.now(tx)
            places.renew(tx, lease, now)
            return work(tx, now)

        return await self._database.write(run)

    async def keep(self, places_: Collection[Place], *, is_pushed: bool = False) -> None:
        there = {state.place for state in await self.states() if state.is_pushed is is_pushed}
        if not there.issuperset(places_):
            await self._database.write(
                lambda tx: places.keep(tx, places_, self._database.now(tx), is_pushed=is_pushed)
            )

    async def states(self) -> tuple[PlaceState, ...]:
        return await self._database.read(places.states)

    async def claim(
        self, owner: str, places_: Collection[Place], *, is_listener: bool = False
    ) -> Lease | None:
        # A reader with nothing to do only reads: on SQLite a write would keep desks waiting.
        if not await self._database.read(lambda tx: places.is_any_due(tx, places_, self._database.now(tx))):
            return None
        return await self._database.write(
            lambda tx: places.claim(tx, owner, places_, self._database.now(tx), is_listener=is_listener)
        )

    async def next_due(self, places_: Collection[Place]) -> float | None:
        return await self._database.read(lambda tx: places.next_due(tx, places_, self._database.now(tx)))

    async def renew(self, lease: Lease) -> None:
        await self._fenced(lease, lambda tx, now: None)

    async def ask(self, places_: Collection[Place], kind: Kind) -> None:
        await self._database.write(lambda tx: places.ask(tx, places_, kind, self._database.now(tx)))

    async def wake(self, connection: str, kind: Kind) -> None:
        await self._database.write(lambda tx: places.wake(tx, connection, kind, self._database.now(tx)))

    async def requests(self, connection: str, number: int, per_minute: int) -> float:
        return await self._database.write(
            lambda tx: places.use_requests(tx, connection, number, per_minute, self._database.now(tx))
        )

    async def leave_alone(self, connection: str, shown: str, until: datetime) -> None:
        await self._database.write(
            lambda tx: places.leave_alone(tx, connection, shown, until, self._database.now(tx))
        )

    async def begin(
        self, lease: Lease, kind: Kind, window: Window | None, began: datetime, by: Operator
    ) -> tuple[Run, tuple[Slice, ...]]:
        by = clean_fields(by)
        return await self._fenced(lease, lambda tx, now: runs.begin(tx, lease, kind, window, began, by, now))

    async def known(self, lease: Lease, window: Window) -> tuple[datetime, ...]:
        query = select(MIRROR.c.starts_at).where(
            at_place(lease.place),
            MIRROR.c.starts_at >= window.starts_at,
            MIRROR.c.starts_at < window.ends_at,
            MIRROR.c.gone_at.is_(None),
        )
        query = query.order_by(MIRROR.c.starts_at)
        return await self._database.read(lambda tx: tuple(tx.execute(query).scalars()))

    async def plan(self, lease: Lease, run: Run, slices: Sequence[Slice]) -> tuple[Slice, ...]:
        return await self._fenced(lease, lambda tx, now: runs.plan(tx, run, slices))

    async def split(self, lease: Lease, run: Run, slice_: Slice, parts: Sequence[Slice]) -> tuple[Slice, ...]:
        return await self._fenced(lease, lambda tx, now: runs.split(tx, run, slice_, parts))

    async def news(self, lease: Lease, entries: Sequence[DiaryEntry]) -> frozenset[str]:
        return await self._database.read(lambda tx: mirror_reads.news(tx, lease.place, entries))

    async def patients(self, lease: Lease, refs: Collection[str]) -> Mapping[str, Mirrored]:
        return await self._database.read(lambda tx: mirror_reads.patients(tx, lease.place, refs))

    async def note(
        self,
        lease: Lease,
        run: Run,
        entries: Sequence[DiaryEntry],
        slice_: Slice | None = None,
        seen: Collection[str] = (),
        gone: Collection[str] = (),
    ) -> None:
        def work(tx: Connection, now: datetime) -> None:
            mirror.note(tx, lease.place, run.number, entries, now)
            for ref in gone:
                mirror.note_gone(tx, lease.place, run.number, ref, "", now)
            if slice_ is not None:
                runs.complete(tx, slice_, sorted({*seen, *gone}))
            runs.add(tx, run.number, read=len(entries))

        await self._fenced(lease, work)

    async def listens(self, lease: Lease) -> None:
        await self._fenced(lease, lambda tx, now: places.put(tx, lease, **places.NO_TROUBLE))

    async def take_in(self, lease: Lease, pushed: Pushed) -> Taken:
        pushed = clean_fields(pushed)
        return await self._fenced(
            lease, lambda tx, now: pushing.take_in(tx, self._database, lease, pushed, now)
        )

    async def missing(self, lease: Lease, run: Run) -> tuple[Missing, ...]:
        return await self._database.read(
            lambda tx: mirror_reads.missing(tx, lease.place, runs.slices_of(tx, run))
        )

    async def to_read_again(self, lease: Lease) -> tuple[str, ...]:
        return await self._database.read(lambda tx: mirror.to_read_again(tx, lease.place, _AT_ONCE))

    async def note_gone(self, lease: Lease, run: Run, ref: str, successor: str = "") -> None:
        await self._fenced(
            lease, lambda tx, now: mirror.note_gone(tx, lease.place, run.number, ref, successor, now)
        )

    async def judge(self, lease: Lease, run: Run) -> Judged:
        return await self._database.read(
            lambda tx: mirror_reads.judge(tx, lease.place, run, self._database.now(tx))
        )

    async def reconcile(self, lease: Lease, run: Run, held: Collection[Effect]) -> bool:
        return await self._fenced(lease, lambda tx, now: self._reconcile(tx, lease.place, run, held, run.by))

    def _reconcile(
        self, tx: Connection, place: Place, run: Run, held: Collection[Effect], operator: Operator
    ) -> bool:
        done = mirror.reconcile(
            tx, self._database, place, held, _AT_ONCE, is_baseline=run.is_baseline, operator=operator
        )
        if any(done.done.values()):
            runs.add(tx, run.number, done=done.done)
        return done.more

    async def end(
        self,
        lease: Lease,
        run: Run,
        *,
        counts_as: Kind | None,
        asked: Asked | None,
        unmatched: Unmatched | None = None,
    ) -> Run:
        return await self._fenced(
            lease, lambda tx, now: runs.end(tx, lease, run, counts_as, asked, unmatched, now)
        )

    async def fail(self, lease: Lease, run: Run, why: str, *, start_over: bool = False) -> None:
        def work(tx: Connection, now: datetime) -> None:
            runs.set_run(tx, run.number, state=RunState.FAILED.value, ended_at=now, why=why)
            runs.forget_slices(tx, run.number)
            if start_over:
                places.put(tx, lease, cursor=None)

        await self._fenced(lease, work)

    async def rest(self, lease: Lease, pause: timedelta, skew: timedelta) -> None:
        await self._fenced(
            lease,
            lambda tx, now: places.let_go(
                tx,
                lease,
                pause,
                now,
                answered_at=now,
                pause_seconds=pause.total_seconds(),
                skew_seconds=skew.total_seconds(),
                **places.NO_TROUBLE,
            ),
        )

    async def rest_in_trouble(
        self, lease: Lease, pause: timedelta, why: str, *, is_refused: bool = False
    ) -> None:
        def work(tx: Connection, now: datetime) -> None:
            place = places.row_of(tx, lease)
            places.let_go(
                tx,
                lease,
                pause,
                now,
                failures=place.failures + 1,
                failing_since=place.failing_since or now,
                trouble=why,
                is_refused=is_refused,
            )

        await self._fenced(lease, work)

    async def let_go(self, lease: Lease) -> None:
        await self._fenced(lease, lambda tx, now: places.let_go(tx, lease, timedelta(0), now))

    async def runs(self, limit: int) -> tuple[Run, ...]:
        return await self._database.read(lambda tx: runs.latest(tx, limit))

    async def run(self, number: int) -> Run:
        return await self._database.read(lambda tx: runs.run(runs.find(tx, number)))

    async def decide(self, number: int, decision: Decision, operator: Operator, owner: str) -> Lease:
        operator = clean_fields(operator)

        def work(tx: Connection) -> Lease:
            now = self._database.now(tx)
            diary_id = runs.find(tx, number).diary_id
            query = select(DIARY).where(DIARY.c.id == diary_id).with_for_update()
            place = tx.execute(query).one()
            row = runs.find(tx, number)
            runs.refuse_undecidable(row, place.held_run, decision)
            run = runs.run(row)
            values = {
                "decision": decision.value,
                "decided_by": operator.name,
                "decided_via": operator.via,
                "decided_at": now,
            }
            if decision is Decision.APPLY:
                self._refuse_changed(tx, run, row.digests)
            else:
                values["state"] = RunState.DONE.value
                ignored = {**place.ignored, **row.digests} if decision is Decision.IGNORE else place.ignored
                tx.execute(update(DIARY).where(DIARY.c.id == diary_id).values(held_run=None, ignored=ignored))
            runs.set_run(tx, number, **values)
            lease = places.take(tx, diary_id, owner, now)
            if decision is Decision.AGAIN:
                kind = Kind.FULL if run.kind is Kind.FULL else Kind.NEAR
                places.ask(tx, [run.place], kind, now)
            detail = {
                "place": "/".join(filter(None, (run.place.connection, run.place.location))),
                "run": str(number),
                "decision": decision.value,
                **{effect: str(held) for effect, held in run.held.items()},
            }
            seal(
                tx,
                self._database,
                Deed(Action.DIARY_DECIDED, operator, now, is_shown=False, detail=detail),
            )
            return lease

        return await self._database.write(work)

    def _refuse_changed(self, tx: Connection, run: Run, digests: Mapping[str, str]) -> None:
        """Refuse to believe a diary that says something else by now than what a person has looked at."""
        now = mirror_reads.held_digests(tx, run.place)
        decided = {effect: digest for effect, digest in digests.items() if effect != runs.MISSING}
        if any(now.get(effect) != digest for effect, digest in decided.items()):
            raise Refused(
                Reason("changed-meanwhile", "the diary has changed again meanwhile: look at it again")
            )

    async def apply(self, lease: Lease) -> bool:
        def work(tx: Connection, now: datetime) -> bool:
            number = places.row_of(tx, lease).held_run
            row = runs.find(tx, number)
            run = runs.run(row)
            if row.missing:
                for ref in row.missing[:_AT_ONCE]:
                    mirror.note_gone(tx, run.place, number, ref, "", now)
                runs.set_run(tx, number, missing=row.missing[_AT_ONCE:])
                return True
            by = run.decided_by or run.by
            if more := self._reconcile(tx, run.place, run, (), by):
                return more
            runs.set_run(tx, number, state=RunState.DONE.value)
            places.put(tx, lease, held_run=None)
            return False

        return await self._fenced(lease, work)
