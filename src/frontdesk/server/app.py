"""The HTTP API over a store, put together."""

import functools
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from frontdesk.api import wire
from frontdesk.commands import KINDS
from frontdesk.errors import FrontdeskError
from frontdesk.server import openapi
from frontdesk.server.admission import Gate
from frontdesk.server.answering import tell_error, tell_http, tell_invalid
from frontdesk.server.broadcast import Broadcast
from frontdesk.server.health import Health
from frontdesk.server.limiting import Limits
from frontdesk.server.routes import billing, bookings, changes, deliveries, desk, diaries, wake
from frontdesk.server.routes.commands import command_routes
from frontdesk.server.service import Service
from frontdesk.server.wrapping import BodyLimit, Wrapping

_READS = (
    *(desk.router, bookings.router, deliveries.router, billing.router),
    *(diaries.router, changes.router),
)


@functools.cache
def _routes(kinds: tuple[str, ...]) -> tuple[BaseRoute, ...]:
    """Return all routes, those of these kinds of commands too."""
    routers = (*_READS, command_routes(), wake.router, desk.open_router)
    return tuple(route for router in routers for route in router.routes)


def make_app(service: Service) -> FastAPI:
    """Return the HTTP API over a service's store, for any ASGI server of one process.

    Before that server waits for open requests at its end, it must call `end_streams`.
    """
    app = FastAPI(
        # The routes are made once, with all that checks their parameters; any number of apps share them.
        routes=list(_routes(tuple(KINDS))),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect would say the query, with names in it, once more, in a header that proxies log.
        redirect_slashes=False,
        # What it would trace are whole addresses, and names of patients are in them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    broadcast = Broadcast(service.store, service.report)
    app.state.gate = Gate(
        service, Limits(service.requests_a_minute), broadcast, Health(service.store, service.report)
    )
    app.state.openapi = openapi_document()
    app.state.query_parameters = _query_parameters(tuple(KINDS))
    app.exception_handler(FrontdeskError)(tell_error)
    app.exception_handler(RequestValidationError)(tell_invalid)
    app.exception_handler(HTTPException)(tell_http)
    app.add_middleware(BodyLimit)
    app.add_middleware(Wrapping, report=service.report)
    return app


def end_streams(app: FastAPI) -> None:
    """End all streams of changes, now and in future, so that a server that closes need not wait for them."""
    gate: Gate = app.state.gate
    gate.broadcast.close()


def openapi_document() -> bytes:
    """Return the API's description (OpenAPI 3.1), as JSON."""
    return _encoded(tuple(KINDS))


@functools.cache
def _encoded(kinds: tuple[str, ...]) -> bytes:
    return wire.encode(_described(kinds))


@functools.cache
def _query_parameters(kinds: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    return openapi.query_parameters(_described(kinds))


@functools.cache
def _described(kinds: tuple[str, ...]) -> Mapping[str, Any]:
    return openapi.document(_routes(kinds))
