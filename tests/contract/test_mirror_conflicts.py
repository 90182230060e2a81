"""What a diary says meets what was done here: it waits, stops what was never sent, or begins another booking."""

from dataclasses import replace
from datetime import timedelta

import pytest

from frontdesk.arrivals import AppointmentStatus, Effect, Place
from frontdesk.attempts import Ended, Result
from frontdesk.bookings import Booking, Origin, Presence
from frontdesk.commands import MarkNoShow, TakeBackNoShow
from frontdesk.deliveries import Kind, State
from frontdesk.errors import Conflict
from frontdesk.store.sql.selects import DELIVERY, MIRROR
from frontdesk.store.sql.store import SqlStore
from tests.contract.mirroring import Diary, entry
from tests.contract.queueing import DONE, POLICY
from tests.contract.raw import count, execute
from tests.making import KIM, LEE, cancel, cancel_of, do, make_incoming, make_patient, make_practice, settle

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CANCELLED = AppointmentStatus.CANCELLED


@pytest.fixture
async def diary(store: SqlStore, store_url: str) -> Diary:
    """A practice that has nothing but its PMS told."""
    diary = Diary(store, store_url)
    await diary.open(email="", patient_channels=())
    return diary


async def booked(diary: Diary, away: timedelta = DAY) -> Booking:
    """Return the booking of the appointment a1."""
    await diary.reads(entry("a1", await diary.now() + away))
    return await diary.booking("a1")


async def carried(diary: Diary, result: Result) -> None:
    """Have a dispatcher come to this result."""
    claim = await diary.store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await diary.store.queue.finish(claim, result, POLICY)


def kinds(diary: Diary) -> list[str]:
    return [row.kind for row in execute(diary.url, DELIVERY.select().order_by(DELIVERY.c.id))]


# -- cancelled here ------------------------------------------------------------------------


async def test_our_own_cancel_comes_back_as_an_echo(diary: Diary) -> None:
    cancelled = await cancel(diary.store, cancel_of(await booked(diary), KIM, "Sick"))
    await carried(diary, DONE)
    number = (await diary.store.state()).number
    assert await diary.reads(entry("a1", cancelled.starts_at, status=CANCELLED)) == {}
    assert await diary.booking("a1") == cancelled
    assert (await diary.store.state()).number == number
    assert kinds(diary) == [Kind.PMS_CANCEL]


async def test_what_moves_there_while_our_cancel_is_under_way_waits_for_it(diary: Diary) -> None:
    cancelled = await cancel(diary.store, cancel_of(await booked(diary)))
    moved = entry("a1", cancelled.starts_at + HOUR)
    assert await diary.reads(moved) == {Effect.WAITS: 1}
    assert await diary.booking("a1") == cancelled
    row = diary.row("a1")
    assert (row.state, row.why) == ("waits", "it was cancelled here, and Praktika shows it at another time")
    assert await diary.reconcile() == {}
    (delivery,) = await diary.store.deliveries(cancelled.id)
    await carried(diary, Result(Ended.REFUSED, "not cancelled there: it is at another time"))
    await settle(diary.store, delivery.id, KIM, "rang them: it stays")
    assert await diary.reconcile() == {Effect.PERSON: 1}
    assert diary.row("a1").state == "person"
    assert await diary.reconcile() == {}


async def test_booked_again_there_is_a_successor_under_the_same_id(diary: Diary) -> None:
    first = await cancel(diary.store, cancel_of(await booked(diary), KIM, "Sick"))
    await carried(diary, DONE)
    await diary.reads(entry("a1", first.starts_at, status=CANCELLED))
    assert await diary.reads(entry("a1", first.starts_at)) == {Effect.NEW: 1}
    second = await diary.booking("a1")
    assert second.id != first.id
    assert (second.pms_ref, second.starts_at, second.cancellation) == ("a1", first.starts_at, None)
    assert second.ref != first.ref
    kept = await diary.store.get(first.id)
    assert (kept.cancellation, kept.pms_ref) == (first.cancellation, "")
    assert [(one.booking_id, one.generation, one.how, one.until is None) for one in diary.chain("a1")] == [
        (first.id, 1, "imported", False),
        (second.id, 2, "rebooked", True),
    ]
    assert diary.row("a1").generation == 2
    # From now on the id means the new one.
    assert await diary.reads(entry("a1", first.starts_at + HOUR)) == {Effect.MOVED: 1}
    assert (await diary.booking("a1")).id == second.id
    assert await diary.store.get(first.id) == kept
    assert await diary.store.registry.verify() is None


