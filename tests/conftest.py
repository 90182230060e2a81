"""Stores for tests: every test that asks for `store` runs on SQLite and on PostgreSQL."""

import asyncio
import contextlib
import gc
import os
import shutil
import sqlite3
import sys
import tempfile
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from frontdesk.store.opening import open_store
from frontdesk.store.sql.database import Database
from frontdesk.store.sql.store import SqlStore
from tests import postgres

pytest.register_assert_rewrite("tests.screens.golden")

MEMORY, ROOMY = Path("/dev/shm"), 4 << 30
"""Where Linux keeps files in memory, and how many bytes have to be free there for a run."""


def pytest_configure(config: pytest.Config) -> None:
    # A config that others can change is refused, whatever the umask of whoever runs the tests.
    os.umask(0o022)
    # Every worker, and every program that a test starts, would compile each module anew.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # No test may find the keyring of whoever runs it.
    for variable in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        os.environ.pop(variable, None)
    _spread_collection(config)
    if not hasattr(config, "workerinput"):
        _keep_in_memory()
        postgres.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.end_run()


def _keep_in_memory() -> None:
    # On a disk a third of the run is waiting for it: every commit of every store is made durable.
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOMY:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def _spread_collection(config: pytest.Config) -> None:
    # Each worker begins with other folders, and reads of the rest what the others have compiled.
    # That the tests are put into one order afterwards is pytest-randomly's work.
    worker = getattr(config, "workerinput", None)
    shuffled = config.getoption("randomly_reorganize", default=False)
    if worker and shuffled and config.args == config.getini("testpaths"):
        folders = sorted(str(one.parent) for one in Path(__file__).parent.glob("*/__init__.py"))
        first = int(worker["workerid"].removeprefix("gw")) * len(folders) // worker["workercount"]
        config.args = folders[first:] + folders[:first]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    # What is made here stays, and would be walked through again and again.
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        # What is frozen does not count as old, so that all the rest would be walked through every
        # few tests. The young are looked at as often as in the program.
        gc.set_threshold(*gc.get_threshold()[:2], 100)
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class _Compiled(dict[tuple[Any, ...], Any]):
    """Statements as SQLAlchemy compiled them, for whichever engine; a key begins with the engine's own dialect."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__(key[1:], compiled)


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    # A program opens one store, and compiles a statement once. Tests open thousands: to do so
    # for each was a quarter of what a test of a store takes.
    begin = Database.__init__
    compiled: dict[str, _Compiled] = defaultdict(_Compiled)

    def sharing(self: Database, engine: Engine, *rest: Any, **named: Any) -> None:
        engine.update_execution_options(compiled_cache=compiled[engine.dialect.name])
        begin(self, engine, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "__init__", sharing)
        yield


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store with nothing in it, for tests to copy: to make one takes longer than most of them."""
    file = tmp_path_factory.mktemp("made") / "frontdesk.db"

    async def make() -> None:
        await (await open_store(f"sqlite:///{file}")).close()

    asyncio.run(make())
    return file


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


@pytest.fixture
def made_sqlite_url(sqlite_url: str, made_file: Path) -> str:
    """The address of an SQLite store that is there, with nothing in it."""
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.parent.mkdir(mode=0o700)
    shutil.copy(made_file, file)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        # Two stores that were made are two stores.
        connection.execute("UPDATE head SET store_id = ?", [uuid.uuid4().hex])
    return sqlite_url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty store, on each database in turn."""
    url: str = request.getfixturevalue(
        {"sqlite": "made_sqlite_url", "postgres": "postgres_url"}[request.param]
    )
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[SqlStore]:
    """An empty store that this desk may do everything with, on each database in turn."""
    opened = await open_store(store_url)
    yield opened
    await opened.close()
