"""What a desk needs around the bookings: what it may do, who works where, what its operator did last."""

from typing import Annotated

from fastapi import Query, Request, Response

from frontdesk.api import wire
from frontdesk.server.admission import Gate, Reading
from frontdesk.server.answering import Answer, answer, out_of_reach
from frontdesk.server.asking import Instant, Operator
from frontdesk.server.routing import new_router

router = new_router("desk")
open_router = new_router("server")


@router.get("/state")
async def read_state(caller: Reading) -> Response:
    """Return what this desk may do, the store's clock, the number of the latest change, and what is open."""
    return answer(await caller.store.state())


@router.get("/practices")
async def list_practices(caller: Reading) -> Response:
    """The practices that this desk may see, by name."""
    return answer(await caller.store.practices())


@router.get("/practitioners")
async def list_practitioners(caller: Reading) -> Response:
    """The practitioners that this desk may see, by name."""
    return answer(await caller.store.practitioners())


@router.get("/appointment-types")
async def list_appointment_types(caller: Reading) -> Response:
    """The names of the appointment types of the practices that this desk may see, in order."""
    return answer(await caller.store.appointment_types())


@router.get("/last-write")
async def read_last_write(
    caller: Reading,
    since: Annotated[
        Instant, Query(description="nothing before it counts", examples=["2026-11-22T00:00:00Z"])
    ],
    operator: Operator = "",
) -> Response:
    """Return what an operator did last to a booking at this desk, or null."""
    done = await caller.store.last_write(caller.operator(operator), since)
    return answer(wire.Outcome(None if done is None else wire.DoneTold.of(done)))


@open_router.get("/health")
async def read_health(request: Request) -> Response:
    """Whether the server can reach its store. It needs no token and says nothing else."""
    gate: Gate = request.app.state.gate
    if await gate.health.is_good():
        return Answer(b'{"status":"ok"}')
    raise out_of_reach()


@open_router.get("/openapi.json")
async def read_openapi(request: Request) -> Response:
    """This description of the API (OpenAPI 3.1). It needs no token."""
    return Answer(request.app.state.openapi)
