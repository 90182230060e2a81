"""A desk that vanishes in front of its COMMIT: it holds what every write needs, but not for long."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE

import pytest

from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import count
from tests.making import LEE, cancel, cancel_of, make_incoming, make_practice

pytestmark = [pytest.mark.full, pytest.mark.long]


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """On SQLite the system lets go of a file when its process ends."""
    return postgres_url


async def test_the_others_write_after_seconds(store: SqlStore, store_url: str) -> None:
    """Each of them waits no longer than it waits for any other desk."""
    await store.registry.apply_practices([make_practice()], LEE)
    await store.registry.load([make_incoming(1, ref="A1"), make_incoming(2, ref="A2")], LEE, "a test")
    (booking,) = await store.find("A2")
    command = (sys.executable, "-m", "tests.contract.vanishing", store_url, "A1")
    gone = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert gone.stdout is not None
    try:
        assert await gone.stdout.readline() == b"in front of the COMMIT\n"
        gone.send_signal(signal.SIGSTOP)
        cancelled = await cancel(store, cancel_of(booking, LEE, "Sick"))
        assert cancelled.cancellation is not None
    finally:
        gone.send_signal(signal.SIGCONT)
        told, _ = await gone.communicate(b"\n")
    assert "was lost: nothing was changed" in told.decode()
    (other,) = await store.find("A1")
    assert other.cancellation is None
    assert count(store_url, "command") == 1
