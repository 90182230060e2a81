"""A desk that dies in the middle of a cancel leaves all of it or nothing."""

import asyncio
import json
import subprocess
import sys

import pytest

from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import execute
from tests.making import KIM, make_incoming, make_practice

WHOLE = (1, 1, 1, 3)
NOTHING = (0, 0, 0, 0)

TRACES = """
SELECT cancelled, version,
  (SELECT count(*) FROM command WHERE booking_id = booking.id),
  (SELECT count(*) FROM audit WHERE booking_id = booking.id),
  (SELECT count(*) FROM change WHERE booking_id = booking.id),
  (SELECT count(*) FROM delivery WHERE booking_id = booking.id)
FROM booking ORDER BY ref
"""


async def crash(store: SqlStore, url: str, bookings: int, *how: str) -> list[bool]:
    """Let desks die; return which bookings were cancelled, having checked that each is all or nothing."""
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(line) for line in range(bookings)], KIM, "a test")
    await store.close()
    script = [sys.executable, "-m", "tests.contract.crashing", how[0], url, *how[1:]]
    ran = await asyncio.to_thread(subprocess.run, script, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    answered: list[bool] = json.loads(ran.stdout)
    again = await open_store(url)
    assert await again.registry.verify() is None
    head = execute(
        url, "SELECT change, (SELECT max(number) FROM change), (SELECT count(*) FROM change) FROM head"
    )
    assert len({*head[0]}) == 1
    await again.close()
    cancelled = []
    for row, was_answered in zip(execute(url, TRACES), answered, strict=False):
        is_cancelled, version, *traces = tuple(row)
        assert tuple(traces) == (WHOLE if is_cancelled else NOTHING)
        assert version == (2 if is_cancelled else 1)
        # What an operator was told is so; what is so the operator may not have been told.
        assert is_cancelled or not was_answered
        cancelled.append(bool(is_cancelled))
    return cancelled


async def test_death_at_every_statement(store: SqlStore, store_url: str) -> None:
    cancelled = await crash(store, store_url, 60, "points")
    assert len(cancelled) > 10
    # Nothing up to the COMMIT, everything from then on: after it there is one point, and a life.
    assert cancelled == [False] * (len(cancelled) - 2) + [True] * 2


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_death_at_any_moment(store: SqlStore, store_url: str) -> None:
    cancelled = await crash(store, store_url, 200, "moments", "200", "7")
    assert len(cancelled) == 200
    assert {True, False} == set(cancelled)
