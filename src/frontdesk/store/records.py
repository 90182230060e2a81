"""Rows of the tables as domain objects, whatever read them: a row has its columns as attributes."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Channel,
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
    Status,
)
from frontdesk.brake import FEWER
from frontdesk.deliveries import OPEN_STATES, State
from frontdesk.identity import MORE_LIMIT
from frontdesk.store_state import ConnectionState, DiaryState, StoreState, Trouble
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


BOOKING_COLUMNS = (
    *("id", "version", "ref", "pms_ref", "practice_id", "practitioner_id"),
    *("patient_name", "patient_birth_date", "patient_mobile", "patient_email"),
    *("patient_is_new", "patient_pms_ref", "appointment_type"),
    *("starts_at", "ends_at", "fee_cents", "created_at"),
    *("cancelled", "cancelled_at", "cancelled_by", "cancelled_via", "cancelled_origin"),
    *("cancellation_reason", "cancellation_note", "cancellation_filed"),
    *("intent_id", "intent_kind", "intent_at"),
    *("attendance", "attendance_origin", "attendance_by", "attendance_via"),
    *("attendance_at", "attendance_notice"),
)
"""What a booking shows, as `_booking` takes it: a list, which is read with every key, reads no more."""
PRACTITIONER_COLUMNS = ("id", "practice_id", "name", "pms_ref")
PRACTICE_COLUMNS = (
    *("id", "name", "short", "time_zone", "email"),
    *("pms_connection", "pms_kind", "pms_name", "pms_can_cancel", "pms_tells_patient"),
    *("pms_can_move", "pms_can_mark_no_show", "pms_can_take_back_no_show"),
    *(
        "patient_channels",
        "reason_channels",
        "phone",
        "account",
        "no_show_after_minutes",
        "biller",
        "location",
    ),
)
_HIS = len(BOOKING_COLUMNS)
_ITS = _HIS + len(PRACTITIONER_COLUMNS) - 1
_END = _ITS + len(PRACTICE_COLUMNS) - 1
"""Where a joined row has its practitioner and its practice, both without their id."""
SOMEBODY_ELSE = 1_000
"""Stands in a row's `of_the_name` where somebody else of the name is to come; beside it the patient is counted."""


def practice(row: Any) -> Practice:
    """Return a practice from its row."""
    return _practice(*_PRACTICE_OF(row))


_PRACTICE_OF = attrgetter(*PRACTICE_COLUMNS)


