"""Bulk load: bookings from a file, a seed or a PMS, matched with those that are there."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from frontdesk.arrivals import IncomingBooking, Loaded, LoadOutcome
from frontdesk.attendance import is_too_early
from frontdesk.audit import Action
from frontdesk.bookings import Attendance, Booking, Operator, Origin, Practice, Presence
from frontdesk.store import records
from frontdesk.store.bounds import why_not_taken, within_bounds
from frontdesk.store.sql import moved_marks
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.derived import derived
from frontdesk.store.sql.sealing import Deed, seal
from frontdesk.store.sql.selects import APPOINTMENT_TYPE, BOOKING, PRACTICE, PRACTITIONER
from frontdesk.store.sql.subjects import SUBJECTS
from frontdesk.text import clean_fields, made_up_code

_REFS_AT_ONCE = 500
_KEYS_AT_ONCE = 1000

Values = dict[str, Any]

_OPTIONAL = {
    "patient_dob": "patient_birth_date",
    "patient_mobile": "patient_mobile",
    "patient_email": "patient_email",
    "new_patient": "patient_is_new",
    "pms_patient_ref": "patient_pms_ref",
    "appointment_type": "appointment_type",
    "fee": "fee_cents",
}
"""The columns that keep what they have where a source says nothing about them, by their names in a CSV file."""

_NOT_CANCELLED: Values = {
    "cancelled": False,
    "cancelled_at": None,
    "cancelled_by": "",
    "cancelled_via": "",
    "cancelled_origin": "",
    "cancellation_reason": "",
    "cancellation_note": "",
    "cancellation_filed": "",
}


_NOT_MARKED: Values = {
    "attendance": Presence.NONE.value,
    "attendance_origin": Origin.HERE.value,
    "attendance_by": "",
    "attendance_via": "",
    "attendance_at": None,
    "attendance_notice": False,
}


_OF_SOURCES = frozenset({"", Origin.PMS.value, Origin.FILE.value})
"""Where something was said that a source may take back. What a newer program did otherwise is no source's."""


