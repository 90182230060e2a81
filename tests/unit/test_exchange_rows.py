"""The canonical file: what a row means, each reason that keeps one out, and the way back."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import (
    Attendance,
    Booking,
    Cancellation,
    Operator,
    Origin,
    Patient,
    Practice,
    Practitioner,
    Presence,
)
from frontdesk.exchange.columns import COLUMNS, guard, unguard
from frontdesk.exchange.exporting import booking_row
from frontdesk.exchange.incoming import ReadRow, RowReader
from frontdesk.exchange.layout import ERROR_COLUMNS, BadCell
from frontdesk.exchange.practice_column import Practices
from frontdesk.exchange.sources import FileProblem
from frontdesk.text import clean

ADELAIDE = Practice("adelaide", "Smile Dental", "ADL", "Australia/Adelaide")
SYDNEY = Practice("sydney", "Harbour Dental", "SYD", "Australia/Sydney")
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
GOOD = {
    "practice": "adelaide",
    "patient_name": "Ann Lee",
    "practitioner": "Dr Rao",
    "starts_at": "2026-11-26T10:30:00+10:30",
}


def reader(header: tuple[str, ...] = COLUMNS, *, practice_id: str = "", practices: int = 2) -> RowReader:
    return RowReader(Path("x.csv"), header, Practices((ADELAIDE, SYDNEY)[:practices], practice_id), NOW)


def read_row(**cells: str) -> ReadRow:
    row = GOOD | cells
    return reader().read(7, [row.get(name, "") for name in COLUMNS])


def read(**cells: str) -> IncomingBooking:
    return read_row(**cells).booking


def test_a_row_with_everything() -> None:
    booking = read(
        ref="A1",
        pms_ref="P1",
        patient_dob="1981-03-14",
        patient_mobile="'+61 491 570 006",
        patient_email="ann@example.com",
        new_patient="Yes",
        pms_patient_ref="PP1",
        pms_practitioner_ref="PR1",
        appointment_type="  Check-up \t and clean",
        ends_at="2026-11-26 11:00",
        fee="145.00",
        created_at="2026-11-01T09:00:00Z",
        cancelled_at="2026-11-20 12:00:00+11:00",
        cancellation_reason="Sick",
    )

    assert booking == IncomingBooking(
        line=7,
        practice_id="adelaide",
        patient=Patient("Ann Lee", date(1981, 3, 14), "+61 491 570 006", "ann@example.com", True, "PP1"),
        practitioner_name="Dr Rao",
        appointment_type="Check-up and clean",
        starts_at=datetime(2026, 11, 26, tzinfo=UTC),
        ends_at=datetime(2026, 11, 26, 0, 30, tzinfo=UTC),
        ref="A1",
        pms_ref="P1",
        practitioner_pms_ref="PR1",
        fee=14500,
        created_at=datetime(2026, 11, 1, 9, tzinfo=UTC),
        cancelled_at=datetime(2026, 11, 20, 1, tzinfo=UTC),
        cancellation_reason="Sick",
    )


def test_a_row_with_the_least() -> None:
    assert read() == IncomingBooking(
        line=7,
        practice_id="adelaide",
        patient=Patient("Ann Lee"),
        practitioner_name="Dr Rao",
        appointment_type="",
        starts_at=datetime(2026, 11, 26, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-26T00:00:00Z",
        "2026-11-26T10:30",
        "2026-11-26 10:30",
        "2026-11-26 10:30:00",
        "20261126T103000",
    ],
)
def test_a_time_has_an_offset_or_is_the_practices_own(written: str) -> None:
    assert read(starts_at=written).starts_at == datetime(2026, 11, 26, tzinfo=UTC)


def test_local_times_are_those_of_the_lines_own_practice() -> None:
    sydney = read(practice="sydney", starts_at="2026-11-26 10:30").starts_at
    assert sydney == datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    assert read(starts_at="2026-11-26 10:30").starts_at - sydney == timedelta(minutes=30)


def test_the_hour_that_a_clock_change_repeats_is_the_first_unless_an_offset_says() -> None:
    assert read(starts_at="2026-04-05 02:30").starts_at == datetime(2026, 4, 4, 16, 0, tzinfo=UTC)
    assert read(starts_at="2026-04-05T02:30+09:30").starts_at == datetime(2026, 4, 4, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "cell", "problem"),
    [
        ("practice", "perth", "is perth, which is no practice of the store, known are: adelaide, sydney"),
        ("practice", "sidney", "is sidney, which is no practice of the store, did you mean sydney?"),
        ("practice", "", "is empty"),
        ("practitioner", " ", "is empty"),
        ("starts_at", "", "is empty"),
        ("starts_at", "tomorrow", "tomorrow is not a time such as 2026-11-26 10:30"),
        ("starts_at", "2026-11-26", "2026-11-26 has no time of day: a map can give one"),
        ("starts_at", "2026-13-26 10:30", "2026-13-26 10:30 is not a time such as 2026-11-26 10:30"),
        (
            "starts_at",
            "2026-10-04 02:30",
            "2026-10-04 02:30 does not exist in Australia/Adelaide: the clocks go forward then",
        ),
        ("starts_at", "0001-01-01T00:00:00+10:00", "is after the last time that can be stored"),
        ("starts_at", "x" * 60, f"{'x' * 40}.. is not a time such as 2026-11-26 10:30"),
        ("ref", "4.9157E+08", "is a number that a spreadsheet has shortened (E+): export the column as text"),
        ("pms_ref", "1e+5", "is a number that a spreadsheet has shortened (E+): export the column as text"),
        ("patient_name", " ", "is empty"),
    ],
)
def test_a_bad_cell_is_named_with_its_reason(field: str, cell: str, problem: str) -> None:
    with pytest.raises(BadCell) as bad:
        read(**{field: cell})

    assert (bad.value.field, bad.value.problem) == (field, problem)


@pytest.mark.parametrize(
    ("field", "cell", "problem"),
    [
        ("ends_at", "soon", "soon is not a time such as 2026-11-26 10:30"),
        ("patient_dob", "14/3/81", "14/3/81 is not a date such as 1981-03-14"),
        ("patient_dob", "2026-11-24", "2026-11-24 is in the future"),
        ("patient_dob", "1801-01-01", "1801-01-01 is not in the years 1900 to 2199"),
        (
            "patient_mobile",
            "4.9157E+08",
            "is a number that a spreadsheet has shortened (E+): export the column as text",
        ),
        (
            "patient_mobile",
            "4,9157e+08",
            "is a number that a spreadsheet has shortened (E+): export the column as text",
        ),
        (
            "patient_mobile",
            "491570006.0",
            "has the decimals of a spreadsheet: name its column in [file] whole_numbers of a map",
        ),
        ("patient_mobile", "N/A", "is not a telephone number"),
        (
            "pms_patient_ref",
            "1.0E+13",
            "is a number that a spreadsheet has shortened (E+): export the column as text",
        ),
        (
            "pms_practitioner_ref",
            "1.0E+13",
            "is a number that a spreadsheet has shortened (E+): export the column as text",
        ),
        ("cancelled_origin", "there", "must be here, pms or file"),
        ("patient_email", "n/a", "is not one e-mail address"),
        ("patient_email", "a@example.com, b@example.com", "is not one e-mail address"),
        ("new_patient", "perhaps", "must be yes or no"),
        ("fee", "free", "is not an amount of money, such as 145.00"),
        ("created_at", "2026-11-26", "2026-11-26 has no time of day: a map can give one"),
        ("cancelled_at", "yes", "yes is not a time such as 2026-11-26 10:30"),
        (
            "cancellation_reason",
            "Sick",
            "is given, but nothing says that the booking was cancelled",
        ),
    ],
)
def test_a_cell_that_is_not_needed_is_left_out_of_its_line(field: str, cell: str, problem: str) -> None:
    row = read_row(**{field: cell})

    assert [(bad.field, bad.problem) for bad in row.unread] == [(field, problem)]
    assert row.booking == replace(read(), unsaid=frozenset({field}))


def test_several_cells_that_are_not_needed_are_all_left_out() -> None:
    row = read_row(patient_email="NULL", fee="N/A", patient_mobile="0491 570 006", new_patient="NULL")

    assert {bad.field for bad in row.unread} == {"patient_email", "fee", "new_patient"}
    assert row.booking.patient == Patient("Ann Lee", mobile="0491 570 006")


def test_a_column_that_is_not_there_says_nothing_and_an_empty_cell_says_that_there_is_none() -> None:
    short = reader(tuple(GOOD)).read(2, list(GOOD.values())).booking
    assert short.unsaid == set(COLUMNS) - set(GOOD)
    assert read().unsaid == frozenset()


@pytest.mark.parametrize("reference", ["1E5", "2e10", "1E0042", "7K3M9Q", "4.9157E08"])
def test_a_reference_that_has_an_e_is_a_reference(reference: str) -> None:
    assert read(ref=reference, pms_ref=reference).ref == reference


def test_an_unknown_practice_among_many_does_not_list_them_all() -> None:
    many = [Practice(f"clinic-{number}", "Clinic", "CLI", "Australia/Hobart") for number in range(80)]
    made = RowReader(Path("x.csv"), tuple(GOOD), Practices(many), NOW)

    with pytest.raises(BadCell) as bad:
        made.read(2, ["x", *list(GOOD.values())[1:]])

    assert bad.value.problem == "is x, which is no practice of the store, see: frontdesk practices list"


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (("ref",), "x.csv has no column patient_name"),
        (("patient_name", "starts_at"), "x.csv has no column practitioner"),
        (("patient_name", "practitioner", "start_at"), "has no column starts_at, did you mean start_at?"),
        (
            ("practice", "patient_name", "practitioner", "starts_at", "fees"),
            "x.csv has a column that is not known here, fees: did you mean fee?",
        ),
        (("practice", "patient_name", "", "practitioner", "starts_at"), "a column without a name before"),
        (("ref;patient_name;starts_at",), "its columns are separated by ;: set delimiter in a map"),
        (("patient_name", "ref", "REF", "practitioner", "starts_at"), "x.csv has the column ref twice"),
        (
            ("patient_name", "practitioner", "starts_at"),
            "no column practice: say which one with --practice ID",
        ),
    ],
)
def test_a_heading_that_cannot_be_is_refused_at_the_start(header: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(FileProblem) as problem:
        reader(header)

    assert sentence in problem.value.hint


def test_the_practice_of_lines_that_name_none() -> None:
    header = ("patient_name", "practitioner", "starts_at")
    row = ["Ann Lee", "Dr Rao", "2026-11-26 10:30"]

    assert reader(header, practices=1).read(2, row).booking.practice_id == "adelaide"
    assert reader(header, practice_id="sydney").read(2, row).booking.practice_id == "sydney"
    with_column = reader((*header, "practice"), practice_id="sydney")
    assert with_column.read(2, [*row, ""]).booking.practice_id == "sydney"
    assert with_column.read(2, [*row, "adelaide"]).booking.practice_id == "adelaide"


def test_an_errors_file_is_read_like_the_file_it_came_from() -> None:
    header = (*ERROR_COLUMNS, *GOOD)
    assert reader(header).read(2, ["7", "fee", "is bad", *GOOD.values()]).booking.patient.name == "Ann Lee"
    with pytest.raises(FileProblem, match="not known here, line"):
        reader((*GOOD, *ERROR_COLUMNS))


def test_what_cells_hold_is_cleaned() -> None:
    booking = read(patient_name="[@click=app.quit]Smith[/] \x1b]0;x\x07")
    assert booking.patient.name == clean("[@click=app.quit]Smith[/] \x1b]0;x\x07")
    assert "\x1b" not in booking.patient.name


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"])
def test_a_spreadsheet_runs_no_cell(beginning: str) -> None:
    cell = f"{beginning}cmd|' /C calc'!A0"
    assert guard(cell) == f"'{cell}"
    assert unguard(guard(cell)) == cell


@given(st.text(st.sampled_from("'=+-@\t\rx＝")))
@settings(max_examples=50)
def test_a_guard_is_taken_off_exactly_once(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    assert guard(cell)[:1] not in {*"=+-@\t\r＝"} or not cell


texts = st.text(st.one_of(st.sampled_from("'\"=,;\n"), st.characters(exclude_categories=["Cs"])), max_size=12)
instants = st.datetimes(
    datetime(1901, 1, 1),  # noqa: DTZ001  bounds of hypothesis are naive
    datetime(2199, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def some_bookings(draw: Callable[[st.SearchStrategy[object]], object]) -> Booking:
    """Bookings as a store holds them: clean text, a name and a practitioner."""

    def text() -> str:
        return clean(str(draw(texts)))

    practice = draw(st.sampled_from([ADELAIDE, SYDNEY]))
    assert isinstance(practice, Practice)
    cancelled = draw(st.none() | instants)
    ends = draw(st.none() | instants)
    created = draw(st.none() | instants)
    start = draw(instants)
    born = draw(st.none() | st.dates(date(1900, 1, 1), date(2026, 1, 1)))
    is_new = draw(st.sampled_from([None, True, False]))
    fee = draw(st.none() | st.integers(0, 100_000_000))
    assert isinstance(start, datetime)
    return Booking(
        id=1,
        version=1,
        ref=text(),
        practice=practice,
        practitioner=Practitioner(1, practice.id, text() or "Dr Rao", text()),
        patient=Patient(
            text() or "Ann Lee",
            born if isinstance(born, date) else None,
            draw(st.sampled_from(["", clean(f"0491 {text()}")])),  # type: ignore[arg-type]
            draw(st.sampled_from(["", "+ann@example.com", "=1@example.com"])),  # type: ignore[arg-type]
            is_new if isinstance(is_new, bool) else None,
            text(),
        ),
        appointment_type=text(),
        starts_at=start,
        ends_at=ends if isinstance(ends, datetime) else None,
        pms_ref=text(),
        fee=fee if isinstance(fee, int) else None,
        created_at=created if isinstance(created, datetime) else None,
        cancellation=Cancellation(
            cancelled,
            Operator("Kim Nguyen"),
            text(),
            draw(st.sampled_from(Origin)),  # type: ignore[arg-type]
        )
        if isinstance(cancelled, datetime)
        else None,
        attendance=Attendance(
            draw(st.sampled_from(Presence)),  # type: ignore[arg-type]
            draw(st.sampled_from(Origin)),  # type: ignore[arg-type]
            Operator("Kim Nguyen"),
            created if isinstance(created, datetime) else None,
            draw(st.booleans()),  # type: ignore[arg-type]
        ),
    )


@given(some_bookings())
@settings(max_examples=50)
def test_what_goes_out_comes_back(booking: Booking) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([guard(cell) for cell in booking_row(booking)])
    (row,) = csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True)

    done, marked = booking.cancellation, booking.attendance
    assert reader().read(2, row).booking == IncomingBooking(
        line=2,
        practice_id=booking.practice.id,
        patient=booking.patient,
        practitioner_name=booking.practitioner.name,
        appointment_type=booking.appointment_type,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        ref=booking.ref,
        pms_ref=booking.pms_ref,
        practitioner_pms_ref=booking.practitioner.pms_ref,
        fee=booking.fee,
        created_at=booking.created_at,
        cancelled_at=done.at if done else None,
        cancellation_reason=done.reason if done else "",
        cancelled_origin=done.origin if done else Origin.FILE,
        attendance=None if marked.presence is Presence.NONE else replace(marked, by=None),
    )


def test_words_that_nobody_knows_say_something_of_the_attendance() -> None:
    row = read_row(attendance="FTA", attendance_notice="Yes", attendance_at="2026-11-26 11:00")
    at = datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
    assert row.booking.attendance == Attendance(Presence.UNKNOWN, Origin.FILE, at=at, notice=True)
    assert row.unread == ()


def test_a_cell_about_the_attendance_that_cannot_be_read_is_left_out() -> None:
    row = read_row(
        attendance="no-show", attendance_notice="perhaps", attendance_at="today", attendance_origin="x"
    )
    assert row.booking.attendance == Attendance(Presence.NO_SHOW, Origin.FILE)
    assert {bad.field for bad in row.unread} == {"attendance_notice", "attendance_at", "attendance_origin"}
