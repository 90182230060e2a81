"""Deliveries in a SQL database, as dispatchers carry them out; see DeliveryQueue."""

import random
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from frontdesk.attempts import (
    LEASE,
    LONGEST_PAUSE,
    LONGEST_WAIT,
    Claim,
    Ended,
    NextState,
    Result,
    RetryPolicy,
    after,
)
from frontdesk.bookings import Booking
from frontdesk.commands import Command
from frontdesk.deliveries import (
    OPEN_STATES,
    Delivery,
    Kind,
    Planned,
    State,
    Way,
    instead,
    next_channel,
    way_of,
)
from frontdesk.open_words import not_known_here
from frontdesk.store import records
from frontdesk.store.port import UnderLease
from frontdesk.store.sql import effects, selects, troubles
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.sealing import seal, tell_progress, went_on
from frontdesk.store.sql.selects import BOOKED, BOOKING, COMMAND, CONNECTION, DELIVERY, DISPATCHER
from frontdesk.store.sql.subjects import SUBJECTS
from frontdesk.store.sql.tables import Instant

_AT_ONCE = 100
_STATES = tuple(state.value for state in State)


class SqlQueue:
    """The outbox of a SQL store; see DeliveryQueue.

    A delivery is never put off by more than `LONGEST_WAIT`. A time further ahead was written
    by a clock that was wrong, and counts as past.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, connections: Collection[str], policy: RetryPolicy, booking_id: int | None = None
    ) -> Claim | None:
        names = sorted(connections)

        def look(tx: Connection) -> tuple[bool, bool]:
            now = self._database.now(tx)
            return (
                tx.execute(_near_a_lock_out(names, now, policy).limit(1)).first() is not None,
                tx.execute(_due(names, now, booking_id)).first() is not None,
            )

        # A dispatcher with nothing to do only reads: on SQLite a write would keep desks waiting.
        need_person, is_due = await self._database.read(look)
        if need_person:
            await self._database.write(lambda tx: self._call_a_person(tx, names, policy))
        if not is_due:
            return None
        return await self._database.write(lambda tx: self._take(tx, names, booking_id))

    def _take(self, tx: Connection, names: list[str], booking_id: int | None) -> Claim | None:
        now = self._database.now(tx)
        lease_until = now + LEASE
        not_readable: list[int] = []
        claim = None
        while len(not_readable) < _AT_ONCE:
            query = _due(names, now, booking_id).with_for_update(of=DELIVERY, skip_locked=True)
            row = tx.execute(query).one_or_none()
            if row is None:
                break
            try:
                command = _command(tx, row.command_id)
                if way_of(row.kind) is Way.OTHER:
                    raise ValueError(row.kind)
            except ValueError:
                # Nobody else's deliveries wait for what this program does not understand.
                _change(tx, row.id, _set_aside(now))
                not_readable.append(row.booking_id)
                continue
            if not troubles.may_try(tx, row.connection, now, lease_until):
                break
            values = {
                # What is unknown or needs a person stays so on the screen until something is proven.
                "state": State.CLAIMED.value if row.state == State.PENDING else row.state,
                "attempts": row.attempts + 1,
                # Whoever let a lease run out may have sent before.
                "unproven": row.unproven + (row.lease_until is not None),
                "lease_until": lease_until,
                "fence": row.fence + 1,
            }
            taken = _change(tx, row.id, values)
            delivery, booking = selects.delivery(taken), _booking(tx, row.booking_id)
            claim = Claim(delivery, booking, command, taken.fence, taken.unproven, now)
            break
        if not_readable:
            tell_progress(tx, self._database, not_readable, now)
        return claim

    def _call_a_person(self, tx: Connection, names: list[str], policy: RetryPolicy) -> None:
        now = self._database.now(tx)
        query = _near_a_lock_out(names, now, policy).order_by(DELIVERY.c.id).limit(_AT_ONCE)
        rows = tx.execute(query.with_for_update(of=DELIVERY, skip_locked=True)).all()
        if not rows:
            return
        why = troubles.why_locked_out(tx, {row.connection for row in rows})
        for row in rows:
            values = {"state": State.ATTENTION.value, "error": why[row.connection], "changed_at": now}
            _change(tx, row.id, values)
        tell_progress(tx, self._database, [row.booking_id for row in rows], now)

    async def finish(self, claim: Claim, result: Result, policy: RetryPolicy) -> Delivery | None:
        return await self._database.write(lambda tx: self._finish(tx, claim, result, policy))

    def _finish(self, tx: Connection, claim: Claim, result: Result, policy: RetryPolicy) -> Delivery | None:
        # Without a lease it was finished before: an answer of this very call that got lost.
        mine = DELIVERY.c.fence == claim.fence, DELIVERY.c.lease_until.is_not(None)
        query = select(DELIVERY).where(DELIVERY.c.id == claim.delivery.id, *mine)
        if claim.delivery.proves or result.ended is Ended.REFUSED:
            # In the one order of locks: its command may take effect by this, or fall, or another channel follow.
            SUBJECTS["booking"].lock(tx, [claim.delivery.booking_id])
            effects.lock_deliveries(tx, [claim.delivery.booking_id])
        row = tx.execute(query.with_for_update()).one_or_none()
        if row is None:
            return None
        now = self._database.now(tx)
        booking = _booking(tx, row.booking_id)
        chance = random.random()  # noqa: S311
        then = after(selects.delivery(row), booking.starts_at, result, now, policy, chance)
        if result.ended is Ended.REFUSED:
            then = _plan_next(tx, row, booking, then, now)
        nobody_knows = row.unproven + 1
        unproven = {Ended.UNKNOWN: nobody_knows, Ended.STUCK: nobody_knows, Ended.DONE: 0, Ended.REFUSED: 0}
        changed = _change(
            tx,
            row.id,
            {
                "state": then.state.value,
                "next_at": then.next_at,
                "lease_until": None,
                "unproven": unproven.get(result.ended, row.unproven),
                "is_refused": then.is_refused,
                "error": then.error,
                "note": then.note,
                "changed_at": now,
            },
        )
        deeds = []
        if changed.state == State.DONE:
            deeds = effects.take_effect(tx, changed, result.proof, now) if row.proves else []
            effects.free(tx, row.id, now)
        elif then.is_refused and row.proves:
            deeds = effects.fall(tx, changed, then.error, now)
            effects.free(tx, row.id, now)
        troubles.note(tx, claim.delivery, result, now)
        if deeds:
            seal(tx, self._database, *deeds, news=went_on([row.booking_id], now))
        else:
            tell_progress(tx, self._database, [row.booking_id], now)
        return selects.delivery(changed)

    async def next_due(self, connections: Collection[str]) -> float | None:
        names = sorted(connections)

        def work(tx: Connection) -> float | None:
            now = self._database.now(tx)
            at = tx.execute(_next_due(names, now)).scalar_one()
            return None if at is None else (at - now).total_seconds()

        return await self._database.read(work)

    async def under_lease(
        self, connections: Collection[str], booking_id: int | None = None
    ) -> UnderLease | None:
        names = sorted(connections)

        def work(tx: Connection) -> UnderLease | None:
            now = self._database.now(tx)
            query = select(func.count().label("number"), func.min(DELIVERY.c.lease_until).label("ends_at"))
            query = query.where(
                *_waiting(names, booking_id),
                DELIVERY.c.lease_until > now,
                ~_is_wrong(DELIVERY.c.lease_until, now),
            )
            row = tx.execute(query).one()
            return UnderLease(row.number, (row.ends_at - now).total_seconds()) if row.number else None

        return await self._database.read(work)

    async def unattended(self, without: str) -> int:
        under_way = [state.value for state in OPEN_STATES]
        counting = select(DELIVERY.c.state, DELIVERY.c.connection, func.count().label("number"))
        counting = counting.where(DELIVERY.c.state.in_(under_way))
        counting = counting.group_by(DELIVERY.c.state, DELIVERY.c.connection)

        def work(tx: Connection) -> int:
            others = troubles.living(self._database.now(tx)).where(DISPATCHER.c.id != without)
            return records.unattended(tx.execute(counting), tx.execute(others))

        return await self._database.read(work)

    async def heartbeat(self, dispatcher: str, connections: Collection[str]) -> None:
        await self._database.write(
            lambda tx: troubles.beat(tx, dispatcher, connections, self._database.now(tx))
        )

    async def retire(self, dispatcher: str) -> None:
        await self._database.write(lambda tx: troubles.retire(tx, dispatcher))


def _waiting(names: Collection[str], booking_id: int | None = None) -> list[ColumnElement[bool]]:
    """What will be tried, now or later, by somebody who reaches these connections."""
    conditions: list[ColumnElement[bool]] = [
        DELIVERY.c.next_at.is_not(None),
        DELIVERY.c.connection.in_(names),
        # A newer program's own states are its own affair.
        DELIVERY.c.state.in_(_STATES),
    ]
    if booking_id is not None:
        conditions.append(DELIVERY.c.booking_id == booking_id)
    return conditions


def _is_wrong(moment: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Whether a moment to come is further ahead than anything is ever put off."""
    return moment > now + LONGEST_WAIT


