"""The simulated PMS: the two APIs that frontdesk assumes, and its ledger."""

from datetime import time, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from frontdesk.demo import seed
from frontdesk.demo.simulator import Diary, Entry, EntryStatus, Simulator
from frontdesk.demo.simulator.records import Shift, TimeOff
from tests.unit.simulated import ACCOUNTS, HEADERS, NOW, START, cancel


async def test_praktika_shows_an_appointment(client: httpx.AsyncClient) -> None:
    shown = await client.get("/appointments/7001")
    assert (shown.status_code, shown.json()) == (
        200,
        {
            "id": "7001",
            "status": "Booked",
            "start": "2026-11-26T10:30:00+10:30",
            "end": "2026-11-26T11:00:00+10:30",
            "provider": {"id": "3", "name": "Dr Lee"},
            "patient": {"id": "55", "name": "Amelia Wilson"},
            "type": {"id": "1", "label": "Check-up and clean"},
            "location": {"id": "1"},
            "notes": "",
            "updatedAt": "2026-01-01T10:30:00+10:30",
            "arrivedAt": None,
        },
    )
    assert (await client.get("/ping")).json() == {"ok": True, "time": "2026-11-23T08:30:00+10:30"}
    assert (await client.get("/providers")).json() == {
        "items": [{"id": "3", "name": "Dr Lee", "active": True}]
    }


async def test_praktika_cancels_once_and_repeats_its_answer(
    pms: Simulator, client: httpx.AsyncClient
) -> None:
    request = str(uuid4())
    first = await cancel(client, requestId=request, expectedUpdatedAt="2026-01-01T00:00:00Z")
    assert first.json()["status"] == "Cancelled"
    again = await cancel(client, requestId=request)
    assert (again.status_code, again.content) == (200, first.content)
    other = await cancel(client)
    assert (other.status_code, other.json()) == (409, {"error": {"code": "already_cancelled"}})
    assert [(line.operation, line.request_id, line.effective) for line in pms.ledger[:2]] == [
        ("cancel", request, True),
        ("cancel", request, False),
    ]
    assert pms.entry("7001").reason == "Sick"
    assert [line.answered for line in pms.ledger] == ["200", "200", "409"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reason": "x" * 255}, 200, None),
        ({"reason": "x" * 256}, 422, "invalid"),
        ({"requestId": "seven"}, 422, "invalid"),
        ({"expectedUpdatedAt": "2026-01-01T00:00:01Z"}, 409, "changed"),
        ({"expectedUpdatedAt": "yesterday"}, 422, "invalid"),
    ],
)
async def test_praktika_checks_a_cancel(
    pms: Simulator, client: httpx.AsyncClient, body: dict[str, str], status: int, code: str | None
) -> None:
    answer = await cancel(client, **body)
    assert answer.status_code == status
    assert answer.json().get("error", {}).get("code") == code
    assert len(pms.effective) == (status == 200)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": EntryStatus.ARRIVED}, "arrived"),
        ({"status": EntryStatus.CANCELLED}, "already_cancelled"),
        ({"starts_at": NOW}, "in_past"),
    ],
)
async def test_praktika_keeps_to_its_rules(
    pms: Simulator, client: httpx.AsyncClient, changes: dict[str, object], code: str
) -> None:
    pms.diary.change("smile", pms.entry("7001"), NOW, **changes)
    answer = await cancel(client)
    assert (answer.status_code, answer.json()) == (409, {"error": {"code": code}})
    assert not pms.effective


async def test_praktika_wants_its_key_and_its_practice(client: httpx.AsyncClient) -> None:
    for headers, status in (({"X-Api-Key": "?"}, 401), ({"X-Practice": "?"}, 403)):
        assert (await client.get("/ping", headers=headers)).status_code == status
    assert (await client.get("/appointments/1")).status_code == 404
    assert (await client.get("/nothing")).status_code == 404


async def test_praktika_moves_and_marks(pms: Simulator, client: httpx.AsyncClient) -> None:
    body = {"start": "2026-11-27T09:00:00+10:30", "end": "2026-11-27T09:30:00+10:30", "provider": "3"}
    moved = await client.post("/appointments/7001/move", json={**body, "requestId": str(uuid4())})
    assert (moved.status_code, moved.json()["id"], moved.json()["start"]) == (200, "7001", body["start"])
    unknown = await client.post(
        "/appointments/7001/move", json={**body, "provider": "9", "requestId": str(uuid4())}
    )
    assert (unknown.status_code, unknown.json()["error"]["field"]) == (422, "provider")
    absent = await client.post("/appointments/7001/dna", json={"requestId": str(uuid4())})
    assert absent.json()["status"] == "DNA"
    assert len(pms.effective) == 2


