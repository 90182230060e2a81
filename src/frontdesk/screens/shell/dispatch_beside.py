"""Carries out what follows cancellations, beside the screens, for as long as they are there."""

import asyncio
from collections.abc import Callable

from frontdesk.desk import Desk

ENDS_WITHIN = 2.0
"""Seconds that leaving gives a delivery on its way; another dispatcher takes up what is cut off."""


class DispatchBeside:
    """Runs the desk's dispatch, if it has one. `on_prepared` is called when its notices are known."""

    def __init__(self, desk: Desk, on_prepared: Callable[[], None]) -> None:
        self._desk = desk
        self._on_prepared = on_prepared
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless it has begun already."""
        if self._running is None:
            self._running = asyncio.create_task(self._carry_out())

    async def stop(self) -> None:
        """End, in order where that does not take long."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running], timeout=ENDS_WITHIN)

    async def _carry_out(self) -> None:
        """A bug in it must not take the screen away."""
        if self._desk.dispatch is not None:
            try:
                await self._desk.dispatch.prepare()
                self._on_prepared()
                await self._desk.dispatch.run()
            except Exception as error:
                self._desk.report(error)
