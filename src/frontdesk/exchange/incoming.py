"""Rows of a file, canonical or foreign, as bookings the store can take."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from frontdesk.bookings import IncomingBooking, Patient, Practice
from frontdesk.complaints import nearest
from frontdesk.config.addresses import check_mail_address
from frontdesk.exchange import values
from frontdesk.exchange.layout import BadCell, Cells, Layout, cleaned, meaning
from frontdesk.exchange.mapping import NO_MAP, DateSource, EndSource, InstantSource, MapFile
from frontdesk.exchange.sources import FileProblem
from frontdesk.text import clean

_INSTANTS_KEPT = 5_000
_LONGEST_HINT = 100


class RowReader:
    """Reads the rows below one header, as the map says, else by the canonical names.

    `practice_id` is the practice of lines that name none. `now` stands in where a file says
    that a booking was cancelled but not when. What any source of bookings must keep to,
    such as lengths, the store checks. Raises FileProblem when the file lacks a column or
    has one that nothing uses, MapProblem when the map does not fit the file.
    """

    def __init__(
        self,
        file: Path,
        header: tuple[str, ...],
        practices: Iterable[Practice],
        now: datetime,
        *,
        mapping: MapFile = NO_MAP,
        map_file: Path | None = None,
        practice_id: str = "",
    ) -> None:
        self._practices = {practice.id: practice for practice in practices}
        self._now = now
        layout = Layout(file, header, mapping, map_file)
        self._ref = layout.text("ref")
        self._pms_ref = layout.text("pms_ref")
        self._practice = layout.text("practice")
        self._name = layout.text("patient_name")
        self._birth_date = _Dates("patient_dob", layout)
        self._mobile = layout.text("patient_mobile")
        self._email = layout.text("patient_email")
        self._is_new = layout.text("new_patient")
        self._pms_patient_ref = layout.text("pms_patient_ref")
        self._practitioner = layout.text("practitioner")
        self._pms_practitioner_ref = layout.text("pms_practitioner_ref")
        self._type = layout.text("appointment_type")
        self._starts_at = _Instants("starts_at", layout)
        self._ends_at = _Ends("ends_at", layout)
        self._fee = layout.text("fee")
        self._decimal = mapping.file.decimal
        self._created_at = _Instants("created_at", layout)
        self._cancelled_at = _Instants("cancelled_at", layout)
        self._reason = layout.text("cancellation_reason")
        self._status = layout.column("cancelled_at", mapping.cancelled.column if mapping.cancelled else "")
        said = mapping.cancelled.values if mapping.cancelled else ()
        self._cancelled_words = {clean(word).casefold() for word in said}
        layout.check()
        self._practice_id = practice_id
        if layout.source("practice") is None and not practice_id:
            if len(self._practices) != 1:
                raise FileProblem(f"{file} has no column practice: say which one with --practice ID")
            self._practice_id = next(iter(self._practices))

    def read(self, line: int, cells: Cells) -> IncomingBooking:
        """Return the booking in a row as wide as the header. Raises BadCell."""
        cells = cleaned(cells)
        practice = self._practice_of(cells)
        zone = practice.zone
        starts_at = self._starts_at.read(cells, zone)
        if starts_at is None:
            raise BadCell("starts_at", "is empty")
        practitioner = self._practitioner(cells)
        if not practitioner:
            raise BadCell("practitioner", "is empty")
        email, is_new, fee = self._email(cells), self._is_new(cells), self._fee(cells)
        if email:
            _check_email(email)
        cancelled_at, reason = self._cancellation(cells, zone)
        return IncomingBooking(
            line=line,
            practice_id=practice.id,
            patient=Patient(
                name=self._name(cells),
                birth_date=self._birth_date.read(cells, self._now.date()),
                mobile=self._mobile(cells),
                email=email,
                is_new=meaning("new_patient", values.yes_or_no, is_new) if is_new else None,
                pms_ref=self._pms_patient_ref(cells),
            ),
            practitioner_name=practitioner,
            appointment_type=self._type(cells),
            starts_at=starts_at,
            ends_at=self._ends_at.after(starts_at, cells, zone),
            ref=self._ref(cells),
            pms_ref=self._pms_ref(cells),
            practitioner_pms_ref=self._pms_practitioner_ref(cells),
            fee=meaning("fee", values.cents, fee, self._decimal) if fee else None,
            created_at=self._created_at.read(cells, zone),
            cancelled_at=cancelled_at,
            cancellation_reason=reason,
        )

    def _practice_of(self, cells: Cells) -> Practice:
        practice_id = self._practice(cells) or self._practice_id
        if not practice_id:
            raise BadCell("practice", "is empty")
        try:
            return self._practices[practice_id]
        except KeyError:
            known = nearest(practice_id, self._practices)
            hint = known if len(known) <= _LONGEST_HINT else "see: frontdesk practices list"
            raise BadCell(
                "practice", f"is {practice_id[:64]}, which the store does not know, {hint}"
            ) from None

    def _cancellation(self, cells: Cells, zone: ZoneInfo) -> tuple[datetime | None, str]:
        at, reason = self._cancelled_at.read(cells, zone), self._reason(cells)
        if at is None and self._status(cells).casefold() in self._cancelled_words:
            at = self._now
        if reason and at is None:
            raise BadCell("cancellation_reason", "is there, but nothing says that the booking was cancelled")
        return at, reason


class _Dates:
    """Reads a column of birth dates."""

    def __init__(self, field: str, layout: Layout) -> None:
        source = layout.source(field)
        self._field = field
        self._value = layout.text(field)
        self._formats = source.formats if isinstance(source, DateSource) else ()

    def read(self, cells: Cells, today: date) -> date | None:
        """Return the date, or None for an empty cell."""
        value = self._value(cells)
        if not value:
            return None
        found: date = meaning(self._field, values.day, value, self._formats)
        # A day of grace: somewhere it is tomorrow already.
        if found > today + timedelta(days=1):
            raise BadCell(self._field, f"{found} is in the future")
        return found


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
        self._fixed_clock = time.fromisoformat(said.time) if said and said.time else None
        self._parse = lru_cache(_INSTANTS_KEPT)(self._parse_once)

    def read(self, cells: Cells, zone: ZoneInfo) -> datetime | None:
        """Return the instant in UTC, or None for an empty cell."""
        value = self._value(cells)
        return meaning(self._field, self._parse, value, self._clock(cells), zone) if value else None

    def _parse_once(self, value: str, clock: str, zone: ZoneInfo) -> datetime:
        found, has_time = values.day_and_time(value, self._formats)
        if clock:
            found = self._at(found.date(), clock)
        elif not has_time:
            if self._fixed_clock is None:
                raise ValueError(f"{value} has no time of day, which a map can give")
            found = datetime.combine(found.date(), self._fixed_clock)
        return values.instant(found, zone)

    def _at(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, values.time_of_day(clock, self._clock_formats))


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
            day = start.astimezone(zone).date()
            return meaning(self._field, lambda: values.instant(self._at(day, clock), zone))
        said = self._minutes_cell(cells)
        minutes = meaning(self._field, values.minutes, said) if said else self._minutes
        return start + timedelta(minutes=minutes) if minutes else None


def _check_email(value: str) -> None:
    try:
        check_mail_address(value, "it")
    except ValueError:
        raise BadCell("patient_email", "is not one e-mail address") from None
