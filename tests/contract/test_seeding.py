"""Made-up bookings on every store: whoever works there is not in the way of a new one."""

from typing import Any

import pytest

from frontdesk.cli import seeding
from frontdesk.exchange.loading import ALONE, load
from frontdesk.store.sql import SqlStore
from tests.making import KIM


async def test_only_a_store_without_bookings_is_loaded_without_pauses(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces = []

    async def loaded(*arguments: Any, pace: Any) -> None:
        paces.append(pace)
        await load(*arguments, pace=pace)

    monkeypatch.setattr(seeding, "load", loaded)
    assert await seeding.fill(store, KIM, 60, 1, lambda _: None) == 60
    assert await seeding.fill(store, KIM, 20, 2, lambda _: None) == 20
    assert paces == [ALONE, None]
