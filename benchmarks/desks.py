"""Desks that ask a server over HTTP/1.1, and cost the machine as little as can be.

A real desk is on another machine. These share the cores with the server, so they speak the
little HTTP that is needed by hand: a client library would compute as much as the server does.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Taken:
    """What requests took, in milliseconds, and how many were not answered as they should be."""

    milliseconds: list[float] = field(default_factory=list)
    failed: int = 0


class Connection:
    """One kept connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self._reader, self._writer, self._head = reader, writer, head

    @classmethod
    async def open(cls, url: str, token: str) -> "Connection":
        """Connect to a server as the desk that has this token."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}\r\nAccept-Encoding: gzip\r\n"
        return cls(reader, writer, head.encode())

    async def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, bytes]:
        """Send a request and return the answer's status and its body as it came."""
        await self._send(method, target, headers or {}, body)
        status, length = await self._begun()
        return status, await self._reader.readexactly(length)

    async def begin(self, target: str) -> None:
        """Ask for a stream; return when it has begun."""
        await self._send("GET", target, {}, b"")
        await self._begun()

    async def lines(self, hear: Callable[[bytes], None]) -> None:
        """Tell of every line of the stream, until cancelled."""
        while line := await self._reader.readline():
            hear(line)

    async def _send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self._writer.write(
            f"{method} {target} HTTP/1.1\r\n{more}{length}".encode() + self._head + b"\r\n" + body
        )
        await self._writer.drain()

    async def _begun(self) -> tuple[int, int]:
        head = await self._reader.readuntil(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"\r\ncontent-length:")
        return int(head[9:12]), int(length.split(b"\r\n", 1)[0] or 0)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


Act = Callable[[int], Awaitable[bool]]
"""What one desk, by its number, does once; whether it was answered as it should be."""


async def all_at_once(desks: int, requests: int, act: Act) -> tuple[Taken, float]:
    """Have desks act again and again, each as soon as it has its answer; return what it took, and the seconds."""
    taken = Taken()
    left = iter(range(requests))

    async def sit(desk: int) -> None:
        for _ in left:
            began = time.perf_counter()
            taken.failed += not await act(desk)
            taken.milliseconds.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as sitting:
        for desk in range(desks):
            sitting.create_task(sit(desk))
    return taken, time.perf_counter() - began


async def connected(urls: Sequence[str], tokens: Sequence[str]) -> list[Connection]:
    """Return a connection for each token, to the servers in turn."""
    return [await Connection.open(urls[number % len(urls)], token) for number, token in enumerate(tokens)]
