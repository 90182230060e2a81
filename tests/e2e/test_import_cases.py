"""Files of other systems as they were met, through the real command line: what must come out of each."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.e2e.line_mode import LineDesk

CASES = Path(__file__).parents[1] / "cases"
COLUMNS = 'pms_ref = "id"\npatient_name = "patient"\npractitioner = "prov"\n'
HEADER = "id,patient,prov,start"
Bring = Callable[..., Result]


@pytest.fixture
def bring(desk: LineDesk, tmp_path: Path) -> Bring:
    """Import lines with a map, at Adelaide."""

    def brought(*lines: str, more: str = 'starts_at = "start"\n', file: str = "", rest: str = "") -> Result:
        bookings, map_file = tmp_path / "in.csv", tmp_path / "m.toml"
        bookings.write_text("\n".join([*lines, ""]), encoding="utf-8")
        map_file.write_text(f"{file}\n[columns]\n{COLUMNS}{more}{rest}", encoding="utf-8")
        return desk("import", str(bookings), "--map", str(map_file), "--practice", "adelaide")

    return brought


def case(desk: LineDesk, name: str, file: str = "in.csv") -> Result:
    folder = CASES / name
    # Ten years later, so that what is to come stays to come.
    later = desk.store_file.parent / file
    later.write_text((folder / file).read_text().replace("2026", "2036"))
    return desk("import", str(later), "--map", str(folder / "m.toml"), "--practice", "adelaide")


def of_the_file(result: Result) -> list[str]:
    """What the last lines say of the file itself; what its bookings leave to people is tested elsewhere."""
    return [line for line in result.stdout.splitlines() if "to come in this file" not in line]


def starts(desk: LineDesk, search: str = "test") -> list[str]:
    return [one["starts_at"] for one in desk.document("list", "--search", search)]


def test_half_past_ten_at_night_in_utc_is_nine_the_next_morning_in_adelaide(desk: LineDesk) -> None:
    assert case(desk, "import-utc").stdout.startswith("1 read: 1 new")
    assert starts(desk) == ["2036-12-10T09:00:00+10:30"]


def test_a_shorter_time_is_not_taken_for_a_longer_one(desk: LineDesk) -> None:
    assert case(desk, "import-two-lengths").stdout.startswith("2 read: 2 new")
    assert starts(desk) == ["2036-12-10T10:30:00+10:30"] * 2


def test_a_column_that_is_ignored_may_be_there_twice(desk: LineDesk) -> None:
    result = case(desk, "import-column-twice")
    assert (result.exit_code, result.stdout[:13]) == (0, "1 read: 1 new")


def test_what_a_file_cancelled_a_file_reinstates(desk: LineDesk) -> None:
    case(desk, "import-reinstated")
    (cancelled,) = desk.document("list", "--search", "bo test")
    assert (cancelled["status"], cancelled["cancelled_origin"]) == ("Cancelled", "file")
    shown = desk("show", cancelled["ref"]).stdout
    assert "as an imported file says" in shown
    assert "by Kim Nguyen" not in shown

    result = case(desk, "import-reinstated", "b.csv")

    assert result.stdout.startswith("1 read: 0 new, 1 changed, 0 unchanged, 0 kept as cancelled here, 0 bad")
    (booking,) = desk.document("list", "--search", "bo test")
    assert (booking["status"], booking["cancelled_origin"], booking["version"]) == ("Upcoming", None, 2)
    history = desk("history", booking["ref"]).stdout
    assert "reinstated  as b.csv says; it had been cancelled" in history
    assert desk("cancel", booking["ref"], "--yes", "--no-deliver").exit_code == 0
    assert "1 kept as cancelled here" in case(desk, "import-reinstated", "b.csv").stdout


@pytest.mark.parametrize(
    ("written", "formats"),
    [
        ("2036-12-09T22:30:00Z", "%Y-%m-%dT%H:%M:%SZ"),
        ("2036-12-09 22:30 GMT", "%Y-%m-%d %H:%M GMT"),
        ("2036-12-09 22:30+00:00", "%Y-%m-%d %H:%M+00:00"),
        ("2036-12-10 08:30 UTC+10", "%Y-%m-%d %H:%M %Z"),
        ("2036-12-10 09:00 +1030", "%Y-%m-%d %H:%M %Z"),
    ],
)
def test_a_time_zone_in_a_format_counts(desk: LineDesk, bring: Bring, written: str, formats: str) -> None:
    more = f'starts_at = {{ column = "start", formats = ["{formats}"] }}\n'
    assert bring(HEADER, f"1,Ada Test,Dr Lee,{written}", more=more).exit_code == 0
    assert starts(desk) == ["2036-12-10T09:00:00+10:30"]


@pytest.mark.parametrize(
    ("said", "cells"),
    [
        ('column = "start", zone = "UTC"', "2036-12-09 22:30,"),
        ('column = "start", formats = ["%d/%m/%Y %H:%M"], zone = "UTC"', "9/12/2036 22:30,"),
        ('column = "start", time_column = "at", zone = "UTC"', "2036-12-09,22:30"),
        ('column = "start", time_column = "at"', "2036-12-09,22:30Z"),
        ('column = "start", time_column = "at", time_formats = ["%H:%M UTC"]', "2036-12-09,22:30 UTC"),
        ('column = "start", time = "22:30", zone = "UTC"', "2036-12-09,"),
        ('column = "start", formats = ["%Y-%m-%d %H:%M AEST"], zone = "Australia/Brisbane"', "2036-12-10 08:30 AEST,"),
        ('column = "start", zone = "UTC"', "2036-12-10T08:30+10:00,"),
    ],
)  # fmt: skip
def test_the_times_of_a_column_can_be_of_another_zone(
    desk: LineDesk, bring: Bring, said: str, cells: str
) -> None:
    more = f"starts_at = {{ {said} }}\n" + ("" if "time_column" in said else 'fee = "at"\n')
    assert bring(f"{HEADER},at", f"1,Ada Test,Dr Lee,{cells}", more=more).exit_code == 0
    assert starts(desk) == ["2036-12-10T09:00:00+10:30"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('formats = ["%Y-%m-%d %H:%M ACST"]', 'names the time zone ACST, which is not the same time everywhere: say beside it which one is meant, such as zone = "Australia/Adelaide"'),
        ('formats = ["%Y-%m-%d %H:%MZ"], zone = "Australia/Perth"', "names a time zone, and so does zone: leave one of them out"),
        ('zone = "Adelaide"', 'there is no time zone Adelaide: one looks like "Australia/Adelaide"'),
        ('formats = ["%H:%M"]', "has no day, month and year"),
        ('time_column = "patient", time_formats = ["%d/%m/%Y"]', "has no time of day"),
    ],
)  # fmt: skip
def test_a_map_that_leaves_open_when_is_refused(bring: Bring, said: str, sentence: str) -> None:
    more = f'starts_at = {{ column = "start", {said} }}\n'
    result = bring(HEADER, "1,Ada Test,Dr Lee,2036-12-09 22:30", more=more)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_another_time_zone_in_a_cell_is_a_bad_line(bring: Bring) -> None:
    more = 'starts_at = { column = "start", formats = ["%Y-%m-%d %H:%M %Z"] }\n'
    result = bring(HEADER, "1,Ada Test,Dr Lee,2036-12-09 22:30 ACST", more=more)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "line 2, starts_at: 2036-12-09 22:30 ACST names the time zone ACST, which is not known here: "
        "UTC, GMT, Z and offsets such as +10:30 are"
    ]


@pytest.mark.parametrize("written", ["2036-12-09-05:00", "2036-12-09+10:30"])
def test_the_offset_of_a_day_is_no_time_of_day(bring: Bring, written: str) -> None:
    result = bring(HEADER, f"1,Ada Test,Dr Lee,{written}")
    assert f"line 2, starts_at: {written} is not a time such as" in result.stderr


def test_two_times_of_day_for_one_start_are_a_bad_line(bring: Bring) -> None:
    more = 'starts_at = { column = "start", time_column = "at" }\n'
    result = bring(f"{HEADER},at", "1,Ada Test,Dr Lee,2036-12-09T13:30:00Z,10:30", more=more)
    assert "2036-12-09T13:30:00Z has a time of day, and so has the column of times" in result.stderr


def test_birth_years_of_two_digits_are_never_in_the_future(desk: LineDesk, bring: Bring) -> None:
    more = 'starts_at = "start"\npatient_dob = { column = "born", formats = ["%d.%m.%y"] }\n'
    years = {
        "55": "1955-03-01",
        "68": "1968-03-01",
        "69": "1969-03-01",
        "21": "2021-03-01",
    }
    lines = [f"{yy},Ada Test{yy},Dr Lee,2036-12-10 09:00,01.03.{yy}" for yy in years]

    result = bring(f"{HEADER},born", *lines, more=more)

    assert (result.exit_code, result.stderr) == (0, "")
    assert of_the_file(result)[1:] == [
        "1 birth date was guessed: a year of two digits that fits both centuries was taken for the later one."
    ]
    found = desk.document("list", "--search", "ada")
    assert {one["pms_ref"]: one["patient_dob"] for one in found} == years
    assert [one["pms_ref"] for one in desk.document("list", "--search", "1/3/55")] == ["55"]


NOT_NEEDED = (
    'patient_email = "mail"\npatient_dob = "born"\nfee = "fee"\n'
    'ends_at = { minutes_column = "long" }\ncancellation_reason = "note"\npatient_mobile = "tel"\n'
)
MORE_COLUMNS = f"{HEADER},mail,born,fee,long,note,tel"


def test_a_cell_that_is_not_needed_keeps_nobody_out(desk: LineDesk, bring: Bring, tmp_path: Path) -> None:
    good = "2036-12-10 09:00,ada@example.com,1955-03-11,145.00,30,,0491 570 006"
    lines = [f"{number},Ada Test,Dr Lee,{good}" for number in range(1, 8)]
    bring(MORE_COLUMNS, *lines, more=f'starts_at = "start"\n{NOT_NEEDED}')
    before = desk.document("list", "--search", "ada")
    changed = [
        lines[0].replace("ada@example.com", "a@example.com; b@example.com"),
        lines[1].replace("1955-03-11", "NULL"),
        lines[2].replace("145.00", "N/A"),
        lines[3].replace(",30,", ",30 min,"),
        lines[4].replace(",,", ",wants a call,"),
        lines[5].replace("0491 570 006", "4.9157E+08"),
        lines[6].replace("ada@example.com,1955-03-11", "NULL,NULL"),
        "8,,Dr Lee,2036-12-10 09:00,,,,,,",
    ]

    errors = tmp_path / "errors.csv"
    result = bring(MORE_COLUMNS, *changed, more=f'starts_at = "start"\n{NOT_NEEDED}')
    arguments = ("--map", str(tmp_path / "m.toml"), "--practice", "adelaide", "--errors", str(errors))
    again = desk("import", str(tmp_path / "in.csv"), *arguments)

    assert result.exit_code == again.exit_code == 1
    assert result.stderr.splitlines() == [
        "line 9, patient_name: is empty",
        "line 2 went in without patient_email: is not one e-mail address",
        "line 3 went in without patient_dob: NULL is not a date such as 1981-03-14",
        "line 4 went in without fee: is not an amount of money, such as 145.00",
        "line 5 went in without ends_at: must be a number of minutes, such as 30",
        "line 6 went in without cancellation_reason: is given, but nothing says that the booking was cancelled",
        "line 7 went in without patient_mobile: is a number that a spreadsheet has shortened (E+): "
        "export the column as text",
        "line 8 went in without patient_dob, patient_email: NULL is not a date such as 1981-03-14; "
        "is not one e-mail address",
    ]
    assert of_the_file(result)[:2] == [
        "8 read: 0 new, 0 changed, 7 unchanged, 0 kept as cancelled here, 1 bad",
        "8 cells were not read, and their lines went in without them: 2 patient_email, 2 patient_dob, 1 fee, "
        "1 ends_at, 1 cancellation_reason, 1 patient_mobile",
    ]
    assert desk.document("list", "--search", "ada") == before, "what is not known erases nothing"
    written = errors.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in written] == ["line", "2", "3", "4", "5", "6", "7", "8", "9"]
    assert "The lines with something wrong are in" in again.stdout


def test_unread_cells_alone_are_no_failure(bring: Bring) -> None:
    result = bring(MORE_COLUMNS, "1,Ada Test,Dr Lee,2036-12-10 09:00,NULL,NULL,NULL,NULL,NULL,NULL", more=f'starts_at = "start"\n{NOT_NEEDED}')  # fmt: skip
    assert result.exit_code == 0
    assert result.stdout.startswith("1 read: 1 new")


def test_a_line_that_cannot_be_known_again_is_not_offered_for_a_second_import(
    desk: LineDesk, bring: Bring, tmp_path: Path
) -> None:
    result = bring(f"{HEADER},mail", ",Ada Test,Dr Lee,2036-12-10 09:00,NULL", more='starts_at = "start"\npatient_email = "mail"\n')  # fmt: skip
    assert of_the_file(result) == [
        "1 read: 1 new, 0 changed, 0 unchanged, 0 kept as cancelled here, 0 bad",
        "1 cell was not read, and its line went in without it: 1 patient_email",
        "1 of them have neither ref nor pms_ref: importing them again would add them again.",
    ]
    errors = tmp_path / "errors.csv"
    desk("import", str(tmp_path / "in.csv"), "--map", str(tmp_path / "m.toml"), "--practice", "adelaide", "--errors", str(errors))  # fmt: skip
    assert len(errors.read_text(encoding="utf-8").splitlines()) == 1


def test_a_file_that_does_not_have_a_column_erases_nothing(desk: LineDesk, bring: Bring) -> None:
    full = "1,Ada Test,Dr Lee,2036-12-10 09:00,ada@example.com,1955-03-11,145.00,30,,0491 570 006"
    bring(MORE_COLUMNS, full, more=f'starts_at = "start"\n{NOT_NEEDED}')
    before = desk.document("list", "--search", "ada")
    assert "0 changed, 1 unchanged" in bring(HEADER, "1,Ada Test,Dr Lee,2036-12-10 09:00").stdout
    assert desk.document("list", "--search", "ada") == before


def test_lines_above_the_heading_and_a_separator_for_excel(desk: LineDesk, bring: Bring) -> None:
    lines = ["sep=;", "Smile Dental;printed 9/12/2036", "", "id;patient;prov;start", "1;Ada Test;Dr Lee;2036-12-10 09:00"]  # fmt: skip
    result = bring(*lines)
    assert of_the_file(result) == [
        "The heading is on line 4; the lines above it were left out.",
        "1 read: 1 new, 0 changed, 0 unchanged, 0 kept as cancelled here, 0 bad",
    ]
    told = bring(
        "x", "id,patient,prov,start", "1,Ada Test,Dr Lee,2036-12-10 09:00", file="[file]\nheading = 2"
    )
    assert of_the_file(told) == ["1 read: 0 new, 0 changed, 1 unchanged, 0 kept as cancelled here, 0 bad"]


def test_the_errors_of_such_a_file_are_imported_with_the_same_map(
    desk: LineDesk, bring: Bring, tmp_path: Path
) -> None:
    bring("sep=;", "a report", "id;patient;prov;start", "1;Ada Test;Dr Lee;soon", file="[file]\nheading = 3")
    arguments = ("--map", str(tmp_path / "m.toml"), "--practice", "adelaide")
    errors = tmp_path / "errors.csv"
    desk("import", str(tmp_path / "in.csv"), *arguments, "--errors", str(errors))
    errors.write_text(
        errors.read_text(encoding="utf-8")
        .replace("soon;", "2036-12-10 09:00")
        .replace(";soon", ";2036-12-10 09:00")
    )
    assert desk("import", str(errors), *arguments).stdout.startswith("1 read: 1 new")


def test_several_columns_may_say_cancelled_and_lines_may_be_no_bookings(desk: LineDesk, bring: Bring) -> None:
    rest = (
        '[[cancelled]]\ncolumn = "state"\nvalues = ["Cancelled"]\n'
        '[[cancelled]]\ncolumn = "off"\nvalues = ["Yes"]\n'
        '[[skip]]\ncolumn = "kind"\nvalues = ["Lunch"]\n'
        '[[skip]]\ncolumn = "patient"\nvalues = [""]\n'
    )
    lines = [
        "1,Ada Test,Dr Lee,2036-12-10 09:00,Booked,no,",
        "2,Bo Test,Dr Lee,2036-12-10 09:30,cancelled,no,",
        "3,Cy Test,Dr Lee,2036-12-10 10:00,Booked,YES,",
        "4,Lunch break,Dr Lee,2036-12-10 12:00,Booked,no,LUNCH",
        "5,,Dr Lee,2036-12-10 13:00,Booked,no,",
    ]
    result = bring(f"{HEADER},state,off,kind", *lines, rest=rest)
    assert (result.exit_code, result.stderr) == (0, "")
    assert of_the_file(result) == [
        "3 read: 3 new, 0 changed, 0 unchanged, 0 kept as cancelled here, 0 bad",
        "2 lines were left out as no booking, as the map says.",
    ]
    found = desk.document("list", "--search", "test")
    assert [one["status"] for one in found] == ["Upcoming", "Cancelled", "Cancelled"]


def test_one_table_is_still_enough(desk: LineDesk, bring: Bring) -> None:
    rest = '[cancelled]\ncolumn = "state"\nvalues = ["x"]\n[skip]\ncolumn = "kind"\nvalues = ["y"]\n'
    result = bring(f"{HEADER},state,kind", "1,Ada Test,Dr Lee,2036-12-10 09:00,x,", "2,Bo Test,Dr Lee,2036-12-10 09:00,,y", rest=rest)  # fmt: skip
    assert result.stdout.startswith("1 read: 1 new")


@pytest.mark.parametrize(
    ("content", "name"),
    [("BEGIN:VCALENDAR", "an iCalendar file (.ics)"), ("MSH|^~\\&|", "HL7"), ('{"a": 1}', "JSON")],
)
def test_files_of_another_kind_are_named(bring: Bring, content: str, name: str) -> None:
    result = bring(content)
    assert result.exit_code == 1
    assert f"is {name}" in result.stderr


def test_a_mark_that_holds_a_name_in_its_column_is_only_in_what_is_shown(
    desk: LineDesk, bring: Bring, tmp_path: Path
) -> None:
    bring(HEADER, "1,דוד לוי,רחל כהן,2036-12-10 09:00")
    assert "דוד לוי\u200e  " in desk("list", "--search", "דוד").stdout
    (document,) = desk.document("list", "--search", "דוד")
    assert (document["patient_name"], document["practitioner"]) == ("דוד לוי", "רחל כהן")
    desk("export", str(tmp_path / "out.csv"))
    assert "\u200e" not in (tmp_path / "out.csv").read_text(encoding="utf-8")
