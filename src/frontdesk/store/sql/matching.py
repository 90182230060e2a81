"""Which booking an appointment of a diary is: by its id, by the id that it had before, by who, when and with whom.

What is not certain is never guessed: two bookings that could be it, or two appointments that could be one
booking, are a person's question.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from frontdesk.arrivals import AppointmentStatus, IncomingBooking, Place
from frontdesk.bookings import Practice
from frontdesk.identity import patient_key, reference_key
from frontdesk.merging import said_by
from frontdesk.store.sql import refs
from frontdesk.store.sql.mirrored import at_place, entry_of
from frontdesk.store.sql.practitioners import Practitioners
from frontdesk.store.sql.selects import BOOKING, MIRROR

REBOOKED_WITHIN = timedelta(days=7)
"""So long after one went, an appointment of the same patient and type is probably the same one, moved."""


@dataclass(frozen=True, slots=True)
class Match:
    """The booking of an appointment, None where it has none, and `how` that is known where it is news.

    `was_ref` is the id that it had before. `could_be` are several bookings of which nobody can say which one it
    is. `probably` is one that went a few days ago.
    """

    booking_id: int | None = None
    how: str = ""
    was_ref: str = ""
    could_be: tuple[int, ...] = ()
    probably: int | None = None


NO_MATCH = Match()


class Matching:
    """The matches of a place's appointments, in one transaction; what went lately is looked at if it `looks_back`."""

    def __init__(
        self,
        tx: Connection,
        place: Place,
        practice: Practice,
        practitioners: Practitioners,
        now: datetime,
        *,
        looks_back: bool,
    ) -> None:
        self._looks_back = looks_back
        self._tx = tx
        self._place = place
        self._practice = practice
        self._practitioners = practitioners
        self._now = now

    def of(self, rows: Sequence[Row[Any]]) -> dict[int, Match]:
        """Return the match of each row, by the row's id."""
        before = self._refs_before(rows)
        current = refs.current(self._tx, self._place, {row.ref for row in rows} | set(before.values()))
        by_copy = self._by_copy({row.ref for row in rows} - current.keys())
        found: dict[int, Match] = {}
        unknown = []
        for row in rows:
            was_ref = before.get(row.ref, "")
            if row.ref in current:
                found[row.id] = Match(current[row.ref])
            elif was_ref in current:
                found[row.id] = Match(current[was_ref], refs.MOVED, was_ref)
            elif row.ref in by_copy:
                found[row.id] = Match(by_copy[row.ref], refs.IMPORTED)
            elif row.gone_at is not None:
                found[row.id] = NO_MATCH
            else:
                unknown.append(row)
        return found | self._by_person(unknown)

    def followed(self, rows: Sequence[Row[Any]]) -> set[str]:
        """Return the ids of those rows whose appointments go on under another id, which is known here already."""
        ids = [row.ref for row in rows]
        pointing = select(MIRROR.c.previous_ref).where(at_place(self._place), MIRROR.c.previous_ref.in_(ids))
        named = {row.successor_ref: row.ref for row in rows if row.successor_ref}
        known = select(MIRROR.c.ref).where(at_place(self._place), MIRROR.c.ref.in_(list(named)))
        return {
            *refs.ended(self._tx, self._place, ids),
            *self._tx.execute(pointing).scalars(),
            *(named[ref] for ref in self._tx.execute(known).scalars()),
        }

    def _refs_before(self, rows: Sequence[Row[Any]]) -> dict[str, str]:
        named = select(MIRROR.c.successor_ref, MIRROR.c.ref).where(
            at_place(self._place), MIRROR.c.successor_ref.in_([row.ref for row in rows])
        )
        before = {row.successor_ref: row.ref for row in self._tx.execute(named)}
        return before | {row.ref: row.previous_ref for row in rows if row.previous_ref}

    def _by_copy(self, ids: Iterable[str]) -> dict[str, int]:
        """Bookings that came with the id from elsewhere, before any diary was read."""
        query = select(BOOKING.c.pms_ref, BOOKING.c.id).where(
            BOOKING.c.practice_id == self._practice.id, BOOKING.c.pms_ref.in_(list(ids))
        )
        return {row.pms_ref: row.id for row in self._tx.execute(query.order_by(BOOKING.c.id.desc()))}

    def _by_person(self, rows: Sequence[Row[Any]]) -> dict[int, Match]:
        """Match appointments of whose ids nobody has heard with bookings that have none."""
        if not rows:
            return {}
        starts = sorted({row.starts_at for row in rows})
        theirs = BOOKING.c.practice_id == self._practice.id, BOOKING.c.starts_at.in_(starts)
        query = select(BOOKING).where(*theirs, or_(BOOKING.c.pms_ref.is_(None), BOOKING.c.pms_ref == ""))
        bookings = self._tx.execute(query.order_by(BOOKING.c.id)).all()
        if not bookings:
            return {row.id: self._of_nobody(row) for row in rows}
        others = select(MIRROR).where(
            at_place(self._place),
            MIRROR.c.starts_at.in_(starts),
            MIRROR.c.booking_id.is_(None),
            MIRROR.c.gone_at.is_(None),
        )
        could = {row.id: self._candidates(row, bookings) for row in self._tx.execute(others)}
        suitors = Counter(one for candidates in could.values() for one in candidates)
        found = {}
        for row in rows:
            candidates = could.get(row.id, ())
            if not candidates:
                found[row.id] = self._of_nobody(row)
            elif len(candidates) == 1 and suitors[candidates[0]] == 1:
                found[row.id] = Match(candidates[0], refs.IMPORTED)
            else:
                found[row.id] = Match(could_be=candidates)
        return found

    def _candidates(self, row: Row[Any], bookings: Sequence[Row[Any]]) -> tuple[int, ...]:
        said = self.said(row)
        reference = reference_key(self._practice, said.patient.pms_ref)
        key = patient_key(said.patient.name, said.patient.birth_date, said.patient.mobile)
        at_once = [one for one in bookings if one.starts_at == row.starts_at and self._is_with(said, one)]
        surest = tuple(one.id for one in at_once if reference and one.patient_ref_key == reference)
        return surest or tuple(one.id for one in at_once if key and one.patient_key == key)

    def _is_with(self, said: IncomingBooking, booking: Row[Any]) -> bool:
        name = self._practitioners.names[booking.practitioner_id]
        meant = self._practitioners.known(said, booking.practitioner_id)
        return meant == booking.practitioner_id or name == said.practitioner_name

    def _of_nobody(self, row: Row[Any]) -> Match:
        """Look for one that went a few days ago, and could be this one."""
        if not self._looks_back:
            return NO_MATCH
        said = self.said(row)
        patient = said.patient
        reference = reference_key(self._practice, patient.pms_ref)
        key = patient_key(patient.name, patient.birth_date, patient.mobile)
        if (
            row.status != AppointmentStatus.BOOKED.value
            or not said.appointment_type
            or not (reference or key)
        ):
            return NO_MATCH
        since = self._now - REBOOKED_WITHIN
        is_theirs = [BOOKING.c.patient_ref_key == reference] if reference else []
        is_theirs += [BOOKING.c.patient_key == key] if key else []
        went = or_(
            MIRROR.c.gone_at >= since,
            (MIRROR.c.status == AppointmentStatus.CANCELLED.value) & (MIRROR.c.changed_at >= since),
        )
        query = (
            select(BOOKING.c.id)
            .join(MIRROR, (MIRROR.c.booking_id == BOOKING.c.id) & (MIRROR.c.ref == BOOKING.c.pms_ref))
            .where(
                or_(*is_theirs),
                BOOKING.c.practice_id == self._practice.id,
                BOOKING.c.appointment_type == said.appointment_type,
                at_place(self._place),
                MIRROR.c.ref != row.ref,
                went,
            )
        )
        found = self._tx.execute(query.limit(2)).scalars().all()
        return Match(probably=found[0]) if len(found) == 1 else NO_MATCH

    def said(self, row: Row[Any]) -> IncomingBooking:
        """Return what the appointment of a row says."""
        return said_by(entry_of(row), self._practice.id, self._now)
