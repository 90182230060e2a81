"""Where in a row each field's text is: the file's header and the map, brought together."""

import re
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path

from frontdesk.complaints import nearest
from frontdesk.exchange import values
from frontdesk.exchange.columns import COLUMNS, NOTE_COLUMNS, unguard
from frontdesk.exchange.mapping import (
    PLACEHOLDER,
    EndSource,
    InstantSource,
    MapFile,
    MapProblem,
    Marks,
    Source,
)
from frontdesk.exchange.sources import FileProblem
from frontdesk.text import clean

ERROR_COLUMNS = ("line", "field", "reason")
"""What an errors file puts before a bad line. Such a file can be mended and imported as it is."""

_is_plain = re.compile(r"(?:[!-&(-~][!-~]*(?: [!-~]+)*)?").fullmatch
"""Printable ASCII with single spaces, and no apostrophe in front that could be a guard."""

_REQUIRED = ("patient_name", "practitioner", "starts_at")

Cells = list[str]
Cell = Callable[[Cells], str]


class BadCell(Exception):
    """A cell that keeps its line out; `problem` is the rest of a sentence about `field`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field = field
        self.problem = problem


class Layout:
    """The origin of every field in files with one header.

    Asking for a column uses it up; `check` refuses what was left over. Raises FileProblem
    when the file itself is wrong, MapProblem when the map does not fit it.
    """

    def __init__(self, file: Path, header: tuple[str, ...], mapping: MapFile, map_file: Path | None) -> None:
        self._file = file
        self._map_file = map_file
        self._names = header
        self._places: dict[str, int] = {}
        self._twice: set[str] = set()
        for place, name in enumerate(header):
            if self._places.setdefault(name.casefold(), place) != place:
                self._twice.add(name.casefold())
        self._used: set[str] = set()
        self._ignored = {clean(name).casefold() for name in mapping.file.ignore}
        self._ignored.update(NOTE_COLUMNS)
        if header[: len(ERROR_COLUMNS)] == ERROR_COLUMNS:
            self._ignored.update(ERROR_COLUMNS)
        for name in mapping.file.ignore:
            if name != "*":
                self._check_name("[file] ignore", name)
        self._whole = {self._place("[file] whole_numbers", name) for name in mapping.file.whole_numbers}
        self._sources = {name: self._source(getattr(mapping.columns, name), name) for name in COLUMNS}

    def source(self, field: str) -> Source | None:
        """Return what the map, else the header, says about a field; None if nothing does."""
        return self._sources[field]

    def check(self) -> None:
        """Refuse a file without a column that bookings need, or with one that nothing uses.

        A misspelt name would lose data without a word.
        """
        for field in _REQUIRED:
            if self._sources[field] is None:
                raise FileProblem(f"{self._file} has no column {field}, {self._hint(field, self._names)}")
        for name in self._names:
            if name.casefold() not in self._used | self._ignored and "*" not in self._ignored:
                self._refuse_unused(name)

    def text(self, field: str) -> Cell:
        """Return what reads a field's text; a field from nowhere is always empty."""
        source = self._sources[field]
        if source is None:
            return _nothing
        cell = self._translated(self._origin(field, source), source)
        if default := clean(source.default):
            return lambda cells: cell(cells) or default
        return cell

    def marked(self, table: str, said: Marks | tuple[Marks, ...]) -> Callable[[Cells], bool]:
        """Return what tells whether one of the columns of a table of the map has one of its values."""
        marks = [
            (self.column(table, one.column, f"[{table}]"), {clean(word).casefold() for word in one.values})
            for one in ((said,) if isinstance(said, Marks) else said)
        ]
        return lambda cells: any(cell(cells).casefold() in words for cell, words in marks)

    def column(self, field: str, name: str, where: str = "") -> Cell:
        """Return what reads one of the file's columns; "" is no column. `where` is its place in the map."""
        if not name:
            return _nothing
        place = self._place(where or f"[columns] {field}", name)
        self._used.add(self._names[place].casefold())
        if place in self._whole:
            return lambda cells: meaning(field, values.whole_number, cells[place])
        return itemgetter(place)

    def _source(self, said: str | Source | None, field: str) -> Source | None:
        """A plain text in the map names a column; without any, the field's own name does."""
        if said is None and field in self._places and field not in self._ignored:
            said = field
        return EndSource(column=said) if isinstance(said, str) else said

    def _origin(self, field: str, source: Source) -> Cell:
        if not source.template:
            return self.column(field, source.column)
        pieces: list[str | Cell] = []
        at = 0
        for hole in PLACEHOLDER.finditer(source.template):
            pieces.append(source.template[at : hole.start()])
            pieces.append(self.column(field, hole[1]) if hole[1] else hole[0][0])
            at = hole.end()
        pieces.append(source.template[at:])
        holes = [piece for piece in pieces if callable(piece)]

        def fill(cells: Cells) -> str:
            # "Patient " alone would name everybody whose number is missing.
            if not any(hole(cells) for hole in holes):
                return ""
            return clean("".join(piece(cells) if callable(piece) else piece for piece in pieces))

        return fill

    def _translated(self, origin: Cell, source: Source) -> Cell:
        if not source.values:
            return origin
        table = {clean(theirs).casefold(): clean(ours) for theirs, ours in source.values.items()}
        otherwise = None if source.otherwise is None else clean(source.otherwise)

        def translate(cells: Cells) -> str:
            value = origin(cells)
            return table.get(value.casefold(), value if otherwise is None or not value else otherwise)

        return translate

    def _place(self, where: str, name: str) -> int:
        self._check_name(where, name)
        folded = clean(name).casefold()
        if folded in self._twice:
            raise FileProblem(f"{self._file} has the column {name} twice")
        return self._places[folded]

    def _check_name(self, where: str, name: str) -> None:
        if clean(name).casefold() not in self._places:
            hint = self._hint(name, self._names)
            raise MapProblem(f"{self._map_file}: {where}: {self._file} has no column {name}, {hint}")

    def _refuse_unused(self, name: str) -> None:
        if not name:
            raise FileProblem(f"{self._file} has a column without a name before its last one")
        if self._map_file is not None:
            raise MapProblem(
                f"{self._map_file} does not use the column {name[:64]} of {self._file}: "
                "give it a place in [columns], or list it in [file] ignore"
            )
        hint = self._hint(name, COLUMNS)
        raise FileProblem(f"{self._file} has a column that is not known here, {name[:64]}: {hint}")

    def _hint(self, name: str, known: tuple[str, ...]) -> str:
        alone = self._names[0] if len(self._names) == 1 else ""
        if sign := next((sign for sign in ";|" if sign in alone), ""):
            return f"its columns are separated by {sign}: set delimiter in a map"
        return nearest(name, [one for one in known if one])


