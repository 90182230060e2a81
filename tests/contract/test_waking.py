"""A dispatcher is woken by what others write, and not by its own progress."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import Operator
from frontdesk.cli import crash, dispatching
from frontdesk.cli.dispatching import wake_for_others
from frontdesk.commands import Subject
from frontdesk.deliveries import MAIL_CONNECTION
from frontdesk.errors import Unavailable
from frontdesk.store.port import Change
from frontdesk.store.sql.store import SqlStore
from tests.making import KIM, PRAKTIKA, cancel, cancel_of, make_incoming, make_practice, retry

REACHED = {PRAKTIKA.connection, MAIL_CONNECTION}


@pytest.mark.parametrize("who", [KIM, Operator("frontdesk")], ids=str)
async def test_a_cancel_and_a_retry_wake_it_and_progress_does_not(store: SqlStore, who: Operator) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming()], KIM, "tests")
    (booking,) = await store.find("R00001")
    woken = asyncio.Semaphore(0)
    number = (await store.state()).number
    watching = asyncio.create_task(wake_for_others(store, number, woken.release))
    await cancel(store, cancel_of(booking, who))
    await woken.acquire()

    claim = await store.queue.claim(REACHED, RetryPolicy())
    assert claim is not None
    failed = await store.queue.finish(claim, Result(Ended.REFUSED, "no"), RetryPolicy())
    assert failed is not None
    await retry(store, failed.id, who)
    await woken.acquire()
    watching.cancel()
    await asyncio.wait([watching])

    assert woken.locked()
    kinds = [change.makes_due for change in await store.changes(number, 0)]
    assert kinds == [True, False, True]


@pytest.mark.parametrize("error", [Unavailable("The line is cut."), RuntimeError("a bug")])
async def test_whatever_the_store_raises_it_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    answers: list[Exception | tuple[Change, ...]] = [
        error,
        (Change(8, Subject("booking", 1), 1, KIM, datetime.now(UTC)),),
    ]
    reported: list[BaseException] = []

    class Raises:
        async def changes(self, after: int, wait: float, store_id: str = "") -> tuple[Change, ...]:
            if not answers:
                await asyncio.Event().wait()
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr(dispatching, "WATCH_SECONDS", 0)
    monkeypatch.setattr(crash, "report", reported.append)
    woken = asyncio.Event()
    store: Any = Raises()
    watching = asyncio.create_task(wake_for_others(store, 7, woken.set))
    await woken.wait()
    watching.cancel()
    await asyncio.wait([watching])
    assert reported == ([error] if isinstance(error, RuntimeError) else [])
