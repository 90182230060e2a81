"""One client's connection: HTTP/1.1 by h11, and every way in which bytes fail to arrive."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from frontdesk.demo.simulator.faults import Kind
from frontdesk.demo.simulator.office import Reply
from frontdesk.demo.simulator.wire import Request

_CHUNK = 64 * 1024
_LARGEST_BODY = 1024 * 1024

Wait = Callable[[float | None, asyncio.StreamReader], Awaitable[bool]]
"""Waits for some seconds, or until it is released; returns False when the client went first."""


class _Gone(Exception):
    """The client is gone, or the connection ends here."""


class Connection:
    """Answers the requests that come over one connection until either side ends it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: Wait) -> None:
        self._reader = reader
        self._writer = writer
        self._wait = wait
        self._http = h11.Connection(h11.SERVER)

    async def serve(self, answer: Callable[[Request], Reply], do_later: Callable[[Reply], None]) -> None:
        """Answer each request by `answer`; what is to be done later is handed to `do_later`."""
        with suppress(_Gone, OSError, h11.ProtocolError):
            while True:
                reply = answer(await self._request())
                if reply.later:
                    do_later(reply)
                await self._send(reply)
                self._http.start_next_cycle()

    def abort(self) -> None:
        """End the connection at once, by a reset that the client cannot take for an end."""
        end = self._writer.get_extra_info("socket")
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _request(self) -> Request:
        head: h11.Request | None = None
        body = b""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_CHUNK))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _LARGEST_BODY:
                    raise _Gone
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _request(head, body)
            else:
                raise _Gone

    async def _send(self, reply: Reply) -> None:
        kind, seconds = (reply.fault.kind, reply.fault.seconds) if reply.fault else (None, None)
        if kind is Kind.DROP:
            self.abort()
            raise _Gone
        if kind in {Kind.HANG, Kind.SLOW}:
            is_there = await self._wait(seconds, self._reader)
            if kind is Kind.HANG or not is_there:
                self.abort()
                raise _Gone
        data = self._encoded(reply)
        if kind is Kind.TRUNCATED:
            self._writer.write(data[: -max(1, len(reply.answer.body) // 2)])
            await self._end()
        if kind is Kind.DRIP:
            await self._drip(data, seconds)
            return
        self._writer.write(data)
        await self._writer.drain()

    def _encoded(self, reply: Reply) -> bytes:
        answer = reply.answer
        headers = [("Date", format_datetime(reply.at, usegmt=True)), *answer.headers]
        if answer.status != 204:
            headers.append(("Content-Length", str(len(answer.body))))
        head = self._http.send(h11.Response(status_code=answer.status, headers=headers))
        body = self._http.send(h11.Data(answer.body)) if answer.body else b""
        return (head or b"") + (body or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    async def _drip(self, data: bytes, seconds: float | None) -> None:
        for place in range(len(data)):
            self._writer.write(data[place : place + 1])
            await self._writer.drain()
            if not await self._wait(seconds, self._reader):
                raise _Gone

    async def _end(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()
        raise _Gone


def _request(head: h11.Request, body: bytes) -> Request:
    target = urlsplit(head.target.decode("ascii"))
    return Request(
        head.method.decode("ascii"),
        tuple(unquote(part) for part in target.path.split("/") if part),
        parse_qs(target.query, keep_blank_values=True),
        {name.decode("ascii"): value.decode("utf-8", "replace") for name, value in head.headers},
        body,
    )
