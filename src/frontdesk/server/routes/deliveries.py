"""What follows from cancellations and needs a person."""

from fastapi import Response

from frontdesk.server.admission import Reading
from frontdesk.server.answering import answer
from frontdesk.server.asking import Limit
from frontdesk.server.routing import new_router

router = new_router("deliveries")


@router.get("/attention")
async def list_attention(caller: Reading, limit: Limit = 100) -> Response:
    """What needs a person: nearest appointment first, passed ones last."""
    return answer(await caller.store.attention(limit))
