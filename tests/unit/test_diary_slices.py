"""A window of a diary in slices that fit a page, and what makes a slice whole."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as some

from frontdesk.arrivals import AppointmentStatus
from frontdesk.diary_runs import Kind, Slice, Window
from frontdesk.diary_schedule import window
from frontdesk.pms.port import Appointment, AppointmentPage
from frontdesk.sync.slices import SHORTEST, can_be_halved, cut, days, halves, why_not_whole

ADELAIDE = ZoneInfo("Australia/Adelaide")
NOW = datetime(2026, 10, 1, 3, tzinfo=UTC)
FULL = window(Kind.FULL, NOW, ADELAIDE)


def gapless(slices: list[Slice], of: Window) -> bool:
    """Whether slices are all of a window, each part once."""
    inorder = sorted(slices, key=lambda one: one.starts_at)
    ends = [one.ends_at for one in inorder]
    starts = [one.starts_at for one in inorder]
    return starts[0] == of.starts_at and ends[-1] == of.ends_at and starts[1:] == ends[:-1]


@given(
    some.lists(some.integers(0, 150 * 24 * 4 - 1), max_size=400),
    some.sampled_from([5, 20, 100, 1000]),
)
@settings(max_examples=40, deadline=None)
def test_every_part_of_a_window_is_read_once_and_fits_a_page(quarters: list[int], page: int) -> None:
    known = sorted(FULL.starts_at + timedelta(minutes=15 * one) for one in quarters)
    known = [one for one in known if one < FULL.ends_at]
    made = cut(FULL, known, page, ADELAIDE, NOW)
    assert gapless(made, FULL)
    assert sum(one.expected for one in made) == len(known)
    for one in made:
        assert one.expected <= 0.8 * page or not can_be_halved(one)


def test_without_anything_known_weeks_are_tried() -> None:
    made = cut(FULL, [], 100, ADELAIDE, NOW)
    assert len(made) == 23
    assert max(one.ends_at - one.starts_at for one in made) == timedelta(days=7)


def test_days_with_few_appointments_are_read_together() -> None:
    """Some 4,500 appointments, sixty a day for 75 days: about 80 requests, not 150."""
    known = [
        FULL.starts_at + timedelta(days=day, minutes=10 * number) for day in range(75) for number in range(60)
    ]
    made = cut(FULL, known, 100, ADELAIDE, NOW)
    assert 75 < len(made) < 85


def test_today_and_what_is_to_come_is_read_first() -> None:
    made = cut(FULL, [], 100, ADELAIDE, NOW)
    assert made[0].starts_at <= NOW < made[0].ends_at
    ahead = [one for one in made if one.ends_at > NOW]
    assert made[: len(ahead)] == ahead == sorted(ahead, key=lambda one: one.starts_at)
    assert made[len(ahead) :] == sorted(made[len(ahead) :], key=lambda one: one.starts_at, reverse=True)


def test_a_near_compare_reads_day_by_day() -> None:
    near = window(Kind.NEAR, NOW, ADELAIDE)
    made = days(near, [NOW], ADELAIDE)
    assert gapless(made, near)
    assert [one.expected for one in made] == [1, 0, 0]


def test_halves_are_all_of_it_and_stop_at_an_hour() -> None:
    whole = Slice(NOW, NOW + timedelta(days=1))
    first, second = halves(whole, [NOW, NOW + timedelta(hours=20)])
    assert gapless([first, second], Window(whole.starts_at, whole.ends_at))
    assert (first.expected, second.expected) == (1, 1)
    assert not can_be_halved(Slice(NOW, NOW + 1.5 * SHORTEST))


def page(*refs: str, total: int | None = None, without_time: int = 0) -> AppointmentPage:
    shown = tuple(Appointment(ref, AppointmentStatus.BOOKED, NOW) for ref in refs)
    return AppointmentPage(shown, total=total, without_time=without_time)


def test_pages_that_fit_together_are_a_whole_slice() -> None:
    assert why_not_whole([page("1", "2")]) == ""
    assert why_not_whole([page("1", "2", total=3), page("3", total=3)]) == ""
    assert why_not_whole([page("1", total=2, without_time=1)]) == ""
    assert why_not_whole([page()]) == ""


def test_failure_4_fewer_than_announced_are_no_whole_slice() -> None:
    assert why_not_whole([page("1", "2", total=7)]) == "it says that there are 7 appointments and shows 2"


def test_failure_11_pages_that_shifted_are_no_whole_slice() -> None:
    assert why_not_whole([page("1", "2"), page("2", "3")]) == "an appointment came twice"
    assert why_not_whole([page("1", total=2), page("2", total=3)]) == "its list changed while it was read"
