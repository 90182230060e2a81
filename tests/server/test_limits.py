"""What one client may cost the others, and what the log may know of anybody."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from frontdesk.api import wire
from frontdesk.errors import Unavailable
from frontdesk.server import health
from frontdesk.server.answering import TooMany
from frontdesk.server.app import make_app
from frontdesk.server.limiting import BAD_TOKENS_A_MINUTE, Limits
from frontdesk.server.service import Service
from frontdesk.server.wrapping import BODY_LIMIT, LOGGER
from frontdesk.store.port import Change
from frontdesk.store.sql.store import SqlStore
from tests.server.requests import AS_OF, CASES, NOTHING, Asking, cancel_headers
from tests.serving import Told, bearer, client_of, make_token, served, service_of


def told_of(response: httpx.Response) -> wire.Problem:
    assert response.headers["Content-Type"] == wire.PROBLEM_TYPE
    return wire.decode(response.content, wire.Problem)


async def test_a_desk_that_asks_too_often_waits_and_the_others_do_not(filled: SqlStore, told: Told) -> None:
    hasty, patient = await make_token(filled), await make_token(filled)
    async with (
        served(service_of(filled, told, requests_a_minute=3)) as url,
        client_of(url, hasty) as desk,
        client_of(url, patient) as other,
    ):
        statuses = [(await desk.get("/practices")).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = await desk.post("/bookings/33/cancel", json={}, headers=cancel_headers())
        assert (refused.status_code, told_of(refused).code) == (429, "too-many")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert (await other.get("/practices")).status_code == 200
    assert (await filled.get(33)).cancellation is None


async def test_guessing_is_held_up_and_locks_nobody_out(server: str, filled: SqlStore) -> None:
    good = bearer(await make_token(filled))
    async with client_of(server) as client:
        for _ in range(BAD_TOKENS_A_MINUTE):
            assert (await client.get("/practices", headers=bearer("fd_guess"))).status_code == 401
        held_up = await client.get("/practices", headers=bearer("fd_guess"))
        assert held_up.status_code == 429
        assert 1 <= int(held_up.headers["Retry-After"]) <= 60
        assert (await client.get("/practices", headers=good)).status_code == 200
        # Who shows nothing guesses nothing.
        assert (await client.get("/practices")).status_code == 401


async def test_one_line_has_many_addresses_and_one_count() -> None:
    limits = Limits(1)
    for number in range(BAD_TOKENS_A_MINUTE):
        await limits.count_bad_token(f"2001:db8:0:1::{number:x}")
    with pytest.raises(TooMany):
        await limits.count_bad_token("2001:db8:0:1:ffff::")
    await limits.count_bad_token("2001:db8:0:2::1")
    await limits.count_bad_token("192.0.2.1")
    await limits.count_bad_token("")


@pytest.mark.parametrize("path", ["/bookings/33/cancel", "/nowhere"])
async def test_a_body_is_not_larger_than_it_may_be(
    desk: httpx.AsyncClient, filled: SqlStore, path: str
) -> None:
    response = await desk.post(path, content=b"x" * (BODY_LIMIT + 1), headers=cancel_headers())
    assert (response.status_code, told_of(response).code) == (413, "too-large")
    assert response.headers["Connection"] == "close"
    just_fits = b'{"reason": "Sick"' + b" " * (BODY_LIMIT - 18) + b"}"
    assert len(just_fits) == BODY_LIMIT
    done = await desk.post("/bookings/35/cancel", content=just_fits, headers=cancel_headers())
    assert done.status_code == 200


async def test_a_body_of_unknown_length_neither(desk: httpx.AsyncClient, filled: SqlStore) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        for _ in range(BODY_LIMIT // 1000 + 1):
            yield b" " * 1000
        yield b"}"

    response = await desk.post("/bookings/33/cancel", content=body(), headers=cancel_headers())
    assert (response.status_code, told_of(response).code) == (413, "too-large")
    assert (await filled.get(33)).cancellation is None


async def test_nothing_of_a_request_is_in_the_log(
    server: str, filled: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    # The clients of these tests log, too; what they do is not the server's.
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.CRITICAL, logger=name)
    caplog.set_level(logging.DEBUG)
    presented = await make_token(filled)
    token_id = presented.split("_")[1]
    about = await Asking.about(filled, 34)
    canary = "Wilson-Canary"
    caplog.clear()
    async with client_of(server, presented) as client:
        for case in CASES.values():
            await case.send(client, about, {})
            await case.send(client, NOTHING, {})
        for path in (
            f"/bookings?as_of={AS_OF}&text={canary}",
            f"/bookings?text={canary}&as_of=never",
            f"/bookings/find?ref={canary}",
            f"/{canary}",
            f"/bookings/{canary}",
            f"/last-write?since={AS_OF}&operator={canary}",
        ):
            await client.get(path)
        body = {"reason": canary, canary: canary}
        await client.post("/bookings/33/cancel", json=body, headers=cancel_headers())
        await client.request(canary.upper(), "/bookings/33")
    log = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    for secret in (canary, canary.upper(), "Wilson", presented, presented.split("_", 2)[2], "R00033"):
        assert secret not in log, secret
    lines = [record.getMessage() for record in caplog.records if record.name == LOGGER.name]
    assert any(line.startswith("GET /bookings/{booking_id} 200 ") for line in lines)
    assert any(line.startswith("GET /bookings 422 ") for line in lines)
    assert any(line.startswith("GET - 404 ") for line in lines)
    assert any(line.startswith("- /bookings/{booking_id} 405 ") for line in lines)
    assert sum(line.endswith(f" ms {token_id}") for line in lines) > len(CASES)
    assert any(line.endswith(" ms -") for line in lines)


class Broken:
    """A store with a bug in it."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.registry = store.registry

    def as_desk(self, _: object) -> "Broken":
        return self

    async def practices(self) -> None:
        raise RuntimeError("Amelia Wilson, 0491 570 006")

    async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
        raise Unavailable("pg at db.internal is away")


