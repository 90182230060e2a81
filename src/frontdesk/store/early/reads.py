"""The first pages of an SQLite store, read before the store itself is there.

Loading SQLAlchemy takes several times as long as reading a page. Until it is done, the list
is read here, with the standard library alone, by the very statements that the store would
send; a test compares them. Whatever is unusual about a file is left to the store.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from frontdesk.bookings import (
    LAST_ID,
    BookingQuery,
    Direction,
    Page,
    Position,
    Practice,
    Practitioner,
    Standing,
)
from frontdesk.store import records
from frontdesk.store.sql.revisions import REVISIONS, VERSION_TABLE
from frontdesk.store.sqlite.file import FileConnection, connect, host_clock, why_not_writable
from frontdesk.store_state import DIARIES_AT_ONCE, StoreState

Answer = TypeVar("Answer")

HEAD = "SELECT head.id, head.change, head.audit, head.audit_digest, head.bookings, head.store_id \nFROM head"
DELIVERIES = (
    "SELECT delivery.state, delivery.connection, count(*) AS number \nFROM delivery \n"
    "WHERE delivery.state IN ({states}) GROUP BY delivery.state, delivery.connection"
)
LIVING = "SELECT dispatcher.connections \nFROM dispatcher \nWHERE dispatcher.seen_at BETWEEN ? AND ?"
TROUBLED = (
    "SELECT connection.name, connection.shown, connection.trouble_since, connection.is_locked_out \n"
    "FROM connection \nWHERE connection.trouble_since IS NOT NULL ORDER BY connection.name"
)
DIARIES = (
    "SELECT practice.id, diary.next_at, diary.until, diary.baseline_at, diary.changes_at, diary.near_at, "
    "diary.full_at, diary.pause_seconds, diary.failures, diary.failing_since, diary.trouble, "
    "diary.is_refused, diary.is_pushed, diary.asked, diary.held_run, diary_run.held \n"
    "FROM diary JOIN practice ON practice.pms_connection = diary.connection AND practice.location = "
    "diary.location LEFT OUTER JOIN diary_run ON diary_run.id = diary.held_run "
    "ORDER BY diary.held_run IS NULL, diary.failures = ?, diary.next_at, practice.id\n LIMIT ? OFFSET ?"
)
PRACTICES = (
    "SELECT practice.id, practice.name, practice.short, practice.time_zone, practice.email, "
    "practice.pms_connection, practice.pms_kind, practice.pms_name, practice.pms_can_cancel, "
    "practice.pms_tells_patient, practice.pms_can_move, practice.pms_can_mark_no_show, "
    "practice.pms_can_take_back_no_show, practice.patient_channels, practice.reason_channels, practice.phone, "
    "practice.account, practice.no_show_after_minutes, practice.biller, practice.location \nFROM practice"
)
PRACTITIONERS = (
    "SELECT practitioner.id, practitioner.practice_id, practitioner.name, practitioner.pms_ref \n"
    "FROM practitioner"
)
NEXT = (
    "SELECT booking.id, booking.starts_at, booking.local_date \n"
    "FROM booking \n"
    "WHERE (booking.starts_at, booking.id) > (?, ?) AND (booking.starts_at, booking.id) < (?, ?) "
    "ORDER BY booking.starts_at {way}, booking.id {way}\n LIMIT {limit} OFFSET ?"
)
LISTED = (
    "SELECT booking.id, booking.version, booking.ref, booking.pms_ref, booking.practice_id, "
    "booking.practitioner_id, booking.patient_name, booking.patient_birth_date, booking.patient_mobile, "
    "booking.patient_email, booking.patient_is_new, booking.patient_pms_ref, booking.appointment_type, "
    "booking.starts_at, booking.ends_at, booking.fee_cents, booking.created_at, "
    "booking.cancelled, booking.cancelled_at, booking.cancelled_by, booking.cancelled_via, "
    "booking.cancelled_origin, booking.cancellation_reason, booking.cancellation_note, "
    "booking.cancellation_filed, booking.intent_id, booking.intent_kind, "
    "booking.intent_at, booking.attendance, booking.attendance_origin, booking.attendance_by, "
    "booking.attendance_via, booking.attendance_at, booking.attendance_notice, "
    "practitioner.practice_id AS practitioner_practice_id, "
    "practitioner.name AS practitioner_name, practitioner.pms_ref AS practitioner_pms_ref, "
    "practice.name AS practice_name, practice.short AS practice_short, "
    "practice.time_zone AS practice_time_zone, practice.email AS practice_email, "
    "practice.pms_connection AS practice_pms_connection, practice.pms_kind AS practice_pms_kind, "
    "practice.pms_name AS practice_pms_name, practice.pms_can_cancel AS practice_pms_can_cancel, "
    "practice.pms_tells_patient AS practice_pms_tells_patient, "
    "practice.pms_can_move AS practice_pms_can_move, "
    "practice.pms_can_mark_no_show AS practice_pms_can_mark_no_show, "
    "practice.pms_can_take_back_no_show AS practice_pms_can_take_back_no_show, "
    "practice.patient_channels AS practice_patient_channels, "
    "practice.reason_channels AS practice_reason_channels, practice.phone AS practice_phone, "
    "practice.account AS practice_account, "
    "practice.no_show_after_minutes AS practice_no_show_after_minutes, practice.biller AS practice_biller, "
    "practice.location AS practice_location, "
    "CASE WHEN booking.has_deliveries THEN (SELECT max(CASE WHEN (delivery.state = 'attention') THEN 2 "
    "WHEN (delivery.state = 'claimed' OR delivery.state = 'pending' OR delivery.state = 'unknown') "
    "THEN 1 END) AS max_1 \nFROM delivery \nWHERE delivery.booking_id = booking.id)"
    " END AS followup, CASE WHEN (booking.cancelled = 0 AND (SELECT 1 \nFROM booking AS other \nWHERE "
    "other.name_key = booking.name_key AND other.cancelled = 0 AND other.starts_at > ? AND other.id != "
    "booking.id AND booking.name_key != '' ORDER BY other.name_key, other.cancelled, other.starts_at\n "
    "LIMIT 1 OFFSET 0) IS NOT NULL) THEN CASE WHEN (EXISTS (SELECT 1 \nFROM (SELECT other.patient_key AS "
    "patient_key, other.patient_ref_key AS patient_ref_key \nFROM booking AS other \nWHERE "
    "other.name_key = booking.name_key AND other.cancelled = 0 AND other.starts_at > ? AND other.id != "
    "booking.id AND booking.name_key != '' ORDER BY other.name_key, other.cancelled, other.starts_at\n "
    "LIMIT 50 OFFSET 0) AS others \nWHERE NOT (others.patient_key = booking.patient_key AND "
    "booking.patient_key != '' OR others.patient_ref_key = booking.patient_ref_key AND "
    "booking.patient_ref_key != ''))) THEN 1000 ELSE 0 END + (SELECT count(*) AS count_1 \nFROM (SELECT "
    "other.id AS id \nFROM booking AS other \nWHERE other.patient_key = booking.patient_key AND "
    "other.cancelled = 0 AND other.starts_at > ? AND other.id != booking.id AND booking.patient_key != "
    "'' ORDER BY other.patient_key, other.cancelled, other.starts_at\n LIMIT 9 OFFSET 0) AS others) ELSE "
    "0 END AS of_the_name, CASE WHEN (booking.cancelled = 0 AND (SELECT 1 \nFROM booking AS other "
    "\nWHERE other.patient_ref_key = booking.patient_ref_key AND other.cancelled = 0 AND other.starts_at "
    "> ? AND other.id != booking.id AND booking.patient_ref_key != '' AND other.patient_ref_key != '' "
    "AND NOT (other.patient_key = booking.patient_key AND booking.patient_key != '') ORDER BY "
    "other.patient_ref_key, other.cancelled, other.starts_at\n LIMIT 1 OFFSET 0) IS NOT NULL) THEN "
    "(SELECT count(*) AS count_2 \nFROM (SELECT other.id AS id \nFROM booking AS other \nWHERE "
    "other.patient_ref_key = booking.patient_ref_key AND other.cancelled = 0 AND other.starts_at > ? AND "
    "other.id != booking.id AND booking.patient_ref_key != '' AND other.patient_ref_key != '' AND NOT "
    "(other.patient_key = booking.patient_key AND booking.patient_key != '') ORDER BY "
    "other.patient_ref_key, other.cancelled, other.starts_at\n LIMIT 9 OFFSET 0) AS others) ELSE 0 END "
    "AS of_the_reference \nFROM booking JOIN practitioner ON practitioner.id = booking.practitioner_id "
    "JOIN practice ON practice.id = booking.practice_id \nWHERE booking.id IN (SELECT value FROM "
    "json_each(?))"
)
_MOMENTS = LISTED.count("?") - 1
"""Of its parameters all but the last are the moment as of which bookings are to come; that is the ids."""

BUSY_SECONDS = 0.1
"""How long a desk that is saving is waited for; the store has more patience."""

_FIRST, _LAST = ("0001-01-01 00:00:00.000000", -1), ("9999-12-31 23:59:59.999999", LAST_ID)

# By the types that the tables themselves declare; only connections that ask for it convert.
sqlite3.register_converter("BOOLEAN", lambda value: value != b"0")
sqlite3.register_converter("DATE", lambda value: date.fromisoformat(value.decode()))
sqlite3.register_converter("JSON", json.loads)
sqlite3.register_converter(
    "DATETIME", lambda value: datetime.fromisoformat(value.decode()).replace(tzinfo=UTC)
)


class Unusual(Exception):
    """What this is about is for the store: a lock, another schema, a question with words in it."""


class EarlyReads:
    """One SQLite file, as far as the first frames need it. Every method raises Unusual."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = host_clock) -> None:
        self._path = path
        self._clock = clock
        # One thread: the connection serves one question at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="early-read")
        self._connection: FileConnection | None = None

    async def open(self) -> None:
        """Look at the file; nothing but the present schema and the usual journal will do."""
        await self._in_thread(self._open)

    async def state(self) -> StoreState:
        """See BookingStore; the desk may do everything."""
        return await self._read(self._state)

    async def practices(self) -> tuple[Practice, ...]:
        """See BookingStore."""
        return await self._read(lambda ask: records.practices(ask(PRACTICES)))

    async def practitioners(self) -> tuple[Practitioner, ...]:
        """See BookingStore."""
        return await self._read(lambda ask: records.practitioners(ask(PRACTITIONERS)))

    async def page(
        self, query: BookingQuery, limit: int, position: Position | None, direction: Direction
    ) -> Page:
        """See BookingStore; the query must be everything."""
        if not query.is_everything:
            raise Unusual
        forward, as_of = direction is Direction.FORWARD, query.as_of
        return await self._read(lambda ask: _page(ask, as_of, limit, position, forward))

    async def close(self) -> None:
        """Let go of the file. Calling it twice is harmless."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> None:
        connection = connect(self._path, "ro", detect_types=sqlite3.PARSE_DECLTYPES)
        try:
            connection.row_factory = _row
            connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
            journal = connection.execute("PRAGMA journal_mode").fetchone().journal_mode
            found = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        if journal == "wal" or found is None or found.version_num != REVISIONS[-1]:
            raise Unusual

    async def _read(self, work: "Callable[[_Ask], Answer]") -> Answer:
        return await self._in_thread(lambda: self._transaction(work))

    def _transaction(self, work: "Callable[[_Ask], Answer]") -> Answer:
        connection = self._connection
        if connection is None or not connection.is_at(self._path):
            raise Unusual

        def ask(statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
            # Whole at once: a SELECT that is not read to its end keeps every desk from writing.
            return connection.execute(statement, parameters).fetchall()

        connection.execute("BEGIN")
        try:
            return work(ask)
        finally:
            connection.execute("ROLLBACK")

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        try:
            return await asyncio.wrap_future(self._thread.submit(work))
        except (sqlite3.Error, OSError, ValueError, RuntimeError, LookupError):
            # Neither words of the database nor data from its rows go any further.
            pass
        raise Unusual

    def _state(self, ask: "_Ask") -> StoreState:
        (head,) = ask(HEAD)
        counted = ask(DELIVERIES.format(states=_marks(records.COUNTED_STATES)), records.COUNTED_STATES)
        standing = Standing(why_not_writable=why_not_writable(self._path))
        now = self._clock().astimezone(UTC)
        living = ask(LIVING, [_written(now - records.ALIVE), _written(now + records.ALIVE)])
        troubled, diaries = ask(TROUBLED), ask(DIARIES, [0, DIARIES_AT_ONCE, 0])
        return records.state(
            standing, now, head.change, head.bookings, head.store_id, counted, living, troubled, diaries
        )


_Ask = Callable[..., list[Any]]
"""Sends a statement with its parameters and returns all rows."""


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Any:
    """Return a row as the store's own are: by place, and with its columns as attributes."""
    return _row_of(tuple(column[0] for column in cursor.description))(values)


