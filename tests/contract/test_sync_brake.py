"""A diary that suddenly is another one: what is held, what goes on, and what a person decides."""

from datetime import timedelta

import pytest

from frontdesk.diary_health import Health, standing
from frontdesk.diary_runs import LEASE, Decision, Kind, Run, RunState
from frontdesk.errors import Refused
from frontdesk.pms.port import One
from frontdesk.sync.reader import Read
from tests.contract.raw import count, execute, let_pass
from tests.contract.reads import ADELAIDE, ON_SQLITE_FIRST, Reads
from tests.making import KIM, cancel, cancel_of

pytestmark = ON_SQLITE_FIRST


@pytest.fixture
async def full(reads: Reads) -> Reads:
    """A practice whose diary was read: 60 appointments on three days, of three practitioners."""
    for day in (1, 2, 3):
        reads.book(20 if day > 1 else 23, days=day)
    await reads.read()
    assert len(await reads.upcoming()) == 63
    reads.diary.asked.clear()
    return reads


def held(read: Read) -> Run:
    """Return the run that is held."""
    (run,) = [run for run in read.runs if run.state is RunState.HELD]
    return run


async def decide(reads: Reads, run: Run, decision: Decision) -> Run:
    """Decide about a run, as the command does."""
    diaries = reads.store.diaries
    lease = await diaries.decide(run.number, decision, KIM, "a desk")
    if decision is Decision.APPLY:
        while await diaries.apply(lease):
            pass
    await diaries.let_go(lease)
    return await diaries.run(run.number)


async def test_failure_1_an_empty_diary_takes_nothing_away_and_asks_nothing(full: Reads) -> None:
    full.diary.rows.clear()
    full.diary.changed.clear()
    run = held(await full.read(Kind.FULL))
    assert (run.held, run.why) == ({"gone": 63}, "63 bookings fewer")
    assert full.diary.requests("get") == []
    assert len(await full.upcoming()) == 63
    now = (await full.store.state()).now
    stands = standing(await full.state(), "Praktika", now, ADELAIDE, "Jo Park")
    assert stands.health is Health.UNHEALTHY
    assert stands.said.startswith(
        "Praktika suddenly shows 63 bookings fewer. Nothing of that was changed here;"
    )
    assert stands.said.endswith("Tell Jo Park.")


async def test_a_halved_diary_is_held_and_the_rest_is_applied(full: Reads) -> None:
    for ref in [*full.diary.rows][::2]:
        full.diary.cancel(ref)
    full.diary.put("new", full.at(2))
    read = await full.read()
    run = held(read)
    assert (run.held, len(run.examples)) == ({"cancelled": 32}, 10)
    assert read.counts["new"] == 1
    assert len(await full.upcoming()) == 64


async def test_a_shifted_diary_is_held(full: Reads) -> None:
    for ref, row in [*full.diary.rows.items()]:
        full.diary.put(ref, row.starts_at + timedelta(hours=1))
    run = held(await full.read())
    assert run.held["moved"] == 63
    assert (await full.bookings())["P1-0"].starts_at == full.at(1, 8)


async def test_a_sick_day_is_applied(full: Reads) -> None:
    sick = full.book(20, days=15, prefix="sick ")
    for ref in sick:
        full.diary.put(ref, full.diary.rows[ref].starts_at, practitioners=One("1"))
    await full.read(Kind.FULL)
    for ref in sick:
        full.diary.cancel(ref)
    read = await full.read()
    assert (read.is_held, read.counts["cancelled"]) == (False, 20)


async def test_a_day_that_is_empty_is_held(full: Reads) -> None:
    for ref in [one for one in full.diary.rows if one.startswith("P2")]:
        full.diary.delete(ref)
    run = held(await full.read())
    assert run.held == {"gone": 20}
    assert full.diary.requests("get") == []


async def test_what_cannot_be_asked_for_is_a_question_for_a_person(full: Reads) -> None:
    full.can(answers_by_id=False)
    full.diary.delete("P1-1")
    run = held(await full.read())
    assert run.why == "1 are not shown any more, and cannot be asked for one by one"
    assert "P1-1" in await full.upcoming()


