"""What becomes of each open row of a diary's mirror, and of its booking: read, matched, decided, not written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from frontdesk.arrivals import AppointmentStatus, Effect, IncomingBooking, Place
from frontdesk.bookings import Operator, Practice
from frontdesk.conflicts import NOTHING_UNDER_WAY, Decision, UnderWay, Verdict, Word, decide
from frontdesk.deliveries import OPEN_STATES, Kind, State, Way, way_of
from frontdesk.merging import Reading
from frontdesk.store.bounds import why_not_taken, within_bounds
from frontdesk.store.sql import effects
from frontdesk.store.sql.books import Books, Record
from frontdesk.store.sql.matching import NO_MATCH, Match, Matching
from frontdesk.store.sql.mirrored import OFF
from frontdesk.store.sql.practitioners import Practitioners
from frontdesk.store.sql.refs import MOVED
from frontdesk.store.sql.selects import DELIVERY

_GOING_ON = frozenset({*OPEN_STATES, State.ATTENTION})


@dataclass(slots=True)
class Case:
    """A row of the mirror, the booking that it means, and what becomes of both. `began` is the new booking."""

    row: Row[Any]
    match: Match
    record: Record | None
    decision: Decision
    began: Record | None = None
    intent_id: UUID | None = None


class Deciding:
    """The rows of one place in one transaction, read at `at` by `by`.

    What is to be written is locked, as is all that it rests on. `books` has the bookings, `practitioners` who has
    them, `source` is what the PMS is called.
    """

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
        self.place = place
        self.practice = practice
        self.by = by
        self.at = at
        self.is_baseline = is_baseline
        self._is_writing = is_writing
        self.source = practice.pms.name if practice.pms else ""
        self._reading = Reading(by, at, practice.zone)
        self.books = Books(tx, [practice.id], by, at)
        self.practitioners = Practitioners(tx, [practice.id])
        self._matching = Matching(
            tx, place, practice, self.practitioners, at, looks_back=is_writing and not is_baseline
        )

    def decided(self, rows: Sequence[Row[Any]]) -> list[Case]:
        """Return what becomes of each row and of its booking; bookings are locked where they are to be written."""
        said = {row.id: self._matching.said(row) for row in rows if row.gone_at is None}
        if self._is_writing:
            self.practitioners.rename(self.practitioners.renamed(said.values()), self.at)
            self._give_refs(said.values())
        matches = self._matching.of(rows)
        followed = self._matching.followed(rows)
        ids = {match.booking_id for match in matches.values() if match.booking_id is not None}
        records = {one.id: one for one in self.books.found(ids, is_locked=self._is_writing)}
        under_way = self._under_way(records.values())
        cases: list[Case] = []
        taken_over: set[int | None] = set()
        for row in rows:
            if row.ref in followed:
                # What becomes of the booking is told under the id by which it goes on.
                cases.append(Case(row, NO_MATCH, None, _left_behind(row)))
                continue
            match = matches[row.id]
            if match.how == MOVED:
                # Of two that one appointment became, the second is another one.
                match = NO_MATCH if match.booking_id in taken_over else match
                taken_over.add(match.booking_id)
            record = records.get(match.booking_id or 0)
            decision = self._decision(row, match, said.get(row.id), record, under_way)
            intent_id = record.values["intent_id"] if record else None
            cases.append(Case(row, match, record, decision, intent_id=intent_id))
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
            self.source,
            row.noted_at,
            row.was in OFF,
            has_our_refs=self.practice.pms is not None
            and self.practice.pms.connection == self.place.connection,
        )
        going_on = under_way.get(record.id or 0, NOTHING_UNDER_WAY) if record else NOTHING_UNDER_WAY
        return decide(there, word, going_on, practitioner_id, self._reading)

    def _practitioner(self, said: IncomingBooking, there: Mapping[str, Any] | None) -> int:
        who = there["practitioner_id"] if there else None
        known = self.practitioners.known(said, who)
        if known is None:
            known = self.practitioners.nameless(said.practice_id, said.practitioner_name)
        if known is None and self._is_writing:
            known = self.practitioners.meant(said, who)
        return known or 0

    def _give_refs(self, said: Iterable[IncomingBooking]) -> None:
        """Note the ids of practitioners who were known by their names alone."""
        for one in said:
            if not one.practitioner_pms_ref or self.practitioners.known(one, None) is not None:
                continue
            nameless = self.practitioners.nameless(one.practice_id, one.practitioner_name)
            if nameless is not None:
                self.practitioners.give_ref(one.practice_id, nameless, one.practitioner_pms_ref)

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
