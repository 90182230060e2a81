"""How the server answers: domain objects as JSON, and trouble as RFC 9457 problems."""

import zlib
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from frontdesk.api import wire
from frontdesk.bookings import Booking, Reason
from frontdesk.commands import Done
from frontdesk.errors import FrontdeskError, NotFound, Refused, Unauthorised, Unavailable
from frontdesk.text import clean

JSON = "application/json"

CALLER_ID = "frontdesk.caller"
"""Key in an ASGI scope under which the id of the desk's token is kept, once it was let in."""


COMPRESSED_FROM = 1024
"""Bytes; a smaller answer fits into a packet as it is."""

_QUICKLY, _GZIP = 1, 16 + zlib.MAX_WBITS


class Answer(Response):
    """An answer in JSON, compressed for who asks for that (RFC 9110, 8.4.1.3) where it is worth it.

    It is whole when it is made, so one call does it: what Starlette puts around every request to
    compress any answer takes as long as compressing.
    """

    media_type = JSON

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it as the answer to the request that `scope` is of."""
        if len(self.body) >= COMPRESSED_FROM:
            self.headers["Vary"] = "Accept-Encoding"
            if "gzip" in Headers(scope=scope).get("Accept-Encoding", ""):
                self.body = zlib.compress(self.body, _QUICKLY, _GZIP)
                self.headers["Content-Encoding"] = "gzip"
                self.headers["Content-Length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


def answer(value: Any) -> Response:
    """Answer with a domain object, or a tuple of them."""
    return Answer(wire.encode(value))


def booking_answer(booking: Booking) -> Response:
    """Answer with one booking and its version as entity tag."""
    return Answer(wire.encode(booking), headers={"ETag": wire.etag(booking.version)})


def done_answer(done: Done[Any]) -> Response:
    """Answer with a command that was carried out, and its subject's version as entity tag."""
    headers = {"ETag": wire.etag(done.thing.version)}
    return Answer(wire.encode(wire.DoneTold.of(done)), headers=headers)


def problem_answer(told: wire.Problem, headers: dict[str, str] | None = None) -> Response:
    """Answer with a problem."""
    return Response(wire.encode(told), told.status, headers, wire.PROBLEM_TYPE)


def failed(reference: str) -> wire.Problem:
    """Return all that is told of an unexpected error: where the server's log has it."""
    detail = f"Tell the person who looks after the server, with this reference: {reference}"
    return wire.Problem("urn:frontdesk:problem:failed", "Something went wrong at the server", 500, detail)


class TooMany(Refused):
    """Somebody asks too often; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(Reason("too-many", text))
        self.retry_after = retry_after


def invalid(text: str) -> Refused:
    """Return the refusal of a request that nobody can carry out, with one sentence about why."""
    return Refused(Reason("invalid", clean(text)))


def out_of_reach() -> Unavailable:
    """Return the one sentence about the store's trouble for a caller who has not shown a token."""
    return Unavailable("The server cannot reach its store now: try again in a moment.")


async def tell_error(request: Request, error: FrontdeskError) -> Response:
    """Answer with a FrontdeskError."""
    if isinstance(error, Unauthorised) and CALLER_ID in request.scope:
        # The desk was let in: it is the server that its own store keeps out.
        error = out_of_reach()
    told = wire.problem(error)
    headers = {}
    if told.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    return problem_answer(told, headers)


async def tell_invalid(request: Request, error: RequestValidationError) -> Response:
    """Answer with the first thing that is wrong with a request's path, query or headers."""
    first = error.errors()[0]
    kind, *place = first["loc"]
    where = " ".join(str(part) for part in place)
    said = first["msg"].removeprefix("Value error, ")
    return await tell_error(request, invalid(f"{kind} {where}: {said}"))


async def tell_http(request: Request, error: HTTPException) -> Response:
    """Answer with what the router says of an address or a method that there is not."""
    if error.status_code == 405:
        refused = Refused(Reason("no-such-method", "this address does not have that method: see Allow"))
        return problem_answer(wire.problem(refused), dict(error.headers or {}))
    return await tell_error(request, NotFound("The server has nothing at this address."))
