"""What a diary said, made true here: bookings, the history of each, and what desks are told, in one transaction.

Nothing that comes this way makes a delivery: who changes a diary has told the PMS, and has the duty to tell the
patient.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, update

from frontdesk.arrivals import AppointmentStatus, Effect, IncomingBooking, Place
from frontdesk.audit import Action
from frontdesk.bookings import Operator, Practice
from frontdesk.commands import Subject
from frontdesk.conflicts import NOTHING_UNDER_WAY, Decision, UnderWay, Verdict, Word, decide
from frontdesk.deliveries import OPEN_STATES, Kind, State, Way, way_of
from frontdesk.merging import Reading
from frontdesk.store.bounds import why_not_taken, within_bounds
from frontdesk.store.sql import effects, moved_marks
from frontdesk.store.sql.books import Books, Record
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.histories import of_beginning, of_cancelling, of_changing
from frontdesk.store.sql.matching import (
    IMPORTED,
    NO_MATCH,
    PROPOSED,
    REBOOKED,
    REPLACED,
    Match,
    Matching,
)
from frontdesk.store.sql.mirrored import (
    CLOSED,
    OFF,
    OPEN,
    PERSON,
    STALE,
    WAITS,
    at_place,
    is_under_way,
    practice_of,
)
from frontdesk.store.sql.practitioners import Practitioners
from frontdesk.store.sql.proving import digest_of
from frontdesk.store.sql.sealing import Deed, News, seal
from frontdesk.store.sql.selects import BOOKING, BOOKING_REF, DELIVERY, MIRROR
from frontdesk.store.sql.subjects import SUBJECTS

EXAMPLES = 10
"""Bookings that are named of each effect."""

_ROWS_AT_ONCE = 500
_GOING_ON = frozenset({*OPEN_STATES, State.ATTENTION})
_STATES = {Verdict.WAITS: WAITS, Verdict.PERSON: PERSON, Verdict.STALE: STALE}


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


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many rows had which effect, and whether there are more to do."""

    done: Mapping[Effect, int]
    more: bool


@dataclass(slots=True)
class _Case:
    """A row of the mirror, the booking that it means, and what becomes of both. `began` is the new booking."""

    row: Row[Any]
    match: Match
    record: Record | None
    decision: Decision
    began: Record | None = None
    intent_id: UUID | None = None


def judge(tx: Connection, place: Place, now: datetime) -> Judged:
    """Return what the open rows of a place would change here; nothing is written."""
    practice = practice_of(tx, place)
    if practice is None:
        return Judged({}, {}, {}, {}, {})
    counts: Counter[Effect] = Counter()
    taken_away: Counter[tuple[str, date]] = Counter()
    offsets: Counter[timedelta] = Counter()
    examples: dict[Effect, list[int]] = {}
    last = 0
    query = select(MIRROR).where(at_place(place), MIRROR.c.state == OPEN).order_by(MIRROR.c.id)
    while rows := tx.execute(query.where(MIRROR.c.id > last).limit(_ROWS_AT_ONCE)).all():
        last = rows[-1].id
        for case in _Run(tx, place, practice, Operator(""), now).decided(rows):
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


def reconcile(
    tx: Connection,
    database: Database,
    place: Place,
    held: Collection[Effect],
    limit: int,
    *,
    is_baseline: bool,
    operator: Operator,
) -> Reconciled:
    """Make what up to `limit` open rows of a place say true here, and close them.

    A row with a `held` effect stays open. The first complete run, the baseline, tells nobody of single
    bookings. Nothing may follow in the transaction but COMMIT.
    """
    database.lock_loading(tx)
    practice = practice_of(tx, place)
    if practice is None:
        return Reconciled({}, more=False)
    _wake(tx, place)
    names = [effect.value for effect in held]
    query = select(MIRROR).where(at_place(place), MIRROR.c.state == OPEN, MIRROR.c.effect.not_in(names))
    rows = tx.execute(query.order_by(MIRROR.c.id).limit(limit + 1).with_for_update()).all()
    some = rows[:limit]
    run = _Run(tx, place, practice, operator, database.now(tx), is_baseline=is_baseline, is_writing=True)
    done = run.carry_out(database, run.decided(some), held) if some else {}
    return Reconciled(done, more=len(rows) > limit)


