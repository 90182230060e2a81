"""The state of the simulated PMS: appointments, what is around them, and a ledger of every request.

It is an SQLite file, so it survives the simulator's own end; None keeps it in memory.
Instants are UTC with microseconds, as text that sorts in time order.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Patient, Presence
from frontdesk.demo.simulator.ledger import Ledger
from frontdesk.demo.simulator.records import Bookable, Entry, EntryStatus, Gone, Person, Site, View, Window
from frontdesk.demo.simulator.register import Register

_BATCH = 5_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS appointment (
  account TEXT NOT NULL, ref TEXT NOT NULL, starts_at TEXT NOT NULL, ends_at TEXT NOT NULL,
  practitioner_ref TEXT NOT NULL, practitioner_name TEXT NOT NULL,
  patient_ref TEXT NOT NULL, patient_name TEXT NOT NULL, appointment_type TEXT NOT NULL,
  status TEXT NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL, attendance TEXT NOT NULL,
  moved_to TEXT NOT NULL, moved_from TEXT NOT NULL, location_ref TEXT NOT NULL, series TEXT NOT NULL,
  gone TEXT NOT NULL, cancelled_at TEXT, more TEXT NOT NULL,
  version INTEGER NOT NULL, updated_at TEXT NOT NULL,
  PRIMARY KEY (account, ref)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS appointment_start ON appointment (account, starts_at, ref);
"""

