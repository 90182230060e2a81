"""Times in the operator's words, through every clock change of Australia."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk import times
from tests.australia import A_FEW_YEARS, CLOCKS, DEPTHS, around_changes, instants_of, offset, wall

ADELAIDE = ZoneInfo("Australia/Adelaide")
NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
"""Sun 22 Nov 2026 09:15 in Adelaide."""

DATES = st.dates(date(1900, 1, 1), date(2099, 12, 31))
INSTANTS = st.datetimes(datetime(2010, 1, 2), datetime(2037, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONE_NAMES = st.sampled_from(sorted(CLOCKS))


def adelaide(text: str) -> datetime:
    return times.from_local(datetime.fromisoformat(text), ADELAIDE)


def test_every_zone_of_australia_is_looked_at() -> None:
    assert set(CLOCKS) == {name for name in available_timezones() if name.startswith("Australia/")}


@pytest.mark.parametrize(("zone_name", "years"), DEPTHS)
def test_what_the_clocks_show_around_their_changes(zone_name: str, years: range) -> None:
    zone = ZoneInfo(zone_name)
    for instants in around_changes(zone_name, years):
        for instant in instants:
            shown = wall(zone_name, instant)
            assert times.local_date(instant, zone) == shown.date()
            assert times.when(instant, zone, instant) == shown.strftime("%a ") + f"{shown.day:>2}" + (
                shown.strftime(" %b %H:%M")
            )


@pytest.mark.parametrize(("zone_name", "years"), DEPTHS)
def test_in_full_names_one_instant_and_the_offset_only_when_the_hour_is_repeated(
    zone_name: str, years: range
) -> None:
    zone = ZoneInfo(zone_name)
    for instants in around_changes(zone_name, years):
        for instant in instants:
            said = times.when_in_full(instant, zone)
            plain, with_offset, ahead = said.partition(" (UTC")
            shown = datetime.strptime(plain, "%a %d %b %Y %H:%M")  # noqa: DTZ007 - a wall clock
            assert shown.strftime("%a") == plain[:3]
            meant = instants_of(zone_name, shown)
            if with_offset:
                assert len(meant) == 2
                hours, minutes = re.fullmatch(r"\+(\d\d):(\d\d)\)", ahead).groups()  # type: ignore[union-attr]
                told = timedelta(hours=int(hours), minutes=int(minutes))
                assert told == offset(zone_name, instant)
                meant = [shown.replace(tzinfo=UTC) - told]
            assert meant == [instant]


@pytest.mark.parametrize(("zone_name", "years"), DEPTHS)
def test_a_wall_clock_time_is_read_as_its_first_instant_or_refused(zone_name: str, years: range) -> None:
    zone = ZoneInfo(zone_name)
    kinds = set()
    for instants in around_changes(zone_name, years):
        middle = wall(zone_name, instants[8])
        for shown in (middle + step * timedelta(minutes=15) for step in range(-12, 13)):
            meant = instants_of(zone_name, shown)
            kinds.add(len(meant))
            if meant:
                read = times.from_local(shown, zone)
                assert read == meant[0]
                assert read.tzinfo is UTC
                assert times.from_local(shown.replace(fold=1), zone) == read
            else:
                with pytest.raises(
                    ValueError, match=rf"{shown:%Y-%m-%d %H:%M} does not exist in {zone_name}"
                ):
                    times.from_local(shown, zone)
    assert kinds == ({0, 1, 2} if CLOCKS[zone_name][1] else {1})


def test_the_clock_changes_of_2026_in_adelaide() -> None:
    with pytest.raises(ValueError, match="2026-10-04 02:30 does not exist in Australia/Adelaide"):
        adelaide("2026-10-04T02:30")
    first = adelaide("2026-04-05T02:30")
    second = first + timedelta(hours=1)
    assert times.when(first, ADELAIDE, NOW) == times.when(second, ADELAIDE, NOW)
    assert times.when_in_full(first, ADELAIDE) == "Sun 5 Apr 2026 02:30 (UTC+10:30)"
    assert times.when_in_full(second, ADELAIDE) == "Sun 5 Apr 2026 02:30 (UTC+09:30)"
    assert times.when_in_full(second + timedelta(hours=1), ADELAIDE) == "Sun 5 Apr 2026 03:30"


@settings(max_examples=50, deadline=None)
@given(INSTANTS, ZONE_NAMES)
def test_any_instant_comes_back_from_its_wall_clock(instant: datetime, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    assert shown == wall(zone_name, instant)
    assert times.from_local(shown, zone) in (instant, instant - CLOCKS[zone_name][1])


@settings(max_examples=50, deadline=None)
@given(INSTANTS, INSTANTS, ZONE_NAMES)
def test_columns_keep_their_width(instant: datetime, now: datetime, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    when = times.when(instant, zone, now)
    assert len(when) == 16
    assert ("'" in when) == (wall(zone_name, instant).year != wall(zone_name, now).year)
    assert when.split() == times.when_in_words(instant, zone, now).split(" ")


@settings(max_examples=50, deadline=None)
@given(st.none() | DATES, DATES)
def test_dates_keep_their_width(value: date | None, today: date) -> None:
    assert len(times.birth(value)) == 9
    if value is not None:
        assert len(times.day(value, today)) == 10
        assert times.day(value, today).split() == times.day_in_words(value, today).split(" ")
        assert datetime.strptime(times.day_in_full(value), "%d %b %Y").date() == value  # noqa: DTZ007


def test_dates_as_drawn() -> None:
    assert times.birth(date(1958, 2, 2)) == " 2 Feb 58"
    assert times.birth(date(2007, 8, 30)) == "30 Aug 07"
    assert times.birth(None) == "not known"
    assert times.day_in_full(date(1981, 3, 14)) == "14 Mar 1981"
    assert times.when(adelaide("2026-11-26T10:30"), ADELAIDE, NOW) == "Thu 26 Nov 10:30"
    assert times.when(adelaide("2026-12-01T16:45"), ADELAIDE, NOW) == "Tue  1 Dec 16:45"
    assert times.when(adelaide("2025-03-12T09:00"), ADELAIDE, NOW) == "12 Mar '25 09:00"
    assert times.when_in_words(adelaide("2026-12-01T16:45"), ADELAIDE, NOW) == "Tue 1 Dec 16:45"
    assert times.when_in_words(adelaide("2027-03-02T09:00"), ADELAIDE, NOW) == "2 Mar '27 09:00"
    assert times.when_in_full(adelaide("2026-11-26T10:30"), ADELAIDE) == "Thu 26 Nov 2026 10:30"
    assert times.when_in_full(adelaide("2026-12-01T16:45"), ADELAIDE) == "Tue 1 Dec 2026 16:45"


def test_the_year_is_the_practices_own() -> None:
    newly = datetime(2026, 12, 31, 14, 0, tzinfo=UTC)
    assert times.when(newly, ADELAIDE, newly) == "Fri  1 Jan 00:30"
    assert times.when(newly, ADELAIDE, newly - timedelta(hours=1)) == " 1 Jan '27 00:30"
    assert times.when(newly, ZoneInfo("Australia/Perth"), newly) == "Thu 31 Dec 22:00"


@settings(max_examples=50, deadline=None)
@given(DATES, st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_age_counts_birthdays(born: date, on: date) -> None:
    born, on = sorted((born, on))
    birthdays = sum(
        date(year, 3, 1) <= on
        if (born.month, born.day) == (2, 29) and year % 4
        else _same_day(born, year) <= on
        for year in range(born.year + 1, on.year + 1)
    )
    assert times.age(born, on) == birthdays


def _same_day(born: date, year: int) -> date:
    return date(year, born.month, born.day)


def test_who_was_born_on_a_leap_day_is_older_from_the_first_of_march() -> None:
    assert times.age(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert times.age(date(2008, 2, 29), date(2026, 3, 1)) == 18
    assert times.age(date(1981, 3, 14), date(2026, 11, 22)) == 45
    assert times.age(date(2026, 11, 22), date(2026, 11, 22)) == 0


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("2026-11-22T09:55", "in 40 min"),
        ("2026-11-22T12:35", "in 3 h 20"),
        ("2026-11-22T10:20", "in 1 h 05"),
        ("2026-11-23T09:14", "in 23 h 59"),
        ("2026-11-23T09:15", "tomorrow"),
        ("2026-11-23T23:59", "tomorrow"),
        ("2026-11-24T09:15", "in 2 days"),
        ("2026-11-26T10:30", "in 4 days"),
        ("2026-11-22T08:15", "1 h 00 ago"),
        ("2026-11-22T08:10", "1 h 05 ago"),
        ("2026-11-22T09:15", "0 min ago"),
        ("2026-11-21T09:15", "yesterday"),
        ("2026-11-20T23:59", "2 days ago"),
    ],
)
def test_distance_as_drawn(start: str, said: str) -> None:
    assert times.distance(adelaide(start), NOW, ADELAIDE) == said


def test_the_day_that_has_25_hours_has_no_tomorrow_in_it() -> None:
    midnight = adelaide("2026-04-05T00:00")
    assert times.distance(adelaide("2026-04-05T23:30"), midnight, ADELAIDE) == "in 24 h 30"
    assert times.distance(midnight, adelaide("2026-04-05T23:30"), ADELAIDE) == "24 h 30 ago"
    assert times.distance(adelaide("2026-04-06T00:00"), midnight, ADELAIDE) == "tomorrow"


def _moments(zone_name: str, years: range) -> Iterator[tuple[datetime, datetime]]:
    for instants in around_changes(zone_name, years):
        for now in instants[::4]:
            for instant in instants:
                for days in range(-2, 4):
                    yield instant + timedelta(days=days), now
                    yield instant + timedelta(days=days, hours=21), now


@pytest.mark.parametrize(("zone_name", "years"), DEPTHS)
def test_distance_is_true_around_clock_changes(zone_name: str, years: range) -> None:
    zone = ZoneInfo(zone_name)
    for instant, now in _moments(zone_name, years):
        said = times.distance(instant, now, zone)
        days = (wall(zone_name, instant).date() - wall(zone_name, now).date()).days
        minutes, ahead = abs(instant - now) // timedelta(minutes=1), instant > now
        if found := re.fullmatch(r"(in )?(?:(\d+) h )?(\d+)(?: min)?( ago)?", said):
            before, hours, rest, after = found.groups()
            assert int(hours or 0) * 60 + int(rest) == minutes
            assert (bool(before), bool(after)) == (ahead, not ahead)
            assert minutes < 24 * 60 or days == 0
        elif said in ("tomorrow", "yesterday"):
            assert days == {"tomorrow": 1, "yesterday": -1}[said]
            assert minutes >= 24 * 60
        else:
            assert said == (f"in {days} days" if ahead else f"{-days} days ago")
            assert abs(days) >= 2


@pytest.fixture(params=["UTC", "Australia/Perth", "America/New_York", "Pacific/Apia"])
def process_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("process_zone")
def test_the_zone_of_the_process_changes_nothing() -> None:
    for instants in around_changes("Australia/Adelaide", A_FEW_YEARS):
        for instant in instants:
            shown = wall("Australia/Adelaide", instant)
            assert times.local_date(instant, ADELAIDE) == shown.date()
            assert times.when(instant, ADELAIDE, instant).endswith(f"{shown:%H:%M}")
            assert f"{shown:%Y %H:%M}" in times.when_in_full(instant, ADELAIDE)
            assert times.from_local(shown, ADELAIDE) == instants_of("Australia/Adelaide", shown)[0]


def test_a_zone_goes_by_its_city() -> None:
    assert times.zone_name(ADELAIDE) == "Adelaide"
    assert times.zone_name(ZoneInfo("Australia/Broken_Hill")) == "Broken Hill"
    assert times.zone_name(ZoneInfo("America/Argentina/Buenos_Aires")) == "Buenos Aires"
