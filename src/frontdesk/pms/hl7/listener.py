"""Listens for HL7 messages (MLLP, release 1): frames in, one answer for each, in order."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from hl7.mllp import InvalidBlockError, start_hl7_server
from hl7.mllp.streams import MLLPStreamReader, MLLPStreamWriter

from frontdesk.pms.hl7.messages import Code, Header, NotNow, NotTaken, Unreadable, answer, header
from frontdesk.pms.hl7.settings import Hl7

LARGEST = 1024 * 1024
"""Bytes of one message."""

MOST_CONNECTIONS = 10
IDLE_SECONDS = 30.0
"""For so long the next message is waited for, whole, and whoever does not read an answer."""

Take = Callable[[bytes, Header], Awaitable[None]]
"""Takes a message in for good. Raises NotTaken for one to be mended, and NotNow."""


class Listener:
    """Takes messages at the address of `settings` from when it is opened until it is closed.

    `report` gets what went wrong here, never what was sent. `tls` is None where only this machine can connect.
    """

    def __init__(
        self,
        settings: Hl7,
        take: Take,
        report: Callable[[BaseException], object],
        tls: ssl.SSLContext | None = None,
        *,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._settings = settings
        self._take = take
        self._report = report
        self._tls = tls
        self._idle_seconds = idle_seconds
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that is listened on. Only an open one has it."""
        if self._server is None:
            raise ValueError("not open")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def open(self) -> None:
        """Listen. Raises OSError where that cannot be."""
        self._server = await start_hl7_server(
            self._connected,
            self._settings.host,
            self._settings.port,
            limit=LARGEST,
            ssl=self._tls,
            ssl_handshake_timeout=None if self._tls is None else self._idle_seconds,
        )

    async def close(self) -> None:
        """Listen no more, and hang up. A message that is being taken in is answered first, or not at all."""
        if self._server is not None:
            self._server.close()
        for one in self._connections:
            one.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def _connected(self, reader: MLLPStreamReader, writer: MLLPStreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        is_welcome = peer and self._settings.is_peer(peer[0]) and len(self._connections) < MOST_CONNECTIONS
        if not is_welcome:
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: MLLPStreamReader, writer: MLLPStreamWriter) -> None:
        """Answer one message after the other; a frame that is none, or comes too slowly, ends the connection."""
        try:
            while True:
                async with asyncio.timeout(self._idle_seconds):
                    block = await reader.readblock()
                said = await self._answered(block)
                writer.writeblock(said)
                async with asyncio.timeout(self._idle_seconds):
                    await writer.drain()
        except (TimeoutError, OSError, EOFError, ValueError, InvalidBlockError, Unreadable):
            pass
        except Exception as error:
            self._report(error)
        finally:
            writer.transport.abort()

    async def _answered(self, block: bytes) -> bytes:
        """Return the answer to a message, which is taken in when it says so. Raises Unreadable."""
        head = header(block)
        if (head.component(3), head.component(4)) != (self._settings.application, self._settings.facility):
            return answer(head, Code.REJECTED, "this sender is not known here")
        try:
            await self._take(block, head)
        except NotTaken as why:
            return answer(head, Code.ERROR, str(why))
        except Exception as error:
            if not isinstance(error, NotNow):
                self._report(error)
            return answer(head, Code.REJECTED, "it cannot be kept now: send it again")
        return answer(head, Code.ACCEPTED)
