"""What the simulated PMS was asked and what it sent: every request, and each answer that may be repeated."""

import sqlite3
from datetime import UTC, datetime

from frontdesk.demo.simulator.records import LedgerLine

SCHEMA = """
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


class Ledger:
    """The requests, answers and messages of any number of accounts, in the database of their diary."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.sent = 0
        """How many messages were sent since this ledger was opened."""
        database.executescript(SCHEMA)

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
            (now.astimezone(UTC).isoformat(), account, recipient, words),
        )
        self.sent += 1

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
            (at.astimezone(UTC).isoformat(), account, operation, ref, request_id, effective, answered),
        )

    def lines(self, account: str | None = None) -> tuple[LedgerLine, ...]:
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
