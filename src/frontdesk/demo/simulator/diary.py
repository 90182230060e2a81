"""The state of the simulated PMS: appointments, who can be booked, and a ledger of every request.

It is an SQLite file, so it survives the simulator's own end; None keeps it in memory.
Instants are UTC with microseconds, as text that sorts in time order.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Presence

_BATCH = 5_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS appointment (
  account TEXT NOT NULL, ref TEXT NOT NULL, starts_at TEXT NOT NULL, ends_at TEXT NOT NULL,
  practitioner_ref TEXT NOT NULL, practitioner_name TEXT NOT NULL,
  patient_ref TEXT NOT NULL, patient_name TEXT NOT NULL, appointment_type TEXT NOT NULL,
  status TEXT NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL, attendance TEXT NOT NULL,
  moved_to TEXT NOT NULL, moved_from TEXT NOT NULL, more TEXT NOT NULL,
  version INTEGER NOT NULL, updated_at TEXT NOT NULL,
  PRIMARY KEY (account, ref)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS appointment_start ON appointment (account, starts_at, ref);
CREATE TABLE IF NOT EXISTS practitioner (
  account TEXT NOT NULL, ref TEXT NOT NULL, name TEXT NOT NULL, is_active INTEGER NOT NULL,
  PRIMARY KEY (account, ref)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
  number INTEGER PRIMARY KEY, at TEXT NOT NULL, account TEXT NOT NULL, operation TEXT NOT NULL,
  ref TEXT NOT NULL, request_id TEXT NOT NULL, effective INTEGER NOT NULL, answered TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answered (
  account TEXT NOT NULL, request_id TEXT NOT NULL, about TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (account, request_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (
  number INTEGER PRIMARY KEY, at TEXT NOT NULL, account TEXT NOT NULL, recipient TEXT NOT NULL,
  words TEXT NOT NULL
);
"""


