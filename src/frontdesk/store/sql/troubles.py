"""How things stand with the world outside: connections in trouble, and who dispatches.

A connection is how one account of a PMS, or mail or SMS, is reached; `tx` is the transaction.
"""

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, or_, select, text, update

from frontdesk.attempts import LOCK_OUT, LONGEST_WAIT, Ended, Result
from frontdesk.deliveries import BILLER_CONNECTION, MAIL_CONNECTION, SMS_CONNECTION, Delivery
from frontdesk.store.records import ALIVE
from frontdesk.store.sql.selects import CONNECTION, DISPATCHER, PRACTICE
from frontdesk.store.sql.tables import Instant

FORGOTTEN = timedelta(days=1)
"""A dispatcher silent for so long has gone without a word."""

_MESSAGES = {MAIL_CONNECTION: "E-mail", SMS_CONNECTION: "SMS", BILLER_CONNECTION: "Biller"}

_KNOW = text(
    "INSERT INTO connection (name, shown, is_locked_out, why) VALUES (:name, :shown, FALSE, '') "
    "ON CONFLICT (name) DO NOTHING"
)
_BEAT = text(
    "INSERT INTO dispatcher (id, connections, seen_at) VALUES (:id, :connections, :seen_at) "
    "ON CONFLICT (id) DO UPDATE SET connections = excluded.connections, seen_at = excluded.seen_at"
).bindparams(bindparam("seen_at", type_=Instant))


def held(now: datetime) -> Select[Any]:
    """Select the names of the connections that no attempt may begin on at `now`.

    A connection that is held for longer than `LONGEST_WAIT` was noted by a wrong clock, and does not count.
    """
    return select(CONNECTION.c.name).where(
        CONNECTION.c.held_until > now, CONNECTION.c.held_until <= now + LONGEST_WAIT
    )


def locked_out(now: datetime) -> Select[Any]:
    """Select the names of connections, held at `now`, that do not accept our credential."""
    return held(now).where(CONNECTION.c.is_locked_out)


def why_locked_out(tx: Connection, names: Collection[str]) -> dict[str, str]:
    """Return why these connections do not let us in, in the operator's words."""
    query = select(CONNECTION.c.name, CONNECTION.c.why).where(CONNECTION.c.name.in_(names))
    return {row.name: row.why for row in tx.execute(query)}


def may_try(tx: Connection, name: str, now: datetime, probe_ends: datetime) -> bool:
    """Whether an attempt may begin on the connection `name`.

    One that locked us out is tried by one attempt at a time: it is held until `probe_ends`.
    """
    query = select(CONNECTION).where(CONNECTION.c.name == name, CONNECTION.c.is_locked_out)
    row = tx.execute(query.with_for_update()).one_or_none()
    if row is None:
        return True
    # Another dispatcher may have begun one while the row was waited for.
    if tx.execute(held(now).where(CONNECTION.c.name == name)).first() is not None:
        return False
    _set(tx, name, {"held_until": probe_ends})
    return True


def release(tx: Connection, name: str) -> None:
    """Let a connection be tried again at once."""
    _set(tx, name, {"held_until": None})


def note(tx: Connection, delivery: Delivery, result: Result, now: datetime) -> None:
    """Write down what an attempt at `delivery` says of its whole connection."""
    if result.is_ours:
        return
    name = delivery.connection
    shown = _MESSAGES.get(name, delivery.target)
    query = select(CONNECTION).where(CONNECTION.c.name == name).with_for_update()
    row = tx.execute(query).one_or_none()
    if row is None:
        if not _new_values(None, shown, result, now):
            return
        tx.execute(_KNOW, {"name": name, "shown": shown})
        row = tx.execute(query).one()
    values = _new_values(row, shown, result, now)
    if values:
        _set(tx, name, values)


def _new_values(row: Row[Any] | None, shown: str, result: Result, now: datetime) -> dict[str, Any]:
    """Return the columns that `result` changes; `row` is None for a connection never in trouble."""
    was_out = row is not None and row.is_locked_out
    since = row.trouble_since if row is not None else None
    values: dict[str, Any] = {}
    if result.ended is Ended.LOCKED_OUT:
        values = {"is_locked_out": True, "why": result.said, "held_until": now + LOCK_OUT}
        if not was_out:
            values["trouble_since"] = now
    elif result.is_away or result.ended is Ended.UNKNOWN:
        if since is None:
            values["trouble_since"] = now
    elif result.ended is not Ended.STUCK:
        if since is not None:
            values = {"trouble_since": None, "why": ""}
        if was_out:
            values |= {"is_locked_out": False, "held_until": None}
    if result.not_before is not None:
        wanted = min(result.not_before, now + LONGEST_WAIT)
        there = values.get("held_until") or (row.held_until if row is not None else None)
        if wanted > now and (there is None or wanted > there):
            values["held_until"] = wanted
    if values and row is not None and row.shown != shown:
        values["shown"] = shown
    return values


def _set(tx: Connection, name: str, values: dict[str, Any]) -> None:
    tx.execute(update(CONNECTION).where(CONNECTION.c.name == name).values(**values))


def beat(tx: Connection, dispatcher: str, connections: Iterable[str], now: datetime) -> None:
    """Note that a dispatcher is alive, and forget those that have long been silent."""
    reaches = json.dumps(sorted(connections))
    tx.execute(_BEAT, {"id": dispatcher, "connections": reaches, "seen_at": now})
    tx.execute(delete(DISPATCHER).where(DISPATCHER.c.seen_at < now - FORGOTTEN))


def retire(tx: Connection, dispatcher: str) -> None:
    """Forget a dispatcher."""
    tx.execute(delete(DISPATCHER).where(DISPATCHER.c.id == dispatcher))


def living(now: datetime) -> Select[Any]:
    """Select the connections of each living dispatcher; one whose time is in the future does not count."""
    return select(DISPATCHER.c.connections).where(DISPATCHER.c.seen_at.between(now - ALIVE, now + ALIVE))


def troubled(practices: Collection[str] | None) -> Select[Any]:
    """Select the connections in trouble that these practices have; None means all."""
    query = select(
        CONNECTION.c.name, CONNECTION.c.shown, CONNECTION.c.trouble_since, CONNECTION.c.is_locked_out
    )
    query = query.where(CONNECTION.c.trouble_since.is_not(None)).order_by(CONNECTION.c.name)
    if practices is None:
        return query
    theirs = select(PRACTICE.c.pms_connection).where(PRACTICE.c.id.in_(practices))
    return query.where(or_(CONNECTION.c.name.in_(theirs), CONNECTION.c.name.in_(_MESSAGES)))
