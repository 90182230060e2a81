"""What other desks and dispatchers write, as server-sent events.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

from fastapi import Header, Query, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from frontdesk.api import wire
from frontdesk.errors import FrontdeskError
from frontdesk.server.admission import Caller, Reading
from frontdesk.server.routing import new_router
from frontdesk.store.port import STORE, Change
from frontdesk.store_state import StoreState

RECONNECT_MILLISECONDS = 2000

router = new_router("changes")

LastEventId = Annotated[
    int | None,
    Header(alias="Last-Event-ID", ge=0, description="`id` of the last event received; it beats `after`"),
]


@router.get("/changes", response_class=StreamingResponse)
async def stream_changes(
    caller: Reading,
    after: Annotated[
        int | None, Query(ge=0, description="number of the last change known; without it, from now on")
    ] = None,
    last_event_id: LastEventId = None,
    store: Annotated[
        str,
        Query(max_length=64, description="`store_id` of the state that these numbers belong to; empty: any"),
    ] = "",
) -> Response:
    """Changes as they are committed, as server-sent events; the stream stays open.

    `change` has a change as data, its number as id; of what its token may not read a desk hears
    nothing. `reset` says that the store is another one
    than before, or has not come as far as the desk has seen, because a backup was put back: read
    all anew. It comes within seconds, at any time. A comment comes when all that was there has
    been told, and at least every 10 seconds. The stream ends when the server closes, when the
    store is away, when the token is revoked or expires, and for a desk that reads too slowly.
    """
    state = await caller.store.state()
    known = after if last_event_id is None else last_event_id
    return EventStream(caller, known, store, state)


class EventStream(StreamingResponse):
    """An answer that goes on for as long as the desk listens, in one of its token's places."""

    def __init__(self, caller: Caller, after: int | None, store_id: str, state: StoreState) -> None:
        self._caller = caller
        self._events = _events(caller, after, store_id, state)
        super().__init__(
            self._events,
            media_type=wire.EVENTS_TYPE,
            # A proxy that collects an answer before it passes it on would keep all to itself.
            headers={"X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until one side ends it. Raises TooMany."""
        try:
            with self._caller.gate.limits.stream(self._caller.token.id):
                await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()


async def _events(
    caller: Caller, after: int | None, store_id: str, state: StoreState
) -> AsyncGenerator[bytes, None]:
    service, clock = caller.gate.service, asyncio.get_running_loop().time
    due = clock() + service.keep_alive_seconds
    with caller.gate.broadcast.subscription(
        caller.token.standing, state.number, state.store_id
    ) as subscription:
        yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
        if (after or 0) > state.number or store_id not in ("", state.store_id):
            yield _reset(state)
            after = state.number
        elif after is None:
            after = state.number
        has_caught_up = False
        try:
            while not subscription.is_over:
                if has_caught_up:
                    changes = await subscription.next(due - clock())
                else:
                    changes = await caller.store.changes(after, 0, state.store_id)
                    if not changes:
                        has_caught_up = True
                        yield b":\n\n"
                fresh = [one for one in changes if one.number > after]
                if any(one.subject == STORE for one in changes):
                    state = await caller.store.state()
                    yield _reset(state)
                    after, has_caught_up = state.number, False
                elif fresh:
                    after = fresh[-1].number
                    yield _as_events(fresh)
                if clock() >= due:
                    await service.admit(caller.presented)
                    yield b":\n\n"
                    due = clock() + service.keep_alive_seconds
        except FrontdeskError:
            # The answer has begun, so it can say nothing more: asked anew, the server says why.
            return


def _reset(state: StoreState) -> bytes:
    data = wire.encode(wire.Reset(state.number, state.store_id))
    return b"id: %d\nevent: reset\ndata: %b\n\n" % (state.number, data)


def _as_events(changes: Sequence[Change]) -> bytes:
    return b"".join(
        b"id: %d\nevent: change\ndata: %b\n\n" % (one.number, wire.encode(one)) for one in changes
    )
