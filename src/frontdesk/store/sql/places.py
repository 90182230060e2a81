"""Places, as rows: how they stand, who has which, and what of an account's requests its readers may use."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)

from frontdesk.arrivals import Place
from frontdesk.attempts import LONGEST_WAIT
from frontdesk.diary_runs import BETWEEN_WAKES, LEASE, Decision, Kind, Lease, LeaseLost, PlaceState, Unmatched
from frontdesk.store import records
from frontdesk.store.sql import troubles
from frontdesk.store.sql.selects import CONNECTION, DIARY, DIARY_RUN, PRACTICE
from frontdesk.store.sql.tables import Instant
from frontdesk.store_state import DIARIES_AT_ONCE

_LONGEST_LEASE = 2 * LEASE
"""A lease that ends later was written by a clock that was wrong. Who had to wait for a row has read the time
before the one who has it now: their lease ends a little later than one that begins at that time."""

LONGEST_REST = timedelta(hours=8)
"""No place rests for longer: a time further ahead was written by a clock that was wrong, and counts as past."""

READ_SHARE = 2 / 3
"""The part of an account's requests that all its readers together may use; the rest is for what is written there."""

_KNOW = text(
    "INSERT INTO connection (name, shown, is_locked_out, why, read_until) "
    "VALUES (:name, :shown, FALSE, '', :until) ON CONFLICT (name) DO NOTHING"
).bindparams(bindparam("until", type_=Instant))
NO_TROUBLE: Mapping[str, Any] = {"failures": 0, "failing_since": None, "trouble": "", "is_refused": False}
"""The columns of a place where all is well."""


_STATES = select(DIARY, DIARY_RUN.c.held, DIARY_RUN.c.decision).outerjoin(
    DIARY_RUN, DIARY_RUN.c.id == DIARY.c.held_run
)


def states(tx: Connection) -> tuple[PlaceState, ...]:
    """Return how all places stand, in the order in which they became known."""
    return tuple(map(_state, tx.execute(_STATES.order_by(DIARY.c.id))))


def _state(row: Row[Any]) -> PlaceState:
    fewer, changes = records.held_numbers(row.held or {})
    return PlaceState(
        Place(row.connection, row.location),
        number=row.id,
        next_at=row.next_at,
        asked=Kind(row.asked) if row.asked else None,
        cursor=row.cursor,
        skew=timedelta(seconds=row.skew_seconds),
        baseline_at=row.baseline_at,
        changes_at=row.changes_at,
        near_at=row.near_at,
        full_at=row.full_at,
        read_at=max(filter(None, (row.changes_at, row.near_at)), default=None),
        answered_at=row.answered_at,
        pause=timedelta(seconds=row.pause_seconds),
        failures=row.failures,
        failing_since=row.failing_since,
        trouble=row.trouble,
        is_refused=row.is_refused,
        held=row.held_run,
        held_fewer=fewer,
        held_changes=changes,
        is_believed=row.decision == Decision.APPLY,
        is_pushed=row.is_pushed,
        unmatched=Unmatched(row.sites, row.words, row.unread),
    )


def heard(practices: Collection[str] | None) -> Select[Any]:
    """Select how the diaries of these practices stand, those in trouble first; None means all."""
    joined = DIARY.join(
        PRACTICE,
        and_(PRACTICE.c.pms_connection == DIARY.c.connection, PRACTICE.c.location == DIARY.c.location),
    ).outerjoin(DIARY_RUN, DIARY_RUN.c.id == DIARY.c.held_run)
    columns = (
        *(DIARY.c.next_at, DIARY.c.until, DIARY.c.baseline_at, DIARY.c.changes_at, DIARY.c.near_at),
        *(DIARY.c.full_at, DIARY.c.pause_seconds, DIARY.c.failures, DIARY.c.failing_since),
        *(DIARY.c.trouble, DIARY.c.is_refused, DIARY.c.is_pushed, DIARY.c.asked, DIARY.c.held_run),
    )
    query = select(PRACTICE.c.id, *columns, DIARY_RUN.c.held).select_from(joined)
    if practices is not None:
        query = query.where(PRACTICE.c.id.in_(practices))
    is_well = DIARY.c.held_run.is_(None), DIARY.c.failures == 0
    return query.order_by(*is_well, DIARY.c.next_at, PRACTICE.c.id).limit(DIARIES_AT_ONCE)


