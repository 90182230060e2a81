"""What a diary says becomes true here: new, moved, changed, cancelled, gone, and each in the booking's history."""

from dataclasses import replace
from datetime import timedelta

import pytest

from frontdesk import times
from frontdesk.arrivals import AppointmentStatus, Effect
from frontdesk.audit import in_words, past_of
from frontdesk.bookings import Attendance, Operator, Origin, Presence
from frontdesk.store.sql.store import SqlStore
from tests.contract.mirroring import Diary, entry
from tests.contract.raw import count
from tests.making import make_patient

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def diary(store: SqlStore, store_url: str) -> Diary:
    """A practice whose diary nobody has read yet."""
    diary = Diary(store, store_url)
    await diary.open()
    return diary


async def test_a_new_appointment_is_a_booking(diary: Diary) -> None:
    start = await diary.now() + DAY
    assert await diary.reads(entry("a1", start)) == {Effect.NEW: 1}
    booking = await diary.booking("a1")
    assert (booking.pms_ref, booking.starts_at, booking.ends_at) == ("a1", start, start + HOUR / 2)
    assert booking.patient == make_patient(pms_ref="K1")
    assert (booking.practitioner.name, booking.practitioner.pms_ref) == ("Dr Priya Rao", "D1")
    assert len(booking.ref) == 6
    assert await diary.history(booking) == [("booking.added", "")]
    assert [(one.how, one.generation) for one in diary.chain("a1")] == [("imported", 1)]
    assert await diary.store.registry.verify() is None


async def test_a_moved_appointment_moves_its_booking(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    before = await diary.booking("a1")
    number = (await diary.store.state()).number
    assert await diary.reads(entry("a1", start + HOUR)) == {Effect.MOVED: 1}
    after = await diary.booking("a1")
    moved = replace(before, version=2, starts_at=start + HOUR, ends_at=start + HOUR + HOUR / 2)
    assert after == moved
    (_, (action, note)) = await diary.history(after)
    assert action == "booking.moved"
    assert note.startswith("from ")
    changes = await diary.store.changes(number, 0)
    assert [(one.subject.kind, one.booking_id) for one in changes] == [("booking", after.id)]
    event = (await diary.store.history(after.id))[0]
    was = times.when_in_words(start, after.practice.zone, event.at)
    assert (past_of(event.action), in_words(event, after.practice.zone)) == (
        "moved",
        f"from {was}, as Praktika says",
    )


async def test_what_says_nothing_new_is_not_written(diary: Diary) -> None:
    start = await diary.now() + DAY
    said = entry("a1", start)
    await diary.reads(said)
    state, row = (await diary.store.state()).number, diary.row("a1")
    noted = await diary.note(replace(said, version="2", updated_at=start))
    assert (noted.new, noted.changed, noted.unchanged) == (0, 0, 1)
    assert await diary.reconcile() == {}
    assert ((await diary.store.state()).number, diary.row("a1")) == (state, row)


async def test_another_practitioner_and_other_contact_data(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    said = entry("a1", start, practitioner_ref="D2", practitioner_name="Dr Tom Field")
    assert await diary.reads(said) == {Effect.REASSIGNED: 1}
    mobile = make_patient(pms_ref="K1", mobile="0491570156")
    assert await diary.reads(replace(said, patient=mobile)) == {Effect.CHANGED: 1}
    booking = await diary.booking("a1")
    assert (booking.practitioner.name, booking.patient.mobile) == ("Dr Tom Field", "0491570156")
    assert (await diary.history(booking))[1:] == [
        ("booking.reassigned", "from Dr Priya Rao to Dr Tom Field"),
        ("booking.changed", "mobile"),
    ]


async def test_what_is_not_said_erases_nothing(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    before = await diary.booking("a1")
    unsaid = frozenset(
        {"patient_dob", "patient_mobile", "patient_email", "new_patient", "fee", "appointment_type"}
    )
    silent = entry(
        "a1",
        start,
        patient=replace(make_patient(pms_ref="K1"), birth_date=None, mobile="", email="", is_new=None),
        appointment_type="",
        unsaid=unsaid,
    )
    assert await diary.reads(silent) == {}
    assert await diary.booking("a1") == before


async def test_cancelled_there_is_cancelled_here_and_nobody_is_told(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    gone = entry("a1", start, status=AppointmentStatus.CANCELLED, reason="Sick")
    assert await diary.reads(gone) == {Effect.CANCELLED: 1}
    booking = await diary.booking("a1")
    assert booking.cancellation is not None
    assert (booking.cancellation.origin, booking.cancellation.reason) == (Origin.PMS, "Sick")
    assert count(diary.url, "delivery") == count(diary.url, "command") == 0
    assert await diary.reads(entry("a1", start)) == {Effect.REINSTATED: 1}
    again = await diary.booking("a1")
    assert (again.id, again.version, again.cancellation) == (booking.id, 3, None)
    assert [action for action, _ in await diary.history(again)] == [
        "booking.added",
        "booking.cancelled",
        "booking.reinstated",
    ]
    assert await diary.store.registry.verify() is None


async def test_deleted_there_is_cancelled_here(diary: Diary) -> None:
    start = await diary.now() + DAY
    await diary.reads(entry("a1", start))
    await diary.note_gone("a1")
    assert await diary.reconcile() == {Effect.GONE: 1}
    booking = await diary.booking("a1")
    assert booking.cancellation is not None
    assert booking.cancellation.reason == "deleted in Praktika"
    await diary.note_gone("a1")
    assert await diary.reconcile() == {}
    assert await diary.reads(entry("a1", start)) == {Effect.REINSTATED: 1}


async def test_whether_they_came_is_a_fact_beside_it(diary: Diary) -> None:
    start = await diary.now() - HOUR
    await diary.reads(entry("a1", start))
    came = entry("a1", start, status=AppointmentStatus.ARRIVED, since=start)
    assert await diary.reads(came) == {Effect.ATTENDANCE: 1}
    booking = await diary.booking("a1")
    assert booking.attendance == Attendance(
        Presence.ARRIVED, Origin.PMS, Operator("frontdesk sync"), start, notice=False
    )
    assert (await diary.history(booking))[-1] == ("booking.seen", "arrived")


async def test_a_batch_is_repeated_without_effect(diary: Diary) -> None:
    start = await diary.now() + DAY
    entries = [
        entry(f"a{one}", start + one * HOUR, patient=make_patient(pms_ref=f"K{one}")) for one in range(7)
    ]
    assert await diary.reads(*entries, limit=3) == {Effect.NEW: 7}
    number = (await diary.store.state()).number
    assert await diary.reads(*entries, limit=3) == {}
    assert (await diary.store.state()).number == number
    assert (await diary.store.state()).bookings == 7
