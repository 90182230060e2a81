"""Bookings that began an hour ago, with billing for them: what a demonstration of late calls needs.

They are there on any day and at any hour, also when the made-up practices are closed.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk.arrivals import IncomingBooking
from frontdesk.billing.periods import Period, period_of
from frontdesk.bookings import Attendance, Origin, Patient, Presence
from frontdesk.demo.seed.diary import practices
from frontdesk.demo.seed.patients import MOBILES

BILLING_ZONE = "Australia/Adelaide"

_AGO, _TO_THE = timedelta(hours=1), timedelta(minutes=5)
_LENGTH = timedelta(minutes=90)
"""Still under way, so that no PMS takes them for completed."""
_EARLY = timedelta(minutes=4)
_DRAFT_SINCE_DAYS = 2
_LAST_DAY_OF_MONTH = 28

_LATE = (
    ("adelaide", "Dr Moreau", "Lena Fischer", date(1988, 4, 21), "lena.fischer@example.com", True, False),
    ("adelaide", "Dr Haddad", "Oskar Lindgren", date(1964, 9, 2), "oskar.lindgren@example.org", False, False),
    ("adelaide", "Ms Quach", "Priya Raman", date(1996, 12, 5), "priya.raman@example.net", True, True),
    ("sydney", "Dr Moreau", "Hugo Ferreira", date(1979, 1, 30), "hugo.ferreira@example.com", True, False),
    ("sydney", "Dr Haddad", "Ines Duarte", date(2003, 7, 11), "ines.duarte@example.org", False, False),
)  # fmt: skip
"""Practice, practitioner, patient, born, e-mail, whether new, and whether they have arrived."""


def late_bookings(now: datetime) -> tuple[IncomingBooking, ...]:
    """Make the bookings of every practice with a PMS that began about an hour before `now`.

    Whoever works then works at no other time, so nobody is booked twice. No reference is one of
    `bookings`, whatever its seed.
    """
    now = now.astimezone(UTC)
    starts_at = now - _AGO
    starts_at -= (starts_at - datetime(1970, 1, 1, tzinfo=UTC)) % _TO_THE
    prefixes = {practice.id: practice.short for practice in practices()}
    return tuple(
        IncomingBooking(
            line=place,
            practice_id=practice,
            patient=Patient(patient, born, MOBILES[-place], email, is_new, str(900 + place)),
            practitioner_name=practitioner,
            appointment_type="New patient examination" if is_new else "Crown preparation",
            starts_at=starts_at,
            ends_at=starts_at + _LENGTH,
            ref=f"{prefixes[practice]}-LATE{place}",
            pms_ref=f"90000{place:02}",
            practitioner_pms_ref=str(900 + place),
            fee=17_500 if is_new else 98_000,
            created_at=now - timedelta(days=20 + place),
            attendance=Attendance(Presence.ARRIVED, Origin.PMS, at=starts_at - _EARLY)
            if has_arrived
            else None,
        )
        for place, (practice, practitioner, patient, born, email, is_new, has_arrived) in enumerate(_LATE, 1)
    )


def as_booked(bookings: tuple[IncomingBooking, ...]) -> tuple[IncomingBooking, ...]:
    """Return bookings as a store knows them that nobody has told who arrived."""
    return tuple(replace(one, attendance=None) for one in bookings)


def day_of_month(now: datetime) -> int:
    """Return on which day of a month invoices are issued so that one is a draft at `now`."""
    today = now.astimezone(ZoneInfo(BILLING_ZONE)).day
    return min(_LAST_DAY_OF_MONTH, max(1, today - _DRAFT_SINCE_DAYS))


def first_period(now: datetime) -> Period:
    """Return the month to bill from so that, with that day, one invoice is final and one a draft at `now`."""
    return period_of(now, ZoneInfo(BILLING_ZONE)).previous.previous
