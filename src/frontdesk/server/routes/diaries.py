"""The diaries of PMSs: have them read, look at what that has brought, decide about what is held."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from frontdesk.api import wire
from frontdesk.bookings import LAST_ID, Scope
from frontdesk.errors import NotFound
from frontdesk.server.admission import Caller, Reading, admitting
from frontdesk.server.answering import answer
from frontdesk.server.asking import asked
from frontdesk.server.routing import new_router
from frontdesk.store.desk_diaries import RUNS_LIMIT

router = new_router("diaries")

Deciding = Annotated[Caller, Depends(admitting(Scope.ADMIN))]


async def _number(
    run_number: Annotated[
        int,
        Path(
            description="a run's `number`",
            json_schema_extra={"minimum": 1, "maximum": LAST_ID},
            examples=[1],
        ),
    ],
) -> int:
    if not 1 <= run_number <= LAST_ID:
        raise NotFound("There is no such read of a diary here: look at Connections again.")
    return run_number


RunNumber = Annotated[int, Depends(_number)]


@router.post("/diaries/read")
async def read_diaries(caller: Reading) -> Response:
    """Have the diaries of the desk's practices read at once. The answer is how they stand meanwhile."""
    diaries = await caller.store.read_diaries()
    caller.gate.service.wake_readers()
    return answer(diaries)


@router.get("/diaries/runs")
async def list_diary_runs(
    caller: Reading,
    limit: Annotated[int, Query(ge=1, le=RUNS_LIMIT, description="at most so many")] = 20,
    after: Annotated[int, Query(ge=0, le=LAST_ID, description="only runs with higher numbers")] = 0,
) -> Response:
    """The latest reads of the diaries of the desk's practices, the latest first."""
    return answer(await caller.store.diary_runs(limit, after))


@router.get("/diaries/runs/{run_number}/held")
async def read_held_change(caller: Reading, run_number: RunNumber) -> Response:
    """What a read holds for a person to decide: its numbers, days, practitioners, and some bookings."""
    return answer(await caller.store.held_change(run_number))


@router.post("/diaries/runs/{run_number}/decide")
async def decide_diary(caller: Deciding, run_number: RunNumber, request: Request) -> Response:
    """Decide about what a read holds. With `apply` the list is as the diary says when the answer comes."""
    said = await asked(request, wire.DiaryDecided)
    run = await caller.store.decide_diary(run_number, said.decision, caller.operator(said.operator))
    caller.gate.service.wake_readers()
    return answer(run)


@router.get("/diaries/loose-ends")
async def list_loose_ends(caller: Reading) -> Response:
    """What of diaries fits nothing here, or nothing there, for each practice that has some."""
    return answer(await caller.store.loose_ends())