_COLUMNS = tuple(Entry.__dataclass_fields__)
_PUT = (
    f"INSERT OR REPLACE INTO appointment (account, {', '.join(_COLUMNS)}) "  # noqa: S608  names of columns
    f"VALUES (?{', ?' * len(_COLUMNS)})"
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM appointment"  # noqa: S608


class Diary:
    """Appointments of any number of accounts, and the ledger of what was done to them."""

    def __init__(self, file: Path | None = None) -> None:
        self._database = sqlite3.connect(file or ":memory:", isolation_level=None, timeout=10)
        # A simulator need not survive a power cut, and a full disk sync a request is slow.
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.executescript(_SCHEMA)
        self.register = Register(self._database)
        self.ledger = Ledger(self._database)
        self.view = View()
        self._changes = 0

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """Do everything inside together; without `keep`, undo it all at the end."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT" if keep else "ROLLBACK")

    @property
    def changes(self) -> int:
        """How many times something was changed or sent since this diary was opened."""
        return self._changes + self.ledger.sent

    def put(self, account: str, entry: Entry) -> None:
        """Write an appointment as it is, as if it had always been there, with those whom it names."""
        self._put(account, [entry])

    def fill(self, account: str, bookings: Iterable[IncomingBooking], now: datetime) -> int:
        """Write an appointment for every booking with a `pms_ref`; return how many there were.

        One that has ended counts as completed, and an arrival is what its `attendance` says.
        """
        known = (booking for booking in bookings if booking.pms_ref)
        written = 0
        while batch := list(islice(known, _BATCH)):
            with self.transaction():
                for person in {booking.patient.pms_ref: booking.patient for booking in batch}.values():
                    if person.pms_ref:
                        self.register.put_person(account, _person(person))
                self._put(account, [_from_booking(booking, now) for booking in batch])
            written += len(batch)
        return written

    def _put(self, account: str, entries: Sequence[Entry]) -> None:
        self._database.executemany(_PUT, [(account, *_to_row(entry)) for entry in entries])
        for ref, name in sorted({(one.practitioner_ref, one.practitioner_name) for one in entries}):
            self.register.put_practitioner(account, ref, name)
        for ref, name in sorted({(one.patient_ref, one.patient_name) for one in entries if one.patient_ref}):
            first, _, last = name.rpartition(" ")
            self.register.put_person(account, Person(ref, first, last), is_guess=True)
        for ref in sorted({one.location_ref for one in entries}):
            self.register.put_site(account, Site(ref, f"Location {ref}"), is_guess=True)

    def entry(self, account: str, ref: str) -> Entry | None:
        """Return one appointment, or None; what is deleted is not there."""
        row = self._database.execute(
            f"{_SELECT} WHERE account = ? AND ref = ? AND gone <> ?", (account, ref, Gone.DELETED)
        ).fetchone()
        return self._seen(row) if row else None

    def entries(self, account: str, window: Window, limit: int, offset: int) -> tuple[list[Entry], int]:
        """Return some appointments of a window in time order, and how many it has altogether."""
        where, values = _conditions(account, window, self.view)
        (whole,) = self._database.execute(
            f"SELECT count(*) FROM appointment WHERE {where}",  # noqa: S608
            values,
        ).fetchone()
        rows = self._database.execute(
            f"{_SELECT} WHERE {where} ORDER BY starts_at, ref LIMIT ? OFFSET ?", (*values, limit, offset)
        )
        return [self._seen(row) for row in rows], whole

    def _seen(self, row: tuple[Any, ...]) -> Entry:
        entry, later = _from_row(row), self.view.later
        return replace(entry, starts_at=entry.starts_at + later, ends_at=entry.ends_at + later)

    def practitioners(self, account: str) -> list[Bookable]:
        """Return who can be booked, in the order of their ids."""
        return self.register.practitioners(account)

    def practitioner_name(self, account: str, ref: str) -> str | None:
        """Return the name of who has this id, or None."""
        return next((one.name for one in self.practitioners(account) if one.ref == ref), None)

    def change(self, account: str, entry: Entry, now: datetime, **changes: Any) -> Entry:
        """Change an appointment, which makes a new version of it, and return it."""
        # Stamps have whole seconds, and two changes at one time of a stopped clock must differ in them all the same.
        updated_at = max(
            now.replace(microsecond=0), entry.updated_at.replace(microsecond=0) + timedelta(seconds=1)
        )
        if (status := changes.get("status", entry.status)) is not entry.status:
            changes.setdefault("cancelled_at", now if status is EntryStatus.CANCELLED else None)
        changed = replace(entry, **changes, version=entry.version + 1, updated_at=updated_at)
        self._write(account, changed)
        self._changes += 1
        return changed

    def book(self, account: str, entry: Entry, now: datetime) -> Entry:
        """Write a new appointment, under an id that none had, and return it."""
        highest = self._database.execute(
            "SELECT max(CAST(ref AS INTEGER)) FROM appointment WHERE account = ?", (account,)
        ).fetchone()[0]
        made = replace(entry, ref=str(highest + 1), version=1, updated_at=now.replace(microsecond=0))
        self._write(account, made)
        self._changes += 1
        return made

    def rebook(self, account: str, entry: Entry, now: datetime, **changes: Any) -> Entry:
        """Put a new appointment in the place of `entry`, which counts as deleted, and return it."""
        made = self.book(account, replace(entry, **changes, moved_from=entry.ref), now)
        self.change(account, entry, now, moved_to=made.ref)
        return made

    def _write(self, account: str, entry: Entry) -> None:
        """Write what was read in the present view, at the time at which it really is."""
        later = self.view.later
        self._put(account, [replace(entry, starts_at=entry.starts_at - later, ends_at=entry.ends_at - later)])

    def rename(self, account: str, practitioner_ref: str, name: str) -> None:
        """Give somebody who can be booked another name, which no appointment counts as a change of its own."""
        self.register.put_practitioner(account, practitioner_ref, name)
        self._database.execute(
            "UPDATE appointment SET practitioner_name = ? WHERE account = ? AND practitioner_ref = ?",
            (name, account, practitioner_ref),
        )
        self._changes += 1

    def earliest(self, account: str, after: datetime) -> Entry | None:
        """Return the first appointment that is booked and starts after an instant, or None."""
        row = self._database.execute(
            f"{_SELECT} WHERE account = ? AND starts_at > ? AND status = ? AND gone = '' AND moved_to = '' "
            "ORDER BY starts_at, ref LIMIT 1",
            (account, _text(after), EntryStatus.BOOKED),
        ).fetchone()
        return _from_row(row) if row else None


def _from_booking(booking: IncomingBooking, now: datetime) -> Entry:
    ends_at = booking.ends_at or booking.starts_at + timedelta(minutes=30)
    status = EntryStatus.COMPLETED if ends_at <= now else EntryStatus.BOOKED
    changed_at = booking.cancelled_at or booking.created_at or now
    if booking.attendance and booking.attendance.presence is Presence.ARRIVED:
        status, changed_at = EntryStatus.ARRIVED, booking.attendance.at or now
    return Entry(
        ref=booking.pms_ref,
        starts_at=booking.starts_at,
        ends_at=ends_at,
        practitioner_ref=booking.practitioner_pms_ref,
        practitioner_name=booking.practitioner_name,
        patient_ref=booking.patient.pms_ref,
        patient_name=booking.patient.name,
        appointment_type=booking.appointment_type,
        status=EntryStatus.CANCELLED if booking.cancelled_at else status,
        cancelled_at=booking.cancelled_at,
        reason=booking.cancellation_reason,
        updated_at=changed_at,
    )


def _person(patient: Patient) -> Person:
    first, _, last = patient.name.rpartition(" ")
    return Person(
        patient.pms_ref, first, last, patient.birth_date, patient.mobile, patient.email, patient.is_new
    )


def _conditions(account: str, window: Window, view: View) -> tuple[str, tuple[str, ...]]:
    wanted = [("account = ?", account), ("moved_to = ?", "")]
    if window.start:
        wanted.append(("starts_at >= ?", _text(window.start - view.later)))
    if window.end:
        wanted.append(("starts_at < ?", _text(window.end - view.later)))
    if window.practitioner_ref:
        wanted.append(("practitioner_ref = ?", window.practitioner_ref))
    if window.location_ref:
        wanted.append(("location_ref = ?", window.location_ref))
    if window.updated_since:
        wanted.append(("updated_at >= ?", _text(window.updated_since)))
    if window.cancelled_since:
        wanted.append(("status = ?", EntryStatus.CANCELLED))
        wanted.append(("coalesce(cancelled_at, updated_at) >= ?", _text(window.cancelled_since)))
    elif not window.with_cancelled:
        wanted.append(("status <> ?", EntryStatus.CANCELLED))
    if since := window.archived_since or window.deleted_since:
        wanted.append(("updated_at >= ?", _text(since)))
    if window.deleted_since:
        wanted.append(("gone <> ?", Gone.NO))
    else:
        wanted.append(("gone = ?", Gone.ARCHIVED if window.archived_since else Gone.NO))
    if view.is_half:
        wanted.append(("unicode(substr(ref, -1)) % 2 = CAST(? AS INTEGER)", "0"))
    if view.is_empty:
        wanted.append(("account <> ?", account))
    return " AND ".join(one for one, _ in wanted), tuple(value for _, value in wanted)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _to_row(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.ref,
        _text(entry.starts_at),
        _text(entry.ends_at),
        entry.practitioner_ref,
        entry.practitioner_name,
        entry.patient_ref,
        entry.patient_name,
        entry.appointment_type,
        entry.status,
        entry.reason,
        entry.note,
        entry.attendance,
        entry.moved_to,
        entry.moved_from,
        entry.location_ref,
        entry.series,
        entry.gone,
        _text(entry.cancelled_at) if entry.cancelled_at else None,
        json.dumps(dict(entry.more)),
        entry.version,
        _text(entry.updated_at),
    )


def _from_row(row: tuple[Any, ...]) -> Entry:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in ("starts_at", "ends_at", "updated_at"):
        values[name] = datetime.fromisoformat(values[name])
    if values["cancelled_at"]:
        values["cancelled_at"] = datetime.fromisoformat(values["cancelled_at"])
    told = {
        "status": EntryStatus(values["status"]),
        "gone": Gone(values["gone"]),
        "more": json.loads(values["more"]),
    }
    return Entry(**{**values, **told})