async def test_a_page_read_before_the_proof_of_a_cancel_makes_no_successor(diary: Diary) -> None:
    cancelled = await cancel(diary.store, cancel_of(await booked(diary)))
    await carried(diary, DONE)
    told = entry("a1", cancelled.starts_at, raw_status="Confirmed")
    assert await diary.reads(told) == {Effect.WAITS: 1}
    assert diary.row("a1").state == "stale"
    assert (await diary.store.state()).bookings == 1
    now = (await diary.store.state()).now
    await diary.note(told, at=now + timedelta(minutes=3))
    assert await diary.reconcile() == {Effect.NEW: 1}


# -- a mark, and what it would make false ------------------------------------------------------


async def test_a_mark_falls_when_the_diary_moves_its_appointment_ahead(diary: Diary) -> None:
    booking = await booked(diary, -HOUR)
    marked = await do(diary.store, booking, MarkNoShow())
    assert await diary.reads(entry("a1", booking.starts_at + DAY)) == {Effect.MOVED: 1, Effect.ATTENDANCE: 1}
    after = await diary.booking("a1")
    assert (after.attendance.presence, after.version) == (Presence.NONE, marked.version + 1)
    assert [action for action, _ in await diary.history(after)] == [
        "booking.added",
        "booking.mark_no_show",
        "booking.moved",
        "booking.take_back_no_show",
    ]
    (told,) = await diary.store.deliveries(booking.id)
    assert (told.state, told.note) == (State.SETTLED, "not needed: its appointment was moved")
    assert await diary.store.registry.verify() is None


async def test_the_desks_mark_stays_when_the_diary_cancels_or_deletes(diary: Diary) -> None:
    booking = await booked(diary, -HOUR)
    marked = await do(diary.store, booking, MarkNoShow())
    assert await diary.reads(entry("a1", booking.starts_at, status=CANCELLED)) == {Effect.ATTENDANCE: 1}
    assert await diary.booking("a1") == marked
    assert (await diary.history(marked))[-1] == ("booking.seen", "Praktika shows it as cancelled")
    await diary.note_gone("a1")
    assert await diary.reconcile() == {Effect.WAITS: 1}
    await carried(diary, DONE)
    assert await diary.reconcile() == {Effect.PERSON: 1}
    assert await diary.booking("a1") == marked
    assert await diary.store.registry.verify() is None


async def test_what_a_person_was_called_to_is_looked_at_again_once_they_changed_it(diary: Diary) -> None:
    booking = await booked(diary, -HOUR)
    await do(diary.store, booking, MarkNoShow())
    await carried(diary, DONE)
    came = entry("a1", booking.starts_at, status=AppointmentStatus.COMPLETED)
    assert await diary.reads(came) == {Effect.PERSON: 1}
    assert await diary.reconcile() == {}
    marked = await diary.booking("a1")
    assert marked.attendance.presence is Presence.NO_SHOW

    await do(diary.store, marked, TakeBackNoShow())
    assert await diary.reconcile() == {}
    assert diary.row("a1").state == "closed"


# -- an open dialog, and what nobody is told ----------------------------------------------------


async def test_an_open_dialog_conflicts_with_what_the_diary_changed(diary: Diary) -> None:
    seen = await booked(diary)
    await diary.reads(entry("a1", seen.starts_at + HOUR))
    with pytest.raises(Conflict, match=r"^frontdesk sync changed this booking"):
        await cancel(diary.store, cancel_of(seen, LEE))


