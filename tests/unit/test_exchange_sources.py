"""CSV files as they come: every way in which one is broken costs one line or says one sentence."""

import csv
import gzip
import io
import lzma
import os
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.exchange.sources import LINE_LIMIT, LINES_PER_RECORD, CsvSource, FileProblem, Record


def written(folder: Path, content: bytes) -> Path:
    path = folder / "bookings.csv"
    path.write_bytes(content)
    return path


def records(path: Path, **how: Any) -> list[Record]:
    with CsvSource(path, **how) as source:
        return list(source.records())


def good(found: list[Record]) -> list[tuple[int, list[str]]]:
    return [(record.line, record.cells) for record in found if not record.problem]


def problems(found: list[Record]) -> list[tuple[int, str]]:
    return [(record.line, record.problem) for record in found if record.problem]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_reads_utf8_with_any_line_end(tmp_path: Path, mark: bytes, end: str) -> None:
    path = written(tmp_path, mark + f'"ref", patient_name ,{end}A1,Kovač,{end}A2,"Lee, Ann",{end}'.encode())

    with CsvSource(path) as source:
        assert source.header == ("ref", "patient_name")
        assert good(list(source.records())) == [(2, ["A1", "Kovač"]), (3, ["A2", "Lee, Ann"])]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
def test_unpacks_whatever_the_name_is(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = written(tmp_path, pack(b"ref\nA1\n"))

    with CsvSource(path) as source:
        assert good(list(source.records())) == [(2, ["A1"])]
        assert source.position == source.size == path.stat().st_size


def test_reads_another_encoding_and_delimiter(tmp_path: Path) -> None:
    path = written(tmp_path, "ref;name\nA1;Müller\n".encode("windows-1252"))

    assert good(records(path, encoding="windows-1252", delimiter=";")) == [(2, ["A1", "Müller"])]


def test_reads_a_pipe(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"ref\nA1\n")
    os.close(writing)
    try:
        with CsvSource(Path(f"/dev/fd/{reading}")) as source:
            assert good(list(source.records())) == [(2, ["A1"])]
            assert source.position == 0
    finally:
        os.close(reading)


def test_blank_lines_and_empty_cells_beyond_the_heading_are_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n\n,\n1,2,,\n\n3,4\n")

    assert good(records(path)) == [(4, ["1", "2"]), (6, ["3", "4"])]
    assert problems(records(path)) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (
            b"PK\x03\x04\x14\x00xl/workbook.xml",
            "is an Excel workbook or a ZIP archive, not CSV: save it as CSV",
        ),
        (gzip.compress(b"PK\x03\x04\x14\x00", mtime=0), "is an Excel workbook or a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel workbook"),
        (b"%PDF-1.7", "is a PDF"),
        (b"SQLite format 3\x00", "is an SQLite database"),
        (b"BZh91AY", "is compressed with bzip2: .gz and .xz are read"),
        (b"\x28\xb5\x2f\xfd\x04", "is compressed with zstd"),
        ("ref\nA1\n".encode("utf-16"), "is UTF-16 text: save it as CSV UTF-8, or name its encoding in a map"),
        (b"ref,na\xefve\nA1,x\n", "line 1, the heading, is not UTF-8 text"),
        (b"ref,\x00\nA1,x\n", "line 1, the heading, contains a NUL byte"),
        (b'ref,"name\nA1,x\n', "line 1, the heading, a quote opened on this line is never closed"),
        (gzip.compress(b"ref\nA1\n", mtime=0)[:12], "is damaged or cut off at its beginning"),
        (b"\xfd7zXZ\x00\x00\x00", "is damaged or cut off at its beginning"),
    ],
)
def test_a_file_that_is_no_csv_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(FileProblem) as problem:
        CsvSource(written(tmp_path, content))

    assert sentence in problem.value.hint
    assert problem.value.hint.startswith(str(tmp_path / "bookings.csv"))


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read: no such file or directory"):
        CsvSource(tmp_path / "none.csv")
    with pytest.raises(FileProblem, match="cannot be read: is a directory"):
        CsvSource(tmp_path)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
