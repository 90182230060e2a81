"""The mirror: what a diary said last of each of its appointments, whatever became of it here.

Which ids of a slice were seen is kept with the slice by who reads it: a row that says nothing new is not written.
All of it goes on in the transaction of the caller, who holds the place.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Place
from frontdesk.store.sql.judging import Judged as Judged
from frontdesk.store.sql.judging import judge as judge
from frontdesk.store.sql.mirrored import (
    CLOSED,
    GONE,
    OPEN,
    STALE,
    at_place,
    is_under_way,
    practice_of,
    values_of,
)
from frontdesk.store.sql.reconciling import Reconciled as Reconciled
from frontdesk.store.sql.reconciling import reconcile as reconcile
from frontdesk.store.sql.selects import MIRROR
from frontdesk.text import clean_fields

_REFS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Noted:
    """How many entries were new, said something else than before, and said nothing new."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def note(tx: Connection, place: Place, run_id: int, entries: Sequence[DiaryEntry], now: datetime) -> Noted:
    """Keep what a diary says of these appointments now, and what of it is to be dealt with.

    Of two entries with one id the last counts. An appointment that was gone and is there again says something new.
    """
    practice = practice_of(tx, place)
    zone = practice.time_zone if practice else ""
    said = {entry.ref: values_of(entry, zone) for entry in map(clean_fields, entries)}
    there = _rows(tx, place, list(said))
    fresh = [
        {**_placed(place, ref), **values, **_new(run_id, now)}
        for ref, values in said.items()
        if ref not in there
    ]
    if fresh:
        tx.execute(insert(MIRROR), fresh)
    changed = [
        _changed(there[ref], values, run_id, now)
        for ref, values in said.items()
        if ref in there and there[ref].digest != values["digest"]
    ]
    if changed:
        _write(tx, changed)
    # What waits for something goes by when it was read last.
    again = [
        row.id
        for ref, row in there.items()
        if row.state != CLOSED and row.digest == said[ref]["digest"] and row.noted_at != now
    ]
    for start in range(0, len(again), _REFS_AT_ONCE):
        noted = update(MIRROR).where(MIRROR.c.id.in_(again[start : start + _REFS_AT_ONCE]))
        tx.execute(noted.values(noted_at=now))
        tx.execute(noted.where(MIRROR.c.state == STALE).values(state=OPEN))
    return Noted(len(fresh), len(changed), len(said) - len(fresh) - len(changed))


def _rows(tx: Connection, place: Place, refs: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(refs), _REFS_AT_ONCE):
        query = select(MIRROR).where(at_place(place), MIRROR.c.ref.in_(refs[start : start + _REFS_AT_ONCE]))
        found |= {row.ref: row for row in tx.execute(query.order_by(MIRROR.c.id).with_for_update())}
    return found


def _placed(place: Place, ref: str) -> dict[str, Any]:
    return {"connection": place.connection, "location": place.location, "ref": ref}


def _new(run_id: int, now: datetime) -> dict[str, Any]:
    return {
        "generation": 1,
        "first_seen": now,
        "noted_at": now,
        "changed_at": now,
        "changed_run": run_id,
        "successor_ref": "",
        "was": "",
        "state": OPEN,
        "effect": "",
        "why": "",
        "seen_version": 0,
    }


def _changed(row: Row[Any], values: dict[str, Any], run_id: int, now: datetime) -> dict[str, Any]:
    """Return the columns of a row that says something new, with its id."""
    anew = {**values, **_to_deal_with(row, run_id, now), "gone_at": None, "successor_ref": ""}
    is_as_written = row.time_text and (row.time_text, row.said["zone"]) == (
        values["time_text"],
        values["said"]["zone"],
    )
    if is_as_written:
        length = values["ends_at"] - values["starts_at"] if values["ends_at"] else None
        anew |= {
            "starts_at": row.starts_at,
            "ends_at": row.starts_at + length if length is not None else None,
        }
    return anew


def _to_deal_with(row: Row[Any], run_id: int, now: datetime) -> dict[str, Any]:
    was = (GONE if row.gone_at else row.status) if row.state == CLOSED else row.was
    return {
        "row_id": row.id,
        "was": was,
        "noted_at": now,
        "changed_at": now,
        "changed_run": run_id,
        "state": OPEN,
        "effect": "",
        "why": "",
    }


def _write(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    names = [name for name in rows[0] if name != "row_id"]
    writing = update(MIRROR).where(MIRROR.c.id == bindparam("row_id"))
    tx.execute(
        writing.values({MIRROR.c[name]: bindparam(f"new_{name}") for name in names}),
        [{"row_id": row["row_id"]} | {f"new_{name}": row[name] for name in names} for row in rows],
    )


def note_gone(tx: Connection, place: Place, run_id: int, ref: str, successor: str, now: datetime) -> None:
    """Keep that an appointment is there no more, for certain, with the id that it has now where that is told."""
    row = _rows(tx, place, [ref]).get(ref)
    if row is None or (row.gone_at is not None and row.successor_ref == successor):
        return
    # Whatever is said of it once it is there again is something new.
    gone = {"gone_at": now, "successor_ref": successor, "digest": ""}
    _write(tx, [{**_to_deal_with(row, run_id, now), **gone}])


def missing(
    tx: Connection, place: Place, refs_seen: Collection[str], start: datetime, end: datetime
) -> tuple[str, ...]:
    """Return the ids that are to start from `start` until before `end`, by time, and that nobody has seen.

    What was cancelled or gone is not missed, nor what is under way: it is settled first.
    """
    query = select(MIRROR.c.ref).where(
        at_place(place),
        MIRROR.c.starts_at >= start,
        MIRROR.c.starts_at < end,
        MIRROR.c.gone_at.is_(None),
        MIRROR.c.status != AppointmentStatus.CANCELLED.value,
        ~is_under_way(),
    )
    seen = set(refs_seen)
    found = tx.execute(query.order_by(MIRROR.c.starts_at, MIRROR.c.ref)).scalars()
    return tuple(ref for ref in found if ref not in seen)


def to_read_again(tx: Connection, place: Place, limit: int) -> tuple[str, ...]:
    """Return ids whose appointments may have been read before what was done here was proven."""
    query = select(MIRROR.c.ref).where(at_place(place), MIRROR.c.state == STALE)
    return tuple(tx.execute(query.order_by(MIRROR.c.id).limit(limit)).scalars())
