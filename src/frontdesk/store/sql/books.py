"""Bookings as sources make and change them: in memory first, then all of them written at once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from frontdesk.bookings import Operator, Practice
from frontdesk.merging import Values
from frontdesk.store import records
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.derived import derived, derived_from
from frontdesk.store.sql.selects import APPOINTMENT_TYPE, BOOKING, PRACTICE
from frontdesk.text import made_up_code

_REFS_AT_ONCE = 500
_KEYS_AT_ONCE = 1000


@dataclass(slots=True, eq=False)
class Record:
    """A booking as it will stand; `id` None is one that is not there yet."""

    id: int | None
    values: Values


class Books:
    """What a transaction makes of bookings of some practices. `taken` are references that no new one may be given."""

    def __init__(
        self,
        tx: Connection,
        practice_ids: Collection[str],
        operator: Operator,
        at: datetime,
        taken: Collection[str] = (),
    ) -> None:
        theirs = select(PRACTICE).where(PRACTICE.c.id.in_(practice_ids))
        self.practices = {row.id: records.practice(row) for row in tx.execute(theirs).all()}
        self.new: list[Record] = []
        self._tx = tx
        self._operator = operator
        self._at = at
        types = select(APPOINTMENT_TYPE.c.practice_id, APPOINTMENT_TYPE.c.name)
        known = types.where(APPOINTMENT_TYPE.c.practice_id.in_(self.practices))
        self._types = {(row.practice_id, row.name) for row in tx.execute(known)}
        self._new_types: list[tuple[str, str]] = []
        # Updates run in the order of their last change, so a reference set free can be taken.
        self._changed: dict[int, Record] = {}
        self._taken = set(taken)
        self._free_refs: list[str] = []

    def found(self, ids: Iterable[int], *, is_locked: bool = True) -> list[Record]:
        """Return bookings as they stand, locked by id, as whoever locks several of them does."""
        wanted, found = sorted(ids), []
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            query = select(BOOKING).where(BOOKING.c.id.in_(wanted[start : start + _KEYS_AT_ONCE]))
            query = query.order_by(BOOKING.c.id)
            rows = self._tx.execute(query.with_for_update() if is_locked else query).mappings()
            found += [Record(row["id"], dict(row)) for row in rows]
        return found

    def make(self, values: Values, practitioner_name: str) -> Record:
        """Return a new booking; one without a reference gets one that nobody has."""
        practice = self.practices[values["practice_id"]]
        values["ref"] = values["ref"] or self._free_ref()
        values.update(derived(values, practitioner_name, practice))
        self._note_type(practice, values["appointment_type"])
        record = Record(None, values)
        self.new.append(record)
        self._taken.add(values["ref"])
        return record

    def change(self, record: Record, changed: Mapping[str, Any], practitioner_name: str) -> None:
        """Give a booking other values, and its next version if it was there before."""
        values = record.values
        practice = self.practices[values["practice_id"]]
        values.update(changed)
        values.update(derived_from(changed, values, practitioner_name, practice))
        self._note_type(practice, values["appointment_type"])
        if record.id is not None:
            values.update(
                version=values["version"] + 1,
                changed_by=self._operator.name,
                changed_via=self._operator.via,
                changed_at=self._at,
            )
            self._changed.pop(record.id, None)
            self._changed[record.id] = record

    def _note_type(self, practice: Practice, name: str) -> None:
        key = practice.id, name
        if name and key not in self._types:
            self._types.add(key)
            self._new_types.append(key)

    def _free_ref(self) -> str:
        """Return a reference that no booking of the store has, and none that is made here."""
        while not self._free_refs:
            made = {made_up_code() for _ in range(_REFS_AT_ONCE)}
            taken = select(BOOKING.c.ref).where(BOOKING.c.ref.in_(made))
            made -= set(self._tx.execute(taken).scalars())
            self._free_refs = list(made - self._taken)
        return self._free_refs.pop()

    def write(self, database: Database) -> int:
        """Write all of it; return how many bookings are new."""
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
        if self.new:
            database.insert_many(self._tx, BOOKING, [record.values for record in self.new])
        return len(self.new)
