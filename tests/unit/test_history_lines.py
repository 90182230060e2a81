"""What operators read of a booking that was cancelled by others than a desk."""

from datetime import UTC, datetime

import pytest

from frontdesk.audit import PROGRAM, Action, AuditEvent
from frontdesk.bookings import Cancellation, Operator, Origin, Standing, why_not_cancel
from frontdesk.words.details import followed_lines, history_lines
from tests.making import KIM, LEE, make_booking

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
REINSTATED = AuditEvent(
    2,
    NOW,
    LEE,
    Action.BOOKING_REINSTATED,
    None,
    1,
    {
        "source": "b.csv",
        "version": "3",
        "cancelled_at": AT.isoformat(),
        "cancelled_by": KIM.name,
        "cancelled_origin": "file",
        "cancellation_reason": "Work",
    },
)


@pytest.mark.parametrize(
    ("origin", "why", "followed", "history"),
    [
        (Origin.HERE, "cancelled by Kim Nguyen Sat 21 Nov 12:30", "Cancelled here", "Kim Nguyen     cancelled   Work"),
        (Origin.FILE, "cancelled Sat 21 Nov 12:30, as an imported file says", "as an imported file says", "cancelled   Work, as an imported file says"),
        (Origin.PMS, "cancelled Sat 21 Nov 12:30, as the PMS says", "as the PMS says", "cancelled   Work, as the PMS says"),
    ],
)  # fmt: skip
def test_who_cancelled_is_said_as_it_was(origin: Origin, why: str, followed: str, history: str) -> None:
    booking = make_booking(cancellation=Cancellation(AT, KIM, "Work", origin))

    assert str(why_not_cancel(booking, NOW, Standing())) == why
    (line,) = followed_lines(booking, (), booking.practice.zone, 80)
    assert followed in str(line)
    assert ("Cancelled here" in str(line)) == (origin is Origin.HERE)
    (line,) = history_lines(booking, (), NOW, booking.practice.zone)
    assert history in str(line)


def test_a_booking_that_came_back_tells_both() -> None:
    (line,) = history_lines(make_booking(), (REINSTATED,), NOW, make_booking().practice.zone)
    assert str(line) == (
        "  Sun 22 Nov 11:30  Lee Tran (Desk Two) reinstated  as b.csv says; "
        "it had been cancelled Sat 21 Nov 2026 12:30: Work"
    )


@pytest.mark.parametrize(
    ("by", "line"),
    [
        (PROGRAM, "  Thu 12 Nov 16:40  Praktika       moved       from Wed 25 Nov 09:00"),
        (KIM, "  Thu 12 Nov 16:40  Kim Nguyen     moved       from Wed 25 Nov 09:00, as Praktika says"),
    ],
)
def test_what_a_diary_changed_its_pms_did_unless_somebody_has_read_it(by: Operator, line: str) -> None:
    at = datetime(2026, 11, 12, 6, 10, tzinfo=UTC)
    detail = {"source": "Praktika", "note": "from Wed 25 Nov 09:00", "version": "2"}
    moved = AuditEvent(3, at, by, Action.BOOKING_MOVED, None, 1, detail)
    (shown,) = history_lines(make_booking(), (moved,), NOW, make_booking().practice.zone)
    assert str(shown) == line
