"""Formats of dates and times: a text has one only when it would be written so."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.formats import Format, UnknownZone

ADELAIDE_SUMMER = timezone(timedelta(hours=10, minutes=30))


def said(pattern: str, text: str) -> datetime | None:
    found = Format(pattern).read(text)
    return found.moment if found else None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("%Y%m%d%H%M%S", "20261210103000", datetime(2026, 12, 10, 10, 30)),  # noqa: DTZ001
        ("%Y%m%d%H%M%S", "202612101030", None),
        ("%Y%m%d%H%M", "202612101030", datetime(2026, 12, 10, 10, 30)),  # noqa: DTZ001
        ("%d/%m/%Y %H:%M", "3/1/2026 9:05", datetime(2026, 1, 3, 9, 5)),  # noqa: DTZ001
        ("%d/%m/%Y %H:%M", "03/01/2026 09:05", datetime(2026, 1, 3, 9, 5)),  # noqa: DTZ001
        ("%d%m%Y", "3012026", datetime(2026, 1, 3)),  # noqa: DTZ001
        ("%d%m%Y", "0312026", None),
        ("%d%m%Y", "20010101", None),
        ("%a %d %b %Y", "thu 26 NOV 2026", datetime(2026, 11, 26)),  # noqa: DTZ001
        ("%a %d %b %Y", "Mon 26 Nov 2026", None),
        ("%A, %d. %B %Y", "Thursday, 26. November 2026", datetime(2026, 11, 26)),  # noqa: DTZ001
        ("%d/%m/%Y %I:%M %p", "26/11/2026 2:30 pm", datetime(2026, 11, 26, 14, 30)),  # noqa: DTZ001
        ("%d/%m/%Y %I:%M %p", "26/11/2026 12:05 AM", datetime(2026, 11, 26, 0, 5)),  # noqa: DTZ001
        ("%d/%m/%Y %H:%M %p", "26/11/2026 14:30 PM", datetime(2026, 11, 26, 14, 30)),  # noqa: DTZ001
        ("%d/%m/%Y %H:%M %p", "26/11/2026 02:30 PM", None),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-11-26 10:30:00.5", datetime(2026, 11, 26, 10, 30, 0, 500_000)),  # noqa: DTZ001
        ("%Y-%m-%d %H:%M:%S.%f", "2026-11-26 10:30:00.000", datetime(2026, 11, 26, 10, 30)),  # noqa: DTZ001
        ("%Y-%j", "2026-330", datetime(2026, 11, 26)),  # noqa: DTZ001
        ("%Y-%m-%d %j", "2026-11-26 329", None),
        ("%G-W%V-%u", "2026-W48-4", datetime(2026, 11, 26)),  # noqa: DTZ001
        ("%d/%m/%Y at %H:%M 100%%", "26/11/2026 at 10:30 100%", datetime(2026, 11, 26, 10, 30)),  # noqa: DTZ001
        ("%d/%m/%y %H:%M", "26/11/68 10:30", datetime(2068, 11, 26, 10, 30)),  # noqa: DTZ001
        ("%d/%m/%y %H:%M", "26/11/69 10:30", datetime(1969, 11, 26, 10, 30)),  # noqa: DTZ001
        ("%d/%m/%Y", "31/2/2026", None),
        ("%c", "Thu Nov 26 10:30:00 2026", datetime(2026, 11, 26, 10, 30)),  # noqa: DTZ001
        ("%Y-%m-%dT%H:%M:%SZ", "2026-11-26T10:30:00Z", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M:%S UTC", "2026-11-26 10:30:00 UTC", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("%d/%m/%Y %H:%M (gmt)", "26/11/2026 10:30 (GMT)", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M:%S+00:00", "2026-11-26 10:30:00+00:00", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        (
            "%Y-%m-%d %H:%M:%S+1030",
            "2026-11-26 10:30:00+1030",
            datetime(2026, 11, 26, 10, 30, tzinfo=ADELAIDE_SUMMER),
        ),
        ("%Y-%m-%d %H:%M %Z", "2026-11-26 10:30 UTC", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M %Z", "2026-11-26 10:30 gmt", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M%Z", "2026-11-26 10:30Z", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M %Z", "2026-11-26 10:30 +10:30", datetime(2026, 11, 26, 10, 30, tzinfo=ADELAIDE_SUMMER)),
        ("%Y-%m-%d %H:%M %Z", "2026-11-26 10:30 UTC+1030", datetime(2026, 11, 26, 10, 30, tzinfo=ADELAIDE_SUMMER)),
        ("%a %b %d %H:%M:%S %Z %Y", "Thu Nov 26 10:30:00 UTC 2026", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M%z", "2026-11-26 10:30+10:30", datetime(2026, 11, 26, 10, 30, tzinfo=ADELAIDE_SUMMER)),
        ("%a %b %d %Y %H:%M:%S GMT%z", "Thu Nov 26 2026 10:30:00 GMT+1030", datetime(2026, 11, 26, 10, 30, tzinfo=ADELAIDE_SUMMER)),
        ("%Y-%m-%dT00:00:00Z", "2026-11-26T00:00:00Z", datetime(2026, 11, 26)),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_what_a_text_says(pattern: str, text: str, expected: datetime | None) -> None:
    found = said(pattern, text)
    assert found == expected
    assert (found and found.tzinfo) == (expected and expected.tzinfo)


@pytest.mark.parametrize("zone", ["ACST", "EST", "CET", "UTC+25", "Local", "+10:75"])
def test_a_time_zone_that_is_not_the_same_everywhere_is_refused(zone: str) -> None:
    with pytest.raises(UnknownZone, match=re.escape(zone)):
        said("%Y-%m-%d %H:%M %Z", f"2026-11-26 10:30 {zone}")


@pytest.mark.parametrize(
    ("pattern", "abbreviation"),
    [
        ("%d/%m/%Y %H:%M AEST", "AEST"),
        ("%d/%m/%Y %I:%M %p (PDT)", "PDT"),
        ("%H:%M CET", "CET"),
        ("EAST %d/%m/%Y %H:%M", ""),
        ("%d/%m/%Y AT %H:%M UHR", ""),
        ("%d/%m/%Y CET", ""),
        ("%d/%m/%Y %H:%M UTC", ""),
    ],
)
def test_an_abbreviation_of_a_time_zone_is_seen(pattern: str, abbreviation: str) -> None:
    assert Format(pattern).abbreviation == abbreviation


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("%d/%Q", "%d/%Q is not a date format: one looks like %d/%m/%Y %H:%M"),
        ("%", "% is not a date format"),
        ("%d.%m.%d", "%d.%m.%d has %d twice"),
        ("%d/%m/%Y %I:%M", "has %I without %p: 2:30 may be in the morning or in the afternoon"),
        ("%d/%m %H:%M", "has parts of a date, but not day, month and year"),
        ("%Y-%W %H:%M", "has parts of a date, but not day, month and year"),
        ("%d/%m/%Y %M", "has parts of a time of day, but no hour"),
    ],
)
def test_a_format_that_leaves_open_what_is_meant_is_refused(pattern: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Format(pattern)


@pytest.mark.parametrize(
    ("text", "expected", "is_guessed"),
    [
        ("01.03.27", date(1927, 3, 1), False),
        ("01.03.68", date(1968, 3, 1), False),
        ("01.03.99", date(1999, 3, 1), False),
        ("01.03.21", date(2021, 3, 1), True),
        ("22.11.26", date(2026, 11, 22), True),
        ("23.11.26", date(1926, 11, 23), False),
        ("29.02.00", date(2000, 2, 29), False),
    ],
)
def test_a_short_year_of_birth_is_never_in_the_future(text: str, expected: date, is_guessed: bool) -> None:
    found = Format("%d.%m.%y").read(text, date(2026, 11, 22))
    assert found is not None
    assert (found.moment.date(), found.is_guessed) == (expected, is_guessed)


def test_a_weekday_says_which_century_is_meant() -> None:
    found = Format("%a %d.%m.%y").read("Tue 01.03.21", date(2026, 11, 22))
    assert found is not None
    assert (found.moment.date(), found.is_guessed) == (date(1921, 3, 1), False)


DATES = ["%d/%m/%Y", "%Y%m%d", "%d%m%Y", "%d %b %Y", "%A %d %B %Y", "%Y-%j", "%m-%d-%Y", "%G %V %a"]
CLOCKS = ["%H:%M", "%H%M%S", "%I:%M %p", "%H.%M.%S,%f", "%I%M%p", "%H h %M", "%X"]
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31))  # noqa: DTZ001


@given(
    st.sampled_from(DATES),
    st.sampled_from(["", *CLOCKS]),
    MOMENTS,
    st.booleans(),
)
@settings(max_examples=50)
def test_a_format_reads_what_it_writes_with_or_without_leading_zeros(
    day: str, clock: str, moment: datetime, stripped: bool
) -> None:
    pattern = f"{day} {clock}".strip()
    text = moment.strftime(pattern)
    if stripped:
        text = re.sub(r"(?<![\d,])0(?=\d)", "", text)
    found = said(pattern, text)
    assert found is not None
    assert found.strftime(pattern) == moment.strftime(pattern)


def without_zeros(text: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text).casefold()


@given(
    st.sampled_from(DATES + CLOCKS[:3]),
    st.sampled_from(DATES + CLOCKS[:3]),
    MOMENTS,
)
@settings(max_examples=50)
def test_what_another_format_wrote_is_read_only_where_it_would_be_written_so(
    pattern: str, other: str, moment: datetime
) -> None:
    text = moment.strftime(other)
    found = said(pattern, text)
    assert found is None or without_zeros(found.strftime(pattern)) == without_zeros(text)
