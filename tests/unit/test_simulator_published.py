"""The simulated PMS where vendors or standards say how it must speak: Cliniko, Open Dental and FHIR R4."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from frontdesk.demo.simulator import Diary, Entry, EntryStatus, Fault, Kind, SimulatedAccount, Simulator

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
START = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
ACCOUNTS = (
    SimulatedAccount("physio", "cliniko", "key-au1"),
    SimulatedAccount("clinic", "fhir", "token"),
    SimulatedAccount("dental", "open-dental", "developer", "customer"),
)
ID = "1234567890123456789"
WINDOW = ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z")


@pytest.fixture
async def pms() -> AsyncIterator[Simulator]:
    """The contracts on one port, with the same appointment on Thursday in each diary."""
    async with Simulator(Diary(), ACCOUNTS, clock=lambda: NOW) as simulator:
        for account in ACCOUNTS:
            more = {"comment": "By the window"} if account.contract == "fhir" else {}
            simulator.put(Entry(ID, START, START + timedelta(minutes=30), "3", more=more), account.name)
        yield simulator
    simulator.diary.close()


@pytest.fixture
async def physio(pms: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the Cliniko account."""
    async with httpx.AsyncClient(
        base_url=f"{pms.url('physio')}/v1",
        auth=("key-au1", ""),
        headers={"User-Agent": "frontdesk (desk@smile.example)"},
        verify=False,
        trust_env=False,
    ) as client:
        yield client


