"""`list`, `show` and `history`: bookings line by line, for scripts and screen readers."""

import click

from frontdesk.bookings import BookingQuery, Direction, Position, Row
from frontdesk.cli.documents import (
    adjustment_document,
    as_json,
    booking_document,
    event_document,
    print_document,
    read_document,
    with_notes,
)
from frontdesk.cli.filters import ChosenFilters, filter_options, left_out
from frontdesk.cli.lines import (
    aligned,
    booking_cells,
    booking_lines,
    event_cells,
    note_cells,
    request_line,
)
from frontdesk.cli.paging import cursor, page_options, read_cursor
from frontdesk.cli.printing import say
from frontdesk.cli.references import find_one, reference
from frontdesk.cli.wiring import Installation
from frontdesk.store.port import BookingStore

PAGE = 200
"""Rows asked for at once, however many are wanted."""

_COUNTED = 100_000
"""Bookings that are counted at most, to say how many there are of which only some are shown."""


@click.command("list")
@filter_options
@page_options
@with_notes
@as_json
@click.pass_obj
def list_(
    installation: Installation,
    filters: ChosenFilters,
    limit: int,
    after: str | None,
    notes: bool,
    as_json: bool,
) -> None:
    """List bookings in time order, one a line.

    When there are more than --limit, the last line on stderr is next: and a text. The same
    command with --after and that text lists the bookings that follow.
    """
    with installation.opened() as (store, run):
        state = run(store.state())
        now = state.now
        position, as_of = read_cursor(after) if after else (None, now)
        query = run(filters.query(store, run(installation.home(store)), as_of))
        rows, end = run(read_rows(store, query, limit, position))
        if end is not None:
            total = run(store.count(query, _COUNTED))
        if as_json:
            print_document([run(read_document(store, row.booking, now, notes=notes)) for row in rows])
        else:
            private = [note_cells(row.booking) if notes else () for row in rows]
            cells = [booking_cells(row.booking, now) for row in rows]
            for line in aligned([(*shown, *more) for shown, more in zip(cells, private, strict=True)]):
                say(line)
        if not state.bookings:
            say(f"No bookings yet; {installation.first_step(run(store.practices()))}", err=True)
        if beside := run(left_out(store, query)):
            say(beside, err=True)
    if end is not None:
        say(f"{len(rows):,} of {total} shown. For the rest add --after and the text behind next:", err=True)
        say(f"next: {cursor(end, query.as_of)}", err=True)


@click.command()
@reference
@with_notes
@as_json
@click.pass_obj
def show(installation: Installation, reference: str, notes: bool, as_json: bool) -> None:
    """Show one booking, whether the patient came, and what followed.

    REF is its reference; where several practices use the same one it is PRACTICE/REF.
    """
    with installation.opened() as (store, run):
        booking = run(find_one(store, reference))
        now = run(store.state()).now
        if as_json:
            followed, requests = run(store.deliveries(booking.id)), run(store.adjustments(booking.id))
            document = booking_document(booking, followed, now, notes=notes)
            print_document({**document, "adjustments": [adjustment_document(one) for one in requests]})
        else:
            related, followed = run(store.related(booking.id)), run(store.deliveries(booking.id))
            home = run(installation.home(store))
            for line in booking_lines(booking, related, followed, now, home, notes=notes):
                say(line)
            for request in run(store.adjustments(booking.id)):
                say(request_line(request))


@click.command()
@reference
@as_json
@click.pass_obj
def history(installation: Installation, reference: str, as_json: bool) -> None:
    """Show what was done to a booking, newest first."""
    with installation.opened() as (store, run):
        booking = run(find_one(store, reference))
        events, home = run(store.history(booking.id)), run(installation.home(store))
    if as_json:
        print_document([event_document(event, booking) for event in events])
    else:
        for line in aligned([event_cells(event, booking, home) for event in events]):
            say(line)


async def read_rows(
    store: BookingStore, query: BookingQuery, limit: int, position: Position | None
) -> tuple[list[Row], Position | None]:
    """Return up to `limit` rows, and where the next list begins if there is more."""
    rows: list[Row] = []
    while True:
        page = await store.page(query, min(PAGE, limit - len(rows)), position, Direction.FORWARD)
        rows += page.rows
        if page.rows:
            last = page.rows[-1].booking
            position = Position(last.starts_at, last.id)
        if page.searched_until is not None:
            position = page.searched_until
        elif not page.more:
            return rows, None
        if len(rows) >= limit:
            return rows, position