def test_a_cut_off_file_gives_what_it_has_and_then_says_where_it_ends(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    lines = "".join(f"A{number},{os.urandom(20).hex()}\n" for number in range(5_000))
    whole = pack(f"ref,name\n{lines}".encode())
    source = CsvSource(written(tmp_path, whole[: len(whole) // 2]))
    found: list[Record] = []

    with source, pytest.raises(FileProblem, match=r"is damaged or cut off after line \d,\d+$"):
        found.extend(iter(source.records()))
    assert len(found) > 1_000
    assert not problems(found)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"A2,na\xefve", "is not UTF-8 text: save it as CSV UTF-8, or name its encoding in a map"),
        (b"A2,a\x00b", "contains a NUL byte: the file is damaged, or not text"),
        (b"A2", "has 1 cell where the heading has 2 cells"),
        (b"A2,b,c", "has 3 cells where the heading has 2 cells"),
        (b'A2,"b', "a quote opened on this line is never closed"),
        (b'A2,"b"c', "has text after a closing quote: a quote inside a cell must be written twice"),
        (b'A2,"b\nA9,"c"', "has text after a closing quote: a quote inside a cell must be written twice"),
        (b"A2," + b"x" * LINE_LIMIT, f"is longer than {LINE_LIMIT:,} characters"),
    ],
)
def test_a_broken_line_costs_that_line_only(tmp_path: Path, line: bytes, problem: str) -> None:
    found = records(written(tmp_path, b"ref,name\nA1,x\n" + line + b"\nA3,y\nA4,z\n"))

    assert problems(found) == [(3, problem)]
    assert [cells[0] for _, cells in good(found) if cells[0] != "A9"] == ["A1", "A3", "A4"]


def test_a_cell_of_several_lines_is_one_record(tmp_path: Path) -> None:
    found = records(written(tmp_path, b'ref,name\nA1,"x\ny"\nA2,z\n'))

    assert good(found) == [(2, ["A1", "x\ny"]), (4, ["A2", "z"])]


def test_a_stray_quote_swallows_no_lines_even_where_a_later_one_closes_it(tmp_path: Path) -> None:
    # Without reading again, lines 2 and 3 would be one record of the wrong width, and A2 lost.
    found = records(written(tmp_path, b'ref,name\n"A1,x\nA2,y"\nA3,z\n'))

    assert [line for line, _ in problems(found)] == [2]
    assert good(found)[-1] == (4, ["A3", "z"])
    assert {record.line for record in found} == {2, 3, 4}


def test_a_quote_never_closed_does_not_swallow_a_long_file(tmp_path: Path) -> None:
    rest = b"".join(b"B%d,y\n" % number for number in range(LINES_PER_RECORD * 3))
    found = records(written(tmp_path, b'ref,name\nA1,"x\n' + rest))

    assert problems(found) == [(2, "a quote opened on this line is never closed")]
    assert len(good(found)) == LINES_PER_RECORD * 3


def test_a_record_does_not_grow_over_the_whole_file(tmp_path: Path) -> None:
    # Every cell is short and closed, but only on the next line.
    found = records(written(tmp_path, b'ref,name\n"x\n' + b'","x\n' * 5_000 + b'"\n'))

    assert problems(found)[0] == (2, "a quote opened on this line is never closed")
    assert max(len(record.cells) for record in found) < LINES_PER_RECORD


def test_a_line_of_many_megabytes_is_never_held_whole(tmp_path: Path) -> None:
    path = written(tmp_path, b"ref,name\nA1," + b"x" * 30_000_000 + b"\nA2,y\n")

    tracemalloc.start()
    try:
        found = records(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert good(found) == [(3, ["A2", "y"])]
    assert peak < 3_000_000


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2, max_size=2
        )
    )
)
@settings(max_examples=50, deadline=None)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *rows])
    with tempfile.TemporaryDirectory() as folder:
        found = records(written(Path(folder), text.getvalue().encode()))

    assert [cells for _, cells in good(found)] == [row for row in rows if any(row)]
    assert not problems(found)


