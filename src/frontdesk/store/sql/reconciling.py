"""What a diary said, made true here: bookings, the history of each, and what desks are told, in one transaction.

Nothing that comes this way makes a delivery: who changes a diary has told the PMS, and has the duty to tell the
patient.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from frontdesk.arrivals import Effect, Place
from frontdesk.audit import Action
from frontdesk.bookings import Booking, Operator
from frontdesk.commands import Subject
from frontdesk.conflicts import Decision, Verdict
from frontdesk.merging import Values
from frontdesk.store.sql import effects, moved_marks, refs
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.deciding import Case, Deciding
from frontdesk.store.sql.histories import of_beginning, of_cancelling, of_changing
from frontdesk.store.sql.mirrored import (
    CLOSED,
    OPEN,
    PERSON,
    STALE,
    WAITS,
    at_place,
    is_under_way,
    practice_of,
)
from frontdesk.store.sql.proving import digest_of
from frontdesk.store.sql.sealing import Deed, News, seal
from frontdesk.store.sql.selects import BOOKING, MIRROR
from frontdesk.store.sql.subjects import SUBJECTS

_STATES = {Verdict.WAITS: WAITS, Verdict.PERSON: PERSON, Verdict.STALE: STALE}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many rows had which effect, and whether there are more to do."""

    done: Mapping[Effect, int]
    more: bool


def reconcile(
    tx: Connection,
    database: Database,
    place: Place,
    held: Collection[Effect],
    limit: int,
    *,
    is_baseline: bool,
    operator: Operator,
    is_held_too: bool = True,
) -> Reconciled:
    """Make what up to `limit` open rows of a place say true here, and close them.

    A row with a `held` effect stays open, and so does every one held before unless `is_held_too`. The first complete run, the baseline, tells nobody of single
    bookings. Nothing may follow in the transaction but COMMIT.
    """
    database.lock_loading(tx)
    practice = practice_of(tx, place)
    if practice is None:
        return Reconciled({}, more=False)
    _wake(tx, place)
    names = [effect.value for effect in held]
    query = select(MIRROR).where(at_place(place), MIRROR.c.state == OPEN, MIRROR.c.effect.not_in(names))
    if not is_held_too:
        query = query.where(MIRROR.c.effect == "")
    rows = tx.execute(query.order_by(MIRROR.c.id).limit(limit + 1).with_for_update()).all()
    if not rows:
        return Reconciled({}, more=False)
    deciding = Deciding(
        tx, place, practice, operator, database.now(tx), is_baseline=is_baseline, is_writing=True
    )
    cases = deciding.decided(rows[:limit])
    return Reconciled(_Writing(tx, deciding).written(database, cases, held), more=len(rows) > limit)


def _wake(tx: Connection, place: Place) -> None:
    """Open what has waited for commands that are settled now, and what a person has changed since one was called."""
    waking = update(MIRROR).where(at_place(place)).values(state=OPEN)
    tx.execute(waking.where(MIRROR.c.state == WAITS, ~is_under_way()))
    its_booking = BOOKING.c.id == MIRROR.c.booking_id, BOOKING.c.version != MIRROR.c.seen_version
    tx.execute(waking.where(MIRROR.c.state == PERSON, exists().where(*its_booking)))