async def test_the_question_stands_while_changes_go_on(full: Reads) -> None:
    full.diary.rows.clear()
    full.diary.changed.clear()
    run = held(await full.read(Kind.FULL))
    full.diary.put("new", full.at(2))
    read = await full.turn(timedelta(minutes=6))
    assert read.counts["new"] == 1
    assert (await full.state()).held == run.number


async def test_a_diary_that_is_back_needs_no_decision(full: Reads) -> None:
    rows, changed = dict(full.diary.rows), dict(full.diary.changed)
    full.diary.rows.clear()
    full.diary.changed.clear()
    await full.read(Kind.FULL)
    full.diary.rows, full.diary.changed = rows, changed
    assert not (await full.read(Kind.FULL)).is_held
    assert (await full.state()).held is None


async def test_a_person_who_believes_the_diary_has_it_applied(full: Reads, store_url: str) -> None:
    for ref in [*full.diary.rows][::2]:
        full.diary.cancel(ref)
    run = await decide(full, held(await full.read()), Decision.APPLY)
    assert (run.state, run.decided_by, run.counts["cancelled"]) == (RunState.DONE, KIM, 32)
    assert len(await full.upcoming()) == 31
    assert (await full.state()).held is None
    assert count(store_url, "delivery") == 0
    assert await full.store.registry.verify() is None


async def test_what_is_missing_is_gone_once_a_person_says_so(full: Reads) -> None:
    full.diary.rows.clear()
    full.diary.changed.clear()
    run = await decide(full, held(await full.read(Kind.FULL)), Decision.APPLY)
    assert run.counts["gone"] == 63
    assert await full.upcoming() == set()
    assert not (await full.read(Kind.FULL)).is_held


async def test_a_decision_that_was_cut_off_is_carried_out_by_the_next_reader(full: Reads) -> None:
    full.diary.rows.clear()
    full.diary.changed.clear()
    run = held(await full.read(Kind.FULL))
    lease = await full.store.diaries.decide(run.number, Decision.APPLY, KIM, "a desk")
    assert await full.store.diaries.apply(lease)
    let_pass(full.url, LEASE)
    await full.read()
    assert await full.upcoming() == set()
    assert (await full.state()).held is None


async def test_a_diary_that_changed_again_has_to_be_looked_at_again(full: Reads) -> None:
    for ref in [*full.diary.rows][::2]:
        full.diary.cancel(ref)
    run = held(await full.read())
    execute(full.url, "UPDATE mirror SET digest = 'otherwise' WHERE effect = 'cancelled'")
    with pytest.raises(Refused, match="changed again"):
        await decide(full, run, Decision.APPLY)


async def test_a_person_who_keeps_the_list_is_asked_when_it_changes(full: Reads) -> None:
    cancelled = [*full.diary.rows][::2]
    for ref in cancelled:
        full.diary.cancel(ref)
    await decide(full, held(await full.read()), Decision.IGNORE)
    assert not (await full.read()).is_held
    assert len(await full.upcoming()) == 63
    assert (await full.state()).held is None
    full.diary.cancel([*full.diary.rows][1])
    assert held(await full.read()).held == {"cancelled": 33}


async def test_a_person_who_asks_again_gets_the_diary_as_it_is_now(full: Reads) -> None:
    rows = dict(full.diary.rows)
    for ref in [*full.diary.rows][::2]:
        full.diary.cancel(ref)
    run = held(await full.read())
    full.diary.rows = rows
    await decide(full, run, Decision.AGAIN)
    read = await full.reader().read_one()
    assert read is not None
    assert not read.is_held
    assert len(await full.upcoming()) == 63


async def test_failure_6_what_is_under_way_here_is_not_missed(full: Reads) -> None:
    """What is cancelled here is told there; that it is missing meanwhile proves nothing."""
    booking = (await full.bookings())["P1-1"]
    await cancel(full.store, cancel_of(booking, KIM))
    full.diary.delete("P1-1")
    read = await full.read()
    assert full.diary.requests("get") == []
    assert read.counts == {}


async def test_our_own_cancel_seen_there_is_no_change(full: Reads) -> None:
    for ref in [*full.diary.rows][:20]:
        await cancel(full.store, cancel_of((await full.bookings())[ref], KIM))
        full.diary.cancel(ref)
    read = await full.read()
    assert not read.is_held
    assert read.counts.get("cancelled", 0) == 0
