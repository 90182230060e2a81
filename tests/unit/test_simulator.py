"""The simulated PMS: its two stated contracts, its ledger, and that it fails as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from frontdesk import seed
from frontdesk.pms.simulator import (
    Diary,
    Effect,
    Entry,
    EntryStatus,
    Fault,
    Kind,
    SimulatedAccount,
    Simulator,
)

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
START = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
ACCOUNTS = (
    SimulatedAccount("smile", "praktika", "key-1", "smile-adelaide"),
    SimulatedAccount("harbour", "core-practice", "key-2", "harbour", "Australia/Sydney"),
)
HEADERS = {"X-Api-Key": "key-1", "X-Practice": "smile-adelaide"}
BEARER = {"Authorization": "Bearer key-2"}


@pytest.fixture
async def pms() -> AsyncIterator[Simulator]:
    """Both contracts on one port, with appointment 7001 on Thursday in each diary."""
    async with Simulator(Diary(), ACCOUNTS, clock=lambda: NOW) as simulator:
        for account in ACCOUNTS:
            simulator.put(Entry("7001", START, START + timedelta(minutes=30), "3"), account.name)
        yield simulator
    simulator.diary.close()


@pytest.fixture
async def client(pms: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the Praktika account."""
    async with httpx.AsyncClient(
        base_url=f"{pms.base_url}/api/v0", headers=HEADERS, verify=False, trust_env=False, timeout=5
    ) as opened:
        yield opened