async def test_nothing_that_a_diary_says_is_delivered_to_anybody(diary: Diary) -> None:
    await diary.open(email="desk@smile.example")
    start = await diary.now() + DAY
    other = make_patient(name="Noah Tran", pms_ref="K2", mobile="0491570156")
    for said in (
        entry("a1", start),
        entry("a1", start + HOUR),
        entry("a1", start + HOUR, status=CANCELLED),
        entry("a1", start),
        entry("a1", start, patient=other),
        entry("a1", start - 2 * DAY, patient=other, status=AppointmentStatus.NO_SHOW),
    ):
        await diary.reads(said)
    await diary.note_gone("a1")
    await diary.reconcile()
    assert count(diary.url, "delivery") == count(diary.url, "command") == 0
    assert await diary.store.registry.verify() is None


# -- another patient -----------------------------------------------------------------------------


async def test_another_patient_is_another_booking_and_the_old_one_ends(diary: Diary) -> None:
    first = await booked(diary)
    noah = make_patient(name="Noah Tran", pms_ref="K2", mobile="0491570156", email="noah@example.com")
    assert await diary.reads(entry("a1", first.starts_at, patient=noah)) == {Effect.REPLACED: 1}
    second = await diary.booking("a1")
    assert (second.patient, second.cancellation) == (noah, None)
    ended = await diary.store.get(first.id)
    assert ended.patient == first.patient
    assert ended.cancellation is not None
    assert ended.cancellation.origin is Origin.PMS
    assert ended.cancellation.reason == "the appointment is another patient's now in Praktika"
    assert [one.how for one in diary.chain("a1")] == ["imported", "replaced"]
    assert await diary.store.registry.verify() is None


async def test_a_patient_who_was_merged_there_is_the_same_here(diary: Diary) -> None:
    booking = await booked(diary)
    winner = replace(booking.patient, pms_ref="K9")
    assert await diary.reads(entry("a1", booking.starts_at, patient=winner)) == {Effect.CHANGED: 1}
    after = await diary.booking("a1")
    assert (after.id, after.patient) == (booking.id, winner)


# -- held back, and judged -------------------------------------------------------------------------


async def test_what_is_held_back_stays_open_and_the_rest_is_done(diary: Diary) -> None:
    start = await diary.now() + DAY
    patients = [make_patient(pms_ref=f"K{one}") for one in range(6)]
    await diary.reads(*(entry(f"a{one}", start, patient=patient) for one, patient in enumerate(patients)))
    said = [
        entry(f"a{one}", start, patient=patient, status=CANCELLED)
        if one % 2
        else entry(f"a{one}", start + HOUR, patient=patient)
        for one, patient in enumerate(patients)
    ]
    await diary.note(*said)
    # One of which no diary knows is none of those that it has to show.
    await diary.store.registry.load([make_incoming(pms_ref="")], KIM, "bookings.csv")
    judged = await diary.judge()
    assert judged.counts == {Effect.CANCELLED: 3, Effect.MOVED: 3}
    assert judged.offsets == {HOUR: 3}
    assert list(judged.taken_away.values()) == [3]
    assert {who for who, _ in judged.taken_away} == {"D1"}
    assert sum(judged.known.values()) == 6
    assert set(judged.examples[Effect.MOVED]) == {(await diary.booking(f"a{one}")).id for one in (0, 2, 4)}
    assert await diary.reconcile(Effect.CANCELLED, limit=2) == {Effect.MOVED: 3}
    assert [(await diary.booking(f"a{one}")).cancellation for one in (1, 3, 5)] == [None] * 3
    assert (await diary.judge()).counts == {Effect.CANCELLED: 3}
    assert await diary.reconcile(limit=2) == {Effect.CANCELLED: 3}
    assert (await diary.judge()).counts == {}


