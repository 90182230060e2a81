"""News of changes from PostgreSQL: one connection that only listens, and wakes who waits."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

CHANNEL = "frontdesk_change"
POLL_SECONDS = 20.0
"""Seconds without news after which a desk looks: a notice can be lost with its connection."""

_RECONNECT_SECONDS = 1.0
_LISTEN_SECONDS = 0.5
"""How long the thread listens until it looks whether it is to stop."""
LOOK_SECONDS = 2.0
"""How often it looks whether the store went back: who puts a backup back sends no notice."""

REST_SECONDS = 3.0
"""How long it goes on listening for nobody: who follows changes waits again as soon as they have some."""

_HEAD = "SELECT store_id, change FROM head"


class Subscription:
    """Remembers news from the moment it is made, so none falls between a look and a wait."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Tell of news, from any thread."""
        # The loop is closed when its program is at its end.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), min(seconds, POLL_SECONDS))
        self._event.clear()


class Listener:
    """Listens in a thread of its own while anybody waits, and reconnects for as long as they do.

    Where nobody listens, the server has nobody to wake for each change that is written.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._thread: threading.Thread | None = None
        self._left_at = 0.0
        self._stopping = threading.Event()
        self._doubtful = threading.Event()

    @contextmanager
    def news(self) -> Iterator[Subscription]:
        """Subscribe for as long as the context lasts."""
        subscription = Subscription()
        with self._lock:
            self._subscriptions.add(subscription)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store-listen", daemon=True)
                self._thread.start()
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)
                self._left_at = time.monotonic()

    def _run(self) -> None:
        while not self._ends():
            self._doubtful.clear()
            with suppress(psycopg.Error), self._connect() as connection:
                self._listen(connection)
                continue
            # Who waits for news looks, and finds out whether the server is away.
            self._wake()
            self._stopping.wait(_RECONNECT_SECONDS)

    def _ends(self) -> bool:
        """Return whether to end; then the next subscription finds no thread, and starts another."""
        with self._lock:
            if not self._is_over():
                return False
            self._thread = None
            return True

    def _is_over(self) -> bool:
        is_left = not self._subscriptions and time.monotonic() >= self._left_at + REST_SECONDS
        return is_left or self._stopping.is_set()

    def _listen(self, connection: psycopg.Connection) -> None:
        hears = _listens(connection)
        # Of what was written before this moment there was no notice.
        self._wake()
        known, look_at = _head(connection), time.monotonic() + LOOK_SECONDS
        while not (self._is_over() or self._doubtful.is_set()):
            for _ in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                self._wake()
            if time.monotonic() < look_at:
                continue
            seen, look_at = _head(connection), time.monotonic() + LOOK_SECONDS
            if _went_back(known, seen) or (known != seen and not hears):
                self._wake()
            known = seen

    def _wake(self) -> None:
        with self._lock:
            for subscription in self._subscriptions:
                subscription.wake()

    def doubt(self) -> None:
        """Connect anew: another connection to the same server was found to be dead."""
        self._doubtful.set()

    def stop(self) -> None:
        """End the thread. There is no news after it."""
        self._stopping.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()


def _listens(connection: psycopg.Connection) -> bool:
    """Have notices sent, and return whether that could be done: a standby sends none."""
    try:
        connection.execute(f"LISTEN {CHANNEL}")
    except psycopg.errors.ReadOnlySqlTransaction:
        return False
    return True


def _head(connection: psycopg.Connection) -> tuple[str, int] | None:
    """Return which store there is and its latest number, or None while there is none: it is being put back."""
    with suppress(psycopg.errors.UndefinedTable, psycopg.errors.LockNotAvailable):
        return connection.execute(_HEAD).fetchone()
    return None


def _went_back(known: tuple[str, int] | None, seen: tuple[str, int] | None) -> bool:
    if known is None or seen is None:
        return known is not seen
    return known[0] != seen[0] or seen[1] < known[1]
