"""Appointment 7001 at a simulated Praktika and a simulated Core Practice, for tests of the simulator."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from frontdesk.demo.simulator import SimulatedAccount

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
START = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
ACCOUNTS = (
    SimulatedAccount("smile", "praktika", "key-1", "smile-adelaide"),
    SimulatedAccount("harbour", "core-practice", "key-2", "harbour", "Australia/Sydney"),
)
HEADERS = {"X-Api-Key": "key-1", "X-Practice": "smile-adelaide"}
BEARER = {"Authorization": "Bearer key-2"}


def cancel(client: httpx.AsyncClient, **body: str) -> "asyncio.Task[httpx.Response]":
    """Begin to cancel appointment 7001."""
    sent = {"reason": "Sick", "requestId": str(uuid4()), **body}
    return asyncio.ensure_future(client.post("/appointments/7001/cancel", json=sent))
