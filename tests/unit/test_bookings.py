"""Status, the rules of who may cancel what and why not, and the errors of the family."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk import times
from frontdesk.bookings import (
    Booking,
    BookingQuery,
    Cancellation,
    Count,
    Operator,
    Position,
    Reason,
    Scope,
    Standing,
    Status,
    home_practice,
    why_not_cancel,
    why_not_write,
)
from frontdesk.errors import (
    Conflict,
    FrontdeskError,
    NotFound,
    Refused,
    Unauthorised,
    Unavailable,
)
from tests.australia import CLOCKS, DEPTHS, around_changes, instants_of, wall
from tests.making import KIM, LEE, make_booking, make_practice

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
"""Sun 22 Nov 2026 09:15 in Adelaide."""

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
CANCELLATION = Cancellation(NOW - 13 * MINUTE, KIM, "patient ill")

UPCOMING = make_booking(starts_at=NOW + 4 * DAY)
PASSED = make_booking(starts_at=NOW - 60 * MINUTE)
CANCELLED = make_booking(starts_at=NOW + 4 * DAY, cancellation=CANCELLATION)

READ_ONLY = Standing(why_not_writable="the file is read-only")
READER = Standing(scopes=frozenset({Scope.READ, Scope.BILL}))
ELSEWHERE = Standing(practices=frozenset({"perth"}))


@pytest.mark.parametrize(
    ("starts_in", "status"),
    [
        (timedelta(microseconds=1), Status.UPCOMING),
        (timedelta(0), Status.COMPLETED),
        (-timedelta(microseconds=1), Status.COMPLETED),
    ],
)
def test_the_boundary_is_the_start(starts_in: timedelta, status: Status) -> None:
    booking = make_booking(starts_at=NOW + starts_in)
    assert booking.status(NOW) is status
    assert replace(booking, cancellation=CANCELLATION).status(NOW) is Status.CANCELLED


@pytest.mark.parametrize(("zone_name", "years"), DEPTHS)
def test_no_clock_change_makes_a_status_wrong_about_past(zone_name: str, years: range) -> None:
    practice = make_practice(time_zone=zone_name)
    made = make_booking(practice=practice)
    for instants in around_changes(zone_name, years):
        for start in instants:
            # As a file brings it: by its wall clock time, which may name two instants.
            starts_at = times.from_local(wall(zone_name, start), practice.zone)
            booking = replace(made, starts_at=starts_at)
            for now in instants:
                passed = starts_at.timestamp() <= now.timestamp()
                assert booking.status(now) is (Status.COMPLETED if passed else Status.UPCOMING)
                reason = why_not_cancel(booking, now, Standing())
                assert (reason is not None) == passed
            assert starts_at == instants_of(zone_name, wall(zone_name, start))[0]


@settings(max_examples=50, deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(-2 * DAY, 2 * DAY),
    st.sampled_from(sorted(CLOCKS)),
    st.sampled_from(["UTC", "Australia/Perth", "America/New_York"]),
)
def test_neither_the_zone_of_now_nor_of_the_practice_decides(
    start: datetime, gap: timedelta, zone_name: str, elsewhere: str
) -> None:
    booking = make_booking(starts_at=start, practice=make_practice(time_zone=zone_name))
    now = start + gap
    assert booking.status(now.astimezone(ZoneInfo(elsewhere))) is booking.status(now)
    assert (booking.status(now) is Status.UPCOMING) == (gap < timedelta(0))


@pytest.mark.parametrize(
    ("booking", "desk", "code", "text"),
    [
        (CANCELLED, Standing(), "already-cancelled", "cancelled by Kim Nguyen Sun 22 Nov 09:02"),
        (PASSED, Standing(), "time-passed", "it started 1 h 00 ago"),
        (
            make_booking(starts_at=NOW),
            Standing(),
            "time-passed",
            "it started 0 min ago",
        ),
        (UPCOMING, READ_ONLY, "not-writable", "the file is read-only"),
        (UPCOMING, READER, "no-permission", "this desk may read bookings, not change them"),
        (UPCOMING, ELSEWHERE, "other-practice", "this desk does not work for Smile Dental Adelaide"),
        (UPCOMING, Standing(practices=frozenset()), "other-practice", ""),
        # What is true of the booking comes first, then the store, the scope, the practice.
        (replace(PASSED, cancellation=CANCELLATION), READ_ONLY, "already-cancelled", ""),
        (CANCELLED, ELSEWHERE, "already-cancelled", ""),
        (PASSED, READ_ONLY, "time-passed", ""),
        (PASSED, replace(READER, practices=frozenset()), "time-passed", ""),
        (UPCOMING, replace(READER, why_not_writable="the disk is full"), "not-writable", "the disk is full"),
        (UPCOMING, replace(READER, practices=frozenset()), "no-permission", ""),
    ],
)
def test_why_not_and_in_which_order(booking: Booking, desk: Standing, code: str, text: str) -> None:
    reason = why_not_cancel(booking, NOW, desk)
    assert reason is not None
    assert reason.code == code
    assert str(reason) == reason.text
    assert not text or reason.text == text


def test_a_reason_says_when_in_the_practices_own_time_and_year() -> None:
    perth = make_practice("perth", time_zone="Australia/Perth")
    done = Cancellation(datetime(2025, 12, 1, 16, 30, tzinfo=UTC), LEE)
    reason = why_not_cancel(make_booking(practice=perth, cancellation=done), NOW, Standing())
    assert str(reason) == "cancelled by Lee Tran (Desk Two) 2 Dec '25 00:30"


DESKS = st.builds(
    Standing,
    why_not_writable=st.sampled_from(["", "", "the file is read-only"]),
    scopes=st.frozensets(st.sampled_from(Scope)),
    practices=st.none() | st.frozensets(st.sampled_from(["adelaide", "perth"])),
)


@settings(max_examples=50, deadline=None)
@given(DESKS, st.timedeltas(-2 * DAY, 2 * DAY), st.none() | st.just(CANCELLATION))
def test_can_be_cancelled_exactly_when_upcoming_writable_and_allowed(
    desk: Standing, starts_in: timedelta, cancellation: Cancellation | None
) -> None:
    booking = make_booking(starts_at=NOW + starts_in, cancellation=cancellation)
    allowed = (
        booking.status(NOW) is Status.UPCOMING
        and not desk.why_not_writable
        and Scope.CANCEL in desk.scopes
        and (desk.practices is None or "adelaide" in desk.practices)
    )
    reason = why_not_cancel(booking, NOW, desk)
    assert (reason is None) == allowed
    assert reason is None or reason.text


NOT_WITHOUT = {
    Scope.READ: "this desk's token does not let it read bookings",
    Scope.CANCEL: "this desk may read bookings, not change them",
    Scope.BILL: "this desk may not see what is billed",
    Scope.DECIDE: "this desk may not decide about what is billed",
    Scope.ADMIN: "this desk may not look after the store",
}


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_is_asked_for_by_itself(scope: Scope) -> None:
    assert why_not_write(UPCOMING.practice, Standing(scopes=frozenset({scope})), scope) is None
    others = Standing(scopes=frozenset(Scope) - {scope})
    assert why_not_write(UPCOMING.practice, others, scope) == Reason("no-permission", NOT_WITHOUT[scope])


def test_what_is_of_all_practices_is_for_desks_of_all_of_them() -> None:
    everywhere = Standing(scopes=frozenset(Scope))
    assert why_not_write(None, everywhere, Scope.CANCEL) is None
    some = replace(everywhere, practices=frozenset({"adelaide"}))
    reason = why_not_write(None, some, Scope.CANCEL)
    assert reason is not None
    assert reason.code == "other-practice"


def test_an_operator_is_named_with_the_desk_token() -> None:
    assert str(Operator("Kim Nguyen")) == "Kim Nguyen"
    assert str(Operator("Kim Nguyen", "Desk Two")) == "Kim Nguyen (Desk Two)"


def test_a_count_says_when_it_stopped() -> None:
    assert str(Count(12_410, exact=True)) == "12,410"
    assert str(Count(2_000, exact=False)) == "2,000+"


def test_bookings_are_in_order_of_start_then_id() -> None:
    early, late = Position(NOW, 9), Position(NOW + MINUTE, 1)
    assert sorted([late, Position(NOW, 10), early]) == [early, Position(NOW, 10), late]


@pytest.mark.parametrize(
    "restriction",
    [
        {"text": "kovac"},
        {"statuses": frozenset({Status.UPCOMING})},
        {"first_day": date(2026, 11, 26)},
        {"last_day": date(2026, 11, 26)},
        {"practitioners": frozenset({1})},
        {"practices": frozenset({"adelaide"})},
    ],
)
def test_a_query_knows_whether_it_restricts(restriction: dict[str, object]) -> None:
    assert BookingQuery(NOW, text="  ").is_everything
    assert not replace(BookingQuery(NOW), **restriction).is_everything  # type: ignore[arg-type]


def test_every_error_has_a_title_a_hint_and_a_fixed_exit_code() -> None:
    errors: dict[FrontdeskError, int] = {
        Refused(Reason("time-passed", "try f")): 1,
        NotFound("try f"): 1,
        Unauthorised("try f"): 1,
        Unavailable("try f"): 3,
        Conflict("try f", CANCELLED, KIM, NOW): 4,
    }
    assert {type(error) for error in errors} == set(FrontdeskError.__subclasses__()) - _of_the_config()
    assert len({error.title for error in errors}) == len(errors)
    for error, exit_code in errors.items():
        assert error.exit_code == exit_code
        assert error.hint == str(error) == "try f"
        assert error.title != FrontdeskError.title


def _of_the_config() -> set[type[FrontdeskError]]:
    return {error for error in FrontdeskError.__subclasses__() if error.__module__ != "frontdesk.errors"}


def test_home_is_the_practice_that_was_named_else_the_first() -> None:
    first, named = make_practice(), make_practice(id="hobart")
    assert home_practice((first, named), "hobart") is named
    assert home_practice((first, named), "nowhere") is first
    assert home_practice((), "hobart") is None
