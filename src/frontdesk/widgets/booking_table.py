"""The table of bookings: one page of rows, one Strip a line, no row it does not show."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from frontdesk import times
from frontdesk.bookings import Booking, Followup, Row, Status
from frontdesk.listing import View
from frontdesk.widgets.line import BOLD, PLAIN, REVERSED
from frontdesk.words.fitting import fitted

FOLLOWUP_SYMBOLS = {Followup.NOTHING_OPEN: " ", Followup.UNDER_WAY: "~", Followup.NEEDS_PERSON: "!"}
SYMBOLS = {Status.UPCOMING: "o", Status.COMPLETED: "-", Status.CANCELLED: "x"}
STATUS_STYLES = {
    Status.UPCOMING: PLAIN,
    Status.COMPLETED: PLAIN,
    # Not red: no colour of a palette is readable on every background that palettes come with.
    Status.CANCELLED: BOLD,
}
REFERENCE_FROM = 120
"""From this width on there is room for the reference."""
AT_FROM = 64
"""From this width on there is room for the practice."""

STATUS_START, STATUS_WIDTH = 2, 11


@dataclass(frozen=True, slots=True)
class Column:
    """A column from cell `start` (0 is the first) over `width` cells; the last one takes the rest."""

    title: str
    start: int
    width: int
    cell: Callable[[Booking, datetime], str]


def _when(booking: Booking, now: datetime) -> str:
    return times.when(booking.starts_at, booking.practice.zone, now)


WHEN = Column("When", 15, 16, _when)
AT = Column("At", 32, 3, lambda booking, _: booking.practice.short)
PATIENT = Column("Patient", 36, 21, lambda booking, _: booking.patient.name)
PATIENT_WITHOUT_AT = Column("Patient", 32, 25, lambda booking, _: booking.patient.name)
BORN = Column("Born", 58, 9, lambda booking, _: times.birth(booking.patient.birth_date))
PRACTITIONER = Column("Practitioner", 68, 12, lambda booking, _: booking.practitioner.name)
TYPE = Column("Type", 81, 16, lambda booking, _: booking.appointment_type)
MOBILE = Column("Mobile", 98, 12, lambda booking, _: booking.patient.mobile)
REFERENCE = Column("Reference", 111, 9, lambda booking, _: booking.ref)


@cache
def columns(width: int, several_practices: bool) -> tuple[Column, ...]:
    """Return the columns that fit into `width` cells, 60 or more: who and when are always among them."""
    if width < PRACTITIONER.start + PRACTITIONER.width:
        return _narrow_columns(width, several_practices)
    shown = [WHEN, AT, PATIENT] if several_practices else [WHEN, PATIENT_WITHOUT_AT]
    shown += [BORN, PRACTITIONER]
    shown += [column for column in (TYPE, MOBILE) if width >= column.start + column.width]
    if width >= REFERENCE_FROM:
        shown.append(REFERENCE)
    last = shown[-1]
    shown[-1] = Column(last.title, last.start, width - last.start, last.cell)
    return tuple(shown)


def _narrow_columns(width: int, several_practices: bool) -> tuple[Column, ...]:
    """Without the practitioner, then without the practice; the birth date stands at the end of the row."""
    has_at = several_practices and width >= AT_FROM
    name = PATIENT if has_at else PATIENT_WITHOUT_AT
    born = replace(BORN, start=width - BORN.width)
    patient = replace(name, width=born.start - 1 - name.start)
    return (WHEN, AT, patient, born) if has_at else (WHEN, patient, born)


class BookingTable(Widget, can_focus=True):
    """The header line and one page of bookings; the screen decides what is in it.

    In the list letters are commands: a letter bound to nothing posts `DeadKey`.
    """

    DEFAULT_CSS = """
    BookingTable { height: 1fr; width: 1fr; }
    """

    class Resized(Message):
        """The table has room for another number of rows now."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    class DeadKey(Message):
        """A letter was pressed that does nothing here."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._view = View()
        self._as_of: datetime | None = None
        self._several_practices = True
        self._notice: tuple[str, ...] = ()

    @property
    def room(self) -> int:
        """How many bookings fit under the header."""
        return max(1, self.size.height - 1)

    def line_of_cursor(self) -> int:
        """The screen line, counted from the table's top, where the cursor row is."""
        return self._view.cursor + 1

    def show(
        self, view: View, as_of: datetime, *, several_practices: bool, notice: tuple[str, ...] = ()
    ) -> None:
        """Show a page; `notice` takes the place of rows. Only lines that differ are painted."""
        old, old_frame = self._view, (self._as_of, self._several_practices, self._notice)
        self._view, self._as_of = view, as_of
        self._several_practices, self._notice = several_practices, notice
        if old_frame != (as_of, several_practices, notice) or len(old.rows) != len(view.rows):
            self.refresh()
            return
        changed = {y for y, (one, other) in enumerate(zip(old.rows, view.rows, strict=True)) if one != other}
        if old.cursor != view.cursor:
            changed |= {old.cursor, view.cursor}
        width = self.size.width
        if changed:
            self.refresh(*(Region(0, y + 1, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        shown = columns(width, self._several_practices)
        if y == 0:
            if self._notice:
                return Strip.blank(width)
            return Strip([Segment(self._header(shown, width), BOLD)], width)
        if self._notice:
            text = self._notice[y - 2] if 0 <= y - 2 < len(self._notice) else ""
            return Strip([Segment(fitted(text, width), PLAIN)], width)
        index = y - 1
        if index >= len(self._view.rows) or self._as_of is None:
            return Strip.blank(width)
        return self._row(self._view.rows[index], index == self._view.cursor, shown, width, self._as_of)

    @staticmethod
    def _header(shown: tuple[Column, ...], width: int) -> str:
        text = "    Status"
        for column in shown:
            text = fitted(text, column.start) + fitted(column.title, column.width)
        return fitted(text, width)

    @staticmethod
    def _row(row: Row, marked: bool, shown: tuple[Column, ...], width: int, as_of: datetime) -> Strip:
        booking = row.booking
        status = booking.status(as_of)
        state = fitted(f"{SYMBOLS[status]} {status}", STATUS_WIDTH) + FOLLOWUP_SYMBOLS[row.followup]
        rest, at = "", STATUS_START + STATUS_WIDTH + 1
        for column in shown:
            rest += " " * (column.start - at) + fitted(column.cell(booking, as_of), column.width)
            at = column.start + column.width
        if marked:
            return Strip([Segment(fitted(f"> {state}{rest}", width), REVERSED)], width)
        return Strip(
            [
                Segment("  ", PLAIN),
                Segment(state, STATUS_STYLES[status]),
                Segment(fitted(rest, width - STATUS_START - STATUS_WIDTH - 1), PLAIN),
            ],
            width,
        )

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized(self.room))

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character and event.key not in self.screen.active_bindings:
            event.stop()
            self.post_message(self.DeadKey(event.character))
