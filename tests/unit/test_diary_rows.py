"""What a profile reads of a diary besides appointments, and where a list of it ends."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from frontdesk.pms import people, rosters
from frontdesk.pms.appointments import is_gone
from frontdesk.pms.diary import Block, WeeklyHours
from frontdesk.pms.instants import InstantFormat
from frontdesk.pms.lists import Walk
from frontdesk.pms.port import ContractDrift, PmsNotFound, PmsUnavailable
from frontdesk.pms.profile import Paging
from frontdesk.pms.profile_routes import Blocks, Hours, Patient, Phones
from tests.unit.pms_profiles import NOW

FORM = InstantFormat("iso", None)
LINKS = "https://pms.example/v1/"
URL = "https://pms.example/list"

PATIENT = Patient(
    path="/p/{id}",
    name=("/first", "/last"),
    birth_date="/born",
    mobile="/mobile",
    email="/email",
    is_new="/new",
    merged_into="/now",
)
JO = {"id": 5, "first": "Jo", "last": "Example", "born": None, "mobile": "", "email": None, "new": None}


def read(route: Patient = PATIENT, **changes: Any) -> Any:
    """Return a patient out of Jo Example's row, changed."""
    return people.patient(route, FORM, {**JO, **changes}, NOW)


# Patients


def test_null_is_empty_and_a_missing_key_is_not_told() -> None:
    whole = read()
    assert (whole.ref, whole.name, whole.birth_date, whole.email) == ("5", "Jo Example", None, "")
    assert whole.unsaid == {"new_patient"}
    part = people.patient(PATIENT, FORM, {"id": 5, "first": "Jo", "born": "1981-03-14"}, NOW)
    assert part.unsaid == {"patient_mobile", "patient_email", "new_patient"}
    assert part.birth_date == date(1981, 3, 14)
    assert read(new=True).unsaid == frozenset()
    assert read(now=9).merged_into == "9"


@pytest.mark.parametrize(
    ("first_visit", "is_new"),
    [
        (None, True),
        ("2026-11-24T00:00:00Z", True),
        ("2026-11-23T01:00:00Z", False),
        ("2020-01-01T09:00:00Z", False),
    ],
)
def test_who_comes_for_the_first_time_is_new(first_visit: str | None, is_new: bool) -> None:
    route = Patient(path="/p/{id}", name="/first", first_visit="/visit")
    assert read(route, visit=first_visit).is_new is is_new
    assert read(route).unsaid >= {"new_patient"}


def test_the_mobile_is_found_among_other_numbers() -> None:
    phones = Phones(items="/numbers", number="/number", kind="/kind")
    route = Patient(path="/p/{id}", name="/first", phones=phones)
    numbers = [
        {"kind": "Home", "number": "1"},
        {"kind": "Mobile", "number": "2"},
        {"kind": "Mobile", "number": "3"},
    ]
    assert read(route, numbers=numbers).mobile == "2"
    assert read(route, numbers=[]).mobile == ""
    assert "patient_mobile" not in read(route, numbers=[]).unsaid
    assert "patient_mobile" in read(route).unsaid


@pytest.mark.parametrize("changes", [{"id": None}, {"born": "14/03/1981"}, {"born": 3}, {"id": []}])
def test_a_patient_that_cannot_be_read_is_drift(changes: dict[str, Any]) -> None:
    with pytest.raises(ContractDrift):
        read(**changes)


def test_a_deleted_patient_is_not_found() -> None:
    route = Patient(path="/p/{id}", name="/first", merged_into="/now", gone=("/gone",))
    assert read(route, gone=None).ref == "5"
    with pytest.raises(PmsNotFound) as raised:
        read(route, gone="2026-11-23T01:00:00Z", now="9")
    assert raised.value.successor == "9"
    with pytest.raises(ContractDrift):
        read(route)


@pytest.mark.parametrize(
    ("value", "gone"), [(None, False), (False, False), (True, True), ("2026-11-23T01:00:00Z", True)]
)
def test_what_is_gone_says_so_by_a_time_or_true(value: object, gone: bool) -> None:
    assert is_gone(FORM, {"at": value}, ("/at",)) is gone
    assert not is_gone(FORM, {"at": value}, ())


