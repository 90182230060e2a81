"""The simulated PMS fails as it is told to."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from frontdesk.demo.simulator import Effect, Entry, EntryStatus, Fault, Kind, Simulator
from tests.unit.simulated import NOW, START, cancel

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
