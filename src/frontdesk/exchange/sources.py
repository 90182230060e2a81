"""CSV files from anywhere, read line by line: memory stays bounded whatever is in them.

One bad line costs that line, never the ones after it: when a record does not hold
together, only its first physical line is given up and reading goes on with the next.
"""

import codecs
import csv
import gzip
import io
import lzma
import re
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from frontdesk.errors import FrontdeskError
from frontdesk.text import clean

LINE_LIMIT = 100_000
"""Characters of one physical line; below the csv module's own limit for a cell."""
LINES_PER_RECORD = 100

_NOT_UTF8 = re.compile("[\ud800-\udfff]")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_HL7 = "is HL7 (messages between clinical systems), not CSV: have the appointments exported as CSV"
_NO_JSON = "is JSON, not CSV: have the appointments exported as CSV"
_NO_HTML = "is a web page, whatever its name says, not CSV: save it as CSV UTF-8 first"
_BLANKS_BEFORE = bytes(range(0x21)) + codecs.BOM_UTF8
"""What may stand before the text that tells what a file is: white space, controls, a byte order mark."""
_BLANKS_INSIDE = re.compile(rb"(?<=^[\[{])\s+")
_NOT_CSV = (
    (b"PK\x03\x04", "is an Excel workbook or a ZIP archive, not CSV: save it as CSV UTF-8 first"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook, not CSV: save it as CSV UTF-8 first"),
    (b"%PDF", "is a PDF, not CSV"),
    (b"SQLite format 3\x00", "is an SQLite database, not CSV"),
    (b"BEGIN:VCALENDAR", "is an iCalendar file (.ics), not CSV: have the appointments exported as CSV"),
    (b"MSH|", _NO_HL7),
    (b"FHS|", _NO_HL7),
    (b"BHS|", _NO_HL7),
    (b'{"', _NO_JSON),
    (b"[{", _NO_JSON),
    (b"<?xml", "is XML, not CSV: have the appointments exported as CSV"),
    (b"<html", _NO_HTML),
    (b"<table", _NO_HTML),
    (b"<!doctype html", _NO_HTML),
    (b"BZh", "is compressed with bzip2: .gz and .xz are read, or unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: .gz and .xz are read, or unpack it first"),
)
_SEPARATOR = re.compile('"?sep=(.)"?', re.IGNORECASE | re.DOTALL)
"""What some spreadsheets write above the heading, and Excel reads there."""
_ERRORS_HEADING = re.compile(r"line(.)field\1reason\b")
_LINES_BEFORE_HEADING = 30
_NEVER_CLOSED = "a quote opened on this line is never closed"


class FileProblem(FrontdeskError):
    """A file that cannot be read or written as asked; the hint names it."""

    title = "The file cannot be used"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file. With a `problem` the cells are what could be made of it.

    `line` counts physical lines from 1, as an editor does.
    """

    line: int
    cells: list[str]
    problem: str = ""


class _Unreadable(Exception):
    """A physical line that cannot be part of any record."""


_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, UnicodeError)


class _Lines:
    """Physical lines for the csv module, remembered until their record is known to be good."""

    def __init__(self, text: io.TextIOBase, not_decodable: str) -> None:
        self._text = text
        self._not_decodable = not_decodable
        self._again: deque[tuple[str, str]] = deque()
        self._damage: Exception | None = None
        self._fed: list[tuple[str, str]] = []
        self._next = 1
        self.is_ended = True

    @property
    def fed(self) -> str:
        """The first line of the present record."""
        return self._fed[0][0].rstrip("\r\n") if self._fed else ""

    def peek(self, number: int) -> list[str]:
        """Return the next lines, at most `number`, which are still to be read."""
        try:
            while len(self._again) < number and (read := self._read())[0]:
                self._again.append(read)
        except _DAMAGE as error:
            self._damage = error
        return [line for line, _ in islice(self._again, number)]

    def leave_out(self, number: int) -> None:
        """Pass over lines that are no records."""
        for _ in range(number):
            line, _problem = self._again.popleft() if self._again else self._read()
            self._next += 1 if line else 0

    def begin_record(self) -> int:
        """Forget the last record's lines; return the number of the next one's first."""
        self._fed.clear()
        return self._next

    def give_up_first(self) -> None:
        """Read all but the first line of the present record once more."""
        rest = self._fed[1:]
        self._again.extendleft(reversed(rest))
        self._next -= len(rest)
        del self._fed[1:]

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line, problem = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self._next += 1
        self._fed.append((line, problem))
        if problem:
            raise _Unreadable(problem)
        if len(self._fed) > LINES_PER_RECORD:
            raise _Unreadable(_NEVER_CLOSED)
        return line

    def _read(self) -> tuple[str, str]:
        if self._damage is not None:
            raise self._damage
        line = self._text.readline(LINE_LIMIT)
        self.is_ended = line.endswith(("\n", "\r")) if line else self.is_ended
        if len(line) >= LINE_LIMIT and not line.endswith(("\n", "\r")):
            more = line
            while more and not more.endswith(("\n", "\r")):
                more = self._text.readline(LINE_LIMIT)
            return line[:200], f"is longer than {LINE_LIMIT:,} characters"
        if "\0" in line:
            return line, "contains a NUL byte: the file is damaged, or not text"
        if not line.isascii() and _NOT_UTF8.search(line):
            return line, self._not_decodable
        return line, ""


class CsvSource:
    """A CSV file open for reading, plain or compressed; a context manager.

    `header` are the cleaned names of its columns, and stand on line `heading`: the one that is
    asked for, else the first that has all of the `needed` columns (in lower case), else the
    first one. Raises FileProblem when the file as a whole is not CSV, and from `records` when
    it turns out to be damaged.
    """

    def __init__(
        self,
        path: Path,
        *,
        encoding: str = "utf-8",
        delimiter: str = ",",
        heading: int | None = None,
        needed: frozenset[str] = frozenset(),
    ) -> None:
        self.path = path
        self.encoding = encoding
        self.delimiter = delimiter
        try:
            self._raw: BinaryIO = path.open("rb")
        except OSError as error:
            raise FileProblem(f"{path} cannot be read: {_why(error)}") from None
        try:
            self.size = path.stat().st_size
            self._lines = _Lines(self._open_text(), f"is not {encoding.upper()} text: {_SAVE_AS}")
            self.heading = self._find_heading(heading, needed)
            self._reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
            self.header = self._read_header()
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> "CsvSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        """How many bytes of the file, as it lies on the disk, were read so far; 0 of a pipe."""
        return self._raw.tell() if self._raw.seekable() else 0

    @property
    def is_ended(self) -> bool:
        """Whether the last line that was read so far has an end: one that was cut off has none."""
        return self._lines.is_ended

    def records(self) -> Iterator[Record]:
        """Yield the rows after the header, blank ones left out."""
        width = len(self.header)
        while True:
            record = self._next_record()
            if record is None:
                return
            cells = record.cells
            if not record.problem and len(cells) != width:
                if len(cells) < width or any(cells[width:]):
                    self._lines.give_up_first()
                    problem = f"has {_cells(len(cells))} where the heading has {_cells(width)}"
                    yield Record(record.line, cells, problem)
                    continue
                del cells[width:]
            yield record

    def _next_record(self) -> Record | None:
        while True:
            line = self._lines.begin_record()
            try:
                cells = next(self._reader)
            except StopIteration:
                return None
            except _Unreadable as error:
                self._lines.give_up_first()
                return Record(line, [self._lines.fed], str(error))
            except csv.Error as error:
                self._lines.give_up_first()
                return Record(line, [self._lines.fed], _csv_problem(str(error)))
            except _DAMAGE:
                raise FileProblem(f"{self.path} is damaged or cut off after line {line - 1:,}") from None
            if any(cells):
                return Record(line, cells)

    def _find_heading(self, asked: int | None, needed: frozenset[str]) -> int:
        """Pass over what stands above the heading; return the number of its line."""
        lines = [line.rstrip("\r\n") for line in self._lines.peek(_LINES_BEFORE_HEADING)]
        first = lines[0] if lines else ""
        if errors := _ERRORS_HEADING.match(first):
            # A map that fits the file they came from says where the heading was there.
            self.delimiter = errors[1]
            return 1
        separator = _SEPARATOR.fullmatch(first)
        if separator:
            self.delimiter = separator[1]
        above = asked - 1 if asked else self._lines_above(lines, needed, at_least=1 if separator else 0)
        try:
            self._lines.leave_out(above)
        except _DAMAGE:
            raise FileProblem(f"{self.path} is damaged or cut off above its heading") from None
        return above + 1

    def _lines_above(self, lines: Sequence[str], needed: frozenset[str], at_least: int) -> int:
        for above, line in enumerate(lines[at_least:], at_least):
            if needed and needed <= self._names_on(line):
                return above
        return at_least

    def _names_on(self, line: str) -> set[str]:
        try:
            return {clean(name).casefold() for name in next(csv.reader([line], delimiter=self.delimiter), ())}
        except csv.Error:
            return set()

    def _read_header(self) -> tuple[str, ...]:
        record = self._next_record()
        if record is None:
            raise FileProblem(f"{self.path} is empty")
        if record.problem:
            raise FileProblem(f"{self.path}: line {record.line}, the heading, {record.problem}")
        names = [clean(name) for name in record.cells]
        while names and not names[-1]:
            del names[-1]
        return tuple(names)

    def _open_text(self) -> io.TextIOBase:
        text = unpacked(self._raw)
        try:
            head = text.peek(512)
        except (EOFError, OSError, zlib.error, lzma.LZMAError):
            raise FileProblem(f"{self.path} is damaged or cut off at its beginning") from None
        beginning = _BLANKS_INSIDE.sub(b"", head.lstrip(_BLANKS_BEFORE))
        for magic, sentence in _NOT_CSV:
            if head.startswith(magic) or beginning[: len(magic)].lower() == magic.lower():
                raise FileProblem(f"{self.path} {sentence}")
        is_utf8 = codecs.lookup(self.encoding).name == "utf-8"
        if is_utf8 and head.startswith(_BYTE_ORDER_MARKS):
            raise FileProblem(f"{self.path} is UTF-16 text: {_SAVE_AS}")
        return io.TextIOWrapper(
            text,
            encoding="utf-8-sig" if is_utf8 else self.encoding,
            errors="surrogateescape",
            newline="",
        )


_SAVE_AS = "save it as CSV UTF-8, or name its encoding in a map"


def unpacked(raw: BinaryIO) -> io.BufferedReader:
    """Return what a file holds, .gz and .xz unpacked, whatever its name is: exports are renamed by hand."""
    buffered = cast(io.BufferedReader, raw)
    head = buffered.peek(6)
    if head.startswith(b"\x1f\x8b"):
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)))
    if head.startswith(b"\xfd7zXZ\x00"):
        return io.BufferedReader(cast(io.RawIOBase, lzma.LZMAFile(raw)))
    return buffered


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number:,} cells"


def _csv_problem(said: str) -> str:
    if "end of data" in said:
        return _NEVER_CLOSED
    if "expected after" in said:
        return "has text after a closing quote: a quote inside a cell must be written twice"
    return "cannot be read as CSV"


def _why(error: OSError) -> str:
    return (error.strerror or "no reason was given").lower()
