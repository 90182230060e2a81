"""Connections: who outside is read and told, how, and whether they answer; what a PMS suddenly shows is decided here."""

from typing import ClassVar

from textual import work
from textual.binding import BindingType

from frontdesk.actions import CONNECTIONS_ACTIONS
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.held import HeldScreen
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.text_screen import TextScreen
from frontdesk.store.desk_diaries import RUNS_LIMIT
from frontdesk.widgets.bar import Bar
from frontdesk.words.connections import NOTHING_READ, WhatWasRead, connection_lines, to_decide
from frontdesk.words.diaries import shown_as


class ConnectionsScreen(TextScreen):
    """As the store knows it: nobody outside is asked for this page."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(CONNECTIONS_ACTIONS)

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self.desk = desk
        self._read = NOTHING_READ
        self._message = ""

    def on_mount(self) -> None:
        self._show_all()
        self._ask()

    @work(exclusive=True, exit_on_error=False, group="reading")
    async def _ask(self) -> None:
        desk = self.desk
        try:
            await desk.ask_state()
            if desk.state.diaries:
                runs, ends = await desk.store.diary_runs(RUNS_LIMIT), await desk.store.loose_ends()
                self._read = WhatWasRead(runs, ends)
        except Exception as error:
            self._say(desk.fault(error).hint)
            return
        self._show_all()

    def _say(self, message: str) -> None:
        self._message = message
        self._show_all()

    def _show_all(self) -> None:
        self.show(connection_lines(self.desk, self.app.size.width, self._read, self._message))
        self.query_one("#bar", Bar).show_desk(self.desk)

    def on_resize(self) -> None:
        if self.is_mounted:
            self._show_all()

    def on_store_changed(self, message: StoreChanged) -> None:
        self._show_all()
        self._ask()

    def key_comes(self) -> None:
        """Take the last answer away: a new key is about to be handled."""
        if self._message:
            self._say("")

    def action_refresh(self) -> None:
        self._ask()

    # -- what a PMS suddenly shows --------------------------------------------------------

    def action_decide(self) -> None:
        if to_decide(self.desk) is not None:
            self._decide()

    @work(exit_on_error=False, group="asking")
    async def _decide(self) -> None:
        desk = self.desk
        waiting = to_decide(desk)
        if waiting is None:
            return
        practice, diary = waiting
        try:
            change = await desk.store.held_change(diary.held or 0)
        except Exception as error:
            self._say(desk.fault(error).hint)
            return
        shown = shown_as(practice, desk.practices, desk.state.diaries)
        said = await self.app.push_screen_wait(HeldScreen(desk, change, shown))
        self._say(said or "")
        self._ask()
