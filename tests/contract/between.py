"""What may stand between a desk and its server: it loses, halves, holds back, and answers itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum


class Trouble(Enum):
    """What becomes of one request."""

    LOSE_REQUEST = "it never arrives"
    LOSE_ANSWER = "it is carried out, and nothing comes back"
    HALVE_ANSWER = "half of the answer comes back"
    DRIP = "a byte of the answer comes back, and no more"
    HOLD = "it arrives when nobody waits for it any more"
    SILENCE = "the answer begins, and then nothing is heard"


@dataclass(frozen=True)
class Instead:
    """It is carried out, and something else is answered."""

    answer: bytes


class Between:
    """A proxy for one server. `asked` has the method and path of every request, in order."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._plan: list[tuple[str, Trouble | Instead]] = []
        self._held: list[bytes] = []
        self._rewritten: dict[bytes, bytes] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._listening: asyncio.Server | None = None
        self.port = 0
        self.asked: list[str] = []

    def meets(self, request: str, *troubles: Trouble | Instead) -> None:
        """Have the next requests whose method and path hold this text meet these troubles, one each."""
        self._plan += [(request, trouble) for trouble in troubles]

    def rewrites(self, path: str, to: str) -> None:
        """Have requests for a path arrive as requests for another one, such as one that no server knows."""
        self._rewritten[f" {path}?".encode()] = f" {to}?".encode()

    def heals(self) -> None:
        """Have no more troubles."""
        self._plan.clear()

    def number(self, request: str) -> int:
        """Return how many requests with this text there were."""
        return sum(request in one for one in self.asked)

    async def listen(self) -> None:
        """Take connections, at the same place as before."""
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    def go_away(self) -> None:
        """Take no more connections, and cut those that there are."""
        assert self._listening is not None
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """Cut the connections that there are."""
        for writer in self._open:
            writer.transport.abort()

    async def deliver_late(self) -> list[bytes]:
        """Let what was held back arrive; return what the server answers to it."""
        held, self._held = self._held, []
        return [await self._answered(request) for request in held]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = head + await reader.readexactly(_length(head))
                for path, to in self._rewritten.items():
                    request = request.replace(path, to, 1)
                asked = " ".join(head.decode("latin-1").split(" ", 2)[:2])
                self.asked.append(asked)
                await self._meet(self._trouble(asked), request, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def _trouble(self, asked: str) -> Trouble | Instead | None:
        for planned in self._plan:
            if planned[0] in asked:
                self._plan.remove(planned)
                return planned[1]
        return None

    async def _meet(
        self,
        trouble: Trouble | Instead | None,
        request: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if trouble is Trouble.LOSE_REQUEST:
            raise ConnectionResetError
        if trouble is Trouble.HOLD:
            self._held.append(request)
            raise ConnectionResetError
        if trouble is None:
            await self._pass_on(request, writer)
            return
        if trouble is Trouble.SILENCE:
            writer.write(b"HTTP/1.1 200 OK\r\nFrontdesk-Api: 1\r\nContent-Type: text/event-stream\r\n\r\n")
            await reader.read()
            return
        answer = await self._answered(request)
        if isinstance(trouble, Instead):
            writer.write(trouble.answer)
        elif trouble is Trouble.HALVE_ANSWER:
            writer.write(answer[: len(answer) - 20])
        elif trouble is Trouble.DRIP:
            writer.write(answer[:1])
            await reader.read()
        with suppress(ConnectionError):
            await writer.drain()
        raise ConnectionResetError

    async def _answered(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        answer += await reader.readexactly(_length(answer))
        writer.close()
        return answer

    async def _pass_on(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        upstream, sending = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            sending.write(request)
            head = await upstream.readuntil(b"\r\n\r\n")
            writer.write(head)
            if b"content-length:" in head.lower():
                writer.write(await upstream.readexactly(_length(head)))
                return
            while part := await upstream.read(65_536):
                writer.write(part)
                await writer.drain()
        finally:
            sending.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@asynccontextmanager
async def standing_between(upstream: int) -> AsyncIterator[Between]:
    """Put a proxy before what listens at a port of this machine."""
    between = Between(upstream)
    await between.listen()
    try:
        yield between
    finally:
        between.go_away()
