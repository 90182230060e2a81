"""A request for every operation of the API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import insert

from frontdesk.api import wire
from frontdesk.arrivals import Effect, Place
from frontdesk.bookings import LAST_ID, Booking, Operator, Scope
from frontdesk.commands import Done
from frontdesk.diary_runs import Kind, Window
from frontdesk.server import examples
from frontdesk.store.diaries import Asked
from frontdesk.store.sql import selects
from frontdesk.store.sql.store import SqlStore
from tests.making import KIM, cancel_of
from tests.serving import WAKE

AS_OF = "2026-11-22T09:14:05Z"


@dataclass(frozen=True)
class Asking:
    """What is asked for: a booking, a delivery, a command, a request not to be charged, a read of a diary."""

    booking: int
    delivery: int
    command: UUID
    adjustment: int
    run: int

    @classmethod
    async def about(cls, store: SqlStore, booking_id: int) -> "Asking":
        """Return what belongs to a booking's cancellation, which is carried out here as Desk One does it."""
        booking = await store.get(booking_id)
        command = cancel_of(booking, Operator(KIM.name, "Desk One"))
        await store.do(command)
        asked = selects.adjustment_values(examples.REQUEST) | {"booking_id": booking_id}
        made = insert(selects.ADJUSTMENT).values(version=1, **asked).returning(selects.ADJUSTMENT.c.id)
        request = await store._database.write(lambda tx: tx.execute(made).scalar_one())
        delivery, run = (await store.deliveries(booking_id))[0].id, await _held(store, booking)
        return cls(booking_id, delivery, command.id, request, run)


async def _held(store: SqlStore, booking: Booking) -> int:
    """Have the diary of a booking's practice read so that a person has to decide; return the run's number."""
    assert booking.practice.pms
    place = Place(booking.practice.pms.connection, booking.practice.location)
    await store.diaries.keep([place])
    lease = await store.diaries.claim("a reader", [place])
    assert lease is not None
    window = Window(booking.starts_at, booking.starts_at + timedelta(days=1))
    run, _ = await store.diaries.begin(lease, Kind.NEAR, window, booking.starts_at, KIM)
    asked = Asked({Effect.GONE: 1}, "1 booking fewer", (booking.id,), ("P1",))
    await store.diaries.end(lease, run, counts_as=Kind.NEAR, asked=asked)
    await store.diaries.rest(lease, timedelta(minutes=5), timedelta(0))
    return run.number


NOTHING = Asking(LAST_ID, LAST_ID, UUID(int=1), LAST_ID, LAST_ID)
"""What is nowhere."""