@given(st.binary(max_size=400))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_lines_or_one_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = records(written(Path(folder), b"a,b\n" + content))
        except FileProblem as problem:
            assert problem.hint  # noqa: PT017  either outcome is right
            return
    lines = [record.line for record in found]
    assert lines == sorted(set(lines))
    assert all(len(record.cells) == 2 for record in found if not record.problem)


CANONICAL = frozenset({"patient_name", "practitioner", "starts_at"})
LINES = ["patient_name,practitioner,starts_at", "Ann Lee,Dr Rao,2026-11-26 10:30"]


def source_of(folder: Path, *lines: str, **how: Any) -> tuple[tuple[str, ...], int, list[Record]]:
    path = written(folder, "\r\n".join([*lines, ""]).encode())
    with CsvSource(path, needed=CANONICAL, **how) as source:
        return source.header, source.heading, list(source.records())


def test_the_heading_is_found_below_lines_of_a_report(tmp_path: Path) -> None:
    above = ["Appointments of Smile Dental", "", 'printed "26/11/2026", by Kim', "a,b,c"]
    header, heading, found = source_of(tmp_path, *above, *LINES)

    assert header == ("patient_name", "practitioner", "starts_at")
    assert heading == 5
    assert good(found) == [(6, ["Ann Lee", "Dr Rao", "2026-11-26 10:30"])]


def test_the_heading_is_where_a_map_says(tmp_path: Path) -> None:
    header, heading, found = source_of(tmp_path, LINES[0], "a,b", "1,2", heading=2)

    assert (header, heading) == (("a", "b"), 2)
    assert good(found) == [(3, ["1", "2"])]


def test_without_all_columns_on_one_line_the_first_is_the_heading(tmp_path: Path) -> None:
    header, heading, _ = source_of(tmp_path, "patient_name,starts_at", "x,y")
    assert (header, heading) == (("patient_name", "starts_at"), 1)


def test_a_heading_beyond_the_end_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="is empty"):
        source_of(tmp_path, *LINES, heading=9)


@pytest.mark.parametrize(("line", "sign"), [("sep=;", ";"), ('"sep=|"', "|"), ("SEP=\t", "\t")])
def test_a_line_for_excel_says_how_columns_are_separated(tmp_path: Path, line: str, sign: str) -> None:
    lines = [one.replace(",", sign) for one in LINES]
    header, heading, found = source_of(tmp_path, line, *lines)

    assert header == ("patient_name", "practitioner", "starts_at")
    assert heading == 2
    assert good(found) == [(3, ["Ann Lee", "Dr Rao", "2026-11-26 10:30"])]


def test_an_errors_file_has_its_heading_on_the_first_line_and_its_own_separator(tmp_path: Path) -> None:
    header, heading, found = source_of(tmp_path, "line;field;reason;a", "7;a;is odd;x", heading=4)

    assert (header, heading) == (("line", "field", "reason", "a"), 1)
    assert good(found) == [(2, ["7", "a", "is odd", "x"])]


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n  "])
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "an iCalendar file"),
        (b"begin:vcalendar\n", "an iCalendar file"),
        (b"MSH|^~\\&|SIU|", "HL7"),
        (b"\x0bMSH|^~\\&|", "HL7"),
        (b"BHS|^~\\&|", "HL7"),
        (b'{"appointments": []}', "JSON"),
        (b'[\n  {"id": 1}]', "JSON"),
        (b'{ "resourceType": "Bundle"}', "JSON"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"<HTML><table>", "a web page"),
        (b"<!DOCTYPE html>", "a web page"),
    ],
)
def test_files_of_another_kind_are_named_as_what_they_are(
    tmp_path: Path, before: bytes, content: bytes, name: str
) -> None:
    with pytest.raises(FileProblem) as problem:
        CsvSource(written(tmp_path, before + content))
    assert f"is {name}" in problem.value.hint
    assert "not CSV" in problem.value.hint
