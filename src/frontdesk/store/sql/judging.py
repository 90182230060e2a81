"""What the open rows of a place would change here, before anything is changed: the brake goes by it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from frontdesk.arrivals import Effect, Place
from frontdesk.bookings import Operator, Practice
from frontdesk.store.sql.deciding import Deciding
from frontdesk.store.sql.mirrored import OPEN, at_place, practice_of
from frontdesk.store.sql.selects import BOOKING, MIRROR

EXAMPLES = 10
"""Bookings that are named of each effect."""

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """What the open rows of a place would change here.

    `taken_away` counts those cancelled or gone by the practitioner's id in the diary and the day here, `offsets` counts
    moves by how far they go, `known` the bookings to come by day. `examples` are ids of bookings, a few of each
    effect.
    """

    counts: Mapping[Effect, int]
    taken_away: Mapping[tuple[str, date], int]
    offsets: Mapping[timedelta, int]
    known: Mapping[date, int]
    examples: Mapping[Effect, tuple[int, ...]]


def judge(tx: Connection, place: Place, now: datetime, *, is_held_too: bool = True) -> Judged:
    """Return what the open rows of a place would change here, those held before too or not; nothing is written."""
    practice = practice_of(tx, place)
    if practice is None:
        return Judged({}, {}, {}, {}, {})
    counts: Counter[Effect] = Counter()
    taken_away: Counter[tuple[str, date]] = Counter()
    offsets: Counter[timedelta] = Counter()
    examples: dict[Effect, list[int]] = {}
    last = 0
    query = select(MIRROR).where(at_place(place), MIRROR.c.state == OPEN).order_by(MIRROR.c.id)
    if not is_held_too:
        query = query.where(MIRROR.c.effect == "")
    while rows := tx.execute(query.where(MIRROR.c.id > last).limit(_ROWS_AT_ONCE)).all():
        last = rows[-1].id
        for case in Deciding(tx, place, practice, Operator(""), now).decided(rows):
            counts.update(case.decision.effects)
            there = case.record.values if case.record else None
            if there is None or case.record is None or case.record.id is None:
                continue
            for effect in case.decision.effects:
                if len(named := examples.setdefault(effect, [])) < EXAMPLES:
                    named.append(case.record.id)
            if case.decision.effects & {Effect.CANCELLED, Effect.GONE}:
                taken_away[case.row.practitioner_ref, there["local_date"]] += 1
            if Effect.MOVED in case.decision.effects:
                offsets[case.decision.merged.values["starts_at"] - there["starts_at"]] += 1
    named_by = {effect: tuple(ids) for effect, ids in examples.items()}
    return Judged(counts, taken_away, offsets, _known(tx, practice, now), named_by)


def _known(tx: Connection, practice: Practice, now: datetime) -> dict[date, int]:
    query = select(BOOKING.c.local_date, func.count()).where(
        BOOKING.c.practice_id == practice.id,
        BOOKING.c.cancelled.is_(False),
        BOOKING.c.starts_at > now,
        BOOKING.c.pms_ref.is_not(None),
    )
    return {day: number for day, number in tx.execute(query.group_by(BOOKING.c.local_date)).all()}  # noqa: C416