@pytest.mark.parametrize("item", [{}, {"at": "yes"}, {"at": []}, {"at": 7}, {"at": ""}])
def test_what_may_or_may_not_be_gone_is_drift(item: dict[str, Any]) -> None:
    with pytest.raises(ContractDrift):
        is_gone(FORM, item, ("/at",))


# Times off and hours

BLOCKS = Blocks(path="/b", id="/id", practitioner="/who", start="/start", duration="/min", label="/label")
LUNCH = {"id": 1, "who": f"{LINKS}who/3", "start": NOW.isoformat(), "min": 45, "label": "Lunch"}


def test_a_time_off_may_last_for_weeks() -> None:
    assert rosters.block(BLOCKS, FORM, LUNCH, "", LINKS) == Block(
        "1", "3", NOW, NOW + timedelta(minutes=45), "Lunch"
    )
    leave = rosters.block(BLOCKS, FORM, {**LUNCH, "min": 21 * 24 * 60}, "", LINKS)
    assert leave is not None
    assert leave.ends_at == NOW + timedelta(days=21)


@pytest.mark.parametrize(
    "changes", [{"id": None}, {"who": None}, {"min": None}, {"min": 0}, {"min": 10**9}, {"start": "noon"}]
)
def test_a_time_off_that_cannot_be_read_is_drift(changes: dict[str, Any]) -> None:
    with pytest.raises(ContractDrift):
        rosters.block(BLOCKS, FORM, {**LUNCH, **changes}, "", LINKS)


HOURS = Hours(path="/h", practitioner="/who", weekday="/day", starts="/from", ends="/to")


def test_sunday_is_the_seventh_day() -> None:
    for day in (0, 7):
        row = {"who": 3, "day": day, "from": "08:30", "to": "12:00"}
        assert [*rosters.hours(HOURS, row, "", "")] == [WeeklyHours("3", 7, time(8, 30), time(12))]


@pytest.mark.parametrize(
    "changes", [{"day": 8}, {"day": True}, {"day": "1"}, {"from": "early"}, {"to": None}]
)
def test_hours_that_cannot_be_read_are_drift(changes: dict[str, Any]) -> None:
    row = {"who": 3, "day": 1, "from": "08:30", "to": "12:00"}
    with pytest.raises(ContractDrift):
        list(rosters.hours(HOURS, {**row, **changes}, "", ""))


# Where a list ends

COUNTED = Paging(kind="offset", parameter="skip", size=2, total="/total")


def walked(*pages: tuple[int, list[str]], rules: Paging = COUNTED) -> Walk:
    """Return how far a list is read with these pages, each with the total that it says."""
    walk = Walk()
    for total, refs in pages:
        rows = [{"id": ref} for ref in refs]
        walk = Walk.at(walk.cursor).after(rules, {"total": total}, rows, URL, "/id")
    return walk


def test_a_list_is_whole_with_as_many_rows_as_it_says() -> None:
    assert walked((0, [])).cursor is None
    assert walked((2, ["1", "2"])).cursor is None
    assert walked((3, ["1", "2"])).cursor is not None
    assert walked((3, ["1", "2"]), (3, ["3"])).cursor is None


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        (((3, ["1", "2"]), (2, ["3"])), PmsUnavailable),
        (((3, ["1", "2"]), (4, ["2", "3"])), PmsUnavailable),
        (((4, ["1", "2"]), (4, ["1", "2"])), ContractDrift),
        (((4, ["1"]), (4, ["3", "4"])), ContractDrift),
        (((3, ["1", "2"]), (3, [])), ContractDrift),
        (((1, ["1", "2"]),), ContractDrift),
    ],
    ids=repr,
)
def test_a_list_that_does_not_fit_is_refused(
    pages: tuple[tuple[int, list[str]], ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        walked(*pages)


def test_a_cursor_that_is_none_is_refused() -> None:
    with pytest.raises(ContractDrift):
        Walk.at("3 after-100")


def test_a_list_that_says_nothing_of_its_length_ends_where_it_ends() -> None:
    rules = Paging(kind="offset", parameter="skip", size=2)
    assert walked((9, ["1", "2"]), (9, ["3"]), rules=rules).cursor is None
