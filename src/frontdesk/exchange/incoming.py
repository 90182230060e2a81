"""Rows of a file, canonical or foreign, as bookings the store can take."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Attendance, Origin, Patient
from frontdesk.exchange import values
from frontdesk.exchange.columns import COLUMNS
from frontdesk.exchange.layout import BadCell, Cell, Cells, Layout, cleaned, meaning
from frontdesk.exchange.mapping import NO_MAP, DateSource, EndSource, InstantSource, MapFile
from frontdesk.exchange.practice_column import PracticeColumn
from frontdesk.mail_addresses import check_mail_address

_INSTANTS_KEPT = 5_000
_BIRTH_DATES_KEPT = 40_000

_NOT_SAID = values.BirthDate(None)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """What a row says. `unread` are the cells that it goes in without.

    `is_century_guessed`: the patient's year of birth has two digits and could be of either century.
    `time_text` is the start as it is written there.
    """

    booking: IncomingBooking
    unread: tuple[BadCell, ...] = ()
    is_century_guessed: bool = False
    time_text: str = ""


class RowReader:
    """Reads the rows below one header, as the map says, else by the canonical names.

    `practices` are those that a row may name. `now` stands in where a file says
    that a booking was cancelled but not when. What any source of bookings must keep to,
    such as lengths, the store checks. Raises FileProblem when the file lacks a column or
    has one that nothing uses, MapProblem when the map does not fit the file.
    """

    def __init__(
        self,
        file: Path,
        header: tuple[str, ...],
        practices: PracticeColumn,
        now: datetime,
        *,
        mapping: MapFile = NO_MAP,
        map_file: Path | None = None,
    ) -> None:
        self._practices = practices
        self._now = now
        layout = Layout(file, header, mapping, map_file)
        self._ref = _checked("ref", layout, values.reference)
        self._pms_ref = _checked("pms_ref", layout, values.reference)
        self._practice = layout.text("practice")
        self._name = layout.text("patient_name")
        self._birth_date = _BirthDates("patient_dob", layout)
        self._mobile = _checked("patient_mobile", layout, values.telephone)
        self._email = _checked("patient_email", layout, _one_email)
        self._is_new = layout.text("new_patient")
        self._pms_patient_ref = _checked("pms_patient_ref", layout, values.reference)
        self._practitioner = layout.text("practitioner")
        self._pms_practitioner_ref = _checked("pms_practitioner_ref", layout, values.reference)
        self._type = layout.text("appointment_type")
        self._starts_at = _Instants("starts_at", layout)
        self._ends_at = _Ends("ends_at", layout)
        self._fee = layout.text("fee")
        self._decimal = mapping.file.decimal
        self._created_at = _Instants("created_at", layout)
        self._cancelled_at = _Instants("cancelled_at", layout)
        self._reason = layout.text("cancellation_reason")
        self._origin = layout.text("cancelled_origin")
        self._presence = layout.text("attendance")
        self._attendance_at = _Instants("attendance_at", layout)
        self._notice = layout.text("attendance_notice")
        self._attendance_origin = layout.text("attendance_origin")
        self._is_said_cancelled = layout.marked("cancelled", mapping.cancelled)
        self._skipped = layout.marked("skip", mapping.skip) if mapping.skip else None
        self._unsaid = frozenset(field for field in COLUMNS if layout.source(field) is None)
        if mapping.cancelled:
            self._unsaid -= {"cancelled_at"}
        layout.check()
        practices.check(file, has_column=layout.source("practice") is not None)

    @property
    def unsaid(self) -> frozenset[str]:
        """The columns that the file as a whole says nothing about."""
        return self._unsaid

    def skips(self, cells: Cells) -> bool:
        """Whether the map says that a row is no booking."""
        return self._skipped is not None and self._skipped(cleaned(cells))

    def read(self, line: int, cells: Cells) -> ReadRow:
        """Return what a row as wide as the header says.

        Raises BadCell where it does not say who comes when, to whom and to which practice, or
        where its reference cannot be read: nobody could know the booking again. Any other cell
        that cannot be read is left out, and the booking says nothing about it.
        """
        cells = cleaned(cells)
        practice_id, zone = self._practices.find(self._practice(cells))
        starts_at = self._starts_at.read(cells, zone)
        if starts_at is None:
            raise BadCell("starts_at", "is empty")
        practitioner = self._practitioner(cells)
        if not practitioner:
            raise BadCell("practitioner", "is empty")
        name = self._name(cells)
        if not name:
            raise BadCell("patient_name", "is empty")
        unread: list[BadCell] = []

        def read(cell: Callable[[Cells], Value], otherwise: Value) -> Value:
            try:
                return cell(cells)
            except BadCell as bad:
                unread.append(bad)
                return otherwise

        born = read(lambda cells: self._birth_date.read(cells, self._now.date()), _NOT_SAID)
        cancelled_at, reason = self._cancellation(cells, zone, unread)
        booking = IncomingBooking(
            line=line,
            practice_id=practice_id,
            patient=Patient(
                name=name,
                birth_date=born.day,
                mobile=read(self._mobile, ""),
                email=read(self._email, ""),
                is_new=read(self._read_is_new, None),
                pms_ref=read(self._pms_patient_ref, ""),
            ),
            practitioner_name=practitioner,
            appointment_type=read(self._type, ""),
            starts_at=starts_at,
            ends_at=read(lambda cells: self._ends_at.after(starts_at, cells, zone), None),
            ref=self._ref(cells),
            pms_ref=self._pms_ref(cells),
            practitioner_pms_ref=read(self._pms_practitioner_ref, ""),
            fee=read(self._read_fee, None),
            created_at=read(lambda cells: self._created_at.read(cells, zone), None),
            cancelled_at=cancelled_at,
            cancellation_reason=reason,
            cancelled_origin=read(partial(_origin_in, self._origin, "cancelled_origin"), Origin.FILE),
            attendance=self._attendance(cells, zone, read),
            unsaid=self._unsaid.union(bad.field for bad in unread) if unread else self._unsaid,
        )
        return ReadRow(booking, tuple(unread), born.is_century_guessed, self._starts_at.text(cells))

    def _read_is_new(self, cells: Cells) -> bool | None:
        said = self._is_new(cells)
        return meaning("new_patient", values.yes_or_no, said) if said else None

    def _attendance(self, cells: Cells, zone: ZoneInfo, read: "_Read") -> Attendance | None:
        said = self._presence(cells)
        if not said:
            return None
        notice = self._notice(cells)
        return Attendance(
            values.presence(said),
            read(partial(_origin_in, self._attendance_origin, "attendance_origin"), Origin.FILE),
            at=read(lambda cells: self._attendance_at.read(cells, zone), None),
            notice=read(lambda _: meaning("attendance_notice", values.yes_or_no, notice), False)
            if notice
            else False,
        )

    def _read_fee(self, cells: Cells) -> int | None:
        said = self._fee(cells)
        return meaning("fee", values.cents, said, self._decimal) if said else None

    def _cancellation(
        self, cells: Cells, zone: ZoneInfo, unread: list[BadCell]
    ) -> tuple[datetime | None, str]:
        at, reason = None, self._reason(cells)
        try:
            at = self._cancelled_at.read(cells, zone)
        except BadCell as bad:
            unread.append(bad)
        if at is None and self._is_said_cancelled(cells):
            at = self._now
        if reason and at is None:
            problem = "is given, but nothing says that the booking was cancelled"
            unread.append(BadCell("cancellation_reason", problem))
            reason = ""
        return at, reason


class _Read(Protocol):
    """Reads a cell; of one that cannot be read it takes note, and returns `otherwise`."""

    def __call__(self, cell: Callable[[Cells], Value], otherwise: Value) -> Value: ...


def _origin_in(cell: Cell, field: str, cells: Cells) -> Origin:
    said = cell(cells)
    return meaning(field, values.origin, said) if said else Origin.FILE


class _BirthDates:
    """Reads a column of birth dates, remembering what it has read: a century has 36,525 days."""

    def __init__(self, field: str, layout: Layout) -> None:
        source = layout.source(field)
        self._field = field
        self._value = layout.text(field)
        self._formats = source.formats if isinstance(source, DateSource) else ()
        self._parse = lru_cache(_BIRTH_DATES_KEPT)(values.birth_date)

    def read(self, cells: Cells, today: date) -> values.BirthDate:
        """Return what a cell says of the day; an empty one says none."""
        value = self._value(cells)
        if not value:
            return _NOT_SAID
        # A day of grace: somewhere it is tomorrow already.
        return meaning(self._field, self._parse, value, self._formats, today + timedelta(days=1))


class _Instants:
    """Reads a column of dates and times, remembering what it has read: most come again."""

    def __init__(self, field: str, layout: Layout) -> None:
        source = layout.source(field)
        said = source if isinstance(source, InstantSource) else None
        self._field = field
        self._value = layout.text(field)
        self._clock = layout.column(field, said.time_column if said else "")
        self._formats = said.formats if said else ()
        self._clock_formats = said.time_formats if said else ()
        self._zone = ZoneInfo(said.zone) if said and said.zone else None
        self._fixed_clock = time.fromisoformat(said.time) if said and said.time else None
        self._parse = lru_cache(_INSTANTS_KEPT)(self._parse_once)

    def text(self, cells: Cells) -> str:
        """Return what is written there, the time of day too where it has a column of its own."""
        return " ".join(filter(None, (self._value(cells), self._clock(cells))))

    def read(self, cells: Cells, zone: ZoneInfo) -> datetime | None:
        """Return the instant in UTC, or None for an empty cell."""
        value = self._value(cells)
        return meaning(self._field, self._parse, value, self._clock(cells), zone) if value else None

    def _parse_once(self, value: str, clock: str, zone: ZoneInfo) -> datetime:
        found, has_time = values.day_and_time(value, self._formats)
        if clock:
            if found.time() != time():
                raise ValueError(f"{value} has a time of day, and so has the column of times")
            # Midnight, with any zone at all, is how many programs write a day.
            found = datetime.combine(found.date(), values.time_of_day(clock, self._clock_formats))
        elif not has_time:
            if self._fixed_clock is None:
                raise ValueError(f"{value} has no time of day: a map can give one")
            found = datetime.combine(found.date(), self._fixed_clock)
        return values.instant(found, self._zone or zone)


class _Ends(_Instants):
    """Reads when bookings end: a time, a time on the day of the start, or some minutes later."""

    def __init__(self, field: str, layout: Layout) -> None:
        super().__init__(field, layout)
        source = layout.source(field)
        said = source if isinstance(source, EndSource) else None
        self._minutes_cell = layout.column(field, said.minutes_column if said else "")
        self._minutes = said.minutes if said else None

    def after(self, start: datetime, cells: Cells, zone: ZoneInfo) -> datetime | None:
        """Return the end in UTC, or None where nothing says it."""
        end = self.read(cells, zone)
        if end is not None:
            return end
        if clock := self._clock(cells):
            return meaning(self._field, self._on_the_day_of, start, clock, self._zone or zone)
        said = self._minutes_cell(cells)
        minutes = meaning(self._field, values.minutes, said) if said else self._minutes
        return start + timedelta(minutes=minutes) if minutes else None

    def _on_the_day_of(self, start: datetime, clock: str, zone: ZoneInfo) -> datetime:
        at = values.time_of_day(clock, self._clock_formats)
        return values.instant(datetime.combine(start.astimezone(at.tzinfo or zone).date(), at), zone)


def _checked(field: str, layout: Layout, check: Callable[[str], str]) -> Cell:
    """Return what reads a text that must be fit for something where it is not empty."""
    text = layout.text(field)

    def read(cells: Cells) -> str:
        value = text(cells)
        return meaning(field, check, value) if value else ""

    return read


def _one_email(value: str) -> str:
    try:
        check_mail_address(value, "it")
    except ValueError:
        raise ValueError("is not one e-mail address") from None
    return value
