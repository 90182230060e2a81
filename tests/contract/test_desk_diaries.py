"""What desks ask of diaries: to be read at once, what that brought, what is held, and who decides about it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from frontdesk.arrivals import AppointmentStatus, DiaryEntry, Effect, Place
from frontdesk.bookings import Booking, Patient, Scope, Standing
from frontdesk.diary_runs import Decision, Kind, Lease, Run, RunState, Unmatched, Window
from frontdesk.errors import NotFound, Refused
from frontdesk.store.diaries import Asked, Diaries
from tests.contract.desks import OpenDesk
from tests.contract.raw import execute
from tests.contract.test_heard_diaries import HERE, NORTH, diaries_of
from tests.making import KIM, LEE, Store, make_incoming, make_practice

pytestmark = pytest.mark.far_too

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW
WINDOW = Window(NOW, NOW + timedelta(days=9))
REST = timedelta(minutes=5)
ONLY_NORTH = Standing(practices=frozenset({"north"}))


@pytest.fixture
async def diaries(store: Store) -> Diaries:
    """Two practices of one account, whose diaries nobody has read yet."""
    await store.registry.apply_practices([make_practice(), make_practice("north", location="2")], KIM)
    found = diaries_of(store)
    await found.keep([HERE, NORTH])
    return found


def entry(number: int, day: int = 1, status: AppointmentStatus = AppointmentStatus.BOOKED) -> DiaryEntry:
    return DiaryEntry(
        f"P{number}",
        status,
        NOW + timedelta(days=day, minutes=30 * number),
        Patient(f"Patient {number}", pms_ref=f"pat-{number}"),
        practitioner_ref="7",
        practitioner_name="Dr Priya Rao",
    )


async def read(
    diaries: Diaries,
    *entries: DiaryEntry,
    place: Place = HERE,
    ask: Callable[[Lease, Run], Asked] | None = None,
    held: frozenset[Effect] = frozenset(),
    unmatched: Unmatched | None = None,
) -> Run:
    """Read a diary to its end, as a reader does; `ask` says what of it is asked about."""
    await diaries.ask([place], Kind.FULL)
    lease = await diaries.claim("a reader", [place])
    assert lease is not None
    run, _ = await diaries.begin(lease, Kind.FULL, WINDOW, BEGAN, KIM)
    await diaries.note(lease, run, entries)
    while await diaries.reconcile(lease, run, held):
        pass
    asked = ask(lease, run) if ask else None
    run = await diaries.end(lease, run, counts_as=Kind.FULL, asked=asked, unmatched=unmatched)
    await diaries.rest(lease, REST, timedelta(0))
    return run


async def held_run(store: Store, diaries: Diaries) -> Run:
    """Three bookings of two days, and a read that shows two of them cancelled, which is held."""
    await read(diaries, entry(1), entry(2), entry(3, day=2))
    bookings = await all_bookings(store)
    off = AppointmentStatus.CANCELLED
    held = frozenset({Effect.CANCELLED})
    asked = Asked({Effect.CANCELLED: 2}, "2 bookings fewer", tuple(one.id for one in bookings[:2]))
    return await read(
        diaries, entry(1, status=off), entry(3, day=2, status=off), ask=lambda *_: asked, held=held
    )


async def all_bookings(store: Store) -> list[Booking]:
    found = [one for number in range(1, 70) for one in await _found(store, number)]
    return sorted(found, key=lambda one: one.starts_at)


async def _found(store: Store, number: int) -> list[Booking]:
    try:
        return [await store.get(number)]
    except NotFound:
        return []


async def test_diaries_are_read_at_once_when_a_desk_asks(store: Store, diaries: Diaries) -> None:
    await read(diaries)
    await read(diaries, place=NORTH)
    assert await diaries.claim("a reader", [HERE]) is None
    assert [one.is_awaited for one in await store.read_diaries()] == [True, True]
    lease = await diaries.claim("a reader", [HERE])
    assert lease is not None
    assert lease.state.asked is Kind.NEAR
    awaited = {one.practice_id: one.is_awaited for one in (await store.state()).diaries}
    assert awaited == {"adelaide": True, "north": True}
    await diaries.rest(lease, REST, timedelta(0))
    awaited = {one.practice_id: one.is_awaited for one in (await store.state()).diaries}
    assert awaited == {"adelaide": False, "north": True}


async def test_a_desk_asks_for_those_of_its_own_practices(
    store: Store, diaries: Diaries, open_desk: OpenDesk
) -> None:
    await read(diaries)
    await read(diaries, place=NORTH)
    await (await open_desk(ONLY_NORTH)).read_diaries()
    awaited = {one.practice_id: one.is_awaited for one in (await store.state()).diaries}
    assert awaited == {"adelaide": False, "north": True}


async def test_without_a_diary_there_is_nothing_to_ask_for(store: Store) -> None:
    assert await store.read_diaries() == ()
    assert await store.diary_runs(5) == ()
    assert await store.loose_ends() == ()


async def test_runs_are_listed_from_a_number_on(store: Store, diaries: Diaries, open_desk: OpenDesk) -> None:
    first, second = await read(diaries, entry(1)), await read(diaries, place=NORTH)
    assert [run.number for run in await store.diary_runs(5)] == [second.number, first.number]
    assert [run.number for run in await store.diary_runs(5, first.number)] == [second.number]
    assert [run.number for run in await store.diary_runs(1)] == [second.number]
    (theirs,) = await (await open_desk(ONLY_NORTH)).diary_runs(5)
    assert theirs == second
    assert (await store.diary_runs(5))[1].counts == {"new": 1}


async def test_what_is_held_is_shown_by_day_and_practitioner(store: Store, diaries: Diaries) -> None:
    run = await held_run(store, diaries)
    change = await store.held_change(run.number)
    assert change.run.held == {"cancelled": 2}
    assert sum(number for _, number in change.days) == 2
    assert len(change.days) == 2
    assert change.practitioners == (("Dr Priya Rao", 2),)
    assert [one.pms_ref for one in change.examples] == ["P1", "P2"]


async def test_another_practices_question_is_not_there(
    store: Store, diaries: Diaries, open_desk: OpenDesk
) -> None:
    run = await held_run(store, diaries)
    desk = await open_desk(ONLY_NORTH)
    for question in (
        desk.held_change(run.number),
        desk.decide_diary(run.number, Decision.AGAIN, KIM),
        store.held_change(999),
    ):
        with pytest.raises(NotFound):
            await question
    assert (await diaries.run(run.number)).state is RunState.HELD


async def test_who_has_not_the_scope_decides_nothing(
    store: Store, diaries: Diaries, open_desk: OpenDesk
) -> None:
    run = await held_run(store, diaries)
    desk = await open_desk(Standing(scopes=frozenset(Scope) - {Scope.ADMIN}))
    for decision in Decision:
        with pytest.raises(Refused) as refused:
            await desk.decide_diary(run.number, decision, KIM)
        assert refused.value.reason.code == "no-permission"
    assert (await diaries.run(run.number)).state is RunState.HELD


async def test_a_diary_that_is_believed_has_the_list_made_so(
    store: Store, diaries: Diaries, store_url: str
) -> None:
    run = await held_run(store, diaries)
    decided = await store.decide_diary(run.number, Decision.APPLY, LEE)
    assert (decided.state, decided.decision) == (RunState.DONE, Decision.APPLY)
    assert decided.decided_by is not None
    assert decided.decided_by.name == LEE.name
    cancelled = [one.pms_ref for one in await all_bookings(store) if one.cancellation]
    assert cancelled == ["P1", "P3"]
    assert {one.held for one in (await store.state()).diaries} == {None}
    (event,) = execute(store_url, "SELECT operator FROM audit WHERE action = 'diary.decided'")
    assert event.operator == LEE.name


@pytest.mark.parametrize("decision", [Decision.AGAIN, Decision.IGNORE])
async def test_otherwise_the_list_stays_as_it_is(store: Store, diaries: Diaries, decision: Decision) -> None:
    run = await held_run(store, diaries)
    await store.decide_diary(run.number, decision, KIM)
    assert not any(one.cancellation for one in await all_bookings(store))
    (diary,) = [one for one in (await store.state()).diaries if one.practice_id == "adelaide"]
    assert (diary.held, diary.is_awaited) == (None, decision is Decision.AGAIN)
    with pytest.raises(Refused):
        await store.decide_diary(run.number, decision, KIM)


async def test_what_fits_nothing_is_listed(store: Store, diaries: Diaries, open_desk: OpenDesk) -> None:
    unmatched = Unmatched({"9": "Smile West"}, {"Pencilled": 3}, 2)
    await read(diaries, entry(1), unmatched=unmatched)
    (ends,) = await store.loose_ends()
    assert (ends.practice_id, ends.unmatched) == ("adelaide", unmatched)
    assert await (await open_desk(ONLY_NORTH)).loose_ends() == ()


async def test_practitioners_with_bookings_who_are_not_in_the_diary_are_listed(
    store: Store, diaries: Diaries
) -> None:
    await store.registry.load([make_incoming(ref="A1", practitioner_name="Dr Gone")], KIM, "a file")
    await read(diaries, entry(1))
    (ends,) = await store.loose_ends()
    assert ends.practitioners == (("Dr Gone", 1),)
