"""One import: the rows of a file on their way into the store, and what became of them."""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from frontdesk.arrivals import IncomingBooking, Loaded, LoadOutcome
from frontdesk.bookings import Operator
from frontdesk.exchange.incoming import ReadRow, RowReader
from frontdesk.exchange.layout import ERROR_COLUMNS, BadCell
from frontdesk.exchange.loading import Pace, load
from frontdesk.exchange.sources import CsvSource
from frontdesk.exchange.targets import Writer
from frontdesk.store.port import Registry

_WAITING = 500
_ERRORS_BEGINNING = re.compile(rb"line(.)field\1reason\b")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that stayed out. `field` is empty when the line as a whole is wrong."""

    line: int
    field: str
    problem: str
    cells: Sequence[str]

    def __str__(self) -> str:
        place = f"line {self.line:,}, {self.field}" if self.field else f"line {self.line:,}"
        return f"{place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class UnreadCells:
    """A line that went in without some of its cells; `is_known` where it can be imported again, mended."""

    line: int
    cells: Sequence[str]
    unread: Sequence[tuple[str, str]]
    is_known: bool

    @property
    def field(self) -> str:
        """The fields that the line went in without."""
        return ", ".join(field for field, _ in self.unread)

    @property
    def problem(self) -> str:
        """What was wrong with each of them."""
        return "; ".join(problem for _, problem in self.unread)

    def __str__(self) -> str:
        return f"line {self.line:,} went in without {self.field}: {self.problem}"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is remembered of a line that the store was given."""

    cells: list[str]
    row: ReadRow


Report = BadLine | UnreadCells


class Import:
    """A run over one file. `outcomes` counts lines, and is right at any moment, also after a stop.

    Of the lines that went in `nameless` counts those with neither ref nor pms_ref, which the
    store cannot know again, `unread` the cells left out of them by field, and `guessed` the
    birth dates whose century was guessed; `skipped` counts lines that are no bookings.
    `on_report` gets bad lines and those with unread cells, those of a batch in the file's
    order; `on_in` gets the bookings that went in, or were in already; `on_progress` is called
    now and then. Two lines for the same booking contradict each other, so the second is bad.
    """

    def __init__(
        self,
        source: CsvSource,
        reader: RowReader,
        on_report: Callable[[Report], None],
        on_progress: Callable[[], None],
        on_in: Callable[[IncomingBooking], None] = lambda _: None,
    ) -> None:
        self.outcomes: Counter[LoadOutcome] = Counter()
        self.unread: Counter[str] = Counter()
        self.nameless = self.guessed = self.skipped = 0
        self._source = source
        self._reader = reader
        self._on_report = on_report
        self._on_progress = on_progress
        self._on_in = on_in
        self._waiting: dict[int, _Waiting] = {}
        self._reports: list[Report] = []

    async def run(
        self, registry: Registry, operator: Operator, *, dry_run: bool = False, pace: Pace | None = None
    ) -> None:
        """Load every line, or with `dry_run` only find out what would become of it.

        Raises FileProblem when the file turns out to be damaged; what came before is in.
        """
        seen = _Seen()
        try:
            await load(
                registry,
                self._bookings(seen),
                operator,
                self._source.path.name,
                self._loaded,
                dry_run=dry_run,
                pace=pace,
            )
        finally:
            self._tell()
            seen.close()

    def _bookings(self, seen: "_Seen") -> Iterator[IncomingBooking]:
        for record in self._source.records():
            if record.problem:
                self._refuse(BadLine(record.line, "", record.problem, record.cells))
                continue
            if self._reader.skips(record.cells):
                self.skipped += 1
                continue
            try:
                row = self._reader.read(record.line, record.cells)
                seen.take(row.booking)
            except BadCell as bad:
                self._refuse(BadLine(record.line, bad.field, bad.problem, record.cells))
                continue
            self._waiting[record.line] = _Waiting(record.cells, row)
            yield row.booking

    def _loaded(self, loaded: Sequence[Loaded]) -> None:
        for one in loaded:
            waiting = self._waiting[one.line]
            if one.outcome is LoadOutcome.BAD:
                self._reports.append(BadLine(one.line, one.field, one.problem, waiting.cells))
            else:
                self.outcomes[one.outcome] += 1
                if one.outcome is not LoadOutcome.KEPT:
                    self._went_in(waiting, one.unread)
        self._waiting.clear()
        self._tell()

    def _went_in(self, waiting: _Waiting, unread_by_store: Sequence[tuple[str, str]]) -> None:
        booking = waiting.row.booking
        is_known = bool(booking.ref or booking.pms_ref)
        self.nameless += not is_known
        self.guessed += waiting.row.is_century_guessed
        unread = [*((bad.field, bad.problem) for bad in waiting.row.unread), *unread_by_store]
        if unread:
            self.unread.update(field for field, _ in unread)
            self._reports.append(UnreadCells(booking.line, waiting.cells, unread, is_known))
        self._on_in(booking)

    def _refuse(self, bad: BadLine) -> None:
        self._reports.append(bad)
        # A file of nothing but bad lines never fills a batch, where the rest are told.
        if len(self._reports) >= _WAITING:
            self._tell()

    def _tell(self) -> None:
        self._reports.sort(key=lambda report: report.line)
        for report in self._reports:
            if isinstance(report, BadLine):
                self.outcomes[LoadOutcome.BAD] += 1
            self._on_report(report)
        self._reports.clear()
        self._on_progress()


def errors_row(report: Report, header: Sequence[str]) -> list[str]:
    """Return a line as a row of an errors file; `header` is that of the file it came from."""
    cells = report.cells
    if tuple(header[: len(ERROR_COLUMNS)]) == ERROR_COLUMNS:
        cells = cells[len(ERROR_COLUMNS) :]
    # The reason is the only text that did not come out of the file's own encoding.
    return [str(report.line), report.field, report.problem.encode("ascii", "replace").decode(), *cells]


def write_errors_header(write: Writer, header: Sequence[str]) -> None:
    """Begin an errors file for a file with `header`, itself an errors file perhaps."""
    own = header[len(ERROR_COLUMNS) :] if tuple(header[: len(ERROR_COLUMNS)]) == ERROR_COLUMNS else header
    write((*ERROR_COLUMNS, *own))


def is_errors_file(path: Path) -> bool:
    """Whether a file was written by `--errors` before, so that it may be replaced."""
    try:
        with path.open("rb") as file:
            return _ERRORS_BEGINNING.match(file.read(40)) is not None
    except OSError:
        return False


class _Seen:
    """Which bookings the file has named, and where: in a scratch database, so that memory is bounded.

    It holds digests only, and lies in memory until it is large.
    """

    def __init__(self) -> None:
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute("PRAGMA journal_mode = OFF")
        self._scratch.execute("CREATE TABLE seen (name BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._scratch.execute("BEGIN")

    def take(self, booking: IncomingBooking) -> None:
        """Remember a booking. Raises BadCell when the file named it before."""
        taken: list[bytes] = []
        for field, ref in (("pms_ref", booking.pms_ref), ("ref", booking.ref)):
            if not ref:
                continue
            name = blake2b(f"{field}\0{booking.practice_id}\0{ref}".encode(), digest_size=16).digest()
            put = self._scratch.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (name, booking.line))
            if not put.rowcount:
                self._scratch.executemany("DELETE FROM seen WHERE name = ?", [(other,) for other in taken])
                found = self._scratch.execute("SELECT line FROM seen WHERE name = ?", (name,)).fetchone()
                raise BadCell(field, f"is about the same booking as line {found[0]:,}")
            taken.append(name)

    def close(self) -> None:
        self._scratch.close()