def _is_past(moment: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    return or_(moment <= now, _is_wrong(moment, now))


def _due(names: Collection[str], now: datetime, booking_id: int | None) -> Select[Any]:
    """Select what can be tried now, that which is due longest first."""
    return (
        select(DELIVERY)
        .where(
            *_waiting(names, booking_id),
            _is_past(DELIVERY.c.next_at, now),
            _has_no_lease(now),
            DELIVERY.c.connection.not_in(troubles.held(now)),
        )
        .order_by(DELIVERY.c.next_at, DELIVERY.c.id)
        .limit(1)
    )


def _has_no_lease(now: datetime) -> ColumnElement[bool]:
    return or_(DELIVERY.c.lease_until.is_(None), _is_past(DELIVERY.c.lease_until, now))


def _near_a_lock_out(names: Collection[str], now: datetime, policy: RetryPolicy) -> Select[Any]:
    """Select what waits behind a lock-out although its appointment is near."""
    return (
        select(DELIVERY)
        .join(BOOKING, BOOKING.c.id == DELIVERY.c.booking_id)
        .where(
            *_waiting(names),
            DELIVERY.c.state.in_([State.PENDING.value, State.UNKNOWN.value]),
            _has_no_lease(now),
            DELIVERY.c.connection.in_(troubles.locked_out(now)),
            BOOKING.c.starts_at < now + policy.near,
        )
    )


def _next_due(names: Collection[str], now: datetime) -> Select[Any]:
    """Select the moment when something can be tried, which may be past."""
    at = _later(DELIVERY.c.next_at, DELIVERY.c.lease_until, now)
    at = _later(at, CONNECTION.c.held_until, now)
    joined = DELIVERY.outerjoin(CONNECTION, CONNECTION.c.name == DELIVERY.c.connection)
    query = select(func.min(case((_is_wrong(at, now), literal(now, Instant)), else_=at)))
    return query.select_from(joined).where(*_waiting(names))


def _later(
    moment: ColumnElement[datetime], other: ColumnElement[datetime], now: datetime
) -> ColumnElement[datetime]:
    """The later of two moments, of which the other may be NULL or wrong."""
    counts = other > moment, ~_is_wrong(other, now)
    return case((counts[0] & counts[1], other), else_=moment)


def _plan_next(tx: Connection, row: Row[Any], booking: Booking, then: NextState, now: datetime) -> NextState:
    """Let the patient's next channel take the place of a message refused for ever, if there is one."""
    if row.kind not in {Kind.PATIENT_EMAIL, Kind.PATIENT_SMS}:
        return then
    tried = select(DELIVERY.c.kind).where(DELIVERY.c.command_id == row.command_id)
    kinds = set(tx.execute(tried).scalars())
    following = next_channel(booking, booking.practice, kinds)
    if following is None:
        return then
    made = insert(DELIVERY).values(**_following(row, following, then, now)).returning(DELIVERY.c.id)
    waiting = update(DELIVERY).where(DELIVERY.c.waits_for == row.id)
    tx.execute(waiting.values(waits_for=tx.execute(made).scalar_one()))
    return NextState(State.SETTLED, None, then.error, instead(following.kind), is_refused=True)


def _set_aside(now: datetime) -> dict[str, Any]:
    """Return what is noted of a delivery that only another program can carry out: a person is called meanwhile."""
    return {
        "state": State.ATTENTION.value,
        "next_at": now + LONGEST_PAUSE,
        "error": not_known_here("what was asked for"),
        "changed_at": now,
    }


def _following(row: Row[Any], following: Planned, then: NextState, now: datetime) -> dict[str, Any]:
    values = selects.planned_values(following, now)
    if row.state == State.ATTENTION:
        # The patient needed a person already, and still does until a message is proven sent.
        values |= {"state": State.ATTENTION.value, "error": then.error}
    return {"command_id": row.command_id, "booking_id": row.booking_id, **values}


def _booking(tx: Connection, booking_id: int) -> Booking:
    (found,) = records.bookings(tx.execute(BOOKED.where(BOOKING.c.id == booking_id)))
    return found


def _command(tx: Connection, command_id: UUID) -> Command:
    return selects.command(tx.execute(select(COMMAND).where(COMMAND.c.id == command_id)).one())


def _change(tx: Connection, delivery_id: int, values: dict[str, Any]) -> Row[Any]:
    tx.execute(update(DELIVERY).where(DELIVERY.c.id == delivery_id).values(**values))
    return tx.execute(select(DELIVERY).where(DELIVERY.c.id == delivery_id)).one()