def keep(tx: Connection, places: Collection[Place], now: datetime, *, is_pushed: bool) -> None:
    """Make rows for the places that have none, and note of all whether they are pushed."""
    there = {
        (row.connection, row.location) for row in tx.execute(select(DIARY.c.connection, DIARY.c.location))
    }
    for place in places:
        if (place.connection, place.location) not in there:
            tx.execute(insert(DIARY).values(**_new(place, now)))
    tx.execute(update(DIARY).where(_among(places)).values(is_pushed=is_pushed))


def _new(place: Place, now: datetime) -> dict[str, Any]:
    return {
        "connection": place.connection,
        "location": place.location,
        "next_at": now,
        "asked": "",
        "owner": "",
        "fence": 0,
        "skew_seconds": 0.0,
        "pause_seconds": 0.0,
        "failures": 0,
        "trouble": "",
        "is_refused": False,
        "ignored": {},
        "sites": {},
        "words": {},
        "unread": 0,
        "is_pushed": False,
    }


def is_any_due(tx: Connection, places: Collection[Place], now: datetime) -> bool:
    """Whether there is a place to take on."""
    return tx.execute(_due(places, now).limit(1)).first() is not None


def claim(
    tx: Connection, owner: str, places: Collection[Place], now: datetime, *, is_listener: bool
) -> Lease | None:
    """Take on the place that is due longest, unless another place of its account is somebody's; see Diaries."""
    passed: set[str] = set()
    while True:
        query = _due(places, now).where(DIARY.c.connection.not_in(passed)).limit(1)
        row = tx.execute(query.with_for_update(of=DIARY, skip_locked=True)).one_or_none()
        if row is None:
            return None
        if _is_account_free(tx, row.connection, owner if is_listener else "", now):
            return take(tx, row.id, owner, now)
        passed.add(row.connection)


def _is_account_free(tx: Connection, connection: str, owner: str, now: datetime) -> bool:
    """Whether nobody but `owner` has, or is about to have, a place of the account."""
    of_account = DIARY.c.connection == connection
    query = select(DIARY.c.until, DIARY.c.owner).where(of_account)
    locked = tx.execute(query.with_for_update(skip_locked=True)).all()
    number = tx.execute(select(func.count()).select_from(DIARY).where(of_account)).scalar_one()
    others = [row.until for row in locked if row.until is not None and row.owner != owner]
    is_read = any(now < until <= now + _LONGEST_LEASE for until in others)
    return len(locked) == number and not is_read


def take(tx: Connection, number: int, owner: str, now: datetime) -> Lease:
    """Give a place to `owner`, whoever had it; what somebody asked of it is asked of this one."""
    row = tx.execute(_STATES.where(DIARY.c.id == number)).one()
    fence: int = row.fence + 1
    values = {"owner": owner, "fence": fence, "until": now + LEASE, "asked": ""}
    tx.execute(update(DIARY).where(DIARY.c.id == number).values(**values))
    return Lease(_state(row), fence, now)


def renew(tx: Connection, lease: Lease, now: datetime) -> None:
    """Keep a place for as long as a lease lasts, and keep others out until the commit. Raises LeaseLost."""
    put(tx, lease, until=now + LEASE)


def put(tx: Connection, lease: Lease, **values: Any) -> None:
    """Write columns of a place that is still its reader's. Raises LeaseLost."""
    mine = DIARY.c.id == lease.state.number, DIARY.c.fence == lease.fence
    if tx.execute(update(DIARY).where(*mine).values(**values)).rowcount == 0:
        raise LeaseLost


def row_of(tx: Connection, lease: Lease) -> Row[Any]:
    """Return the row of a place that was renewed in this transaction."""
    return tx.execute(select(DIARY).where(DIARY.c.id == lease.state.number)).one()


def let_go(tx: Connection, lease: Lease, pause: timedelta, now: datetime, **values: Any) -> None:
    """Give a place up, to be read again after `pause`, or at once where somebody asked for it meanwhile.

    What the PMS itself asked for has its time.
    """
    is_asked = DIARY.c.asked != ""
    is_woken = DIARY.c.woken_at.between(now, now + BETWEEN_WAKES)
    next_at = case(
        (is_asked & is_woken, DIARY.c.woken_at),
        (is_asked, literal(now, Instant)),
        else_=literal(now + pause, Instant),
    )
    put(tx, lease, owner="", until=None, next_at=next_at, **values)


