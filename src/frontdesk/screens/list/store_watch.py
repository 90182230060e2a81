"""What is written elsewhere, and whether the store answers at all."""

import asyncio
from collections.abc import Awaitable, Callable

from frontdesk.desk import OpenDesk
from frontdesk.errors import FrontdeskError
from frontdesk.store.port import STORE, Change

CHANGE_WAIT = 20.0
"""Seconds that one question for changes may wait for one."""
ASK_AWAY = 1.0
"""Seconds between two questions to a store that does not answer."""
ASK_SHUT_OUT = 10.0
"""Seconds between two questions to a store that does not accept this desk: a person has to act first."""


class StoreWatch:
    """Follows a desk's store for as long as the desk is open.

    `on_changes` gets what was written, in order and without a gap, or a change of the kind STORE
    when all that was known is void: the desk has then been told, and its lists not yet.
    `on_contact` is called when the store begins or ceases to answer, after the desk has taken
    note of it. A store that was away is back when `catch_up` could read what is on the screen.
    """

    def __init__(
        self,
        desk: OpenDesk,
        on_changes: Callable[[tuple[Change, ...]], None],
        on_contact: Callable[[bool], None],
        catch_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._desk = desk
        self._catch_up = catch_up
        self._on_changes = on_changes
        self._on_contact = on_contact
        self._times_lost = 0
        self._is_lost = asyncio.Event()
        self._is_there = asyncio.Event()
        self._is_there.set()

    async def follow(self) -> None:
        """Tell of changes, until cancelled."""
        number, store_id = self._desk.state.number, self._desk.state.store_id
        while True:
            try:
                changes = await self._desk.store.changes(number, CHANGE_WAIT, store_id)
                if changes and changes[-1].subject == STORE:
                    await self._desk.read_all_anew()
                    store_id = self._desk.state.store_id
            except Exception as error:
                self.lost(self._desk.fault(error))
                await self._is_there.wait()
                continue
            if changes:
                number = changes[-1].number
                self._on_changes(changes)

    async def ask_until_back(self) -> None:
        """Whenever the store was lost, ask it until it answers, until cancelled."""
        while True:
            await self._is_lost.wait()
            await asyncio.sleep(ASK_SHUT_OUT if self._desk.shut_out else ASK_AWAY)
            times_lost = self._times_lost
            try:
                await self._desk.ask_state()
                await self._catch_up()
            except Exception as error:
                self.lost(self._desk.fault(error))
            else:
                # What failed since it was read again is not on the screen: that is asked again too.
                if times_lost == self._times_lost:
                    self.found()

    def lost(self, error: FrontdeskError) -> None:
        """Take note that a question was not answered, whoever asked it."""
        before = self._desk.away_since, self._desk.shut_out
        self._times_lost += 1
        self._desk.lost(error)
        self._is_there.clear()
        self._is_lost.set()
        if before != (self._desk.away_since, self._desk.shut_out):
            self._on_contact(False)

    def found(self) -> None:
        """Take note that the store has answered."""
        if self._is_lost.is_set():
            self._desk.found()
            self._is_lost.clear()
            self._is_there.set()
            self._on_contact(True)
