"""Bulk load: bookings from a file, a seed or a PMS, matched with those that are there."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from frontdesk.arrivals import IncomingBooking, Loaded, LoadOutcome
from frontdesk.audit import Action
from frontdesk.bookings import Booking, Operator, Practice
from frontdesk.merging import Reading, merge
from frontdesk.store.bounds import why_not_taken, within_bounds
from frontdesk.store.sql import moved_marks
from frontdesk.store.sql.books import Books, Record
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.histories import of_cancelling
from frontdesk.store.sql.practitioners import Practitioners
from frontdesk.store.sql.sealing import Deed, seal
from frontdesk.store.sql.selects import BOOKING
from frontdesk.store.sql.subjects import SUBJECTS
from frontdesk.text import clean_fields

_KEYS_AT_ONCE = 1000


class _BadLine(Exception):
    """What is wrong with a line: the CSV's name of the field, and the operator's words."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field
        self.problem = problem


def load(
    tx: Connection,
    database: Database,
    batch: Sequence[IncomingBooking],
    operator: Operator,
    source: str,
) -> tuple[Loaded, ...]:
    """Put a batch in within the caller's transaction; see Registry.load."""
    database.lock_loading(tx)
    incoming = [clean_fields(one) for one in batch]
    loading = _Load(tx, incoming, operator, database.now(tx))
    outcomes = tuple(loading.take(one) for one in incoming)
    marked = loading.falsely_marked()
    new = loading.books.write(database)
    counts = Counter(one.outcome for one in outcomes)
    if counts[LoadOutcome.NEW] or counts[LoadOutcome.CHANGED]:
        detail = {"source": source} | {one.name.lower(): str(counts[one]) for one in LoadOutcome}
        deed = Deed(Action.BOOKING_IMPORTED, operator, loading.at, detail=detail, new_bookings=new)
        taken_back, news = moved_marks.take_back(tx, marked, operator, source, loading.at)
        seal(tx, database, *loading.deeds(source), *taken_back, deed, news=news)
    return outcomes


class _Load:
    """What one batch finds in the store, and what it makes of it."""

    def __init__(
        self, tx: Connection, batch: Sequence[IncomingBooking], operator: Operator, at: datetime
    ) -> None:
        self.at = at
        self.books = Books(tx, {one.practice_id for one in batch}, operator, at, {one.ref for one in batch})
        self._tx = tx
        self._operator = operator
        self._by_ref: dict[tuple[str, str], Record] = {}
        self._by_pms_ref: dict[tuple[str, str], Record] = {}
        self._deeds: list[Deed] = []
        self._falsely_marked: set[int] = set()
        self._practitioners = Practitioners(tx, {one.practice_id for one in batch})
        self._practitioners.rename(self._practitioners.renamed(batch), at)
        self._fetch(batch)
        self._readings = {
            practice.id: Reading(operator, at, practice.zone) for practice in self.books.practices.values()
        }

    def _fetch(self, batch: Iterable[IncomingBooking]) -> None:
        keys: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
        for one in batch:
            refs, pms_refs = keys.setdefault(one.practice_id, ({}, {}))
            if one.ref:
                refs[one.ref] = None
            if one.pms_ref:
                pms_refs[one.pms_ref] = None
        found: set[int] = set()
        for practice_id, (refs, pms_refs) in keys.items():
            for column, wanted in ((BOOKING.c.ref, list(refs)), (BOOKING.c.pms_ref, list(pms_refs))):
                for start in range(0, len(wanted), _KEYS_AT_ONCE):
                    some = wanted[start : start + _KEYS_AT_ONCE]
                    query = select(BOOKING.c.id).where(BOOKING.c.practice_id == practice_id, column.in_(some))
                    found.update(self._tx.execute(query).scalars())
        for record in self.books.found(found):
            self._index(record)

    def _index(self, record: Record) -> None:
        values = record.values
        self._by_ref[values["practice_id"], values["ref"]] = record
        if values["pms_ref"]:
            self._by_pms_ref[values["practice_id"], values["pms_ref"]] = record

    def _unindex(self, record: Record) -> None:
        values = record.values
        del self._by_ref[values["practice_id"], values["ref"]]
        if values["pms_ref"]:
            del self._by_pms_ref[values["practice_id"], values["pms_ref"]]

    def take(self, incoming: IncomingBooking) -> Loaded:
        """Decide what becomes of one line; `write` carries it out."""
        try:
            practice = self._checked(incoming)
            record = self._match(incoming)
        except _BadLine as bad:
            return Loaded(incoming.line, LoadOutcome.BAD, bad.field, bad.problem)
        incoming, unread = within_bounds(incoming)
        return Loaded(incoming.line, self._merge(incoming, record, practice), unread=unread)

    def _merge(self, incoming: IncomingBooking, record: Record | None, practice: Practice) -> LoadOutcome:
        there = None if record is None else record.values
        practitioner_id = self._practitioners.meant(incoming, there["practitioner_id"] if there else None)
        merged = merge(there, incoming, practitioner_id, self._readings[practice.id])
        if record is None:
            self._index(self.books.make(merged.values, incoming.practitioner_name))
            return LoadOutcome.NEW
        if merged.is_kept:
            return LoadOutcome.KEPT
        if not merged.values:
            return LoadOutcome.UNCHANGED
        if record.id is not None:
            if merged.falls:
                self._falsely_marked.add(record.id)
            self._deeds += of_cancelling(record.id, record.values, merged.values, self._operator, self.at)
        self._unindex(record)
        self.books.change(record, merged.values, incoming.practitioner_name)
        self._index(record)
        return LoadOutcome.CHANGED

    def falsely_marked(self) -> Sequence[Booking]:
        """Return the bookings whose mark falls, as they are before they are written, by id."""
        found: Sequence[Booking] = SUBJECTS["booking"].many(self._tx, sorted(self._falsely_marked))
        return sorted(found, key=lambda one: one.id)

    def deeds(self, source: str) -> list[Deed]:
        """Return what was done to single bookings, for their history."""
        return [replace(deed, detail={"source": source, **deed.detail}) for deed in self._deeds]

    def _checked(self, incoming: IncomingBooking) -> Practice:
        practice = self.books.practices.get(incoming.practice_id)
        if practice is None:
            raise _BadLine("practice", f"no practice has the id {incoming.practice_id!r}")
        if problem := why_not_taken(incoming):
            raise _BadLine(*problem)
        return practice

    def _match(self, incoming: IncomingBooking) -> Record | None:
        by_ref = self._by_ref.get((incoming.practice_id, incoming.ref)) if incoming.ref else None
        if not incoming.pms_ref:
            return by_ref
        by_pms_ref = self._by_pms_ref.get((incoming.practice_id, incoming.pms_ref))
        if by_ref is None:
            return by_pms_ref
        if by_pms_ref is by_ref or (by_pms_ref is None and not by_ref.values["pms_ref"]):
            return by_ref
        raise _BadLine("ref", f"names another booking than pms_ref {incoming.pms_ref!r}")
