"""F5 asks PMSs for what is new: what became of that is said when it is known, and no key waits for it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from frontdesk.bookings import Practice
from frontdesk.desk import OpenDesk
from frontdesk.diary_runs import Run
from frontdesk.errors import FrontdeskError
from frontdesk.pauses import pause
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.key_line import KeyLine
from frontdesk.store.desk_diaries import RUNS_LIMIT
from frontdesk.store_state import DiaryState
from frontdesk.words import diaries as words

PAUSES = (0.5, 1.0, 1.0, 2.0, 2.0, 3.0)
"""Seconds between two questions how far the reading is."""

PATIENCE = 45.0
"""Seconds after which a PMS has not answered, as far as an operator is told; it is read all the same."""


class DiaryRead:
    """Has the diaries of a desk read once, and says in `key_line` what that brought.

    `show` is called with what brings the list up to date, where no key has come meanwhile: under the
    operator's hands no row moves. `tell_screens` is called whenever the state was read again.
    """

    def __init__(
        self,
        desk: OpenDesk,
        key_line: KeyLine,
        show: Callable[[], None],
        tell_screens: Callable[[StoreChanged], None],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._desk = desk
        self._key_line = key_line
        self._show = show
        self._tell_screens = tell_screens
        self._sleep = sleep

    async def run(self) -> None:
        """Ask for the diaries, and follow them until each was read, or could not be."""
        desk, key_line = self._desk, self._key_line
        keys = key_line.keys_so_far
        asked = self._readable(desk.state.diaries)
        if not asked:
            return
        key_line.reply(f"Reading {words.names(self._practices(asked))}...", keys)
        try:
            latest, since = await desk.store.diary_runs(1), desk.now()
            await desk.store.read_diaries()
            desk.program.wake_reader()
            ended = await self._followed({one.practice_id for one in asked}, since)
            runs = await desk.store.diary_runs(RUNS_LIMIT, latest[0].number if latest else 0)
        except Exception as error:
            fault = desk.fault(error)
            if not isinstance(error, FrontdeskError):
                raise
            key_line.reply(fault.hint, keys)
            return
        self._answer(asked, ended, runs, keys)

    def _readable(self, diaries: Sequence[DiaryState]) -> list[DiaryState]:
        known = {one.id for one in self._desk.practices}
        return [one for one in diaries if one.practice_id in known]

    def _practices(self, diaries: Sequence[DiaryState]) -> list[Practice]:
        wanted = {one.practice_id for one in diaries}
        return [one for one in self._desk.practices if one.id in wanted]

    async def _followed(self, asked: set[str], since: datetime) -> dict[str, bool]:
        """Return of each diary whether it was read `since`, once that is known of all, or patience ends."""
        ended, waited, times = dict[str, bool](), 0.0, 0
        while asked - ended.keys() and waited < PATIENCE:
            times += 1
            rest = pause(PAUSES, times)
            await self._sleep(rest)
            waited += rest
            await self._desk.ask_state()
            self._tell_screens(StoreChanged())
            for one in self._readable(self._desk.state.diaries):
                if one.is_awaited:
                    continue
                if one.failures:
                    ended[one.practice_id] = False
                elif one.read_at is not None and one.read_at >= since:
                    ended[one.practice_id] = True
        return ended

    def _answer(
        self, asked: Sequence[DiaryState], ended: dict[str, bool], runs: Sequence[Run], keys: int
    ) -> None:
        now, here = self._desk.now(), self._desk.here
        read = [one for one in asked if ended.get(one.practice_id)]
        not_read = [one for one in asked if not ended.get(one.practice_id)]
        said = []
        if read:
            counts = sum((Counter(run.counts) for run in runs), Counter[str]())
            said.append(f"{words.names(self._practices(read))} read: {words.brought(counts)}")
        if not_read:
            first = min(not_read, key=lambda one: one.read_at or now)
            said.append(words.did_not_answer(self._practices(not_read), first.read_at, now, here))
        self._key_line.reply(". ".join(said), keys)
        if read and self._key_line.keys_so_far == keys:
            self._show()
        self._tell_screens(StoreChanged())
