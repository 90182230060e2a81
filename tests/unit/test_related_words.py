"""What stands beside a booking, in words: for the line below the list, windows, Details and line mode."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from frontdesk.bookings import Booking, Count, Practitioner, Row
from frontdesk.identity import MORE_LIMIT, MOST_ON_MOBILE, NOTHING_RELATED, Related
from frontdesk.words.related import (
    also_words,
    below_list,
    mobile_words,
    namesake_words,
    related_lines,
    row_word,
)
from frontdesk.words.told import Role
from tests.making import make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 28, 21, 21, tzinfo=UTC)
"""Sun 29 Nov 07:51 in Adelaide."""

ADELAIDE = make_practice(short="ADL")
SYDNEY = make_practice("sydney", short="SYD")
FREYA = make_booking(
    practice=SYDNEY,
    starts_at=datetime(2026, 11, 30, 0, 30, tzinfo=UTC),
    patient=make_patient(name="Freya Smith", birth_date=date(1952, 11, 3), mobile="0491 575 254"),
)
NGUYEN = replace(
    FREYA,
    id=2,
    practice=ADELAIDE,
    practitioner=Practitioner(2, "adelaide", "Ms Nguyen"),
    starts_at=datetime(2026, 12, 9, 23, 0, tzinfo=UTC),
)
ELLA = replace(
    FREYA,
    id=3,
    patient=make_patient(name="Ella Smith", mobile="0491 575 254"),
    starts_at=datetime(2026, 11, 30, 1, 0, tzinfo=UTC),
)
TOM = replace(
    ELLA, id=4, patient=replace(ELLA.patient, name="Tom Smith"), starts_at=ELLA.starts_at + timedelta(days=1)
)
NAMESAKE = replace(
    FREYA, id=5, practice=ADELAIDE, patient=replace(FREYA.patient, birth_date=date(2016, 2, 29))
)
BOTH = Related(also_booked=(NGUYEN,), same_mobile=(ELLA,))


def named(booking: Booking, name: str) -> Booking:
    return replace(booking, patient=replace(booking.patient, name=name))


def beside(booking: Booking, related: Related, now: datetime, width: int, search: Sequence[Row] = ()) -> str:
    """The line below the list, without the cell that it begins with; it has `width` cells for the rest."""
    return str(below_list(booking, related, now, 1 + width, search)).removeprefix(" ")


def test_the_line_below_the_list_is_as_drawn() -> None:
    assert (
        beside(FREYA, BOTH, NOW, 80)
        == "Also booked Thu 10 Dec 09:30 ADL Ms Nguyen     Same mobile: Ella Mon 30 11:30"
    )
    related = Related(namesakes=(NAMESAKE,))
    assert beside(FREYA, related, NOW, 80) == "Same name: another Freya Smith, born 29 Feb 2016"
    assert beside(FREYA, NOTHING_RELATED, NOW, 80) == ""


def test_who_has_the_name_comes_first_and_is_named_while_there_is_room() -> None:
    related = replace(BOTH, namesakes=(NAMESAKE,))
    assert beside(FREYA, related, NOW, 120) == (
        "Same name: another Freya Smith, born 29 Feb 2016     "
        "Also booked Thu 10 Dec 09:30 ADL     Same mobile: Ella Mon 30 11:30"
    )
    assert beside(FREYA, related, NOW, 80) == (
        "Same name: another, born 29 Feb 2016     Also booked Thu 10 Dec 09:30 ADL"
    )


def test_who_stands_in_the_same_search_is_named_where_nobody_of_the_name_is_to_come() -> None:
    past = replace(NAMESAKE, starts_at=NOW - timedelta(days=2))
    rows = [Row(past), Row(FREYA), Row(ELLA)]
    assert beside(FREYA, NOTHING_RELATED, NOW, 80, rows).startswith("Same name: another Freya Smith, born 29")
    assert beside(ELLA, NOTHING_RELATED, NOW, 80, rows) == ""


def test_two_whose_birth_date_nobody_knows_are_not_said_to_share_it() -> None:
    unknown = replace(FREYA, patient=replace(FREYA.patient, birth_date=None))
    related = Related(namesakes=(replace(unknown, id=8, starts_at=NAMESAKE.starts_at),))
    assert beside(unknown, related, NOW, 80) == "Same name: another Freya Smith, birth date not known"


def test_several_are_counted() -> None:
    third = replace(NAMESAKE, id=6, patient=replace(NAMESAKE.patient, birth_date=date(1990, 1, 1)))
    assert (
        beside(FREYA, Related(namesakes=(NAMESAKE, third)), NOW, 80)
        == "Same name: 2 others called Freya Smith"
    )
    more = Related(also_booked=(NGUYEN, replace(NGUYEN, id=7)), more=Count(3, exact=True))
    assert also_words(FREYA, more, NOW) == "Thu 10 Dec 09:30 ADL Ms Nguyen and 4 more"
    assert also_words(FREYA, replace(more, more=Count(95, exact=False)), NOW).endswith(" and 96+ more")


def test_a_window_that_cancels_says_that_the_others_stay() -> None:
    assert also_words(FREYA, BOTH, NOW, stays=True) == "Thu 10 Dec 09:30 ADL Ms Nguyen, stays booked"
    two = Related(also_booked=(NGUYEN, replace(NGUYEN, id=7)))
    assert also_words(FREYA, two, NOW, stays=True) == (
        "Thu 10 Dec 09:30 ADL Ms Nguyen and 1 more, all stay booked"
    )
    assert also_words(FREYA, NOTHING_RELATED, NOW, stays=True) == ""


def test_on_the_same_mobile_the_day_is_said_where_it_is_another_one() -> None:
    related = Related(same_mobile=(ELLA, TOM))
    assert mobile_words(FREYA, related, NOW) == "Ella 11:30, Tom Tue 1 11:30"
    far = replace(TOM, starts_at=TOM.starts_at + timedelta(days=40), practice=ADELAIDE)
    assert mobile_words(FREYA, Related(same_mobile=(far,)), NOW) == "Tom 10 Jan '27 11:30 ADL"


def test_how_many_more_share_the_mobile_is_said() -> None:
    related = Related(same_mobile=(ELLA, TOM))
    assert mobile_words(FREYA, related, NOW, 24) == "Ella 11:30 and 1 more"


def test_a_mobile_that_very_many_give_is_no_familys() -> None:
    full = Related(same_mobile=tuple(replace(ELLA, id=one) for one in range(MOST_ON_MOBILE)))
    assert mobile_words(FREYA, full, NOW) == ""
    assert mobile_words(FREYA, replace(full, same_mobile=full.same_mobile[1:]), NOW)


def test_lines_of_a_page_name_all_three() -> None:
    related = replace(BOTH, namesakes=(NAMESAKE,))
    assert [str(line) for line in related_lines(FREYA, related, NOW)] == [
        "  Same name     another Freya Smith, born 29 Feb 2016, Mon 30 Nov 11:00 ADL",
        "  Also booked   Thu 10 Dec 09:30 ADL Ms Nguyen",
        "  Same mobile   Ella 11:30",
    ]
    assert related_lines(FREYA, related, NOW)[0].parts[-1].role is Role.WARNING
    assert related_lines(FREYA, NOTHING_RELATED, NOW) == ()
    assert (
        namesake_words(FREYA, related, NOW) == "another Freya Smith, born 29 Feb 2016, Mon 30 Nov 11:00 ADL"
    )


def test_a_row_says_the_name_first() -> None:
    assert row_word(Row(FREYA, same_name=True, more=1)) == "same name"
    assert row_word(Row(FREYA, more=1)) == "1 more"
    assert row_word(Row(FREYA, more=MORE_LIMIT)) == "9+ more"
    assert row_word(Row(FREYA)) == ""


LONG = "Wolfeschlegelsteinhausenbergerdorff Smith"


def test_a_long_name_gives_way_and_the_time_does_not() -> None:
    related = Related(same_mobile=(named(ELLA, LONG),))
    assert mobile_words(FREYA, related, NOW, 20) == "Wolfeschle.. 11:30"
    seen_by = replace(NGUYEN, practitioner=Practitioner(3, "adelaide", "Dr Venkatanarasimharajuvaripeta"))
    also = also_words(FREYA, Related(also_booked=(seen_by,)), NOW, 30)
    assert also.startswith("Thu 10 Dec 09:30 ADL ")
    assert cell_len(also) <= 30


names = st.sampled_from(("Ella Smith", LONG, "李小龙", "Jo", "محمد علي", ""))


@given(st.lists(names, max_size=9), st.lists(names, max_size=5), st.booleans(), st.integers(60, 200))
@settings(max_examples=50)
def test_the_line_fits_and_no_day_or_time_is_cut(
    on_mobile: list[str], own: list[str], has_namesake: bool, width: int
) -> None:
    related = Related(
        namesakes=(NAMESAKE,) if has_namesake else (),
        also_booked=tuple(replace(NGUYEN, practitioner=Practitioner(9, "adelaide", name)) for name in own),
        same_mobile=tuple(named(ELLA, name) for name in on_mobile),
    )
    line = beside(FREYA, related, NOW, width)
    assert cell_len(line) <= width
    assert ("born 29 Feb 2016" in line) is has_namesake
    if "Also booked" in line:
        assert "Thu 10 Dec 09:30 ADL" in line
    if "Same mobile" in line:
        assert "Mon 30 11:30" in line
    if not has_namesake:
        assert ("Also booked" in line) is bool(own)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_beside_takes_no_room(width: int) -> None:
    assert beside(FREYA, NOTHING_RELATED, NOW, width) == ""
