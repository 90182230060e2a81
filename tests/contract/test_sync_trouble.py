"""Diaries that fail, answer wrongly, or want to be left alone; and readers that are too slow."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from frontdesk.arrivals import Place
from frontdesk.diary_health import Health, standing
from frontdesk.diary_runs import LEASE, Kind, RunState
from frontdesk.pms.port import (
    AppointmentPage,
    ContractDrift,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    UnusableSettings,
)
from frontdesk.sync.reader import Wanted
from tests.contract.raw import let_pass
from tests.contract.reads import ADELAIDE, HERE, ON_SQLITE_FIRST, Reads
from tests.made_diary import MadeDiary, nothing
from tests.making import KIM, make_practice

pytestmark = ON_SQLITE_FIRST


def failing(kind: str, error: PmsError) -> Callable[[str], object]:
    """Return what makes a diary answer one kind of request with an error."""

    async def fail(what: str) -> None:
        if what.startswith(kind):
            raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [
        PmsUnauthorised("the key is not accepted"),
        PmsUnavailable("it does not answer"),
        ContractDrift("its answer holds no list"),
        RateLimited("asked too often"),
    ],
)
async def test_failure_1_a_list_that_fails_takes_nothing_away(reads: Reads, error: PmsError) -> None:
    await reads.read()
    before = await reads.upcoming()
    reads.diary.before = failing("list", error)  # type: ignore[assignment]
    read = await reads.read()
    assert str(error) in read.trouble
    assert await reads.upcoming() == before
    assert reads.diary.requests("get") == []


async def test_failure_2_a_list_without_an_end_is_no_complete_one(reads: Reads) -> None:
    await reads.read()
    reads.can(changed_since=False)

    class Endless(MadeDiary):
        def _page(self, found, cursor, location):  # type: ignore[no-untyped-def]
            return AppointmentPage((), str(int(cursor or 0) + 1))

    reads.diary = Endless(reads.diary.now, reads.diary.abilities)
    read = await reads.read()
    assert read.trouble == "its list has no end"
    assert len(await reads.upcoming()) == 3
    assert (await reads.store.diaries.runs(1))[0].state is RunState.FAILED


async def test_failure_4_a_short_answer_writes_nothing_of_that_slice(reads: Reads) -> None:
    await reads.read()
    reads.can(changed_since=False)
    reads.diary.put("late", reads.at(1, 16))

    class Short(MadeDiary):
        def _page(self, found, cursor, location):  # type: ignore[no-untyped-def]
            page = super()._page(found, cursor, location)
            return replace(page, appointments=page.appointments[-1:])

    rows, changed = reads.diary.rows, reads.diary.changed
    reads.diary = Short(reads.diary.now, reads.diary.abilities, rows, changed, patients=reads.diary.patients)
    read = await reads.read()
    assert read.trouble.endswith(
        "cannot be read as a whole: it says that there are 4 appointments and shows 1"
    )
    assert "late" not in await reads.upcoming()
    assert reads.diary.requests("get") == []


async def test_failure_5_what_is_forgotten_there_is_a_state_and_all_is_compared(reads: Reads) -> None:
    await reads.read()
    reads.diary.before = failing("changes", PmsNotFound("gone"))  # type: ignore[assignment]
    read = await reads.turn(timedelta(minutes=6))
    assert read.trouble == "what has changed cannot be told any more, so all of it is compared anew"
    assert (await reads.state()).cursor is None
    reads.diary.before = nothing
    reads.diary.cancel("P1-0")
    read = await reads.turn(timedelta(minutes=1))
    assert [run.kind for run in read.runs] == [Kind.FULL]
    assert await reads.upcoming() == {"P1-1", "P1-2"}
    assert (await reads.state()).cursor is not None


async def test_failure_5_without_a_full_compare_for_a_day_a_diary_is_late(reads: Reads) -> None:
    await reads.read()
    state, now = await reads.state(), (await reads.store.state()).now
    late = standing(replace(state, full_at=now - timedelta(hours=27)), "Praktika", now, ADELAIDE)
    assert late.health is Health.LATE
    assert late.said.startswith("Praktika was last compared in full ")


async def test_failure_10_a_page_full_of_one_second_falls_back_to_a_compare(reads: Reads) -> None:
    await reads.read()

    class Stuck(MadeDiary):
        async def changes(self, since, cursor=None, location=""):  # type: ignore[no-untyped-def]
            page = await super().changes(since, None, location)
            return replace(page, cursor="again")

    reads.diary = Stuck(
        reads.diary.now,
        reads.diary.abilities,
        reads.diary.rows,
        reads.diary.changed,
        patients=reads.diary.patients,
    )
    reads.diary.put("new", reads.at(2))
    assert (await reads.turn(timedelta(minutes=6))).trouble
    assert len(reads.diary.requests("changes")) <= 3
    await reads.turn(timedelta(minutes=1))
    assert "new" in await reads.upcoming()


@pytest.mark.parametrize("says_total", [True, False])
async def test_failure_11_pages_that_shift_are_read_again(reads: Reads, *, says_total: bool) -> None:
    """More than a page in one hour; somebody deletes one of the first page while the second is asked for."""
    await reads.read()
    reads.can(page_size=5, changed_since=False)
    reads.diary.says_total = says_total
    for number in range(12):
        reads.diary.put(f"Q{number:02}", reads.at(2, 9, number))
    shifts = ["Q00"]

    async def shift(what: str) -> None:
        asked = reads.diary.requests("list")
        if what.startswith("list") and len(asked) > 1 and asked[-1] == asked[-2] and shifts:
            reads.diary.delete(shifts.pop())

    reads.diary.before = shift
    read = await reads.read()
    assert read.trouble == ""
    assert shifts == []
    wanted = {f"Q{number:02}" for number in range(1, 12)}
    assert wanted <= await reads.upcoming()


async def test_failure_24_who_lost_the_lease_stops_at_once(reads: Reads) -> None:
    await reads.read()

    async def be_slow(what: str) -> None:
        if what.startswith("list"):
            let_pass(reads.url, LEASE)
            assert await reads.store.diaries.claim("another", [HERE])

    reads.diary.put("new", reads.at(1))
    reads.can(changed_since=False)
    reads.diary.before = be_slow
    read = await reads.read()
    assert read.trouble == "another program reads it"
    assert "new" not in await reads.upcoming()
    assert reads.diary.closed == 2


async def test_a_key_that_is_refused_is_said_and_not_tried_all_the_time(reads: Reads) -> None:
    await reads.read()
    reads.diary.before = failing("ping", PmsUnauthorised("it does not accept the key"))  # type: ignore[assignment]
    assert (await reads.turn()).trouble == "it does not accept the key"
    now = (await reads.store.state()).now
    found = standing(await reads.state(), "Praktika", now, ADELAIDE)
    assert (found.health, found.said) == (
        Health.UNHEALTHY,
        "Praktika is not read: it does not accept the key.",
    )
    let_pass(reads.url, timedelta(minutes=59))
    assert await reads.reader().read_one() is None
    let_pass(reads.url, timedelta(minutes=2))
    reads.diary.before = nothing
    assert (await reads.reader().read_one()) is not None
    assert standing(await reads.state(), "Praktika", now, ADELAIDE).health is Health.HEALTHY


async def test_settings_that_cannot_be_used_are_said(reads: Reads) -> None:
    def refuse() -> MadeDiary:
        raise UnusableSettings("[connections.smile] needs a base_url.")

    reads.source = replace(reads.source, open=refuse)
    assert (await reads.read()).trouble == "[connections.smile] needs a base_url"
    assert (await reads.state()).is_refused


async def test_a_diary_that_wants_to_be_left_alone_is(reads: Reads) -> None:
    await reads.read()
    now = (await reads.store.state()).now
    again = now + timedelta(minutes=20)
    reads.diary.before = failing("changes", RateLimited("asked too often", again))  # type: ignore[assignment]
    await reads.turn()
    due = await reads.store.diaries.next_due([HERE])
    assert due is not None
    assert 1100 < due <= 1200


async def test_failures_in_a_row_are_told_in_the_operators_words(reads: Reads) -> None:
    await reads.read()
    reads.diary.before = failing("ping", PmsUnavailable("it does not answer"))  # type: ignore[assignment]
    for _ in range(3):
        await reads.turn(timedelta(minutes=10))
    now = (await reads.store.state()).now
    found = standing(await reads.state(), "Praktika", now, ADELAIDE)
    assert found.health is Health.UNHEALTHY
    assert found.said.startswith("Praktika cannot be read since ")
    assert found.said.endswith(": it does not answer.")


async def test_a_compare_that_failed_half_way_is_gone_on_with(reads: Reads) -> None:
    async def fail(what: str) -> None:
        if what.startswith("list") and len(reads.diary.requests("list")) == 3:
            raise PmsUnavailable("it does not answer")

    reads.diary.before = fail
    assert (await reads.read()).trouble == "it does not answer"
    lists = len(reads.diary.requests("list"))
    await reads.read()
    assert len(await reads.store.diaries.runs(5)) == 1
    assert len(set(reads.diary.requests("list"))) == len(reads.diary.requests("list")) - 1
    assert len(reads.diary.requests("list")) > lists


async def test_a_bug_is_reported_and_costs_one_run(reads: Reads) -> None:
    bugs: list[BaseException] = []
    reads.report = bugs.append

    async def stumble(what: str) -> None:
        if what.startswith("list"):
            raise KeyError(what)

    reads.diary.before = stumble
    assert (await reads.read()).trouble == "something went wrong here: see the log"
    assert [type(one) for one in bugs] == [KeyError]
    reads.diary.before = nothing
    assert (await reads.read()).trouble == ""


async def test_a_reader_reads_all_day_and_leaves_when_it_is_told_to(reads: Reads) -> None:
    came = asyncio.Event()

    async def note(what: str) -> None:
        if what.startswith("list"):
            came.set()

    reads.diary.before = note
    reading = asyncio.create_task(reads.reader().run())
    await came.wait()
    reading.cancel()
    await asyncio.wait([reading])
    assert reads.diary.closed == 1
    reads.diary.before = nothing
    # The next one need not wait until a lease ends.
    assert await reads.reader().read_one() is not None
    assert len(await reads.upcoming()) == 3


async def test_one_practice_of_an_account_is_read_after_the_other(reads: Reads) -> None:
    north = make_practice("north", location="2", short="NOR")
    await reads.store.registry.apply_practices([make_practice(location="1"), north], KIM)
    for ref in reads.diary.rows:
        reads.diary.put(ref, reads.at(1), location="1")
    reads.diary.put("north", reads.at(1), location="2")
    here = replace(reads.source, place=Place("smile", "1"), others=frozenset({"2"}))
    there = replace(reads.source, place=Place("smile", "2"), others=frozenset({"1"}))
    found = await reads.reader(here, there).run_once(Wanted(Kind.NEAR, KIM))
    assert {read.place.location: read.counts["new"] for read in found} == {"1": 3, "2": 1}
    assert (await reads.bookings())["north"].practice.id == "north"


async def test_requests_are_paced_in_the_share_of_reads(reads: Reads) -> None:
    reads.can(per_minute=60)
    await reads.read()
    requests = len(reads.diary.asked) - len(reads.diary.requests("ping"))
    paced = [seconds for seconds in reads.slept if seconds > 1]
    assert max(paced) == pytest.approx((requests - 1) * 1.5, abs=requests * 0.5 + 2)
