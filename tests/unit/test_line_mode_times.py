"""Which clock line mode tells the time of a write by: the one at the desk, and it says which."""

from dataclasses import replace
from datetime import UTC, datetime

from frontdesk.audit import AuditEvent
from frontdesk.bookings import Cancellation
from frontdesk.cli.lines import booking_lines, event_cells
from frontdesk.identity import NOTHING_RELATED
from tests.making import KIM, make_booking, make_practice

AT = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
SYDNEY = make_practice("sydney", time_zone="Australia/Sydney")
CANCELLED = replace(make_booking(), cancellation=Cancellation(AT, KIM))


def test_show_says_by_which_clock_a_booking_was_cancelled() -> None:
    lines = list(booking_lines(CANCELLED, NOTHING_RELATED, (), AT, SYDNEY))
    assert any(line.endswith("Sun 22 Nov 2026 09:45 Sydney time by Kim Nguyen") for line in lines)
    assert any("Adelaide time" in line and "here" in line for line in lines)
    at_home = list(booking_lines(CANCELLED, NOTHING_RELATED, (), AT, CANCELLED.practice))
    assert any(line.endswith("Sun 22 Nov 2026 09:15 by Kim Nguyen") for line in at_home)


def test_history_says_by_which_clock() -> None:
    event = AuditEvent(1, AT, KIM, "booking.cancel", None, 1, {})
    assert event_cells(event, CANCELLED, SYDNEY)[0] == "Sun 22 Nov 2026 09:45 Sydney time"
    assert event_cells(event, CANCELLED, CANCELLED.practice)[0] == "Sun 22 Nov 2026 09:15"
