"""The billed bookings that screens and pictures are made of: a month of which nobody has decided yet."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from frontdesk.arrivals import IncomingBooking
from frontdesk.billing.settings import BillingSettings, Price
from frontdesk.bookings import Patient
from frontdesk.store.opening import open_store
from tests.screens.desk_data import ADELAIDE, KIM, NOW, PRACTICES, SYDNEY

SETTINGS = BillingSettings("smile", "Australia/Sydney", (Price(99_00), Price(50_00, "port")), Decimal(10))
TO_DECEMBER = timedelta(days=13).total_seconds()
"""From the day of the tests to Sat 5 Dec, when the draft of November has two days left."""

PATIENTS = (
    ("B1", "adelaide", "Ben Smith", (2026, 11, 3, 9, 30), True),
    ("B2", "sydney", "Ana Reyes", (2026, 11, 4, 10, 0), True),
    ("B3", "adelaide", "Cara Olsen", (2026, 11, 12, 14, 0), True),
    ("B4", "adelaide", "Old Friend", (2026, 11, 13, 9, 0), False),
    ("B5", "port", "Dan Ito", (2026, 11, 25, 11, 15), True),
    ("B6", "adelaide", "Fay Asks", (2026, 11, 26, 8, 0), None),
    ("B7", "sydney", "Eve Novak", (2026, 12, 10, 16, 0), True),
)


def arriving(
    ref: str, practice: str, name: str, moment: tuple[int, int, int, int, int], is_new: bool | None
) -> IncomingBooking:
    zone = SYDNEY if practice == "sydney" else ADELAIDE
    return IncomingBooking(
        line=0,
        practice_id=practice,
        patient=Patient(name, date(1981, 3, 14), "0491 570 006", "", is_new),
        practitioner_name="Dr Lee",
        appointment_type="Check-up and clean",
        starts_at=datetime(*moment, tzinfo=zone),
        ref=ref,
        pms_ref=f"8{ref}",
    )


async def fill(path: Path) -> None:
    """Make a store that is billed since November, of three practices, with the patients of `PATIENTS`."""
    store = await open_store(f"sqlite:///{path}", clock=lambda: NOW)
    praktika = PRACTICES[0].pms
    assert praktika is not None
    practices = [replace(one, account="smile", pms=None) for one in PRACTICES]
    practices[0] = replace(practices[0], pms=replace(praktika, can_mark_no_show=True))
    await store.registry.apply_practices(practices, KIM)
    await store.registry.apply_billing(SETTINGS, KIM)
    await store.registry.load([arriving(*one) for one in PATIENTS], KIM, "tests")
    await store.close()
