"""Made-up bookings on every store: whoever works there is not in the way of a new one."""

from typing import Any

import pytest

from frontdesk.cli import seeding
from frontdesk.exchange.loading import ALONE, load
from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests.contract.raw import execute
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


async def test_postgresql_knows_what_it_holds_from_the_first_load_on(postgres_url: str) -> None:
    """By itself it looks a minute or two later, and chooses slow ways until then."""
    store = await open_store(postgres_url)
    known = "SELECT reltuples FROM pg_class WHERE oid = 'booking'::regclass"
    assert execute(postgres_url, known) == [(-1.0,)]
    await seeding.fill(store, KIM, 60, 1, lambda _: None)
    await seeding.fill(store, KIM, 20, 2, lambda _: None)
    assert execute(postgres_url, known) == [(60.0,)]
    await store.close()
