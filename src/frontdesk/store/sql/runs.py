"""Runs over places, as rows: how they begin and go on, what a person is asked, and how they end."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from frontdesk.arrivals import Effect, Place
from frontdesk.bookings import Operator, Reason
from frontdesk.diary_runs import (
    ABANDONED_AFTER,
    Decision,
    Kind,
    Lease,
    Run,
    RunState,
    Slice,
    Unmatched,
    Window,
)
from frontdesk.errors import NotFound, Refused
from frontdesk.store.diaries import Asked
from frontdesk.store.sql import places
from frontdesk.store.sql.mirror_reads import digest_of, held_digests
from frontdesk.store.sql.selects import DIARY, DIARY_RUN, DIARY_SLICE

KEPT = timedelta(days=30)
"""How long it is known of a run what it did."""

MISSING = "missing"
"""Stands for the ids that nobody has asked a diary for, beside the words of effects."""

_RUNS = select(DIARY_RUN, DIARY.c.connection, DIARY.c.location).join(
    DIARY, DIARY.c.id == DIARY_RUN.c.diary_id
)


def run(row: Row[Any]) -> Run:
    """Return a run from its row with its place's."""
    return Run(
        number=row.id,
        place=Place(row.connection, row.location),
        kind=Kind(row.kind),
        window=Window(row.starts_at, row.ends_at) if row.starts_at else None,
        started_at=row.started_at,
        began=row.began,
        by=Operator(row.by_name, row.by_via),
        state=RunState(row.state),
        ended_at=row.ended_at,
        read=row.read,
        counts=row.counts,
        held=row.held,
        why=row.why,
        examples=tuple(row.examples),
        decision=Decision(row.decision) if row.decision else None,
        decided_by=Operator(row.decided_by, row.decided_via) if row.decided_by else None,
        decided_at=row.decided_at,
        is_baseline=row.is_baseline,
    )


def latest(tx: Connection, limit: int) -> tuple[Run, ...]:
    """Return the latest runs, the latest first."""
    return tuple(map(run, tx.execute(_RUNS.order_by(DIARY_RUN.c.id.desc()).limit(limit))))


