"""Rows of the tables as domain objects, whatever read them: a row has its columns as attributes."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Channel,
    ConnectionState,
    Followup,
    Intent,
    Operator,
    Origin,
    Patient,
    Pms,
    Practice,
    Practitioner,
    Presence,
    Row,
    Standing,
    StoreState,
    Trouble,
)
from frontdesk.deliveries import OPEN_STATES, State
from frontdesk.text import fold

ALIVE = timedelta(seconds=60)
"""A dispatcher seen within this time is alive."""

COUNTED_STATES = tuple(sorted(state.value for state in (*OPEN_STATES, State.ATTENTION)))
"""The delivery states that `state` and `listed` are about."""

UNDER_WAY, NEEDS_PERSON = 1, 2
_FOLLOWUPS = {
    None: Followup.NOTHING_OPEN,
    UNDER_WAY: Followup.UNDER_WAY,
    NEEDS_PERSON: Followup.NEEDS_PERSON,
}


def practice(row: Any) -> Practice:
    """Return a practice from its row."""
    pms = None
    if row.pms_kind:
        pms = Pms(
            row.pms_connection,
            row.pms_kind,
            row.pms_name,
            row.pms_can_cancel,
            row.pms_tells_patient,
            row.pms_can_move,
            row.pms_can_mark_no_show,
            row.pms_can_take_back_no_show,
        )
    return Practice(
        row.id,
        row.name,
        row.short,
        row.time_zone,
        row.email,
        pms,
        _channels(row.patient_channels),
        _channels(row.reason_channels),
        row.phone,
        row.account,
        row.no_show_after_minutes,
        row.biller,
    )


def _channels(names: str) -> tuple[Channel, ...]:
    return tuple(Channel(name) for name in names.split(",") if name)


def practices(rows: Iterable[Any]) -> tuple[Practice, ...]:
    """Return the practices of these rows, by name."""
    return tuple(sorted(map(practice, rows), key=lambda one: (fold(one.name), one.id)))


def practitioner(row: Any) -> Practitioner:
    """Return a practitioner from their row."""
    return Practitioner(row.id, row.practice_id, row.name, row.pms_ref)


def practitioners(rows: Iterable[Any]) -> tuple[Practitioner, ...]:
    """Return the practitioners of these rows, by name."""
    return tuple(sorted(map(practitioner, rows), key=lambda one: (fold(one.name), one.id)))


def patient(row: Any) -> Patient:
    """Return the patient inside a booking's row."""
    return Patient(
        row.patient_name,
        row.patient_birth_date,
        row.patient_mobile,
        row.patient_email,
        row.patient_is_new,
        row.patient_pms_ref,
    )


def bookings(rows: Iterable[Any]) -> tuple[Booking, ...]:
    """Return the bookings of these rows, in their order.

    A row has the columns of its practice and its practitioner too, with the name of their
    table in front.
    """
    return tuple(_bookings(rows))


def listed(rows: Sequence[Any]) -> tuple[Row, ...]:
    """Return bookings as a list shows them, from rows that have `followup` besides."""
    return tuple(
        Row(booking, _FOLLOWUPS[row.followup]) for booking, row in zip(_bookings(rows), rows, strict=True)
    )


def _bookings(rows: Iterable[Any]) -> Iterator[Booking]:
    practices: dict[str, Practice] = {}
    practitioners: dict[int, Practitioner] = {}
    for row in rows:
        if row.practice_id not in practices:
            practices[row.practice_id] = practice(_Joined("practice", row))
        if row.practitioner_id not in practitioners:
            practitioners[row.practitioner_id] = practitioner(_Joined("practitioner", row))
        yield _booking(row, practices[row.practice_id], practitioners[row.practitioner_id])


class _Joined:
    """What a row has of another table."""

    def __init__(self, table: str, row: Any) -> None:
        self._table, self._row = table, row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"{self._table}_{name}")


def _booking(row: Any, practice: Practice, practitioner: Practitioner) -> Booking:
    # By place: a list makes a page of them with every key.
    return Booking(
        row.id,
        row.version,
        row.ref,
        practice,
        practitioner,
        patient(row),
        row.appointment_type,
        row.starts_at,
        row.ends_at,
        row.pms_ref or "",
        row.fee_cents,
        row.created_at,
        _cancellation(row) if row.cancelled else None,
        None if row.intent_id is None else Intent(row.intent_id, row.intent_kind, row.intent_at),
        _attendance(row),
    )


_NOT_MARKED = Attendance()


def _attendance(row: Any) -> Attendance:
    # Nearly every row of a list: it is looked at first, and shared.
    if row.attendance == Presence.NONE and row.attendance_at is None:
        return _NOT_MARKED
    by = Operator(row.attendance_by, row.attendance_via) if row.attendance_by else None
    return Attendance(
        Presence(row.attendance),
        Origin(row.attendance_origin),
        by,
        row.attendance_at,
        bool(row.attendance_notice),
    )


def _cancellation(row: Any) -> Cancellation:
    by = Operator(row.cancelled_by, row.cancelled_via)
    return Cancellation(
        row.cancelled_at,
        by,
        row.cancellation_reason,
        Origin(row.cancelled_origin),
        row.cancellation_note,
        row.cancellation_filed,
    )


def state(
    standing: Standing,
    now: datetime,
    change: int,
    bookings: int,
    store_id: str,
    deliveries: Iterable[Any],
    living: Iterable[Any],
    troubled: Iterable[Any],
) -> StoreState:
    """Return the store's state.

    `change` is the number of the latest, `bookings` are as many as the desk works with, `store_id`
    says which store it is, `deliveries` have the `number` of them by `state` and `connection`,
    `living` are the dispatchers seen lately, `troubled` the connections in trouble.
    """
    counted = list(deliveries)
    need_person = [row for row in counted if row.state == State.ATTENTION]
    under_way = [row for row in counted if row.state != State.ATTENTION]
    return StoreState(
        standing,
        now,
        change,
        bookings,
        sum(row.number for row in under_way),
        sum(row.number for row in need_person),
        unattended(under_way, living),
        _connections(under_way, need_person, troubled),
        store_id,
    )


def _connections(
    under_way: Iterable[Any], need_person: Iterable[Any], troubled: Iterable[Any]
) -> tuple[ConnectionState, ...]:
    going, stuck = _by_connection(under_way), _by_connection(need_person)
    troubles = {row.name: Trouble(row.shown, row.trouble_since, bool(row.is_locked_out)) for row in troubled}
    # What only a person can carry out goes through none.
    names = sorted((going.keys() | stuck.keys() | troubles.keys()) - {""})
    return tuple(ConnectionState(name, going[name], stuck[name], troubles.get(name)) for name in names)


def _by_connection(counted: Iterable[Any]) -> Counter[str]:
    numbers: Counter[str] = Counter()
    for row in counted:
        numbers[row.connection] += row.number
    return numbers


def unattended(under_way: Iterable[Any], living: Iterable[Any]) -> int:
    """Count the deliveries, given as in `state`, whose connections no living dispatcher reaches."""
    reached = {name for row in living for name in json.loads(row.connections)}
    return sum(row.number for row in under_way if row.connection not in reached)
