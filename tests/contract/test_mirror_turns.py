"""A diary and a desk at once: a cancel and a run come one after the other, and neither is lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.arrivals import Effect
from frontdesk.errors import Conflict
from frontdesk.store.sql.store import SqlStore
from tests.contract.mirroring import Diary, entry
from tests.contract.raw import execute
from tests.making import KIM, Store, cancel, cancel_of, make_patient

DAY = timedelta(days=1)


async def test_a_cancel_and_a_move_at_once_leave_one_of_both(
    store: SqlStore, other: Store, store_url: str
) -> None:
    diary = Diary(store, store_url)
    await diary.open()
    start = await diary.now() + DAY
    refs = [f"a{one}" for one in range(8)]
    said = {ref: entry(ref, start, patient=make_patient(pms_ref=f"K{ref}")) for ref in refs}
    await diary.reads(*said.values())
    seen = {ref: await diary.booking(ref) for ref in refs}
    await diary.note(*(entry(ref, start + DAY, patient=said[ref].patient) for ref in refs))

    async def cancelled(ref: str) -> bool:
        try:
            await cancel(other, cancel_of(seen[ref], KIM))
        except Conflict:
            return False
        return True

    run: Any = diary.reconcile(limit=2)
    done, *cancels = await asyncio.gather(run, *map(cancelled, refs))
    for ref, was_cancelled in zip(refs, cancels, strict=True):
        now_is = await diary.booking(ref)
        assert (now_is.cancellation is not None) is was_cancelled
        assert now_is.starts_at == (start if was_cancelled else start + DAY)
        assert diary.row(ref).state == ("waits" if was_cancelled else "closed")
    assert done.get(Effect.MOVED, 0) == 8 - sum(cancels)
    assert await store.registry.verify() is None


async def test_two_runs_at_once_make_each_booking_once(
    store: SqlStore, other: SqlStore, store_url: str
) -> None:
    one, two = Diary(store, store_url), Diary(other, store_url)
    await one.open()
    start = await one.now() + DAY
    await one.note(*(entry(f"a{n}", start, patient=make_patient(pms_ref=f"K{n}")) for n in range(12)))
    done = await asyncio.gather(one.reconcile(limit=3), two.reconcile(limit=3))
    assert sum(each.get(Effect.NEW, 0) for each in done) == 12
    assert (await store.state()).bookings == 12
    assert await store.registry.verify() is None


@pytest.mark.parametrize("is_baseline", [True, False])
async def test_each_batch_is_one_event_with_a_digest_of_its_histories(
    store: SqlStore, store_url: str, is_baseline: bool
) -> None:

    diary = Diary(store, store_url)
    await diary.open()
    start = await diary.now() + DAY
    await diary.reads(
        *(entry(f"a{n}", start, patient=make_patient(pms_ref=f"K{n}")) for n in range(5)),
        limit=2,
        is_baseline=is_baseline,
    )
    batches = execute(store_url, "SELECT * FROM audit WHERE action = 'diary.reconciled' ORDER BY number")
    assert len(batches) == 3
    histories = execute(store_url, "SELECT * FROM audit WHERE action = 'booking.added'")
    assert len(histories) == (0 if is_baseline else 5)
    assert len({row.proof if isinstance(row.proof, str) else row.proof["histories"] for row in batches}) == (
        1 if is_baseline else 3
    )
