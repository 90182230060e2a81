"""How the server treats connections: those that are slow, those that lie, and those it has to end."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from starlette.types import ASGIApp, Receive, Scope, Send

from frontdesk.api import wire
from frontdesk.server import place
from frontdesk.server.connections import HEAD_BYTES, Listening, Patience

LONG = Patience(request=60, stalled=60, idle=60, leaving=60)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HUGE = 64 * 1024 * 1024


class Desk:
    """One connection to a server, as bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """Return what comes until the server ends the connection, in whatever way."""
        data = b""
        try:
            while more := await self.reader.read(65536):
                data += more
        except ConnectionError:
            pass
        return data


class Server:
    """A server of one app, and connections to it."""

    def __init__(self, listening: Listening, port: int, running: "asyncio.Task[None]") -> None:
        self.listening, self.port, self.running = listening, port, running
        self._desks: list[Desk] = []

    async def connect(self, tls: ssl.SSLContext | None = None) -> Desk:
        name = "localhost" if tls else None
        desk = Desk(*await asyncio.open_connection("127.0.0.1", self.port, ssl=tls, server_hostname=name))
        self._desks.append(desk)
        return desk

    async def ask(self, request: bytes = GET) -> bytes:
        """Send one request and return the whole answer."""
        desk = await self.connect()
        await desk.send(request.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        return await desk.rest()

    def hang_up(self) -> None:
        for desk in self._desks:
            desk.writer.close()


@asynccontextmanager
async def serving(
    app: ASGIApp,
    patience: Patience = LONG,
    *,
    behind_proxy: bool = False,
    tls: ssl.SSLContext | None = None,
    end_streams: Callable[[], None] = lambda: None,
) -> AsyncIterator[Server]:
    sockets = place.listen("127.0.0.1", 0)
    listening = Listening(app, end_streams, tls, behind_proxy=behind_proxy, patience=patience)
    running = asyncio.ensure_future(listening.serve(sockets))
    server = Server(listening, sockets[0].getsockname()[1], running)
    try:
        yield server
    finally:
        listening.leave()
        server.hang_up()
        await running


def answer(body: Callable[[Scope], bytes] = lambda _: b"ok") -> ASGIApp:
    """An app that reads the request to its end and answers."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        said = body(scope)
        length = [(b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": said})

    return app


class TestSlowClients:
    QUICK = Patience(request=0.05, stalled=60, idle=60)

    @pytest.mark.parametrize(
        "begun", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"]
    )
    async def test_a_request_that_does_not_come_is_not_waited_for(self, begun: bytes) -> None:
        async with serving(answer(), self.QUICK) as server:
            desk = await server.connect()
            await desk.send(begun)
            assert await desk.rest() == b""

    async def test_nor_is_the_second_one_on_a_connection(self) -> None:
        async with serving(answer(), self.QUICK) as server:
            desk = await server.connect()
            await desk.send(GET + b"GET /")
            assert (await desk.rest()).count(b"HTTP/1.1 200") == 1

    async def test_dripping_does_not_help(self) -> None:
        async with serving(answer(), self.QUICK) as server:
            desk = await server.connect()

            async def drip() -> None:
                while True:
                    await desk.send(b"GET / HTTP/1.1\r\n" if not dripped else b"a: b\r\n")
                    dripped.append(1)
                    await asyncio.sleep(0)

            dripped: list[int] = []
            dripping = asyncio.ensure_future(drip())
            assert b"200" not in await desk.rest()
            dripping.cancel()
            await asyncio.wait([dripping])

    async def test_an_answer_takes_as_long_as_it_takes(self) -> None:
        asked, may_answer = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            asked.set()
            await may_answer.wait()
            await answer()(scope, receive, send)

        async with serving(app, self.QUICK) as server:
            slow, dripping = await server.connect(), await server.connect()
            await slow.send(GET)
            await asked.wait()
            # The time of a request that came later than the first one is over.
            await dripping.send(b"GET")
            await dripping.rest()
            may_answer.set()
            assert await slow.reader.readline() == b"HTTP/1.1 200 OK\r\n"

    @pytest.mark.parametrize("parts", [1, HUGE // 65536])
    async def test_who_does_not_read_the_answer_is_left(self, parts: int) -> None:
        ended = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(parts):
                await send({"type": "http.response.body", "body": b"x" * (HUGE // parts), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            ended.set()

        async with serving(app, Patience(60, 0.05, 60, leaving=60)) as server:
            desk = await server.connect()
            desk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await desk.send(GET)
            await ended.wait()
            server.listening.leave()
            await server.running

    async def test_a_head_has_an_end(self) -> None:
        async with serving(answer()) as server:
            desk = await server.connect()
            await desk.send(b"GET /?" + b"x" * HEAD_BYTES)
            assert (await desk.rest()).startswith(b"HTTP/1.1 431 ")

    @pytest.mark.parametrize("more", [0, 1, 40_000])
    async def test_a_whole_head_that_comes_in_one_piece_has_the_same_end(self, more: int) -> None:
        head = GET.replace(b"/ ", b"/?" + b"x" * 100 + b" ")
        filler = b"\r\nX-Filler: " + b"y" * (HEAD_BYTES + more - len(head) - len(b"\r\nX-Filler: "))
        async with serving(answer()) as server:
            desk = await server.connect()
            await desk.send(head.replace(b"Host: x", b"Host: x" + filler))
            if not more:
                assert await desk.reader.readline() == b"HTTP/1.1 200 OK\r\n"
                return
            head, _, body = (await desk.rest()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert f"Content-Type: {wire.PROBLEM_TYPE}".encode() in head
        told = wire.decode(body, wire.Problem)
        assert (told.code, told.status) == ("head-too-long", 431)
        assert f"{HEAD_BYTES} bytes" in told.detail

    @pytest.mark.parametrize(
        "lengths",
        [
            b"Content-Length: 4\r\nTransfer-Encoding: chunked",
            b"transfer-encoding: chunked\r\ncontent-length: 4",
            b"Content-Length: 0\r\nTransfer-Encoding: Chunked",
        ],
    )
    async def test_a_request_of_two_lengths_is_refused_and_what_follows_it_not_read(
        self, lengths: bytes
    ) -> None:
        asked: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            asked.append(scope["path"])
            await answer()(scope, receive, send)

        async with serving(app) as server:
            desk = await server.connect()
            smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
            await desk.send(
                b"POST /first HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\n\r\n0\r\n\r\n" + smuggled
            )
            head, _, body = (await desk.rest()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"Connection: close" in head
        assert wire.decode(body, wire.Problem).code == "two-lengths"
        assert asked == []

    async def test_one_length_is_enough(self) -> None:
        async with serving(answer()) as server:
            for lengths, body in (
                (b"Content-Length: 4", b"body"),
                (b"Transfer-Encoding: chunked", b"0\r\n\r\n"),
            ):
                request = b"POST / HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\n\r\n" + body
                assert (await server.ask(request)).startswith(b"HTTP/1.1 200 ")

    async def test_what_is_no_http_is_answered_as_every_refusal_is(self) -> None:
        async with serving(answer()) as server:
            desk = await server.connect()
            await desk.send(b"\x16\x03\x01 not http\r\n\r\n")
            head, _, body = (await desk.rest()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert wire.decode(body, wire.Problem).code == "invalid-http"


class TestWhoAsks:
    FORWARDED = GET.replace(
        b"Host: x", b"Host: x\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https"
    )

    @staticmethod
    def who(scope: Scope) -> bytes:
        return f"{scope['scheme']} {scope['client'][0]}".encode()

    async def test_a_proxy_on_this_machine_is_believed_when_there_is_one(self) -> None:
        async with serving(answer(self.who), behind_proxy=True) as server:
            assert (await server.ask(self.FORWARDED)).endswith(b"https 203.0.113.9")
        async with serving(answer(self.who)) as server:
            assert (await server.ask(self.FORWARDED)).endswith(b"http 127.0.0.1")

    async def test_the_answer_does_not_say_what_serves_it(self) -> None:
        async with serving(answer()) as server:
            assert b"server:" not in (await server.ask()).lower()

    async def test_small_answers_are_sent_at_once(self) -> None:
        async with serving(answer()) as server:
            desk = await server.connect()
            await desk.send(GET)
            await desk.reader.readuntil(b"ok")
            (connection,) = server.listening.server_state.connections
            taken = connection.transport.get_extra_info("socket")
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class TestLeaving:
    async def test_what_is_under_way_is_answered_and_nothing_new_is_taken(self) -> None:
        asked, may_answer = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            asked.set()
            await may_answer.wait()
            await answer()(scope, receive, send)

        async with serving(app) as server:
            idle, busy = await server.connect(), await server.connect()
            await busy.send(GET)
            await asked.wait()
            server.listening.leave()
            assert await idle.rest() == b""
            with pytest.raises(ConnectionError):
                await server.connect()
            may_answer.set()
            assert (await busy.rest()).endswith(b"\r\n\r\nok")
            await server.running

    async def test_streams_are_ended_before_the_rest_is_waited_for(self) -> None:
        asked, may_end = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            asked.set()
            await may_end.wait()
            await answer()(scope, receive, send)

        async with serving(app, end_streams=may_end.set) as server:
            desk = await server.connect()
            await desk.send(GET)
            await asked.wait()
            server.listening.leave()
            assert (await desk.rest()).endswith(b"\r\n\r\nok")
            await server.running

    async def test_who_takes_too_long_is_not_waited_for(self) -> None:
        asked = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            asked.set()
            await asyncio.Event().wait()

        async with serving(app, Patience(leaving=0)) as server:
            desk = await server.connect()
            await desk.send(GET)
            await asked.wait()
            server.listening.leave()
            await server.running
            assert b" 200 " not in await desk.rest()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


def issue(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    """Write a certificate for localhost and its key; return both files."""
    made = authority.issue_cert("localhost", key_type=trustme.KeyType.ECDSA)
    cert, key = folder / "server.pem", folder / "server.key"
    cert.write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
    key.unlink(missing_ok=True)
    key.touch(mode=0o600)
    key.write_bytes(made.private_key_pem.bytes())
    return cert, key


class TestCertificate:
    async def test_it_is_shown_with_tls_1_2_or_later_and_read_again(
        self, authority: trustme.CA, tmp_path: Path
    ) -> None:
        cert, key = issue(authority, tmp_path)
        context = place.server_context(cert, key)
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(trusting)
        async with serving(answer(lambda scope: scope["scheme"].encode()), tls=context) as server:
            first = await self.shown(server, trusting)
            issue(authority, tmp_path)
            place.show(context, cert, key)
            assert await self.shown(server, trusting) != first
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2

    @staticmethod
    async def shown(server: Server, trusting: ssl.SSLContext) -> bytes:
        desk = await server.connect(trusting)
        await desk.send(GET)
        assert b"200 OK" in await desk.reader.readuntil(b"https")
        found = desk.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert isinstance(found, bytes)
        return found

    def test_a_pair_that_does_not_fit_changes_nothing(self, authority: trustme.CA, tmp_path: Path) -> None:
        cert, key = issue(authority, tmp_path)
        context = place.server_context(cert, key)
        before = cert.read_bytes()
        issue(authority, tmp_path)
        cert.write_bytes(before)
        with pytest.raises(place.CannotListen, match=r"server\.key is not that of the certificate"):
            place.show(context, cert, key)

    def test_what_cannot_be_used_is_said_in_a_sentence(self, authority: trustme.CA, tmp_path: Path) -> None:
        cert, key = issue(authority, tmp_path)
        changes: dict[str, Callable[[], object]] = {
            r"server\.key cannot be read: No such file": key.unlink,
            "are not a certificate and its key": lambda: key.write_text("a letter"),
            r"server\.key could be read by others: chmod 600": lambda: key.chmod(0o644),
            r"server\.key could be": lambda: key.chmod(0o620),
        }
        for said, change in changes.items():
            issue(authority, tmp_path)
            change()
            with pytest.raises(place.CannotListen, match=said):
                place.server_context(cert, key)