def test_nothing_of_a_request_is_traced(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if something else in this process had been set up to collect traces.
    monkeypatch.setattr("fastapi.telemetry._asgi._unconfigured", lambda provider: False)
    app = make_app(Service(None, None, told.report, told.wake))  # type: ignore[arg-type]
    assert not app._native_telemetry.enabled()


async def test_a_bug_is_told_by_its_reference_alone(
    filled: SqlStore, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = await make_token(filled)
    broken: object = Broken(filled)
    async with (
        served(service_of(broken, told)) as url,  # type: ignore[arg-type]
        client_of(url, token) as client,
    ):
        response = await client.get("/practices")
    assert response.status_code == 500
    problem = told_of(response)
    assert "REF1" in problem.detail
    assert response.headers["Frontdesk-Api"] == "1"
    assert b"Wilson" not in response.content
    assert [str(error) for error in told.errors] == ["Amelia Wilson, 0491 570 006"]
    assert "Wilson" not in caplog.text


async def test_health_is_known_to_all_and_asked_of_the_store_once(
    filled: SqlStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_GOOD_SECONDS", 1e9)

    class Watched(Broken):
        looks = 0
        is_away = False

        async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
            self.looks += 1
            if self.is_away:
                return await super().changes(after, wait, store_id)
            return await self._store.changes(after, wait, store_id)

    watched = Watched(filled)
    async with served(service_of(watched, told)) as url, client_of(url) as client:  # type: ignore[arg-type]
        answers = await asyncio.gather(*(client.get("/health") for _ in range(20)))
        assert {(one.status_code, one.content) for one in answers} == {(200, b'{"status":"ok"}')}
        assert (await client.get("/health")).status_code == 200
        assert watched.looks == 1
    watched.is_away = True
    async with served(service_of(watched, told)) as url, client_of(url) as client:  # type: ignore[arg-type]
        response = await client.get("/health")
    assert response.status_code == 503
    assert b"db.internal" not in response.content
    assert not told.errors


async def test_who_asks_for_health_and_leaves_takes_the_answer_from_nobody() -> None:
    asked, answers = asyncio.Event(), asyncio.Event()

    class Slow:
        async def changes(self, after: int, wait: float) -> tuple[Change, ...]:
            asked.set()
            await answers.wait()
            return ()

    store: Any = Slow()
    reported: list[BaseException] = []
    looked_at = health.Health(store, reported.append)
    leaves = asyncio.create_task(looked_at.is_good())
    await asked.wait()
    leaves.cancel()
    await asyncio.wait([leaves])
    answers.set()
    assert await looked_at.is_good()
    assert not reported


async def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_error(
    filled: SqlStore, told: Told
) -> None:
    token = await make_token(filled)
    async with served(service_of(filled, told)) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST /bookings/33/cancel HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            f'If-Match: "1"\r\nIdempotency-Key: {uuid4()}\r\nContent-Length: 100\r\n\r\n{{'.encode()
        )
        writer.write_eof()
        await reader.read()
        writer.close()
    # The server has ended, and so has whatever became of the request.
    assert not told.errors
    assert (await filled.get(33)).cancellation is None
