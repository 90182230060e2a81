"""Commands that take effect when the PMS has proven them: what ends their intents.

An intent ends in one of three ways: its delivery is proven, it is refused for ever, or a cancel
comes before it was sent. What waits for the delivery is then begun, or dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from frontdesk.bookings import Booking, Operator, Reason, Standing, reason_not_known
from frontdesk.commands import Ask, Changes, Command, Held, Settle, Subject
from frontdesk.deliveries import (
    NOT_DONE,
    NOT_NEEDED,
    OPEN_STATES,
    Kind,
    Planned,
    State,
    Way,
    after_unsaid,
    way_of,
)
from frontdesk.errors import Refused
from frontdesk.store.port import DISPATCHER
from frontdesk.store.sql import selects
from frontdesk.store.sql.holding import lock, save
from frontdesk.store.sql.proving import EFFECT_OF, proof_of_effect, proof_of_things
from frontdesk.store.sql.sealing import Deed
from frontdesk.store.sql.selects import ADJUSTMENT, COMMAND, DELIVERY

_UNSENT = frozenset({State.PENDING.value, State.ATTENTION.value})

_OVER = {Kind.PMS_TAKE_BACK_NO_SHOW: "it was marked again"}
"""Why nobody needs a delivery of a kind any more, where it is not that it was taken back."""


@dataclass(frozen=True, slots=True)
class Met:
    """What an open intent means for the command that meets it.

    It `has_fallen` when it was never sent; else `waits_for` is its delivery, which is to be
    proven before the PMS is told anything else.
    """

    has_fallen: bool = False
    waits_for: int | None = None


def meet_intent(tx: Connection, held: Held[Any], ask: Ask, now: datetime) -> Met:
    """Let a command meet the intent that its subject has open, if it has. Raises Refused."""
    thing = held.thing
    if not isinstance(thing, Booking) or thing.intent is None:
        return Met()
    if ask.needs_proof:
        raise Refused(Reason("under-way", "it is being changed in the PMS now: wait until the PMS answers"))
    if not ask.ends_intent:
        return Met()
    mine = [row for row in lock_deliveries(tx, [thing.id]) if row.command_id == thing.intent.command_id]
    (row,) = [one for one in mine if one.proves]
    # Who has it tried again begins to count tries anew, and knows no more than before.
    if row.state in _UNSENT and not row.attempts and not row.unproven and row.lease_until is None:
        _drop(tx, row.command_id, f"{NOT_DONE}it was cancelled before", now)
        return Met(has_fallen=True)
    return Met(waits_for=row.id)


def in_order(
    tx: Connection, held: Held[Any], ask: Ask, planned: tuple[Planned, ...], now: datetime
) -> tuple[tuple[Planned, ...], int | None]:
    """Return what is still to be planned, and the delivery that the PMS's own one has to wait for.

    What a PMS is told of one booking is told in order, and what had certainly no effect when it is
    taken back is not told at all. Where a person was called, or may have been before it was tried
    again, that one may have done it already.
    """
    last = last_open(tx, held.thing.id, Way.PMS)
    if last is None:
        return planned, None
    if last.kind != ask.takes_back or last.state not in _UNSENT or last.unproven or last.lease_until:
        return planned, last.id
    over = _OVER.get(last.kind, "it was taken back")
    if last.state == State.ATTENTION or last.error:
        _settle(tx, [last.id], f"{NOT_NEEDED}{over}", now)
        return tuple(after_unsaid(one, last.kind) for one in planned), None
    _settle(tx, [last.id], f"{NOT_DONE}{over} before", now)
    return tuple(one for one in planned if one.way is not Way.PMS), None


def drop_unsent(tx: Connection, booking_ids: Sequence[int], kind: str, why: str, now: datetime) -> None:
    """Settle what nobody needs any more of these bookings and nobody has begun. They are locked already."""
    unsent = select(DELIVERY.c.id).where(
        DELIVERY.c.booking_id.in_(booking_ids),
        DELIVERY.c.kind == kind,
        DELIVERY.c.state.in_(_UNSENT),
        DELIVERY.c.unproven == 0,
        DELIVERY.c.lease_until.is_(None),
    )
    _settle(tx, tx.execute(unsent).scalars().all(), f"{NOT_NEEDED}{why}", now)


def lock_deliveries(tx: Connection, booking_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Lock all deliveries of bookings, which are locked already, in the one order of locks; return their rows."""
    theirs = select(DELIVERY).where(DELIVERY.c.booking_id.in_(booking_ids))
    return tx.execute(theirs.order_by(DELIVERY.c.id).with_for_update()).all()


def lock_requests(tx: Connection, booking_ids: Sequence[int]) -> Sequence[int]:
    """Lock all requests of bookings, which are locked already, in the one order of locks; return their ids."""
    theirs = select(ADJUSTMENT.c.id).where(ADJUSTMENT.c.booking_id.in_(booking_ids))
    return tx.execute(theirs.order_by(ADJUSTMENT.c.id).with_for_update()).scalars().all()


