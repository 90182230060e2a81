"""The HTTP API over a store, put together."""

from collections.abc import Mapping

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from frontdesk.bookings import FrontdeskError
from frontdesk.server.admission import Gate
from frontdesk.server.answering import tell_error, tell_http, tell_invalid
from frontdesk.server.broadcast import Broadcast
from frontdesk.server.limiting import Limits
from frontdesk.server.routes import bookings, changes, deliveries, standing
from frontdesk.server.service import Service
from frontdesk.server.wrapping import BodyLimit, Wrapping
from frontdesk.store import wire

COMPRESSED_FROM = 1024
"""Bytes; a smaller answer fits into a packet as it is."""


def make_app(service: Service) -> FastAPI:
    """Return the HTTP API over a service's store, for any ASGI server of one process.

    Before that server waits for open requests at its end, it must call `end_streams`.
    """
    app = FastAPI(
        title="frontdesk",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect would say the query, with names in it, once more, in a header that proxies log.
        redirect_slashes=False,
        default_response_class=Response,
    )
    app.state.gate = Gate(
        service, Limits(service.requests_a_minute), Broadcast(service.store, service.report)
    )
    for one in (standing.router, bookings.router, deliveries.router, changes.router, standing.open_router):
        app.include_router(one)
    app.state.query_parameters = _query_parameters(app)
    app.exception_handler(FrontdeskError)(tell_error)
    app.exception_handler(RequestValidationError)(tell_invalid)
    app.exception_handler(HTTPException)(tell_http)
    app.add_middleware(BodyLimit)
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=1)
    app.add_middleware(Wrapping, report=service.report)
    return app


def end_streams(app: FastAPI) -> None:
    """End all streams of changes, now and in future, so that a server that closes need not wait for them."""
    gate: Gate = app.state.gate
    gate.broadcast.close()


def _query_parameters(app: FastAPI) -> Mapping[str, frozenset[str]]:
    """Return the names of each path's query parameters."""
    paths = get_openapi(title=app.title, version=str(wire.VERSION), routes=app.routes)["paths"]
    return {
        path: frozenset(
            one["name"]
            for operation in operations.values()
            for one in operation.get("parameters", ())
            if one["in"] == "query"
        )
        for path, operations in paths.items()
    }
