"""What readers ask the mirror before they write: what is new to it, what is missing, what it would change here."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from frontdesk import times
from frontdesk.arrivals import DiaryEntry, Place
from frontdesk.brake import Mass
from frontdesk.diary_runs import Run, Slice
from frontdesk.store.diaries import Judged, Mirrored, Missing
from frontdesk.store.sql import mirror
from frontdesk.store.sql.mirrored import OPEN, at_place, entry_of, practice_of, values_of
from frontdesk.store.sql.selects import DIARY_RUN, MIRROR
from frontdesk.text import clean_fields

_AT_ONCE = 500
_INSTANT = timedelta(microseconds=1)


def news(tx: Connection, place: Place, entries: Sequence[DiaryEntry]) -> frozenset[str]:
    """Return the ids of entries that differ from the mirror, or are not in it."""
    practice = practice_of(tx, place)
    zone = practice.time_zone if practice else ""
    said = {entry.ref: values_of(entry, zone)["digest"] for entry in map(clean_fields, entries)}
    refs = [*said]
    there: dict[str, str] = {}
    for start in range(0, len(refs), _AT_ONCE):
        query = select(MIRROR.c.ref, MIRROR.c.digest)
        query = query.where(at_place(place), MIRROR.c.ref.in_(refs[start : start + _AT_ONCE]))
        there |= {row.ref: row.digest for row in tx.execute(query)}
    return frozenset(ref for ref, digest in said.items() if there.get(ref) != digest)


def patients(tx: Connection, place: Place, refs: Collection[str]) -> Mapping[str, Mirrored]:
    """Return the patients of these appointments, as the mirror has them."""
    query = select(MIRROR).where(at_place(place), MIRROR.c.ref.in_(refs))
    entries = map(entry_of, tx.execute(query).all())
    return {entry.ref: Mirrored(entry.ref, entry.patient, entry.unsaid) for entry in entries}


def missing(tx: Connection, place: Place, slices: Sequence[Slice]) -> tuple[Missing, ...]:
    """Return what the mirror has in slices, and none of them has shown."""
    seen: set[str] = set().union(*(one.seen for one in slices))
    found: list[Missing] = []
    for one in slices:
        refs = mirror.missing(tx, place, seen, one.starts_at, one.ends_at)
        if not refs:
            continue
        query = select(MIRROR.c.ref, MIRROR.c.practitioner_ref, MIRROR.c.said, MIRROR.c.starts_at)
        query = query.where(at_place(place), MIRROR.c.ref.in_(refs)).order_by(
            MIRROR.c.starts_at, MIRROR.c.ref
        )
        found += [
            Missing(
                row.ref,
                row.practitioner_ref or row.said["practitioner"],
                row.starts_at,
                one.number,
                not one.seen,
            )
            for row in tx.execute(query)
        ]
    return tuple(found)


def judge(tx: Connection, place: Place, run: Run, now: datetime) -> Judged:
    """Return what the mirror would change here, beside what the list has to come in what a run has compared."""
    found = mirror.judge(tx, place, now)
    known, practice = found.known, practice_of(tx, place)
    if run.window is not None and practice is not None:
        first = times.local_date(run.window.starts_at, practice.zone)
        last = times.local_date(run.window.ends_at - _INSTANT, practice.zone)
        known = {day: number for day, number in known.items() if first <= day <= last}
    read = tx.execute(select(DIARY_RUN.c.read).where(DIARY_RUN.c.id == run.number)).scalar_one()
    mass = Mass(found.counts, sum(known.values()), read, found.taken_away, offsets=found.offsets)
    return Judged(mass, found.examples)


def held_digests(tx: Connection, place: Place) -> dict[str, str]:
    """Return for each effect that is held back a digest of the appointments it is held of, and of what they say."""
    query = select(MIRROR.c.effect, MIRROR.c.ref, MIRROR.c.digest)
    query = query.where(at_place(place), MIRROR.c.state == OPEN, MIRROR.c.effect != "")
    held: defaultdict[str, list[str]] = defaultdict(list)
    for row in tx.execute(query):
        held[row.effect].append(f"{row.ref} {row.digest}")
    return {effect: digest_of(said) for effect, said in held.items()}


def digest_of(said: Iterable[str]) -> str:
    """Return a digest of texts, whatever their order."""
    return hashlib.blake2s("\n".join(sorted(said)).encode(), digest_size=16).hexdigest()
