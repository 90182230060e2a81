"""What happens in simulated diaries by itself is what happens at a practice, one thing after the other."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from frontdesk.demo.simulator import Diary, Entry, EntryStatus, SimulatedAccount
from frontdesk.demo.simulator.life import Life
from frontdesk.demo.simulator.records import Window

NOW = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
PRAKTIKA, CORE = SimulatedAccount("smile", "praktika"), SimulatedAccount("harbour", "core-practice")


@pytest.fixture
def diary() -> Iterator[Diary]:
    with closing(Diary()) as opened:
        yield opened


def fill(diary: Diary, account: SimulatedAccount) -> dict[str, Entry]:
    """Book two practitioners at nearly all times of a morning."""
    entries = [
        Entry(str(10 * who + half), at, at + timedelta(minutes=30), practitioner_ref=str(who))
        for who in (1, 2)
        for half in range(6)
        for at in (NOW + timedelta(minutes=15 + 30 * half),)
    ]
    for one in entries:
        diary.put(account.name, one)
    return {one.ref: one for one in entries}


def shown(diary: Diary, account: SimulatedAccount) -> dict[str, Entry]:
    found, _ = diary.entries(account.name, Window(NOW, NOW + timedelta(days=3)), 100, 0)
    return {one.ref: one for one in found}


@pytest.mark.parametrize("account", [PRAKTIKA, CORE], ids=lambda one: one.contract)
@pytest.mark.parametrize("seed", range(5))
def test_four_turns_book_move_cancel_and_let_arrive(
    diary: Diary, account: SimulatedAccount, seed: int
) -> None:
    before = fill(diary, account)
    life = Life(diary, [account], random.Random(seed))
    assert all(life.go_on(NOW) for _ in range(4))
    after = shown(diary, account)

    moved = {ref for ref in before if ref not in after or after[ref].starts_at != before[ref].starts_at}
    made = [one for ref, one in after.items() if ref not in before]
    assert len(moved) == 1
    assert [one.moved_from for one in made if one.moved_from] == (list(moved) if account is CORE else [])
    (booked,) = [one for one in made if not one.moved_from]
    person = diary.register.person(account.name, booked.patient_ref)
    assert person is not None
    assert (person.name, person.is_new) == (booked.patient_name, True)
    statuses = [one.status for one in after.values() if one.status is not EntryStatus.BOOKED]
    assert sorted(statuses) == [EntryStatus.ARRIVED, EntryStatus.CANCELLED]
    arrived = next(one for one in after.values() if one.status is EntryStatus.ARRIVED)
    assert arrived.starts_at - NOW <= timedelta(minutes=30)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_booked_twice_at_a_time(diary: Diary, seed: int) -> None:
    fill(diary, PRAKTIKA)
    life = Life(diary, [PRAKTIKA], random.Random(seed))
    for _ in range(24):
        life.go_on(NOW)
    there = [one for one in shown(diary, PRAKTIKA).values() if one.status is not EntryStatus.CANCELLED]
    for one, other in combinations(there, 2):
        is_same = one.practitioner_ref == other.practitioner_ref
        assert not is_same or one.ends_at <= other.starts_at or other.ends_at <= one.starts_at


def test_where_nothing_is_booked_nothing_happens(diary: Diary) -> None:
    life = Life(diary, [PRAKTIKA, SimulatedAccount("sms", "textline")], random.Random(1))
    assert not any(life.go_on(NOW) for _ in range(4))
