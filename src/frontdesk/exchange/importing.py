"""One import: the rows of a file on their way into the store, and what became of them."""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from frontdesk.bookings import IncomingBooking, Loaded, LoadOutcome, Operator
from frontdesk.exchange.incoming import RowReader
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


class Import:
    """A run over one file. `outcomes` counts lines, and is right at any moment, also after a stop.

    `nameless` counts lines that went in with neither ref nor pms_ref: the store cannot know
    them again. `on_in` gets the bookings that went in, or were in already. `on_bad` gets bad lines, those of a batch in the file's order; `on_progress`
    is called now and then. Two lines for the same booking contradict each other, so the second is bad.
    """

    def __init__(
        self,
        source: CsvSource,
        reader: RowReader,
        on_bad: Callable[[BadLine], None],
        on_progress: Callable[[], None],
        on_in: Callable[[IncomingBooking], None] = lambda _: None,
    ) -> None:
        self.outcomes: Counter[LoadOutcome] = Counter()
        self.nameless = 0
        self._source = source
        self._reader = reader
        self._on_bad = on_bad
        self._on_progress = on_progress
        self._on_in = on_in
        self._cells: dict[int, list[str]] = {}
        self._bookings_read: dict[int, IncomingBooking] = {}
        self._bad: list[BadLine] = []

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
            try:
                booking = self._reader.read(record.line, record.cells)
                seen.take(booking)
            except BadCell as bad:
                self._refuse(BadLine(record.line, bad.field, bad.problem, record.cells))
                continue
            self._cells[record.line] = record.cells
            self._bookings_read[record.line] = booking
            yield booking

    def _loaded(self, loaded: Sequence[Loaded]) -> None:
        for one in loaded:
            if one.outcome is LoadOutcome.BAD:
                self._bad.append(BadLine(one.line, one.field, one.problem, self._cells[one.line]))
            else:
                self.outcomes[one.outcome] += 1
                booking = self._bookings_read[one.line]
                self.nameless += not booking.ref and not booking.pms_ref
                self._on_in(booking)
        self._cells.clear()
        self._bookings_read.clear()
        self._tell()

    def _refuse(self, bad: BadLine) -> None:
        self._bad.append(bad)
        # A file of nothing but bad lines never fills a batch, where the rest are told.
        if len(self._bad) >= _WAITING:
            self._tell()

    def _tell(self) -> None:
        self._bad.sort(key=lambda bad: bad.line)
        for bad in self._bad:
            self.outcomes[LoadOutcome.BAD] += 1
            self._on_bad(bad)
        self._bad.clear()
        self._on_progress()


def bad_line_row(bad: BadLine, header: Sequence[str]) -> list[str]:
    """Return a bad line as a row of an errors file; `header` is that of the file it came from."""
    cells = bad.cells
    if tuple(header[: len(ERROR_COLUMNS)]) == ERROR_COLUMNS:
        cells = cells[len(ERROR_COLUMNS) :]
    # The reason is the only text that did not come out of the file's own encoding.
    return [str(bad.line), bad.field, bad.problem.encode("ascii", "replace").decode(), *cells]


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
                raise BadCell(field, f"names the same booking as line {found[0]:,}")
            taken.append(name)

    def close(self) -> None:
        self._scratch.close()
