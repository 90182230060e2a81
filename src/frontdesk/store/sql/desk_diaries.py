"""Diaries of a SQL store as a desk sees them; see DeskDiaries."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from frontdesk.arrivals import Place
from frontdesk.bookings import Booking, Operator, Scope, Standing, no_permission
from frontdesk.diary_runs import Decision, HeldChange, Kind, LooseEnds, ProbableMove, Run, Unmatched
from frontdesk.errors import NotFound, Refused
from frontdesk.store import records
from frontdesk.store.desk_diaries import ENDS_LIMIT, RUNS_LIMIT, carry_out
from frontdesk.store.sql import places, runs
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.diaries import SqlDiaries
from frontdesk.store.sql.mirrored import OPEN, PERSON, at_place
from frontdesk.store.sql.refs import PROPOSED
from frontdesk.store.sql.selects import (
    BOOKED,
    BOOKING,
    BOOKING_REF,
    DIARY,
    DIARY_RUN,
    MIRROR,
    PRACTICE,
    PRACTITIONER,
)

_REFS_AT_ONCE = 500
_OWNER = "a desk"


class SqlDeskDiaries:
    """The diaries of the practices that a desk of this standing may see."""

    def __init__(self, database: Database, standing: Standing) -> None:
        self._database = database
        self._standing = standing
        self._diaries = SqlDiaries(database)

    async def read_diaries(self) -> None:
        """Have them read at once; see DeskDiaries."""

        def work(tx: Connection) -> None:
            theirs = [Place(row.connection, row.location) for row in tx.execute(self._places())]
            places.ask(tx, theirs, Kind.NEAR, self._database.now(tx))

        # Most stores have no diary: on SQLite a write would keep other desks waiting for nothing.
        if await self._database.read(lambda tx: tx.execute(self._places().limit(1)).first()):
            await self._database.write(work)

    async def diary_runs(self, limit: int, after: int = 0) -> tuple[Run, ...]:
        """See DeskDiaries."""
        query = self._runs().where(DIARY_RUN.c.id > after).order_by(DIARY_RUN.c.id.desc())
        query = query.limit(min(limit, RUNS_LIMIT))
        return await self._database.read(lambda tx: tuple(map(runs.run, tx.execute(query))))

    async def held_change(self, number: int) -> HeldChange:
        """See DeskDiaries."""

        def work(tx: Connection) -> HeldChange:
            row = self._find(tx, number)
            run = runs.run(row)
            days, practitioners = self._whose(tx, run, row.missing)
            return HeldChange(run, days, practitioners, self._bookings(tx, run.examples))

        return await self._database.read(work)

    async def loose_ends(self) -> tuple[LooseEnds, ...]:
        """See DeskDiaries."""
        query = self._places().add_columns(PRACTICE.c.id, DIARY.c.sites, DIARY.c.words, DIARY.c.unread)

        def work(tx: Connection) -> tuple[LooseEnds, ...]:
            found = [self._loose_ends(tx, row) for row in tx.execute(query.order_by(PRACTICE.c.id)).all()]
            return tuple(one for one in found if one != LooseEnds(one.practice_id))

        return await self._database.read(work)

    async def decide_diary(self, number: int, decision: Decision, operator: Operator) -> Run:
        """See DeskDiaries."""
        if Scope.ADMIN not in self._standing.scopes:
            raise Refused(no_permission(Scope.ADMIN))
        await self._database.read(lambda tx: self._find(tx, number))
        return await carry_out(self._diaries, number, decision, operator, _OWNER)

    def _places(self) -> Select[Any]:
        """Select the places of the desk's practices."""
        query = select(DIARY.c.connection, DIARY.c.location).join(PRACTICE, _of_practice())
        return self._mine(query)

    def _runs(self) -> Select[Any]:
        query = select(DIARY_RUN, DIARY.c.connection, DIARY.c.location)
        query = query.join(DIARY, DIARY.c.id == DIARY_RUN.c.diary_id)
        return self._mine(query.join(PRACTICE, _of_practice()))

    def _mine(self, query: Select[Any]) -> Select[Any]:
        mine = self._standing.practices
        return query if mine is None else query.where(PRACTICE.c.id.in_(mine))

    def _find(self, tx: Connection, number: int) -> Row[Any]:
        row = tx.execute(self._runs().where(DIARY_RUN.c.id == number)).first()
        if row is None:
            raise NotFound("There is no such read of a diary here: look at Connections again.")
        return row

    def _bookings(self, tx: Connection, ids: Iterable[int]) -> tuple[Booking, ...]:
        query = self._mine(BOOKED.where(BOOKING.c.id.in_(list(ids))))
        return records.bookings(tx.execute(query.order_by(BOOKING.c.starts_at, BOOKING.c.id)))

    def _whose(
        self, tx: Connection, run: Run, missing: Sequence[str]
    ) -> tuple[tuple[tuple[date, int], ...], tuple[tuple[str, int], ...]]:
        """Return whose and of which days the bookings are that a run holds."""
        is_held = and_(MIRROR.c.state == OPEN, MIRROR.c.effect.in_(list(run.held)))
        query = select(BOOKING.c.local_date, PRACTITIONER.c.name, func.count().label("number"))
        query = query.select_from(MIRROR).join(BOOKING, BOOKING.c.id == MIRROR.c.booking_id)
        query = query.join(PRACTITIONER, PRACTITIONER.c.id == BOOKING.c.practitioner_id)
        query = query.where(at_place(run.place)).group_by(BOOKING.c.local_date, PRACTITIONER.c.name)
        days: Counter[date] = Counter()
        practitioners: Counter[str] = Counter()
        some: list[ColumnElement[bool]] = [is_held]
        for start in range(0, len(missing), _REFS_AT_ONCE):
            some.append(and_(~is_held, MIRROR.c.ref.in_(missing[start : start + _REFS_AT_ONCE])))
        for condition in some:
            for row in tx.execute(query.where(condition)):
                days[row.local_date] += row.number
                practitioners[row.name] += row.number
        most = tuple(practitioners.most_common(ENDS_LIMIT))
        return tuple(sorted(days.items())), most

    def _loose_ends(self, tx: Connection, row: Row[Any]) -> LooseEnds:
        now = self._database.now(tx)
        place = Place(row.connection, row.location)
        number = func.count().label("number")
        nameless = (
            select(PRACTITIONER.c.name, number)
            .join(BOOKING, BOOKING.c.practitioner_id == PRACTITIONER.c.id)
            .where(PRACTITIONER.c.practice_id == row.id, PRACTITIONER.c.pms_ref == "")
            .where(BOOKING.c.cancelled.is_(False), BOOKING.c.starts_at > now)
        )
        to_look_at = select(MIRROR.c.why, number).where(at_place(place), MIRROR.c.state == PERSON)
        return LooseEnds(
            row.id,
            Unmatched(row.sites, row.words, row.unread),
            _counted(tx, nameless.group_by(PRACTITIONER.c.name)),
            _counted(tx, to_look_at.group_by(MIRROR.c.why)),
            self._probable_moves(tx, place),
        )

    def _probable_moves(self, tx: Connection, place: Place) -> tuple[ProbableMove, ...]:
        """Return what a person may still link: a proposal counts until it ends."""
        of_place = and_(BOOKING_REF.c.connection == MIRROR.c.connection, BOOKING_REF.c.ref == MIRROR.c.ref)
        query = (
            select(BOOKING_REF.c.booking_id, MIRROR.c.booking_id)
            .join(MIRROR, and_(of_place, BOOKING_REF.c.location == MIRROR.c.location))
            .where(at_place(place), BOOKING_REF.c.how == PROPOSED, BOOKING_REF.c.until.is_(None))
            .where(or_(MIRROR.c.booking_id != BOOKING_REF.c.booking_id, MIRROR.c.booking_id.is_(None)))
            .order_by(BOOKING_REF.c.id.desc())
            .limit(ENDS_LIMIT)
        )
        pairs = [(was, now_is) for was, now_is in tx.execute(query) if now_is is not None]
        by_id = {one.id: one for one in self._bookings(tx, {one for pair in pairs for one in pair})}
        return tuple(
            ProbableMove(by_id[was], by_id[now_is]) for was, now_is in pairs if {was, now_is} <= by_id.keys()
        )


def _of_practice() -> ColumnElement[bool]:
    return and_(PRACTICE.c.pms_connection == DIARY.c.connection, PRACTICE.c.location == DIARY.c.location)


def _counted(tx: Connection, query: Select[Any]) -> tuple[tuple[str, int], ...]:
    found = ((row[0], row.number) for row in tx.execute(query))
    return tuple(sorted(found, key=lambda one: (-one[1], one[0]))[:ENDS_LIMIT])
