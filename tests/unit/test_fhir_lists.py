"""FHIR's searches, and what is done besides cancelling: moves, no-shows, the first hello."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontdesk.pms import fhir_resources as fhir
from frontdesk.pms.paging import MOST_PAGES
from frontdesk.pms.port import ContractDrift, MoveRequest, NoShowRequest, PmsConflict, Rejected, Unsupported
from tests.unit.scripted_fhir import BASE, BOOKED, DAY, ID, NOW, Server, answer, pms


def bundle(*resources: Mapping[str, Any], following: str = "") -> dict[str, Any]:
    link = [{"relation": "self", "url": "x"}, {"relation": "next", "url": following}]
    entry = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "searchset", "link": link if following else [], "entry": entry}


async def test_a_day_is_asked_for_by_its_instants_and_page_by_page() -> None:
    later = BOOKED | {"id": "a-2", "status": "cancelled", "start": "2026-11-27T00:00:00+10:30"}
    patient = {"resourceType": "Patient", "id": "55"}
    server = Server(bundle(BOOKED, patient, following=f"{BASE}?_getpages=7"), bundle(later))
    asking = pms(server)
    first = await asking.appointments(*DAY)
    second = await asking.appointments(*DAY, first.cursor)
    assert [one.ref for one in first.appointments] == ["a-1"]
    assert second.appointments == ()
    assert second.cursor is None
    assert server.asked[0][1:3] == (
        f"{BASE}/Appointment",
        (("date", "ge2026-11-25T13:30:00Z"), ("date", "lt2026-11-26T13:30:00Z"), ("_count", "100")),
    )
    assert server.asked[1][1:3] == (f"{BASE}?_getpages=7", ())


@pytest.mark.parametrize("status", ["waitlist", "proposed", "cancelled"])
async def test_what_needs_no_time_is_left_out_of_a_list(status: str) -> None:
    waiting = {key: value for key, value in BOOKED.items() if key not in ("start", "end")} | {
        "status": status
    }
    page = await pms(Server(bundle(waiting, BOOKED))).appointments(*DAY)
    assert ([one.ref for one in page.appointments], page.without_time) == (["a-1"], 1)
    with pytest.raises(ContractDrift):
        await pms(Server(bundle(waiting | {"status": "booked"}))).appointments(*DAY)
    for broken in ({"start": "2026-11-26"}, {"status": [status]}):
        with pytest.raises(ContractDrift):
            await pms(Server(bundle(waiting | broken))).appointments(*DAY)


@pytest.mark.parametrize("entry", [5, {}, [5], [{}], [{"resource": 5}], [{"resource": {"resourceType": 5}}]])
async def test_a_list_of_something_else(entry: object) -> None:
    with pytest.raises(ContractDrift):
        await pms(Server(bundle() | {"entry": entry})).appointments(*DAY)


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/fhir/R4?p=2",
        "http://fhir.example/fhir/R4?p=2",
        "//evil.example/x",
        "https://[/x",
    ],
)
async def test_a_next_page_elsewhere_is_not_asked_for(following: str) -> None:
    server = Server(bundle(BOOKED, following=following))
    asking = pms(server)
    page = await asking.appointments(*DAY)
    with pytest.raises(ContractDrift):
        await asking.appointments(*DAY, page.cursor)
    assert len(server.asked) == 1


async def test_lists_that_do_not_end() -> None:
    again = bundle(following=f"{BASE}/Practitioner?p=2")
    with pytest.raises(ContractDrift, match="repeats itself"):
        await pms(Server(again, again)).practitioners()
    circle = [bundle(following=f"{BASE}/Practitioner?p={number}") for number in range(MOST_PAGES + 1)]
    with pytest.raises(ContractDrift, match="does not end"):
        await pms(Server(*circle)).practitioners()


async def test_practitioners() -> None:
    names = [
        {"use": "old", "text": "Dr Mai Chan"},
        {"use": "official", "prefix": ["Dr"], "given": ["Mai", "Linh"], "family": "Lee"},
    ]
    server = Server(
        bundle({"resourceType": "Practitioner", "id": "3", "name": names}, following="Practitioner?p=2"),
        bundle({"resourceType": "Practitioner", "id": "4", "active": False, "name": names[:1]}),
    )
    found = await pms(server).practitioners()
    assert [(one.ref, one.name, one.is_active) for one in found] == [
        ("3", "Dr Mai Linh Lee", True),
        ("4", "", False),
    ]


async def test_a_move_keeps_the_id_and_can_change_the_practitioner() -> None:
    server = Server(BOOKED, answer(status=204))
    start = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    done = await pms(server).reschedule(
        "a-1", MoveRequest(ID, start, start + timedelta(minutes=45), "9", "4")
    )
    assert done.ref == "a-1"
    written = json.loads(server.written[0])
    assert (written["start"], written["end"]) == ("2026-12-01T09:00:00Z", "2026-12-01T09:45:00Z")
    assert written["minutesDuration"] == 45
    assert written["participant"][0] == {"actor": {"reference": "Practitioner/9"}}
    assert written["participant"][1:] == BOOKED["participant"][1:]


def test_nobody_is_replaced_where_it_is_not_plain_whom() -> None:
    two = BOOKED | {"participant": [BOOKED["participant"][0]] * 2}
    assert fhir.moved(two, BASE, *DAY, "")["participant"] == two["participant"]
    with pytest.raises(Unsupported):
        fhir.moved(two, BASE, *DAY, "9")


async def test_a_no_show() -> None:
    server = Server(BOOKED, BOOKED | {"status": "noshow"})
    await pms(server).mark_no_show("a-1", NoShowRequest(ID, "4"))
    assert json.loads(server.written[0]) == BOOKED | {"status": "noshow"}


async def test_a_no_show_is_taken_back_and_nothing_else_is() -> None:
    missed = BOOKED | {"status": "noshow"}
    server = Server(missed, BOOKED)
    await pms(server).take_back_no_show("a-1", NoShowRequest(ID, "4"))
    assert json.loads(server.written[0]) == BOOKED
    for there, version, error in (
        (BOOKED, "4", Rejected),
        (BOOKED | {"status": "arrived"}, "4", Rejected),
        (missed, "3", PmsConflict),
        (missed, "", Unsupported),
    ):
        server = Server(there, there)
        with pytest.raises(error):
            await pms(server).take_back_no_show("a-1", NoShowRequest(ID, version))
        assert not server.written


@pytest.mark.parametrize("status", ["arrived", "checked-in", "fulfilled", "noshow", "waitlist"])
async def test_only_what_is_booked_is_moved_or_missed(status: str) -> None:
    there = BOOKED | {"status": status}
    server = Server(there, there)
    with pytest.raises(Rejected):
        await pms(server).mark_no_show("a-1", NoShowRequest(ID, "4"))
    with pytest.raises(Rejected):
        await pms(server).reschedule("a-1", MoveRequest(ID, *DAY, version="4"))
    assert not server.written


@pytest.mark.parametrize(("release", "version", "fits"), [("R4", "4.0.1", True), ("R4", "5.0.0", False)])
async def test_a_ping_compares_the_release(release: str, version: str, fits: bool) -> None:
    said = answer(
        {"resourceType": "CapabilityStatement", "fhirVersion": version}, date="Tue, 24 Nov 2026 01:30:00 GMT"
    )
    asking: Callable[[], Any] = pms(Server(said), release, says_release=False).ping
    if fits:
        assert await asking() == NOW
    else:
        with pytest.raises(ContractDrift, match=r"5\.0\.0"):
            await asking()