def ask(tx: Connection, places: Collection[Place], kind: Kind, now: datetime) -> None:
    """Have places read at once."""
    tx.execute(update(DIARY).where(_among(places)).values(asked=kind.value, next_at=now, is_refused=False))


def wake(tx: Connection, connection: str, kind: Kind, now: datetime) -> None:
    """Have the places of an account read soon; see Diaries."""
    query = select(DIARY).where(
        DIARY.c.connection == connection, DIARY.c.is_refused.is_(False), DIARY.c.is_pushed.is_(False)
    )
    for row in tx.execute(query.order_by(DIARY.c.id).with_for_update()).all():
        at = _next_wake(row.woken_at, now)
        if at is None:
            continue
        values = {"woken_at": at, "next_at": min(row.next_at, at), "asked": row.asked or kind.value}
        tx.execute(update(DIARY).where(DIARY.c.id == row.id).values(**values))


def _next_wake(woken_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a place is to be read that is called for now, None where that is to be already."""
    if woken_at is None or not now - BETWEEN_WAKES < woken_at <= now + BETWEEN_WAKES:
        return now
    return woken_at + BETWEEN_WAKES if woken_at <= now else None


def next_due(tx: Connection, places: Collection[Place], now: datetime) -> float | None:
    """Return in how many seconds a place is due, 0 or less for now, None for never."""
    at = _later(DIARY.c.next_at, DIARY.c.until, _LONGEST_LEASE, now)
    at = _later(at, CONNECTION.c.held_until, LONGEST_WAIT, now)
    joined = DIARY.outerjoin(CONNECTION, CONNECTION.c.name == DIARY.c.connection)
    wrong = at > now + LONGEST_REST
    query = select(func.min(case((wrong, literal(now, Instant)), else_=at))).select_from(joined)
    first = tx.execute(query.where(_among(places))).scalar_one()
    return None if first is None else (first - now).total_seconds()


def _later(
    moment: ColumnElement[datetime], other: ColumnElement[datetime], longest: timedelta, now: datetime
) -> ColumnElement[datetime]:
    """The later of two moments, of which the other may be NULL or wrong."""
    return case(((other > moment) & (other <= now + longest), other), else_=moment)


def _due(places: Collection[Place], now: datetime) -> Select[Any]:
    """Select the places that can be read now, those first that somebody asks for, then those due longest."""
    return (
        select(DIARY)
        .where(
            _among(places),
            or_(DIARY.c.next_at <= now, DIARY.c.next_at > now + LONGEST_REST),
            or_(DIARY.c.until.is_(None), DIARY.c.until <= now, DIARY.c.until > now + _LONGEST_LEASE),
            DIARY.c.connection.not_in(troubles.held(now)),
        )
        .order_by(case((DIARY.c.asked != "", 0), else_=1), DIARY.c.next_at, DIARY.c.id)
    )


def _among(places: Collection[Place]) -> ColumnElement[bool]:
    pairs = [(place.connection, place.location) for place in places]
    return tuple_(DIARY.c.connection, DIARY.c.location).in_(pairs)


def use_requests(tx: Connection, connection: str, number: int, per_minute: int, now: datetime) -> float:
    """Take so many of the requests that readers may send to an account; return the seconds until they may go."""
    tx.execute(_KNOW, {"name": connection, "shown": connection, "until": None})
    query = select(CONNECTION.c.read_until).where(CONNECTION.c.name == connection)
    until = tx.execute(query.with_for_update()).scalar_one()
    # A time far ahead was written by a clock that was wrong.
    begins = until if until is not None and now < until <= now + LONGEST_WAIT else now
    used = timedelta(minutes=number / (per_minute * READ_SHARE))
    tx.execute(update(CONNECTION).where(CONNECTION.c.name == connection).values(read_until=begins + used))
    return (begins - now).total_seconds()


def leave_alone(tx: Connection, connection: str, shown: str, until: datetime, now: datetime) -> None:
    """Have nothing sent to an account for a while, by readers and dispatchers alike."""
    tx.execute(_KNOW, {"name": connection, "shown": shown, "until": None})
    wanted = min(until, now + LONGEST_WAIT)
    is_longer = or_(CONNECTION.c.held_until.is_(None), CONNECTION.c.held_until < wanted)
    tx.execute(update(CONNECTION).where(CONNECTION.c.name == connection, is_longer).values(held_until=wanted))
