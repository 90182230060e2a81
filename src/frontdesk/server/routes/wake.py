"""What PMSs ask for by themselves: to be read, since something has changed there."""

from typing import Annotated

from fastapi import Path, Request, Response

from frontdesk.errors import NotFound
from frontdesk.server.admission import Gate
from frontdesk.server.answering import Answer
from frontdesk.server.routing import new_router

router = new_router("diaries")

_NOT_THERE = "The server has nothing at this address."


@router.post("/diary/{connection}/wake")
async def wake_diary(
    request: Request,
    connection: Annotated[
        str, Path(description="the name of the connection in the config", examples=["smile"])
    ],
) -> Response:
    """Have the diary of a PMS read soon, at most once in ten seconds. It needs no token, but the proof of `wake`.

    What the body says is never looked at. Without the right proof there is nothing here, whatever the connection.
    """
    gate: Gate = request.app.state.gate
    body = await request.body()
    if not gate.service.waking.is_proven(connection, request.headers, body):
        await gate.limits.count_bad_token(request.client.host if request.client else "")
        raise NotFound(_NOT_THERE)
    await gate.service.waking.read_soon(connection)
    return Answer(b'{"status":"read soon"}')
