"""Made-up practices, patients and bookings, for a demonstration or a trial at any size."""

from frontdesk.demo.seed.diary import ACCOUNT, BILLER, DEFAULT_BOOKINGS, bookings, practices
from frontdesk.demo.seed.late import BILLING_ZONE, as_booked, day_of_month, first_period, late_bookings

__all__ = [
    "ACCOUNT",
    "BILLER",
    "BILLING_ZONE",
    "DEFAULT_BOOKINGS",
    "as_booked",
    "bookings",
    "day_of_month",
    "first_period",
    "late_bookings",
    "practices",
]
