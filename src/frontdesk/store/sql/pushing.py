"""What a place is pushed, one message a transaction: noted, judged with what came within an hour, and made true here.

A lost answer brings the same message again, and the network can turn two of them round: neither changes
anything. That an appointment is never spoken of means nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from frontdesk import brake
from frontdesk.arrivals import DiaryEntry, Effect, Place, Pushed
from frontdesk.brake import Mass
from frontdesk.diary_runs import Kind, Lease, Run, RunState
from frontdesk.store.diaries import Asked, Taken
from frontdesk.store.port import DISPATCHER
from frontdesk.store.sql import mirror, places, runs
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.judging import EXAMPLES, Judged
from frontdesk.store.sql.mirror_reads import held_digests
from frontdesk.store.sql.mirrored import OPEN, at_place, entry_of
from frontdesk.store.sql.selects import DIARY_RUN, MIRROR, PUSHED

KEPT = timedelta(days=30)
"""For how long a message is known again."""

TOGETHER = timedelta(hours=1)
"""What was pushed within it is judged together."""

_WOKEN_AT_ONCE = 100


def take_in(tx: Connection, database: Database, lease: Lease, pushed: Pushed, now: datetime) -> Taken:
    """Take a message in, by who has the place; see Diaries. Nothing may follow in the transaction but COMMIT."""
    of_place = PUSHED.c.diary_id == lease.state.number
    tx.execute(delete(PUSHED).where(of_place, PUSHED.c.at < now - KEPT))
    same = PUSHED.c.sender == pushed.sender, PUSHED.c.number == pushed.number
    if tx.execute(select(PUSHED.c.id).where(of_place, *same)).first() is not None:
        return Taken.REPEATED
    places.put(tx, lease, changes_at=now, answered_at=now)
    run = _run_of(tx, lease, now)
    runs.add(tx, run.number, read=1)
    query = select(MIRROR).where(at_place(lease.place), MIRROR.c.ref == pushed.ref)
    row = tx.execute(query.with_for_update()).one_or_none()
    entry = _entry(pushed, row)
    if _is_older(tx, lease, pushed, row):
        _keep(tx, lease, pushed, now, {})
        return Taken.OLDER
    if row is None and entry is None:
        _keep(tx, lease, pushed, now, {})
        return Taken.UNKNOWN
    if entry is None:
        mirror.note_gone(tx, lease.place, run.number, pushed.ref, "", now)
    else:
        mirror.note(tx, lease.place, run.number, [entry], now)
    judged = mirror.judge(tx, lease.place, now, is_held_too=False)
    why = brake.held(_together(_within_an_hour(tx, lease, now), judged))
    _keep(tx, lease, pushed, now, _as_json(judged))
    asked_before = _asked(tx, lease)
    held = {*why, *(Effect(word) for word in (asked_before.held if asked_before else ()))}
    done = mirror.reconcile(
        tx,
        database,
        lease.place,
        held,
        _WOKEN_AT_ONCE,
        is_baseline=False,
        operator=DISPATCHER,
        is_held_too=False,
    )
    runs.add(tx, run.number, done=done.done)
    _ask(tx, lease, run, asked_before, why, now)
    state = select(MIRROR.c.id).where(
        at_place(lease.place), MIRROR.c.ref == pushed.ref, MIRROR.c.state == OPEN, MIRROR.c.effect != ""
    )
    return Taken.DONE if tx.execute(state).first() is None else Taken.HELD


def _run_of(tx: Connection, lease: Lease, now: datetime) -> Run:
    """Return the run of this hour: one whose question waits for a person is left as it is."""
    query = select(DIARY_RUN).where(DIARY_RUN.c.diary_id == lease.state.number)
    latest = tx.execute(query.order_by(DIARY_RUN.c.id.desc()).limit(1)).one_or_none()
    is_of_this_hour = (
        latest is not None
        and latest.kind == Kind.PUSHED
        and latest.state == RunState.DONE
        and not latest.held
        and now - TOGETHER < latest.started_at <= now
    )
    if latest is not None and is_of_this_hour:
        number = latest.id
    else:
        runs.forget_old(tx, lease, now)
        number = runs.begin(tx, lease, Kind.PUSHED, None, now, DISPATCHER, now)[0].number
    runs.set_run(tx, number, state=RunState.DONE.value, ended_at=now)
    return runs.run(runs.find(tx, number))


def _entry(pushed: Pushed, row: Row[Any] | None) -> DiaryEntry | None:
    """Return what is said of the appointment now, None for one that is gone, or of which too little is known."""
    if pushed.status is None:
        return None
    entry = pushed.entry
    if entry is None and row is not None:
        entry = replace(
            entry_of(row), status=pushed.status, raw_status=pushed.raw_status, reason=pushed.reason
        )
    return None if entry is None else replace(entry, updated_at=pushed.sent_at)


def _is_older(tx: Connection, lease: Lease, pushed: Pushed, row: Row[Any] | None) -> bool:
    """Whether something later of the same appointment is known."""
    of_it = PUSHED.c.diary_id == lease.state.number, PUSHED.c.ref == pushed.ref
    latest = tx.execute(select(func.max(PUSHED.c.sent_at)).where(*of_it)).scalar_one()
    in_mirror = row.said["updated_at"] if row is not None else None
    known = [one for one in (latest, datetime.fromisoformat(in_mirror) if in_mirror else None) if one]
    return any(pushed.sent_at < one for one in known)


def _keep(tx: Connection, lease: Lease, pushed: Pushed, now: datetime, judged: dict[str, Any]) -> None:
    values = {
        "diary_id": lease.state.number,
        "sender": pushed.sender,
        "number": pushed.number,
        "sent_at": pushed.sent_at,
        "ref": pushed.ref,
        "at": now,
        "judged": judged,
    }
    tx.execute(insert(PUSHED).values(**values))


def _as_json(judged: Judged) -> dict[str, Any]:
    return {
        "effects": {effect.value: number for effect, number in judged.counts.items()},
        "taken_away": [[who, day.isoformat(), n] for (who, day), n in judged.taken_away.items()],
        "offsets": [[offset.total_seconds(), n] for offset, n in judged.offsets.items()],
    }


def _within_an_hour(tx: Connection, lease: Lease, now: datetime) -> Sequence[dict[str, Any]]:
    """Return what messages were to change within an hour, or since a person has last decided."""
    decided = select(func.max(DIARY_RUN.c.decided_at)).where(DIARY_RUN.c.diary_id == lease.state.number)
    since = max(tx.execute(decided).scalar_one() or now - TOGETHER, now - TOGETHER)
    query = select(PUSHED.c.judged).where(PUSHED.c.diary_id == lease.state.number, PUSHED.c.at > since)
    return tx.execute(query).scalars().all()


def _together(before: Sequence[dict[str, Any]], judged: Judged) -> Mass:
    """Return what came before, and what is new now, as one mass."""
    counts, taken_away, offsets = (
        Counter(judged.counts),
        Counter(judged.taken_away),
        Counter(judged.offsets),
    )
    for one in before:
        counts.update({Effect(word): number for word, number in one.get("effects", {}).items()})
        for who, day, number in one.get("taken_away", ()):
            taken_away[who, date.fromisoformat(day)] += number
        for seconds, number in one.get("offsets", ()):
            offsets[timedelta(seconds=seconds)] += number
    known = sum(judged.known.values())
    return Mass(counts, known, len(before) + 1, taken_away, offsets=offsets)


def _asked(tx: Connection, lease: Lease) -> Row[Any] | None:
    """Return the run whose question waits for a person."""
    number = places.row_of(tx, lease).held_run
    return None if number is None else runs.find(tx, number)


def _ask(
    tx: Connection,
    lease: Lease,
    run: Run,
    before: Row[Any] | None,
    why: dict[Effect, str],
    now: datetime,
) -> None:
    """Ask a person about all that is held by now, unless just that is asked already, or nobody wants to hear of it."""
    digests = held_digests(tx, lease.place)
    ignored = places.row_of(tx, lease).ignored
    stands = (
        before.digests if before else {key: one for key, one in ignored.items() if digests.get(key) == one}
    )
    if digests == stands:
        return
    said = "; ".join(dict.fromkeys(f"{one} within an hour" for one in why.values()))
    asked = _question(tx, lease.place, said or (before.why if before else ""))
    if before is not None and not before.decision:
        # The question goes on under a new number: nobody decides about what they have not seen.
        runs.add(tx, run.number, before.read, {Effect(word): n for word, n in before.counts.items()})
    runs.end(tx, lease, run, counts_as=None, asked=asked, unmatched=None, now=now)
    if before is not None and not before.decision:
        tx.execute(delete(DIARY_RUN).where(DIARY_RUN.c.id == before.id))


def _question(tx: Connection, place: Place, why: str) -> Asked | None:
    held_rows = at_place(place), MIRROR.c.state == OPEN, MIRROR.c.effect != ""
    query = select(MIRROR.c.effect, func.count()).where(*held_rows).group_by(MIRROR.c.effect)
    held = {Effect(word): number for word, number in tx.execute(query).all()}
    if not held:
        return None
    ids = select(MIRROR.c.booking_id).where(*held_rows, MIRROR.c.booking_id.is_not(None))
    examples = tx.execute(ids.order_by(MIRROR.c.id).limit(EXAMPLES)).scalars()
    return Asked(held, why, tuple(examples))
