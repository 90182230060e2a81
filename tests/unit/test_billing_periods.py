"""Months of an account's clock, and invoices from draft to overdue, through every change of clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frontdesk.billing.periods import (
    GRACE,
    InvoiceState,
    Period,
    Schedule,
    credited_in,
    parse,
    period_of,
    schedule,
    state,
    to_close,
)
from frontdesk.billing.settings import BillingSettings

INSTANT = timedelta(microseconds=1)
NOVEMBER = Period(2026, 11)
SYDNEY = BillingSettings("smile", "Australia/Sydney")

ZONES = st.sampled_from(sorted(available_timezones()))
INSTANTS = st.datetimes(datetime(1980, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
PERIODS = st.builds(Period, st.integers(1980, 2037), st.integers(1, 12))
ACCOUNTS = st.builds(
    BillingSettings,
    st.just("smile"),
    ZONES,
    day_of_month=st.integers(1, 28),
    due_days=st.integers(0, 90),
)
quick = settings(max_examples=50, deadline=None)

TWICE_MIDNIGHT = datetime(2009, 11, 1, 2, 31, tzinfo=UTC)
"""In St John's the clocks went back a minute after the midnight that began November."""


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "instant", "period"),
    [
        ("Australia/Sydney", "2026-10-31T12:59:59", Period(2026, 10)),
        ("Australia/Sydney", "2026-10-31T13:00:00", NOVEMBER),
        ("Australia/Perth", "2026-10-31T13:00:00", Period(2026, 10)),
        ("Australia/Sydney", "2026-12-31T13:00:00", Period(2027, 1)),
        ("Australia/Sydney", "2026-04-30T13:59:59", Period(2026, 4)),
        ("Australia/Sydney", "2026-04-30T14:00:00", Period(2026, 5)),
        # Havana skipped the midnight that began April 2012.
        ("America/Havana", "2012-04-01T04:59:59", Period(2012, 3)),
        ("America/Havana", "2012-04-01T05:00:00", Period(2012, 4)),
        ("America/St_Johns", "2009-11-01T02:29:59", Period(2009, 10)),
        ("America/St_Johns", "2009-11-01T02:30:00", Period(2009, 11)),
        ("America/St_Johns", "2009-11-01T02:31:00", Period(2009, 11)),
        ("America/St_Johns", "2009-11-01T03:30:00", Period(2009, 11)),
    ],
)
def test_a_booking_belongs_to_the_month_of_the_accounts_clock(
    zone: str, instant: str, period: Period
) -> None:
    assert period_of(utc(instant), ZoneInfo(zone)) == period


