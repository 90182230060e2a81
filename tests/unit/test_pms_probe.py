"""What a look at a PMS says of our assumptions, and that it changes nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.http_client import NotSent
from frontdesk.pms.probe import Assumption, Held, probe
from frontdesk.pms.rest_profile import RestPms
from tests.unit.pms_profiles import NOW, ZONE, Wire, answer, connect, make_profile

LIST = (
    ("[routes.get]", '[routes.list]\npath = "/a"\nquery = { day = "{start}" }\nitems = ""\n[routes.get]'),
    ("[routes.get]", '[routes.ping]\npath = "/ping"\ntime = "/now"\n[routes.get]'),
)
TIME = answer({"now": NOW.isoformat()})
EMPTY = answer([])


def item(ref: str, status: str = "Booked", hours: int = 1) -> dict[str, Any]:
    start = NOW + timedelta(hours=hours)
    return {"id": ref, "start": start.isoformat(), "status": status, "patient": "Amelia Wilson"}


async def look(pms: RestPms, wire: Wire) -> dict[Held, list[str]]:
    found = await probe(pms, ZONE, NOW)
    assert {one.method for one in wire.asked} <= {"GET"}
    assert "Wilson" not in str(found)
    assert found[-1] == Assumption(Held.NOT_TRIED, "cancelling was not tried: doctor changes nothing there")
    return {held: [one.said for one in found if one.held is held] for held in Held}


async def test_everything_holds() -> None:
    day = [item("7"), item("8", "Gone")]
    pms, wire = connect(make_profile(*LIST), TIME, answer(day), answer(day[0]))
    said = await look(pms, wire)
    assert said[Held.FAILED] == []
    assert said[Held.OK] == [
        "it answers",
        "its clock and the clock here agree",
        "it accepts our key",
        "it lists a day, and every time can be read (appointments: 2, pages: 1)",
        "no appointment is listed twice",
        "all appointments are between 06:00 and 22:00",
        "every status is known",
        "cancelled appointments are listed too",
        "an appointment can be read alone, by its id",
    ]
    assert "Diary: follows our own assumptions, not yet tried with the vendor" in said[Held.NOT_TRIED]


async def test_what_does_not_hold_is_said() -> None:
    skewed = answer({"now": (NOW - timedelta(minutes=7)).isoformat()})
    day = [item("7"), item("7", "On hold", hours=16)]
    alone = {**item("7"), "status": "Gone"}
    pms, wire = connect(make_profile(*LIST), skewed, EMPTY, answer(day), answer(alone))
    # The second day, so that the list's own window holds them.
    for one in day:
        one["start"] = one["start"].replace("2026-11-23", "2026-11-24")
    wire.answers[2] = answer(day)
    said = await look(pms, wire)
    assert said[Held.FAILED] == [
        "its clock is 7 min behind the clock here",
        "some appointments are listed twice: is the paging right?",
        "1 of 2 appointments are not between 06:00 and 22:00: is the time zone right?",
        "these statuses are not known: On hold",
        "read alone, the appointment has another time or status than in the list",
    ]


async def test_a_key_that_is_not_accepted_ends_the_look() -> None:
    pms, wire = connect(make_profile(*LIST), answer({}, 401))
    said = await look(pms, wire)
    assert said[Held.FAILED] == ["it does not accept our key"]
    assert said[Held.OK] == []
    pms, wire = connect(make_profile(*LIST), NotSent("the name of its server is not known"))
    assert (await look(pms, wire))[Held.FAILED] == ["the name of its server is not known"]


async def test_a_list_of_another_shape_is_said() -> None:
    pms, wire = connect(make_profile(*LIST), TIME, answer({"items": []}))
    assert (await look(pms, wire))[Held.FAILED] == ["its answer holds no list"]
    pms, wire = connect(make_profile(*LIST), TIME, answer([item("7") | {"start": "10:30"}]))
    assert (await look(pms, wire))[Held.FAILED] == ["a time in its answer cannot be read"]


async def test_an_entry_of_a_waiting_list_is_no_fault() -> None:
    waiting = item("8") | {"start": None}
    pms, wire = connect(make_profile(*LIST), TIME, answer([item("7"), waiting]), answer(item("7")))
    said = await look(pms, wire)
    assert said[Held.FAILED] == []
    assert "entries without a time, as in a waiting list: 1 left out" in said[Held.NOT_TRIED]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (403, "our key may not read them"),
        (401, "our key may not read them"),
        (404, "there is none at this address"),
        (405, "it cannot do that from outside"),
        (400, "it refuses"),
    ],
)
async def test_a_list_that_is_refused_is_no_fault(status: int, why: str) -> None:
    for alone in (answer({}, 404), answer({}, 400)):
        pms, wire = connect(make_profile(*LIST), TIME, answer({}, status), alone)
        said = await look(pms, wire)
        assert said[Held.FAILED] == []
        assert said[Held.OK][-1] == "it accepts our key to read an appointment"
        assert f"its lists were not read: {why}. Only doctor needs them" in said[Held.NOT_TRIED]


async def test_a_key_that_may_do_nothing_is_one_all_the_same() -> None:
    for status in (401, 403):
        pms, wire = connect(make_profile(*LIST), TIME, answer({}, status), answer({}, status))
        said = await look(pms, wire)
        assert said[Held.FAILED] == ["it does not accept our key"]
        assert "it accepts our key" not in said[Held.OK]


async def test_one_that_cannot_be_read_alone_is_said() -> None:
    pms, wire = connect(make_profile(*LIST), TIME, answer([item("7")]), answer(item("9")))
    said = await look(pms, wire)
    assert said[Held.FAILED] == ["an appointment read alone: it answers with another appointment"]


async def test_versions_are_looked_for() -> None:
    by_field = ("[auth]", '[appointment_version]\nfield = "/v"\n[auth]')
    pms, wire = connect(
        make_profile(*LIST, by_field), TIME, answer([item("7")]), answer(item("7") | {"v": 4})
    )
    assert "it has a version" in (await look(pms, wire))[Held.OK]
    pms, wire = connect(make_profile(*LIST, by_field), TIME, answer([item("7")]), answer(item("7")))
    assert (await look(pms, wire))[Held.FAILED] == [
        "an appointment read alone: an appointment without a version"
    ]


async def test_what_cannot_be_asked_is_not_tried() -> None:
    pms, wire = connect(make_profile())
    said = await look(pms, wire)
    assert said[Held.OK] == said[Held.FAILED] == []
    assert not wire.asked
    pms, wire = connect(make_profile(*LIST), TIME, *[EMPTY] * 7)
    assert "its appointments: it lists none for the next 7 days" in (await look(pms, wire))[Held.NOT_TRIED]
    assert len({json.dumps(one.params) for one in wire.asked}) == 8
