"""What stands beside one booking: others of the same name, the same patient's other bookings, the same mobile."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, literal, literal_column

from frontdesk.bookings import Booking, BookingQuery, Count, Standing, Status
from frontdesk.identity import (
    COUNTED,
    MOST_ALSO_BOOKED,
    MOST_NAMESAKES,
    MOST_ON_MOBILE,
    Related,
    is_namesake,
    is_same_patient,
    name_key,
    patient_key,
    reference_key,
)
from frontdesk.store import records
from frontdesk.store.search.pages import page_ids
from frontdesk.store.sql import holding, selects
from frontdesk.store.sql.coming import coming
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.selects import BOOKED, BOOKING

NAMES_READ = 300
"""Bookings to come that are looked at for namesakes: of a name with more of them the soonest are."""

_ON_MOBILE_READ = 50
"""Bookings to come on one mobile that are looked at: some may be the patient's own."""


def related(tx: Connection, database: Database, booking_id: int, standing: Standing) -> Related:
    """Return what stands beside a booking; see BookingStore. Raises NotFound."""
    booking = holding.booking(tx, booking_id, standing)
    return _Beside(tx, booking, database, standing).all()


class _Beside:
    """One booking, and how others to come are read that have something in common with it."""

    def __init__(self, tx: Connection, booking: Booking, database: Database, standing: Standing) -> None:
        self._tx = tx
        self._booking = booking
        self._database = database
        self._now: datetime = database.now(tx)
        self._standing = standing

    def all(self) -> Related:
        own = self._own()
        return Related(
            self._namesakes(),
            own[:MOST_ALSO_BOOKED],
            Count(max(0, min(len(own), COUNTED) - MOST_ALSO_BOOKED), exact=len(own) < COUNTED),
            self._on_mobile(),
        )

    def _namesakes(self) -> tuple[Booking, ...]:
        of_the_name = self._to_come(NAMES_READ, "name_key", name_key(self._booking.patient.name))
        # Two bookings whose patients differ in nothing that is shown are told of once.
        each = {
            (one.patient.birth_date, one.patient.mobile): one
            for one in reversed(of_the_name)
            if is_namesake(self._booking, one)
        }
        return _soonest_first(each.values())[:MOST_NAMESAKES]

    def _own(self) -> tuple[Booking, ...]:
        patient = self._booking.patient
        person = patient_key(patient.name, patient.birth_date, patient.mobile)
        reference = reference_key(self._booking.practice, patient.pms_ref)
        found = (
            *self._to_come(COUNTED, "patient_key", person),
            *self._to_come(COUNTED, "patient_ref_key", reference),
        )
        own = {one.id: one for one in found if is_same_patient(self._booking, one)}
        return _soonest_first(own.values())

    def _on_mobile(self) -> tuple[Booking, ...]:
        if not self._booking.patient.mobile:
            return ()
        practices = self._standing.practices
        query = BookingQuery(
            self._now,
            statuses=frozenset({Status.UPCOMING}),
            practices=practices or frozenset(),
            mobile=self._booking.patient.mobile,
        )
        ids = page_ids(self._tx, self._database.search, query, _ON_MOBILE_READ)
        found = records.bookings(self._tx.execute(BOOKED.where(BOOKING.c.id.in_(ids))))
        others = [one for one in found if not self._is_the_patients(one)]
        return _soonest_first(others)[:MOST_ON_MOBILE]

    def _is_the_patients(self, one: Booking) -> bool:
        return one.id == self._booking.id or is_same_patient(self._booking, one)

    def _to_come(self, limit: int, key: str, value: str) -> tuple[Booking, ...]:
        """Return the soonest others to come with this value of a key; none for an empty one."""
        if not value:
            return ()
        wanted, as_of = literal(value), literal(self._now, BOOKING.c.starts_at.type)
        query = coming(BOOKED, BOOKING.c, key, wanted, as_of).where(BOOKING.c.id != self._booking.id)
        # Spelled out, since the index of references has no empty ones.
        query = query.where(BOOKING.c[key] != literal_column("''"))
        query = selects.at_practices(query, self._standing.practices)
        return records.bookings(self._tx.execute(query.limit(limit)))


def _soonest_first(bookings: Iterable[Booking]) -> tuple[Booking, ...]:
    return tuple(sorted(bookings, key=lambda one: (one.starts_at, one.id)))
