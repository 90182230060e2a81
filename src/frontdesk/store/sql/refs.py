"""Which booking an id of a diary means, from when until when. A booking's `pms_ref` is a copy of the current one.

A booking that no diary has met yet has at most that copy, as a file has told it: the first diary that names the id
takes it over from there.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from frontdesk.arrivals import Place
from frontdesk.store.sql.selects import BOOKING_REF

IMPORTED, MOVED, REBOOKED, REPLACED, PROPOSED = "imported", "moved", "rebooked", "replaced", "proposed"
"""How it is known which booking an id means."""

_IS_CURRENT = and_(BOOKING_REF.c.until.is_(None), BOOKING_REF.c.how != PROPOSED)


def _at(place: Place) -> ColumnElement[bool]:
    return and_(BOOKING_REF.c.connection == place.connection, BOOKING_REF.c.location == place.location)


def current(tx: Connection, place: Place, refs: Iterable[str]) -> dict[str, int]:
    """Return the bookings that ids mean now, by these ids."""
    query = select(BOOKING_REF.c.ref, BOOKING_REF.c.booking_id).where(
        _at(place), _IS_CURRENT, BOOKING_REF.c.ref.in_(list(refs))
    )
    return {row.ref: row.booking_id for row in tx.execute(query)}


def ended(tx: Connection, place: Place, refs: Iterable[str]) -> set[str]:
    """Return those of these ids that have meant a booking once and mean none now."""
    wanted = list(refs)
    query = select(BOOKING_REF.c.ref).where(
        _at(place), BOOKING_REF.c.until.is_not(None), BOOKING_REF.c.ref.in_(wanted)
    )
    return set(tx.execute(query).scalars()) - current(tx, place, wanted).keys()


def follow(
    tx: Connection,
    place: Place,
    ref: str,
    booking_id: int,
    how: str,
    now: datetime,
    generation: int = 1,
    was_ref: str = "",
) -> None:
    """Have an id mean a booking from now on; what it has meant, or the id that the booking had, ends."""
    ending = update(BOOKING_REF).where(_at(place), _IS_CURRENT)
    tx.execute(ending.where(BOOKING_REF.c.ref.in_([ref, was_ref] if was_ref else [ref])).values(until=now))
    _refer(tx, place, ref, booking_id, how, now, generation)


def propose(tx: Connection, place: Place, ref: str, booking_id: int, now: datetime) -> None:
    """Keep that an id probably means a booking: a person has to accept it."""
    _refer(tx, place, ref, booking_id, PROPOSED, now, generation=1)


def moved(tx: Connection, booking_id: int, was_ref: str, ref: str, now: datetime) -> None:
    """Keep that an appointment got another id by what was done here, if a diary has met it."""
    query = select(BOOKING_REF).where(
        BOOKING_REF.c.booking_id == booking_id, BOOKING_REF.c.ref == was_ref, _IS_CURRENT
    )
    for row in tx.execute(query).all():
        follow(tx, Place(row.connection, row.location), ref, booking_id, MOVED, now, was_ref=was_ref)


def _refer(
    tx: Connection, place: Place, ref: str, booking_id: int, how: str, now: datetime, generation: int
) -> None:
    values = {
        "connection": place.connection,
        "location": place.location,
        "ref": ref,
        "generation": generation,
    }
    tx.execute(insert(BOOKING_REF).values(booking_id=booking_id, since=now, how=how, **values))
