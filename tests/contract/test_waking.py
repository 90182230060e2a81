"""A dispatcher is woken by what others write, and not by its own progress."""

import asyncio
from uuid import uuid4

from frontdesk.attempts import Ended, Result, RetryPolicy
from frontdesk.bookings import CancelCommand
from frontdesk.cli.dispatching import wake_for_others
from frontdesk.deliveries import MAIL_CONNECTION
from frontdesk.store.sql import SqlStore
from tests.making import KIM, PRAKTIKA, make_incoming, make_practice

REACHED = {PRAKTIKA.connection, MAIL_CONNECTION}


async def test_a_cancel_and_a_retry_wake_it_and_progress_does_not(store: SqlStore) -> None:
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming()], KIM, "tests")
    (booking,) = await store.find("R00001")
    woken = asyncio.Semaphore(0)
    number = (await store.state()).number
    watching = asyncio.create_task(wake_for_others(store, number, woken.release))
    await store.cancel(CancelCommand(uuid4(), booking.id, booking.version, KIM))
    await woken.acquire()

    claim = await store.queue.claim(REACHED, RetryPolicy())
    assert claim is not None
    failed = await store.queue.finish(claim, Result(Ended.REFUSED, "no"), RetryPolicy())
    assert failed is not None
    await store.retry(failed.id, KIM)
    await woken.acquire()
    watching.cancel()
    await asyncio.wait([watching])

    assert woken.locked()
    kinds = [change.makes_due for change in await store.changes(number, 0)]
    assert kinds == [True, False, True]
