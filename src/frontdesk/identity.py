"""Who is the same patient, and who only has the same name or mobile.

Two bookings are the same patient's when both name the same patient reference of the same connection,
or when both have the same name, birth date and mobile, all three known. Nothing less is ever joined:
a receptionist who takes one patient for another cancels the wrong booking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from frontdesk import telephones
from frontdesk.bookings import Booking, Count, Practice, Row, Status
from frontdesk.text import fold

MOST_NAMESAKES = 9
"""Other patients of one name that are told of, each once."""

MOST_ALSO_BOOKED = 5
"""Other bookings of the same patient that are told of one by one; how many more there are is counted."""

MOST_ON_MOBILE = 9
"""Bookings of others on the same mobile that are told of."""

MORE_LIMIT = 9
"""Where a row stops counting the patient's other bookings to come."""

COUNTED = 100
"""Where the patient's other bookings to come are no longer counted beside one booking."""


NO_MORE = Count(0, exact=True)


@dataclass(frozen=True, slots=True)
class Related:
    """What stands beside one booking, all of it Upcoming and the soonest first.

    `namesakes` are other patients of the same name, each with their next booking. `also_booked` are the
    same patient's other bookings and `more` is how many there are beyond those. `same_mobile` are
    bookings of other patients on the same mobile.
    """

    namesakes: tuple[Booking, ...] = ()
    also_booked: tuple[Booking, ...] = ()
    more: Count = NO_MORE
    same_mobile: tuple[Booking, ...] = ()


NOTHING_RELATED = Related()


def name_key(name: str) -> str:
    """Return a name as compared for sameness: folded words, one space between; empty for one without words."""
    return " ".join(fold(name))


def patient_key(name: str, birth_date: date | None, mobile: str) -> str:
    """Return what a patient's name, birth date and mobile are compared by; empty unless all three are known.

    A field that holds several mobiles is the same as another that holds them all.
    """
    known = name_key(name)
    dialled = sorted(set(telephones.numbers(mobile)))
    if not known or birth_date is None or not dialled:
        return ""
    return " ".join((known, birth_date.isoformat(), *dialled))


def reference_prefix(practice: Practice) -> str:
    """Return what stands before a patient's reference, so that it is of one connection; empty without one."""
    return f"{practice.pms.connection}\n" if practice.pms and practice.pms.connection else ""


def reference_key(practice: Practice, pms_ref: str) -> str:
    """Return what the patient's reference at a practice is compared by; empty where it is nobody's."""
    prefix = reference_prefix(practice)
    return f"{prefix}{pms_ref}" if prefix and pms_ref else ""


def is_same_patient(one: Booking, other: Booking) -> bool:
    """Whether it is certain that two bookings are the same patient's."""
    return any(ours and ours == theirs for ours, theirs in zip(_keys(one), _keys(other), strict=True))


def _keys(booking: Booking) -> tuple[str, str]:
    patient = booking.patient
    return (
        reference_key(booking.practice, patient.pms_ref),
        patient_key(patient.name, patient.birth_date, patient.mobile),
    )


def is_namesake(one: Booking, other: Booking) -> bool:
    """Whether two bookings are of one name, and not for certain the same patient's."""
    name = name_key(one.patient.name)
    return bool(name) and name == name_key(other.patient.name) and not is_same_patient(one, other)


def namesakes_among(booking: Booking, rows: Iterable[Row]) -> tuple[Booking, ...]:
    """Return the bookings among the rows of a search that others of the same name have, in the rows' order."""
    return tuple(row.booking for row in rows if is_namesake(booking, row.booking))


def marked_in_search(rows: Sequence[Row], as_of: datetime) -> tuple[Row, ...]:
    """Return the rows of one search, `same_name` also where another of that name stands among them.

    As in every list it is said of what is Upcoming at `as_of`; the other one may have passed, or be cancelled.
    """
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(name_key(row.booking.patient.name), []).append(row)
    return tuple(
        replace(row, same_name=True)
        if not row.same_name
        and row.booking.status(as_of) is Status.UPCOMING
        and namesakes_among(row.booking, by_name[name_key(row.booking.patient.name)])
        else row
        for row in rows
    )
