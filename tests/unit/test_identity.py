"""Who is the same patient: what is certain, and nothing less."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.bookings import Booking, Cancellation, Patient, Row
from frontdesk.identity import (
    is_namesake,
    is_same_patient,
    marked_in_search,
    name_key,
    namesakes_among,
    patient_key,
)
from frontdesk.telephones import numbers
from tests.making import BY_HAND, KIM, PRAKTIKA, make_booking, make_patient, make_practice

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADELAIDE = make_practice()
SYDNEY = make_practice("sydney", pms=PRAKTIKA)
PERTH = make_practice("perth", pms=BY_HAND)
PAPER = make_practice("paper", pms=None)
BORN = date(1981, 3, 14)

NAMES = ("Mirela Kovač", "MIRELA KOVAC", "Mirela Kovač-Brandt", "John Smith", "…", "")
BIRTHS = (BORN, date(2007, 8, 30), None)
MOBILES = ("0491 570 006", "+61 491 570 006", "0491 570 156", "0491 570 006 / 0491 570 156", "none", "")

patients = st.builds(
    Patient,
    name=st.sampled_from(NAMES),
    birth_date=st.sampled_from(BIRTHS),
    mobile=st.sampled_from(MOBILES),
    pms_ref=st.sampled_from(("", "7", "8")),
)
bookings = st.builds(
    lambda patient, practice: make_booking(patient=patient, practice=practice),
    patients,
    st.sampled_from((ADELAIDE, SYDNEY, PERTH, PAPER)),
)


def is_certain(one: Booking, other: Booking) -> bool:
    """The rule of the design, in its own words."""
    ours, theirs = one.practice.pms, other.practice.pms
    a, b = one.patient, other.patient
    if ours and theirs and ours.connection == theirs.connection and a.pms_ref == b.pms_ref != "":
        return True
    is_known = bool(name_key(a.name)) and a.birth_date is not None and bool(numbers(a.mobile))
    are_equal = name_key(a.name) == name_key(b.name) and a.birth_date == b.birth_date
    return is_known and are_equal and set(numbers(a.mobile)) == set(numbers(b.mobile))


@given(bookings, bookings)
@settings(max_examples=50)
def test_the_same_patient_is_one_reference_of_one_connection_or_name_birth_date_and_mobile(
    one: Booking, other: Booking
) -> None:
    assert is_same_patient(one, other) is is_certain(one, other) is is_same_patient(other, one)


@given(bookings, bookings, st.sampled_from(("name", "birth_date", "mobile")))
@settings(max_examples=50)
def test_what_is_not_known_joins_nobody(one: Booking, other: Booking, unknown: str) -> None:
    nothing = {unknown: None if unknown == "birth_date" else "", "pms_ref": ""}
    less = replace(one, patient=replace(one.patient, **nothing))  # type: ignore[arg-type]
    assert not is_same_patient(less, other)
    assert not is_same_patient(less, less)


@given(bookings, bookings)
@settings(max_examples=50)
def test_a_namesake_is_of_one_name_and_not_the_same_patient(one: Booking, other: Booking) -> None:
    of_one_name = name_key(one.patient.name) == name_key(other.patient.name) != ""
    assert is_namesake(one, other) is (of_one_name and not is_same_patient(one, other))
    assert is_namesake(one, other) is is_namesake(other, one)


@given(patients, patients)
@settings(max_examples=50)
def test_a_key_is_shared_by_one_patient_alone(one: Patient, other: Patient) -> None:
    keys = [patient_key(each.name, each.birth_date, each.mobile) for each in (one, other)]
    alike = [(name_key(each.name), each.birth_date, frozenset(numbers(each.mobile))) for each in (one, other)]
    assert (keys[0] == keys[1] != "") is (alike[0] == alike[1] and all(alike[0]))


SAME = [
    ("another accent and case", {"name": "amélia WILSON"}, ADELAIDE, True),
    ("the mobile written otherwise", {"mobile": "+61 491 570 006"}, ADELAIDE, True),
    ("another e-mail", {"email": "other@example.com"}, ADELAIDE, True),
    ("another birth date", {"birth_date": date(2007, 8, 30)}, ADELAIDE, False),
    ("no birth date", {"birth_date": None}, ADELAIDE, False),
    ("another mobile", {"mobile": "0491 570 156"}, ADELAIDE, False),
    ("one of two mobiles", {"mobile": "0491 570 006, 0491 570 156"}, ADELAIDE, False),
    ("no mobile", {"mobile": ""}, ADELAIDE, False),
    ("another name, same reference", {"name": "Amelia Brown", "pms_ref": "7"}, ADELAIDE, True),
    ("same reference and connection elsewhere", {"birth_date": None, "pms_ref": "7"}, SYDNEY, True),
    ("same reference of another connection", {"birth_date": None, "pms_ref": "7"}, PERTH, False),
    ("same reference without a connection", {"birth_date": None, "pms_ref": "7"}, PAPER, False),
    ("another reference, all else the same", {"pms_ref": "8"}, ADELAIDE, True),
    ("the same three elsewhere", {}, PAPER, True),
]


@pytest.mark.parametrize(
    ("changes", "practice", "is_same"), [case[1:] for case in SAME], ids=[c[0] for c in SAME]
)
def test_it_takes_all_three_or_the_reference(
    changes: dict[str, object], practice: object, is_same: bool
) -> None:
    own = make_booking(practice=ADELAIDE, patient=make_patient(pms_ref="7"))
    other = make_booking(practice=practice, patient=make_patient(**changes))
    assert is_same_patient(own, other) is is_same


def test_without_a_connection_a_reference_is_nobodys() -> None:
    one = make_booking(practice=PAPER, patient=make_patient(pms_ref="7", birth_date=None))
    assert not is_same_patient(one, replace(one, id=2))


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("0491 570 006", ("0491570006",)),
        ("+61 491 570 006", ("0491570006",)),
        ("+61 (0)491 570 006", ("0491570006",)),
        ("0011 61 491 570 006", ("0491570006",)),
        ("61491570006", ("0491570006",)),
        ("0491 570 006 / 08 5550 0100", ("0491570006", "0855500100")),
        ("0491570006,;0491570006", ("0491570006", "0491570006")),
        ("none", ()),
        ("", ()),
    ],
)
def test_a_number_is_one_however_it_is_written(written: str, dialled: tuple[str, ...]) -> None:
    assert numbers(written) == dialled


# -- in one search --------------------------------------------------------------------------

UPCOMING = make_booking(id=1, starts_at=NOW + timedelta(days=1))
PAST_NAMESAKE = make_booking(
    id=2, starts_at=NOW - timedelta(days=1), patient=make_patient(birth_date=date(2007, 8, 30))
)
CANCELLED_NAMESAKE = replace(
    PAST_NAMESAKE, id=3, starts_at=NOW + timedelta(days=2), cancellation=Cancellation(NOW, KIM)
)
AGAIN = replace(UPCOMING, id=4, starts_at=NOW + timedelta(days=3))
ELLA = make_booking(id=5, starts_at=NOW + timedelta(days=4), patient=make_patient(name="Ella Wilson"))


def in_search(*found: Booking) -> list[bool]:
    return [row.same_name for row in marked_in_search([Row(one) for one in found], NOW)]


def test_a_row_of_a_search_says_who_else_of_its_name_stands_there() -> None:
    assert in_search(UPCOMING, PAST_NAMESAKE, ELLA) == [True, False, False]
    assert in_search(UPCOMING, CANCELLED_NAMESAKE) == [True, False]
    assert in_search(UPCOMING, AGAIN, ELLA) == [False, False, False]
    assert in_search() == []


def test_what_the_store_says_of_a_row_stays() -> None:
    (row,) = marked_in_search([Row(UPCOMING, same_name=True, more=2)], NOW)
    assert (row.same_name, row.more) == (True, 2)


def test_the_others_of_a_search_are_told_in_its_order() -> None:
    rows = [Row(one) for one in (CANCELLED_NAMESAKE, UPCOMING, AGAIN, PAST_NAMESAKE, ELLA)]
    assert [one.id for one in namesakes_among(UPCOMING, rows)] == [3, 2]
