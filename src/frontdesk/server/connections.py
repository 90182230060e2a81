"""Listens for desks: patience with slow clients, and an orderly end.

uvicorn speaks HTTP. What it leaves open is decided here: a client that never finishes its
request, or never reads the answer, holds a connection for so long and no longer.
"""

import asyncio
import contextlib
import http
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from frontdesk.api import wire
from frontdesk.bookings import Reason
from frontdesk.errors import Refused

HEAD_BYTES = 16 * 1024
"""The most that a request's line and headers may have; the longest that a desk sends have 500 ids."""

_PROXIES = "127.0.0.1,::1"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long others are waited for, in seconds.

    `request` is for all of one to arrive, from its first byte or from the moment of
    connecting; `stalled` for who does not read its answer; `idle` between two requests. When
    the server leaves, what is under way has `leaving` to end.
    """

    request: float = 20.0
    stalled: float = 30.0
    idle: int = 75
    leaving: int = 5


PATIENCE = Patience()


class Listening(uvicorn.Server):
    """Serves `app` on sockets that listen, until `leave` is called; then `serve` returns.

    `end_streams` ends answers that of themselves never would.
    """

    def __init__(
        self,
        app: ASGIApp,
        end_streams: Callable[[], None],
        tls: ssl.SSLContext | None = None,
        *,
        behind_proxy: bool = False,
        patience: Patience = PATIENCE,
    ) -> None:
        super().__init__(_Config(app, tls, behind_proxy=behind_proxy, patience=patience))
        self._end_streams = end_streams

    def leave(self) -> None:
        """Take no new requests, end the streams, and let what is under way come to its end."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program, which has more to end than this server."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in an orderly way; see uvicorn.Server."""
        self._end_streams()
        await super().shutdown(sockets)
        if left := self.server_state.tasks:
            await asyncio.wait(left, timeout=1)
        for connection in self.server_state.connections:
            connection.transport.abort()


class _Config(uvicorn.Config):
    def __init__(
        self, app: ASGIApp, tls: ssl.SSLContext | None, *, behind_proxy: bool, patience: Patience
    ) -> None:
        super().__init__(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            # Anybody can send what is no HTTP: that is no reason to write a log full.
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=behind_proxy,
            forwarded_allow_ips=_PROXIES,
            workers=1,
            timeout_keep_alive=patience.idle,
            timeout_graceful_shutdown=patience.leaving,
            ssl_context_factory=None if tls is None else lambda *_: tls,
        )
        self.patience = patience


class _Connection(h11.Connection):
    """Reads requests. h11 lets a long head pass that came in one piece, and one with two lengths.

    Whether Content-Length or Transfer-Encoding counts is a matter of taste among servers: a
    proxy with another one would see a second request where there is none (RFC 9112, 6.3).
    `why_refused` is what was wrong with what came last.
    """

    def __init__(self) -> None:
        super().__init__(h11.SERVER, HEAD_BYTES)
        self._head: list[bytes] = []
        self.why_refused = Reason("invalid-http", "this is not a request of HTTP/1.1")

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return what comes next; see h11.Connection. Raises h11.RemoteProtocolError."""
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == _TOO_LONG:
                self.why_refused = _HEAD_TOO_LONG
            raise
        if isinstance(event, h11.Request) and (reason := _why_refused(event)):
            self.why_refused = reason
            raise h11.RemoteProtocolError(reason.text)
        return event

    def send_with_data_passthrough(self, event: h11.Event) -> list[bytes] | None:
        """Return what an event is on the wire; see h11.Connection. The head of an answer waits for its body.

        So both leave in one packet, and wake the desk once.
        """
        pieces = super().send_with_data_passthrough(event)
        if isinstance(event, h11.Response):
            self._head, pieces = pieces or [], []
        elif pieces is not None:
            self._head, pieces = [], self._head + pieces
        return pieces


_TOO_LONG = 431
_HEAD_TOO_LONG = Reason("head-too-long", f"a request has at most {HEAD_BYTES} bytes of line and headers")
_TWO_LENGTHS = Reason(
    "two-lengths", "a request says its length by Content-Length or in chunks, not both ways"
)


def _why_refused(request: h11.Request) -> Reason | None:
    if _head_bytes(request) > HEAD_BYTES:
        return _HEAD_TOO_LONG
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in request.headers}:
        return _TWO_LENGTHS
    return None


def _head_bytes(request: h11.Request) -> int:
    line = len(request.method) + len(request.target) + len(b"  HTTP/1.1\r\n\r\n")
    return line + sum(len(name) + len(value) + len(b": \r\n") for name, value in request.headers)


class _Protocol(H11Protocol):
    """One connection. uvicorn waits for ever for a request that drips, and for who does not read."""

    def __init__(
        self,
        config: _Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn: _Connection = _Connection()
        self._patience = config.patience
        self._arriving = _Deadline(self)
        self._reading = _Deadline(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arriving.start(self._patience.request)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_arrival()

    def send_400_response(self, msg: str) -> None:
        """Answer what was no request as every other refusal is answered, and hang up."""
        told = wire.problem(Refused(self.conn.why_refused))
        body = wire.encode(told)
        headers = [
            ("Content-Type", wire.PROBLEM_TYPE),
            ("Content-Length", str(len(body))),
            (wire.VERSION_HEADER, str(wire.VERSION)),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ]
        response = h11.Response(status_code=told.status, headers=headers, reason=_reason_phrase(told.status))
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_arrival()

    def _watch_arrival(self) -> None:
        if self._is_arriving():
            self._arriving.start(self._patience.request)
        else:
            self._arriving.stop()

    def _is_arriving(self) -> bool:
        """Whether a part of a request is here and the rest is not."""
        if self.conn.their_state is h11.IDLE:
            return self.cycle is None or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading.start(self._patience.stalled)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.stop()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # Closing waits for all that was written to be read.
        self._reading.start(self._patience.stalled)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._arriving.stop()
        self._reading.stop()


def _reason_phrase(status: int) -> str:
    return http.HTTPStatus(status).phrase


class _Deadline:
    """Ends a connection when something has not happened in time."""

    def __init__(self, connection: _Protocol) -> None:
        self._connection = connection
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """Begin to count, unless that has begun."""
        if self._timer is None:
            self._timer = self._connection.loop.call_later(seconds, self._connection.transport.abort)

    def stop(self) -> None:
        """It has happened."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