class _Writing:
    """What was decided of some rows, written together."""

    def __init__(self, tx: Connection, decided: Deciding) -> None:
        self._tx = tx
        self._place = decided.place
        self._practice = decided.practice
        self._by = decided.by
        self._at = decided.at
        self._is_baseline = decided.is_baseline
        self._source = decided.source
        self._books = decided.books
        self._practitioners = decided.practitioners

    def written(
        self, database: Database, cases: Sequence[Case], held: Collection[Effect]
    ) -> dict[Effect, int]:
        """Write what was decided, but for what is held; return how many rows had which effect."""
        free = []
        for case in cases:
            if kept_back := case.decision.effects.intersection(held):
                self._set(case.row, effect=min(one.value for one in kept_back))
            else:
                free.append(case)
        marked = self._marked(free)
        deeds = [deed for case in free for deed in self._deeds(case)]
        altered = {case.record.id for case in free if case.record and _values(case)}
        for case in free:
            self._change(case)
        number = self._books.write(database)
        self._name_new(free)
        for case in free:
            self._close(case)
        begun = [case.began.id or 0 for case in free if case.began]
        if not self._is_baseline:
            deeds += [of_beginning(one, self._by, self._at) for one in begun]
        overtaken = [self._overtaken(case) for case in free if case.decision.ends_intent]
        taken_back, beside = moved_marks.take_back(self._tx, marked, self._by, self._source, self._at)
        done = Counter(effect for case in free for effect in case.decision.effects)
        effects = {case.record.id: _told_as(case.decision) for case in free if case.record}
        effects |= dict.fromkeys(begun, Effect.NEW)
        if altered or begun or deeds:
            concerned = {one for one in (*altered, *begun, *(deed.booking_id for deed in deeds)) if one}
            news = [self._news(one, effects.get(one, Effect.CHANGED)) for one in sorted(concerned)]
            told = [replace(deed, detail={"source": self._source, **deed.detail}) for deed in deeds]
            self._seal(database, [*told, *overtaken, *taken_back], [*news, *beside], done, number)
        return dict(done)

    def _news(self, booking_id: int, effect: Effect) -> News:
        subject = Subject("booking", booking_id)
        return News(subject, booking_id, self._by, self._at, self._source, effect.value)

    def _marked(self, cases: Sequence[Case]) -> Sequence[Booking]:
        """Return the bookings whose marks fall as they are before they are written, by id."""
        ids = sorted(case.record.id or 0 for case in cases if case.record and case.decision.merged.falls)
        found: Sequence[Booking] = SUBJECTS["booking"].many(self._tx, ids)
        return sorted(found, key=lambda one: one.id)

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

    def _deeds(self, case: Case) -> list[Deed]:
        if case.record is None or case.record.id is None:
            return []
        there, decision = case.record.values, case.decision
        deeds = of_cancelling(case.record.id, there, decision.merged.values, self._by, self._at)
        if self._is_baseline:
            return deeds
        names = self._practitioners.names
        return deeds + of_changing(case.record.id, there, decision, names, self._practice, self._by, self._at)

    def _change(self, case: Case) -> None:
        begins, record = case.decision.begins, case.record
        if begins is not None:
            name = self._practitioners.names[begins.values["practitioner_id"]]
            case.began = self._books.make(begins.values, name)
        if record is not None and (values := _values(case)):
            as_changed = record.values | values
            self._books.change(record, values, self._practitioners.names[as_changed["practitioner_id"]])

    def _name_new(self, cases: Sequence[Case]) -> None:
        """Find out the ids of the bookings that have begun."""
        began = {case.began.values["ref"]: case.began for case in cases if case.began is not None}
        query = select(BOOKING.c.ref, BOOKING.c.id).where(
            BOOKING.c.practice_id == self._practice.id, BOOKING.c.ref.in_(list(began))
        )
        for row in self._tx.execute(query):
            began[row.ref].id = row.id

    def _overtaken(self, case: Case) -> Deed:
        assert case.record is not None and case.intent_id is not None  # noqa: S101, PT018 - it ends one
        (after,) = SUBJECTS["booking"].many(self._tx, [case.record.id or 0])
        why = f"it was cancelled in {self._source}"
        return effects.overtaken(self._tx, case.intent_id, after, why, self._at)

    # -- the row, and which booking its id means -------------------------------------------------

    def _close(self, case: Case) -> None:
        decision, row, match = case.decision, case.row, case.match
        values = {"effect": "", "why": decision.why, "state": _STATES.get(decision.verdict, CLOSED)}
        if case.began is not None and case.began.id is not None:
            generation = row.generation + (case.record is not None)
            how = refs.IMPORTED if case.record is None else _how_begun(decision)
            refs.follow(self._tx, self._place, row.ref, case.began.id, how, self._at, generation)
            if match.probably is not None:
                refs.propose(self._tx, self._place, row.ref, match.probably, self._at)
            self._set(row, booking_id=case.began.id, generation=generation, **values)
            return
        booking_id = case.record.id if case.record else None
        is_followed = decision.verdict is Verdict.WRITE or match.how == refs.IMPORTED
        if match.how and is_followed and booking_id is not None:
            refs.follow(
                self._tx, self._place, row.ref, booking_id, match.how, self._at, was_ref=match.was_ref
            )
        version = case.record.values["version"] if case.record else 0
        self._set(row, booking_id=booking_id, seen_version=version, **values)

    def _set(self, row: Row[Any], **values: Any) -> None:
        self._tx.execute(update(MIRROR).where(MIRROR.c.id == row.id).values(**values))


def _values(case: Case) -> Values:
    """Return the columns that the booking gets which is there, with the id that it has from now on."""
    values = case.decision.merged.values
    if case.decision.begins is not None:
        return values | {"pms_ref": None}
    return values | {"pms_ref": case.row.ref} if case.match.how == refs.IMPORTED else values


_TOLD_FIRST = (
    *(Effect.REPLACED, Effect.CANCELLED, Effect.GONE, Effect.REINSTATED),
    *(Effect.MOVED, Effect.REASSIGNED, Effect.ATTENDANCE),
)


def _told_as(decision: Decision) -> Effect:
    """Return what desks are told of a booking that was altered."""
    return next((one for one in _TOLD_FIRST if one in decision.effects), Effect.CHANGED)


def _how_begun(decision: Decision) -> str:
    return refs.REPLACED if Effect.REPLACED in decision.effects else refs.REBOOKED
