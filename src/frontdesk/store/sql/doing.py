"""The one transaction: what any command writes, in the order that makes it safe."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from frontdesk.api.asks import content_of, payload_of
from frontdesk.bookings import Intent, Operator, Reason, Standing, reason_not_known, why_not_write
from frontdesk.commands import Changes, Command, Done, Subject
from frontdesk.deliveries import Planned, State, Way
from frontdesk.errors import NotFound, Refused
from frontdesk.store.sql import effects, selects
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.holding import lock, save
from frontdesk.store.sql.proving import proof_of
from frontdesk.store.sql.sealing import Deed, News, seal
from frontdesk.store.sql.selects import BOOKING, COMMAND, DELIVERY, GIVEN_UP
from frontdesk.store.sql.subjects import SUBJECTS, kind_of

# Made once: to build a statement takes longer than SQLite takes to carry it out.
_COMMAND = select(COMMAND).where(COMMAND.c.id == bindparam("command_id"))
_GIVEN_UP = select(GIVEN_UP).where(
    GIVEN_UP.c.command_id == bindparam("command_id"), GIVEN_UP.c.via == bindparam("via")
)
_WRITE_COMMAND, _WRITE_DELIVERIES = insert(COMMAND), insert(DELIVERY)
_HAS_DELIVERIES = update(BOOKING).where(BOOKING.c.id == bindparam("booking_id")).values(has_deliveries=True)


def do(tx: Connection, database: Database, command: Command, standing: Standing) -> Done[Any]:
    """Carry out a cleaned command; see Commands.do.

    The time is read after the subject is locked: a cancel that had to wait for another
    desk must not pass an appointment that began meanwhile.
    """
    ask, by = command.ask, command.operator
    database.lock_command(tx, command.id)
    earlier = tx.execute(_COMMAND, {"command_id": command.id}).one_or_none()
    if earlier is not None:
        if earlier.content != content_of(command):
            raise Refused(Reason("id-reused", "this command's id was used for another command: start again"))
        return done_of(tx, earlier, standing)
    if _is_given_up(tx, command.id, standing):
        raise Refused(
            Reason("given-up", "the desk gave it up before it arrived: nothing was done, start again")
        )
    subject = SUBJECTS[command.subject.kind]
    held = lock(tx, command.subject, ask.reads, standing, ask.locks)
    now = database.now(tx)
    if not_allowed := why_not_write(subject.practice(tx, held.thing), standing, ask.scope):
        raise Refused(not_allowed)
    is_compared = ask.needs_version or command.seen
    if is_compared and subject.version(held.thing) != command.seen:
        raise subject.conflict(tx, held.thing, now)
    if reason := ask.why_not(held, now, standing) or ask.why_not_by(held, by):
        raise Refused(reason)
    met = effects.meet_intent(tx, held, ask, now)
    changes = ask.done(held, by, now)
    planned = ask.follows(held, changes.thing)
    waits_for = met.waits_for
    if ask.takes_back:
        planned, waits_for = effects.in_order(tx, held, ask, planned, now)
    if ask.needs_proof and any(one.proves for one in planned):
        changes = Changes(replace(held.thing, intent=Intent(command.id, ask.kind, now)))
    elif met.has_fallen:
        changes = replace(changes, thing=replace(changes.thing, intent=None))
    after = save(tx, held, changes, by, now)
    deed = recorded(tx, command, planned, after, ask.told(held), now, waits_for)
    others = effects.of_settling(tx, command, now)
    seal(tx, database, deed, *others, news=news_beside(after, by, now))
    return Done(command.id, ask.kind, now, after.thing)


def recorded(
    tx: Connection,
    command: Command,
    planned: Sequence[Planned],
    after: Changes[Any],
    told: Mapping[str, str],
    now: datetime,
    pms_waits_for: int | None = None,
) -> Deed:
    """Write a command, whose effect is written, with what follows from it; return what the audit has to keep."""
    booking_id = _booking_id(after)
    _write_command(tx, command, booking_id, now)
    _write_deliveries(tx, command, planned, booking_id, pms_waits_for, now)
    return Deed(
        command.ask.kind,
        command.operator,
        now,
        subject=command.subject,
        booking_id=booking_id,
        detail={**told, **_versions(after)},
        proof=proof_of(command, planned, after),
        store_id=command.store_id,
    )


def news_beside(after: Changes[Any], by: Operator, now: datetime) -> list[News]:
    """Return what other desks are told of what stands beside a command's subject."""
    return [
        News(Subject(kind_of(one), one.id), SUBJECTS[kind_of(one)].booking_id(one), by, now)
        for one in after.beside
    ]


