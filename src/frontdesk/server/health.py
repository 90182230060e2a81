"""Whether the store can be reached: anybody may ask, and as often as they like."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from frontdesk.bookings import LAST_ID
from frontdesk.errors import FrontdeskError
from frontdesk.store.port import BookingStore

_GOOD_SECONDS = 1.0


@dataclass
class Health:
    """Looks at the store at most once a second: anybody may ask, so asking must cost it nothing."""

    store: BookingStore
    report: Callable[[BaseException], object]
    _look: asyncio.Task[bool] | None = field(default=None, init=False)
    _looked_at: float = field(default=float("-inf"), init=False)

    async def is_good(self) -> bool:
        """Return whether the store answered when it was looked at last."""
        now = asyncio.get_running_loop().time()
        if self._look is None or (self._look.done() and now >= self._looked_at + _GOOD_SECONDS):
            self._looked_at = now
            self._look = asyncio.create_task(self._answers())
        return await asyncio.shield(self._look)

    async def _answers(self) -> bool:
        try:
            # No change has this number yet: the least that a store can be asked.
            await self.store.changes(LAST_ID, 0)
        except FrontdeskError:
            return False
        except Exception as error:
            self.report(error)
            return False
        return True
