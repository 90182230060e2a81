"""How diaries stand, as desks hear it: their own practices' alone, those in trouble first, at any distance."""

from datetime import UTC, datetime, timedelta

import pytest

from frontdesk.arrivals import Effect, Place
from frontdesk.bookings import Standing
from frontdesk.diary_runs import Kind, Run, Window
from frontdesk.store.diaries import Asked, Diaries
from frontdesk.store.records import UNATTENDED
from tests.contract.desks import FarDesk, OpenDesk
from tests.contract.raw import let_pass
from tests.making import KIM, PRAKTIKA, Store, make_practice

pytestmark = pytest.mark.far_too

HERE, NORTH = Place("smile"), Place("smile", "2")
BEGAN = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
WINDOW = Window(BEGAN, BEGAN + timedelta(days=3))
REST = timedelta(minutes=5)


def diaries_of(store: Store) -> Diaries:
    """Return what readers keep, where the database of a desk's store is."""
    behind = store.behind if isinstance(store, FarDesk) else store
    diaries: Diaries = behind.diaries  # type: ignore[attr-defined]
    return diaries


@pytest.fixture
async def diaries(store: Store) -> Diaries:
    """Two practices of one account, and a practice without a PMS."""
    north = make_practice("north", location="2", pms=PRAKTIKA)
    await store.registry.apply_practices([make_practice(), north, make_practice("paper", pms=None)], KIM)
    found = diaries_of(store)
    await found.keep([HERE, NORTH])
    return found


async def read(diaries: Diaries, place: Place = HERE, *missing: str) -> Run:
    """Read a diary to its end; what is missing is asked about."""
    lease = await diaries.claim("a reader", [place])
    assert lease is not None
    run, _ = await diaries.begin(lease, Kind.FULL, WINDOW, BEGAN, KIM)
    asked = Asked({Effect.GONE: len(missing)}, f"{len(missing)} bookings fewer", missing=missing)
    run = await diaries.end(lease, run, counts_as=Kind.FULL, asked=asked if missing else None)
    await diaries.rest(lease, REST, timedelta(0))
    return run


async def test_a_diary_that_was_never_read_is_not_complete(store: Store, diaries: Diaries) -> None:
    state = await store.state()
    assert [one.practice_id for one in state.diaries] == ["adelaide", "north"]
    assert {(one.is_complete, one.read_at, one.is_unattended) for one in state.diaries} == {
        (False, None, False)
    }


async def test_when_it_was_read_and_compared_is_told(store: Store, diaries: Diaries) -> None:
    run = await read(diaries)
    (diary,) = [one for one in (await store.state()).diaries if one.practice_id == "adelaide"]
    assert (diary.read_at, diary.compared_at, diary.pause) == (run.started_at, run.started_at, REST)
    assert (diary.is_complete, diary.held, diary.trouble) == (True, None, "")


async def test_what_is_held_comes_first_with_its_numbers(store: Store, diaries: Diaries) -> None:
    await read(diaries)
    run = await read(diaries, NORTH, "P1", "P2")
    first, second = (await store.state()).diaries
    assert (first.practice_id, first.held, first.held_fewer, first.held_changes) == (
        "north",
        run.number,
        2,
        0,
    )
    assert second.held is None


async def test_trouble_is_told_with_why(store: Store, diaries: Diaries) -> None:
    lease = await diaries.claim("a reader", [NORTH])
    assert lease is not None
    await diaries.rest_in_trouble(lease, REST, "it does not accept our key", is_refused=True)
    diary, _ = (await store.state()).diaries
    assert (diary.practice_id, diary.failures, diary.is_refused) == ("north", 1, True)
    assert diary.trouble == "it does not accept our key"
    assert diary.failing_since is not None


async def test_that_nobody_reads_it_is_told_until_somebody_does(
    store: Store, diaries: Diaries, store_url: str
) -> None:
    let_pass(store_url, UNATTENDED + timedelta(seconds=5))
    assert {one.is_unattended for one in (await store.state()).diaries} == {True}
    await diaries.claim("a reader", [NORTH])
    # Who reads one of them comes to the other one next.
    assert {one.is_unattended for one in (await store.state()).diaries} == {False}


async def test_a_desk_hears_of_its_own_practices_alone(
    store: Store, diaries: Diaries, open_desk: OpenDesk
) -> None:
    await read(diaries, HERE, "P1")
    desk = await open_desk(Standing(practices=frozenset({"north", "paper"})))
    assert [one.practice_id for one in (await desk.state()).diaries] == ["north"]