async def test_the_baseline_tells_nobody(diary: Diary) -> None:
    start = await diary.now() + DAY
    number = (await diary.store.state()).number
    entries = [entry(f"a{one}", start, patient=make_patient(pms_ref=f"K{one}")) for one in range(5)]
    assert await diary.reads(*entries, is_baseline=True) == {Effect.NEW: 5}
    changes = await diary.store.changes(number, 0)
    assert [one.booking_id for one in changes] == [None]
    booking = await diary.booking("a1")
    assert await diary.history(booking) == []
    assert await diary.reads(
        entry("a1", start + HOUR, patient=make_patient(pms_ref="K1")), is_baseline=True
    ) == {Effect.MOVED: 1}
    assert await diary.history(booking) == []
    assert await diary.store.registry.verify() is None


# -- missing ----------------------------------------------------------------------------------------


async def test_what_is_missing_is_asked_for_and_what_is_known_to_be_off_is_not(diary: Diary) -> None:
    start = await diary.now() + DAY
    patients = [make_patient(pms_ref=f"K{one}") for one in range(6)]
    await diary.reads(
        *(entry(f"a{one}", start + one * HOUR, patient=who) for one, who in enumerate(patients))
    )
    await diary.reads(entry("a1", start + HOUR, patient=patients[1], status=CANCELLED))
    await diary.note_gone("a2")
    await cancel(diary.store, cancel_of(await diary.booking("a3")))
    assert await diary.missing({"a0"}, start, start + 5 * HOUR) == ("a4",)
    assert await diary.missing((), start, start + 5 * HOUR) == ("a0", "a4")
    assert await diary.missing((), start + 4 * HOUR, start + DAY) == ("a4", "a5")


async def test_an_unknown_word_is_counted_and_cancels_nothing(diary: Diary) -> None:
    booking = await booked(diary)
    said = entry("a1", booking.starts_at, status=AppointmentStatus.OTHER, raw_status="Running late")
    assert await diary.reads(said) == {Effect.UNKNOWN_WORD: 1}
    assert await diary.booking("a1") == booking
    assert diary.row("a1").raw_status == "Running late"


async def test_the_same_text_is_the_same_time_whatever_a_new_zone_table_makes_of_it(diary: Diary) -> None:
    start = await diary.now() + DAY
    said = entry("a1", start, time_text="2026-11-26T09:00")
    await diary.reads(said)
    before = await diary.booking("a1")
    assert (
        await diary.note(replace(said, starts_at=start + HOUR, ends_at=start + HOUR + HOUR / 2))
    ).unchanged
    later = replace(said, starts_at=start + HOUR, ends_at=start + HOUR + HOUR / 2, appointment_type="Filling")
    assert await diary.reads(later) == {Effect.CHANGED: 1}
    assert (await diary.booking("a1")).starts_at == before.starts_at
    # A zone that was set wrongly, and is put right, moves what is written as before.
    await diary.open(time_zone="Australia/Perth")
    assert await diary.reads(later) == {Effect.MOVED: 1}


async def test_an_id_is_one_of_its_connection_and_location(
    store: SqlStore, store_url: str, diary: Diary
) -> None:

    north = Diary(store, store_url, Place("smile", "2"))

    await store.registry.apply_practices([make_practice("north", location="2")], KIM)
    start = await diary.now() + DAY
    assert await diary.reads(entry("a1", start)) == {Effect.NEW: 1}
    assert await north.reads(entry("a1", start)) == {Effect.NEW: 1}
    assert (await store.state()).bookings == 2
    assert len(execute(store_url, MIRROR.select())) == 2
    nowhere = Diary(store, store_url, Place("smile", "3"))
    assert await nowhere.reads(entry("a1", start)) == {}
    assert (await store.state()).bookings == 2
    # Where two practices say that a diary is theirs, nobody knows whose it is.
    await store.registry.apply_practices([make_practice("south", location="2")], KIM)
    assert await north.reads(entry("a2", start)) == {}
    assert (await north.judge()).counts == {}
    assert (await store.state()).bookings == 2
