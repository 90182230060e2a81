"""What a source makes of a booking: what a load reads by columns, apart from any database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontdesk.arrivals import Effect, IncomingBooking
from frontdesk.bookings import Attendance, Booking, Origin, Presence
from frontdesk.merging import Merged, Reading, merge
from frontdesk.store.sql.selects import booking_values
from tests.making import KIM, make_booking, make_incoming

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
AHEAD = NOW + timedelta(days=1)
READING = Reading(KIM, NOW, make_booking().practice.zone)
BOOKING = make_booking(starts_at=AHEAD)


def line(**changes: Any) -> IncomingBooking:
    """Return a line of a file that says of BOOKING what it is already."""
    same = make_incoming(ref=BOOKING.ref, pms_ref=BOOKING.pms_ref, starts_at=AHEAD)
    return replace(same, **changes)


def merged(booking: Booking, said: IncomingBooking) -> Merged:
    return merge(booking_values(booking), said, 1, READING)


@pytest.mark.parametrize(
    ("changes", "effects"),
    [
        ({}, set()),
        ({"pms_ref": "P9"}, set()),
        ({"starts_at": AHEAD + timedelta(hours=1), "ends_at": AHEAD + timedelta(hours=2)}, {Effect.MOVED}),
        ({"ends_at": AHEAD + timedelta(hours=1)}, {Effect.CHANGED}),
        ({"fee": 100, "starts_at": NOW}, {Effect.MOVED, Effect.CHANGED}),
        ({"cancelled_at": NOW}, {Effect.CANCELLED}),
        ({"attendance": Attendance(Presence.UNABLE, Origin.FILE)}, {Effect.ATTENDANCE}),
    ],
)
def test_what_a_change_is(changes: dict[str, Any], effects: set[Effect]) -> None:
    assert merged(BOOKING, line(**changes)).effects == effects


def test_only_what_differs_is_written() -> None:
    assert merged(BOOKING, line()).values == {}
    assert merged(BOOKING, line(fee=100)).values == {"fee_cents": 100}


def test_what_a_source_said_of_the_same_time_stays_though_nobody_can_know_it_yet() -> None:
    said = Attendance(Presence.NO_SHOW, Origin.FILE, KIM, NOW)
    marked = replace(BOOKING, attendance=said)
    silent = line(unsaid=frozenset({"attendance"}))
    assert merged(marked, silent) == Merged()
    moved = merged(marked, replace(silent, starts_at=AHEAD + timedelta(hours=1)))
    assert moved.falls
    assert moved.values["attendance"] == "none"
