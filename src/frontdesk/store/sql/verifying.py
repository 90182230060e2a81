"""Proving a store's audit, both ways: what its events say is there, and what is there an event says.

It goes in pieces. Each is one short read of one state of the store, into which events that were
written meanwhile are taken first, so desks can work on. What has to be remembered from one piece to
the next (which event has which command, which event has left what) is in a temporary file of its own.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from frontdesk.api.asks import content_digest
from frontdesk.audit import GENESIS, AuditEvent, Flaw, Flaws, first_broken_link
from frontdesk.bookings import Operator
from frontdesk.commands import KINDS, Subject
from frontdesk.deliveries import Kind, State
from frontdesk.errors import Unavailable
from frontdesk.open_words import not_known_here
from frontdesk.store.port import DISPATCHER
from frontdesk.store.sql import proving, selects
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.proving import Left
from frontdesk.store.sql.sealing import head
from frontdesk.store.sql.selects import AUDIT, BOOKING, COMMAND, DELIVERY
from frontdesk.store.sql.subjects import SUBJECTS

ROWS = 500
"""Rows that one piece reads of a table. On SQLite desks wait with their COMMIT as long as it takes."""

_UNREADABLE = (ValueError, TypeError, AttributeError)
"""What a row raises that is none of a thing, as somebody has made it."""

MOST = 20
"""Flaws that are told; those beyond are counted."""

_WEIGHTS = {"events": 0.6, "things": 0.2, "commands": 0.1, "deliveries": 0.05, "made": 0.05}
"""What part of the work each pass is, for a progress bar."""


async def verify(database: Database, on_progress: Callable[[float], None]) -> Flaws | None:
    """Return what does not fit, None where all of it does; `on_progress` gets the part that is done, 0 to 1.

    Raises Unavailable.
    """
    try:
        with closing(_Notes()) as notes:
            proof = _Proof(notes)
            done, told = 0.0, 0.0
            for name, piece in proof.passes():
                share = 0.0
                while share < 1:
                    share = await database.read(piece)
                    # What desks write meanwhile is more to do: a bar that goes back would only puzzle.
                    told = max(told, done + share * _WEIGHTS[name])
                    on_progress(told)
                done += _WEIGHTS[name]
            return proof.flaws()
    except sqlite3.Error as error:
        raise Unavailable(
            f"The folder for temporary files cannot be used ({error}): make room in it, or name another"
            " in SQLITE_TMPDIR; the store was only read."
        ) from None


class _Notes:
    """What was seen so far, in a file without a name that goes when it is closed."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE command (id TEXT PRIMARY KEY, event INTEGER) WITHOUT ROWID",
            "CREATE TABLE thing (kind TEXT, id INTEGER, names TEXT, digest TEXT, event INTEGER,"
            " PRIMARY KEY (kind, id)) WITHOUT ROWID",
        ):
            self._file.execute(statement)

    def close(self) -> None:
        self._file.close()

    def event_of(self, command_id: object) -> int | None:
        """Return the event of a command, if one was seen."""
        row = self._file.execute("SELECT event FROM command WHERE id = ?", [str(command_id)]).fetchone()
        return None if row is None else int(row[0])

    def note_command(self, command_id: object, event: int) -> None:
        self._file.execute("INSERT INTO command VALUES (?, ?)", [str(command_id), event])

    def note_left(self, left: Iterable[Left], event: int) -> None:
        """Note what an event has left: what one before it left in the same things does not count any more."""
        rows = [(one.subject.kind, one.subject.id, "+".join(one.names), one.digest, event) for one in left]
        self._file.executemany("INSERT OR REPLACE INTO thing VALUES (?, ?, ?, ?, ?)", rows)

    def has(self, subject: Subject) -> bool:
        """Whether any event was about this thing."""
        found = self._file.execute(
            "SELECT 1 FROM thing WHERE (kind, id) = (?, ?)", [subject.kind, subject.id]
        )
        return found.fetchone() is not None

    def left_after(self, subject: Subject) -> list[tuple[Left, int]]:
        """Return what was left in the things that follow this one, some at a time, and by which event."""
        rows = self._file.execute(
            "SELECT kind, id, names, digest, event FROM thing WHERE (kind, id) > (?, ?)"
            " ORDER BY kind, id LIMIT ?",
            [subject.kind, subject.id, ROWS // 2 or 1],
        )
        return [
            (Left(Subject(kind, number), tuple(filter(None, names.split("+"))), digest), event)
            for kind, number, names, digest, event in rows
        ]

    def numbers(self) -> tuple[int, int]:
        """Return how many things were noted, and how many commands."""
        counting = "SELECT (SELECT count(*) FROM thing), (SELECT count(*) FROM command)"
        things, commands = self._file.execute(counting).fetchone()
        return things, commands


class _Proof:
    """A proof under way: how far it has got, and what does not fit."""

    def __init__(self, notes: _Notes) -> None:
        self._notes = notes
        self._found: list[Flaw] = []
        self._number_found = 0
        self._last, self._link = 0, GENESIS
        self._is_linked = True
        self._thing, self._things = Subject("", 0), 0
        self._command: UUID | None = None
        self._commands = 0
        self._delivery = 0
        self._kinds, self._made = sorted(SUBJECTS), 0
        self._expected = 0, 0

    def flaws(self) -> Flaws | None:
        return Flaws(tuple(self._found), self._number_found) if self._number_found else None

    def passes(self) -> Iterator[tuple[str, Callable[[Connection], float]]]:
        """Yield each pass with what reads its next piece and returns which part of it is done, 1 for all."""
        yield "events", self._events
        self._expected = self._notes.numbers()
        yield "things", partial(self._up_to_date, self._next_things)
        yield "commands", partial(self._up_to_date, self._next_commands)
        yield "deliveries", partial(self._up_to_date, self._next_deliveries)
        yield "made", partial(self._up_to_date, self._next_made)

    def _up_to_date(self, piece: Callable[[Connection], float], tx: Connection) -> float:
        # What was written since the last piece has its events in this very state of the store.
        return piece(tx) if self._events(tx) == 1 else 0.0

    def _flaw(self, said: str, event: int | None = None) -> None:
        self._number_found += 1
        if len(self._found) < MOST:
            self._found.append(Flaw(said, event))

    # -- events, with their commands and what these planned --------------------------------

    def _events(self, tx: Connection) -> float:
        end = head(tx)
        if end.audit < self._last:
            raise Unavailable("An older state of the store was put back meanwhile: verify the audit again.")
        until = min(self._last + ROWS, end.audit)
        if until > self._last:
            self._take(tx, until)
        if until < end.audit:
            return float(until / end.audit)
        if self._is_linked and self._link != end.audit_digest:
            self._break(end.audit)
        return 1

    def _take(self, tx: Connection, until: int) -> None:
        links = _links(tx, self._last, until)
        if self._is_linked:
            broken = first_broken_link(links, after=self._last, previous=self._link)
            if broken is not None or len(links) < until - self._last:
                self._break(broken or self._last + len(links) + 1)
            else:
                self._link = links[-1][1]
        self._last = until
        self._prove(tx, [event for event, _ in links])

    def _break(self, number: int) -> None:
        # What follows a broken link may be as it was: nothing is known of it.
        self._is_linked = False
        self._flaw(f"audit event {number:,} was changed, or one before it was taken out", number)

    def _prove(self, tx: Connection, events: Sequence[AuditEvent]) -> None:
        wanted = {event.number: _command_id(event) for event in events}
        ids = {one for one in wanted.values() if one is not None}
        commands = {row.id: row for row in tx.execute(select(COMMAND).where(COMMAND.c.id.in_(ids)))}
        following = select(DELIVERY).where(DELIVERY.c.command_id.in_(ids))
        rows = tx.execute(following.order_by(DELIVERY.c.command_id, DELIVERY.c.id)).all()
        planned = {of: list(ones) for of, ones in groupby(rows, key=lambda row: row.command_id)}
        for event in events:
            if event.action not in KINDS and not event.proof:
                continue
            for wrong in self._faults(event, commands.get(wanted[event.number]), planned):
                self._flaw(
                    f"audit event {event.number:,} ({event.action}{_of(tx, event)}): {wrong}", event.number
                )

    def _faults(
        self, event: AuditEvent, row: Row[Any] | None, planned: Mapping[UUID, list[Row[Any]]]
    ) -> Iterator[str]:
        """Say what does not fit an event, and note what it left."""
        if event.action not in KINDS and proving.COMMAND not in event.proof:
            pass  # no command did it: a month that was closed, say
        elif row is None:
            yield "its command is not there"
        elif proving.EFFECT_OF in event.proof:
            if row.kind != event.action:
                yield "it is no effect of its command"
        else:
            if (earlier := self._notes.event_of(row.id)) is not None:
                yield f"event {earlier:,} has the same command"
            else:
                self._notes.note_command(row.id, event.number)
            yield from _of_command(event, row)
            yield from _of_deliveries(event, planned.get(row.id, []))
        try:
            self._notes.note_left(proving.left_by(event), event.number)
        except ValueError:
            yield "what it says of what it wrote cannot be read"

    # -- things, as the last event of each has left them ------------------------------------

    def _next_things(self, tx: Connection) -> float:
        left = self._notes.left_after(self._thing)
        for kind, ones in groupby(left, key=lambda one: one[0].subject.kind):
            expected = [one for one in ones if one[0].names]
            kept = _kept(tx, kind, [one.subject.id for one, _ in expected])
            for one, number in expected:
                if kind not in SUBJECTS:
                    self._flaw(f"{one.subject}: {not_known_here('what it is')}", number)
                elif not one.is_in(kept.get(one.subject.id, {})):
                    self._flaw(f"{_called(tx, one.subject)} is not as audit event {number:,} left it", number)
        if not left:
            return 1
        self._thing = left[-1][0].subject
        self._things += len(left)
        return min(0.99, self._things / (self._expected[0] + 1))

    # -- what is there, and no event may know of ----------------------------------------------

    def _next_commands(self, tx: Connection) -> float:
        query = select(COMMAND.c.id, COMMAND.c.kind, COMMAND.c.booking_id).order_by(COMMAND.c.id).limit(ROWS)
        rows = tx.execute(query if self._command is None else query.where(COMMAND.c.id > self._command)).all()
        for row in rows:
            if self._notes.event_of(row.id) is None:
                self._flaw(f"no audit event has the command {row.id} ({row.kind}{_of(tx, row)})")
        if not rows:
            return 1
        self._command = rows[-1].id
        self._commands += len(rows)
        return min(0.99, self._commands / (self._expected[1] + 1))

    def _next_deliveries(self, tx: Connection) -> float:
        query = select(DELIVERY).where(DELIVERY.c.id > self._delivery).order_by(DELIVERY.c.id).limit(ROWS)
        rows = tx.execute(query).all()
        for row in rows:
            if self._notes.event_of(row.command_id) is None:
                self._flaw(f"no audit event has the command of {_called(tx, Subject('delivery', row.id))}")
            elif _was_settled(row) and not self._notes.has(Subject("delivery", row.id)):
                by = Operator(row.settled_by, row.settled_via)
                called = _called(tx, Subject("delivery", row.id))
                self._flaw(f"{called} was settled by {by}, and no audit event says so")
        if not rows:
            return 1
        self._delivery = rows[-1].id
        last = tx.execute(select(func.max(DELIVERY.c.id))).scalar_one()
        return min(0.99, float(self._delivery / last))

    def _next_made(self, tx: Connection) -> float:
        if not self._kinds:
            return 1
        kind = self._kinds[-1]
        ids = SUBJECTS[kind].made(tx, self._made, ROWS)
        for one in ids:
            if not self._notes.has(Subject(kind, one)):
                self._flaw(f"{_called(tx, Subject(kind, one))} is in the store, and no audit event made it")
        if ids:
            self._made = ids[-1]
        else:
            self._kinds, self._made = self._kinds[:-1], 0
        return 0.5


def _links(tx: Connection, after: int, until: int) -> list[tuple[AuditEvent, str]]:
    """Return events with their digests, without those that cannot be read at all."""
    query = select(AUDIT).where(AUDIT.c.number > after).order_by(AUDIT.c.number)
    try:
        rows = tx.execute(query.where(AUDIT.c.number <= until)).all()
        return [(selects.event(row), row.digest) for row in rows]
    except (ValueError, TypeError):
        if until - after == 1:
            return []
    middle = (after + until) // 2
    return _links(tx, after, middle) + _links(tx, middle, until)


def _command_id(event: AuditEvent) -> UUID | None:
    try:
        return UUID(event.proof.get(proving.COMMAND) or event.proof.get(proving.EFFECT_OF))
    except (ValueError, TypeError, AttributeError):
        return None


def _of_command(event: AuditEvent, row: Row[Any]) -> Iterator[str]:
    """Say in what a command's row differs from its event."""
    asked = row.kind, row.subject_kind, row.subject_id, row.seen, row.operator, row.via, row.payload
    if not event.proof.get(proving.CONTENT) == row.content == content_digest(*asked):
        yield "what its command asked for was changed"
    for name, said, there in (
        ("kind", event.action, row.kind),
        ("subject", event.subject, Subject(row.subject_kind, row.subject_id)),
        ("operator", event.operator, Operator(row.operator, row.via)),
        ("time", event.at, row.at),
        ("booking", event.booking_id, row.booking_id),
    ):
        if said != there:
            yield f"its command has another {name}"


def _of_deliveries(event: AuditEvent, rows: Sequence[Row[Any]]) -> Iterator[str]:
    """Say in what a command's deliveries differ from what its event says was planned."""
    said = str(event.proof.get(proving.DELIVERIES, ""))
    number = len(said.split(", ")) if said else 0
    first, others = rows[:number], rows[number:]
    if proving.kinds_of(first) != said:
        yield f"{said or 'nothing'} was to follow, and {proving.kinds_of(rows) or 'nothing'} is there"
    elif event.proof.get(proving.PLANNED) != proving.planned_digest(first):
        yield "what follows it goes to somebody else than was planned"
    # Only a message that was refused for ever is followed by one on the patient's next channel.
    elif len([row for row in others if _is_message(row)]) < len(others) or len(others) > len(
        [row for row in rows if _is_message(row) and row.state == State.SETTLED and not row.settled_by]
    ):
        yield f"{proving.kinds_of(others)} was not to follow, and is there"


def _is_message(row: Row[Any]) -> bool:
    return row.kind in {Kind.PATIENT_EMAIL, Kind.PATIENT_SMS}


def _was_settled(row: Row[Any]) -> bool:
    """Whether a person settled a delivery, which was not born so; no dispatcher for want of a reason to go on."""
    if row.state != State.SETTLED or not row.settled_by or row.changed_at == row.created_at:
        return False
    return Operator(row.settled_by, row.settled_via) != DISPATCHER


def _kept(tx: Connection, kind: str, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return what things keep now, by their ids, without those that are not there or cannot be read."""
    if kind not in SUBJECTS:
        return {}
    own = SUBJECTS[kind]
    try:
        return {thing.id: own.kept(thing) for thing in own.many(tx, ids)}
    except _UNREADABLE:
        if len(ids) == 1:
            return {}
    middle = len(ids) // 2
    return _kept(tx, kind, ids[:middle]) | _kept(tx, kind, ids[middle:])


def _of(tx: Connection, concerned: Any) -> str:
    """Return the booking that an event or a command concerns, to follow its kind; nothing where it concerns none."""
    return f" of {_reference(tx, concerned.booking_id)}" if concerned.booking_id is not None else ""


def _called(tx: Connection, subject: Subject) -> str:
    """Return what a thing is called, by the reference of its booking: no patient is named."""
    if subject.kind == "booking":
        return _reference(tx, subject.id)
    if subject.kind == "delivery":
        row = tx.execute(select(DELIVERY).where(DELIVERY.c.id == subject.id)).one_or_none()
        if row is not None:
            return f"delivery {subject.id} ({row.kind} of {_reference(tx, row.booking_id)})"
    return f"{subject}{_whose(tx, subject)}"


def _whose(tx: Connection, subject: Subject) -> str:
    """Return the booking that a thing concerns, to follow its name; nothing where it concerns none, or is not there."""
    if subject.kind not in SUBJECTS:
        return ""
    own = SUBJECTS[subject.kind]
    try:
        found = [own.booking_id(thing) for thing in own.many(tx, [subject.id])]
    except _UNREADABLE:
        return ""
    return "".join(f" of {_reference(tx, one)}" for one in found if one is not None)


def _reference(tx: Connection, booking_id: int) -> str:
    query = select(BOOKING.c.practice_id, BOOKING.c.ref).where(BOOKING.c.id == booking_id)
    row = tx.execute(query).one_or_none()
    return (
        f"booking {row.practice_id}/{row.ref}"
        if row
        else f"a booking that is not there any more ({booking_id})"
    )
