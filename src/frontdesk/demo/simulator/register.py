"""What the simulated PMS has beside appointments: who can be booked, patients, sites, times off, hours."""

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, time

from frontdesk.demo.simulator.records import Bookable, Person, Shift, Site, TimeOff

SCHEMA = """
CREATE TABLE IF NOT EXISTS practitioner (
  account TEXT NOT NULL, ref TEXT NOT NULL, name TEXT NOT NULL, is_active INTEGER NOT NULL,
  PRIMARY KEY (account, ref)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS patient (
  account TEXT NOT NULL, ref TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
  birth_date TEXT, mobile TEXT NOT NULL, email TEXT NOT NULL, is_new INTEGER, merged_into TEXT NOT NULL,
  PRIMARY KEY (account, ref)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS site (
  account TEXT NOT NULL, ref TEXT NOT NULL, name TEXT NOT NULL, time_zone TEXT NOT NULL,
  PRIMARY KEY (account, ref)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS time_off (
  account TEXT NOT NULL, ref TEXT NOT NULL, practitioner_ref TEXT NOT NULL, starts_at TEXT NOT NULL,
  ends_at TEXT NOT NULL, label TEXT NOT NULL, location_ref TEXT NOT NULL, PRIMARY KEY (account, ref)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shift (
  account TEXT NOT NULL, practitioner_ref TEXT NOT NULL, weekday INTEGER NOT NULL, starts TEXT NOT NULL,
  ends TEXT NOT NULL, location_ref TEXT NOT NULL, PRIMARY KEY (account, practitioner_ref, weekday, starts)
) WITHOUT ROWID;
"""

_WRITE = {True: "INSERT OR IGNORE INTO", False: "INSERT OR REPLACE INTO"}
"""How a row is written, by whether it is only a guess."""

_USUAL = [(weekday, time(9), time(17)) for weekday in range(1, 6)]
"""When somebody works of whom nothing else was said."""


class Register:
    """People, sites and hours of any number of accounts, in the database of their diary."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(SCHEMA)

    def put_practitioner(self, account: str, ref: str, name: str) -> None:
        """Write who can be booked; a name that was known before is the former one."""
        self._database.execute(
            "INSERT OR REPLACE INTO practitioner VALUES (?, ?, ?, 1)", (account, ref, name)
        )

    def practitioners(self, account: str) -> list[Bookable]:
        """Return who can be booked, in the order of their ids."""
        rows = self._database.execute(
            "SELECT ref, name, is_active FROM practitioner WHERE account = ? ORDER BY length(ref), ref",
            (account,),
        )
        return [Bookable(ref, name, bool(is_active)) for ref, name, is_active in rows]

    def put_person(self, account: str, person: Person, *, is_guess: bool = False) -> None:
        """Write a patient; a guess counts only where nothing is known of them."""
        self._database.execute(
            f"{_WRITE[is_guess]} patient VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                account,
                person.ref,
                person.first_name,
                person.last_name,
                person.birth_date.isoformat() if person.birth_date else None,
                person.mobile,
                person.email,
                person.is_new,
                person.merged_into,
            ),
        )

    def person(self, account: str, ref: str) -> Person | None:
        """Return a patient, or None."""
        row = self._database.execute(
            "SELECT first_name, last_name, birth_date, mobile, email, is_new, merged_into "
            "FROM patient WHERE account = ? AND ref = ?",
            (account, ref),
        ).fetchone()
        if row is None:
            return None
        first, last, born, mobile, email, is_new, merged_into = row
        return Person(
            ref,
            first,
            last,
            date.fromisoformat(born) if born else None,
            mobile,
            email,
            None if is_new is None else bool(is_new),
            merged_into,
        )

    def merge(self, account: str, ref: str, into: str) -> None:
        """Say that one patient is another one; appointments are the diary's affair."""
        if person := self.person(account, ref):
            self.put_person(account, replace(person, merged_into=into))

    def put_site(self, account: str, site: Site, *, is_guess: bool = False) -> None:
        """Write a location; a guess counts only where nothing is known of it."""
        self._database.execute(
            f"{_WRITE[is_guess]} site VALUES (?, ?, ?, ?)",
            (account, site.ref, site.name, site.time_zone),
        )

    def sites(self, account: str) -> list[Site]:
        """Return the locations, in the order of their ids."""
        rows = self._database.execute(
            "SELECT ref, name, time_zone FROM site WHERE account = ? ORDER BY length(ref), ref", (account,)
        )
        return [Site(*row) for row in rows]

    def put_time_off(self, account: str, block: TimeOff) -> None:
        """Write a time off."""
        self._database.execute(
            "INSERT OR REPLACE INTO time_off VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                account,
                block.ref,
                block.practitioner_ref,
                _text(block.starts_at),
                _text(block.ends_at),
                block.label,
                block.location_ref,
            ),
        )

    def times_off(
        self, account: str, start: datetime, end: datetime, practitioner_ref: str = ""
    ) -> list[TimeOff]:
        """Return the times off that touch a window, of one practitioner or of all."""
        rows = self._database.execute(
            "SELECT ref, practitioner_ref, starts_at, ends_at, label, location_ref FROM time_off WHERE account = ? "
            "AND starts_at < ? AND ends_at > ? AND ? IN ('', practitioner_ref) ORDER BY starts_at, ref",
            (account, _text(end), _text(start), practitioner_ref),
        )
        return [
            TimeOff(ref, who, datetime.fromisoformat(starts), datetime.fromisoformat(ends), label, where)
            for ref, who, starts, ends, label, where in rows
        ]

    def put_shift(self, account: str, shift: Shift) -> None:
        """Write when somebody works; whoever has none works from nine to five, Monday to Friday."""
        self._database.execute(
            "INSERT OR REPLACE INTO shift VALUES (?, ?, ?, ?, ?, ?)",
            (
                account,
                shift.practitioner_ref,
                shift.weekday,
                shift.starts.isoformat(),
                shift.ends.isoformat(),
                shift.location_ref,
            ),
        )

    def shifts(self, account: str, practitioner_ref: str) -> list[Shift]:
        """Return when a practitioner works, in order."""
        rows = self._database.execute(
            "SELECT weekday, starts, ends, location_ref FROM shift "
            "WHERE account = ? AND practitioner_ref = ? ORDER BY weekday, starts",
            (account, practitioner_ref),
        )
        found = [
            Shift(practitioner_ref, weekday, time.fromisoformat(starts), time.fromisoformat(ends), where)
            for weekday, starts, ends, where in rows
        ]
        return found or [Shift(practitioner_ref, *usual) for usual in _USUAL]


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
