"""Stores for tests: every test that asks for `store` runs on SQLite and on PostgreSQL."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from frontdesk.store.opening import open_store
from frontdesk.store.sql.store import SqlStore
from tests import postgres


def pytest_configure(config: pytest.Config) -> None:
    # A config that others can change is refused, whatever the umask of whoever runs the tests.
    os.umask(0o022)
    # No test may find the keyring of whoever runs it.
    for variable in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        os.environ.pop(variable, None)
    if not hasattr(config, "workerinput"):
        postgres.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.end_run()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite store that is not there yet."""
    return f"sqlite:///{tmp_path / 'store' / 'frontdesk.db'}"


@pytest.fixture
def postgres_url(worker_id: str) -> str:
    """The address of an empty store on PostgreSQL."""
    try:
        return postgres.emptied_database(worker_id)
    except postgres.NoServer as why:
        pytest.skip(str(why))


@pytest.fixture(params=[True, False], ids=["migrated", "blank"])
def spare_postgres_url(worker_id: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a PostgreSQL database that a test may do anything to, a store or blank."""
    try:
        with postgres.new_database(worker_id, migrated=request.param) as url:
            yield url
    except postgres.NoServer as why:
        pytest.skip(str(why))


@pytest.fixture
def migrated_postgres_url(worker_id: str) -> Iterator[str]:
    """The address of an empty store on PostgreSQL whose tables a test may tamper with."""
    try:
        with postgres.new_database(worker_id, migrated=True) as url:
            yield url
    except postgres.NoServer as why:
        pytest.skip(str(why))


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty store, on each database in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[SqlStore]:
    """An empty store that this desk may do everything with, on each database in turn."""
    opened = await open_store(store_url)
    yield opened
    await opened.close()
