"""What the server answers is what the store answers."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from frontdesk.api import wire
from frontdesk.arrivals import AppointmentStatus
from frontdesk.audit import AuditEvent
from frontdesk.bookings import (
    Booking,
    BookingQuery,
    Count,
    Direction,
    Page,
    Position,
    Practice,
    Practitioner,
    Row,
    Status,
)
from frontdesk.commands import Done
from frontdesk.deliveries import Attention, Delivery
from frontdesk.identity import Related
from frontdesk.preflight import Finding, Preflight
from frontdesk.store.sql.store import SqlStore
from tests.making import KIM
from tests.serving import bearer, make_token, served, service_of

NOW = datetime.now(UTC)
EVERYTHING = BookingQuery(NOW)
FILTERED = BookingQuery(
    NOW,
    "ame",
    frozenset({Status.UPCOMING, Status.COMPLETED}),
    NOW.date() - timedelta(days=2),
    NOW.date() + timedelta(days=2),
    frozenset({1, 2, 3}),
    frozenset({"adelaide"}),
)
HERE = Position(NOW, 10)
FILTER: dict[str, Any] = {
    "as_of": NOW.isoformat(),
    "text": "ame",
    "status": ["Upcoming", "Completed"],
    "first_day": str(FILTERED.first_day),
    "last_day": str(FILTERED.last_day),
    "practitioner": [1, 2, 3],
    "practice": ["adelaide"],
}
AT_HERE = {"position_at": NOW.isoformat(), "position_id": 10}

READS: tuple[tuple[str, dict[str, Any], Any, Callable[[SqlStore], Awaitable[Any]]], ...] = (
    ("/practices", {}, tuple[Practice, ...], lambda store: store.practices()),
    ("/practitioners", {}, tuple[Practitioner, ...], lambda store: store.practitioners()),
    ("/appointment-types", {}, tuple[str, ...], lambda store: store.appointment_types()),
    (
        "/bookings",
        {"as_of": NOW.isoformat(), "limit": 3},
        Page,
        lambda store: store.page(EVERYTHING, 3, None, Direction.FORWARD),
    ),
    (
        "/bookings",
        {**FILTER, **AT_HERE, "direction": "backward"},
        Page,
        lambda store: store.page(FILTERED, 100, HERE, Direction.BACKWARD),
    ),
    ("/bookings/count", FILTER, Count, lambda store: store.count(FILTERED, 1000)),
    (
        "/bookings/count",
        {"as_of": NOW.isoformat(), "limit": 3},
        Count,
        lambda store: store.count(EVERYTHING, 3),
    ),
    ("/nearest-names", {"text": "Ameila"}, tuple[str, ...], lambda store: store.nearest("ameila", 3)),
    ("/bookings/find", {"ref": "R00005"}, tuple[Booking, ...], lambda store: store.find("R00005")),
    (
        "/bookings/find",
        {"ref": "R00005", "practice": "perth"},
        tuple[Booking, ...],
        lambda store: store.find("R00005", "perth"),
    ),
    ("/bookings/rows", {"id": [2, 3, 2**40]}, tuple[Row, ...], lambda store: store.rows([2, 3])),
    ("/bookings/34", {}, Booking, lambda store: store.get(34)),
    ("/bookings/34/related", {}, Related, lambda store: store.related(34)),
    ("/bookings/34/history", {}, tuple[AuditEvent, ...], lambda store: store.history(34)),
    ("/bookings/34/deliveries", {}, tuple[Delivery, ...], lambda store: store.deliveries(34)),
    ("/attention", {"limit": 2}, tuple[Attention, ...], lambda store: store.attention(2)),
    (
        "/last-write",
        {"since": "2026-01-01T00:00:00+10:30", "operator": "Kim Nguyen"},
        wire.Outcome,
        lambda store: _done(store),
    ),
)


async def _done(store: SqlStore) -> Done[Booking]:
    booking = await store.get(34)
    assert booking.cancellation is not None
    return Done(UUID(int=0x12), "booking.cancel", booking.cancellation.at, booking)


async def test_reads_answer_what_the_store_answers(desk: httpx.AsyncClient, filled: SqlStore) -> None:
    await cancel(desk, 34)
    for path, query, kind, ask in READS:
        response = await desk.get(path, params=query)
        assert response.status_code == 200, (path, response.text)
        assert response.headers["Frontdesk-Api"] == "1"
        assert response.headers["Cache-Control"] == "no-store"
        expected = await ask(filled)
        assert expected, path
        told = wire.decode(response.content, kind)
        if isinstance(told, wire.Outcome):
            assert told.done is not None
            told = told.done.done()
        assert told == expected, path


async def cancel(desk: httpx.AsyncClient, booking_id: int, key: str = f"{12:032}") -> httpx.Response:
    """Cancel a booking that nobody has changed."""
    key = f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
    headers = {"If-Match": '"1"', "Idempotency-Key": key}
    body = {"operator": KIM.name, "reason": "Sick"}
    return await desk.post(f"/bookings/{booking_id}/cancel", json=body, headers=headers)


async def test_a_booking_has_its_version_as_entity_tag(desk: httpx.AsyncClient) -> None:
    assert (await desk.get("/bookings/34")).headers["ETag"] == '"1"'
    assert (await cancel(desk, 34)).headers["ETag"] == '"2"'
    assert (await desk.get("/bookings/34")).headers["ETag"] == '"2"'


async def test_long_answers_are_compressed_for_those_who_ask(server: str, desk: httpx.AsyncClient) -> None:
    query = {"as_of": NOW.isoformat()}
    plain = await desk.get("/bookings", params=query, headers={"Accept-Encoding": "identity"})
    packed = await desk.get("/bookings", params=query, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    short = await desk.get("/practices", headers={"Accept-Encoding": "gzip"})
    assert len(short.content) < 1024
    assert "Content-Encoding" not in short.headers


async def test_the_server_asks_the_pms(filled: SqlStore) -> None:
    async def preflight(booking: Booking) -> Preflight:
        arrived, at = AppointmentStatus.ARRIVED, booking.starts_at
        return Preflight(Finding.ATTENDED, at, "Dr Priya Rao", arrived, at, besides_status=Finding.SAME)

    booking = await filled.get(34)
    token = bearer(await make_token(filled))
    async with (
        served(service_of(filled, preflight=preflight)) as asking,
        served(service_of(filled)) as not_asking,
        httpx.AsyncClient(headers=token) as client,
    ):
        for base, expected in (
            (asking, await preflight(booking)),
            (not_asking, Preflight(Finding.NOT_ASKED)),
        ):
            response = await client.get(f"{base}/bookings/34/pms")
            assert wire.decode(response.content, Preflight) == expected


BAD_QUERIES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("/bookings", {}, "as_of"),
    ("/bookings", {"as_of": "2026-01-01T00:00:00"}, "as_of"),
    ("/bookings", {"as_of": "1767225600"}, "as_of"),
    ("/bookings", {"as_of": NOW.isoformat(), "limit": 501}, "limit"),
    ("/bookings", {"as_of": NOW.isoformat(), "limit": 0}, "limit"),
    ("/bookings", {"as_of": NOW.isoformat(), "first_day": "26.11.2026"}, "first_day"),
    ("/bookings", {"as_of": NOW.isoformat(), "status": "Done"}, "status"),
    ("/bookings", {"as_of": NOW.isoformat(), "practise": "perth"}, "practise"),
    ("/bookings", {"as_of": NOW.isoformat(), "position_id": 1}, "position_at"),
    ("/bookings", {"as_of": NOW.isoformat(), "text": "x" * 501}, "text"),
    ("/bookings/count", {"as_of": NOW.isoformat(), "limit": 2001}, "limit"),
    ("/bookings/rows", {}, "id"),
    ("/bookings/rows", {"id": list(range(501))}, "id"),
    ("/bookings/x", {}, "booking_id"),
    ("/last-write", {"since": "yesterday"}, "since"),
)


async def test_what_cannot_be_asked_is_said_in_a_sentence(desk: httpx.AsyncClient) -> None:
    for path, query, wrong in BAD_QUERIES:
        response = await desk.get(path, params=query)
        assert response.status_code == 422, (path, query)
        assert response.headers["Content-Type"] == wire.PROBLEM_TYPE
        told = wire.decode(response.content, wire.Problem)
        assert (told.status, told.code) == (422, "invalid")
        assert wrong in told.detail, told.detail


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_the_ends_of_time_are_no_error(desk: httpx.AsyncClient, moment: str) -> None:
    day = moment[:10]
    queries: tuple[dict[str, Any], ...] = (
        {"first_day": day},
        {"last_day": day},
        {"position_at": moment, "position_id": 0},
        {"position_at": moment, "position_id": 0, "direction": "backward"},
        {"text": "wilson", "first_day": day, "last_day": day},
    )
    for query in queries:
        assert (await desk.get("/bookings", params={"as_of": moment, **query})).status_code == 200, query


async def test_there_is_nothing_elsewhere(desk: httpx.AsyncClient) -> None:
    for method, path, status in (
        ("GET", "/", 404),
        ("GET", "/bookings/", 404),
        ("GET", "/docs", 404),
        ("DELETE", "/bookings/1", 405),
        ("GET", "/bookings/1/cancel", 405),
    ):
        response = await desk.request(method, path)
        assert response.status_code == status, path
        assert response.headers["Content-Type"] == wire.PROBLEM_TYPE
        assert wire.decode(response.content, wire.Problem).status == status
        assert response.headers["Frontdesk-Api"] == "1"
