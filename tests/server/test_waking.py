"""A PMS asks to be read: whoever cannot prove that it does finds nothing there, and nobody reads what it says."""

import base64
import hmac
import logging

import httpx
import pytest

from frontdesk.server.waking import Proof
from frontdesk.server.wrapping import BODY_LIMIT
from tests.serving import WAKE, Told, client_of

BODY = b'{"patient": "Amelia Wilson"}'
SIGNED = hmac.digest(WAKE, BODY, "sha256")


async def wake(server: str, connection: str, headers: dict[str, str], body: bytes = BODY) -> httpx.Response:
    async with client_of(server) as client:
        return await client.post(f"/diary/{connection}/wake", headers=headers, content=body)


async def test_a_secret_has_the_diary_read(server: str, told: Told) -> None:
    response = await wake(server, "smile", {"X-Wake": WAKE.decode()})
    assert (response.status_code, response.json()) == (200, {"status": "read soon"})
    assert told.to_read == ["smile"]


@pytest.mark.parametrize(
    "said",
    [SIGNED.hex(), SIGNED.hex().upper(), f"sha256={SIGNED.hex()}", base64.b64encode(SIGNED).decode()],
    ids=["digits", "capitals", "scheme", "base64"],
)
async def test_a_signature_has_the_diary_read(server: str, told: Told, said: str) -> None:
    assert (await wake(server, "harbour", {"X-Signature": said})).status_code == 200
    assert (await wake(server, "harbour", {"X-Signature": said}, BODY + b" ")).status_code == 404
    assert told.to_read == ["harbour"]


async def test_a_wrong_proof_and_an_unknown_connection_are_the_same(server: str, told: Told) -> None:
    unsigned = hmac.digest(b"nobody has this secret", BODY, "sha256").hex()
    answers = [
        await wake(server, "smile", {"X-Wake": "wrong"}),
        await wake(server, "smile", {"X-Wake": ""}),
        await wake(server, "smile", {}),
        await wake(server, "smile", {"X-Signature": SIGNED.hex()}),
        await wake(server, "harbour", {"X-Signature": WAKE.decode()}),
        await wake(server, "harbour", {"X-Signature": "sha256="}),
        await wake(server, "nowhere", {"X-Wake": WAKE.decode()}),
        await wake(server, "nowhere", {"X-Signature": unsigned}),
        await wake(server, "nowhere", {}),
    ]
    assert {one.status_code for one in answers} == {404}
    assert len({one.content for one in answers}) == 1
    assert len({tuple(sorted(one.headers.keys())) for one in answers}) == 1
    assert told.to_read == []


async def test_who_guesses_has_to_wait(server: str, told: Told) -> None:
    statuses = [(await wake(server, "smile", {"X-Wake": str(one)})).status_code for one in range(21)]
    assert statuses == [404] * 20 + [429]


async def test_a_body_is_read_to_its_limit_and_never_logged(
    server: str, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for connection in ("smile", "nowhere"):
        response = await wake(server, connection, {"X-Wake": WAKE.decode()}, b"x" * (BODY_LIMIT + 1))
        assert response.status_code == 413
    assert (await wake(server, "smile", {"X-Wake": WAKE.decode()})).status_code == 200
    assert (await wake(server, "smile", {"X-Wake": WAKE.decode()}, b"\xff{not json")).status_code == 200
    assert "Amelia" not in caplog.text
    assert WAKE.decode() not in caplog.text
    assert "/diary/{connection}/wake 200" in caplog.text


def test_a_proof_does_not_show_its_secret() -> None:
    assert "secret" not in repr(Proof("X-Wake", WAKE))
