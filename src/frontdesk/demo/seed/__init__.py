"""Made-up practices, patients and bookings, for a demonstration or a trial at any size."""

from frontdesk.demo.seed.diary import ACCOUNT, BILLER, DEFAULT_BOOKINGS, bookings, practices

__all__ = ["ACCOUNT", "BILLER", "DEFAULT_BOOKINGS", "bookings", "practices"]
