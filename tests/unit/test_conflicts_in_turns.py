"""What holds in whatever order a diary, a desk and the PMS's answers come: the conflict table, many turns long."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.arrivals import AppointmentStatus, DiaryEntry
from frontdesk.attendance import is_too_early
from frontdesk.bookings import Origin, Patient, Presence
from frontdesk.conflicts import NOTHING_UNDER_WAY, PAGE_AGE, Decision, UnderWay, Verdict, Word, decide
from frontdesk.merging import NO_INTENT, OF_SOURCES, Reading, Values, said_by
from frontdesk.store.sql.selects import booking_values
from tests.making import KIM, make_booking, make_patient

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
ZONE = make_booking().practice.zone
READING = Reading(KIM, NOW, ZONE)
STATUS = AppointmentStatus
TIMES = [NOW + timedelta(hours=hours) for hours in (-30, -1, 1, 30)]
PATIENTS = [
    make_patient(pms_ref="K1"),
    Patient("Noah Tran", None, "", "", None, "K2"),
]
UNSAID = frozenset({"patient_dob", "patient_mobile", "patient_email", "new_patient", "fee"})
"""What the diary of these tests has no place for."""

WORDS = st.builds(
    DiaryEntry,
    st.just("P1"),
    st.sampled_from(STATUS),
    st.sampled_from(TIMES),
    st.sampled_from([replace(one, birth_date=None, mobile="", email="", is_new=None) for one in PATIENTS]),
    practitioner_ref=st.sampled_from(["1", "2"]),
    appointment_type=st.sampled_from(["Check-up and clean", "Filling"]),
    unsaid=st.just(UNSAID),
)


@dataclass
class World:
    """One id of a diary: the bookings that it has had, the last of which it means now."""

    bookings: list[Values] = field(default_factory=list)
    under_way: UnderWay = NOTHING_UNDER_WAY
    was_off: bool = False
    shown: DiaryEntry | None = None
    is_open: bool = False
    decision: Decision | None = None

    @property
    def there(self) -> Values | None:
        return self.bookings[-1] if self.bookings else None

    def decided(self) -> Decision:
        said = None if self.shown is None else said_by(self.shown, "adelaide", NOW)
        status = self.shown.status if self.shown else None
        word = Word(status, said, "Praktika", NOW + 2 * PAGE_AGE, self.was_off)
        who = int(self.shown.practitioner_ref) if self.shown else 0
        return decide(self.there, word, self.under_way, who, READING)

    def takes(self, shown: DiaryEntry | None) -> Decision:
        """Have the diary say something, and make of it what the table says."""
        self.shown = shown
        decision = self.decided()
        if self.there is not None:
            self.bookings[-1] = self.there | decision.merged.values
        if decision.ends_intent:
            self.under_way = NOTHING_UNDER_WAY
        if decision.begins is not None:
            self.bookings.append(decision.begins.values)
            self.under_way = NOTHING_UNDER_WAY
        self.is_open = decision.verdict in (Verdict.WAITS, Verdict.PERSON, Verdict.STALE)
        if not self.is_open:
            self.was_off = shown is None or shown.status is STATUS.CANCELLED
        return decision


def cancels(world: World, is_sent: bool) -> None:
    if world.there is None or world.there["cancelled"] or world.there["starts_at"] <= NOW:
        return
    here = {"cancelled": True, "cancelled_at": NOW, "cancelled_origin": Origin.HERE.value}
    world.bookings[-1] = world.there | here | NO_INTENT
    world.under_way = UnderWay(is_open=True, is_sent=is_sent)


def moves(world: World, is_sent: bool) -> None:
    if world.there is None or world.there["cancelled"] or world.there["intent_id"] is not None:
        return
    world.bookings[-1] = world.there | {
        "intent_id": UUID(int=1),
        "intent_kind": "booking.move",
        "intent_at": NOW,
    }
    world.under_way = UnderWay(is_open=True, is_sent=is_sent)


def marks(world: World, is_sent: bool) -> None:
    there = world.there
    if there is None or there["cancelled"] or there["intent_id"] is not None or there["starts_at"] > NOW:
        return
    marked = {"attendance": "no-show", "attendance_origin": "here", "attendance_at": NOW}
    world.bookings[-1] = there | marked
    world.under_way = UnderWay(is_open=True, is_sent=is_sent)


def settles(world: World, is_sent: bool) -> None:
    if world.there is None:
        return
    is_cancelled_here = world.there["cancelled"] and world.there["cancelled_origin"] == "here"
    world.bookings[-1] = world.there | NO_INTENT
    world.under_way = UnderWay(cancelled_there_at=NOW if is_cancelled_here and is_sent else None)


HERE = st.tuples(st.sampled_from([cancels, moves, marks, settles]), st.booleans())
TURNS = st.lists(st.one_of(WORDS, st.none(), HERE), min_size=1, max_size=12)


def turned(turns: list[Any]) -> World:
    """Play these turns, and hold what must hold after each of them."""
    world = World()
    for turn in turns:
        before = [dict(one) for one in world.bookings]
        under_way = world.under_way
        if isinstance(turn, tuple):
            do, is_sent = turn
            do(world, is_sent)
            continue
        decision = world.takes(turn)
        holds(before, under_way, world, decision)
    return world


def holds(before: list[Values], under_way: UnderWay, world: World, decision: Decision) -> None:
    assert world.bookings[: len(before) - 1] == before[:-1], "a booking that the id means no more was touched"
    for was, now_is in zip(before, world.bookings, strict=False):
        if was["cancelled"] and was["cancelled_origin"] not in OF_SOURCES:
            assert now_is == was, "what was cancelled here is so for ever"
        assert (now_is["patient_pms_ref"]) == was["patient_pms_ref"], "a booking never gets another patient"
        for name in ("patient_birth_date", "patient_mobile", "patient_email", "fee_cents"):
            assert now_is[name] == was[name], "what was not said has erased something"
        if was["attendance"] == "no-show" and was["attendance_origin"] == "here" and was["attendance_at"]:
            stays = (now_is["attendance"], now_is["attendance_origin"]) == ("no-show", "here")
            assert stays or is_too_early(Presence.NO_SHOW, now_is["starts_at"], ZONE, NOW), "a mark fell"
            assert stays or decision.merged.falls
    if under_way.is_open and under_way.is_sent and before:
        same = {name: before[-1][name] for name in ("starts_at", "practitioner_id")}
        moved = {name: world.bookings[len(before) - 1][name] for name in same}
        is_marked = before[-1]["attendance"] == "no-show"
        assert moved == same or is_marked or before[-1]["intent_id"] is None, "moved under what was sent"
    if decision.verdict in (Verdict.WAITS, Verdict.PERSON, Verdict.STALE, Verdict.NOTHING):
        assert world.bookings == before, "what waits has changed something"


def settled(turns: list[Any]) -> None:
    """Play these turns, let all come to its end, and have the diary say its last word once more, and again."""
    world = turned(turns)
    if world.shown is None:
        return
    settles(world, True)
    world.takes(world.shown)
    if world.is_open or world.there is None:
        return
    there = dict(world.there)
    again = world.decided()
    assert not again.merged.values, "said again, it changes something again"
    assert again.begins is None, "said again, it begins another booking"
    is_marked_here = there["attendance_origin"] == "here" and there["attendance_at"] is not None
    if there["cancelled_origin"] == "here" or is_marked_here:
        return
    shown = world.shown
    here = there["starts_at"], there["practitioner_id"], there["appointment_type"], there["cancelled"]
    is_off = there["cancelled"] if shown.status is STATUS.OTHER else shown.status is STATUS.CANCELLED
    said = shown.starts_at, int(shown.practitioner_ref), shown.appointment_type, is_off
    assert here == said, "nothing was done here, and the list is not the diary"


@settings(max_examples=60, deadline=None)
@given(TURNS)
def test_in_any_order(turns: list[Any]) -> None:
    settled(turns)


@pytest.mark.full
@settings(max_examples=3_000, deadline=None)
@given(TURNS)
def test_in_very_many_orders(turns: list[Any]) -> None:
    settled(turns)


def test_booking_values_are_what_is_merged() -> None:
    """A booking of the store and one of these tests have the same columns."""
    begun = World()
    begun.takes(DiaryEntry("P1", STATUS.BOOKED, TIMES[2], PATIENTS[0], practitioner_ref="1"))
    assert begun.there is not None
    assert booking_values(make_booking()).keys() <= begun.there.keys()
