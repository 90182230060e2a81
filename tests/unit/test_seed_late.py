"""The bookings of the demonstration that began an hour ago, and its invoices, on any day at any hour."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from frontdesk.billing.periods import InvoiceState, schedule, state
from frontdesk.billing.settings import BillingSettings
from frontdesk.bookings import Presence
from frontdesk.demo import seed
from frontdesk.demo.seed.patients import DOMAINS, MOBILES
from frontdesk.demo.simulator import Diary, EntryStatus
from frontdesk.text import clean

SUNDAY_NIGHT = datetime(2026, 11, 22, 13, 7, 31, tzinfo=UTC)
TIMES = [
    SUNDAY_NIGHT,
    datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, tzinfo=UTC),
    # Half an hour after clocks in Adelaide went forward.
    datetime(2026, 10, 3, 17, 0, tzinfo=UTC),
]


@pytest.mark.parametrize("now", TIMES, ids=str)
def test_each_began_about_an_hour_ago_and_has_not_ended(now: datetime) -> None:
    for booking in seed.late_bookings(now):
        assert timedelta(minutes=60) <= now - booking.starts_at < timedelta(minutes=65)
        assert booking.ends_at is not None
        assert booking.ends_at - now > timedelta(minutes=20)
        assert booking.created_at is not None
        assert booking.created_at < booking.starts_at
        assert booking.starts_at.timestamp() % 300 == 0


def test_each_practice_with_a_pms_has_a_new_patient_and_an_existing_one_who_have_not_arrived() -> None:
    waiting = {
        (one.practice_id, one.patient.is_new)
        for one in seed.late_bookings(SUNDAY_NIGHT)
        if one.attendance is None
    }
    integrated = [practice.id for practice in seed.practices() if practice.pms]
    assert waiting == {(practice, is_new) for practice in integrated for is_new in (True, False)}


def test_one_has_arrived_in_praktika_and_the_store_is_not_told() -> None:
    late = seed.late_bookings(SUNDAY_NIGHT)
    (arrived,) = [one for one in late if one.attendance]
    (praktika,) = [one.id for one in seed.practices() if one.pms and one.pms.kind == "praktika"]
    assert arrived.attendance is not None
    assert (arrived.practice_id, arrived.attendance.presence) == (praktika, Presence.ARRIVED)
    assert arrived.attendance.at == arrived.starts_at - timedelta(minutes=4)
    assert [one.attendance for one in seed.as_booked(late)] == [None] * len(late)
    assert [one.ref for one in seed.as_booked(late)] == [one.ref for one in late]


def test_nobody_is_one_of_the_diary_or_can_be_reached() -> None:
    late = seed.late_bookings(SUNDAY_NIGHT)
    diary = list(seed.bookings(2_000, 1, SUNDAY_NIGHT))
    for of in ("ref", "pms_ref"):
        own = [(one.practice_id, getattr(one, of)) for one in late]
        assert len(set(own)) == len(own)
        assert set(own).isdisjoint((one.practice_id, getattr(one, of)) for one in diary)
    people = [(one.practice_id, one.practitioner_name) for one in late]
    assert len(set(people)) == len(people), "nobody treats two patients at a time"
    assert set(people).isdisjoint((one.practice_id, one.practitioner_name) for one in diary)
    patients = {(one.practice_id, one.patient.pms_ref) for one in late}
    assert patients.isdisjoint((one.practice_id, one.patient.pms_ref) for one in diary)
    assert {one.patient.mobile for one in late} <= set(MOBILES)
    assert {one.patient.email.rpartition("@")[2] for one in late} <= set(DOMAINS)
    assert all(clean(one.patient.name) == one.patient.name for one in late)


def test_the_pms_shows_who_has_arrived_and_when_and_the_others_as_booked() -> None:
    late = [one for one in seed.late_bookings(SUNDAY_NIGHT) if one.practice_id == "adelaide"]
    diary = Diary()
    assert diary.fill("praktika-demo", late, SUNDAY_NIGHT) == 3
    shown = [diary.entry("praktika-demo", one.pms_ref) for one in late]
    assert [one.status for one in shown if one] == [
        EntryStatus.BOOKED,
        EntryStatus.BOOKED,
        EntryStatus.ARRIVED,
    ]
    assert shown[2] is not None
    assert shown[2].updated_at == late[2].starts_at - timedelta(minutes=4)
    an_hour_later = SUNDAY_NIGHT + timedelta(hours=1)
    diary.fill("praktika-demo", late[:1], an_hour_later)
    ended = diary.entry("praktika-demo", late[0].pms_ref)
    assert ended is not None
    assert ended.status is EntryStatus.COMPLETED
    diary.close()


def test_on_every_day_one_invoice_is_final_and_the_next_one_a_draft() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for hours in range(0, 24 * 366, 5):
        now = first + timedelta(hours=hours)
        settings = BillingSettings("any", seed.BILLING_ZONE, (), Decimal(10), seed.day_of_month(now))
        period = seed.first_period(now)
        states = [state(schedule(one, settings), now) for one in (period, period.next, period.next.next)]
        assert states[0].is_final, now
        assert states[1:] == [InvoiceState.DRAFT, InvoiceState.OPEN], now
        left = schedule(period.next, settings).final_at - now
        assert left > timedelta(days=3), f"{now}: a demonstration is looked at for some days"


def test_days_are_those_of_the_accounts_clock() -> None:
    zone = ZoneInfo(seed.BILLING_ZONE)
    midnight = datetime(2026, 11, 20, tzinfo=zone)
    assert seed.day_of_month((midnight - timedelta(seconds=1)).astimezone(UTC)) == 17
    assert seed.day_of_month(midnight.astimezone(UTC)) == 18
