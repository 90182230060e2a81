"""The columns of Bookings."""

from collections.abc import Callable
from datetime import datetime

from frontdesk import times
from frontdesk.bookings import Followup, Position, Presence, Row, Status
from frontdesk.widgets.list_table import Column, always
from frontdesk.words.lists import PRESENCE_WORDS, moved_word
from frontdesk.words.related import row_word
from frontdesk.words.told import Role

FOLLOWUP_SYMBOLS = {Followup.NOTHING_OPEN: " ", Followup.UNDER_WAY: "~", Followup.NEEDS_PERSON: "!"}
_FOLLOWUP_ROLES = {
    Followup.NOTHING_OPEN: Role.VALUE,
    Followup.UNDER_WAY: Role.WAITING,
    Followup.NEEDS_PERSON: Role.CHIP,
}
_MARKS = {
    Status.UPCOMING: ("●", Role.UPCOMING),
    Status.COMPLETED: ("·", Role.DONE),
    Status.CANCELLED: ("✗", Role.GONE),
}
_DID_NOT_COME = ("○", Role.GONE)
_ABSENT = frozenset({Presence.NO_SHOW, Presence.UNABLE})
AT_WIDTH, PATIENT_WIDTH = 3, 21
WasAt = Callable[[Row], Position]


def _mark(row: Row, as_of: datetime) -> tuple[str, Role]:
    status = row.booking.status(as_of)
    if status is not Status.CANCELLED and row.booking.attendance.presence in _ABSENT:
        return _DID_NOT_COME
    return _MARKS[status]


def _word(row: Row, as_of: datetime, was_at: WasAt) -> tuple[str, Role]:
    """What is to be known of the booking besides who and when, and first whether it has moved while in view."""
    if row.booking.status(as_of) is Status.CANCELLED:
        return "cancelled", Role.GONE
    if moved := moved_word(row.booking, was_at(row).starts_at):
        return moved, Role.STRONG
    presence = row.booking.attendance.presence
    if marked := PRESENCE_WORDS.get(presence):
        return marked, Role.GONE if presence in _ABSENT else Role.QUIET
    return row_word(row), Role.WARNING if row.same_name else Role.QUIET


def _day(row: Row, now: datetime) -> str:
    zone = row.booking.practice.zone
    return times.day(times.local_date(row.booking.starts_at, zone), times.local_date(now, zone))


def _time(row: Row, _: datetime) -> str:
    return f"{row.booking.starts_at.astimezone(row.booking.practice.zone):%H:%M}"


def _while_upcoming(role: Role) -> Callable[[Row, datetime], Role]:
    """Return the role of a cell that is quiet once nothing can happen to the booking any more."""
    return lambda row, now: role if row.booking.status(now) is Status.UPCOMING else Role.QUIET


def booking_columns(*, several_practices: bool, was_at: WasAt) -> tuple[Column[Row], ...]:
    """Return the columns: who and when are always among them. Without a column At the name is longer.

    `was_at` says where a row was found.
    """
    at: tuple[Column[Row], ...] = (
        Column("At", AT_WIDTH, lambda row, _: row.booking.practice.short, since=64, role=always(Role.QUIET)),
    )
    patient = PATIENT_WIDTH if several_practices else PATIENT_WIDTH + AT_WIDTH + 1
    value = _while_upcoming(Role.VALUE)
    quiet = always(Role.QUIET)
    return (
        Column("", 1, lambda row, now: _mark(row, now)[0], role=lambda row, now: _mark(row, now)[1]),
        Column("Day", 10, _day, role=always(Role.STRONG), said_once=True),
        Column("Time", 5, _time, role=_while_upcoming(Role.STRONG)),
        *(at if several_practices else ()),
        Column(
            "Patient",
            patient,
            lambda row, _: row.booking.patient.name,
            most=32,
            takes_rest=True,
            role=value,
        ),
        Column("Born", 9, lambda row, _: times.birth(row.booking.patient.birth_date), role=quiet),
        Column(
            "Practitioner", 10, lambda row, _: row.booking.practitioner.name, since=80, most=28, role=value
        ),
        Column("Type", 16, lambda row, _: row.booking.appointment_type, since=118, most=24, role=quiet),
        Column("Mobile", 12, lambda row, _: row.booking.patient.mobile, since=131, role=quiet),
        Column("Reference", 9, lambda row, _: row.booking.ref, since=141, role=quiet),
        Column(
            "",
            10,
            lambda row, now: _word(row, now, was_at)[0],
            role=lambda row, now: _word(row, now, was_at)[1],
        ),
        Column(
            "",
            1,
            lambda row, _: FOLLOWUP_SYMBOLS[row.followup],
            role=lambda row, _: _FOLLOWUP_ROLES[row.followup],
        ),
    )
