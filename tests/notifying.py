"""Claims of messages, a mail server that misbehaves, and an SMS gateway, for tests of what patients get."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from frontdesk.attempts import Claim
from frontdesk.bookings import Cancellation
from frontdesk.deliveries import Delivery, Kind, State
from frontdesk.notify.settings import Letterhead, NotifySettings
from tests.making import KIM, cancel_of, make_booking

AT = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
COMMAND = cancel_of(make_booking(), id=UUID("6d1f1a52-6d0e-4a0e-8a35-0d5f8f1a9b11"))
LETTERHEAD = Letterhead("Smile Dental <bookings@smile.example>", "desk@smile.example")
SETTINGS = NotifySettings(LETTERHEAD)
USER, PASSWORD = "desk@smile.example", "kept apart"


def make_claim(kind: Kind = Kind.PATIENT_EMAIL, target: str = "amelia@example.com", **changes: Any) -> Claim:
    """Return a claim to tell somebody of the cancelled booking of Amelia Wilson."""
    reason = changes.pop("reason", "patient ill")
    booking = changes.pop("booking", None) or make_booking(cancellation=Cancellation(AT, KIM, reason))
    delivery = Delivery(7, booking.id, kind, State.CLAIMED, target, AT, AT, attempts=1)
    return replace(Claim(delivery, booking, COMMAND, fence=1, unproven=0, at=AT), **changes)


class Fault(Enum):
    """What a server does instead of answering."""

    DROP = "the connection is reset"
    HANG = "no answer, ever"


@dataclass
class MailServer:
    """A real SMTP server on loopback, by aiosmtpd. `faults` says what it does at a stage instead.

    Stages: MAIL, RCPT, DATA (the command), DOT (the whole e-mail is there), QUIT. `taken`
    has the e-mails that it has; `heard` the stages that were reached. `met` is set at
    the first connection, `hung` where the server stops answering, `goodbye` at QUIT, `left` when a
    connection has ended.
    """

    port: int = 0
    faults: Mapping[str, str | Fault] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    met: asyncio.Event = field(default_factory=asyncio.Event)
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    goodbye: asyncio.Event = field(default_factory=asyncio.Event)


class _Session(SMTP):
    """aiosmtpd with faults at its stages."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        self._server = server
        super().__init__(_Handler(server), hostname="mail.example", timeout=60, **options)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._server.left.set()

    async def _meets_fault(self, stage: str) -> bool:
        self._server.heard.append(stage)
        fault = self._server.faults.get(stage)
        if fault is None:
            return False
        if isinstance(fault, str):
            await self.push(fault)
            return True
        if fault is Fault.DROP:
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.abort()
        # Until the connection is gone, and this session with it.
        self._server.hung.set()
        await asyncio.Event().wait()
        return True

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._meets_fault("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if not await self._meets_fault("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if not await self._meets_fault("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        self._server.goodbye.set()
        if not await self._meets_fault("QUIT"):
            await super().smtp_QUIT(arg)


class _Handler:
    """What aiosmtpd asks about each e-mail."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_DATA(self, session: _Session, _: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._server.faults.get("DOT")
        if isinstance(fault, str):
            return fault
        # Whoever loses the answer has the e-mail all the same.
        self._server.taken.append(envelope)
        return "" if await session._meets_fault("DOT") else "250 2.0.0 kept as 4711"


def certified(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """A server's side of TLS, certified for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@asynccontextmanager
async def serving(
    server: MailServer,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    with_password: bool = False,
    user: str = USER,
    takes_utf8: bool = False,
) -> AsyncIterator[MailServer]:
    """Run a mail server, which knows one `user` where it wants a password; with SMTPUTF8 or without."""
    sessions: list[_Session] = []

    def accept() -> _Session:
        options: dict[str, Any] = {"enable_SMTPUTF8": takes_utf8}
        if with_password:
            options |= {
                "auth_required": True,
                "auth_require_tls": bool(starttls),
                "authenticator": partial(_knows, user),
            }
        session = _Session(server, tls_context=starttls, require_starttls=bool(starttls), **options)
        sessions.append(session)
        server.met.set()
        return session

    listener = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for session in sessions:
            if isinstance(session.transport, asyncio.WriteTransport):
                session.transport.abort()
        await listener.wait_closed()


def _knows(user: str, _: SMTP, __: Session, ___: Envelope, mechanism: str, given: object) -> AuthResult:
    assert mechanism in ("PLAIN", "LOGIN")
    assert isinstance(given, LoginPassword)
    return AuthResult(success=given == LoginPassword(user.encode(), PASSWORD.encode()), handled=False)


@dataclass
class Gateway:
    """An SMS gateway on loopback that answers what it is told to: bytes of HTTP, or a fault.

    `requests` has what arrived: request line with headers, and body; `left` is set when a
    connection has been closed.
    """

    answer: bytes | Fault = b""
    port: int = 0
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            length = next(line for line in head.lower().splitlines() if line.startswith("content-length:"))
            self.requests.append((head, await reader.readexactly(int(length.partition(":")[2]))))
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
            elif self.answer is Fault.DROP:
                writer.transport.abort()
            else:
                await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self.left.set()


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[Gateway]:
    """Run a gateway."""
    listener = await asyncio.start_server(gateway.respond, "127.0.0.1", 0)
    gateway.port = listener.sockets[0].getsockname()[1]
    try:
        yield gateway
    finally:
        listener.close()
        if gateway.requests:
            await gateway.left.wait()
        await listener.wait_closed()


def http(status: int, body: str = "", **headers: str) -> bytes:
    """Return an HTTP answer, JSON unless `headers` says otherwise."""
    fields = {"content_type": "application/json", "content_length": str(len(body.encode())), **headers}
    lines = [f"{key.replace('_', '-')}: {value}" for key, value in fields.items()]
    return "\r\n".join([f"HTTP/1.1 {status} it", *lines, "", body]).encode()
