"""What `doctor` finds out of each PMS, over real HTTP, and what it does not call a fault."""

from collections.abc import AsyncIterator

import pytest

from frontdesk.demo.simulator import Fault, Kind, Operation
from frontdesk.pms.probe import Held, probe
from tests.contract.pms_accounts import HALF_AN_HOUR, NOW, PROMISES, START, Connected, connected

WITHOUT_TIME = {
    "praktika": {"start": None},
    "core-practice": {"starts_at": None},
    "cliniko": {"starts_at": None},
    "fhir": {"status": "waitlist", "start": None, "end": None},
}


@pytest.fixture(params=PROMISES, ids=lambda promise: promise.kind)
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    """Each adapter in turn, with one appointment on Thursday."""
    async with connected(request.param) as made:
        yield made


async def looked(at: Connected) -> dict[Held, list[str]]:
    """Return what a look finds, by whether it held."""
    found = await probe(at.pms, at.promise.time_zone, NOW)
    assert not at.simulator.effective
    return {held: [one.said for one in found if one.held is held] for held in Held}


@pytest.mark.parametrize(
    "at", [one for one in PROMISES if one.kind in WITHOUT_TIME], ids=lambda one: one.kind, indirect=True
)
async def test_one_entry_of_a_waiting_list_breaks_nothing(at: Connected) -> None:
    """Open Dental lists by days: what has no time is in no list."""
    at.put("7002", START + HALF_AN_HOUR, more=WITHOUT_TIME[at.promise.kind])
    said = await looked(at)
    assert said[Held.FAILED] == []
    assert "entries without a time, as in a waiting list: 1 left out" in said[Held.NOT_TRIED]
    assert "an appointment can be read alone, by its id" in said[Held.OK]


async def test_a_list_that_is_refused_breaks_nothing(at: Connected) -> None:
    at.simulator.faults.set(Fault(Kind.FORBIDDEN, Operation.LIST))
    said = await looked(at)
    assert said[Held.FAILED] == []
    assert (
        "its lists were not read: our key may not read them. Only doctor needs them" in said[Held.NOT_TRIED]
    )
    assert "it accepts our key to read an appointment" in said[Held.OK]


async def test_a_key_that_is_not_accepted_is_a_fault(at: Connected) -> None:
    at.simulator.faults.set(
        Fault(Kind.UNAUTHORISED, Operation.LIST), Fault(Kind.UNAUTHORISED, Operation.READ)
    )
    assert (await looked(at))[Held.FAILED] == ["it does not accept our key"]
