"""A PMS that never comes to an end of its answer: no key waits for it."""

import asyncio
from pathlib import Path

from frontdesk.attempts import Claim, Ended, Result, RetryPolicy
from frontdesk.bookings import Booking
from frontdesk.deliveries import State
from frontdesk.outbox import Dispatcher
from frontdesk.preflight import Preflight
from frontdesk.screens.attention import AttentionScreen
from frontdesk.screens.details import DetailsScreen
from frontdesk.screens.dialogs.cancel import CancelScreen
from frontdesk.store.opening import open_store
from tests.screens.conftest import FrontOpener
from tests.screens.front import Front, StillClock


class EndlessPms:
    """Begins every answer and ends none; the desk's dispatcher carries deliveries to it."""

    def __init__(self, store_path: Path, clock: StillClock) -> None:
        self.path, self.clock = store_path, clock
        self.asked, self.told = asyncio.Event(), asyncio.Event()
        self.ends = asyncio.Event()
        self.dispatcher: Dispatcher | None = None

    async def preflight(self, _: Booking) -> Preflight:
        self.asked.set()
        await self.ends.wait()
        raise AssertionError

    async def carry(self, _: Claim) -> Result:
        self.told.set()
        await self.ends.wait()
        return Result(Ended.DONE)

    async def close(self) -> None:
        """Nothing is open."""

    async def prepare(self) -> None:
        """There is nothing to find out."""

    async def run(self) -> None:
        store = await open_store(f"sqlite:///{self.path}", clock=self.clock.now)
        try:
            self.dispatcher = Dispatcher(
                store.queue, {"smile"}, lambda: {"smile": self}, RetryPolicy(), lambda _: None
            )
            await self.dispatcher.run()
        finally:
            await store.close()

    def wake(self) -> None:
        if self.dispatcher is not None:
            self.dispatcher.wake()

    async def left_alone(self) -> int:
        return 0


def on_top(front: Front) -> object:
    """The screen that takes the keys."""
    return front.app.screen


async def test_no_key_waits_for_a_pms(open_front: FrontOpener, store_path: Path) -> None:
    clock = StillClock()
    pms = EndlessPms(store_path, clock)
    async with open_front(clock=clock, preflight=pms.preflight, dispatch=pms) as front:
        await front.type("sd-10482")
        await front.press("enter", "c")
        dialog = on_top(front)
        assert isinstance(dialog, CancelScreen)
        await pms.asked.wait()
        await front.press("tab", "shift+tab", *"ill")
        assert dialog.reason.reason == "ill"
        clock.advance(2.0)
        await front.press("f8")
        await front.until(lambda: on_top(front) is not dialog)
        cancelled = front.marked.id
        await pms.told.wait()
        await front.press("escape", "escape", "down", "down", "pagedown", *"kovac")
        assert front.line("found") == "3 to come, 4 past or cancelled"
        await front.press("f4")
        assert isinstance(on_top(front), AttentionScreen)
        await front.press("escape", *"sd-10482", "enter", "d")
        assert isinstance(on_top(front), DetailsScreen)
        await front.press("escape")
        # All that time its answer was under way.
        (delivery, *_) = await front.store.deliveries(cancelled)
        assert (delivery.state, pms.ends.is_set()) == (State.CLAIMED, False)
        pms.ends.set()