async def test_praktika_lists_by_page(pms: Simulator, client: httpx.AsyncClient) -> None:
    for place in range(5):
        status = EntryStatus.CANCELLED if place == 2 else EntryStatus.BOOKED
        start = START + timedelta(days=1, minutes=30 * place)
        pms.put(Entry(str(place), start, start + timedelta(minutes=30), status=status))
    window = {"from": "2026-11-27T00:00:00+10:30", "to": "2026-11-28T00:00:00+10:30", "pageSize": "2"}
    pages = [
        (await client.get("/appointments", params={**window, "page": page})).json() for page in (1, 2, 3)
    ]
    assert [[one["id"] for one in page["items"]] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
    assert {page["pages"] for page in pages} == {3}
    too_many = await client.get("/appointments", params={**window, "pageSize": "101"})
    assert too_many.status_code == 422


async def test_what_is_still_free_leaves_out_what_is_booked(
    client: httpx.AsyncClient, harbour: httpx.AsyncClient
) -> None:
    span = {"from": "2026-11-26T10:00:00+10:30", "to": "2026-11-26T12:00:00+10:30", "provider": "3"}
    slots = (await client.get("/availability", params=span)).json()["slots"]
    assert [slot["start"][11:16] for slot in slots] == ["10:00", "11:00", "11:30"]
    span = {"from": "2026-11-26T10:30:00", "to": "2026-11-26T12:00:00"}
    data = (await harbour.get("/calendars/3/openings", params=span)).json()["data"]
    assert data == [
        {"starts_at": "2026-11-26T10:30:00", "duration": 30},
        {"starts_at": "2026-11-26T11:30:00", "duration": 30},
    ]


async def test_what_is_still_free_leaves_out_times_off_and_closed_hours(
    pms: Simulator, client: httpx.AsyncClient
) -> None:
    register = pms.diary.register
    register.put_shift("smile", Shift("3", 4, time(10), time(12)))
    register.put_time_off(
        "smile", TimeOff("901", "3", START + timedelta(minutes=30), START + timedelta(hours=1))
    )
    span = {"from": "2026-11-26T09:00:00+10:30", "to": "2026-11-26T14:00:00+10:30", "provider": "3"}
    slots = (await client.get("/availability", params=span)).json()["slots"]
    assert [slot["start"][11:16] for slot in slots] == ["10:00", "11:30"]


async def test_core_practice_shows_wall_clock_times(harbour: httpx.AsyncClient) -> None:
    shown = await harbour.get("/appointments/7001")
    assert shown.headers["etag"] == '"1"'
    assert shown.json()["data"] == {
        "id": 7001,
        "calendar": {"id": 3, "name": "Dr Lee"},
        "starts_at": "2026-11-26T11:00:00",
        "duration": 30,
        "state": "scheduled",
        "attendance": None,
        "reason": None,
        "note": None,
        "patient": {"id": 55, "name": "Amelia Wilson"},
        "description": "Check-up and clean",
        "version": 1,
        "rebooked_from": None,
    }
    assert (await harbour.get("/status")).json() == {"data": {"healthy": True, "now": "2026-11-23T09:00:00"}}
    assert (await harbour.get("/calendars")).json() == {"data": [{"id": 3, "name": "Dr Lee", "active": True}]}
    assert (await harbour.get("/status", headers={"Authorization": "Bearer ?"})).status_code == 401


async def test_core_practice_cancels_the_version_that_was_read(
    pms: Simulator, harbour: httpx.AsyncClient
) -> None:
    body = {"state": "cancelled", "attendance": "UTA", "reason": "Sick", "note": "Rang at nine"}
    stale = await harbour.patch("/appointments/7001", json=body, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["error"]) == (412, "version_mismatch")
    done = await harbour.patch("/appointments/7001", json=body, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["data"]["state"], done.headers["etag"]) == (200, "cancelled", '"2"')
    again = await harbour.patch("/appointments/7001", json=body, headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()) == (409, {"error": "already_cancelled"})
    assert [(line.account, line.operation) for line in pms.effective] == [("harbour", "cancel")]
    entry = pms.entry("7001", "harbour")
    assert (entry.reason, entry.note, entry.attendance) == ("Sick", "Rang at nine", "UTA")


@pytest.mark.parametrize(
    ("body", "field"),
    [({"reason": "x" * 121}, "reason"), ({"note": "x" * 1001}, "note"), ({"attendance": "?"}, "attendance")],
)
async def test_core_practice_checks_a_cancel(
    pms: Simulator, harbour: httpx.AsyncClient, body: dict[str, str], field: str
) -> None:
    sent = {"state": "cancelled", "attendance": "UTA", **body}
    answer = await harbour.patch("/appointments/7001", json=sent)
    assert (answer.status_code, [*answer.json()["fields"]]) == (422, [field])
    assert not pms.effective


async def test_core_practice_replaces_an_appointment_that_moves(
    pms: Simulator, harbour: httpx.AsyncClient
) -> None:
    body = {"starts_at": "2026-11-27T09:00:00", "duration": 45, "calendar_id": 3}
    moved = await harbour.post("/appointments/7001/reschedule", json=body)
    assert (moved.status_code, moved.json()["data"]["id"], moved.json()["data"]["rebooked_from"]) == (
        201,
        7002,
        7001,
    )
    gone = await harbour.get("/appointments/7001")
    assert (gone.status_code, gone.json()) == (410, {"error": "moved", "new_id": 7002})
    assert (await harbour.patch("/appointments/7001", json={"attendance": "FTA"})).status_code == 410
    absent = await harbour.patch("/appointments/7002", json={"attendance": "FTA"})
    assert absent.json()["data"]["attendance"] == "FTA"
    assert [line.operation for line in pms.effective] == ["reschedule", "no-show"]


async def test_core_practice_leaves_out_cancelled_ones_unless_asked(
    pms: Simulator, harbour: httpx.AsyncClient
) -> None:
    for place in range(3):
        status = EntryStatus.CANCELLED if place == 1 else EntryStatus.BOOKED
        pms.put(Entry(str(place), START, START + timedelta(minutes=30), status=status), "harbour")
    span = {"starts_after": "2026-11-26T00:00:00", "starts_before": "2026-11-27T00:00:00", "limit": "2"}
    first = (await harbour.get("/appointments", params=span)).json()
    assert [one["id"] for one in first["data"]] == [0, 2]
    rest = (await harbour.get("/appointments", params={**span, "cursor": first["next_cursor"]})).json()
    assert ([one["id"] for one in rest["data"]], rest["next_cursor"]) == ([7001], None)
    whole = (
        await harbour.get("/appointments", params={**span, "limit": "50", "include_cancelled": "true"})
    ).json()
    assert len(whole["data"]) == 4


async def test_the_diary_and_its_ledger_outlive_the_simulator(tmp_path: Path) -> None:
    file = tmp_path / "pms.db"
    request = str(uuid4())
    answers: list[bytes] = []
    for _ in range(2):
        diary = Diary(file)
        async with (
            Simulator(diary, ACCOUNTS, clock=lambda: NOW) as pms,
            httpx.AsyncClient(
                base_url=f"{pms.base_url}/api/v0", headers=HEADERS, verify=False, trust_env=False
            ) as client,
        ):
            if not answers:
                pms.put(Entry("7001", START, START + timedelta(minutes=30)))
            answers.append((await cancel(client, requestId=request)).content)
            assert len(pms.effective) == 1
        diary.close()
    assert answers[0] == answers[1]


def test_a_diary_is_filled_from_bookings() -> None:
    diary = Diary()
    made_up = [one for one in seed.bookings(300, 1, NOW) if one.practice_id == "adelaide"]
    assert diary.fill("smile", made_up, NOW) == len(made_up) > 50
    first = made_up[0]
    entry = diary.entry("smile", first.pms_ref)
    assert entry is not None
    assert (entry.starts_at, entry.practitioner_name) == (first.starts_at, first.practitioner_name)
    assert (entry.patient_ref, entry.patient_name) == (first.patient.pms_ref, first.patient.name)
    assert len(diary.practitioners("smile")) == len({one.practitioner_pms_ref for one in made_up})
    diary.close()