def needed_columns(mapping: MapFile) -> frozenset[str]:
    """Return the columns, in lower case, by which the heading of a file is known: all that the map names."""
    names: set[str] = set()
    for field in COLUMNS:
        said = getattr(mapping.columns, field)
        if said is None:
            names.update({field} & set(_REQUIRED))
        elif isinstance(said, str):
            names.add(said)
        else:
            names.add(said.column)
            names.update(hole[1] for hole in PLACEHOLDER.finditer(said.template) if hole[1])
            names.add(said.time_column if isinstance(said, InstantSource) else "")
            names.add(said.minutes_column if isinstance(said, EndSource) else "")
    return frozenset(clean(name).casefold() for name in names if name)


def cleaned(cells: Cells) -> Cells:
    """Return a row's cells without guards, as clean text: what a Cell reads from."""
    # Most cells are plain already, and a million rows have eighteen million of them.
    return [cell if _is_plain(cell) else clean(unguard(cell)) for cell in cells]


def meaning(field: str, read: Callable[..., values.Meaning], *given: object) -> values.Meaning:
    """Return what `read` makes of a cell of `field`; its ValueError becomes a BadCell."""
    try:
        return read(*given)
    except ValueError as problem:
        raise BadCell(field, str(problem)) from None


def _nothing(_: Cells) -> str:
    return ""
