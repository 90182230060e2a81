"""A server on loopback, in the test's own event loop, and tokens for it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx

from frontdesk.bookings import Scope
from frontdesk.preflight import AskPms
from frontdesk.server import place
from frontdesk.server.app import end_streams, make_app
from frontdesk.server.connections import Listening
from frontdesk.server.service import Service
from frontdesk.server.waking import Proof, Waking
from frontdesk.store.port import Registry, ServedStore
from tests.making import KIM

WAKE = b"a secret of smile's"
PROOFS = {"smile": Proof("X-Wake", WAKE), "harbour": Proof("X-Signature", WAKE, is_hmac=True)}
"""What PMSs prove themselves by that ask to be read."""

DESK_SCOPES = frozenset({Scope.READ, Scope.CANCEL})


class StoreToServe(ServedStore, Protocol):
    """A store on this machine."""

    @property
    def registry(self) -> Registry: ...


@dataclass
class Told:
    """What a server tells the rest of its program."""

    errors: list[BaseException] = field(default_factory=list)
    woken: int = 0
    to_read: list[str] = field(default_factory=list)

    def report(self, error: BaseException) -> str:
        self.errors.append(error)
        return f"REF{len(self.errors)}"

    def wake(self) -> None:
        self.woken += 1

    async def read_soon(self, connection: str) -> None:
        self.to_read.append(connection)


def service_of(
    store: StoreToServe,
    told: Told | None = None,
    *,
    preflight: AskPms | None = None,
    requests_a_minute: int = 1_000_000,
    keep_alive_seconds: float = 10.0,
) -> Service:
    """Return what a server stands on, with the store's own tokens."""
    told = told or Told()
    return Service(
        store=store,
        admit=store.registry.admit,
        report=told.report,
        wake=told.wake,
        preflight=preflight,
        requests_a_minute=requests_a_minute,
        keep_alive_seconds=keep_alive_seconds,
        waking=Waking(PROOFS, told.read_soon),
    )


@asynccontextmanager
async def served(service: Service, *, has_streams: bool = True) -> AsyncIterator[str]:
    """Serve the API on a free port of loopback; yield its base address, without a slash at the end.

    Without streams, a stream of changes ends at once.
    """
    app = make_app(service)
    if not has_streams:
        end_streams(app)
    listening = Listening(app, lambda: end_streams(app))
    # Who connects before the server runs waits in the socket's queue.
    (listener,) = place.listen("127.0.0.1", 0)
    serving = asyncio.create_task(listening.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listening.leave()
        await serving


async def make_token(
    store: StoreToServe,
    name: str = "Desk One",
    *,
    scopes: frozenset[Scope] = DESK_SCOPES,
    practices: frozenset[str] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make a desk token; return what its desk presents."""
    _, presented = await store.registry.create_token(name, scopes, practices, KIM, expires_at)
    return presented


def bearer(presented: str) -> dict[str, str]:
    """Return the headers of a request with this token."""
    return {"Authorization": f"Bearer {presented}"}


def client_of(url: str, presented: str = "") -> httpx.AsyncClient:
    """Return a client of the server at `url`, with a token if one is given."""
    # Certificates take longer to load than a test to run, and nothing here is encrypted.
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    headers = bearer(presented) if presented else {}
    return httpx.AsyncClient(base_url=url, headers=headers, verify=no_certificates, timeout=60)