def last_open(tx: Connection, booking_id: int | None, way: Way) -> Row[Any] | None:
    """Return, locked, the last delivery of a booking by this way that has not come to its end, or None.

    An ask that comes here names deliveries in `locks`, so that they are locked in the one order.
    """
    going_on = [state.value for state in (*OPEN_STATES, State.ATTENTION)]
    of_the_booking = DELIVERY.c.booking_id == booking_id, DELIVERY.c.state.in_(going_on)
    found = tx.execute(select(DELIVERY).where(*of_the_booking).order_by(DELIVERY.c.id).with_for_update())
    return next((row for row in reversed(found.all()) if way_of(row.kind) is way), None)


def take_effect(tx: Connection, row: Row[Any], proof: Mapping[str, str], now: datetime) -> list[Deed]:
    """Let the command that a delivery has proven take effect. Its booking is locked already."""
    command, held = _open(tx, row)
    if held is None:
        return []
    changes = command.ask.done(replace(held, proof=proof), command.operator, now)
    return [_end(tx, command, held, changes, {"effect": "done", **proof}, now)]


def fall(tx: Connection, row: Row[Any], why: str, now: datetime) -> list[Deed]:
    """End the intent of a delivery that was refused for ever, and drop what has waited for it."""
    command, held = _open(tx, row)
    if held is None:
        return []
    _drop(tx, command.id, f"{NOT_DONE}{why}", now, but=row.id)
    return [_end(tx, command, held, Changes(held.thing), {"effect": "refused", "why": why}, now)]


def overtaken(tx: Connection, command_id: UUID, after: Booking, why: str, now: datetime) -> Deed:
    """End a command that was never sent, as a source has come before it; its booking is written without it already."""
    asked = tx.execute(select(COMMAND).where(COMMAND.c.id == command_id)).one()
    _drop(tx, command_id, f"{NOT_DONE}{why}", now)
    return Deed(
        asked.kind,
        Operator(asked.operator, asked.via),
        now,
        subject=Subject(asked.subject_kind, asked.subject_id),
        booking_id=after.id,
        detail={"effect": "refused", "why": why, "version": str(after.version)},
        proof={EFFECT_OF: str(command_id), **proof_of_things(after)},
    )


def free(tx: Connection, delivery_id: int, now: datetime) -> None:
    """Begin what has waited for a delivery."""
    _free(tx, [delivery_id], now)


def _free(tx: Connection, ids: Sequence[int], now: datetime) -> None:
    waiting = DELIVERY.c.waits_for.in_(ids), DELIVERY.c.state == State.PENDING.value
    found = select(DELIVERY.c.id).where(*waiting, DELIVERY.c.next_at.is_(None)).order_by(DELIVERY.c.id)
    if freed := tx.execute(found.with_for_update()).scalars().all():
        tx.execute(update(DELIVERY).where(DELIVERY.c.id.in_(freed)).values(next_at=now))


def of_settling(tx: Connection, command: Command, now: datetime) -> list[Deed]:
    """Do what follows when a person has dealt with a delivery that others, or a command, have waited for."""
    if not isinstance(command.ask, Settle):
        return []
    row = tx.execute(select(DELIVERY).where(DELIVERY.c.id == command.subject.id)).one()
    if not command.ask.is_done:
        deeds = fall(tx, row, command.ask.note, now) if row.proves else []
    else:
        deeds = take_effect(tx, row, {"by hand": command.ask.note}, now) if row.proves else []
    free(tx, row.id, now)
    return deeds


def _open(tx: Connection, row: Row[Any]) -> tuple[Command, Held[Any] | None]:
    asked = tx.execute(select(COMMAND).where(COMMAND.c.id == row.command_id)).one()
    try:
        command = selects.command(asked)
    except ValueError:
        raise Refused(reason_not_known("what was asked for")) from None
    held = lock(tx, command.subject, command.ask.reads, Standing())
    is_open = held.thing.intent is not None and held.thing.intent.command_id == command.id
    return command, held if is_open else None


def _end(
    tx: Connection,
    command: Command,
    held: Held[Any],
    changes: Changes[Any],
    detail: Mapping[str, str],
    now: datetime,
) -> Deed:
    ended = replace(changes, thing=replace(changes.thing, intent=None))
    after = save(tx, held, ended, command.operator, now)
    return Deed(
        command.ask.kind,
        command.operator,
        now,
        subject=command.subject,
        booking_id=command.subject.id,
        detail={**detail, "version": str(after.thing.version)},
        proof=proof_of_effect(command, after),
    )


def _drop(tx: Connection, command_id: Any, note: str, now: datetime, but: int | None = None) -> None:
    open_states = [state.value for state in (*OPEN_STATES, State.ATTENTION)]
    dropped = select(DELIVERY.c.id).where(
        DELIVERY.c.command_id == command_id, DELIVERY.c.state.in_(open_states)
    )
    _settle(tx, [one for one in tx.execute(dropped).scalars() if one != but], note, now)


def _settle(tx: Connection, ids: Sequence[int], note: str, now: datetime) -> None:
    """Settle deliveries that nobody needs any more; what other commands had wait for them is begun."""
    tx.execute(
        update(DELIVERY)
        .where(DELIVERY.c.id.in_(ids))
        .values(
            state=State.SETTLED.value,
            note=note,
            settled_by=DISPATCHER.name,
            settled_via=DISPATCHER.via,
            next_at=None,
            lease_until=None,
            changed_at=now,
        )
    )
    _free(tx, ids, now)