def _booking_id(after: Changes[Any]) -> int | None:
    """Return the booking that a command concerns: its subject, or the first that stands beside it."""
    concerned = (SUBJECTS[kind_of(one)].booking_id(one) for one in (after.thing, *after.beside))
    return next((one for one in concerned if one is not None), None)


def _versions(after: Changes[Any]) -> dict[str, str]:
    version = SUBJECTS[kind_of(after.thing)].version(after.thing)
    beside = [f"{kind_of(one)} {one.id}: {SUBJECTS[kind_of(one)].version(one)}" for one in after.beside]
    return {"version": str(version)} | ({"beside": ", ".join(beside)} if beside else {})


def _write_command(tx: Connection, command: Command, booking_id: int | None, now: datetime) -> None:
    row = {
        "id": command.id,
        "kind": command.ask.kind,
        "subject_kind": command.subject.kind,
        "subject_id": command.subject.id,
        "booking_id": booking_id,
        "seen": command.seen,
        "payload": payload_of(command.ask),
        "content": content_of(command),
        "operator": command.operator.name,
        "via": command.operator.via,
        "at": now,
    }
    tx.execute(_WRITE_COMMAND, row)


def _write_deliveries(
    tx: Connection,
    command: Command,
    planned: Sequence[Planned],
    booking_id: int | None,
    pms_waits_for: int | None,
    now: datetime,
) -> None:
    if not planned:
        return
    earlier = {Way.PMS: pms_waits_for}
    if any(one.way is Way.BILLER for one in planned):
        # A request and its withdrawal are read in the order in which they were made.
        last = effects.last_open(tx, booking_id, Way.BILLER)
        earlier[Way.BILLER] = None if last is None else last.id
    rows = []
    for one in planned:
        values = selects.planned_values(one, now, settled_by=command.operator)
        if (first := earlier.get(one.way)) is not None and one.state is State.PENDING:
            values |= {"waits_for": first, "next_at": None}
        rows.append({"command_id": command.id, "booking_id": booking_id, "waits_for": None, **values})
    if not any(one.waits_for for one in planned):
        tx.execute(_WRITE_DELIVERIES, rows)
    else:
        ids: dict[str, int] = {}
        for one, row in zip(planned, rows, strict=True):
            if one.waits_for:
                row["waits_for"] = ids[one.waits_for]
            ids[one.kind] = tx.execute(insert(DELIVERY).values(row).returning(DELIVERY.c.id)).scalar_one()
    tx.execute(_HAS_DELIVERIES, {"booking_id": booking_id})


def outcome(tx: Connection, database: Database, command_id: UUID, standing: Standing) -> Done[Any] | None:
    """Return what a command did, or None when it wrote nothing and is not being written.

    Raises NotFound for a command of another desk token.
    """
    database.lock_command(tx, command_id)
    row = tx.execute(_COMMAND, {"command_id": command_id}).one_or_none()
    if row is None:
        return None
    if standing.via and row.via != standing.via:
        raise NotFound("There is no such command of this desk: look at the booking as it is now.")
    return done_of(tx, row, standing)


def done_of(tx: Connection, row: Row[Any], standing: Standing) -> Done[Any]:
    """Return what a command did, from its row. Raises NotFound for a desk that may not know of it, Refused."""
    if row.subject_kind not in SUBJECTS:
        raise Refused(reason_not_known("what was asked for"))
    thing = SUBJECTS[row.subject_kind].read(tx, row.subject_id, standing)
    return Done(row.id, row.kind, row.at, thing)


def give_up(tx: Connection, database: Database, command_id: UUID, standing: Standing) -> Done[Any] | None:
    """Return what `outcome` does; a command that has written nothing never will, wherever it is now."""
    done = outcome(tx, database, command_id, standing)
    if done is None and not _is_given_up(tx, command_id, standing):
        tx.execute(insert(GIVEN_UP).values(command_id=command_id, via=standing.via, at=database.now(tx)))
    return done


def _is_given_up(tx: Connection, command_id: UUID, standing: Standing) -> bool:
    return tx.execute(_GIVEN_UP, {"command_id": command_id, "via": standing.via}).first() is not None
