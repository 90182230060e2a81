"""Maps: what each key does to a foreign file, and the sentence for each mistake in one."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Practice
from frontdesk.exchange.incoming import RowReader
from frontdesk.exchange.layout import BadCell
from frontdesk.exchange.mapping import Columns, EndSource, FileFormat, MapProblem, Marks, Section, read_map
from frontdesk.exchange.practice_column import Practices
from frontdesk.exchange.sources import FileProblem

ADELAIDE = Practice("adelaide", "Smile Dental", "ADL", "Australia/Adelaide")
SYDNEY = Practice("sydney", "Harbour Dental", "SYD", "Australia/Sydney")
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs"
HEADER = ("Nr", "Who", "Doc", "When")
ROW = ["77", "Ann Lee", "Dr Rao", "2026-11-26 10:30"]
COLUMNS = 'ref = "Nr"\npatient_name = "Who"\npractitioner = "Doc"\nstarts_at = "When"\n'


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    return tmp_path / "map.toml"


def reader(
    map_file: Path, text: str, header: Sequence[str], practices: Sequence[Practice] = (ADELAIDE,)
) -> RowReader:
    map_file.write_text(text, encoding="utf-8")
    mapping = read_map(map_file)
    return RowReader(
        Path("x.csv"), tuple(header), Practices(practices), NOW, mapping=mapping, map_file=map_file
    )


def mapped(
    map_file: Path, more: str, extra: dict[str, str] | None = None, *, columns: str = COLUMNS
) -> IncomingBooking:
    """Read ROW with further columns `extra`, through a map with further lines under [columns]."""
    extra = extra or {}
    made = reader(
        map_file,
        f"[columns]\n{columns}{more}",
        (*HEADER, *extra),
        (ADELAIDE, SYDNEY)[: 1 + ("practice" in more)],
    )
    return made.read(2, [*ROW, *extra.values()]).booking


def without(field: str) -> str:
    return "".join(line for line in COLUMNS.splitlines(keepends=True) if not line.startswith(field))


def test_renames_columns_whatever_their_case(map_file: Path) -> None:
    booking = mapped(map_file, 'appointment_type = "KIND"', {"Kind": "Check-up"})

    assert booking.ref == "77"
    assert booking.patient.name == "Ann Lee"
    assert booking.practitioner_name == "Dr Rao"
    assert booking.appointment_type == "Check-up"
    assert booking.starts_at == datetime(2026, 11, 26, 0, 0, tzinfo=UTC)


def test_canonical_names_need_no_mention(map_file: Path) -> None:
    assert mapped(map_file, "", {"patient_mobile": "0491 570 006"}).patient.mobile == "0491 570 006"


@pytest.mark.parametrize(("cell", "expected"), [("", "Consultation"), ("Clean", "Clean")])
def test_a_default_fills_an_empty_cell(map_file: Path, cell: str, expected: str) -> None:
    said = 'appointment_type = { column = "Kind", default = "Consultation" }'
    assert mapped(map_file, said, {"Kind": cell}).appointment_type == expected


def test_a_default_alone_is_a_constant(map_file: Path) -> None:
    assert (
        mapped(map_file, 'appointment_type = { default = "Consultation" }').appointment_type == "Consultation"
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(("Ann", "Lee"), "Lee, Ann {x}"), (("", "Lee"), "Lee, {x}"), (("", ""), "nobody")],
)
def test_a_template_joins_columns(map_file: Path, cells: tuple[str, str], expected: str) -> None:
    said = 'patient_name = { template = "{Last name}, {First} {{x}}", default = "nobody" }'
    extra = {"First": cells[0], "Last name": cells[1]}
    columns = (
        without("patient_name")
        + 'new_patient = { column = "Who", otherwise = "yes", values = { x = "no" } }\n'
    )
    assert mapped(map_file, said, extra, columns=columns).patient.name == expected


@pytest.mark.parametrize(
    ("cell", "expected"), [("N", True), ("n", True), ("R", False), ("Z", None), ("", None)]
)
def test_values_say_what_theirs_mean(map_file: Path, cell: str, expected: bool | None) -> None:
    said = 'new_patient = { column = "Kind", values = { N = "yes", R = "no" }, otherwise = "" }'
    assert mapped(map_file, said, {"Kind": cell}).patient.is_new is expected


def test_an_unlisted_value_stays_as_it_is(map_file: Path) -> None:
    said = 'patient_email = { column = "Mail", values = { "n/a" = "" } }'
    assert mapped(map_file, said, {"Mail": "N/A"}).patient.email == ""
    assert mapped(map_file, said, {"Mail": "a@example.com"}).patient.email == "a@example.com"


@pytest.mark.parametrize(("cell", "expected"), [("NORTH", "sydney"), ("Centre", "adelaide"), ("", "sydney")])
def test_the_practice_by_value(map_file: Path, cell: str, expected: str) -> None:
    said = 'practice = { column = "Site", values = { North = "sydney" }, otherwise = "adelaide", default = "sydney" }'
    booking = mapped(map_file, said, {"Site": cell})
    assert booking.practice_id == expected
    minutes = {"adelaide": 0, "sydney": -30}[expected]
    assert booking.starts_at == datetime(
        2026, 11, 26 if not minutes else 25, 0 if not minutes else 23, minutes % 60, tzinfo=UTC
    )


@pytest.mark.parametrize("cell", ["14/03/1981", "14.3.81"])
def test_formats_are_tried_in_order(map_file: Path, cell: str) -> None:
    said = 'patient_dob = { column = "Born", formats = ["%d/%m/%Y", "%d.%m.%y"] }'
    assert mapped(map_file, said, {"Born": cell}).patient.birth_date == date(1981, 3, 14)


@pytest.mark.parametrize(
    ("said", "extra", "expected"),
    [
        ('column = "Day", time = "08:00"', {"Day": "2026-11-26"}, (25, 21, 30)),
        ('column = "Day", time = "08:00"', {"Day": "2026-11-26T09:00"}, (25, 22, 30)),
        ('column = "Day", formats = ["%d/%m/%Y"], time = "08:00"', {"Day": "26/11/2026"}, (25, 21, 30)),
        ('column = "Day", formats = ["%d/%m/%Y %I:%M %p"]', {"Day": "26/11/2026 2:30 PM"}, (26, 4, 0)),
        ('column = "Day", time_column = "At"', {"Day": "2026-11-26", "At": "14:30"}, (26, 4, 0)),
        ('column = "Day", time_column = "At"', {"Day": "2026-11-26 00:00:00", "At": "14:30"}, (26, 4, 0)),
        ('column = "Day", time_column = "At", time = "08:00"', {"Day": "2026-11-26", "At": ""}, (25, 21, 30)),
        (
            'column = "Day", time_column = "At", time_formats = ["%H.%M", "%I%p"]',
            {"Day": "2026-11-26", "At": "2PM"},
            (26, 3, 30),
        ),
        (
            'column = "Day", formats = ["%Y-%m-%dT00:00:00Z"], time = "08:00"',
            {"Day": "2026-11-26T00:00:00Z"},
            (25, 21, 30),
        ),
    ],
)
def test_the_start_from_a_day_and_a_time(
    map_file: Path, said: str, extra: dict[str, str], expected: tuple[int, int, int]
) -> None:
    columns = without("starts_at") + 'created_at = "When"\n'
    booking = mapped(map_file, f"starts_at = {{ {said} }}", extra, columns=columns)
    assert booking.starts_at == datetime(2026, 11, *expected, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "extra", "expected"),
    [
        ("minutes = 15", {}, (0, 15)),
        ('minutes_column = "Long"', {"Long": "45"}, (0, 45)),
        ('minutes_column = "Long", minutes = 15', {"Long": ""}, (0, 15)),
        ('time_column = "Until"', {"Until": "11:00"}, (0, 30)),
        ('time_column = "Until", minutes = 15', {"Until": ""}, (0, 15)),
        ('column = "Until"', {"Until": "2026-11-26 11:30"}, (1, 0)),
        ('column = "Until", minutes = 15', {"Until": ""}, (0, 15)),
    ],
)
def test_the_end_from_a_duration_or_a_time(
    map_file: Path, said: str, extra: dict[str, str], expected: tuple[int, int]
) -> None:
    booking = mapped(map_file, f"ends_at = {{ {said} }}", extra)
    assert booking.ends_at == datetime(2026, 11, 26, *expected, tzinfo=UTC)


def test_no_end_is_none(map_file: Path) -> None:
    assert mapped(map_file, 'ends_at = { minutes_column = "Long" }', {"Long": ""}).ends_at is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("10000000000001.0", "10000000000001"), ("12,00", "12"), ("93779.52927", "93779.52927"), ("X1", "X1")],
)
def test_whole_numbers_lose_the_spreadsheets_decimals_in_templates_too(
    map_file: Path, cell: str, expected: str
) -> None:
    text = f'[file]\nwhole_numbers = ["Number"]\n[columns]\n{COLUMNS}pms_patient_ref = "Number"\n'
    text = text.replace('patient_name = "Who"', 'patient_name = { template = "Patient {Number} {Who}" }')
    booking = reader(map_file, text, (*HEADER, "Number")).read(2, [*ROW, cell]).booking
    assert booking.patient.pms_ref == expected
    assert booking.patient.name == f"Patient {expected} Ann Lee"


def test_a_number_that_a_spreadsheet_shortened_is_bad(map_file: Path) -> None:
    text = f'[file]\nwhole_numbers = ["Nr"]\n[columns]\n{COLUMNS}'
    with pytest.raises(BadCell, match="shortened"):
        reader(map_file, text, HEADER).read(2, ["2.98725E+13", *ROW[1:]])


@pytest.mark.parametrize(
    ("decimal", "cell", "expected"),
    [
        ("point", "145", 14500),
        ("point", "145.5", 14550),
        ("point", "$1,234.50", 123450),
        ("point", "AU$ 1 234.50", 123450),
        ("point", "0.005000", None),
        ("point", "1.234,50", None),
        ("point", "-5", None),
        ("point", "abc", None),
        ("point", "1,23", None),
        ("point", "1000000.00", 100_000_000),
        ("point", "1000000.01", None),
        ("comma", "1.234,50", 123450),
        ("comma", "145,5", 14550),
        ("comma", "1,234.50", None),
    ],
)
def test_fees_in_either_spelling(map_file: Path, decimal: str, cell: str, expected: int | None) -> None:
    text = f'[file]\ndecimal = "{decimal}"\n[columns]\n{COLUMNS}'
    made = reader(map_file, text, (*HEADER, "fee"))
    row = made.read(2, [*ROW, cell])
    assert row.booking.fee == expected
    assert [bad.field for bad in row.unread] == ([] if expected else ["fee"])
    assert all(cell not in bad.problem for bad in row.unread)


@pytest.mark.parametrize(
    ("cell", "is_cancelled"), [("Cancelled", True), ("no show", True), ("Booked", False), ("", False)]
)
def test_cancelled_by_value_without_a_time_is_cancelled_now(
    map_file: Path, cell: str, is_cancelled: bool
) -> None:
    text = f'[columns]\n{COLUMNS}[cancelled]\ncolumn = "State"\nvalues = ["cancelled", "No show"]'
    booking = reader(map_file, text, (*HEADER, "State")).read(2, [*ROW, cell]).booking
    assert booking.cancelled_at == (NOW if is_cancelled else None)


def test_a_time_of_cancelling_wins_over_now(map_file: Path) -> None:
    text = f'[columns]\n{COLUMNS}cancelled_at = "Off"\n[cancelled]\ncolumn = "State"\nvalues = ["x"]'
    booking = (
        reader(map_file, text, (*HEADER, "State", "Off")).read(2, [*ROW, "x", "2026-11-20T09:00Z"]).booking
    )
    assert booking.cancelled_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize("ignore", ['["Note", "Age"]', '["*"]'])
def test_ignored_columns_are_left_out(map_file: Path, ignore: str) -> None:
    text = f"[file]\nignore = {ignore}\n[columns]\n{COLUMNS}"
    assert reader(map_file, text, (*HEADER, "Note", "Age")).read(2, [*ROW, "x", "y"]).booking.ref == "77"


def test_an_ignored_canonical_column_is_left_out(map_file: Path) -> None:
    text = f'[file]\nignore = ["fee"]\n[columns]\n{COLUMNS}'
    assert reader(map_file, text, (*HEADER, "fee")).read(2, [*ROW, "nonsense"]).booking.fee is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x =", "is not TOML at end of document: no value can be read there"),
        ("[colums]", "the top of the file has no key colums, did you mean columns?"),
        ('[columns]\nreff = "A"', "[columns] has no key reff, did you mean ref?"),
        ("[columns]\nref = 3", "[columns] ref must be text in quotes or a table, not a whole number"),
        ('[columns]\nref = { colum = "A" }', "[columns.ref] has no key colum, did you mean column?"),
        ('[columns]\nref = { formats = ["%d"] }', "[columns.ref] has no key formats"),
        (
            '[columns.practice]\ncolumn = "A"\nvalues = { a = "b", c = 3 }',
            "[columns.practice.values] c must be text in quotes, not a whole number",
        ),
        ("[columns]\nref = {}", "[columns] ref: needs a column, a template or a default"),
        ('[columns]\nref = { column = "A", template = "B" }', "ref: has a column and a template"),
        ('[columns]\nref = { template = "a {b" }', "ref: a { or } of the template has no partner"),
        ('[columns]\nref = { column = "A", otherwise = "b" }', "ref: has otherwise without values"),
        (
            '[columns]\npatient_dob = { column = "A", formats = ["%d/%Q"] }',
            "patient_dob: %d/%Q is not a date format: one looks like %d/%m/%Y %H:%M",
        ),
        (
            '[columns]\nstarts_at = { column = "A", time_formats = ["%"] }',
            "starts_at: % is not a date format",
        ),
        (
            '[columns]\nstarts_at = { column = "A", time = "8am" }',
            'starts_at: time must be a time of day, such as "08:00"',
        ),
        ('[file]\ndelimiter = ";;"', "[file] delimiter must have at most 1 characters"),
        ('[file]\ndecimal = ","', "[file] decimal: there is no ,, known are: comma, point"),
        ('[file]\nencoding = "latin99"', "[file] encoding: there is no encoding of that name"),
        ('[file]\nencoding = "hex"', "[file] encoding: there is no encoding of that name"),
        ('[file]\nignore = "A"', "[file] ignore must be a list, not text in quotes"),
        ('[cancelled]\ncolumn = "A"', "[cancelled] needs a values"),
        ('[cancelled]\ncolumn = "A"\nvalues = []', "[cancelled] values must not be empty"),
        ('[[cancelled]]\ncolumn = "A"', "[[cancelled]] 1 needs a values"),
        ('[[skip]]\ncolum = "A"', "[[skip]] 1 has no key colum, did you mean column?"),
        ('[skip]\ncolum = "A"', "[skip] has no key colum, did you mean column?"),
        ("skip = 3", "skip must be a table or a list, not a whole number"),
        ("[file]\nheading = 0", "[file] heading must be at least 1"),
    ],
)
def test_a_mistake_in_a_map_is_one_sentence(map_file: Path, text: str, sentence: str) -> None:
    map_file.write_text(text, encoding="utf-8")

    with pytest.raises(MapProblem) as problem:
        read_map(map_file)

    assert problem.value.hint.startswith(str(map_file))
    assert sentence in problem.value.hint
    assert problem.value.exit_code == 2


def test_a_map_that_cannot_be_read(map_file: Path) -> None:
    with pytest.raises(MapProblem, match="there is no file"):
        read_map(map_file)
    map_file.write_bytes(b"\xff")
    with pytest.raises(MapProblem, match="is not UTF-8 text"):
        read_map(map_file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            f'[columns]\n{COLUMNS}fee = "Pryce"',
            "[columns] fee: x.csv has no column Pryce, did you mean Price?",
        ),
        (
            f'[columns]\n{COLUMNS}fee = {{ template = "{{Pryce}}" }}',
            "[columns] fee: x.csv has no column Pryce, did you mean Price?",
        ),
        (
            f'[columns]\n{COLUMNS}ends_at = {{ minutes_column = "Pryce" }}',
            "[columns] ends_at: x.csv has no column Pryce, did you mean Price?",
        ),
        (f'[file]\nignore = ["Pryce"]\n[columns]\n{COLUMNS}', "[file] ignore: x.csv has no column Pryce"),
        (
            f'[file]\nwhole_numbers = ["Pryce"]\n[columns]\n{COLUMNS}',
            "[file] whole_numbers: x.csv has no column",
        ),
        (
            f'[columns]\n{COLUMNS}[cancelled]\ncolumn = "Pryce"\nvalues = ["x"]',
            "[cancelled]: x.csv has no column Pryce",
        ),
        (
            f"[columns]\n{COLUMNS}",
            "does not use the column Price of x.csv: give it a place in [columns], or list it in [file] ignore",
        ),
    ],
)
def test_a_map_that_does_not_fit_the_file(map_file: Path, text: str, sentence: str) -> None:
    with pytest.raises(MapProblem) as problem:
        reader(map_file, text, (*HEADER, "Price"))

    assert problem.value.hint.startswith(str(map_file))
    assert sentence in problem.value.hint


def test_a_column_that_the_map_uses_and_the_file_has_twice(map_file: Path) -> None:
    with pytest.raises(FileProblem, match="has the column Nr twice"):
        reader(map_file, f"[columns]\n{COLUMNS}", (*HEADER, "nr"))
    text = f'[file]\nignore = ["*"]\n[columns]\n{COLUMNS}'
    assert reader(map_file, text, (*HEADER, "Note", "note")).read(2, [*ROW, "x", "y"]).booking.ref == "77"


def test_the_example_map_reads_a_file_like_the_real_one() -> None:
    header = (
        "PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,"
        "Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No_show"
    )
    row = "10000000000001.0,9000001,F,2016-04-29 18:38:08,2016-05-02,62.0,RESISTÊNCIA,0,1,0,0,0,0,No"
    clinics = Practice("vitoria", "Vitória clinics", "VIX", "America/Sao_Paulo")
    map_file = DOCS / "examples" / "vitoria-2016.toml"
    made = RowReader(
        Path("x.csv"),
        tuple(header.split(",")),
        Practices([clinics]),
        NOW,
        mapping=read_map(map_file),
        map_file=map_file,
    )

    booking = made.read(2, row.split(",")).booking

    assert booking.ref == booking.pms_ref == "9000001"
    assert booking.patient.name == "Patient 10000000000001"
    assert booking.patient.pms_ref == "10000000000001"
    assert booking.practitioner_name == "RESISTÊNCIA"
    assert booking.practice_id == "vitoria"
    assert booking.starts_at == datetime(2016, 5, 2, 11, 0, tzinfo=UTC)
    assert booking.ends_at == datetime(2016, 5, 2, 11, 15, tzinfo=UTC)
    assert booking.created_at == datetime(2016, 4, 29, 21, 38, 8, tzinfo=UTC)
    assert booking.cancelled_at is None


def test_the_maps_in_the_manual_are_maps(map_file: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", (DOCS / "import.md").read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) == 2
    for block in blocks:
        map_file.write_text(block, encoding="utf-8")
        read_map(map_file)


@pytest.mark.parametrize("table", [FileFormat, EndSource, Columns, Marks])
def test_the_manual_has_every_key(table: type[Section]) -> None:
    manual = (DOCS / "import.md").read_text(encoding="utf-8")
    for key in table.__struct_fields__:
        assert re.search(rf"`{key}`|^{key} =", manual, re.M), key