def find(tx: Connection, number: int) -> Row[Any]:
    """Return the row of a run with its place's. Raises NotFound."""
    row = tx.execute(_RUNS.where(DIARY_RUN.c.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {number}: frontdesk sync runs lists those of the last 30 days.")
    return row


def begin(
    tx: Connection,
    lease: Lease,
    kind: Kind,
    window: Window | None,
    began: datetime,
    by: Operator,
    now: datetime,
) -> tuple[Run, tuple[Slice, ...]]:
    """Begin a run, or go on with one; see Diaries."""
    under_way = _RUNS.where(
        DIARY_RUN.c.diary_id == lease.state.number,
        DIARY_RUN.c.state == RunState.READING.value,
    )
    for row in tx.execute(under_way.order_by(DIARY_RUN.c.id.desc())).all():
        found = run(row)
        is_old = now - found.started_at > ABANDONED_AFTER
        if found.kind is not kind and not is_old:
            continue
        if window is not None and found.window == window and not is_old:
            return found, slices_of(tx, found)
        set_run(tx, found.number, state=RunState.ABANDONED.value, ended_at=now)
        forget_slices(tx, found.number)
    values: dict[str, Any] = {
        "diary_id": lease.state.number,
        "kind": kind.value,
        "starts_at": window.starts_at if window else None,
        "ends_at": window.ends_at if window else None,
        "started_at": now,
        "began": began,
        "by_name": by.name,
        "by_via": by.via,
        "state": RunState.READING.value,
        # What is pushed is news from the first message on.
        "is_baseline": kind is not Kind.PUSHED and lease.state.baseline_at is None,
        "read": 0,
        "counts": {},
        "held": {},
        "digests": {},
        "missing": [],
        "why": "",
        "examples": [],
        "decision": "",
        "decided_by": "",
        "decided_via": "",
    }
    number = tx.execute(insert(DIARY_RUN).values(**values).returning(DIARY_RUN.c.id)).scalar_one()
    return run(find(tx, number)), ()


def slices_of(tx: Connection, of: Run) -> tuple[Slice, ...]:
    """Return the slices of a run, in the order in which they are read."""
    rows = tx.execute(select(DIARY_SLICE).where(DIARY_SLICE.c.run_id == of.number).order_by(DIARY_SLICE.c.id))
    return tuple(
        Slice(row.starts_at, row.ends_at, row.expected, row.is_complete, frozenset(row.seen), row.id)
        for row in rows
    )


def plan(tx: Connection, of: Run, slices: Sequence[Slice]) -> tuple[Slice, ...]:
    """Note slices that are to be read; return them with their numbers."""
    made = []
    for one in slices:
        values = {
            "run_id": of.number,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "expected": one.expected,
            "seen": [],
            "is_complete": False,
        }
        number = tx.execute(insert(DIARY_SLICE).values(**values).returning(DIARY_SLICE.c.id)).scalar_one()
        made.append(Slice(one.starts_at, one.ends_at, one.expected, number=number))
    return tuple(made)


def split(tx: Connection, of: Run, whole: Slice, parts: Sequence[Slice]) -> tuple[Slice, ...]:
    """Replace a slice by its parts."""
    tx.execute(delete(DIARY_SLICE).where(DIARY_SLICE.c.id == whole.number))
    return plan(tx, of, parts)


def complete(tx: Connection, slice_: Slice, seen: Sequence[str]) -> None:
    """Note that a slice was read to its proven end, and what it had."""
    tx.execute(
        update(DIARY_SLICE).where(DIARY_SLICE.c.id == slice_.number).values(is_complete=True, seen=seen)
    )


def forget_slices(tx: Connection, number: int) -> None:
    """Forget what a run that has ended has seen."""
    tx.execute(delete(DIARY_SLICE).where(DIARY_SLICE.c.run_id == number))


def forget_old(tx: Connection, lease: Lease, now: datetime) -> None:
    """Forget the runs of a place that nobody asks about any more."""
    of_place = DIARY_RUN.c.diary_id == lease.state.number, DIARY_RUN.c.state != RunState.HELD.value
    tx.execute(delete(DIARY_RUN).where(*of_place, DIARY_RUN.c.ended_at < now - KEPT))


def set_run(tx: Connection, number: int, **values: Any) -> None:
    """Write columns of a run."""
    tx.execute(update(DIARY_RUN).where(DIARY_RUN.c.id == number).values(**values))


def add(tx: Connection, number: int, read: int = 0, done: Mapping[Effect, int] | None = None) -> None:
    """Add to what a run has read, and what it has changed here."""
    row = tx.execute(select(DIARY_RUN.c.read, DIARY_RUN.c.counts).where(DIARY_RUN.c.id == number)).one()
    counts = dict(row.counts)
    for effect, more in (done or {}).items():
        counts[effect.value] = counts.get(effect.value, 0) + more
    set_run(tx, number, read=row.read + read, counts=counts)


def end(
    tx: Connection,
    lease: Lease,
    of: Run,
    counts_as: Kind | None,
    asked: Asked | None,
    unmatched: Unmatched | None,
    now: datetime,
) -> Run:
    """End a run, and note on its place how far it is read and what a person is asked; see Diaries."""
    place, earlier = places.row_of(tx, lease), None
    if place.held_run is not None:
        earlier = find(tx, place.held_run)
        asked = _with_what_is_out_of_sight(asked, earlier, of)
    digests = _digests(tx, lease.place, asked)
    sees_missing = of.window is not None
    ignored = {
        key: digest
        for key, digest in place.ignored.items()
        if digests.get(key) == digest or (key == MISSING and not sees_missing)
    }
    is_asked = any(ignored.get(key) != digest for key, digest in digests.items())
    # A question that stands keeps its number, whoever looks meanwhile.
    is_asked_already = is_asked and earlier is not None and earlier.digests == digests
    values: dict[str, Any] = {"state": RunState.DONE.value, "ended_at": now}
    if asked is not None and not is_asked_already:
        values |= {
            "held": {effect.value: number for effect, number in asked.held.items()},
            "digests": digests,
            "missing": list(asked.missing),
            "why": asked.why,
            "examples": list(asked.examples),
        }
        if is_asked:
            values["state"] = RunState.HELD.value
    set_run(tx, of.number, **values)
    held_run = of.number if is_asked else None
    if earlier is not None and is_asked_already:
        held_run = earlier.id
    elif earlier is not None:
        set_run(tx, earlier.id, state=RunState.DONE.value)
    forget_slices(tx, of.number)
    forget_old(tx, lease, now)
    noted = _read_until(place, of, counts_as)
    if unmatched is not None:
        noted |= {"sites": dict(unmatched.sites), "words": dict(unmatched.words), "unread": unmatched.unread}
    places.put(tx, lease, held_run=held_run, ignored=ignored, **noted)
    return run(find(tx, of.number))


def _read_until(place: Row[Any], of: Run, counts_as: Kind | None) -> dict[str, Any]:
    """Return how far a place is read after a run: every time is that of the run's beginning."""
    if counts_as is Kind.CHANGES:
        return {"changes_at": of.started_at, "cursor": of.began}
    if counts_as is Kind.NEAR:
        return {"near_at": of.started_at}
    if counts_as is Kind.FULL:
        return {
            "near_at": of.started_at,
            "full_at": of.started_at,
            "baseline_at": place.baseline_at or of.started_at,
            "cursor": place.cursor or of.began,
        }
    return {}


def _with_what_is_out_of_sight(asked: Asked | None, earlier: Row[Any], of: Run) -> Asked | None:
    """Return what is asked now, with what is missing since an earlier run that this one could not see."""
    known = Window(earlier.starts_at, earlier.ends_at) if earlier.starts_at else None
    if not earlier.missing or (of.window is not None and known is not None and of.window.covers(known)):
        return asked
    if asked is not None and asked.missing:
        return asked
    held = dict(asked.held) if asked else {}
    held[Effect.GONE] = held.get(Effect.GONE, 0) + len(earlier.missing)
    why = "; ".join(dict.fromkeys(filter(None, (asked.why if asked else "", earlier.why))))
    examples = asked.examples if asked else tuple(earlier.examples)
    return Asked(held, why, examples, tuple(earlier.missing))


def _digests(tx: Connection, place: Place, asked: Asked | None) -> dict[str, str]:
    """Return of what a person is asked: a digest for each part that they may want to hear nothing more of."""
    if asked is None:
        return {}
    held = {effect.value for effect in asked.held}
    found = {effect: digest for effect, digest in held_digests(tx, place).items() if effect in held}
    if asked.missing:
        found[MISSING] = digest_of(asked.missing)
    return found


def refuse_undecidable(row: Row[Any], held_run: int | None, decision: Decision) -> None:
    """Raise Refused where a run has nothing for a person to decide, or nothing of that kind."""
    if row.state != RunState.HELD.value or held_run != row.id or row.decision:
        raise Refused(
            Reason("not-held", f"run {row.id} waits for no decision: frontdesk sync runs shows what does")
        )
    if row.kind == Kind.PUSHED and decision is Decision.AGAIN:
        raise Refused(
            Reason(
                "pushed",
                f"what run {row.id} holds was pushed, and cannot be read again: look there, then apply or ignore it",
            )
        )
