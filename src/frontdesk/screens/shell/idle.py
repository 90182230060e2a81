"""How long nobody has pressed a key."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable
from datetime import timedelta

from frontdesk.desk import Clock


class IdleTimer:
    """Calls `on_idle` once when no key came for so long (None: never); `start` begins anew.

    A key costs one assignment: the timer looks at the clock only when it runs out, and then
    waits for the rest.
    """

    def __init__(self, clock: Clock, after: timedelta | None, on_idle: Callable[[], object]) -> None:
        self._clock = clock
        self._after = after.total_seconds() if after else None
        self._on_idle = on_idle
        self._timer: TimerHandle | None = None
        self.last_key = clock()
        """When the last key came, by the clock."""

    def start(self) -> None:
        """Count from now on."""
        self.stop()
        self.last_key = self._clock()
        if self._after is not None:
            self._wait(self._after)

    def stop(self) -> None:
        """Count no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """See whether it has been long enough, else wait for the rest."""
        left = self.last_key + (self._after or 0.0) - self._clock()
        if left > 0:
            self._wait(left)
        else:
            self.stop()
            self._on_idle()

    def _wait(self, seconds: float) -> None:
        self._timer = get_running_loop().call_later(seconds, self.look)