def _wake(tx: Connection, place: Place) -> None:
    """Open what has waited for commands that are settled now."""
    waking = update(MIRROR).where(at_place(place), MIRROR.c.state == WAITS, ~is_under_way())
    tx.execute(waking.values(state=OPEN))


class _Run:
    """Some rows of one place, decided together and written together."""

    def __init__(
        self,
        tx: Connection,
        place: Place,
        practice: Practice,
        by: Operator,
        at: datetime,
        *,
        is_baseline: bool = False,
        is_writing: bool = False,
    ) -> None:
        self._tx = tx
        self._place = place
        self._practice = practice
        self._by = by
        self._at = at
        self._is_baseline = is_baseline
        self._is_writing = is_writing
        self._source = practice.pms.name if practice.pms else ""
        self._reading = Reading(by, at, practice.zone)
        self._books = Books(tx, [practice.id], by, at)
        self._practitioners = Practitioners(tx, [practice.id])
        self._matching = Matching(tx, place, practice, self._practitioners, at, looks_back=not is_baseline)

    # -- what becomes of each ------------------------------------------------------------------

    def decided(self, rows: Sequence[Row[Any]]) -> list[_Case]:
        """Return what becomes of each row and of its booking; bookings are locked where they are to be written."""
        said = {row.id: self._matching.said(row) for row in rows if row.gone_at is None}
        if self._is_writing:
            self._practitioners.rename(self._practitioners.renamed(said.values()), self._at)
            self._give_refs(said.values())
        matches = self._matching.of(rows)
        followed = self._matching.followed(rows)
        ids = {match.booking_id for match in matches.values() if match.booking_id is not None}
        records = {one.id: one for one in self._books.found(ids, is_locked=self._is_writing)}
        under_way = self._under_way(records.values())
        cases = []
        for row in rows:
            if row.ref in followed:
                # What becomes of the booking is told under the id by which it goes on.
                cases.append(_Case(row, NO_MATCH, None, _left_behind(row)))
                continue
            match = matches[row.id]
            record = records.get(match.booking_id or 0)
            decision = self._decision(row, match, said.get(row.id), record, under_way)
            intent_id = record.values["intent_id"] if record else None
            cases.append(_Case(row, match, record, decision, intent_id=intent_id))
        return cases

    def _decision(
        self,
        row: Row[Any],
        match: Match,
        said: IncomingBooking | None,
        record: Record | None,
        under_way: Mapping[int, UnderWay],
    ) -> Decision:
        if match.could_be:
            return _for_a_person("several bookings here could be this appointment")
        if said is not None and said.patient.name and (problem := why_not_taken(said)):
            return _for_a_person(" ".join(problem))
        if said is not None:
            said, _ = within_bounds(said)
        there = record.values if record else None
        practitioner_id = 0 if said is None else self._practitioner(said, there)
        word = Word(
            None if said is None else AppointmentStatus(row.status),
            said,
            self._source,
            row.noted_at,
            row.was in OFF,
            has_our_refs=self._practice.pms is not None
            and self._practice.pms.connection == self._place.connection,
        )
        going_on = under_way.get(record.id or 0, NOTHING_UNDER_WAY) if record else NOTHING_UNDER_WAY
        return decide(there, word, going_on, practitioner_id, self._reading)

    def _practitioner(self, said: IncomingBooking, there: Mapping[str, Any] | None) -> int:
        who = there["practitioner_id"] if there else None
        known = self._practitioners.known(said, who)
        if known is None:
            known = self._practitioners.nameless(said.practice_id, said.practitioner_name)
        if known is None and self._is_writing:
            known = self._practitioners.meant(said, who)
        return known or 0

    def _give_refs(self, said: Iterable[IncomingBooking]) -> None:
        """Note the ids of practitioners who were known by their names alone."""
        for one in said:
            if not one.practitioner_pms_ref or self._practitioners.known(one, None) is not None:
                continue
            nameless = self._practitioners.nameless(one.practice_id, one.practitioner_name)
            if nameless is not None:
                self._practitioners.give_ref(one.practice_id, nameless, one.practitioner_pms_ref)

    def _under_way(self, records: Iterable[Record]) -> dict[int, UnderWay]:
        """Return how far the PMS has been told of what was done here with these bookings, by their ids."""
        ids = sorted(one.id for one in records if one.id is not None and one.values["has_deliveries"])
        if not ids:
            return {}
        if self._is_writing:
            rows = effects.lock_deliveries(self._tx, ids)
        else:
            rows = self._tx.execute(select(DELIVERY).where(DELIVERY.c.booking_id.in_(ids))).all()
        return {one: _how_far([row for row in rows if row.booking_id == one]) for one in ids}

    # -- written ---------------------------------------------------------------------------------

    def carry_out(
        self, database: Database, cases: Sequence[_Case], held: Collection[Effect]
    ) -> dict[Effect, int]:
        """Write what was decided, but for what is held; return how many rows had which effect."""
        free = [case for case in cases if not case.decision.effects & set(held)]
        for case in cases:
            if kept_back := case.decision.effects & set(held):
                self._set(case.row, effect=min(one.value for one in kept_back))
        before = [self._before(case) for case in free]
        marked = [
            booking
            for booking, case in zip(before, free, strict=True)
            if case.decision.merged.falls and booking
        ]
        deeds = [deed for case in free for deed in self._deeds(case)]
        for case in free:
            self._change(case)
        number = self._books.write(database)
        self._name_new(free)
        altered = {
            case.record.id: case for case in free if case.record and case.record.id and _alters(case)
        }
        news = [self._news(one, _told_as(altered[one].decision)) for one in sorted(altered)]
        for case in free:
            self._close(case)
            if case.began is not None and case.began.id is not None and not self._is_baseline:
                deeds.append(of_beginning(case.began.id, self._by, self._at))
                news.append(self._news(case.began.id, Effect.NEW.value))
        done: Counter[Effect] = Counter(effect for case in free for effect in case.decision.effects)
        overtaken = [self._overtaken(case) for case in free if case.decision.ends_intent]
        taken_back, more_news = moved_marks.take_back(self._tx, marked, self._by, self._source, self._at)
        if number or news:
            told = [replace(deed, detail={"source": self._source, **deed.detail}) for deed in deeds]
            self._seal(database, [*told, *overtaken, *taken_back], [*news, *more_news], done, number)
        return dict(done)

    def _news(self, booking_id: int, effect: str) -> News:
        return News(Subject("booking", booking_id), booking_id, self._by, self._at, self._source, effect)

    def _seal(
        self,
        database: Database,
        deeds: Sequence[Deed],
        news: Sequence[News],
        done: Mapping[Effect, int],
        number: int,
    ) -> None:
        detail = {"source": self._source, "connection": self._place.connection}
        if self._place.location:
            detail["location"] = self._place.location
        detail |= {effect.name.lower(): str(done[effect]) for effect in Effect if done.get(effect)}
        said = [[str(one.action), one.booking_id, dict(one.detail)] for one in deeds]
        batch = Deed(
            Action.DIARY_RECONCILED,
            self._by,
            self._at,
            is_shown=self._is_baseline,
            detail=detail,
            proof={"histories": digest_of(said)},
            new_bookings=number,
        )
        seal(self._tx, database, *deeds, batch, news=() if self._is_baseline else news)

    def _before(self, case: _Case) -> Any:
        """Return a booking whose mark falls as it is before it is written."""
        if not case.decision.merged.falls or case.record is None:
            return None
        (found,) = SUBJECTS["booking"].many(self._tx, [case.record.id or 0])
        return found

    def _deeds(self, case: _Case) -> list[Deed]:
        if case.record is None or case.record.id is None:
            return []
        there, decision = case.record.values, case.decision
        deeds = of_cancelling(case.record.id, there, decision.merged.values, self._by, self._at)
        if self._is_baseline:
            return deeds
        names = self._practitioners.names
        return deeds + of_changing(case.record.id, there, decision, names, self._practice, self._by, self._at)

    def _change(self, case: _Case) -> None:
        decision, record = case.decision, case.record
        values = dict(decision.merged.values)
        if decision.begins is not None:
            name = self._practitioners.names[decision.begins.values["practitioner_id"]]
            case.began = self._books.make(decision.begins.values, name)
            values["pms_ref"] = None
        if record is not None and _alters(case):
            as_changed = record.values | values
            self._books.change(record, values, self._practitioners.names[as_changed["practitioner_id"]])

    def _name_new(self, cases: Sequence[_Case]) -> None:
        """Find out the ids of the bookings that have begun."""
        began = {case.began.values["ref"]: case.began for case in cases if case.began is not None}
        query = select(BOOKING.c.ref, BOOKING.c.id).where(
            BOOKING.c.practice_id == self._practice.id, BOOKING.c.ref.in_(list(began))
        )
        for row in self._tx.execute(query):
            began[row.ref].id = row.id

    def _overtaken(self, case: _Case) -> Deed:
        assert case.record is not None and case.intent_id is not None  # noqa: S101, PT018 - it ends one
        (after,) = SUBJECTS["booking"].many(self._tx, [case.record.id or 0])
        why = f"it was cancelled in {self._source}"
        return effects.overtaken(self._tx, case.intent_id, after, why, self._at)

    # -- the row, and which booking its id means -------------------------------------------------

    def _close(self, case: _Case) -> None:
        decision, row = case.decision, case.row
        booking_id = case.record.id if case.record else None
        state = _STATES.get(decision.verdict, CLOSED)
        if case.began is not None:
            how = IMPORTED if case.record is None else _how_begun(decision)
            self._follow(row, case.began.id or 0, how, row.generation + (case.record is not None))
            self._propose(case)
            self._set(
                row,
                booking_id=case.began.id,
                generation=row.generation + (case.record is not None),
                state=state,
                why="",
                effect="",
            )
            return
        if case.match.how and state == CLOSED and booking_id is not None:
            self._follow(row, booking_id, case.match.how, row.generation, case.match.was_ref)
        self._set(row, booking_id=booking_id, state=state, why=decision.why, effect="")

    def _follow(self, row: Row[Any], booking_id: int, how: str, generation: int, was_ref: str = "") -> None:
        """Have an id mean a booking from now on; what it, or the id before it, has meant ends."""
        here = (
            BOOKING_REF.c.connection == self._place.connection,
            BOOKING_REF.c.location == self._place.location,
            BOOKING_REF.c.until.is_(None),
        )
        ended = [row.ref, was_ref] if was_ref else [row.ref]
        self._tx.execute(
            update(BOOKING_REF).where(*here, BOOKING_REF.c.ref.in_(ended)).values(until=self._at)
        )
        self._refer(row.ref, booking_id, how, generation)

    def _propose(self, case: _Case) -> None:
        if case.match.probably is not None:
            self._refer(case.row.ref, case.match.probably, PROPOSED, case.row.generation)

    def _refer(self, ref: str, booking_id: int, how: str, generation: int) -> None:
        self._tx.execute(
            insert(BOOKING_REF).values(
                connection=self._place.connection,
                location=self._place.location,
                ref=ref,
                generation=generation,
                booking_id=booking_id,
                since=self._at,
                how=how,
            )
        )

    def _set(self, row: Row[Any], **values: Any) -> None:
        self._tx.execute(update(MIRROR).where(MIRROR.c.id == row.id).values(**values))


