"""A server on loopback, in the test's own event loop, and tokens for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import uvicorn

from frontdesk.bookings import Scope
from frontdesk.preflight import AskPms
from frontdesk.server.app import make_app
from frontdesk.server.listening import HttpServer
from frontdesk.server.service import Service
from frontdesk.store.port import Registry, ServedStore
from tests.making import KIM

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

    def report(self, error: BaseException) -> str:
        self.errors.append(error)
        return f"REF{len(self.errors)}"

    def wake(self) -> None:
        self.woken += 1


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
    )


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[str]:
    """Serve the API on a free port of loopback; yield its base address, without a slash at the end."""
    app = make_app(service)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    async with running(HttpServer(app, config)) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running(server: uvicorn.Server) -> AsyncIterator[uvicorn.Server]:
    """Run a server in this event loop for as long as the context lasts."""
    # `startup` and `shutdown` are the halves of `serve` without its signal handlers: those are pytest's.
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield server
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown()


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
