"""The simulator's listening socket and its clock: real HTTP on the loopback address."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType

from frontdesk.demo.simulator.connection import Connection
from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.faults import Faults
from frontdesk.demo.simulator.office import Office, Reply
from frontdesk.demo.simulator.records import Entry, LedgerLine
from frontdesk.demo.simulator.wire import Request, SimulatedAccount

HOST = "127.0.0.1"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Simulator:
    """A PMS that listens while it is entered: `async with Simulator(Diary(), [account]) as pms`.

    `port` 0 takes a free one, which stays the same over `stop_listening` and `listen`.
    `clock` is the PMS's own; `sleep` passes the seconds of slow answers and late effects.
    """

    def __init__(
        self,
        diary: Diary,
        accounts: Sequence[SimulatedAccount],
        *,
        port: int = 0,
        clock: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._diary = diary
        self._accounts = tuple(accounts)
        self._office = Office(diary, accounts, clock)
        self._port = port
        self._sleep = sleep
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._somebody_waits = asyncio.Condition()
        self._released = asyncio.Event()

    async def __aenter__(self) -> "Simulator":
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening, and drop what was still to take effect."""
        await self.stop_listening()
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    @property
    def faults(self) -> Faults:
        """What goes wrong; change it at any time."""
        return self._office.faults

    @property
    def diary(self) -> Diary:
        """The appointments."""
        return self._diary

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        """What was asked for and what it changed, in order."""
        return self._diary.ledger.lines()

    @property
    def effective(self) -> tuple[LedgerLine, ...]:
        """The lines of the ledger that changed an appointment."""
        return tuple(line for line in self.ledger if line.effective)

    @property
    def accounts(self) -> tuple[SimulatedAccount, ...]:
        """Who it is for."""
        return self._accounts

    @property
    def port(self) -> int:
        """The port it listens on, or listened on."""
        return self._port

    @property
    def base_url(self) -> str:
        """The address of the first account."""
        return self.url(self._accounts[0].name)

    def url(self, account: str) -> str:
        """Return the address of an account, without a slash at its end."""
        return f"http://{HOST}:{self._port}/{account}"

    def put(self, entry: Entry, account: str = "") -> None:
        """Write an appointment into the diary of an account, the first one unless it is named."""
        self._diary.put(account or self._accounts[0].name, entry)

    def entry(self, ref: str, account: str = "") -> Entry:
        """Return an appointment as it stands. Raises LookupError."""
        found = self._diary.entry(account or self._accounts[0].name, ref)
        if found is None:
            raise LookupError(ref)
        return found

    async def listen(self) -> None:
        """Listen, again or for the first time. Raises OSError when the port is taken."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def stop_listening(self) -> None:
        """Refuse connections from now on, and reset those that are open."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        tasks = tuple(self._connections)
        for task, connection in tuple(self._connections.items()):
            connection.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def until_waiting(self) -> None:
        """Return when some request or late effect is waiting for its time."""
        async with self._somebody_waits:
            await self._somebody_waits.wait_for(lambda: self._waiting > 0)

    async def release(self) -> None:
        """Let everything that is waiting go on now, and return when late effects are done."""
        self._released.set()
        self._released = asyncio.Event()
        await asyncio.gather(*self._late)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._wait)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine always runs in one
        self._connections[task] = connection
        try:
            await connection.serve(self._reply, self._do_later)
        except asyncio.CancelledError:
            # Ended by stop_listening: to let it out would be reported as a failure of the server.
            return
        finally:
            del self._connections[task]
            writer.close()

    def _reply(self, request: Request) -> Reply:
        return self._office.reply(request)

    def _do_later(self, reply: Reply) -> None:
        task = asyncio.create_task(self._later(reply, self._released))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _later(self, reply: Reply, released: asyncio.Event) -> None:
        if reply.later and reply.fault:
            await self._wait_for(released, reply.fault.seconds, None)
            reply.later()

    async def _wait(self, seconds: float | None, reader: asyncio.StreamReader) -> bool:
        return await self._wait_for(self._released, seconds, reader)

    async def _wait_for(
        self, released: asyncio.Event, seconds: float | None, reader: asyncio.StreamReader | None
    ) -> bool:
        """Wait until the time is over or released, or the client is gone, which is False."""
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(released.wait())]
        if seconds is not None:
            waits.append(asyncio.ensure_future(self._slept(seconds)))
        gone = asyncio.ensure_future(_gone(reader)) if reader else None
        if gone:
            waits.append(gone)
        await self._count(1)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return gone is None or not gone.done()
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
            await self._count(-1)

    async def _slept(self, seconds: float) -> object:
        await self._sleep(seconds)
        return None

    async def _count(self, change: int) -> None:
        async with self._somebody_waits:
            self._waiting += change
            self._somebody_waits.notify_all()


async def _gone(reader: asyncio.StreamReader) -> object:
    """Return when the client has closed its end."""
    try:
        return await reader.read(1)
    except OSError as error:
        return error
