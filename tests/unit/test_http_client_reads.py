"""Reads from a server of our own: kept connections, compressed answers, lines that go on and on."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from frontdesk.http_client import HttpClient, Lines, Lost, NotSent

LIMIT = 5_000
Answering = Callable[["Server", asyncio.StreamWriter], Awaitable[bool]]


class Server:
    """Answers on every connection until it is told to hang up: `answering` returns whether it goes on."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.heads: list[str] = []
        self.connections = 0
        self.port = 0
        self.left = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            goes_on = True
            while goes_on:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                goes_on = await self._answering(self, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.left.set()
            writer.close()


@asynccontextmanager
async def reading(answering: Answering, **settings: Any) -> AsyncIterator[tuple[Server, HttpClient, str]]:
    server = Server(answering)
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    client = HttpClient(allow_http=True, allow_private=True, body_limit=LIMIT, **settings)
    try:
        yield server, client, f"http://127.0.0.1:{server.port}/"
    finally:
        await client.close()
        listening.close()


def answer(body: bytes, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(body)}"))
    return b"HTTP/1.1 200 OK\r\n" + lines.encode() + b"\r\n" + body


def always(reply: bytes) -> Answering:
    async def answering(_: Server, writer: asyncio.StreamWriter) -> bool:
        writer.write(reply)
        return True

    return answering


async def test_reads_share_a_connection_and_writes_do_not() -> None:
    async with reading(always(answer(b"{}"))) as (server, client, url):
        for _ in range(3):
            assert (await client.fetch(url, params=[("a", "b&c")])).json() == {}
        assert server.connections == 1
        await client.send("POST", url)
        await client.fetch(url)
    assert server.connections == 2
    assert server.heads[0].startswith("GET /?a=b%26c HTTP/1.1\r\n")
    assert "Accept-Encoding: gzip\r\n" in server.heads[0]
    assert "Connection: close\r\n" in server.heads[3]
    assert "Accept-Encoding: identity\r\n" in server.heads[3]


async def test_a_connection_that_was_given_up_costs_a_read_nothing() -> None:
    async def hangs_up_at_the_second(server: Server, writer: asyncio.StreamWriter) -> bool:
        if len(server.heads) == 2:
            return False
        writer.write(answer(b"{}"))
        return True

    async with reading(hangs_up_at_the_second) as (server, client, url):
        for _ in range(2):
            assert (await client.fetch(url)).status == 200
    assert (server.connections, len(server.heads)) == (2, 3)


async def test_a_read_is_sent_twice_and_no_more() -> None:
    async def hangs_up(_: Server, __: asyncio.StreamWriter) -> bool:
        return False

    async with reading(hangs_up) as (server, client, url):
        with pytest.raises(Lost):
            await client.fetch(url)
    assert len(server.heads) == 2


async def test_a_name_is_looked_up_again_only_when_what_it_said_does_not_answer() -> None:
    asked = 0

    async def resolve(_: str, __: int) -> list[str]:
        nonlocal asked
        asked += 1
        return ["127.0.0.1"]

    async with reading(always(answer(b"{}")), resolve=resolve) as (server, client, _):
        url = f"http://desk.example:{server.port}/"
        for _ in range(3):
            await client.fetch(url)
        assert asked == 1
        with pytest.raises(NotSent):
            await client.fetch("http://desk.example:9/")
        await client.fetch(url)
    assert asked == 3


async def test_a_compressed_answer_is_unpacked() -> None:
    reply = answer(gzip.compress(b"x" * LIMIT), "Content-Encoding: gzip")
    async with reading(always(reply)) as (_, client, url):
        assert (await client.fetch(url)).body == b"x" * LIMIT
        with pytest.raises(Lost, match="compressed, which was not asked for"):
            await client.send("GET", url)


PACKED = gzip.compress(b"y" * 100)


@pytest.mark.parametrize(
    ("body", "coding", "said"),
    [
        (gzip.compress(b"x" * (LIMIT + 1)), "gzip", "too large"),
        (gzip.compress(b"\0" * 50_000_000), "gzip", "too large"),
        (PACKED[:-9], "gzip", "cannot be unpacked"),
        (PACKED + b"more", "gzip", "cannot be unpacked"),
        (b"no gzip at all", "gzip", "cannot be unpacked"),
        (b"x", "br", "compressed, which was not asked for"),
        (b"x" * (LIMIT + 1), "identity", "too large"),
    ],
    ids=["too large", "a bomb", "cut off", "with more", "none", "another one", "plain"],
)
async def test_an_answer_is_never_more_than_it_may_be(body: bytes, coding: str, said: str) -> None:
    async with reading(always(answer(body, f"Content-Encoding: {coding}"))) as (_, client, url):
        with pytest.raises(Lost, match=said):
            await client.fetch(url)


async def into(heard: list[str], lines: Lines, then: Callable[[], None] = lambda: None) -> None:
    async for line in lines:
        heard.append(line)
        then()


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


async def test_lines_come_as_they_are_sent_and_then_the_end() -> None:
    more = asyncio.Event()

    async def streams(_: Server, writer: asyncio.StreamWriter) -> bool:
        writer.write(STREAM + b": hi\r\nda")
        await more.wait()
        writer.write("ta: Zoë\n\nhalf a".encode())
        return False

    async with reading(streams) as (_, client, url), client.listen(url, idle_seconds=60) as lines:
        assert (lines.status, lines.headers["content-type"]) == (200, "text/event-stream")
        heard: list[str] = []
        with pytest.raises(Lost, match="closed the connection"):
            await into(heard, lines, more.set)
    assert heard == [": hi", "data: Zoë", ""]


async def test_silence_is_an_end_too_and_leaving_hangs_up() -> None:
    async def silent(server: Server, writer: asyncio.StreamWriter) -> bool:
        writer.write(STREAM + b"one\n")
        return True

    async with reading(silent) as (server, client, url):
        async with client.listen(url, idle_seconds=0.05) as lines:
            heard: list[str] = []
            with pytest.raises(Lost, match="did not answer in time"):
                await into(heard, lines)
            assert heard == ["one"]
        await server.left.wait()


async def test_a_line_without_an_end_is_not_kept() -> None:
    async def endless(_: Server, writer: asyncio.StreamWriter) -> bool:
        writer.write(STREAM)
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()

    async with reading(endless) as (_, client, url), client.listen(url, idle_seconds=60) as lines:
        heard: list[str] = []
        with pytest.raises(Lost, match="too long"):
            await into(heard, lines)
        assert heard == []


async def test_what_refuses_to_stream_can_be_read_to_its_end() -> None:
    async with (
        reading(always(answer(b'{"no":1}'))) as (_, client, url),
        client.listen(url, idle_seconds=60) as lines,
    ):
        assert (await lines.answer()).json() == {"no": 1}