class _BadLine(Exception):
    """What is wrong with a line: the CSV's name of the field, and the operator's words."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field
        self.problem = problem


@dataclass(slots=True, eq=False)
class _Record:
    """A booking as it will stand after the load; `id` None is one that is not there yet."""

    id: int | None
    values: Values


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
    new = loading.write(database)
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
        self._tx = tx
        self._operator = operator
        self._practices = {row.id: records.practice(row) for row in tx.execute(select(PRACTICE)).all()}
        types = select(APPOINTMENT_TYPE.c.practice_id, APPOINTMENT_TYPE.c.name)
        self._types = {(row.practice_id, row.name) for row in tx.execute(types)}
        self._new_types: list[tuple[str, str]] = []
        self._by_ref: dict[tuple[str, str], _Record] = {}
        self._by_pms_ref: dict[tuple[str, str], _Record] = {}
        self._new: list[_Record] = []
        # Updates run in the order of their last change, so a reference set free can be taken.
        self._changed: dict[int, _Record] = {}
        self._deeds: list[Deed] = []
        self._falsely_marked: set[int] = set()
        self._fetch(batch)
        self._practitioners: dict[tuple[str, str], dict[str, int]] = {}
        self._read_practitioners({one.practice_id for one in batch})
        self._free_refs: list[str] = []
        self._named_refs = {one.ref for one in batch}

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
        # By id, as whoever locks several of them does.
        ids = sorted(found)
        for start in range(0, len(ids), _KEYS_AT_ONCE):
            query = select(BOOKING).where(BOOKING.c.id.in_(ids[start : start + _KEYS_AT_ONCE]))
            for row in self._tx.execute(query.order_by(BOOKING.c.id).with_for_update()).mappings():
                self._index(_Record(row["id"], dict(row)))

    def _index(self, record: _Record) -> None:
        values = record.values
        self._by_ref[values["practice_id"], values["ref"]] = record
        if values["pms_ref"]:
            self._by_pms_ref[values["practice_id"], values["pms_ref"]] = record

    def _unindex(self, record: _Record) -> None:
        values = record.values
        del self._by_ref[values["practice_id"], values["ref"]]
        if values["pms_ref"]:
            del self._by_pms_ref[values["practice_id"], values["pms_ref"]]

    def _read_practitioners(self, practice_ids: Iterable[str]) -> None:
        query = select(PRACTITIONER).where(PRACTITIONER.c.practice_id.in_(practice_ids))
        for row in self._tx.execute(query).all():
            self._practitioners.setdefault((row.practice_id, row.name), {})[row.pms_ref] = row.id

    def take(self, incoming: IncomingBooking) -> Loaded:
        """Decide what becomes of one line; `write` carries it out."""
        try:
            practice = self._checked(incoming)
            record = self._match(incoming)
        except _BadLine as bad:
            return Loaded(incoming.line, LoadOutcome.BAD, bad.field, bad.problem)
        incoming, unread = within_bounds(incoming)
        return Loaded(incoming.line, self._merge(incoming, record, practice), unread=unread)

    def _merge(self, incoming: IncomingBooking, record: _Record | None, practice: Practice) -> LoadOutcome:
        if record is None:
            record = _Record(None, self._new_values(incoming, practice))
            self._new.append(record)
            self._index(record)
            return LoadOutcome.NEW
        there = record.values
        if incoming.cancelled_at is None and there["cancelled_origin"] not in _OF_SOURCES:
            return LoadOutcome.KEPT
        fresh = self._incoming_values(incoming, there)
        for field in incoming.unsaid:
            if column := _OPTIONAL.get(field):
                fresh[column] = there[column]
        if "ends_at" in incoming.unsaid and fresh["starts_at"] == there["starts_at"]:
            fresh["ends_at"] = there["ends_at"]
        is_reinstated = there["cancelled"] and incoming.cancelled_at is None
        if is_reinstated and "cancelled_at" not in incoming.unsaid:
            fresh |= _NOT_CANCELLED
        if self._is_marked_falsely(fresh, there, practice):
            fresh |= _NOT_MARKED
            if record.id is not None:
                self._falsely_marked.add(record.id)
        if "attendance" not in incoming.unsaid:
            fresh |= self._attendance(incoming.attendance, there | fresh)
        if all(there[name] == value for name, value in fresh.items()):
            return LoadOutcome.UNCHANGED
        self._tell_of_cancelling(record, fresh)
        self._change(record, fresh, incoming.practitioner_name)
        return LoadOutcome.CHANGED

    def _is_marked_falsely(self, fresh: Values, there: Values, practice: Practice) -> bool:
        """Whether what is marked was marked at another time, and nobody can know it of the new one."""
        starts_at = fresh["starts_at"]
        if starts_at == there["starts_at"]:
            return False
        return is_too_early(Presence(there["attendance"]), starts_at, practice.zone, self.at)

    def falsely_marked(self) -> Sequence[Booking]:
        """Return the bookings whose mark falls, as they are before `write`, by id."""
        found: Sequence[Booking] = SUBJECTS["booking"].many(self._tx, sorted(self._falsely_marked))
        return sorted(found, key=lambda one: one.id)

    def _tell_of_cancelling(self, record: _Record, fresh: Values) -> None:
        """Keep what a source says of a booking's cancellation for its history: the row forgets what was."""
        there = record.values
        if record.id is None or fresh.get("cancelled", there["cancelled"]) == there["cancelled"]:
            return
        detail = {"version": str(there["version"] + 1)}
        action = Action.BOOKING_CANCELLED
        if there["cancelled"]:
            action = Action.BOOKING_REINSTATED
            detail |= {
                "cancelled_at": there["cancelled_at"].isoformat(),
                "cancelled_by": str(Operator(there["cancelled_by"], there["cancelled_via"])),
                "cancelled_origin": there["cancelled_origin"],
                "cancellation_reason": there["cancellation_reason"],
            }
        else:
            detail |= {
                "reason": fresh["cancellation_reason"],
                "cancelled_at": fresh["cancelled_at"].isoformat(),
            }
        self._deeds.append(
            Deed(action, self._operator, self.at, is_shown=False, booking_id=record.id, detail=detail)
        )

    def deeds(self, source: str) -> list[Deed]:
        """Return what was done to single bookings, for their history."""
        return [replace(deed, detail={"source": source, **deed.detail}) for deed in self._deeds]

    def _change(self, record: _Record, fresh: Values, practitioner_name: str) -> None:
        self._unindex(record)
        values = record.values
        values.update(fresh)
        values.update(derived(values, practitioner_name, self._practices[values["practice_id"]]))
        if record.id is not None:
            values.update(
                version=values["version"] + 1,
                changed_by=self._operator.name,
                changed_via=self._operator.via,
                changed_at=self.at,
            )
            self._changed.pop(record.id, None)
            self._changed[record.id] = record
        self._index(record)

    def _checked(self, incoming: IncomingBooking) -> Practice:
        practice = self._practices.get(incoming.practice_id)
        if practice is None:
            raise _BadLine("practice", f"no practice has the id {incoming.practice_id!r}")
        if problem := why_not_taken(incoming):
            raise _BadLine(*problem)
        return practice

    def _match(self, incoming: IncomingBooking) -> _Record | None:
        by_ref = self._by_ref.get((incoming.practice_id, incoming.ref)) if incoming.ref else None
        if not incoming.pms_ref:
            return by_ref
        by_pms_ref = self._by_pms_ref.get((incoming.practice_id, incoming.pms_ref))
        if by_ref is None:
            return by_pms_ref
        if by_pms_ref is by_ref or (by_pms_ref is None and not by_ref.values["pms_ref"]):
            return by_ref
        raise _BadLine("ref", f"names another booking than pms_ref {incoming.pms_ref!r}")

    def _incoming_values(self, incoming: IncomingBooking, there: Values) -> Values:
        """The columns a line decides; what a booking has by itself is kept where the line is silent."""
        patient = incoming.patient
        values: Values = {
            "ref": incoming.ref or there["ref"],
            "pms_ref": incoming.pms_ref or there["pms_ref"],
            "practitioner_id": self._practitioner_id(incoming, there.get("practitioner_id")),
            "patient_name": patient.name,
            "patient_birth_date": patient.birth_date,
            "patient_mobile": patient.mobile,
            "patient_email": patient.email,
            "patient_is_new": patient.is_new,
            "patient_pms_ref": patient.pms_ref,
            "appointment_type": self._appointment_type(incoming),
            "starts_at": incoming.starts_at,
            "ends_at": incoming.ends_at,
            "fee_cents": incoming.fee,
            "created_at": incoming.created_at or there["created_at"],
        }
        if incoming.cancelled_at is not None and not there["cancelled"]:
            values.update(
                cancelled=True,
                cancelled_at=incoming.cancelled_at,
                cancelled_by=self._operator.name,
                cancelled_via=self._operator.via,
                cancelled_origin=incoming.cancelled_origin.value,
                cancellation_reason=incoming.cancellation_reason,
            )
        return values

    def _attendance(self, said: Attendance | None, there: Values) -> Values:
        """The columns of what a source says of whether the patient came; what the desk said stays."""
        if there["attendance_origin"] not in _OF_SOURCES and there["attendance_at"] is not None:
            return {}
        if said is None or said.presence is Presence.NONE:
            return _NOT_MARKED
        if there["attendance"] == said.presence and there["attendance_notice"] == said.notice:
            return {}
        return {
            "attendance": said.presence.value,
            "attendance_origin": said.origin.value,
            "attendance_by": self._operator.name,
            "attendance_via": self._operator.via,
            "attendance_at": said.at or self.at,
            "attendance_notice": said.notice,
        }

    def _new_values(self, incoming: IncomingBooking, practice: Practice) -> Values:
        values: Values = {
            "version": 1,
            "practice_id": practice.id,
            **_NOT_CANCELLED,
            **_NOT_MARKED,
            "intent_id": None,
            "intent_kind": "",
            "intent_at": None,
            "has_deliveries": False,
            "changed_by": "",
            "changed_via": "",
            "changed_at": None,
        }
        blank = {"ref": "", "pms_ref": None, "created_at": None, "cancelled": False}
        values.update(self._incoming_values(incoming, blank))
        values.update(self._attendance(incoming.attendance, values))
        values["ref"] = values["ref"] or self._free_ref()
        values.update(derived(values, incoming.practitioner_name, practice))
        return values

    def _practitioner_id(self, incoming: IncomingBooking, there: int | None) -> int:
        ref = incoming.practitioner_pms_ref
        named = self._practitioners.setdefault((incoming.practice_id, incoming.practitioner_name), {})
        if "pms_practitioner_ref" in incoming.unsaid:
            if there is not None and there in named.values():
                return there
            if len(named) == 1:
                return next(iter(named.values()))
        if ref not in named:
            made = insert(PRACTITIONER).values(
                practice_id=incoming.practice_id, name=incoming.practitioner_name, pms_ref=ref
            )
            named[ref] = self._tx.execute(made.returning(PRACTITIONER.c.id)).scalar_one()
        return named[ref]

    def _appointment_type(self, incoming: IncomingBooking) -> str:
        key = incoming.practice_id, incoming.appointment_type
        if key[1] and key not in self._types:
            self._types.add(key)
            self._new_types.append(key)
        return key[1]

    def _free_ref(self) -> str:
        """Return a reference that no booking of the store has, nor any line of this batch."""
        while not self._free_refs:
            made = {made_up_code() for _ in range(_REFS_AT_ONCE)}
            taken = select(BOOKING.c.ref).where(BOOKING.c.ref.in_(made))
            made -= set(self._tx.execute(taken).scalars())
            made -= {ref for _, ref in self._by_ref} | self._named_refs
            self._free_refs = list(made)
        return self._free_refs.pop()

    def write(self, database: Database) -> int:
        """Write what `take` decided; return how many bookings are new."""
        if self._new_types:
            rows = [{"practice_id": practice_id, "name": name} for practice_id, name in self._new_types]
            self._tx.execute(insert(APPOINTMENT_TYPE), rows)
        if self._changed:
            columns = [column for column in BOOKING.c if column.name != "id"]
            changing = update(BOOKING).where(BOOKING.c.id == bindparam("row_id"))
            self._tx.execute(
                changing.values({column: bindparam(f"new_{column.name}") for column in columns}),
                [
                    {"row_id": record.id} | {f"new_{c.name}": record.values[c.name] for c in columns}
                    for record in self._changed.values()
                ],
            )
        if self._new:
            database.insert_many(self._tx, BOOKING, [record.values for record in self._new])
        return len(self._new)
