"""Places, leases and runs of those who read diaries, on every database."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Effect, Place
from frontdesk.attempts import LONGEST_WAIT
from frontdesk.bookings import Patient
from frontdesk.diary_runs import (
    ABANDONED_AFTER,
    LEASE,
    Decision,
    Kind,
    Lease,
    LeaseLost,
    Run,
    RunState,
    Slice,
    Unmatched,
    Window,
)
from frontdesk.errors import NotFound, Refused
from frontdesk.store.diaries import Asked, Diaries
from frontdesk.store.sql.selects import DIARY
from frontdesk.store.sql.store import SqlStore
from tests.contract.queueing import Desk
from tests.contract.raw import count, execute, let_pass
from tests.making import KIM, make_practice

HERE, THERE = Place("smile"), Place("smile", "2")
ELSEWHERE = Place("harbour")
BEGAN = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
WINDOW = Window(datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC))
DAYS = [
    Slice(WINDOW.starts_at + timedelta(days=day), WINDOW.starts_at + timedelta(days=day + 1))
    for day in range(3)
]


@pytest.fixture
async def diaries(store: SqlStore) -> Diaries:
    """What readers keep, with a practice whose PMS has a diary."""
    await store.registry.apply_practices([make_practice()], KIM)
    await store.diaries.keep([HERE])
    return store.diaries


async def claimed(diaries: Diaries, *places: Place) -> Lease:
    lease = await diaries.claim("one", places or (HERE,))
    assert lease is not None
    return lease


def entry(ref: str = "P1", **changes: object) -> DiaryEntry:
    values = {
        "patient": Patient("Amelia Wilson"),
        "practitioner_name": "Dr Priya Rao",
        "practitioner_ref": "7",
    }
    starts_at = WINDOW.starts_at + timedelta(hours=30)
    return DiaryEntry(ref, AppointmentStatus.BOOKED, starts_at, **{**values, **changes})  # type: ignore[arg-type]


async def begun(diaries: Diaries, lease: Lease, kind: Kind = Kind.NEAR) -> Run:
    window = None if kind is Kind.CHANGES else WINDOW
    run, _ = await diaries.begin(lease, kind, window, BEGAN, KIM)
    return run


async def ended(diaries: Diaries, lease: Lease, run: Run, asked: Asked | None = None) -> Run:
    return await diaries.end(lease, run, counts_as=run.kind, asked=asked)


async def held(diaries: Diaries, lease: Lease, *missing: str) -> Run:
    """A near compare that has found appointments missing, and asks a person."""
    run = await begun(diaries, lease)
    asked = Asked({Effect.GONE: len(missing)}, f"{len(missing)} bookings fewer", missing=missing)
    return await ended(diaries, lease, run, asked)


async def test_a_new_place_is_due_at_once_and_then_in_somebodys_hands(diaries: Diaries) -> None:
    assert await diaries.next_due([HERE]) <= 0  # type: ignore[operator]
    lease = await claimed(diaries)
    assert (lease.place, lease.state.baseline_at) == (HERE, None)
    assert await diaries.claim("two", [HERE]) is None
    due = await diaries.next_due([HERE])
    assert due is not None
    assert 0 < due <= LEASE.total_seconds()


async def test_only_known_places_are_claimed(diaries: Diaries) -> None:
    assert await diaries.claim("one", [ELSEWHERE]) is None
    assert await diaries.next_due([ELSEWHERE]) is None
    await diaries.keep([HERE, ELSEWHERE])
    assert (await claimed(diaries, ELSEWHERE)).place == ELSEWHERE
    assert [state.place for state in await diaries.states()] == [HERE, ELSEWHERE]


async def test_two_readers_never_have_one_account_at_once(store: SqlStore, other: SqlStore) -> None:
    places = [HERE, THERE, ELSEWHERE]
    await store.diaries.keep(places)
    claims = [one.diaries.claim(f"reader {number}", places) for number in range(3) for one in (store, other)]
    found = [one.place for one in await asyncio.gather(*claims) if one is not None]
    assert len(found) == len(set(found))
    assert sorted(place.connection for place in found) in (["harbour"], ["harbour", "smile"], ["smile"])
    again = [await store.diaries.claim("late", places) for _ in range(2)]
    found += [one.place for one in again if one is not None]
    assert sorted(place.connection for place in found) == ["harbour", "smile"]


async def test_a_lease_counts_for_who_has_read_the_time_a_moment_before_it_began(
    diaries: Diaries, store_url: str
) -> None:
    await claimed(diaries)
    ahead = update(DIARY).values(until=datetime.now(UTC) + LEASE + timedelta(seconds=20))
    execute(store_url, ahead)
    assert await diaries.claim("another", [HERE]) is None


async def test_failure_24_who_lost_the_lease_writes_nothing_more(diaries: Diaries, store_url: str) -> None:
    slow = await claimed(diaries)
    run = await begun(diaries, slow)
    (day, *_) = await diaries.plan(slow, run, DAYS)
    let_pass(store_url, LEASE)
    quick = await claimed(diaries)
    assert quick.fence > slow.fence

    for write in (
        diaries.renew(slow),
        diaries.begin(slow, Kind.NEAR, WINDOW, BEGAN, KIM),
        diaries.plan(slow, run, DAYS),
        diaries.split(slow, run, day, DAYS),
        diaries.note(slow, run, [entry()], day, ["P1"]),
        diaries.note_gone(slow, run, "P1"),
        diaries.reconcile(slow, run, ()),
        diaries.end(slow, run, counts_as=Kind.NEAR, asked=None),
        diaries.fail(slow, run, "too late"),
        diaries.rest(slow, timedelta(0), timedelta(0)),
        diaries.rest_in_trouble(slow, timedelta(0), "too late"),
        diaries.apply(slow),
        diaries.let_go(slow),
    ):
        with pytest.raises(LeaseLost):
            await write
    assert (count(store_url, "mirror"), count(store_url, "diary_slice")) == (0, 3)
    await diaries.renew(quick)


async def test_a_lease_that_nobody_took_is_found_again(diaries: Diaries, store_url: str) -> None:
    lease = await claimed(diaries)
    let_pass(store_url, LEASE)
    await diaries.renew(lease)
    assert await diaries.claim("two", [HERE]) is None


async def test_every_write_renews_the_lease(diaries: Diaries, store_url: str) -> None:
    lease = await claimed(diaries)
    let_pass(store_url, LEASE - timedelta(seconds=10))
    await begun(diaries, lease)
    let_pass(store_url, LEASE - timedelta(seconds=10))
    assert await diaries.claim("two", [HERE]) is None


async def test_a_place_rests_and_is_due_again(diaries: Diaries, store_url: str) -> None:
    lease = await claimed(diaries)
    await diaries.rest(lease, timedelta(minutes=5), timedelta(seconds=3))
    assert await diaries.claim("one", [HERE]) is None
    let_pass(store_url, timedelta(minutes=5))
    state = (await claimed(diaries)).state
    assert (state.pause, state.skew) == (timedelta(minutes=5), timedelta(seconds=3))


async def test_a_place_somebody_asks_for_comes_first_and_also_while_it_is_read(diaries: Diaries) -> None:
    await diaries.keep([HERE, ELSEWHERE])
    await diaries.ask([ELSEWHERE], Kind.NEAR)
    lease = await claimed(diaries, HERE, ELSEWHERE)
    assert (lease.place, lease.state.asked) == (ELSEWHERE, Kind.NEAR)
    await diaries.ask([ELSEWHERE], Kind.FULL)
    await diaries.rest(lease, timedelta(hours=1), timedelta(0))
    lease = await claimed(diaries, ELSEWHERE)
    assert lease.state.asked is Kind.FULL
    await diaries.rest(lease, timedelta(hours=1), timedelta(0))
    assert await diaries.claim("one", [ELSEWHERE]) is None


async def test_a_time_that_a_wrong_clock_wrote_counts_as_past(diaries: Diaries, store_url: str) -> None:
    execute(store_url, update(DIARY).values(next_at=datetime(2099, 1, 1, tzinfo=UTC)))
    assert await diaries.next_due([HERE]) <= 0  # type: ignore[operator]
    await claimed(diaries)


async def test_trouble_is_counted_and_forgotten_when_it_is_over(diaries: Diaries, store_url: str) -> None:
    for number in (1, 2):
        await diaries.rest_in_trouble(await claimed(diaries), timedelta(seconds=30), "it does not answer")
        (state,) = await diaries.states()
        assert (state.failures, state.trouble, state.is_refused) == (number, "it does not answer", False)
        let_pass(store_url, timedelta(minutes=1))
    assert (await diaries.states())[0].failing_since is not None
    await diaries.rest(await claimed(diaries), timedelta(0), timedelta(0))
    (state,) = await diaries.states()
    assert (state.failures, state.trouble, state.failing_since) == (0, "", None)


async def test_who_wants_to_be_left_alone_is_by_readers_and_dispatchers(pms_only: Desk) -> None:
    diaries = pms_only.store.diaries
    await diaries.keep([HERE])
    await pms_only.cancel()
    now = (await pms_only.store.state()).now
    await diaries.leave_alone("smile", "Praktika", now + timedelta(minutes=7))
    assert await diaries.claim("one", [HERE]) is None
    due = await diaries.next_due([HERE])
    assert due is not None
    assert 400 < due <= 420
    assert await pms_only.queue.next_due(["smile"]) == pytest.approx(due, abs=5)
    pms_only.passes(timedelta(minutes=7))
    await claimed(diaries)
    await pms_only.claim("smile")


async def test_nobody_is_left_alone_for_longer_than_an_hour(diaries: Diaries) -> None:
    await diaries.leave_alone("smile", "Praktika", datetime(2099, 1, 1, tzinfo=UTC))
    due = await diaries.next_due([HERE])
    assert due is not None
    assert due <= LONGEST_WAIT.total_seconds()


async def test_all_readers_share_two_thirds_of_what_an_account_takes(
    store: SqlStore, other: SqlStore
) -> None:
    """Sixty requests a minute are forty for reads: one and a half seconds each."""
    waits = [await one.diaries.requests("smile", 4, 60) for one in (store, other, store)]
    assert waits == [0.0, pytest.approx(6, abs=1), pytest.approx(12, abs=1)]
    assert await store.diaries.requests("harbour", 1, 60) == 0.0


async def test_reads_take_no_request_of_a_write(pms_only: Desk) -> None:
    await pms_only.store.diaries.requests("smile", 1000, 60)
    await pms_only.cancel()
    await pms_only.claim("smile")


async def test_a_run_that_was_cut_off_is_gone_on_with(diaries: Diaries, store_url: str) -> None:
    lease = await claimed(diaries)
    run = await begun(diaries, lease)
    first, second, third = await diaries.plan(lease, run, DAYS)
    await diaries.note(lease, run, [entry()], first, ["P1", "group"])
    halves = await diaries.split(lease, run, second, [second, second])
    let_pass(store_url, LEASE)

    again, slices = await diaries.begin(await claimed(diaries), Kind.NEAR, WINDOW, BEGAN + LEASE, KIM)
    assert (again.number, again.began, again.read) == (run.number, BEGAN, 1)
    assert [one.number for one in slices] == [first.number, third.number, *(one.number for one in halves)]
    assert [one.is_complete for one in slices] == [True, False, False, False]
    assert slices[0].seen == {"P1", "group"}


async def test_changes_and_other_windows_are_begun_anew(diaries: Diaries) -> None:
    lease = await claimed(diaries)
    near = await begun(diaries, lease)
    changes = await begun(diaries, lease, Kind.CHANGES)
    again = await begun(diaries, lease, Kind.CHANGES)
    assert len({near.number, changes.number, again.number}) == 3
    assert (await diaries.run(changes.number)).state is RunState.ABANDONED
    assert (await diaries.run(near.number)).state is RunState.READING
    longer = Window(WINDOW.starts_at, WINDOW.ends_at + timedelta(days=1))
    run, slices = await diaries.begin(lease, Kind.NEAR, longer, BEGAN, KIM)
    assert (run.number > near.number, slices) == (True, ())
    assert (await diaries.run(near.number)).state is RunState.ABANDONED


async def test_failure_3_a_run_that_is_too_old_is_abandoned_with_all_that_it_has_seen(
    diaries: Diaries, store_url: str
) -> None:
    lease = await claimed(diaries)
    old = await begun(diaries, lease)
    await diaries.plan(lease, old, DAYS)
    let_pass(store_url, ABANDONED_AFTER + timedelta(seconds=1))
    new, slices = await diaries.begin(await claimed(diaries), Kind.NEAR, WINDOW, BEGAN, KIM)
    assert (new.number > old.number, slices) == (True, ())
    assert (await diaries.run(old.number)).state is RunState.ABANDONED
    assert count(store_url, "diary_slice") == 0


@pytest.mark.parametrize(
    ("kind", "noted"),
    [
        (Kind.CHANGES, {"changes_at", "cursor"}),
        (Kind.NEAR, {"near_at"}),
        (Kind.FULL, {"near_at", "full_at", "baseline_at", "cursor"}),
        (None, set()),
    ],
)
async def test_what_a_run_counts_as_is_noted_from_when_it_began(
    diaries: Diaries, kind: Kind | None, noted: set[str]
) -> None:
    lease = await claimed(diaries)
    run = await begun(diaries, lease, kind or Kind.FULL)
    assert run.is_baseline
    done = await diaries.end(lease, run, counts_as=kind, asked=None)
    assert (done.state, done.ended_at is not None) == (RunState.DONE, True)
    (state,) = await diaries.states()
    times = {"changes_at", "near_at", "full_at", "baseline_at", "cursor"}
    assert {name for name in times if getattr(state, name) is not None} == noted
    assert state.cursor in (None, BEGAN)
    assert state.read_at in (None, run.started_at)


async def test_failure_9_a_full_compare_moves_no_cursor_but_gives_the_first(diaries: Diaries) -> None:
    lease = await claimed(diaries)
    await ended(diaries, lease, await begun(diaries, lease, Kind.CHANGES))
    later, _ = await diaries.begin(lease, Kind.FULL, WINDOW, BEGAN + timedelta(hours=1), KIM)
    await diaries.end(lease, later, counts_as=Kind.FULL, asked=None)
    assert (await diaries.states())[0].cursor == BEGAN


async def test_a_run_that_failed_says_why_and_may_have_all_start_over(
    diaries: Diaries, store_url: str
) -> None:
    lease = await claimed(diaries)
    await ended(diaries, lease, await begun(diaries, lease, Kind.CHANGES))
    run = await begun(diaries, lease)
    await diaries.plan(lease, run, DAYS)
    await diaries.fail(lease, run, "it has no end")
    found = await diaries.run(run.number)
    assert (found.state, found.why) == (RunState.FAILED, "it has no end")
    assert (await diaries.states())[0].cursor == BEGAN
    await diaries.fail(lease, await begun(diaries, lease), "it has forgotten", start_over=True)
    assert (await diaries.states())[0].cursor is None
    assert count(store_url, "diary_slice") == 0


async def test_what_fits_nothing_here_is_listed(diaries: Diaries) -> None:
    lease = await claimed(diaries)
    unmatched = Unmatched({"2": "Smile North"}, {"Pencilled": 3}, 2)
    run = await begun(diaries, lease, Kind.FULL)
    await diaries.end(lease, run, counts_as=Kind.FULL, asked=None, unmatched=unmatched)
    await ended(diaries, lease, await begun(diaries, lease))
    assert (await diaries.states())[0].unmatched == unmatched


async def test_a_question_stands_until_somebody_answers_it(diaries: Diaries) -> None:
    lease = await claimed(diaries)
    run = await held(diaries, lease, "P1", "P2")
    assert (run.state, run.held) == (RunState.HELD, {"gone": 2})
    assert (await diaries.states())[0].held == run.number
    assert (await diaries.states())[0].held_fewer == 2
    same = await held(diaries, lease, "P2", "P1")
    assert same.state is RunState.DONE
    assert (await diaries.states())[0].held == run.number


async def test_a_question_out_of_sight_is_not_answered_by_silence(diaries: Diaries) -> None:
    lease = await claimed(diaries)
    run = await held(diaries, lease, "P1", "P2")
    changes = await begun(diaries, lease, Kind.CHANGES)
    await ended(diaries, lease, changes)
    assert (await diaries.states())[0].held == run.number
    await ended(diaries, lease, await begun(diaries, lease))
    assert (await diaries.states())[0].held is None
    assert (await diaries.run(run.number)).state is RunState.DONE


async def test_another_mass_change_is_another_question(diaries: Diaries) -> None:
    lease = await claimed(diaries)
    first = await held(diaries, lease, "P1", "P2")
    second = await held(diaries, lease, "P1", "P3")
    assert second.state is RunState.HELD
    assert (await diaries.states())[0].held == second.number
    assert (await diaries.run(first.number)).state is RunState.DONE


async def test_what_is_to_be_ignored_is_until_it_changes(diaries: Diaries) -> None:
    run = await held(diaries, await claimed(diaries), "P1", "P2")
    lease = await diaries.decide(run.number, Decision.IGNORE, KIM, "one")
    (state,) = await diaries.states()
    assert state.held is None
    assert (await held(diaries, lease, "P1", "P2")).state is RunState.DONE
    await ended(diaries, lease, await begun(diaries, lease, Kind.CHANGES))
    assert (await held(diaries, lease, "P1", "P2")).state is RunState.DONE
    assert (await held(diaries, lease, "P1", "P2", "P3")).state is RunState.HELD


async def test_to_ask_again_has_the_place_read_at_once(diaries: Diaries) -> None:
    run = await held(diaries, await claimed(diaries), "P1")
    lease = await diaries.decide(run.number, Decision.AGAIN, KIM, "a desk")
    await diaries.let_go(lease)
    state = (await claimed(diaries)).state
    assert (state.asked, state.held) == (Kind.NEAR, None)


async def test_a_decision_takes_the_place_from_whoever_reads_it(diaries: Diaries) -> None:
    reader = await claimed(diaries)
    run = await held(diaries, reader, "P1")
    await diaries.decide(run.number, Decision.AGAIN, KIM, "a desk")
    with pytest.raises(LeaseLost):
        await diaries.renew(reader)


async def test_who_has_decided_is_in_the_audit(store: SqlStore, store_url: str) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.diaries.keep([HERE])
    run = await held(store.diaries, await claimed(store.diaries), "P1")
    await store.diaries.decide(run.number, Decision.IGNORE, KIM, "one")
    (event,) = execute(store_url, "SELECT operator, detail FROM audit WHERE action = 'diary.decided'")
    assert event.operator == "Kim Nguyen"
    found = await store.diaries.run(run.number)
    assert (found.decision, found.decided_by) == (Decision.IGNORE, KIM)
    assert await store.registry.verify() is None


async def test_a_run_without_a_question_has_nothing_to_decide(diaries: Diaries) -> None:
    lease = await claimed(diaries)
    run = await ended(diaries, lease, await begun(diaries, lease))
    with pytest.raises(Refused):
        await diaries.decide(run.number, Decision.APPLY, KIM, "one")
    with pytest.raises(NotFound):
        await diaries.decide(999, Decision.APPLY, KIM, "one")
    asked = await held(diaries, lease, "P1")
    await diaries.decide(asked.number, Decision.AGAIN, KIM, "one")
    with pytest.raises(Refused):
        await diaries.decide(asked.number, Decision.APPLY, KIM, "one")


async def test_runs_are_listed_latest_first_and_forgotten_after_a_month(
    diaries: Diaries, store_url: str
) -> None:
    lease = await claimed(diaries)
    first = await ended(diaries, lease, await begun(diaries, lease))
    second = await ended(diaries, lease, await begun(diaries, lease))
    assert [run.number for run in await diaries.runs(10)] == [second.number, first.number]
    assert [run.number for run in await diaries.runs(1)] == [second.number]
    let_pass(store_url, timedelta(days=31))
    lease = await claimed(diaries)
    third = await ended(diaries, lease, await begun(diaries, lease))
    assert [run.number for run in await diaries.runs(10)] == [third.number]
