"""`import` and `export`: bookings as CSV files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from frontdesk.arrivals import LoadOutcome
from frontdesk.bookings import Reason
from frontdesk.cli.documents import with_notes
from frontdesk.cli.filters import ChosenFilters, filter_options, left_out, practice_id_of
from frontdesk.cli.printing import progress_bar, say
from frontdesk.cli.wiring import Installation
from frontdesk.errors import FrontdeskError, Refused
from frontdesk.exchange.exporting import export
from frontdesk.exchange.importing import (
    BadLine,
    Import,
    Report,
    UnreadCells,
    errors_row,
    is_errors_file,
    write_errors_header,
)
from frontdesk.exchange.incoming import RowReader
from frontdesk.exchange.layout import needed_columns
from frontdesk.exchange.loading import ALONE
from frontdesk.exchange.mapping import NO_MAP, read_map
from frontdesk.exchange.practice_column import Practices
from frontdesk.exchange.sources import CsvSource, FileProblem
from frontdesk.exchange.targets import Writer, csv_target
from frontdesk.gaps import Gaps

_SHOWN = 10
_COUNTED = 100_000

quiet_option = click.option("--quiet", is_flag=True, help="No progress bar.")
_file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.command("import")
@_file_argument
@click.option(
    "--practice", "practice", default="", metavar="ID", help="The practice of lines that name none."
)
@click.option(
    "--map",
    "map_file",
    type=click.Path(path_type=Path),
    metavar="MAP.toml",
    help="The map of a file from another system; see docs/import.md.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--errors",
    "errors_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the lines with something wrong to FILE, with the reasons.",
)
@quiet_option
@click.pass_obj
def import_command(
    installation: Installation,
    file: Path,
    practice: str,
    map_file: Path | None,
    dry_run: bool,
    errors_file: Path | None,
    quiet: bool,
) -> None:
    """Import bookings from a CSV FILE, plain, .gz or .xz.

    A bad line is reported, and all other lines go in. A cell that cannot be read and is not needed is
    reported and left out of its booking. Importing a file again changes nothing, and a
    booking that was cancelled here stays cancelled.
    """
    mapping = read_map(map_file) if map_file else NO_MAP
    with (
        CsvSource(
            file,
            encoding=mapping.file.encoding,
            delimiter=mapping.file.delimiter,
            heading=mapping.file.heading,
            needed=needed_columns(mapping),
        ) as source,
        installation.opened_database() as (store, run),
    ):
        practices = run(store.practices())
        if not practices:
            raise Refused(Reason("no-practices", installation.first_step(practices)))
        state = run(store.state())
        reader = RowReader(
            file,
            source.header,
            Practices(practices, practice_id_of(practice, practices) if practice else ""),
            state.now,
            mapping=mapping,
            map_file=map_file,
        )
        with (
            _errors_target(errors_file, source) as write_bad,
            progress_bar(f"Importing {file.name}", source.size or None, quiet=quiet) as show,
        ):
            told = _Told()

            def on_report(report: Report) -> None:
                told.take(report)
                # A line without a reference that went in would be a second booking when it is imported again.
                if isinstance(report, BadLine) or report.is_known:
                    told.to_mend += 1
                    if write_bad is not None:
                        write_bad(errors_row(report, source.header))

            gaps = Gaps("bookings to come in this file")
            known = {one.id: one for one in practices}
            work = Import(
                source,
                reader,
                on_report,
                lambda: show(source.position, f"{work.outcomes.total():,} lines"),
                lambda booking: gaps.add(booking, known[booking.practice_id], state.now),
            )
            trouble: FrontdeskError | KeyboardInterrupt | None = None
            try:
                pace = None if state.bookings else ALONE
                run(work.run(store.registry, installation.config.operator, dry_run=dry_run, pace=pace))
            except (FrontdeskError, KeyboardInterrupt) as error:
                trouble = error
    for notice in installation.notices:
        say(notice, err=True)
    if source.heading > 1 and mapping.file.heading is None:
        say(f"The heading is on line {source.heading}; the lines above it were left out.")
    _report(work, told, errors_file, dry_run=dry_run)
    for sentence in gaps.sentences():
        say(sentence)
    if trouble is not None:
        if not dry_run:
            say(
                "Stopped before the end. Type the same command to go on: what was imported stays as it is.",
                err=True,
            )
        raise trouble
    if work.outcomes[LoadOutcome.BAD]:
        raise click.exceptions.Exit(1)


class _Told:
    """The first lines of each kind that something is wrong with, and how many there are."""

    def __init__(self) -> None:
        self.bad: list[Report] = []
        self.unread: list[Report] = []
        self.lines_with_unread = self.to_mend = 0

    def take(self, report: Report) -> None:
        shown = self.bad
        if isinstance(report, UnreadCells):
            shown = self.unread
            self.lines_with_unread += 1
        if len(shown) < _SHOWN:
            shown.append(report)


def _report(work: Import, told: _Told, errors_file: Path | None, *, dry_run: bool) -> None:
    bad_lines = work.outcomes[LoadOutcome.BAD]
    for shown, number in ((told.bad, bad_lines), (told.unread, told.lines_with_unread)):
        for report in shown:
            say(str(report), err=True)
        if number > len(shown):
            say(f"and {number - len(shown):,} more", err=True)
    counts = ", ".join(
        f"{work.outcomes[outcome]:,} {words}"
        for outcome, words in (
            (LoadOutcome.NEW, "new"),
            (LoadOutcome.CHANGED, "changed"),
            (LoadOutcome.UNCHANGED, "unchanged"),
            (LoadOutcome.KEPT, "kept as cancelled here"),
            (LoadOutcome.BAD, "bad"),
        )
    )
    say(f"{work.outcomes.total():,} read: {counts}")
    if not work.outcomes and not work.skipped:
        say("The file has a heading and no bookings below it.")
    for sentence in _remarks(work):
        say(sentence)
    if dry_run:
        say("This was a dry run: nothing was saved.")
    if told.to_mend and errors_file:
        say(
            f"The lines with something wrong are in {errors_file}: mend them there, then import that file the same way."
        )
    elif told.to_mend:
        say("With --errors FILE the lines with something wrong are written to a file, to mend and import.")
    if work.nameless:
        say(
            f"{work.nameless:,} of them have neither ref nor pms_ref: importing them again would add them again."
        )


def _remarks(work: Import) -> Iterator[str]:
    """Yield what else an operator should know of lines that were read."""
    if work.skipped:
        yield f"{_number(work.skipped, 'line')} left out as no booking, as the map says."
    if work.unread:
        fields = ", ".join(f"{number:,} {field}" for field, number in work.unread.most_common())
        without = (
            "its line went in without it" if work.unread.total() == 1 else "their lines went in without them"
        )
        yield f"{_number(work.unread.total(), 'cell')} not read, and {without}: {fields}"
    if work.guessed:
        yield (
            f"{_number(work.guessed, 'birth date')} guessed: a year of two digits that fits both centuries "
            "was taken for the later one."
        )


def _number(number: int, what: str) -> str:
    return f"1 {what} was" if number == 1 else f"{number:,} {what}s were"


@contextmanager
def _errors_target(path: Path | None, source: CsvSource) -> Iterator[Writer | None]:
    if path is None:
        yield None
        return
    if path.exists() and path.samefile(source.path):
        raise FileProblem(f"{path} is the file to import: --errors needs another one")
    if path.exists() and not is_errors_file(path):
        raise FileProblem(f"{path} exists already and is not from --errors: choose another name")
    with csv_target(path, replace=True, encoding=source.encoding, delimiter=source.delimiter) as write:
        write_errors_header(write, source.header)
        yield write


@click.command("export")
@_file_argument
@filter_options
@with_notes
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@quiet_option
@click.pass_obj
def export_command(
    installation: Installation, file: Path, filters: ChosenFilters, notes: bool, force: bool, quiet: bool
) -> None:
    """Export bookings to a CSV FILE; .gz and .xz are compressed.

    The file can be imported again. Cells that a spreadsheet would run as a formula get an
    apostrophe in front, which an import takes away again. An import leaves out what --notes
    adds: notes are written at a desk only.
    """
    with installation.opened() as (store, run):
        as_of = run(store.state()).now
        query = run(filters.query(store, run(installation.home(store)), as_of))
        count = run(store.count(query, _COUNTED))
        with (
            csv_target(file, replace=force) as write,
            progress_bar(f"Writing {file.name}", count.number if count.exact else None, quiet=quiet) as show,
        ):
            number = run(
                export(store, query, write, lambda done: show(done, f"{done:,} bookings"), notes=notes)
            )
        beside = run(left_out(store, query))
    if beside:
        say(beside, err=True)
    say(f"{number:,} {'booking' if number == 1 else 'bookings'} written to {file}")