@pytest.fixture
async def harbour(pms: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the Core Practice account."""
    async with httpx.AsyncClient(
        base_url=f"{pms.url('harbour')}/v1/harbour", headers=BEARER, verify=False, trust_env=False, timeout=5
    ) as opened:
        yield opened


def cancel(client: httpx.AsyncClient, **body: str) -> "asyncio.Task[httpx.Response]":
    """Begin to cancel appointment 7001."""
    sent = {"reason": "Sick", "requestId": str(uuid4()), **body}
    return asyncio.ensure_future(client.post("/appointments/7001/cancel", json=sent))


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
            "notes": "",
            "updatedAt": "2026-01-01T10:30:00+10:30",
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
    assert (await harbour.get("/status")).json() == {"data": {"healthy": True}}
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


REFUSALS = {
    Kind.UNAUTHORISED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.INVALID: 422,
    Kind.SERVER_ERROR: 500,
    Kind.BAD_GATEWAY: 502,
    Kind.UNAVAILABLE: 503,
    Kind.GATEWAY_TIMEOUT: 504,
    Kind.REDIRECT: 302,
    Kind.LOGIN_PAGE: 200,
}


@pytest.mark.parametrize("effect", [Effect.NEVER, Effect.APPLIED])
async def test_an_answer_and_its_effect_are_two_things(
    pms: Simulator, client: httpx.AsyncClient, effect: Effect
) -> None:
    for kind, status in REFUSALS.items():
        pms.put(Entry("7001", START, START + timedelta(minutes=30), "3"))
        before = len(pms.effective)
        pms.faults.set(Fault(kind, "cancel", times=1, effect=effect))
        assert (await cancel(client)).status_code == status
        assert len(pms.effective) - before == (effect is Effect.APPLIED)
        assert pms.ledger[-1].answered == kind
        is_cancelled = pms.entry("7001").status is EntryStatus.CANCELLED
        assert is_cancelled == (effect is Effect.APPLIED)
        assert not pms.faults.in_force


SPOILED = [
    Kind.EMPTY,
    Kind.NOT_JSON,
    Kind.CHARSET,
    Kind.HUGE,
    Kind.NESTED,
    Kind.MISTYPED,
    Kind.UNKNOWN_STATUS,
    Kind.GZIP_BOMB,
    Kind.CONTENT_TYPE,
    Kind.NO_CONTENT,
]


@pytest.mark.parametrize("kind", SPOILED, ids=str)
async def test_an_answer_is_spoiled_as_it_says(pms: Simulator, client: httpx.AsyncClient, kind: Kind) -> None:
    good = (await client.get("/appointments/7001")).content
    pms.faults.set(Fault(kind))
    async with client.stream("GET", "/appointments/7001") as answer:
        body = b"".join([part async for part in answer.aiter_raw()])
    assert answer.status_code == (204 if kind is Kind.NO_CONTENT else 200)
    assert (body != good) == (kind is not Kind.CONTENT_TYPE)
    match kind:
        case Kind.EMPTY | Kind.NO_CONTENT:
            assert body == b""
        case Kind.CHARSET:
            with pytest.raises(UnicodeDecodeError):
                body.decode()
        case Kind.HUGE:
            assert len(body) > 2**23
            assert json.loads(body) == json.loads(good)
        case Kind.NESTED:
            with pytest.raises(RecursionError):
                json.loads(body)
        case Kind.MISTYPED:
            assert json.loads(body)["id"] == len("7001")
        case Kind.UNKNOWN_STATUS:
            assert json.loads(body) == {**json.loads(good), "status": "Quarantined"}
        case Kind.GZIP_BOMB:
            assert answer.headers["content-encoding"] == "gzip"
            assert len(body) < 2**17
        case Kind.CONTENT_TYPE:
            assert answer.headers["content-type"] == "text/html"


@pytest.mark.parametrize("effect", [Effect.NEVER, Effect.APPLIED])
async def test_a_connection_is_reset(pms: Simulator, client: httpx.AsyncClient, effect: Effect) -> None:
    pms.faults.set(Fault(Kind.DROP, "writes", effect=effect))
    with pytest.raises(httpx.ReadError):
        await cancel(client)
    assert len(pms.effective) == (effect is Effect.APPLIED)


async def test_an_answer_is_cut_off(pms: Simulator, client: httpx.AsyncClient) -> None:
    pms.faults.set(Fault(Kind.TRUNCATED))
    with pytest.raises(httpx.RemoteProtocolError):
        await cancel(client)
    assert len(pms.effective) == 1


@pytest.mark.parametrize("kind", [Kind.HANG, Kind.SLOW, Kind.DRIP])
async def test_a_client_gives_up_on_an_answer_that_does_not_come(
    pms: Simulator, client: httpx.AsyncClient, kind: Kind
) -> None:
    pms.faults.set(Fault(kind, effect=Effect.APPLIED))
    waiting = cancel(client)
    await pms.until_waiting()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(pms.effective) == 1


async def test_a_slow_answer_comes_when_it_is_released(pms: Simulator, client: httpx.AsyncClient) -> None:
    pms.faults.set(Fault(Kind.SLOW, times=1))
    waiting = cancel(client)
    await pms.until_waiting()
    await pms.release()
    assert (await waiting).status_code == 200


async def test_a_drip_ends(pms: Simulator, client: httpx.AsyncClient) -> None:
    pms.faults.set(Fault(Kind.DRIP, seconds=0))
    assert (await client.get("/ping")).json()["ok"]


async def test_a_first_request_lands_after_the_client_gave_up_and_tried_again(
    pms: Simulator, client: httpx.AsyncClient
) -> None:
    pms.faults.set(Fault(Kind.HANG, "cancel", times=1, effect=Effect.LATE))
    first = cancel(client)
    await pms.until_waiting()
    first.cancel()
    assert (await cancel(client)).status_code == 200
    await pms.release()
    assert [line.effective for line in pms.ledger] == [False, True, False]


@pytest.mark.parametrize("effect", [Effect.NEVER, Effect.LATE])
async def test_a_cancel_is_accepted_and_carried_out_later_or_never(
    pms: Simulator, harbour: httpx.AsyncClient, effect: Effect
) -> None:
    pms.faults.set(Fault(Kind.ACCEPTED, "cancel", effect=effect))
    answer = await harbour.patch("/appointments/7001", json={"state": "cancelled", "attendance": "UTA"})
    assert (answer.status_code, answer.json()) == (202, {"data": {"pending": True}})
    assert not pms.effective
    await pms.release()
    assert len(pms.effective) == (effect is Effect.LATE)


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        (Kind.BUSY_SECONDS, "Retry-After", "90"),
        (Kind.BUSY_DATE, "Retry-After", "Sun, 22 Nov 2026 22:01:30 GMT"),
        (Kind.BUSY_EPOCH, "X-RateLimit-Reset", str(int(NOW.timestamp()) + 90)),
        (Kind.BUSY_ABSURD, "Retry-After", "99999999999999999999"),
    ],
)
async def test_it_says_when_to_come_back(
    pms: Simulator, client: httpx.AsyncClient, kind: Kind, header: str, value: str
) -> None:
    pms.faults.set(Fault(kind, seconds=90))
    answer = await cancel(client)
    assert (answer.status_code, answer.headers[header]) == (429, value)
    assert not pms.effective


async def test_pages_repeat_or_shrink(pms: Simulator, client: httpx.AsyncClient) -> None:
    for place in range(3):
        pms.put(Entry(str(place), START, START + timedelta(minutes=30)))
    span = {
        "from": "2026-11-26T00:00:00+10:30",
        "to": "2026-11-27T00:00:00+10:30",
        "pageSize": "2",
        "page": "2",
    }
    pms.faults.set(Fault(Kind.PAGES_REPEAT))
    again = (await client.get("/appointments", params=span)).json()
    assert ([one["id"] for one in again["items"]], again["page"]) == (["0", "1"], 1)
    pms.faults.set(Fault(Kind.PAGES_SHRINK))
    shrunk = (await client.get("/appointments", params=span)).json()
    assert (shrunk["items"], shrunk["pages"]) == ([], 2)


async def test_its_clock_may_be_wrong(pms: Simulator, client: httpx.AsyncClient) -> None:
    pms.faults.set(Fault(Kind.CLOCK, seconds=7 * 24 * 3600))
    answer = await client.get("/ping")
    assert answer.headers["date"] == "Sun, 29 Nov 2026 22:00:00 GMT"
    assert (await cancel(client)).json() == {"error": {"code": "in_past"}}


@pytest.mark.parametrize("kind", [Kind.STAFF_MOVE, Kind.STAFF_CHANGE, Kind.STAFF_CANCEL], ids=str)
async def test_somebody_there_is_quicker(pms: Simulator, client: httpx.AsyncClient, kind: Kind) -> None:
    before = (await client.get("/appointments/7001")).json()
    pms.faults.set(Fault(kind, "cancel"))
    code = "already_cancelled" if kind is Kind.STAFF_CANCEL else "changed"
    for _ in range(2):
        answer = await cancel(client, expectedUpdatedAt=before["updatedAt"])
        assert answer.json() == {"error": {"code": code}}
    moved_by = pms.entry("7001").starts_at - START
    assert moved_by == timedelta(minutes=30 if kind is Kind.STAFF_MOVE else 0)
    assert not pms.effective


async def test_it_goes_away_and_comes_back_to_its_port(pms: Simulator, client: httpx.AsyncClient) -> None:
    assert (await client.get("/ping")).status_code == 200
    url = pms.base_url
    await pms.stop_listening()
    with pytest.raises(httpx.ConnectError):
        await client.get("/ping")
    await pms.listen()
    assert pms.base_url == url
    assert (await client.get("/ping")).status_code == 200


async def test_a_fault_meets_only_what_it_is_on(
    pms: Simulator, client: httpx.AsyncClient, harbour: httpx.AsyncClient
) -> None:
    pms.faults.set(Fault(Kind.UNAVAILABLE, "reads", account="smile", times=2))
    answers = [(await cancel(client)).status_code, (await harbour.get("/status")).status_code]
    answers += [(await client.get("/ping")).status_code for _ in range(3)]
    assert answers == [200, 200, 503, 503, 200]
    with pytest.raises(ValueError, match="no kind of request"):
        Fault(Kind.DROP, "everything")


async def test_where_a_redirect_leads_is_written_down(pms: Simulator, client: httpx.AsyncClient) -> None:
    pms.faults.set(Fault(Kind.REDIRECT))
    answer = await client.get("/ping", follow_redirects=True)
    assert answer.status_code == 404
    assert [(line.account, line.operation) for line in pms.ledger] == [("smile", "ping"), ("", "other")]
