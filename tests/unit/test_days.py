"""Days as people type them: what each form means, what is refused, and what holds whatever is typed."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frontdesk import days, times
from frontdesk.store.bounds import YEARS

TODAY = date(2026, 11, 26)
"""A Thursday."""

FORMS = """
2026-11-26  today | Today | TODAY | tod | toda | now | thu | thursday | this thu | coming thu | +0 | 0d | 26 | 26th
2026-11-27  tomorrow | tom | tomor | tmr | tmrw | fri | fr | Friday | this fri | +1 | +1d | 1d | in a day | in 1 day
2026-11-27  fri 27th | 27 | 27th | the 27th | on the 27th | 27. | 27/11 | 27 nov | on fri | fri.
2026-11-28  day after tomorrow | the day after tomorrow | sat | sa | saturday | +2 | + 2 | +2d | +2 days | in two days
2026-11-25  yesterday | yest | yes | last wed | -1 | -1d | - 1 d | 1 day ago | a day ago | one day ago | this week wed
2026-11-24  day before yesterday | the day before yesterday | last tue | last tuesday | -2d | 2 days ago | 2 days back
2026-11-30  mon | mo | Mon | monday | next mon | next week | mon next week | next week mon | +4
2026-12-01  tue | tu | tues | Tuesday | +5d | dec | december | dec 2026 | 12/2026 | 12-2026 | next month | 1 dec | 1st
2026-12-02  wed | we | weds | wednesday | wed 2nd | wed, 2nd december | Wednesday the 2nd of December 2026
2026-12-03  next thu | next thursday | thu week | thursday week | week thu | thu next week | +1w | 1w | in a week | +7
2026-12-03  3/12 | 03/12 | 3.12 | 3-12 | 3 / 12 | 3.12. | 3/12/26 | 3/12/2026 | 3.12.26 | 3-12-2026 | 03122026 | 031226
2026-12-03  3 dec | 3dec | dec 3 | 3rd dec | dec 3rd | 3rd of december | 3 dec 26 | 3 December 2026 | dec 3 2026 | 3-dec-26
2026-12-03  2026-12-03 | 2026/12/3 | 2026.12.03 | 20261203 | 2026 dec 3 | 3/dec/2026 | 3 dec '26 | 3, dec, 2026 | 3 dec.
2026-12-03  thu 3 dec | Thu, 3 Dec 2026 | thu 3/12 | 3/12 thu | thu 3rd | thursday the 3rd | 3 | 3rd | ３/１２ | 3\u201312
2026-12-04  fri week | fri next week | 4 | 4th | 4/12 | Fri 4 Dec | next fri
2026-12-10  thu fortnight | thursday fortnight | fortnight thu | +2w | + 2w | +2 w | 2w | 2 weeks | 2wks | in 2 weeks
2026-12-10  in a fortnight | a fortnight | 1 fortnight | two weeks from now | in two weeks | 10/12 | +14
2026-11-19  last thu | last thursday | previous thu | thu last week | last week thu | -1w | a week ago | 1 week back
2026-11-12  -2w | -2 weeks | 2 weeks ago | 2w ago | a fortnight ago | 12/11 | 12 nov | 12
2026-11-16  last week | previous week | mon last week | 16 | 16th
2026-11-20  20/11 | 20 nov | nov 20 | last fri | 20 | fri 20 nov | fri 20th
2026-11-23  this week | last mon | last monday | mon 23 nov
2026-11-01  this month | nov | november | 1/11 | nov 2026
2026-10-01  last month | oct | 1 oct
2027-02-03  3 feb | feb 3 | 3/2 | 3rd of february | 3rd february 2027 | Wed 3 Feb 2027 | 3 febr
2026-12-26  +1m | +1 month | in a month | in one month | 1 mth | 1 months | sat 26 dec
2027-05-26  +6m | 6 months | in 6 months | in six months | 6m | +6 mths
2027-01-01  next year | 1 jan | 1/1 | jan | january 2027
2026-01-01  this year | jan 2026 | 1/1/26
2025-01-01  last year | 1/1/25 | jan 2025
2027-11-26  +1y | 1 year | in a year | 26/11/27 | +12m | 1 yr
2025-11-26  -1y | a year ago | 26/11/25 | 12 months ago | 26 nov 25 | 26 Nov '25
2028-02-29  29/2 | 29 feb | feb 29 | 29/2/28 | 29022028
2024-02-29  29/2/24 | 29 feb 2024 | thu 29 feb 24
2026-09-26  -2m | 2 months ago | 26 sept | 26 sep
2026-06-01  1/6 | 1 june | june
2027-05-25  25/5 | 25 may
2027-05-27  27/5 | may 27 | thu 27 may
2026-05-28  28/5 | may 28 | thu 28 may
1981-03-14  14/3/81 | 14 mar 1981 | 14.3.1981
2075-11-26  26/11/75
1976-11-26  26/11/76 | 26/11/1976
"""
"""What each text means on TODAY, a day and its texts a line."""


def forms() -> Iterator[tuple[date, list[str]]]:
    for line in FORMS.strip().splitlines():
        day, texts = line.split(maxsplit=1)
        yield date.fromisoformat(day), [text.strip() for text in texts.split(" | ")]


def test_there_are_many_forms() -> None:
    assert len({text for _, texts in forms() for text in texts}) >= 250


@pytest.mark.parametrize(("day", "texts"), forms(), ids=str)
def test_what_is_typed_means_its_day(day: date, texts: list[str]) -> None:
    assert {text: days.read(text, TODAY).day for text in texts} == dict.fromkeys(texts, day)


@pytest.mark.parametrize(("day", "texts"), forms(), ids=str)
def test_what_is_to_be_ahead_is_the_same_day_or_refused(day: date, texts: list[str]) -> None:
    for text in texts:
        read = days.read(text, TODAY, ahead=True)
        if day >= TODAY:
            assert read.day == day, text
        elif text.removeprefix("the ").rstrip(".th").isdecimal():
            assert read.day == day.replace(month=12), text
        else:
            assert read.day is None, text
            assert "is past." in read.why or text == "fri 20th"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "t", "s", "m", "d", "w", "+", "-", "/", "3/", "3/12/", "3/12/2", "3/12/202", "th th", "thu fri",
        "smith", "kovac", "o'brien", "thu 3", "thu 10", "3 12", "3 12 26", "tue 10:30", "10:30", "2pm", "14:00",
        "+w", "3x", "+3x", "-3 ago", "in 3", "in -3d", "3 ago", "1234", "12345", "1234567", "0491 570 006",
        "next", "last", "this", "week", "next dentist", "3 lee", "lee 3", "2026", "thu dec", "thu 12/2026",
        "3/12-26", "3.12/26", "٣/١٢", "3/12 lee", "thursday afternoon", "x" * 41, "thu" + " " * 50, "\x1b[A", "\ud800",
    ],
)  # fmt: skip
def test_what_is_no_day_is_none_and_nothing_is_said_of_it(text: str) -> None:
    assert days.read(text, TODAY) == days.Reading()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("31/11", "There is no 31 Nov."),
        ("31 november 2026", "There is no 31 Nov."),
        ("30/2", "There is no 30 Feb."),
        ("29/2/27", "There is no 29 Feb 2027."),
        ("29 feb 2100", "There is no 29 Feb 2100."),
        ("3/13", "There is no month 13."),
        ("2026-13-03", "There is no month 13."),
        ("0", "There is no day 0."),
        ("32", "There is no day 32."),
        ("32/1", "There is no day 32."),
        ("fri 3/12", "3 Dec 2026 is a Thursday, not a Friday."),
        ("thu 3 dec 2027", "3 Dec 2027 is a Friday, not a Thursday."),
        ("mon 3rd", "3 Dec 2026 is a Thursday, not a Monday."),
        ("+99999w", "Days from 1900 to 2199 can be shown."),
        ("-999999m", "Days from 1900 to 2199 can be shown."),
        ("3/12/1899", "Days from 1900 to 2199 can be shown."),
        ("3/12/2200", "Days from 1900 to 2199 can be shown."),
    ],
)
def test_a_day_that_cannot_be_says_why(text: str, why: str) -> None:
    assert days.read(text, TODAY) == days.Reading(why=why)
    assert days.complaint(text, days.read(text, TODAY)) == why


def test_the_years_are_those_of_bookings() -> None:
    assert days.YEARS == YEARS


def test_of_what_is_no_day_one_sentence_says_how_to_write_it() -> None:
    said = days.complaint("  so\x1bon ", days.read("so\x1bon", TODAY))
    assert said == '"so\ufffdon" is not a day: write it like thu, 3/12, 3 feb, +2w, yesterday.'
    assert all(days.read(one, TODAY).day for one in days.EXAMPLES.split(", "))


@pytest.mark.parametrize(
    ("today", "text", "day", "other"),
    [
        ("2026-11-23", "next thu", "2026-12-03", "2026-11-26"),
        ("2026-11-26", "next thu", "2026-12-03", "2026-12-10"),
        ("2026-11-27", "next thu", "2026-12-03", "2026-12-10"),
        ("2026-11-29", "next thu", "2026-12-03", "2026-12-10"),
        ("2026-11-29", "next sun", "2026-12-06", "2026-12-13"),
        ("2026-11-30", "next sun", "2026-12-13", "2026-12-06"),
        ("2026-11-28", "last thu", "2026-11-26", "2026-11-19"),
        ("2026-11-30", "last thu", "2026-11-26", None),
        ("2026-11-26", "last thu", "2026-11-19", None),
        ("2026-11-26", "thu", "2026-11-26", None),
    ],
)
def test_what_can_mean_two_days_offers_the_other(today: str, text: str, day: str, other: str | None) -> None:
    read = days.read(text, date.fromisoformat(today))
    assert read.day == date.fromisoformat(day)
    assert read.other == (other and date.fromisoformat(other))


@pytest.mark.parametrize(
    ("today", "text", "day"),
    [
        ("2026-11-15", "1", "2026-11-01"),
        ("2026-11-16", "1", "2026-12-01"),
        ("2026-11-30", "31", "2026-10-31"),
        ("2026-12-01", "31", "2026-12-31"),
        ("2027-02-10", "31", "2027-01-31"),
        ("2027-02-15", "30", "2027-01-30"),
        ("2026-05-20", "20/11", "2025-11-20"),
        ("2026-05-22", "20/11", "2026-11-20"),
        ("2027-01-03", "30/12", "2026-12-30"),
        ("2026-12-30", "3/1", "2027-01-03"),
        ("2026-01-01", "thu 31 dec", "2026-12-31"),
        ("2026-01-01", "wed 31 dec", "2025-12-31"),
        ("2026-01-31", "+1m", "2026-02-28"),
        ("2028-01-31", "+1m", "2028-02-29"),
        ("2028-02-29", "+1y", "2029-02-28"),
        ("2028-02-29", "-1y", "2027-02-28"),
        ("2028-02-28", "tom", "2028-02-29"),
        ("2027-02-28", "tom", "2027-03-01"),
        ("2028-03-01", "yesterday", "2028-02-29"),
        ("2098-01-01", "29/2", "2096-02-29"),
        ("2103-01-01", "29/2", "2104-02-29"),
        ("2100-07-01", "29/2", "2104-02-29"),
        ("2026-12-31", "next month", "2027-01-01"),
        ("2027-01-31", "last month", "2026-12-01"),
        ("2026-10-04", "tomorrow", "2026-10-05"),
        ("2027-04-04", "yesterday", "2027-04-03"),
    ],
)
def test_the_nearest_day_is_meant_over_the_ends_of_months_and_years(today: str, text: str, day: str) -> None:
    assert days.read(text, date.fromisoformat(today)).day == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("yesterday", "Wed 25 Nov is past."),
        ("last thu", "Thu 19 Nov is past."),
        ("-1d", "Wed 25 Nov is past."),
        ("25/11/26", "Wed 25 Nov is past."),
        ("20/11", "Fri 20 Nov is past. For Sat 20 Nov 2027 add the year."),
        ("20/6", "Sat 20 Jun is past. For Sun 20 Jun 2027 add the year."),
    ],
)
def test_what_is_to_be_ahead_never_becomes_another_year(text: str, why: str) -> None:
    assert days.read(text, TODAY, ahead=True) == days.Reading(why=why)


def test_what_is_to_be_ahead_is_the_next_day_of_that_number() -> None:
    assert days.read("25", TODAY, ahead=True).day == date(2026, 12, 25)
    assert days.read("26", TODAY, ahead=True).day == TODAY
    assert days.read("31", TODAY, ahead=True).day == date(2026, 12, 31)


# -- what holds whatever is typed -------------------------------------------------------

ANY_DAY = st.dates(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31))
PIECES = st.sampled_from(
    [
        "thu", "mon", "week", "next", "last", "this", "fortnight", "dec", "feb", "may", "3", "03", "31",
        "29", "2", "12", "26", "2026", "3rd", "+", "-", "/", ".", "'", ",", "d", "w", "m", "y", "ago", "in",
        "a", "the", "of", "on", "today", "yesterday", "day", "after", "before", "tomorrow", "#", "st", "٣",
        "３", "½", "smith",
    ]
)  # fmt: skip
TYPED = st.one_of(
    st.text(max_size=50),
    st.lists(PIECES, max_size=8).map(" ".join),
    st.lists(PIECES, max_size=8).map("".join),
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(TYPED, ANY_DAY, st.booleans())
@example("-999999y", date(1900, 1, 1), True)
@example("+999999d", date(2199, 12, 31), False)
@example("29/2", date(2199, 12, 31), True)
@example("1/1", date(1900, 1, 1), False)
def test_whatever_is_typed_it_is_a_day_or_a_sentence_or_nothing(text: str, today: date, ahead: bool) -> None:
    holds(text, today, ahead)


@pytest.mark.full
@settings(max_examples=20_000, deadline=None)
@given(TYPED, ANY_DAY, st.booleans())
def test_whatever_is_typed_at_length(text: str, today: date, ahead: bool) -> None:
    holds(text, today, ahead)


def holds(text: str, today: date, ahead: bool) -> None:
    read = days.read(text, today, ahead=ahead)
    said = days.complaint(text, read)
    assert said.isprintable()
    if read.day is None:
        assert read.other is None
        assert said.endswith(".")
        return
    assert not read.why
    assert read.day.year in YEARS
    assert not ahead or read.day >= today
    assert read.other != read.day
    # What is echoed, typed again, is the day that was meant.
    echoed = times.day_with_weekday(read.day, today)
    assert days.read(echoed, today).day == read.day
    assert days.read(f"{read.day:%d%m%Y}", today).day == read.day


@settings(max_examples=50, deadline=None, derandomize=True)
@given(ANY_DAY, ANY_DAY)
@example(date(2028, 2, 29), date(2026, 11, 26))
@example(date(2026, 12, 31), date(2026, 1, 1))
@example(date(2026, 1, 1), date(2026, 12, 31))
def test_a_day_written_out_is_that_day(day: date, today: date) -> None:
    for text in (
        day.isoformat(),
        f"{day.day}/{day.month}/{day.year}",
        f"{day.year}{day:%m%d}",
        times.day_with_weekday(day, today),
        times.day_with_year(day),
        times.day_in_full(day),
        times.day_for_patients(day),
        f"{(day - today).days:+}d",
    ):
        assert days.read(text, today).day == day, text


@settings(max_examples=50, deadline=None, derandomize=True)
@given(ANY_DAY, st.integers(-180, 180))
def test_a_day_without_its_year_is_the_one_within_half_a_year(today: date, step: int) -> None:
    day = today + timedelta(step)
    if day.year in YEARS:
        for text in (f"{day.day}/{day.month}", f"{day.day} {times.MONTHS[day.month - 1]}"):
            assert days.read(text, today).day == day


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.dates(date(1901, 1, 1), date(2198, 12, 31)), st.integers(0, 6))
def test_a_weekday_is_within_the_week(today: date, weekday: int) -> None:
    name = times.DAYS[weekday]
    one = {
        text: days.read(text, today).day for text in (name, f"last {name}", f"next {name}", f"{name} week")
    }
    assert all(day is not None and day.weekday() == weekday for day in one.values())
    steps = {text: (day - today).days for text, day in one.items() if day}
    assert 0 <= steps[name] <= 6
    assert -7 <= steps[f"last {name}"] <= -1
    assert 1 <= steps[f"next {name}"] <= 13
    assert steps[f"{name} week"] == steps[name] + 7
