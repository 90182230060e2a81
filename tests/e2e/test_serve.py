"""`frontdesk serve`: started, refused, ended; what follows a desk's cancellation is carried out by it."""

import signal
import socket
import ssl
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import trustme

from frontdesk.api import wire
from frontdesk.bookings import Booking
from frontdesk.preflight import Finding, Preflight
from frontdesk.store.opening import open_store
from tests.e2e.line_mode import LineDesk
from tests.e2e.server_process import server_process
from tests.e2e.world import World
from tests.server.test_listening import issue
from tests.serving import bearer, make_token


async def token_for(desk: LineDesk) -> str:
    store = await open_store(f"sqlite:///{desk.store_file}")
    try:
        return await make_token(store)
    finally:
        await store.close()


async def test_it_asks_the_pms_for_a_desk_and_carries_out_what_follows(world: World) -> None:
    headers = bearer(await token_for(world.desk))
    async with (
        server_process(world.desk.config_file) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers) as desk,
        desk.stream("GET", "/changes") as stream,
    ):
        assert server.said == (
            f"Listening on {server.url} for desks of {world.desk.store_file};"
            " deliveries are carried out here for core-practice-demo, notify.email, notify.sms, smile.\n"
        )
        (booking,) = wire.decode(
            (await desk.get("/bookings/find", params={"ref": "R00001"})).content, tuple[Booking, ...]
        )
        shown = wire.decode((await desk.get(f"/bookings/{booking.id}/pms")).content, Preflight)
        assert shown.finding is Finding.SAME

        answer = await desk.post(
            f"/bookings/{booking.id}/cancel",
            headers={"If-Match": wire.etag(booking.version), "Idempotency-Key": str(uuid4())},
            json={"reason": "patient ill"},
        )

        assert answer.status_code == 200
        seen = 0
        async for line in stream.aiter_lines():
            seen += line == "event: change"
            # The cancel, and three deliveries told of when they were done.
            if seen == 4:
                break
        assert (world.cancels(), world.letters()) == ([True], 2)
        assert await server.ended() == (0, "The server has ended. Nothing is under way here any more.\n")
    assert "Praktika told, e-mail sent" in await world.run("show", "R00001")


@pytest.mark.full
async def test_with_a_certificate_a_hang_up_has_it_read_again(world: World, tmp_path: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    cert, key = issue(authority, tmp_path)
    config = world.desk.config_file
    config.write_text(f'{config.read_text()}\n[server]\ncert = "{cert.name}"\nkey = "{key.name}"\n')
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    async with server_process(config, "--no-deliver") as server:
        assert server.said.endswith("; deliveries are left to frontdesk deliver.\n")
        async with httpx.AsyncClient(verify=trusting) as anybody:
            url = server.url.replace("127.0.0.1", "localhost")
            assert (await anybody.get(f"{url}/health")).json() == {"status": "ok"}

        key.chmod(0o644)
        server.process.send_signal(signal.SIGHUP)
        assert (await server.next_line()).startswith("The server keeps the old certificate: the key ")
        issue(authority, tmp_path)
        server.process.send_signal(signal.SIGHUP)
        assert await server.next_line() == "New connections get the new certificate.\n"
        assert (await server.ended())[0] == 0


class TestRefused:
    """Before anything is served; each in one sentence."""

    @staticmethod
    def refused(desk: LineDesk, *arguments: str) -> tuple[int, str]:
        result = desk("serve", *arguments)
        assert result.stdout == ""
        (sentence,) = result.stderr.splitlines()
        return result.exit_code, sentence

    def test_a_store_that_another_server_has(self, desk: LineDesk) -> None:
        desk.store_section = '[store]\nurl = "https://bookings.example"\ncredential = "desk"'
        desk.write_config()
        code, said = self.refused(desk)
        assert (code, said) == (
            1,
            "Not done: desks are served on the machine of https://bookings.example",
        )

    def test_an_address_that_is_none(self, desk: LineDesk) -> None:
        code, said = self.refused(desk, "--bind", "everywhere")
        assert code == 2
        assert "--bind must be HOST:PORT" in said

    @pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.0.0.5"])
    def test_others_in_the_clear(self, desk: LineDesk, host: str) -> None:
        code, said = self.refused(desk, "--bind", f"{host}:0")
        assert code == 2
        assert "nothing would encrypt" in said

    def test_a_port_that_is_taken(self, desk: LineDesk) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            where = f"127.0.0.1:{taken.getsockname()[1]}"
            code, said = self.refused(desk, "--bind", where)
        assert code == 1
        assert f"another program listens on {where}" in said

    def test_a_key_that_others_can_read(self, desk: LineDesk, tmp_path: Path) -> None:
        _, key = issue(trustme.CA(key_type=trustme.KeyType.ECDSA), tmp_path)
        key.chmod(0o644)
        desk.write_config('[server]\ncert = "server.pem"\nkey = "server.key"')
        code, said = self.refused(desk, "--bind", "0.0.0.0:0")
        assert code == 1
        assert f"the key {key} could be read by others" in said

    @pytest.mark.parametrize("package", ["uvicorn", "uvloop"])
    def test_no_server_extra(self, desk: LineDesk, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
        monkeypatch.delitem(sys.modules, "frontdesk.server.connections", raising=False)
        monkeypatch.setitem(sys.modules, package, None)
        code, said = self.refused(desk)
        assert code == 1
        assert (
            "frontdesk serve needs fastapi, uvicorn, uvloop and limits, which this installation does not have"
            in said
        )
        assert "pipx install --force '.[calendar,postgres,server]'" in said

    def test_a_store_that_is_away(self, desk: LineDesk) -> None:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
        desk.store_section = f'[store]\nurl = "postgresql+psycopg://kim@127.0.0.1:{port}/desk"'
        desk.write_config()
        code, said = self.refused(desk, "--bind", "127.0.0.1:0")
        assert code == 3
        assert "PostgreSQL does not answer at 127.0.0.1" in said