@given(INSTANTS, ZONES)
@example(TWICE_MIDNIGHT, "America/St_Johns")
@quick
def test_an_instant_is_in_exactly_one_period_whatever_the_zone(instant: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    period = period_of(instant, zone)
    around = [period.previous.previous, period.previous, period, period.next, period.next.next]
    holding = [one for one in around if one.starts_at(zone) <= instant < one.next.starts_at(zone)]
    assert holding == [period]


@given(PERIODS, ZONES)
@quick
def test_periods_follow_one_another_without_a_gap(period: Period, name: str) -> None:
    zone = ZoneInfo(name)
    start, end = period.starts_at(zone), period.next.starts_at(zone)
    assert timedelta(days=27) < end - start < timedelta(days=32)
    assert period_of(start, zone) == period == period_of(end - INSTANT, zone)
    assert (period.next.previous, period.previous.next) == (period, period)
    assert period.previous < period < period.next
    assert parse(str(period)) == period


@pytest.mark.parametrize(
    "written", ["2026", "2026-13", "2026-00", "26-11", "2026-1", "Nov", "0000-01", "2026-11-01"]
)
def test_what_is_no_month(written: str) -> None:
    with pytest.raises(ValueError, match=f"^{written} is no month: write it like 2026-11$"):
        parse(written)


def test_the_days_of_novembers_invoice() -> None:
    assert schedule(NOVEMBER, SYDNEY) == Schedule(
        issued_at=utc("2026-11-30T13:00"),
        final_at=utc("2026-12-07T13:00"),
        due_on=date(2026, 12, 22),
        overdue_at=utc("2026-12-22T13:00"),
    )
    later = BillingSettings("smile", "Australia/Sydney", day_of_month=15, due_days=0)
    assert schedule(NOVEMBER, later) == Schedule(
        utc("2026-12-14T13:00"), utc("2026-12-21T13:00"), date(2026, 12, 22), utc("2026-12-22T13:00")
    )


def test_the_grace_is_seven_times_24_hours_though_the_clocks_change() -> None:
    days = schedule(Period(2026, 3), SYDNEY)
    assert days.final_at - days.issued_at == timedelta(hours=7 * 24)
    # Sun 5 Apr 2026 has 25 hours there.
    assert days.final_at.astimezone(SYDNEY.zone).hour == 23
    assert days.due_on == date(2026, 4, 21)


@given(PERIODS, ACCOUNTS)
@quick
def test_each_boundary_is_exact(period: Period, account: BillingSettings) -> None:
    days = schedule(period, account)
    for at, before, then in (
        (days.issued_at, InvoiceState.OPEN, InvoiceState.DRAFT),
        (days.final_at, InvoiceState.DRAFT, InvoiceState.DUE),
        (days.overdue_at, InvoiceState.DUE, InvoiceState.OVERDUE),
    ):
        assert (state(days, at - INSTANT), state(days, at)) == (before, then)
    assert days.issued_at >= period.next.starts_at(account.zone)
    assert days.final_at == days.issued_at + GRACE


ORDER = list(InvoiceState)


@given(
    PERIODS,
    ACCOUNTS,
    st.lists(st.integers(-60, 200), min_size=2, max_size=8),
    st.none() | st.integers(40, 200),
    st.none() | st.integers(40, 200),
)
@quick
def test_states_never_go_back(
    period: Period, account: BillingSettings, moments: list[int], paid: int | None, void: int | None
) -> None:
    days = schedule(period, account)
    paid_at = None if paid is None else days.final_at + timedelta(days=paid)
    void_at = None if void is None else days.final_at + timedelta(days=void)
    found = [
        ORDER.index(state(days, days.issued_at + timedelta(days=day), paid_at=paid_at, void_at=void_at))
        for day in sorted(moments)
    ]
    assert found == sorted(found)


def test_paid_and_void_count_from_when_they_were() -> None:
    days = schedule(NOVEMBER, SYDNEY)
    at = days.overdue_at + timedelta(days=1)
    for said, meant in (({"paid_at": at}, InvoiceState.PAID), ({"void_at": at}, InvoiceState.VOID)):
        assert state(days, at, **said) is meant
        assert state(days, at - INSTANT, **said) is InvoiceState.OVERDUE
    assert state(days, at, paid_at=at, void_at=at) is InvoiceState.VOID


def test_what_is_final() -> None:
    assert [one for one in InvoiceState if not one.is_final] == [InvoiceState.OPEN, InvoiceState.DRAFT]


@given(PERIODS, ACCOUNTS, st.integers(0, 900))
@quick
def test_periods_are_closed_in_order_each_when_its_draft_has_ended(
    first: Period, account: BillingSettings, later: int
) -> None:
    now = first.starts_at(account.zone) + timedelta(days=later)
    closing = list(to_close(first, account, now))
    assert closing == list(takewhile(lambda one: schedule(one, account).final_at <= now, all_from(first)))
    assert all(one.next == other for one, other in pairwise(closing))


def all_from(period: Period):  # type: ignore[no-untyped-def]
    while True:
        yield period
        period = period.next


def test_closing_begins_at_the_end_of_the_grace() -> None:
    ends_at = schedule(NOVEMBER, SYDNEY).final_at
    assert list(to_close(NOVEMBER, SYDNEY, ends_at - INSTANT)) == []
    assert list(to_close(NOVEMBER, SYDNEY, ends_at)) == [NOVEMBER]


@given(INSTANTS, ACCOUNTS)
@quick
def test_a_credit_goes_on_the_next_invoice_that_ends(at: datetime, account: BillingSettings) -> None:
    period = credited_in(at, account)
    assert schedule(period, account).final_at > at
    assert schedule(period.previous, account).final_at <= at
    assert credited_in(at, account, {period}) == period.next


@pytest.mark.parametrize(
    ("at", "period"),
    [
        ("2026-12-07T12:59:59", NOVEMBER),
        ("2026-12-07T13:00:00", Period(2026, 12)),
        ("2027-01-07T12:59:59", Period(2026, 12)),
    ],
)
def test_where_a_credit_goes(at: str, period: Period) -> None:
    assert credited_in(utc(at), SYDNEY) == period
