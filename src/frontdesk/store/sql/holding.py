"""A command's subject, locked with what its rules read, and all of it written again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from frontdesk.bookings import Booking, Operator, Practice, Standing
from frontdesk.commands import Changes, Held, Subject
from frontdesk.store.sql.subjects import SUBJECTS, kind_of, place_of


def lock(
    tx: Connection, subject: Subject, reads: Sequence[str], standing: Standing, locks: Sequence[str] = ()
) -> Held[Any]:
    """Lock a subject with what its rules read, in the one order of locks, and return it as it stands.

    Things of the kinds `locks` that belong to it are locked too, and not read. Raises NotFound.
    """
    own = SUBJECTS[subject.kind]
    kinds = dict.fromkeys((*reads, *locks))
    locked: set[Subject] = set()
    while True:
        beside = {kind: sorted(own.related(tx, subject.id, kind)) for kind in kinds}
        wanted = {subject, *(Subject(kind, one) for kind, ids in beside.items() for one in ids)}
        if not (missing := wanted - locked):
            break
        # What belongs to it is read anew behind each kind: others may have added to it meanwhile.
        first = min((one.kind for one in missing), key=lambda kind: (place_of(kind), kind))
        some = {one for one in missing if one.kind == first}
        SUBJECTS[first].lock(tx, sorted(one.id for one in some))
        locked |= some
    return Held(
        own.read(tx, subject.id, standing),
        {kind: tuple(SUBJECTS[kind].read(tx, one, standing) for one in beside[kind]) for kind in reads},
    )


def save(tx: Connection, held: Held[Any], changes: Changes[Any], by: Operator, now: datetime) -> Changes[Any]:
    """Write all that is different, each thing with its next version, and return it as it then stands."""
    thing = held.thing
    if changes.thing != thing:
        thing = SUBJECTS[kind_of(thing)].save(tx, thing, changes.thing, by, now)
    return save_beside(tx, held, thing, changes.beside, by, now)


def save_beside(
    tx: Connection, held: Held[Any], thing: Any, beside: Sequence[Any], by: Operator, now: datetime
) -> Changes[Any]:
    """Write what stands beside a subject that is written already, and return all of it as it then stands."""
    before = {(kind_of(one), one.id): one for ones in held.beside.values() for one in ones}
    saved = tuple(
        SUBJECTS[kind_of(one)].save(tx, before.get((kind_of(one), one.id)), one, by, now) for one in beside
    )
    return Changes(thing, saved)


def booking(tx: Connection, booking_id: int, standing: Standing) -> Booking:
    """Return one booking that this desk may know of. Raises NotFound."""
    found: Booking = SUBJECTS["booking"].read(tx, booking_id, standing)
    return found


def practice_of(tx: Connection, subject: Subject, standing: Standing) -> Practice | None:
    """Return the practice of a command's subject, None where it belongs to all. Raises NotFound."""
    own = SUBJECTS[subject.kind]
    return own.practice(tx, own.read(tx, subject.id, standing))
