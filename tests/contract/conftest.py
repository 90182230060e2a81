"""A second desk, and a store with a few bookings in it."""

from collections.abc import AsyncIterator

import pytest

from frontdesk.bookings import Booking
from frontdesk.store.opening import open_store
from frontdesk.store.sql import SqlStore
from tests.contract.queueing import Desk
from tests.making import KIM, make_incoming, make_practice


@pytest.fixture
async def other(store: SqlStore, store_url: str) -> AsyncIterator[SqlStore]:
    """Another desk at the same store."""
    opened = await open_store(store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def booking(store: SqlStore) -> Booking:
    """Amelia Wilson's booking in three days, at a practice whose PMS can cancel."""
    await store.registry.apply_practices([make_practice()], KIM)
    await store.registry.load([make_incoming(ref="A1")], KIM, "a test")
    (found,) = await store.find("A1")
    return found


@pytest.fixture
async def desk(store: SqlStore, store_url: str) -> Desk:
    """A practice whose PMS can cancel; nothing is cancelled yet."""
    await store.registry.apply_practices([make_practice()], KIM)
    return Desk(store, store_url)


@pytest.fixture
async def pms_only(store: SqlStore, store_url: str) -> Desk:
    """A practice that has nothing but its PMS told."""
    await store.registry.apply_practices([make_practice(email="", patient_channels=())], KIM)
    return Desk(store, store_url)