def _practice(
    id: str,  # noqa: A002 - the column's name
    name: str,
    short: str,
    time_zone: str,
    email: str,
    connection: str,
    kind: str,
    pms_name: str,
    can_cancel: bool,
    tells_patient: bool,
    can_move: bool,
    can_mark_no_show: bool,
    can_take_back_no_show: bool,
    patient_channels: str,
    reason_channels: str,
    *rest: Any,
) -> Practice:
    can = can_cancel, tells_patient, can_move, can_mark_no_show, can_take_back_no_show
    pms = Pms(connection, kind, pms_name, *can) if kind else None
    channels = _channels(patient_channels), _channels(reason_channels)
    return Practice(id, name, short, time_zone, email, pms, *channels, *rest)


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

    A row begins with the BOOKING_COLUMNS; those of its practitioner and of its practice follow,
    without their ids.
    """
    return tuple(_bookings(rows))


def listed(rows: Sequence[Any], as_of: datetime) -> tuple[Row, ...]:
    """Return bookings as a list shows them at `as_of`.

    Behind the columns of `bookings` the rows have `followup`, `of_the_name` and `of_the_reference`.
    """
    return tuple(_listed(rows, as_of))


def _listed(rows: Sequence[Any], as_of: datetime) -> Iterator[Row]:
    for booking, row in zip(_bookings(rows), rows, strict=True):
        followup, of_the_name, of_the_reference = row[_END:]
        is_somebody, of_the_person = divmod(of_the_name, SOMEBODY_ELSE)
        same_name = bool(is_somebody) and booking.status(as_of) is Status.UPCOMING
        yield Row(booking, _FOLLOWUPS[followup], same_name, min(of_the_person + of_the_reference, MORE_LIMIT))


def _bookings(rows: Iterable[Any]) -> Iterator[Booking]:
    practices: dict[str, Practice] = {}
    practitioners: dict[int, Practitioner] = {}
    for row in rows:
        # By place: to look up a column of a row by its name takes eight times as long.
        columns = row[:_HIS]
        practice_id, practitioner_id = columns[4:6]
        if practice_id not in practices:
            practices[practice_id] = _practice(practice_id, *row[_ITS:_END])
        if practitioner_id not in practitioners:
            practitioners[practitioner_id] = Practitioner(practitioner_id, *row[_HIS:_ITS])
        yield _booking(practices[practice_id], practitioners[practitioner_id], *columns)


def _booking(
    practice: Practice,
    practitioner: Practitioner,
    id: int,  # noqa: A002 - the column's name
    version: int,
    ref: str,
    pms_ref: str | None,
    _practice_id: str,
    _practitioner_id: int,
    name: str,
    birth_date: date | None,
    mobile: str,
    email: str,
    is_new: bool | None,
    patient_pms_ref: str,
    appointment_type: str,
    starts_at: datetime,
    ends_at: datetime | None,
    fee: int | None,
    created_at: datetime | None,
    cancelled: bool,
    cancelled_at: datetime,
    cancelled_by: str,
    cancelled_via: str,
    cancelled_origin: str,
    reason: str,
    note: str,
    filed: str,
    intent_id: UUID | None,
    intent_kind: str,
    intent_at: datetime,
    *marked: Any,
) -> Booking:
    done = None
    if cancelled:
        by = Operator(cancelled_by, cancelled_via)
        done = Cancellation(cancelled_at, by, reason, Origin(cancelled_origin), note, filed)
    return Booking(
        id,
        version,
        ref,
        practice,
        practitioner,
        Patient(name, birth_date, mobile, email, is_new, patient_pms_ref),
        appointment_type,
        starts_at,
        ends_at,
        pms_ref or "",
        fee,
        created_at,
        done,
        None if intent_id is None else Intent(intent_id, intent_kind, intent_at),
        # Nearly every booking of a list: it is looked for first, and shared.
        _NOT_MARKED if marked == _UNTOUCHED else _attendance(*marked),
    )


_NOT_MARKED = Attendance()
_UNTOUCHED = (Presence.NONE.value, Origin.HERE.value, "", "", None, False)


def _attendance(
    presence: str, origin: str, by: str, via: str, at: datetime | None, notice: bool
) -> Attendance:
    return Attendance(Presence(presence), Origin(origin), Operator(by, via) if by else None, at, bool(notice))


def state(
    standing: Standing,
    now: datetime,
    change: int,
    bookings: int,
    store_id: str,
    deliveries: Iterable[Any],
    living: Iterable[Any],
    troubled: Iterable[Any],
    diaries: Iterable[Any],
) -> StoreState:
    """Return the store's state.

    `change` is the number of the latest, `bookings` are as many as the desk works with, `store_id`
    says which store it is, `deliveries` have the `number` of them by `state` and `connection`,
    `living` are the dispatchers seen lately, `troubled` the connections in trouble, `diaries` how places stand.
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
        tuple(_diaries(list(diaries), now)),
    )


_FEWER = frozenset(effect.value for effect in FEWER)
UNATTENDED = timedelta(minutes=30)
"""A diary that was due so long ago, while none is being read, is read by nobody."""


def _diaries(rows: Sequence[Any], now: datetime) -> Iterator[DiaryState]:
    is_one_read = any(_is_in_hand(row, now) for row in rows)
    for row in rows:
        fewer, changes = held_numbers(row.held or {})
        yield DiaryState(
            row.id,
            max(filter(None, (row.changes_at, row.near_at)), default=None),
            row.full_at,
            row.baseline_at is not None,
            timedelta(seconds=row.pause_seconds),
            row.failures,
            row.failing_since,
            row.trouble,
            bool(row.is_refused),
            bool(row.is_pushed),
            bool(row.asked) or _is_in_hand(row, now),
            not is_one_read and not row.failures and now - row.next_at > UNATTENDED,
            row.held_run,
            fewer,
            changes,
        )


def _is_in_hand(row: Any, now: datetime) -> bool:
    return row.until is not None and row.until > now


def held_numbers(held: Mapping[str, int]) -> tuple[int, int]:
    """Return how many bookings would be taken away and changed otherwise, of what is held by the words of effects."""
    fewer = sum(number for effect, number in held.items() if effect in _FEWER)
    return fewer, sum(held.values()) - fewer


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
