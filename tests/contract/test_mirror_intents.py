"""What a diary says meets a change that waits for the PMS: the one that was never sent falls, the other is settled first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from frontdesk import commands
from frontdesk.arrivals import AppointmentStatus, Effect
from frontdesk.attempts import Result
from frontdesk.bookings import Booking
from frontdesk.deliveries import State
from frontdesk.store.sql.store import SqlStore
from tests.contract.mirroring import Diary, entry
from tests.contract.queueing import DONE, POLICY, UNKNOWN
from tests.contract.test_made_up_ask import Nudge, nudge

DAY = timedelta(days=1)
TWENTY = timedelta(minutes=20)


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(commands.KINDS, Nudge.kind, Nudge)


@pytest.fixture
async def diary(store: SqlStore, store_url: str) -> Diary:
    diary = Diary(store, store_url)
    await diary.open()
    await diary.reads(entry("a1", await diary.now() + DAY))
    return diary


async def under_way(diary: Diary, result: Result | None = None) -> Booking:
    """Return the booking with a change under way, sent if an attempt has come to this result."""
    booking: Booking = (await diary.store.do(nudge(await diary.booking("a1")))).thing
    assert booking.intent is not None
    if result is not None:
        claim = await diary.store.queue.claim(["smile"], POLICY)
        assert claim is not None
        await diary.store.queue.finish(claim, result, POLICY)
    return booking


async def test_a_cancel_there_ends_what_was_never_sent_and_no_message_of_it_goes_out(diary: Diary) -> None:
    intended = await under_way(diary)
    said = entry("a1", intended.starts_at, status=AppointmentStatus.CANCELLED, reason="Sick")
    assert await diary.reads(said) == {Effect.CANCELLED: 1}
    after = await diary.booking("a1")
    assert after.intent is None
    assert after.cancellation is not None
    assert (after.cancellation.reason, after.version) == ("Sick", intended.version + 1)
    for told in await diary.store.deliveries(after.id):
        assert (told.state, told.note) == (State.SETTLED, "not done: it was cancelled in Praktika")
    assert [action for action, _ in await diary.history(after)][-2:] == ["booking.cancelled", "booking.nudge"]
    assert await diary.store.registry.verify() is None


async def test_what_may_have_been_sent_is_settled_first(diary: Diary) -> None:
    intended = await under_way(diary, UNKNOWN)
    said = entry("a1", intended.starts_at, status=AppointmentStatus.CANCELLED)
    assert await diary.reads(said) == {Effect.WAITS: 1}
    assert await diary.booking("a1") == intended
    assert diary.row("a1").why == "a change is under way, and Praktika shows it as cancelled"


async def proven(diary: Diary, **proof: str) -> Booking:
    """Return the booking once its change is proven; the PMS may have given the appointment another id."""
    claim = await diary.store.queue.claim(["smile"], POLICY)
    assert claim is not None
    await diary.store.queue.finish(claim, replace(DONE, proof={"pms_ref": "a1"} | proof), POLICY)
    return await diary.store.get(claim.booking.id)


async def test_our_own_change_comes_back_as_an_echo_once_it_is_proven(diary: Diary) -> None:
    intended = await under_way(diary)
    moved = entry("a1", intended.starts_at + TWENTY, ends_at=intended.ends_at)
    assert await diary.reads(moved) == {Effect.WAITS: 1}
    booking = await proven(diary)
    assert booking.starts_at == intended.starts_at + TWENTY
    assert await diary.reconcile() == {}
    assert await diary.booking("a1") == booking
    assert diary.row("a1").state == "closed"
    assert await diary.store.registry.verify() is None


async def test_an_id_that_our_own_move_made_is_the_same_booking(diary: Diary) -> None:
    await under_way(diary)
    booking = await proven(diary, pms_ref="a2")
    assert [(one.how, one.until is None) for one in diary.chain("a2")] == [("moved", True)]
    assert await diary.reads(entry("a2", booking.starts_at, ends_at=booking.ends_at)) == {}
    assert await diary.booking("a2") == booking
    # It has not gone: another one of the same patient is another one.
    left = entry("a1", booking.starts_at, status=AppointmentStatus.CANCELLED)
    assert await diary.reads(left, entry("a3", booking.starts_at + DAY)) == {Effect.NEW: 1}
    await diary.note_gone("a1")
    assert await diary.reconcile() == {}
    assert [one.how for one in diary.chain("a3")] == ["imported"]
    assert await diary.store.get(booking.id) == booking
    assert (await diary.store.state()).bookings == 2


async def test_another_time_there_waits_and_wins_once_ours_has_come_to_its_end(diary: Diary) -> None:
    intended = await under_way(diary)
    assert await diary.reads(entry("a1", intended.starts_at + DAY)) == {Effect.WAITS: 1}
    assert await diary.booking("a1") == intended
    await proven(diary)
    assert await diary.reconcile() == {Effect.MOVED: 1}
    assert (await diary.booking("a1")).starts_at == intended.starts_at + DAY


async def test_contact_data_do_not_wait(diary: Diary) -> None:
    intended = await under_way(diary)
    said = entry("a1", intended.starts_at, appointment_type="Filling")
    assert await diary.reads(said) == {Effect.CHANGED: 1}
    after = await diary.booking("a1")
    assert (after.appointment_type, after.intent) == ("Filling", intended.intent)
    assert await diary.store.registry.verify() is None