@cache
def _row_of(columns: tuple[str, ...]) -> type[tuple[Any, ...]]:
    by_name = {name: property(itemgetter(place)) for place, name in enumerate(columns)}
    return type("Row", (tuple,), by_name)


def _written(moment: datetime) -> str:
    """Return a moment as the store writes it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _page(ask: _Ask, as_of: datetime, limit: int, position: Position | None, forward: bool) -> Page:
    ids = _next(ask, limit + 1, position, forward)
    shown = ids[:limit] if forward else ids[limit - 1 :: -1]
    rows = ask(LISTED, [*[_written(as_of)] * _MOMENTS, json.dumps(shown)]) if shown else []
    by_id = {row[0]: row for row in rows}
    return Page(records.listed([by_id[one] for one in shown], as_of), more=len(ids) > limit)


def _next(ask: _Ask, limit: int, position: Position | None, forward: bool) -> list[int]:
    """Return the ids beyond a position, in the order of the direction."""
    low, high = _FIRST, _LAST
    if position is not None:
        here = _written(position.starts_at), max(-1, min(position.id, LAST_ID))
        low, high = (max(low, here), high) if forward else (low, min(high, here))
    if low >= high:
        return []
    statement = NEXT.format(way="ASC" if forward else "DESC", limit=limit)
    return [row.id for row in ask(statement, (*low, *high, 0))]