def _alters(case: _Case) -> bool:
    return bool(case.decision.merged.values) or (case.record is not None and case.decision.begins is not None)


_TOLD_FIRST = (
    *(Effect.REPLACED, Effect.CANCELLED, Effect.GONE, Effect.REINSTATED),
    *(Effect.MOVED, Effect.REASSIGNED, Effect.ATTENDANCE),
)


def _told_as(decision: Decision) -> str:
    """Return what desks are told of a booking that was altered, in one word."""
    return next((one for one in _TOLD_FIRST if one in decision.effects), Effect.CHANGED).value


def _how_begun(decision: Decision) -> str:
    return REPLACED if Effect.REPLACED in decision.effects else REBOOKED


def _left_behind(row: Row[Any]) -> Decision:
    """Return what becomes of an id whose appointment goes on under another one."""
    if row.gone_at is not None or row.status == AppointmentStatus.CANCELLED.value:
        return Decision(Verdict.NOTHING)
    return _for_a_person("it goes on under another id, and is still there")


def _for_a_person(why: str) -> Decision:
    return Decision(Verdict.PERSON, frozenset({Effect.PERSON}), why=why)


def _how_far(deliveries: Sequence[Row[Any]]) -> UnderWay:
    """Return how far the PMS has been told, from all deliveries of a booking."""
    told = [row for row in deliveries if way_of(row.kind) is Way.PMS]
    going_on = [row for row in told if State(row.state) in _GOING_ON]
    proven = [row.changed_at for row in told if row.kind == Kind.PMS_CANCEL and row.state == State.DONE]
    return UnderWay(
        bool(going_on),
        any(row.attempts or row.unproven or row.lease_until is not None for row in going_on),
        max(proven, default=None),
    )
