"""Bookings: lists, counts, and one of them."""

from typing import Annotated

from fastapi import Query, Response

from frontdesk.api import wire
from frontdesk.bookings import COUNT_LIMIT, LAST_ID
from frontdesk.preflight import Finding, Preflight
from frontdesk.server.admission import Reading
from frontdesk.server.answering import answer, booking_answer
from frontdesk.server.asking import (
    BookingId,
    Filters,
    Limit,
    Name,
    Place,
    Side,
    Text,
)
from frontdesk.server.routing import new_router
from frontdesk.store.port import NEAREST_LIMIT

router = new_router("bookings")


@router.get("/bookings")
async def list_bookings(
    caller: Reading, query: Filters, place: Place, limit: Limit = 100, direction: Side = Side.FORWARD
) -> Response:
    """Bookings in the order of their start, from one position on."""
    return answer(await caller.store.page(query, limit, place, direction.direction))


@router.get("/bookings/count")
async def count_bookings(
    caller: Reading,
    query: Filters,
    limit: Annotated[int, Query(ge=1, le=COUNT_LIMIT, description="where counting stops")] = 1000,
) -> Response:
    """How many bookings a query has."""
    return answer(await caller.store.count(query, limit))


@router.get("/nearest-names")
async def list_nearest_names(
    caller: Reading,
    text: Annotated[Text, Query(description="a name that nobody has", examples=["jhon smith"])],
    limit: Annotated[int, Query(ge=1, le=NEAREST_LIMIT, description="at most so many")] = 3,
) -> Response:
    """Names of patients that are one letter from a text, the nearest first."""
    return answer(await caller.store.nearest(text, limit))


@router.get("/bookings/find")
async def find_bookings(
    caller: Reading,
    ref: Annotated[Text, Query(description="a reference, whole", examples=["SD-10482"])],
    practice: Annotated[Name | None, Query(description="at this practice only")] = None,
) -> Response:
    """Bookings of one reference: it is unique within a practice."""
    return answer(await caller.store.find(ref, practice))


@router.get("/bookings/rows")
async def read_rows(
    caller: Reading,
    ids: Annotated[list[int], Query(alias="id", min_length=1, max_length=wire.ROWS_LIMIT, examples=[[1, 2]])],
) -> Response:
    """These bookings as they are now, in no promised order; what is not there is left out."""
    return answer(await caller.store.rows([one for one in ids if 1 <= one <= LAST_ID]))


@router.get("/bookings/{booking_id}")
async def read_booking(caller: Reading, booking_id: BookingId) -> Response:
    """One booking, with its version as ETag."""
    return booking_answer(await caller.store.get(booking_id))


@router.get("/bookings/{booking_id}/related")
async def read_related(caller: Reading, booking_id: BookingId) -> Response:
    """What is upcoming beside a booking: others of the same name, the patient's own, the same mobile."""
    return answer(await caller.store.related(booking_id))


@router.get("/bookings/{booking_id}/history")
async def read_history(caller: Reading, booking_id: BookingId) -> Response:
    """What was done to a booking, newest first."""
    return answer(await caller.store.history(booking_id))


@router.get("/bookings/{booking_id}/deliveries")
async def read_deliveries(caller: Reading, booking_id: BookingId) -> Response:
    """What followed, or is to follow, from what was done to a booking."""
    return answer(await caller.store.deliveries(booking_id))


@router.get("/bookings/{booking_id}/adjustments")
async def read_adjustments(caller: Reading, booking_id: BookingId) -> Response:
    """The requests not to be charged for a booking, the latest last."""
    return answer(await caller.store.adjustments(booking_id))


@router.get("/bookings/{booking_id}/pms")
async def ask_pms(caller: Reading, booking_id: BookingId) -> Response:
    """What the practice's PMS shows of a booking now; the server asks it."""
    booking = await caller.store.get(booking_id)
    ask = caller.gate.service.preflight
    return answer(Preflight(Finding.NOT_ASKED) if ask is None else await ask(booking))
