"""What is around every request: its size, the headers of every answer, one record for a log.

Nothing of a request is logged but its method, the template of its route, the status, the time
it took and the id of its token: addresses and queries hold names of patients.
"""

import logging
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontdesk.api import wire
from frontdesk.bookings import Reason
from frontdesk.errors import Refused
from frontdesk.server.answering import CALLER_ID, failed, problem_answer

BODY_LIMIT = 64 * 1024
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_ON_EVERY_ANSWER = (
    (wire.VERSION_HEADER.lower().encode(), str(wire.VERSION).encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)

LOGGER = logging.getLogger("frontdesk.server.requests")


class Wrapping:
    """The outermost layer: whatever happens inside, the client gets an answer and the log a line."""

    def __init__(self, app: ASGIApp, report: Callable[[BaseException], str]) -> None:
        self._app = app
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_ON_EVERY_ANSWER]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            pass
        except Exception as error:
            reference = self._report(error)
            if not status:
                await problem_answer(failed(reference))(scope, receive, send_with_headers)
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000)
            _log(scope, status, milliseconds)


def _log(scope: Scope, status: int, milliseconds: int) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "-"
    template = getattr(scope.get("route"), "path", "-")
    LOGGER.info("%s %s %d %d ms %s", method, template, status, milliseconds, scope.get(CALLER_ID, "-"))


class BodyLimit:
    """Refuses a request body of more than `BODY_LIMIT` bytes, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, unless it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if int(announced) > BODY_LIMIT:
            # What is still to come of it is not worth reading.
            refusal = problem_answer(wire.problem(_too_large()), {"Connection": "close"})
            await refusal(scope, receive, send)
            return
        received = 0

        async def receive_at_most() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_LIMIT:
                raise _too_large()
            return message

        await self._app(scope, receive_at_most, send)


def _too_large() -> Refused:
    return Refused(Reason("too-large", f"a request has at most {BODY_LIMIT} bytes"))
