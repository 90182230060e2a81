"""The simulated PMS where vendors or standards say how it must speak: Cliniko and FHIR R4."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from frontdesk.demo.simulator import Diary, Entry, EntryStatus, Fault, Kind, SimulatedAccount, Simulator

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
START = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
ACCOUNTS = (SimulatedAccount("physio", "cliniko", "key-au1"), SimulatedAccount("clinic", "fhir", "token"))
ID = "1234567890123456789"
WINDOW = ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z")


@pytest.fixture
async def pms() -> AsyncIterator[Simulator]:
    """Both contracts on one port, with the same appointment on Thursday in each diary."""
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