@pytest.fixture
async def clinic(pms: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the FHIR account."""
    headers = {"Authorization": "Bearer token"}
    async with httpx.AsyncClient(
        base_url=pms.url("clinic"), headers=headers, verify=False, trust_env=False
    ) as client:
        yield client


async def test_cliniko_cancels_with_a_code_and_answers_nothing(
    pms: Simulator, physio: httpx.AsyncClient
) -> None:
    path = f"/individual_appointments/{ID}"
    before = (await physio.get(path)).json()
    assert (before["id"], before["starts_at"], before["cancelled_at"]) == (ID, "2026-11-26T00:00:00Z", None)
    assert before["practitioner"]["links"]["self"].endswith("/v1/practitioners/3")
    bad = await physio.patch(f"{path}/cancel", json={"cancellation_note": "Sick"})
    assert (bad.status_code, [*bad.json()["errors"]]) == (422, ["cancellation_reason"])
    body = {"cancellation_reason": 30, "cancellation_note": "Sick"}
    done = await physio.patch(f"{path}/cancel", json=body)
    assert (done.status_code, done.content) == (204, b"")
    after = (await physio.get(path)).json()
    assert after["cancelled_at"] == "2026-11-22T22:00:00Z"
    assert (after["cancellation_reason_description"], after["cancellation_note"]) == ("Sick", "Sick")
    again = await physio.patch(f"{path}/cancel", json=body)
    assert (again.status_code, [*again.json()["errors"]]) == (422, ["cancelled_at"])
    assert len(pms.effective) == 1


async def test_cliniko_wants_a_key_and_somebody_to_write_to(physio: httpx.AsyncClient) -> None:
    assert (await physio.get("/settings/public")).status_code == 200
    assert (await physio.get("/settings/public", auth=("?", ""))).status_code == 401
    assert (await physio.get("/settings/public", headers={"User-Agent": "frontdesk"})).status_code == 403
    assert (await physio.get("/individual_appointments/1")).status_code == 404


async def test_cliniko_moves_marks_and_tells_who_can_be_booked(
    pms: Simulator, physio: httpx.AsyncClient
) -> None:
    path = f"/individual_appointments/{ID}"
    moved = await physio.patch(path, json={"starts_at": "2026-11-27T01:00:00Z", "ends_at": None})
    assert moved.json()["ends_at"] == "2026-11-27T01:30:00Z"
    assert (await physio.patch(path, json={"did_not_arrive": True})).json()["did_not_arrive"]
    people = (await physio.get("/practitioners")).json()["practitioners"]
    assert [(one["id"], one["last_name"], one["active"]) for one in people] == [("3", "Lee", True)]
    assert [line.operation for line in pms.effective] == ["reschedule", "no-show"]


async def test_cliniko_pages_by_links(pms: Simulator, physio: httpx.AsyncClient) -> None:
    for place in range(3):
        pms.put(Entry(str(place), START, START + timedelta(minutes=30)), "physio")
    params: dict[str, Any] = {
        "q[]": [f"starts_at:>={WINDOW[0]}", f"starts_at:<{WINDOW[1]}"],
        "per_page": "3",
    }
    first = (await physio.get("/individual_appointments", params=params)).json()
    rest = (await physio.get(first["links"]["next"])).json()
    ids = [[one["id"] for one in page["individual_appointments"]] for page in (first, rest)]
    assert ids == [["0", "1", ID], ["2"]]
    assert "next" not in rest["links"]
    other = await physio.get("/individual_appointments", params={"q[]": "colour:=red"})
    assert other.status_code == 422


async def test_fhir_takes_only_the_version_that_was_read(pms: Simulator, clinic: httpx.AsyncClient) -> None:
    path = f"/Appointment/{ID}"
    read = await clinic.get(path)
    resource = read.json()
    assert (read.headers["etag"], resource["status"], resource["comment"]) == (
        'W/"1"',
        "booked",
        "By the window",
    )
    assert resource["start"] == "2026-11-26T10:30:00+10:30"
    cancelled = {**resource, "status": "cancelled", "cancelationReason": {"text": "Sick"}}
    for headers in ({}, {"If-Match": 'W/"9"'}):
        stale = await clinic.put(path, json=cancelled, headers=headers)
        assert (stale.status_code, stale.json()["resourceType"]) == (412, "OperationOutcome")
    done = await clinic.put(path, json=cancelled, headers={"If-Match": 'W/"1"'})
    assert (done.status_code, done.headers["etag"], done.json()["status"]) == (200, 'W/"2"', "cancelled")
    assert done.json()["cancelationReason"] == {"text": "Sick"}
    again = await clinic.put(path, json=done.json(), headers={"If-Match": 'W/"2"'})
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"2"')
    assert len(pms.effective) == 1
    assert pms.entry(ID, "clinic").more == {"comment": "By the window"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"id": "2"}, 422), ({"status": "odd"}, 422), ({"start": "2026-11-26T09:00:00"}, 422), ({}, 200)],
)
async def test_fhir_checks_what_is_put(
    clinic: httpx.AsyncClient, changes: dict[str, str], status: int
) -> None:
    resource = (await clinic.get(f"/Appointment/{ID}")).json()
    answer = await clinic.put(
        f"/Appointment/{ID}", json={**resource, **changes}, headers={"If-Match": 'W/"1"'}
    )
    assert answer.status_code == status


async def test_fhir_moves_and_marks(pms: Simulator, clinic: httpx.AsyncClient) -> None:
    path = f"/Appointment/{ID}"
    resource = (await clinic.get(path)).json()
    moved = {**resource, "start": "2026-11-27T09:00:00+10:30", "end": "2026-11-27T09:30:00+10:30"}
    assert (await clinic.put(path, json=moved, headers={"If-Match": 'W/"1"'})).json()["start"] == moved[
        "start"
    ]
    missed = await clinic.put(path, json={**moved, "status": "noshow"}, headers={"If-Match": 'W/"2"'})
    assert missed.json()["status"] == "noshow"
    late = await clinic.put(path, json={**moved, "status": "cancelled"}, headers={"If-Match": 'W/"3"'})
    assert late.json()["issue"][0]["code"] == "business-rule"
    assert pms.entry(ID, "clinic").status is EntryStatus.NO_SHOW


async def test_fhir_finds_by_time_page_after_page(pms: Simulator, clinic: httpx.AsyncClient) -> None:
    for place in range(3):
        pms.put(Entry(str(place), START, START + timedelta(minutes=30)), "clinic")
    params: dict[str, Any] = {"date": [f"ge{WINDOW[0]}", f"lt{WINDOW[1]}"], "_count": "3"}
    first = (await clinic.get("/Appointment", params=params)).json()
    links = {link["relation"]: link["url"] for link in first["link"]}
    rest = (await clinic.get(links["next"])).json()
    ids = [[one["resource"]["id"] for one in page["entry"]] for page in (first, rest)]
    assert (ids, first["total"]) == ([["0", "1", ID], ["2"]], 4)
    assert [link["relation"] for link in rest["link"]] == ["self"]
    pms.faults.set(Fault(Kind.PAGES_REPEAT))
    again = (await clinic.get(links["next"])).json()
    assert [one["resource"]["id"] for one in again["entry"]] == ids[0]


async def test_fhir_wants_a_token(clinic: httpx.AsyncClient) -> None:
    assert (await clinic.get("/metadata")).json()["fhirVersion"] == "4.0.1"
    refused = await clinic.get("/metadata", headers={"Authorization": "Bearer ?"})
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (401, "login")
    people = (await clinic.get("/Practitioner")).json()["entry"]
    assert [one["resource"]["id"] for one in people] == ["3"]


@pytest.fixture
async def dental(pms: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the Open Dental account."""
    async with httpx.AsyncClient(
        base_url=f"{pms.url('dental')}/api/v1",
        headers={"Authorization": "ODFHIR developer/customer", "Content-Type": "application/json"},
        verify=False,
        trust_env=False,
    ) as client:
        yield client


async def test_open_dental_breaks_what_is_scheduled_and_says_what_became_of_it(
    pms: Simulator, dental: httpx.AsyncClient
) -> None:
    path = f"/appointments/{ID}"
    before = (await dental.get(path)).json()
    assert (before["AptNum"], before["AptStatus"], before["Pattern"]) == (int(ID), "Scheduled", "XXXXXX")
    assert (before["AptDateTime"], before["DateTimeArrived"]) == (
        "2026-11-26 10:30:00",
        "0001-01-01 00:00:00",
    )
    assert (await dental.put(f"{path}/Break", json={})).status_code == 400
    assert pms.effective == ()
    broken = await dental.put(f"{path}/Break", json={"sendToUnscheduledList": "true"})
    assert (broken.status_code, broken.content) == (200, b"")
    assert (await dental.get(path)).json()["AptStatus"] == "UnschedList"
    again = await dental.put(f"{path}/Break", json={"sendToUnscheduledList": "true"})
    assert (again.status_code, again.json()) == (
        400,
        "Only appointments with a status of Scheduled can be broken.",
    )
    for note in ("Sick", "Rang back"):
        await dental.put(f"{path}/Note", json={"Note": note})
    assert (await dental.get(path)).json()["Note"] == "Sick Rang back"
    lines = (await dental.get("/histappointments", params={"AptNum": ID})).json()
    assert [line["HistApptAction"] for line in lines] == ["Cancelled"]


async def test_open_dental_leaves_a_missed_one_in_the_book(pms: Simulator, dental: httpx.AsyncClient) -> None:
    path = f"/appointments/{ID}"
    await dental.put(f"{path}/Break", json={"sendToUnscheduledList": "false", "breakType": "Missed"})
    assert (await dental.get(path)).json()["AptStatus"] == "Broken"
    lines = (await dental.get("/histappointments", params={"AptNum": ID})).json()
    assert [line["HistApptAction"] for line in lines] == ["Missed"]
    await dental.put(path, json={"AptStatus": "Scheduled", "AptDateTime": "2026-11-27 09:00:00"})
    assert (await dental.get(path)).json()["AptStatus"] == "Scheduled"
    assert pms.entry(ID, "dental").status is EntryStatus.BOOKED


async def test_open_dental_wants_both_keys_and_a_content_type(dental: httpx.AsyncClient) -> None:
    for headers, status in (
        ({"Authorization": "ODFHIR developer/another"}, 401),
        ({"Content-Type": "text/plain"}, 400),
        ({}, 200),
    ):
        assert (await dental.get("/providers", headers=headers)).status_code == status


async def test_open_dental_lists_days_and_what_was_altered_after_a_second(dental: httpx.AsyncClient) -> None:
    days = {
        "dateStart": "2026-11-26",
        "dateEnd": "2026-11-26",
        "DateTimeFormatString": "yyyy-MM-dd HH:mm:ss zzz",
    }
    (row,) = (await dental.get("/appointments", params=days)).json()
    assert row["AptDateTime"] == "2026-11-26 10:30:00 +10:30"
    assert (await dental.get("/appointments", params={"date": "2026-11-27"})).json() == []
    assert (await dental.get("/appointments", params={"Offset": "1"})).json() == []
    stamp = row["DateTStamp"][:19]
    assert (await dental.get("/appointments", params={"DateTStamp": stamp})).json() == []
    assert (await dental.get("/appointments", params={"DateTStamp": "2026-01-01"})).status_code == 400


async def test_open_dental_tells_free_times_and_schedules(dental: httpx.AsyncClient) -> None:
    day = {"dateStart": "2026-11-26", "dateEnd": "2026-11-26"}
    slots = (await dental.get("/appointments/Slots", params={**day, "ProvNum": "3"})).json()
    starts = [slot["DateTimeStart"] for slot in slots]
    assert "2026-11-26 10:00:00" in starts
    assert "2026-11-26 10:30:00" not in starts
    (shift,) = (await dental.get("/schedules", params={**day, "SchedType": "Provider"})).json()
    assert (shift["ProvNum"], shift["StartTime"], shift["StopTime"]) == ("3", "09:00:00", "17:00:00")
