"""Keys, strictly in order: the next one when the one before it is done and its answer is shown."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

from frontdesk.desk import Clock, OpenDesk
from frontdesk.screens.shell.roles import HearsKeys, TakesKeys
from frontdesk.terminal import ConfirmGate, ask_position

LOCK_KEY = "f9"
"""The key that waits for no store: who leaves the desk wants the screen empty now."""


class KeyQueue:
    """Hands keys and pastes to `app`, one after the other, by `deliver`.

    A key waits until the list shows what was asked for, and in a dialog until a write is
    answered; only a letter typed into a text does not wait. A key is dropped when it arrives
    while the queue is deaf, or before the operator can have seen the next frame. The lock key
    is never dropped.
    """

    def __init__(
        self,
        app: App[Any],
        clock: Clock,
        deliver: Callable[[events.Event], Awaitable[None]],
        report: Callable[[Exception], None],
    ) -> None:
        self.desk: OpenDesk | None = None
        """Told of each key when it arrived, as soon as there is an open desk."""
        self._app = app
        self._clock = clock
        self._deliver = deliver
        self._report = report
        self._waiting: asyncio.Queue[tuple[events.Event, float]] = asyncio.Queue()
        self._lock_asked = asyncio.Event()
        self._seen: ConfirmGate | None = None
        self._hears_from = 0.0

    def put(self, event: events.Event) -> float:
        """Take a key or a paste; return when it arrived, by the desk's clock."""
        arrived_at = self._clock()
        if _locks(event):
            self._lock_asked.set()
        self._waiting.put_nowait((event, arrived_at))
        return arrived_at

    async def handle(self) -> None:
        """Handle keys until cancelled; what goes wrong with one is reported."""
        while True:
            event, arrived_at = await self._waiting.get()
            try:
                if _locks(event) or self._counts(arrived_at):
                    await self._handle(event, arrived_at)
            except Exception as error:
                self._report(error)
            finally:
                self._waiting.task_done()

    async def handled(self) -> None:
        """Return when every key so far is handled."""
        await self._waiting.join()

    # -- keys typed at a screen that was not there yet ------------------------------------

    def deafen(self) -> None:
        """Drop what arrives from now on, until `hear`."""
        self._seen = ConfirmGate(self._clock, deaf_time=0.0)

    def hear(self) -> None:
        """Call it behind the frame that is to be seen first: what is typed at it counts again."""
        question = ask_position(self._app)
        if self._seen is not None and question:
            self._seen.painted(question)
        else:
            self._seen, self._hears_from = None, self._clock()

    def position_answered(self, question: int) -> None:
        """Take note that the terminal has painted everything written before this question."""
        if self._seen is not None:
            self._seen.answered(question)

    def _counts(self, arrived_at: float) -> bool:
        if self._seen is not None:
            return self._seen.is_open(arrived_at)
        return arrived_at >= self._hears_from

    # -- one key --------------------------------------------------------------------------

    async def _handle(self, event: events.Event, arrived_at: float) -> None:
        app = self._app
        if _locks(event):
            self._lock_asked.clear()
        # A dialog may close with its answer: then the key is for the screen below.
        while not _locks(event) and isinstance(asked := app.screen, TakesKeys):
            answer = asyncio.ensure_future(asked.takes(event))
            await asyncio.sleep(0)
            # Mostly nothing is waited for, and then nothing can have happened meanwhile.
            has_waited = not answer.done()
            if not await self._answered(answer):
                return
            if has_waited:
                await self._drained(asked)
            if not self._counts(arrived_at):
                return  # it was typed at a screen that the answer has taken away
            if app.screen is asked:
                break
        screen = app.screen
        if isinstance(screen, HearsKeys):
            screen.key_comes()
        if self.desk is not None:
            self.desk.key_arrived_at = arrived_at
        target: MessagePump = app.focused or app.screen
        await self._deliver(event)
        # A key climbs from the widget to the app, what it causes climbs once more, and a screen
        # it opened must have its focus before the next key looks for it.
        await self._drained(target)
        await self._drained(app.focused or app.screen)
        if app.screen is not screen:
            await self._drained(app.focused or app.screen)

    async def _answered(self, answering: asyncio.Future[bool]) -> bool:
        """Wait for the store's answer; False when there is none for this key.

        A key that waits while the lock is asked for is dropped: nobody is there any more to
        see what it does.
        """
        if answering.done():
            return answering.result()
        locking = asyncio.ensure_future(self._lock_asked.wait())
        try:
            await asyncio.wait((answering, locking), return_when=asyncio.FIRST_COMPLETED)
            return answering.done() and answering.result()
        finally:
            answering.cancel()
            locking.cancel()

    async def _drained(self, target: MessagePump) -> None:
        """Return when everything queued at `target` and above it so far has been handled."""
        node: MessagePump | None = target
        while node is not None:
            done = asyncio.Event()
            if node.is_running and node.call_later(done.set):
                # A node that is closed meanwhile never answers; the operator must not wait for it.
                while not done.is_set() and node.is_running:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.1):
                            await done.wait()
            node = node._parent


def _locks(event: events.Event) -> bool:
    return isinstance(event, events.Key) and event.key == LOCK_KEY
