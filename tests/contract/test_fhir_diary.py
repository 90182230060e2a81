"""The diary of a simulated FHIR server that keeps a history, or does not say where its lists go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.demo.simulator import Diary as SimulatedDiary
from frontdesk.demo.simulator import Entry, Fault, Kind, Operation, SimulatedAccount, Simulator
from frontdesk.demo.simulator.records import Gone, Shift
from frontdesk.demo.simulator.staff import Staff
from frontdesk.pms.diary import Diary
from frontdesk.pms.kinds import open_diary
from frontdesk.pms.port import ContractDrift, PmsNotFound
from tests.contract.pms_accounts import HALF_AN_HOUR, NOW, REF, START, account_of, in_a_hurry

DAY = timedelta(days=1)


@asynccontextmanager
async def opened(release: str = "R4", **settings: Any) -> AsyncIterator[tuple[Diary, Simulator]]:
    """Yield the diary of a simulated server that was greeted, with one appointment on Thursday."""
    version = {"R4": "4.0.1", "R5": "5.0.0"}[release]
    simulated = SimulatedAccount("smile", "fhir", "key-au1", fhir_version=version, **settings)
    kept = SimulatedDiary()
    async with Simulator(kept, [simulated], clock=lambda: NOW) as simulator:
        with in_a_hurry():
            account = replace(account_of(simulated, simulator), fhir_version=release)
            diary = open_diary(account, lambda name: name, "Australia/Adelaide", lambda: NOW)
            put(simulator)
            await diary.ping()
            yield diary, simulator
            await diary.close()
    kept.close()


def put(simulator: Simulator, ref: str = REF, **changes: Any) -> None:
    simulator.put(Entry(ref, START, START + HALF_AN_HOUR, "3", **changes))


async def changed(diary: Diary) -> tuple[set[str], set[str]]:
    """Return the ids of what was changed just now and is there, and of what is gone."""
    there: set[str] = set()
    gone: set[str] = set()
    cursor: str | None = None
    while True:
        page = await diary.changes(NOW, cursor)
        there |= {one.ref for one in page.appointments}
        gone |= {*page.gone}
        if (cursor := page.cursor) is None:
            return there, gone


@pytest.mark.parametrize("release", ["R4", "R5"])
async def test_a_history_tells_what_was_deleted(release: str) -> None:
    async with opened(release) as (diary, simulator):
        assert diary.abilities.shows_deleted
        put(simulator, "7002", updated_at=NOW)
        Staff(simulator.diary).do(Kind.STAFF_DELETE, "smile", REF, NOW)
        assert await changed(diary) == ({"7002"}, {REF})
        with pytest.raises(PmsNotFound):
            await diary.appointment(REF)


async def test_a_history_of_many_pages_is_read_to_its_end() -> None:
    async with opened() as (diary, simulator):
        for place in range(130):
            put(simulator, str(place), updated_at=NOW, gone=Gone.DELETED)
        assert await changed(diary) == (set(), {str(place) for place in range(130)})
        simulator.faults.set(Fault(Kind.PAGES_SHRINK, Operation.HISTORY))
        with pytest.raises(ContractDrift):
            await changed(diary)


async def test_without_a_history_a_delete_is_only_missing() -> None:
    """Rule 7: deletes are invisible to incremental reads."""
    async with opened(keeps_history=False) as (diary, simulator):
        assert not diary.abilities.shows_deleted
        Staff(simulator.diary).do(Kind.STAFF_DELETE, "smile", REF, NOW)
        assert await changed(diary) == (set(), set())
        assert (await diary.appointments(START, START + DAY)).appointments == ()
        with pytest.raises(PmsNotFound):
            await diary.appointment(REF)


async def test_a_full_page_that_leads_nowhere_goes_on_and_is_refused() -> None:
    """Rule 11: whoever halves the time that it asks for gets there; whoever goes on gets no short list."""
    async with opened(links_pages=False) as (diary, simulator):
        for place in range(130):
            put(simulator, str(place))
        first = await diary.appointments(START, START + DAY)
        assert (len(first.appointments), first.cursor is not None) == (100, True)
        with pytest.raises(ContractDrift, match="a list of 131 ends after 100"):
            await diary.appointments(START, START + DAY, first.cursor)


async def test_a_410_is_no_empty_success() -> None:
    """Rule 5: what answers that a list is gone has not answered with a list."""
    async with opened() as (diary, simulator):
        simulator.faults.set(Fault(Kind.NOT_FOUND, Operation.LIST))
        for ask in (diary.appointments(START, START + DAY), diary.changes(NOW)):
            with pytest.raises(PmsNotFound):
                await ask


async def test_the_same_name_at_two_sites_is_two_people() -> None:
    """Rule 22: who treats is an id, never a name, and hours are asked for by the site."""
    async with opened("R5") as (diary, simulator):
        simulator.put(Entry("7002", START, START + HALF_AN_HOUR, "4", "Dr Lee", location_ref="2"))
        register = simulator.diary.register
        register.put_shift("smile", Shift("3", 1, START.time(), (START + DAY / 3).time(), "1"))
        register.put_shift("smile", Shift("4", 1, START.time(), (START + DAY / 3).time(), "2"))
        page = await diary.appointments(START, START + DAY)
        assert {(one.ref, str(one.practitioners)) for one in page.appointments} == {
            (REF, "One(ref='3')"),
            ("7002", "One(ref='4')"),
        }
        assert [one.practitioner for one in await diary.hours("2")] == ["4"]
        assert {one.practitioner for one in await diary.hours()} == {"3", "4"}
