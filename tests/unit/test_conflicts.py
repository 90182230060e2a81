"""The conflict table, row by row and column by column, and what is never broken in any order of events."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Effect
from frontdesk.bookings import Attendance, Booking, Cancellation, Intent, Origin, Patient, Presence
from frontdesk.conflicts import PAGE_AGE, Decision, UnderWay, Verdict, Word, decide, is_another_patient
from frontdesk.merging import Reading, said_by
from frontdesk.store.sql.selects import booking_values
from tests.making import KIM, make_booking, make_patient

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
AHEAD, PAST = NOW + timedelta(days=1), NOW - timedelta(hours=1)
HOUR = timedelta(hours=1)
READING = Reading(KIM, NOW, make_booking().practice.zone)
OPEN, SENT = UnderWay(is_open=True), UnderWay(is_open=True, is_sent=True)
NOBODY = UnderWay()

AMELIA = make_patient(pms_ref="K1")
BOOKING = make_booking(patient=AMELIA, starts_at=AHEAD, ends_at=AHEAD + HOUR / 2)
CANCELLED_HERE = Cancellation(NOW - HOUR, KIM, "Sick")
MOVING = Intent(UUID(int=1), "booking.move", NOW - HOUR)
ABSENT = Attendance(Presence.NO_SHOW, Origin.HERE, KIM, NOW - HOUR / 2)

PLAIN = BOOKING
CANCELLED = replace(BOOKING, cancellation=CANCELLED_HERE)
MOVED = replace(BOOKING, intent=MOVING)
MARKED = replace(BOOKING, starts_at=PAST, ends_at=PAST + HOUR / 2, attendance=ABSENT)


def entry(booking: Booking, **changes: Any) -> DiaryEntry:
    """Return what a diary says of a booking that stands there as it does here, but for `changes`."""
    said = DiaryEntry(
        booking.pms_ref,
        AppointmentStatus.BOOKED,
        booking.starts_at,
        booking.patient,
        ends_at=booking.ends_at,
        appointment_type=booking.appointment_type,
        unsaid=frozenset({"pms_practitioner_ref", "practitioner"}),
    )
    return replace(said, **changes)


def decided(
    booking: Booking | None,
    said: DiaryEntry | None,
    under_way: UnderWay = NOBODY,
    *,
    who: int = 1,
    was_off: bool = False,
    noted_at: datetime = NOW,
) -> Decision:
    there = None if booking is None else booking_values(booking)
    incoming = None if said is None else said_by(said, "adelaide", NOW)
    word = Word(said.status if said else None, incoming, "Praktika", noted_at, was_off)
    return decide(there, word, under_way, who, READING)


@dataclass(frozen=True)
class Row:
    """What the diary shows, and what becomes of it in each column: nothing, Cancel, Reschedule, No-show.

    A cell has the verdict while the command is not sent, while it may have been, and when nothing is under way.
    """

    shows: str
    changes: dict[str, Any] | None
    none: Verdict
    cancel: tuple[Verdict, Verdict, Verdict]
    move: tuple[Verdict, Verdict]
    no_show: tuple[Verdict, Verdict, Verdict]
    who: int = 1


N, W, B, F, R = Verdict.NOTHING, Verdict.WRITE, Verdict.BEGIN, Verdict.FOLLOW, Verdict.REPLACE
WAITS, PERSON = Verdict.WAITS, Verdict.PERSON
STATUS = AppointmentStatus

TABLE = [
    Row("same", {}, N, (N, N, PERSON), (N, N), (N, N, N)),
    Row("other time", {"starts_at": HOUR}, W, (WAITS, WAITS, PERSON), (WAITS, WAITS), (W, WAITS, W)),
    Row("other practitioner", {}, W, (WAITS, WAITS, PERSON), (WAITS, WAITS), (W, W, W), who=2),
    Row("cancelled", {"status": STATUS.CANCELLED}, W, (N, N, N), (W, WAITS), (W, W, W)),
    Row("gone", None, W, (WAITS, WAITS, N), (WAITS, WAITS), (WAITS, WAITS, PERSON)),
    Row("new id", {"ref": "P2"}, W, (WAITS, WAITS, PERSON), (WAITS, WAITS), (W, W, W)),
    Row(
        "arrived",
        {"status": STATUS.ARRIVED},
        W,
        (WAITS, WAITS, PERSON),
        (WAITS, WAITS),
        (WAITS, WAITS, PERSON),
    ),
    Row(
        "completed",
        {"status": STATUS.COMPLETED},
        W,
        (WAITS, WAITS, PERSON),
        (WAITS, WAITS),
        (WAITS, WAITS, PERSON),
    ),
    Row("no-show", {"status": STATUS.NO_SHOW}, W, (WAITS, WAITS, N), (WAITS, WAITS), (N, N, N)),
    Row(
        "other patient",
        {"patient": make_patient(name="Noah Tran", pms_ref="K2", birth_date=date(1990, 1, 1))},
        R,
        (WAITS, WAITS, F),
        (WAITS, WAITS),
        (WAITS, WAITS, PERSON),
    ),
    Row(
        "unknown word", {"status": STATUS.OTHER}, N, (WAITS, WAITS, PERSON), (WAITS, WAITS), (WAITS, WAITS, N)
    ),
]


def shown(row: Row, booking: Booking) -> DiaryEntry | None:
    if row.changes is None:
        return None
    changes = dict(row.changes)
    if "starts_at" in changes:
        changes["starts_at"] = booking.starts_at + changes["starts_at"]
    return entry(booking, **changes)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.shows)
def test_each_row_of_the_table(row: Row) -> None:
    def verdict(booking: Booking, under_way: UnderWay = NOBODY) -> Verdict:
        return decided(booking, shown(row, booking), under_way, who=row.who).verdict

    assert verdict(PLAIN) is row.none
    assert tuple(verdict(CANCELLED, one) for one in (OPEN, SENT, NOBODY)) == row.cancel
    assert tuple(verdict(MOVED, one) for one in (OPEN, SENT)) == row.move
    assert tuple(verdict(MARKED, one) for one in (OPEN, SENT, NOBODY)) == row.no_show


EFFECTS = [
    ("same", set()),
    ("other time", {Effect.MOVED}),
    ("other practitioner", {Effect.REASSIGNED}),
    ("cancelled", {Effect.CANCELLED}),
    ("gone", {Effect.GONE}),
    ("new id", set()),
    ("arrived", {Effect.ATTENDANCE}),
    ("completed", {Effect.ATTENDANCE}),
    ("no-show", {Effect.ATTENDANCE}),
    ("other patient", {Effect.REPLACED}),
    ("unknown word", {Effect.UNKNOWN_WORD}),
]


@pytest.mark.parametrize(("row", "effects"), zip(TABLE, EFFECTS, strict=True), ids=lambda one: str(one)[:20])
def test_what_each_row_counts_as(row: Row, effects: tuple[str, set[Effect]]) -> None:
    assert row.shows == effects[0]
    assert decided(PLAIN, shown(row, PLAIN), who=row.who).effects == effects[1]
    assert decided(CANCELLED, entry(CANCELLED, starts_at=PAST), OPEN).effects == {Effect.WAITS}


def test_a_move_that_is_done_there_waits_for_its_proof_and_is_then_an_echo() -> None:
    moved = entry(MOVED, starts_at=AHEAD + HOUR, ends_at=AHEAD + HOUR + HOUR / 2)
    assert decided(MOVED, moved, SENT).verdict is WAITS
    proven = replace(BOOKING, starts_at=AHEAD + HOUR, ends_at=AHEAD + HOUR + HOUR / 2)
    assert decided(proven, moved).verdict is N


def test_a_cancel_there_ends_a_change_that_was_never_sent() -> None:
    decision = decided(MOVED, entry(MOVED, status=STATUS.CANCELLED, reason="Sick"), OPEN)
    assert decision.ends_intent
    assert decision.merged.values["intent_id"] is None
    assert decision.merged.values["cancellation_reason"] == "Sick"
    assert decision.effects == {Effect.CANCELLED}


def test_a_mark_falls_where_the_new_time_makes_it_false() -> None:
    for starts_at, falls in ((AHEAD, True), (PAST - HOUR, False)):
        decision = decided(MARKED, entry(MARKED, starts_at=starts_at), OPEN)
        assert (decision.verdict, decision.merged.falls) == (W, falls)


def test_the_desks_mark_stays_and_what_the_diary_says_is_kept_in_mind() -> None:
    came = replace(MARKED, attendance=replace(ABSENT, presence=Presence.ATTENDED))
    decision = decided(came, entry(came, status=STATUS.NO_SHOW))
    assert (decision.verdict, decision.merged.values) == (W, {})
    assert decision.note == "Praktika says: did not come"
    for said, under_way in ((STATUS.ARRIVED, NOBODY), (STATUS.NO_SHOW, OPEN)):
        assert decided(came, entry(came, status=said), under_way).verdict is N
    kept = decided(MARKED, entry(MARKED, status=STATUS.CANCELLED))
    assert (kept.merged.values, kept.note) == ({}, "Praktika shows it as cancelled")


def test_a_cancel_there_says_nothing_of_whether_they_came() -> None:
    arrived = Attendance(Presence.ARRIVED, Origin.PMS, KIM, PAST)
    there = replace(BOOKING, starts_at=PAST, ends_at=None, attendance=arrived)
    decision = decided(there, entry(there, status=STATUS.CANCELLED))
    assert decision.effects == {Effect.CANCELLED}
    assert "attendance" not in decision.merged.values


# -- booked again after it was cancelled ---------------------------------------------------


def test_what_was_cancelled_here_and_is_booked_again_there_is_another_booking() -> None:
    again = entry(CANCELLED, starts_at=AHEAD + HOUR)
    decision = decided(CANCELLED, again, was_off=True)
    assert (decision.verdict, decision.effects, decision.merged.values) == (F, frozenset({Effect.NEW}), {})
    assert decision.begins is not None
    assert decision.begins.values["starts_at"] == AHEAD + HOUR
    assert decision.begins.values["cancelled"] is False


def test_a_page_that_was_read_before_the_cancel_was_proven_is_no_new_booking() -> None:
    proven = UnderWay(cancelled_there_at=NOW)
    soon, later = NOW + PAGE_AGE - timedelta(seconds=1), NOW + PAGE_AGE
    assert decided(CANCELLED, entry(CANCELLED), proven, noted_at=soon).verdict is Verdict.STALE
    assert decided(CANCELLED, entry(CANCELLED), proven, noted_at=later).verdict is F


def test_what_a_source_has_cancelled_it_reinstates() -> None:
    for origin in (Origin.PMS, Origin.FILE):
        gone = replace(BOOKING, cancellation=replace(CANCELLED_HERE, origin=origin))
        decision = decided(gone, entry(gone), was_off=True)
        assert (decision.verdict, decision.effects) == (W, frozenset({Effect.REINSTATED}))
        assert decision.merged.values["cancelled"] is False


def test_an_unknown_word_never_cancels_and_never_reinstates() -> None:
    word = entry(BOOKING, status=STATUS.OTHER, starts_at=AHEAD + HOUR, ends_at=None)
    moved = decided(BOOKING, word)
    assert moved.effects == {Effect.MOVED, Effect.UNKNOWN_WORD}
    assert not moved.merged.values.keys() & {"cancelled", "attendance"}
    gone = replace(BOOKING, cancellation=replace(CANCELLED_HERE, origin=Origin.PMS))
    assert decided(gone, entry(gone, status=STATUS.OTHER)).verdict is N


# -- the id has no booking yet ---------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False, None])
def test_who_was_new_when_they_were_booked_stays_new(known: bool | None) -> None:
    booking = replace(BOOKING, patient=replace(AMELIA, is_new=known))
    for is_new in (True, False):
        there = decided(booking, entry(booking, patient=replace(booking.patient, is_new=is_new)))
        assert there.merged.values == ({} if known is not None else {"patient_is_new": is_new})
    told_nothing = decided(booking, entry(booking, patient=replace(booking.patient, is_new=None)))
    assert told_nothing.merged.values == {}


def test_a_new_id_begins_a_booking_and_one_that_is_gone_does_not() -> None:
    decision = decided(None, entry(BOOKING, status=STATUS.ARRIVED, starts_at=PAST))
    assert (decision.verdict, decision.effects) == (B, frozenset({Effect.NEW}))
    assert decision.begins is not None
    assert decision.begins.values["attendance"] == "arrived"
    assert decided(None, None).verdict is N
    assert decided(None, entry(BOOKING, patient=Patient(""))).verdict is PERSON
    assert decided(None, entry(BOOKING, status=STATUS.OTHER)).effects == {Effect.NEW, Effect.UNKNOWN_WORD}


# -- whose appointment it is -------------------------------------------------------------------

SAME = [
    ("a rename of the same id", {"name": "Amelia Tran"}),
    ("the loser of a merge, the same in all three", {"pms_ref": "K9"}),
    ("no id, the same words in another order", {"name": "WILSON, Amelia", "pms_ref": ""}),
    ("nothing said of the patient", {"name": "", "pms_ref": "", "birth_date": None, "mobile": ""}),
]
ANOTHER = [
    ("another id, another mobile", {"pms_ref": "K9", "mobile": "0491570156"}),
    ("another id, no birth date", {"pms_ref": "K9", "birth_date": None}),
    ("no id, another name", {"name": "Noah Wilson", "pms_ref": ""}),
    ("no id, another birth date", {"pms_ref": "", "birth_date": date(1999, 1, 1), "mobile": ""}),
]


@pytest.mark.parametrize(
    ("why", "changes", "is_another"), [(*one, False) for one in SAME] + [(*one, True) for one in ANOTHER]
)
def test_whose_appointment_it_is(why: str, changes: dict[str, Any], is_another: bool) -> None:
    said = said_by(entry(BOOKING, patient=replace(AMELIA, **changes)), "adelaide", NOW)
    assert is_another_patient(booking_values(BOOKING), said, has_our_refs=True) is is_another, why


def test_ids_of_patients_of_another_connection_prove_nothing() -> None:
    other = said_by(
        entry(BOOKING, patient=replace(AMELIA, name="Noah Tran", birth_date=None)), "adelaide", NOW
    )
    assert is_another_patient(booking_values(BOOKING), other, has_our_refs=False)
    same = said_by(entry(BOOKING, patient=replace(AMELIA, pms_ref="K9", birth_date=None)), "adelaide", NOW)
    assert not is_another_patient(booking_values(BOOKING), same, has_our_refs=False)
