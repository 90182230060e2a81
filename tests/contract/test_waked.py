"""A PMS that calls again and again is read once in ten seconds, and what it called last is read."""

from datetime import timedelta

import pytest

from frontdesk.arrivals import Place
from frontdesk.diary_runs import BETWEEN_WAKES, LEASE, Kind, PlaceState
from frontdesk.store.diaries import Diaries
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import let_pass
from tests.making import KIM, make_practice

HERE, ELSEWHERE = Place("smile"), Place("harbour")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
async def diaries(store: SqlStore) -> Diaries:
    """Two accounts that were read just now, and are to be read again in an hour."""
    await store.registry.apply_practices([make_practice()], KIM)
    await store.diaries.keep([HERE, ELSEWHERE])
    for place in (HERE, ELSEWHERE):
        lease = await store.diaries.claim("one", [place])
        assert lease is not None
        await store.diaries.rest(lease, HOUR, timedelta(0))
    return store.diaries


async def due(diaries: Diaries, place: Place = HERE) -> float:
    seconds = await diaries.next_due([place])
    assert seconds is not None
    return seconds


async def state(diaries: Diaries) -> PlaceState:
    return next(one for one in await diaries.states() if one.place == HERE)


async def read(diaries: Diaries) -> None:
    lease = await diaries.claim("one", [HERE])
    assert lease is not None
    assert lease.state.asked is Kind.CHANGES
    await diaries.rest(lease, HOUR, timedelta(0))


async def test_the_first_call_is_read_at_once_and_all_others_in_ten_seconds_once(
    diaries: Diaries, store_url: str
) -> None:
    await diaries.wake("smile", Kind.CHANGES)
    assert await due(diaries) <= 0
    assert await due(diaries, ELSEWHERE) > 3500
    await read(diaries)
    for _ in range(5):
        await diaries.wake("smile", Kind.CHANGES)
    assert 5 < await due(diaries) <= BETWEEN_WAKES.total_seconds()
    assert await diaries.claim("one", [HERE]) is None
    let_pass(store_url, BETWEEN_WAKES + SECOND)
    await read(diaries)
    assert await due(diaries) > 3500


async def test_several_calls_before_a_read_are_one(diaries: Diaries, store_url: str) -> None:
    await diaries.wake("smile", Kind.CHANGES)
    await diaries.wake("smile", Kind.CHANGES)
    let_pass(store_url, BETWEEN_WAKES)
    await read(diaries)
    assert await due(diaries) > 3000


async def test_a_call_in_the_middle_of_a_read_is_not_forgotten(diaries: Diaries, store_url: str) -> None:
    await diaries.wake("smile", Kind.CHANGES)
    lease = await diaries.claim("one", [HERE])
    assert lease is not None
    await diaries.wake("smile", Kind.CHANGES)
    await diaries.rest(lease, HOUR, timedelta(0))
    assert 0 < await due(diaries) <= BETWEEN_WAKES.total_seconds()
    let_pass(store_url, BETWEEN_WAKES)
    await read(diaries)


async def test_what_a_person_asked_for_is_read_at_once_all_the_same(diaries: Diaries) -> None:
    await diaries.wake("smile", Kind.CHANGES)
    await read(diaries)
    await diaries.wake("smile", Kind.CHANGES)
    await diaries.ask([HERE], Kind.FULL)
    assert await due(diaries) <= 0
    assert (await state(diaries)).asked is Kind.FULL
    await diaries.wake("smile", Kind.CHANGES)
    assert (await state(diaries)).asked is Kind.FULL


async def test_a_refused_key_is_not_tried_again_by_a_call(diaries: Diaries, store_url: str) -> None:
    let_pass(store_url, HOUR)
    lease = await diaries.claim("one", [HERE])
    assert lease is not None
    await diaries.rest_in_trouble(lease, HOUR, "it does not accept the key", is_refused=True)
    await diaries.wake("smile", Kind.CHANGES)
    assert await due(diaries) > LEASE.total_seconds()
