"""A CSV file as the diary of a PMS: its rows as appointments, and whether it can be whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

from frontdesk.arrivals import AppointmentStatus, IncomingBooking
from frontdesk.bookings import Presence
from frontdesk.exchange.incoming import ReadRow, RowReader
from frontdesk.exchange.layout import BadCell, needed_columns
from frontdesk.exchange.mapping import MapFile
from frontdesk.exchange.practice_column import Sites
from frontdesk.exchange.sources import CsvSource
from frontdesk.pms.diary import Location
from frontdesk.pms.files.last_export import Look
from frontdesk.pms.files.reading import Reading, day_begins, practitioner_of, why_unread
from frontdesk.pms.port import Appointment, ContractDrift, Nobody, One, PmsPatient, Span

MOST_ROWS = 200_000

_LONGEST_ID = 200
_LAST_YEAR = 2199
_NAMELESS = "no column has the numbers of the appointments: export it too, and name it as pms_ref in the map"
_DAY = timedelta(days=1)
_PIECE = 1 << 20
_STATUS = {
    Presence.NONE: AppointmentStatus.BOOKED,
    Presence.ARRIVED: AppointmentStatus.ARRIVED,
    Presence.ATTENDED: AppointmentStatus.COMPLETED,
    Presence.NO_SHOW: AppointmentStatus.NO_SHOW,
}
_OF_PATIENT = frozenset({"patient_dob", "patient_mobile", "patient_email", "new_patient"})


@dataclass(frozen=True, slots=True)
class CsvExport:
    """How the CSV files of a connection are read: with which map, by whose clock.

    `days`: as in Export. Without `has_sites` the files are of one site.
    """

    mapping: MapFile
    map_file: Path | None
    zone: ZoneInfo
    days: int | None
    has_sites: bool

    def read(self, path: Path, as_of: datetime) -> tuple[Reading, Look]:
        """Return what a file says that was written at `as_of`, and what it looks like.

        Raises FileProblem, MapProblem, and ContractDrift where nobody could know its rows again.
        """
        digest = _digest(path)
        said = self.mapping.file
        with CsvSource(
            path,
            encoding=said.encoding,
            delimiter=said.delimiter,
            heading=said.heading,
            needed=needed_columns(self.mapping),
        ) as source:
            reader = RowReader(
                path,
                source.header,
                Sites(self.zone, self.has_sites),
                as_of,
                mapping=self.mapping,
                map_file=self.map_file,
            )
            if {"pms_ref", "ref"} <= reader.unsaid:
                raise ContractDrift(_NAMELESS)
            rows = _Rows()
            rows.take(source, reader)
            heading = blake2b("\0".join(source.header).encode(), digest_size=16).hexdigest()
            look = Look(digest, heading, rows.number, as_of.timestamp(), source.is_ended)
        appointments = tuple(sorted(rows.found, key=lambda one: (one.starts_at, one.ref)))
        reading = Reading(
            digest,
            as_of,
            rows.number,
            appointments,
            locations=tuple(
                Location(ref, ref) for ref in sorted({one.location for one in appointments} - {""})
            ),
            spans=self._spans(appointments, as_of),
            incomplete=why_unread(rows.unread, "lines"),
            name=path.name,
        )
        return reading, look

    def _spans(self, appointments: tuple[Appointment, ...], as_of: datetime) -> tuple[Span, ...]:
        if self.days is not None:
            # Many programs export "from now on": what was earlier that day is not missing.
            last_day = as_of.astimezone(self.zone).date() + self.days * _DAY
            return (Span(as_of, day_begins(last_day, self.zone)),)
        first: dict[str, datetime] = {}
        last: dict[str, datetime] = {}
        for one in appointments:
            first.setdefault(practitioner_of(one), one.starts_at)
            last[practitioner_of(one)] = one.starts_at
        return tuple(
            Span(*_whole_days(first[practitioner], last[practitioner], self.zone), practitioner)
            for practitioner in first
        )


@dataclass(slots=True)
class _Rows:
    """The rows of a file: those that were `found`, and which lines were `unread`; `number` counts both."""

    found: list[Appointment] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    number: int = 0
    _lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, source: CsvSource, reader: RowReader) -> None:
        for line, row in self._read(source, reader):
            self.number += 1
            if self.number > MOST_ROWS:
                raise ContractDrift(f"it has more than {MOST_ROWS:,} rows: export a shorter time")
            try:
                if isinstance(row, BadCell):
                    raise row
                self.found.append(self._appointment(row, line))
            except BadCell as bad:
                # The reason may repeat what stands there, so only where it stands is told.
                self.unread.append(f"line {line:,}, {bad.field}" if bad.field else f"line {line:,}")

    def _read(self, source: CsvSource, reader: RowReader) -> Iterator[tuple[int, ReadRow | BadCell]]:
        for record in source.records():
            if record.problem:
                yield record.line, BadCell("", record.problem)
            elif not reader.skips(record.cells):
                try:
                    yield record.line, reader.read(record.line, record.cells)
                except BadCell as bad:
                    yield record.line, bad

    def _appointment(self, row: ReadRow, line: int) -> Appointment:
        booking = row.booking
        ref = booking.pms_ref or booking.ref
        if not ref or len(ref) > _LONGEST_ID:
            raise BadCell("pms_ref", "is empty or too long: nobody could know the appointment again")
        if booking.starts_at.year > _LAST_YEAR:
            raise BadCell("starts_at", "is in too many years")
        if self._lines.setdefault((booking.practice_id, ref), line) != line:
            raise BadCell("pms_ref", "is that of a line before")
        return _appointment(ref, row)


def _appointment(ref: str, row: ReadRow) -> Appointment:
    booking, patient = row.booking, row.booking.patient
    status, word = _status(booking)
    return Appointment(
        ref=ref,
        status=status,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        practitioners=One(booking.practitioner_pms_ref) if booking.practitioner_pms_ref else Nobody(),
        practitioner_name=booking.practitioner_name,
        patients=One(patient.pms_ref) if patient.pms_ref else Nobody(),
        patient_name=patient.name,
        appointment_type=booking.appointment_type,
        raw_status=word,
        since=booking.attendance.at if booking.attendance else None,
        location=booking.practice_id,
        time_text=row.time_text,
        patient=PmsPatient(
            ref=patient.pms_ref,
            name=patient.name,
            birth_date=patient.birth_date,
            mobile=patient.mobile,
            email=patient.email,
            is_new=patient.is_new,
            unsaid=booking.unsaid & _OF_PATIENT,
        ),
        fee=booking.fee,
        reason=booking.cancellation_reason,
        unsaid=booking.unsaid - _OF_PATIENT | {"created_at"},
    )


def _status(booking: IncomingBooking) -> tuple[AppointmentStatus, str]:
    if booking.cancelled_at is not None:
        return AppointmentStatus.CANCELLED, "cancelled"
    presence = booking.attendance.presence if booking.attendance else Presence.NONE
    status = _STATUS.get(presence, AppointmentStatus.OTHER)
    return status, status.value if presence is Presence.NONE else presence.value


def _whole_days(first: datetime, last: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the beginning of the day of `first` and the end of that of `last`, by the clock of `zone`."""
    days = first.astimezone(zone).date(), last.astimezone(zone).date() + _DAY
    return day_begins(days[0], zone), day_begins(days[1], zone)


def _digest(path: Path) -> str:
    found = blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()
