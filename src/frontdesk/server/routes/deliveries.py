"""What follows from cancellations and needs a person."""

from fastapi import Request, Response

from frontdesk.api import wire
from frontdesk.server.admission import Reading, Writing
from frontdesk.server.answering import answer
from frontdesk.server.asking import DeliveryId, Limit, asked
from frontdesk.server.routing import new_router

router = new_router("deliveries")


@router.get("/attention")
async def list_attention(caller: Reading, limit: Limit = 100) -> Response:
    """What needs a person: nearest appointment first, passed ones last."""
    return answer(await caller.store.attention(limit))


@router.post("/deliveries/{delivery_id}/retry")
async def retry_delivery(request: Request, caller: Writing, delivery_id: DeliveryId) -> Response:
    """Make a delivery in attention due again, now."""
    body = await asked(request, wire.RetryAsked)
    delivery = await caller.store.retry(delivery_id, caller.operator(body.operator))
    caller.gate.service.wake()
    return answer(delivery)


@router.post("/deliveries/{delivery_id}/settle")
async def settle_delivery(request: Request, caller: Writing, delivery_id: DeliveryId) -> Response:
    """Sign that a person dealt with a delivery in attention."""
    body = await asked(request, wire.SettleAsked)
    return answer(await caller.store.settle(delivery_id, caller.operator(body.operator), body.note))