class EntryStatus(StrEnum):
    """Where an appointment stands, in no vendor's words."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment in the diary.

    `version` and `updated_at` rise with every change. `moved_to` is the id of the appointment
    that replaced this one, which then counts as deleted. `more` is what a client may store
    that the diary does not understand; where it has a key that the diary shows too, it is shown
    in its place, such as several patients.
    """

    ref: str
    starts_at: datetime
    ends_at: datetime
    practitioner_ref: str = "1"
    practitioner_name: str = "Dr Lee"
    patient_ref: str = "55"
    patient_name: str = "Amelia Wilson"
    appointment_type: str = "Check-up and clean"
    status: EntryStatus = EntryStatus.BOOKED
    reason: str = ""
    note: str = ""
    attendance: str = ""
    moved_to: str = ""
    moved_from: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    updated_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bookable:
    """Who, or which calendar, can be booked."""

    ref: str
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One request, or the late effect of one. `effective` says that it changed the diary.

    `answered` is the status code, or the name of the fault that stood in its way.
    """

    number: int
    at: datetime
    account: str
    operation: str
    ref: str
    request_id: str
    effective: bool
    answered: str


_COLUMNS = tuple(Entry.__dataclass_fields__)
_PUT = (
    f"INSERT OR REPLACE INTO appointment (account, {', '.join(_COLUMNS)}) "  # noqa: S608  names of columns
    f"VALUES (?{', ?' * len(_COLUMNS)})"
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM appointment"  # noqa: S608
_PUT_PRACTITIONER = "INSERT OR REPLACE INTO practitioner VALUES (?, ?, ?, 1)"


@dataclass(frozen=True, slots=True)
class Window:
    """Which appointments to list: those that start from `start` until before `end`."""

    start: datetime | None = None
    end: datetime | None = None
    practitioner_ref: str = ""
    updated_since: datetime | None = None
    with_cancelled: bool = True


class Diary:
    """Appointments of any number of accounts, and the ledger of what was done to them."""

    def __init__(self, file: Path | None = None) -> None:
        self._database = sqlite3.connect(file or ":memory:", isolation_level=None, timeout=10)
        # A simulator need not survive a power cut, and a full disk sync a request is slow.
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.executescript(_SCHEMA)
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
        return self._changes

    def put(self, account: str, entry: Entry) -> None:
        """Write an appointment as it is, as if it had always been there."""
        self._database.execute(_PUT, (account, *_to_row(entry)))
        self._database.execute(_PUT_PRACTITIONER, (account, entry.practitioner_ref, entry.practitioner_name))

    def fill(self, account: str, bookings: Iterable[IncomingBooking], now: datetime) -> int:
        """Write an appointment for every booking with a `pms_ref`; return how many there were.

        One that has ended counts as completed, and an arrival is what its `attendance` says.
        """
        entries = (_from_booking(booking, now) for booking in bookings if booking.pms_ref)
        written = 0
        while batch := list(islice(entries, _BATCH)):
            with self.transaction():
                self._database.executemany(_PUT, [(account, *_to_row(entry)) for entry in batch])
                people = {(account, one.practitioner_ref, one.practitioner_name) for one in batch}
                self._database.executemany(_PUT_PRACTITIONER, sorted(people))
            written += len(batch)
        return written

    def entry(self, account: str, ref: str) -> Entry | None:
        """Return one appointment, or None."""
        row = self._database.execute(f"{_SELECT} WHERE account = ? AND ref = ?", (account, ref)).fetchone()
        return _from_row(row) if row else None

    def entries(self, account: str, window: Window, limit: int, offset: int) -> tuple[list[Entry], int]:
        """Return some appointments of a window in time order, and how many it has altogether."""
        where, values = _conditions(account, window)
        (whole,) = self._database.execute(
            f"SELECT count(*) FROM appointment WHERE {where}",  # noqa: S608
            values,
        ).fetchone()
        rows = self._database.execute(
            f"{_SELECT} WHERE {where} ORDER BY starts_at, ref LIMIT ? OFFSET ?", (*values, limit, offset)
        )
        return [_from_row(row) for row in rows], whole

    def practitioners(self, account: str) -> list[Bookable]:
        """Return who can be booked, in the order of their ids."""
        rows = self._database.execute(
            "SELECT ref, name, is_active FROM practitioner WHERE account = ? ORDER BY length(ref), ref",
            (account,),
        )
        return [Bookable(ref, name, bool(is_active)) for ref, name, is_active in rows]

    def practitioner_name(self, account: str, ref: str) -> str | None:
        """Return the name of who has this id, or None."""
        return next((one.name for one in self.practitioners(account) if one.ref == ref), None)

    def change(self, account: str, entry: Entry, now: datetime, **changes: Any) -> Entry:
        """Change an appointment, which makes a new version of it, and return it."""
        # Two changes at one time of a stopped clock must differ in it all the same.
        updated_at = max(now, entry.updated_at + timedelta(microseconds=1))
        changed = replace(entry, **changes, version=entry.version + 1, updated_at=updated_at)
        self._database.execute(_PUT, (account, *_to_row(changed)))
        self._changes += 1
        return changed

    def rebook(self, account: str, entry: Entry, now: datetime, **changes: Any) -> Entry:
        """Put a new appointment in the place of `entry`, which counts as deleted, and return it."""
        highest = self._database.execute(
            "SELECT max(CAST(ref AS INTEGER)) FROM appointment WHERE account = ?", (account,)
        ).fetchone()[0]
        ref = str(highest + 1)
        self.put(account, replace(entry, **changes, ref=ref, moved_from=entry.ref, version=1, updated_at=now))
        self.change(account, entry, now, moved_to=ref)
        return replace(entry, **changes, ref=ref, moved_from=entry.ref, version=1, updated_at=now)

    def answer_to(self, account: str, request_id: str) -> tuple[str, bytes] | None:
        """Return what a request was about and what it was answered, if this id was taken before."""
        found: tuple[str, bytes] | None = self._database.execute(
            "SELECT about, body FROM answered WHERE account = ? AND request_id = ?", (account, request_id)
        ).fetchone()
        return found

    def keep_answer(self, account: str, request_id: str, about: str, body: bytes) -> None:
        """Remember what a request of this id was answered."""
        self._database.execute("INSERT INTO answered VALUES (?, ?, ?, ?)", (account, request_id, about, body))

    def take_message(self, account: str, recipient: str, words: str, now: datetime) -> None:
        """Count a message as sent."""
        self._database.execute(
            "INSERT INTO message (at, account, recipient, words) VALUES (?, ?, ?, ?)",
            (_text(now), account, recipient, words),
        )
        self._changes += 1

    def messages(self) -> list[tuple[str, str]]:
        """Return the number and the words of every message that was sent, in order."""
        return self._database.execute("SELECT recipient, words FROM message ORDER BY number").fetchall()

    def write_down(
        self,
        at: datetime,
        account: str,
        operation: str,
        *,
        ref: str,
        request_id: str,
        effective: bool,
        answered: str,
    ) -> None:
        """Add a line to the ledger."""
        self._database.execute(
            "INSERT INTO ledger (at, account, operation, ref, request_id, effective, answered) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (_text(at), account, operation, ref, request_id, effective, answered),
        )

    def ledger(self, account: str | None = None) -> tuple[LedgerLine, ...]:
        """Return every line of the ledger, of one account or of all, in order."""
        rows = self._database.execute(
            "SELECT * FROM ledger WHERE ?1 IS NULL OR account = ?1 ORDER BY number", (account,)
        )
        return tuple(
            LedgerLine(
                number, datetime.fromisoformat(at), of, operation, ref, request_id, bool(done), answered
            )
            for number, at, of, operation, ref, request_id, done, answered in rows
        )


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
        reason=booking.cancellation_reason,
        updated_at=changed_at,
    )


def _conditions(account: str, window: Window) -> tuple[str, tuple[str, ...]]:
    wanted = [("account = ?", account)]
    if window.start:
        wanted.append(("starts_at >= ?", _text(window.start)))
    if window.end:
        wanted.append(("starts_at < ?", _text(window.end)))
    if window.practitioner_ref:
        wanted.append(("practitioner_ref = ?", window.practitioner_ref))
    if window.updated_since:
        wanted.append(("updated_at >= ?", _text(window.updated_since)))
    if not window.with_cancelled:
        wanted.append(("status <> ?", EntryStatus.CANCELLED))
    wanted.append(("moved_to = ?", ""))
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
        json.dumps(dict(entry.more)),
        entry.version,
        _text(entry.updated_at),
    )


def _from_row(row: tuple[Any, ...]) -> Entry:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in ("starts_at", "ends_at", "updated_at"):
        values[name] = datetime.fromisoformat(values[name])
    return Entry(**{**values, "status": EntryStatus(values["status"]), "more": json.loads(values["more"])})