@dataclass(frozen=True)
class Case:
    """How an operation is asked for; `shape` is the path with the names of what to fill in."""

    method: str
    shape: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Callable[[], Mapping[str, str]] = dict
    scope: Scope = Scope.READ

    @property
    def is_write(self) -> bool:
        return self.method == "POST"

    @property
    def names_one(self) -> bool:
        """Whether it is about one thing that may be another practice's."""
        return "{" in self.shape

    async def send(
        self, client: httpx.AsyncClient, about: Asking, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Ask, and return the answer, of a stream its beginning."""
        path = self.shape.format(**asdict(about))
        request = client.build_request(
            self.method,
            path,
            params=self.query,
            json=self.body,
            headers={**self.headers(), **headers},
        )
        response = await client.send(request, stream=self.shape == "/changes")
        if response.is_success and self.shape == "/changes":
            await response.aclose()
        else:
            await response.aread()
        return response


def key_headers(key: UUID | None = None) -> dict[str, str]:
    """Return the headers of a write that needs no version, of a new command by default."""
    return {"Idempotency-Key": str(key or uuid4())}


def _write_headers() -> Mapping[str, str]:
    return {"If-Match": '"1"', "Idempotency-Key": str(uuid4())}


def _booking_case(verb: str, body: Mapping[str, Any] | None = None) -> Case:
    path = f"/bookings/{{booking}}/{verb.replace('_', '-')}"
    return Case("POST", path, body=body or {}, headers=_write_headers, scope=Scope.CANCEL)


def _decision_case(verb: str) -> Case:
    path, body = f"/adjustments/{{adjustment}}/{verb}", {"note": "Fine"}
    return Case("POST", path, body=body, headers=_write_headers, scope=Scope.DECIDE)


def _delivery_case(verb: str, body: Mapping[str, Any]) -> Case:
    path = f"/deliveries/{{delivery}}/{verb}"
    return Case("POST", path, body=body, headers=key_headers, scope=Scope.CANCEL)


CASES: Mapping[str, Case] = {
    "read_state": Case("GET", "/state"),
    "list_practices": Case("GET", "/practices"),
    "list_practitioners": Case("GET", "/practitioners"),
    "list_appointment_types": Case("GET", "/appointment-types"),
    "read_last_write": Case("GET", "/last-write", {"since": "2026-01-01T00:00:00Z", "operator": KIM.name}),
    "list_bookings": Case("GET", "/bookings", {"as_of": AS_OF}),
    "count_bookings": Case("GET", "/bookings/count", {"as_of": AS_OF, "practice": "perth"}),
    "list_nearest_names": Case("GET", "/nearest-names", {"text": "ameila"}),
    "find_bookings": Case("GET", "/bookings/find", {"ref": "R00033", "practice": "perth"}),
    "read_rows": Case("GET", "/bookings/rows", {"id": [33, 34]}),
    "read_booking": Case("GET", "/bookings/{booking}"),
    "read_related": Case("GET", "/bookings/{booking}/related"),
    "read_history": Case("GET", "/bookings/{booking}/history"),
    "read_deliveries": Case("GET", "/bookings/{booking}/deliveries"),
    "read_adjustments": Case("GET", "/bookings/{booking}/adjustments"),
    **{f"{verb}_booking": _booking_case(verb) for verb in ("mark_no_show", "take_back_no_show")},
    **{f"{verb}_booking": _booking_case(verb) for verb in ("mark_arrived", "mark_attended")},
    "request_adjustment_booking": _booking_case(
        "request_adjustment", {"ground": "other", "text": "Booked twice", "name": KIM.name}
    ),
    "approve_adjustment": _decision_case("approve"),
    "reject_adjustment": _decision_case("reject"),
    "ask_pms": Case("GET", "/bookings/{booking}/pms"),
    "cancel_booking": _booking_case("cancel"),
    "give_up": Case("POST", "/commands/{command}/give-up", scope=Scope.CANCEL),
    "list_attention": Case("GET", "/attention"),
    "retry_delivery": _delivery_case("retry", {}),
    "settle_delivery": _delivery_case("settle", {"note": "done"}),
    "read_diaries": Case("POST", "/diaries/read"),
    "list_diary_runs": Case("GET", "/diaries/runs"),
    "read_held_change": Case("GET", "/diaries/runs/{run}/held"),
    "decide_diary": Case("POST", "/diaries/runs/{run}/decide", body={"decision": "again"}, scope=Scope.ADMIN),
    "list_loose_ends": Case("GET", "/diaries/loose-ends"),
    "stream_changes": Case("GET", "/changes"),
    "wake_diary": Case("POST", "/diary/smile/wake", headers=lambda: {"X-Wake": WAKE.decode()}),
    "read_health": Case("GET", "/health"),
    "read_openapi": Case("GET", "/openapi.json"),
}
BILLING_READS: Mapping[str, str] = {
    "list_accounts": "/accounts",
    "list_billing": "/billing",
    "count_billing": "/billing/count",
    "sum_billing": "/billing/sums",
    "list_invoices": "/billing/invoices",
    "read_invoice": "/accounts/1/invoices/{period}",
    "read_undecided": "/accounts/1/undecided/{period}",
}
BILLING_WRITES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "close_account": ("/accounts/1/close", {"period": "{period}"}),
    "pay_invoice": ("/invoices/1/pay", {}),
    "void_invoice": ("/invoices/2/void", {}),
}
"""What is asked of an account and its invoices, see test_billing_routes."""

OPERATIONS = frozenset({*CASES, *BILLING_READS, *BILLING_WRITES})
OPEN = frozenset({"read_health", "read_openapi", "wake_diary"})
"""What needs no token."""


def cancel_headers(version: int = 1, key: UUID | str | None = None) -> dict[str, str]:
    """Return the headers of a cancellation, of a new command by default."""
    return {"If-Match": f'"{version}"', "Idempotency-Key": str(key or uuid4())}


async def cancel(
    desk: httpx.AsyncClient, booking: Booking | int, key: UUID | None = None, **body: Any
) -> httpx.Response:
    """Ask for a cancellation of a booking, by default one of that nobody has changed."""
    booking_id, version = (booking, 1) if isinstance(booking, int) else (booking.id, booking.version)
    headers = cancel_headers(version, key)
    return await desk.post(f"/bookings/{booking_id}/cancel", json=body, headers=headers)


def done_of(response: httpx.Response) -> Done[Any]:
    """Return what a server answers to a command that it carried out."""
    assert response.status_code == 200, response.text
    return wire.decode(response.content, wire.DoneTold).done()
