"""What a place is pushed, on every database: each message once, in order, and never a flood of cancels."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from frontdesk.arrivals import AppointmentStatus, Effect, Place, Pushed
from frontdesk.bookings import Booking, BookingQuery, Direction, Presence
from frontdesk.brake import FEW
from frontdesk.diary_health import Health, health
from frontdesk.diary_runs import LEASE, Decision, Kind, Lease, LeaseLost, RunState
from frontdesk.errors import NotFound, Refused
from frontdesk.store.diaries import Taken
from frontdesk.store.sql import mirror, pushing
from frontdesk.store.sql.store import SqlStore
from frontdesk.words.diaries import what_is_wrong
from tests.contract.mirroring import entry
from tests.contract.raw import count, let_pass
from tests.contract.reads import ON_SQLITE_FIRST
from tests.making import KIM, cancel_of, make_patient, make_practice

HERE, THERE = Place("smile"), Place("smile", "2")
MINUTE = timedelta(minutes=1)
CANCELLED = AppointmentStatus.CANCELLED
DIARY_OF = {AppointmentStatus.CANCELLED: "Cancelled", AppointmentStatus.BOOKED: "Booked"}


class Listened:
    """A practice that is pushed what changes, by one who listens for it."""

    def __init__(self, store: SqlStore, url: str, lease: Lease, now: datetime) -> None:
        self.store, self.url, self.lease, self.now = store, url, lease, now
        self.sent = 0

    def message(
        self, ref: str, status: AppointmentStatus | None = AppointmentStatus.BOOKED, **changes: Any
    ) -> Pushed:
        """Return the next message, a second later than the one before, about an appointment in three days."""
        self.sent += 1
        said = {
            "patient": make_patient(pms_ref=f"K-{ref}"),
            "starts_at": self.now + timedelta(days=3, minutes=15 * (sum(map(ord, ref)) % 40)),
            "practitioner_ref": f"D{len(ref) % 2}{sum(map(ord, ref)) % 3}",
            **{
                key: changes.pop(key)
                for key in ("patient", "starts_at", "practitioner_ref")
                if key in changes
            },
        }
        whole = entry(
            ref, status=status or CANCELLED, raw_status=DIARY_OF.get(status or CANCELLED, "?"), **said
        )
        sent_at = self.now + timedelta(seconds=self.sent)
        made = Pushed("DENTIX/MAIN", f"M{self.sent}", sent_at, ref, status, whole)
        return replace(made, **changes)

    async def push(self, *messages: Pushed) -> list[Taken]:
        return [await self.store.diaries.take_in(self.lease, one) for one in messages]

    async def pushes(self, ref: str, *how: Any, **changes: Any) -> Taken:
        (taken,) = await self.push(self.message(ref, *how, **changes))
        return taken

    async def bookings(self) -> dict[str, Booking]:
        now = (await self.store.state()).now
        page = await self.store.page(BookingQuery(as_of=now), 1000, None, Direction.FORWARD)
        return {row.booking.pms_ref: row.booking for row in page.rows}

    async def upcoming(self) -> set[str]:
        return {ref for ref, one in (await self.bookings()).items() if one.cancellation is None}

    async def later(self, time: timedelta) -> None:
        """Let time pass, the listener alive."""
        let_pass(self.url, time)
        await self.store.diaries.renew(self.lease)

    async def full(self, number: int = 20) -> list[str]:
        """Book so many appointments, more than an hour ago."""
        refs = [f"P{one}" for one in range(number)]
        assert set(await self.push(*map(self.message, refs))) == {Taken.DONE}
        await self.later(timedelta(hours=2))
        return refs

    async def decide(self, number: int, decision: Decision) -> None:
        """Decide as the command does, which takes the place on meanwhile."""
        diaries = self.store.diaries
        lease = await diaries.decide(number, decision, KIM, "a desk")
        if decision is Decision.APPLY:
            while await diaries.apply(lease):
                pass
        await diaries.let_go(lease)
        await self.listen()

    async def listen(self) -> None:
        lease = await self.store.diaries.claim("listener", [self.lease.place], is_listener=True)
        assert lease is not None
        self.lease = lease


@pytest.fixture
async def here(store: SqlStore, store_url: str) -> Listened:
    """A practice that is pushed what changes in its diary."""
    await store.registry.apply_practices([make_practice()], KIM)
    await store.diaries.keep([HERE], is_pushed=True)
    lease = await store.diaries.claim("listener", [HERE], is_listener=True)
    assert lease is not None
    now = (await store.state()).now.replace(microsecond=0) - timedelta(hours=1)
    return Listened(store, store_url, lease, now)


async def held_run(here: Listened) -> int:
    (state,) = await here.store.diaries.states()
    assert state.held is not None
    return state.held


async def test_a_booking_is_made_moved_and_cancelled_and_nobody_is_told(
    here: Listened, store_url: str
) -> None:
    assert await here.pushes("P1") is Taken.DONE
    made = (await here.bookings())["P1"]
    assert made.patient.name == "Amelia Wilson"
    later = made.starts_at + timedelta(days=1)
    assert await here.pushes("P1", starts_at=later) is Taken.DONE
    moved = (await here.bookings())["P1"]
    assert (moved.id, moved.starts_at) == (made.id, later)
    assert await here.pushes("P1", CANCELLED) is Taken.DONE
    assert (await here.bookings())["P1"].cancellation is not None
    assert count(store_url, "delivery") == 0


async def test_what_is_deleted_and_who_did_not_come_is_noted(here: Listened) -> None:
    past = here.now - timedelta(hours=3)
    await here.push(here.message("P1"), here.message("P2", starts_at=past))
    assert await here.pushes("P1", None, entry=None) is Taken.DONE
    status = AppointmentStatus.NO_SHOW
    assert await here.pushes("P2", status, entry=None) is Taken.DONE
    found = await here.bookings()
    assert found["P1"].cancellation is not None
    assert found["P1"].cancellation.reason.startswith("deleted in")
    assert found["P2"].attendance.presence is Presence.NO_SHOW


async def test_a_message_that_says_little_changes_only_the_status(here: Listened) -> None:
    await here.pushes("P1")
    before = (await here.bookings())["P1"]
    assert await here.pushes("P1", CANCELLED, entry=None, raw_status="S15", reason="sick") is Taken.DONE
    after = (await here.bookings())["P1"]
    assert (after.patient, after.starts_at) == (before.patient, before.starts_at)
    assert after.cancellation is not None
    assert after.cancellation.reason == "sick"
    assert await here.pushes("P9", CANCELLED, entry=None) is Taken.UNKNOWN
    assert await here.pushes("P8", None) is Taken.UNKNOWN
    assert set(await here.bookings()) == {"P1"}


async def test_the_same_message_twice_is_one(here: Listened, store_url: str) -> None:
    first = here.message("P1")
    cancelled = here.message("P1", CANCELLED)
    assert await here.push(first, cancelled, first, cancelled) == [
        Taken.DONE,
        Taken.DONE,
        Taken.REPEATED,
        Taken.REPEATED,
    ]
    assert await here.upcoming() == set()
    # Another sender counts its messages for itself, and after 30 days a number may come again.
    again = replace(here.message("P2"), sender="OTHER/MAIN", number=first.number)
    assert await here.push(again) == [Taken.DONE]
    await here.later(pushing.KEPT + MINUTE)
    assert await here.push(replace(here.message("P3"), number=first.number)) == [Taken.DONE]
    assert count(store_url, "pushed") == 1


async def test_what_is_older_changes_nothing(here: Listened) -> None:
    first, moved = here.message("P1"), here.message("P1", starts_at=here.now + timedelta(days=5))
    stays = here.message("P1", starts_at=here.now + timedelta(days=5))
    old_cancel = replace(here.message("P1", CANCELLED), sent_at=stays.sent_at - timedelta(seconds=1))
    # The last of these says nothing new, and yet the cancel is older than it.
    assert await here.push(moved, first, stays, old_cancel) == [
        Taken.DONE,
        Taken.OLDER,
        Taken.DONE,
        Taken.OLDER,
    ]
    assert (await here.bookings())["P1"].starts_at == here.now + timedelta(days=5)
    assert await here.upcoming() == {"P1"}
    await here.later(pushing.KEPT + MINUTE)
    assert await here.push(first) == [Taken.OLDER]


async def test_what_was_deleted_does_not_come_back_by_an_older_message(here: Listened) -> None:
    booked, deleted = here.message("P1"), here.message("P1", None)
    assert await here.push(deleted, booked) == [Taken.UNKNOWN, Taken.OLDER]
    assert await here.bookings() == {}


async def test_a_cancelled_one_is_booked_again_by_a_later_message(here: Listened) -> None:
    await here.push(here.message("P1"), here.message("P1", CANCELLED), here.message("P1"))
    assert await here.upcoming() == {"P1"}


async def test_a_flood_of_cancels_is_held_and_the_rest_goes_on(here: Listened, store_url: str) -> None:
    refs = await here.full()
    taken = [await here.pushes(ref, CANCELLED) for ref in refs[:15]]
    # The two best days of one practitioner are no mass change: what counts are the others'.
    assert taken == sorted(taken, key=lambda one: one is Taken.HELD)
    held = taken.count(Taken.HELD)
    assert 0 < held < 15 - FEW + 1
    assert len(await here.upcoming()) == 20 - 15 + held
    run = await here.store.diaries.run(await held_run(here))
    assert (run.kind, run.state, run.held) == (Kind.PUSHED, RunState.HELD, {"cancelled": held})
    assert run.why.endswith("bookings fewer within an hour")
    assert len(run.examples) == held
    assert await here.pushes("new") is Taken.DONE
    assert await here.pushes(refs[19], starts_at=here.now + timedelta(days=9)) is Taken.DONE
    assert await held_run(here) == run.number
    state = await here.store.state()
    assert [health(one, state.now) for one in state.diaries] == [Health.HELD]
    assert count(store_url, "delivery") == 0


async def flooded(here: Listened) -> tuple[int, set[str]]:
    """Cancel all of a full diary; return the run that waits, and what is held."""
    for ref in await here.full():
        await here.pushes(ref, CANCELLED)
    return await held_run(here), await here.upcoming()


@ON_SQLITE_FIRST
async def test_what_is_held_stays_held_until_a_person_decides(here: Listened) -> None:
    number, left = await flooded(here)
    await here.later(timedelta(hours=3))
    await here.pushes("new")
    # An hour later one more cancel would be none too many, but a person was asked.
    assert await here.pushes("new", CANCELLED) is Taken.HELD
    assert await here.upcoming() == left | {"new"}
    assert await held_run(here) > number
    with pytest.raises(NotFound):
        await here.store.diaries.run(number)


@ON_SQLITE_FIRST
async def test_a_person_has_the_list_made_as_it_was_pushed(here: Listened) -> None:
    number, left = await flooded(here)
    await here.decide(number, Decision.APPLY)
    assert await here.upcoming() == set()
    run = await here.store.diaries.run(number)
    assert (run.state, run.counts["cancelled"] >= len(left)) == (RunState.DONE, True)
    # The hour begins anew: what was decided is not counted once more.
    await here.pushes("new")
    assert await here.pushes("new", CANCELLED) is Taken.DONE


@ON_SQLITE_FIRST
async def test_a_person_keeps_the_list_and_later_cancels_count_again(here: Listened) -> None:
    number, left = await flooded(here)
    await here.decide(number, Decision.IGNORE)
    await here.pushes("new")
    assert await here.pushes("new", CANCELLED) is Taken.DONE
    await here.later(timedelta(hours=3))
    await here.pushes("newer")
    assert await here.upcoming() == left | {"newer"}
    (state,) = await here.store.diaries.states()
    assert state.held is None


@ON_SQLITE_FIRST
async def test_what_was_pushed_cannot_be_read_again(here: Listened) -> None:
    number, left = await flooded(here)
    with pytest.raises(Refused, match="cannot be read again"):
        await here.decide(number, Decision.AGAIN)
    assert await held_run(here) == number
    assert await here.upcoming() == left


@ON_SQLITE_FIRST
async def test_a_held_cancel_that_is_taken_back_there_is_no_question_any_more(here: Listened) -> None:
    refs = await here.full()
    for ref in refs[:14]:
        await here.pushes(ref, CANCELLED)
    left = await here.upcoming()
    for ref in refs[:14]:
        if ref in left:
            assert await here.pushes(ref) is Taken.DONE
    (state,) = await here.store.diaries.states()
    assert (state.held, await here.upcoming()) == (None, left)


@ON_SQLITE_FIRST
async def test_every_time_an_hour_off_is_held(here: Listened) -> None:
    refs = await here.full()
    starts = {ref: one.starts_at for ref, one in (await here.bookings()).items()}
    hour = timedelta(hours=1)
    taken = [await here.pushes(ref, starts_at=starts[ref] + hour) for ref in refs]
    assert taken.index(Taken.HELD) == 4
    run = await here.store.diaries.run(await held_run(here))
    assert run.held == {Effect.MOVED.value: 16}


async def test_nothing_of_a_message_stays_when_the_program_is_killed_before_its_commit(
    here: Listened, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.pushes("P1")
    message = here.message("P1", CANCELLED)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(mirror, "reconcile", die)
        with pytest.raises(Killed):
            await here.push(message)
    assert await here.upcoming() == {"P1"}
    assert count(store_url, "pushed") == 1
    assert await here.push(message) == [Taken.DONE]
    assert await here.upcoming() == set()


async def test_who_lost_the_place_takes_nothing_in(here: Listened, store_url: str) -> None:
    slow = here.lease
    let_pass(store_url, LEASE)
    await here.listen()
    with pytest.raises(LeaseLost):
        await here.store.diaries.take_in(slow, here.message("P1"))
    assert await here.bookings() == {}


async def test_a_listener_has_all_places_of_an_account_and_nobody_else_any(here: Listened) -> None:
    diaries = here.store.diaries
    await diaries.keep([HERE, THERE], is_pushed=True)
    assert await diaries.claim("another", [HERE, THERE], is_listener=True) is None
    found = await diaries.claim("listener", [HERE, THERE], is_listener=True)
    assert found is not None
    assert found.place == THERE


async def test_a_place_that_is_pushed_is_never_late(here: Listened) -> None:

    async def said() -> str:
        state = await here.store.state()
        (diary,) = state.diaries
        assert health(diary, state.now) is Health.PUSHED
        return what_is_wrong(diary, "Dentix", state.now, ZoneInfo("Australia/Adelaide"), "")

    assert await said() == "Dentix pushes its changes, none yet: whether all came cannot be checked."
    await here.pushes("P1")
    await here.later(timedelta(days=3))
    words = await said()
    assert "cannot be checked" in words
    assert "none yet" not in words


async def test_an_hour_of_messages_is_one_run(here: Listened) -> None:
    await here.push(*(here.message(f"P{one}") for one in range(3)))
    await here.later(timedelta(minutes=61))
    await here.pushes("P9")
    runs = await here.store.diaries.runs(10)
    assert [(run.kind, run.state, run.read, run.counts) for run in runs] == [
        (Kind.PUSHED, RunState.DONE, 1, {"new": 1}),
        (Kind.PUSHED, RunState.DONE, 3, {"new": 3}),
    ]


async def test_failure_20_an_unknown_word_cancels_nothing(here: Listened) -> None:
    await here.pushes("P1")
    assert await here.pushes("P1", AppointmentStatus.OTHER, raw_status="Rung twice") is Taken.DONE
    await here.push(here.message("P2", AppointmentStatus.OTHER))
    assert await here.upcoming() == {"P1", "P2"}
    (run, *_) = await here.store.diaries.runs(1)
    assert run.counts[Effect.UNKNOWN_WORD.value] == 2


async def test_failure_23_an_id_that_is_another_patients_is_another_booking(here: Listened) -> None:
    await here.pushes("P1")
    (mine,) = (await here.bookings()).values()
    kim = make_patient(name="Kim Nguyen", mobile="0491570157", pms_ref="K99")
    assert await here.pushes("P1", patient=kim) is Taken.DONE
    theirs = (await here.bookings())["P1"]
    assert (theirs.patient.name, theirs.id == mine.id) == ("Kim Nguyen", False)
    assert (await here.store.get(mine.id)).cancellation is not None


async def test_failure_6_what_is_under_way_here_is_settled_first(here: Listened, store_url: str) -> None:
    await here.pushes("P1")
    (mine,) = (await here.bookings()).values()
    await here.store.do(cancel_of(mine, KIM))
    before = count(store_url, "delivery")
    moved = mine.starts_at + timedelta(days=1)
    assert await here.pushes("P1", starts_at=moved) is Taken.DONE
    still = await here.store.get(mine.id)
    assert (still.starts_at, still.cancellation is not None) == (mine.starts_at, True)
    # What was pushed makes no task for the PMS, and no message to anybody.
    assert count(store_url, "delivery") == before
