"""The one thing that can never be undone: the transaction that cancels a booking."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from frontdesk import times
from frontdesk.audit import Action
from frontdesk.bookings import (
    Booking,
    CancelCommand,
    Cancellation,
    Operator,
    Origin,
    Reason,
    Scope,
    Standing,
    why_not_cancel,
    why_not_write,
)
from frontdesk.deliveries import plan
from frontdesk.errors import Conflict, NotFound, Refused
from frontdesk.store import records
from frontdesk.store.search.terms import search_tags
from frontdesk.store.sql import selects
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.sealing import Deed, seal
from frontdesk.store.sql.selects import BOOKED, BOOKING, COMMAND, DELIVERY, GIVEN_UP

KIND = "booking.cancel"


def cancel(connection: Connection, database: Database, command: CancelCommand, standing: Standing) -> Booking:
    """Carry out a cleaned command, in the order that makes it safe; see BookingStore.cancel.

    The time is read after the booking is locked: a cancel that had to wait for another
    desk must not pass an appointment that began meanwhile.
    """
    database.lock_command(connection, command.command_id)
    earlier = connection.execute(select(COMMAND).where(COMMAND.c.id == command.command_id)).one_or_none()
    if earlier is not None:
        if earlier.content != content(command):
            raise Refused(Reason("id-reused", "this command's id was used for another command: start again"))
        return booking(connection, earlier.booking_id, standing)
    if connection.execute(select(GIVEN_UP).where(GIVEN_UP.c.command_id == command.command_id)).first():
        raise Refused(
            Reason("given-up", "the desk gave it up before it arrived: nothing was done, start again")
        )
    row = booking_row(connection, command.booking_id, standing, lock=True)
    (current,) = records.bookings([row])
    now = database.now(connection)
    if not_allowed := why_not_write(current, standing, Scope.CANCEL):
        raise Refused(not_allowed)
    if row.version != command.expected_version:
        raise _conflict(current, row, now)
    if reason := why_not_cancel(current, now, standing):
        raise Refused(reason)
    cancelled = replace(
        current,
        version=current.version + 1,
        cancellation=Cancellation(now, command.operator, command.reason),
    )
    _write(connection, command, cancelled, row, now)
    detail = {"reason": command.reason, "version": str(cancelled.version)}
    seal(
        connection,
        database,
        Deed(
            Action.BOOKING_CANCELLED,
            command.operator,
            now,
            booking_id=cancelled.id,
            detail=detail,
            store_id=command.store_id,
        ),
    )
    return cancelled


def _write(
    connection: Connection, command: CancelCommand, cancelled: Booking, row: Row[Any], now: datetime
) -> None:
    by = command.operator
    connection.execute(
        update(BOOKING)
        .where(BOOKING.c.id == cancelled.id)
        .values(
            version=cancelled.version,
            cancelled=True,
            cancelled_at=now,
            cancelled_by=by.name,
            cancelled_via=by.via,
            cancelled_origin=Origin.HERE,
            cancellation_reason=command.reason,
            changed_by=by.name,
            changed_via=by.via,
            changed_at=now,
            tags=search_tags(
                practice_id=row.practice_id,
                practitioner_id=row.practitioner_id,
                cancelled=True,
                local_date=row.local_date,
            ),
        )
    )
    connection.execute(
        insert(COMMAND).values(
            id=command.command_id,
            kind=KIND,
            booking_id=cancelled.id,
            content=content(command),
            operator=by.name,
            via=by.via,
            at=now,
        )
    )
    planned = plan(cancelled, cancelled.practice, told_by_phone=command.told_by_phone)
    rows = [
        {
            "command_id": command.command_id,
            "booking_id": cancelled.id,
            **selects.planned_values(one, now, settled_by=by),
        }
        for one in planned
    ]
    if rows:
        connection.execute(insert(DELIVERY), rows)


def _conflict(current: Booking, row: Row[Any], now: datetime) -> Conflict:
    if current.cancellation is not None and current.cancellation.origin is Origin.HERE:
        by: Operator | None = current.cancellation.by
        at: datetime | None = current.cancellation.at
        did = "cancelled"
    else:
        by = Operator(row.changed_by, row.changed_via) if row.changed_by else None
        at = row.changed_at
        did = "changed"
    zone = current.practice.zone
    moment = f" {times.when_in_words(at, zone, now)} {times.zone_name(zone)} time" if at else ""
    return Conflict(
        f"{by or 'Somebody else'} {did} this booking{moment}: look at it as it is now.", current, by, at
    )


def content(command: CancelCommand) -> str:
    """Return the digest of what a command asks for, to tell a repeat from a reused id."""
    asked = [
        KIND,
        command.booking_id,
        command.expected_version,
        command.reason,
        command.operator.name,
        command.operator.via,
        command.told_by_phone,
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def outcome(
    connection: Connection, database: Database, command_id: UUID, standing: Standing
) -> Booking | None:
    """Return the booking a command wrote, or None when it wrote nothing and is not being written."""
    database.lock_command(connection, command_id)
    booking_id = connection.execute(
        select(COMMAND.c.booking_id).where(COMMAND.c.id == command_id)
    ).scalar_one_or_none()
    return None if booking_id is None else booking(connection, booking_id, standing)


def give_up(
    connection: Connection, database: Database, command_id: UUID, standing: Standing
) -> Booking | None:
    """Return what `outcome` does; a command that has written nothing never will, wherever it is now."""
    done = outcome(connection, database, command_id, standing)
    known = select(GIVEN_UP).where(GIVEN_UP.c.command_id == command_id)
    if done is None and connection.execute(known).first() is None:
        connection.execute(insert(GIVEN_UP).values(command_id=command_id, at=database.now(connection)))
    return done


def booking(connection: Connection, booking_id: int, standing: Standing) -> Booking:
    """Return one booking that this desk may know of. Raises NotFound."""
    (found,) = records.bookings([booking_row(connection, booking_id, standing)])
    return found


def booking_row(
    connection: Connection, booking_id: int, standing: Standing, *, lock: bool = False
) -> Row[Any]:
    """Return the row of one booking that this desk may know of. Raises NotFound."""
    if lock:
        # By itself: what was joined to it before another desk's change would be missed.
        alone = selects.at_practices(select(BOOKING.c.id), standing.practices)
        connection.execute(alone.where(BOOKING.c.id == booking_id).with_for_update())
    query = selects.at_practices(BOOKED.where(BOOKING.c.id == booking_id), standing.practices)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such booking here: look for it again.")
    return row
