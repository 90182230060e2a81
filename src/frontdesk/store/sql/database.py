"""What a store needs of its database: short transactions in threads, a clock, words for faults."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, insert
from sqlalchemy.exc import DBAPIError

from frontdesk.errors import FrontdeskError, Unavailable
from frontdesk.store.search.index import SearchIndex
from frontdesk.store.sql import schema

Answer = TypeVar("Answer")
Given = TypeVar("Given")
Work = Callable[[Connection], Answer]

READ_THREADS = 4
BUSY_SECONDS = 10.0
"""How long a write waits for other desks before it gives up."""


class ReadOnly(Unavailable):
    """Nothing may be written here, and nothing was."""


class News(Protocol):
    """Word that something may have changed, since it was asked for."""

    async def wait(self, seconds: float) -> None:
        """Return when there is word, or to look all the same, after `seconds` at the latest."""
        ...


class Database(ABC):
    """One database, reached in threads so that the caller's event loop never waits for it.

    Reads and writes have threads of their own, so a read never queues behind a slow write.
    A write goes on when its caller is cancelled: the answer may be lost, the work not.
    `is_new` is whether opening it made the store, where there was none. `search` is how it
    keeps the words of bookings.
    """

    is_new = False
    search: SearchIndex

    def __init__(self, engine: Engine, where: str, write_threads: int) -> None:
        self.where = where
        self._engine = engine
        self._readers = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="store-read")
        self._writers = ThreadPoolExecutor(write_threads, thread_name_prefix="store-write")
        self._closed = False

    async def read(self, work: Work[Answer]) -> Answer:
        """Run `work` in a transaction that sees one state and changes nothing."""
        return await self._in_thread(self._readers, self._read, work)

    async def read_one(self, work: Work[Answer]) -> Answer:
        """Run `work` whose every statement may see a state of its own: where there is but one, that is enough."""
        return await self._in_thread(self._readers, self._read_one, work)

    async def write(self, work: Work[Answer]) -> Answer:
        """Run `work` in a transaction that is committed when it returns, undone when it raises.

        A store whose schema is not this program's is not written; see `schema.refuse_another`.
        """
        return await asyncio.shield(self._in_thread(self._writers, self._write, self._of_this_schema(work)))

    async def proven(
        self, look: Work[Answer | None], settle: Work[Answer | None] | None = None
    ) -> Answer | None:
        """Return what `look` finds, or None where that proves that there is nothing.

        `settle`, where it is given, is a write that looks too, and sees to it that None stays
        true. Raises Unavailable where absence proves nothing.
        """
        if settle is None and self.why_not_writable():
            return await self.read(look)
        return await self.write(settle or look)

    def place(self, tx: Connection) -> str:
        """Return on which of several servers this write is made; empty where there is but one, and in a read."""
        return ""

    def write_now(self, work: Work[Answer]) -> Answer:
        """Do what `write` does, in this very thread."""
        return self.told(self._write, self._of_this_schema(work))

    def _of_this_schema(self, work: Work[Answer]) -> Work[Answer]:
        def checked(tx: Connection) -> Answer:
            schema.refuse_another(tx, self.where)
            return work(tx)

        return checked

    def _in_thread(
        self, threads: ThreadPoolExecutor, run: Callable[[Work[Answer]], Answer], work: Work[Answer]
    ) -> asyncio.Future[Answer]:
        if self._closed:
            raise Unavailable("The store is closed: start the program again.")
        future = asyncio.wrap_future(threads.submit(self.told, run, work))
        future.add_done_callback(_take_notice)
        return future

    def told(self, run: Callable[[Given], Answer], given: Given) -> Answer:
        """Run something in this very thread; a fault of the database is raised in the operator's words.

        So is one of the file or the line below it, which a driver may pass on as it comes.
        """
        try:
            return run(given)
        except DBAPIError as error:
            fault = self.explain(error)
        except OSError as error:
            fault = self.unreachable(error)
        # Raised out here it does not carry the database's own words along, with patients in them.
        raise fault

    def unreachable(self, error: OSError) -> Unavailable:
        """Return what an operator is told of a fault of the file or the line below the database."""
        why = error.strerror or type(error).__name__
        return Unavailable(
            f"{self.where} cannot be reached ({why}): nothing was changed; try again in a moment."
        )

    @abstractmethod
    def _read(self, work: Work[Answer]) -> Answer: ...

    def _read_one(self, work: Work[Answer]) -> Answer:
        return self._read(work)

    @abstractmethod
    def _write(self, work: Work[Answer]) -> Answer: ...

    @abstractmethod
    def explain(self, error: DBAPIError) -> FrontdeskError:
        """Return what an operator is told of a fault: one sentence, what, where, what to do."""

    @abstractmethod
    def now(self, tx: Connection) -> datetime:
        """Return the time that decides what is past, read at this very moment."""

    @abstractmethod
    def lock_command(self, tx: Connection, command_id: UUID) -> None:
        """Wait until no other transaction has this command in hand, and keep others out."""

    @abstractmethod
    def lock_loading(self, tx: Connection) -> None:
        """Let one bulk load in at a time, so that two never wait for each other's rows."""

    @abstractmethod
    def look_at_rows(self, tx: Connection) -> None:
        """Learn what the tables hold, if that was never done, to choose well how to read them."""

    def insert_many(self, tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that all have the same columns."""
        tx.execute(insert(table), list(rows))

    @abstractmethod
    def announce(self, tx: Connection) -> None:
        """Wake those who wait for changes, once this transaction is committed."""

    @abstractmethod
    def news(self) -> AbstractContextManager[News]:
        """Ask for word of changes, before looking for some, for as long as the context lasts."""

    @abstractmethod
    def why_not_writable(self, tx: Connection | None = None) -> str:
        """Return why nothing can be written here, or nothing when it can.

        Without `tx` it answers from what is known at once.
        """

    @abstractmethod
    async def backup(self, target: Path) -> None:
        """Write a complete copy to a new file."""

    async def close(self) -> None:
        """End what is under way, then let go. Calling it twice is harmless."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self.let_go)

    def let_go(self) -> None:
        """End the threads, when their work is done, and the connections."""
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._engine.dispose()


def _take_notice(future: "asyncio.Future[Answer]") -> None:
    """Mark an error as seen: the caller of an abandoned write is not there to see it."""
    if not future.cancelled():
        future.exception()
