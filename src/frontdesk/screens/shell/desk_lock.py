"""When the screen is locked, what becomes of what was open on it, and who gets it back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App

from frontdesk.bookings import Booking
from frontdesk.desk import Clock, OpenDesk, Settings
from frontdesk.screens.shell.idle import IdleTimer
from frontdesk.screens.shell.key_queue import KeyQueue
from frontdesk.screens.shell.notices import ShutOutScreen, TooSmallScreen
from frontdesk.screens.shell.roles import AboutBooking, Home
from frontdesk.terminal import FrontdeskDriver

if TYPE_CHECKING:
    from frontdesk.screens.dialogs.writing import WritingScreen


class DeskLock:
    """Locks the screen of an open desk, at once or after a time without a key.

    What is only a question is closed, and so are dialogs, which write nothing: who comes back
    has another caller in front of them. What was typed is kept for a while. A write that is on
    its way is finished under the lock. `on_unlocked` is called when the screen is given back.
    """

    def __init__(
        self,
        app: App[None],
        keys: KeyQueue,
        clock: Clock,
        settings: Settings,
        on_unlocked: Callable[[], None],
    ) -> None:
        self._app = app
        self._on_unlocked = on_unlocked
        self._keys = keys
        self._desk: OpenDesk | None = None
        self._was_about_to: tuple[Booking, str] | None = None
        """The booking whose dialog the lock has closed, and what to say of it to who locked."""
        self.is_locked = False
        self.idle = IdleTimer(clock, settings.lock_after, lambda: app.call_later(self.lock))

    def begin(self, desk: OpenDesk) -> None:
        """From now on there is something to lock."""
        self._desk = desk
        self.idle.start()

    async def lock(self) -> None:
        """Leave nothing on the screen but who sits here, and the way back."""
        from frontdesk.screens.shell.lock import lock_screen

        if self._desk is None or self.is_locked:
            return
        self.is_locked = True
        self.idle.stop()
        self._was_about_to = None
        self._desk.last_reason = None
        self._close_questions()
        self._close_dialogs()
        screen = lock_screen(self._desk)
        await self._app.push_screen(screen)
        screen.call_after_refresh(self._erase_scrollback)

    def _close_questions(self) -> None:
        from frontdesk.screens.chooser import ChooserScreen
        from frontdesk.screens.list.go_to_day import GoToDayScreen
        from frontdesk.screens.shell.leave import LeaveScreen

        questions = ChooserScreen | GoToDayScreen | LeaveScreen | TooSmallScreen
        while isinstance(self._app.screen, questions):
            self._app.screen.dismiss(None)

    @property
    def has_to_cover(self) -> bool:
        """Whether the store does not accept this desk any more, which then may show no patient."""
        return self._desk is not None and bool(self._desk.shut_out) and not self.is_locked

    @property
    def covers(self) -> bool:
        """Whether the screen of a desk that is not accepted is on top."""
        return isinstance(self._app.screen, ShutOutScreen)

    async def cover(self) -> None:
        """Leave no patient on the screen of a desk that is not accepted, and give it back to one that is."""
        desk = self._desk
        if desk is None or self.is_locked or self.has_to_cover == self.covers:
            return
        if self.has_to_cover:
            self._close_questions()
            screen = ShutOutScreen(desk)
            await self._app.push_screen(screen)
            screen.call_after_refresh(self._erase_scrollback)
            return
        self._keys.deafen()
        try:
            await self._app.pop_screen()
            self._on_unlocked()
        finally:
            self._app.screen.call_after_refresh(self._keys.hear)

    def _close_dialogs(self) -> None:
        """Close every dialog without a write on its way, with what stands over it."""
        while idle := [dialog for dialog in self._dialogs() if dialog.is_idle]:
            if self._app.screen is idle[-1]:
                self._close_dialog(idle[-1])
            else:
                self._app.pop_screen()

    def _close_dialog(self, dialog: "WritingScreen[Any]") -> None:
        said = dialog.put_away()
        if said and isinstance(dialog, AboutBooking):
            self._was_about_to = dialog.booking, said
        dialog.dismiss(None)

    def _erase_scrollback(self) -> None:
        if isinstance(self._app._driver, FrontdeskDriver):
            self._app._driver.erase_scrollback()

    async def admit(self, name: str) -> None:
        """Give the list back to who locked it, with what they were about to do; to another from the start."""
        if self._desk is None or not self.is_locked:
            return
        if name != self._desk.operator.name:
            await self._writes_known()
        self._keys.deafen()
        try:
            with self._app.batch_update():
                await self._uncover(self._desk, name)
            self.is_locked = False
            await self.cover()
            self._on_unlocked()
            self.idle.start()
        finally:
            self._app.screen.refresh()
            self._app.screen.call_after_refresh(self._keys.hear)

    async def _writes_known(self) -> None:
        """Return when no dialog under the lock has a write on its way: it must not be cut off."""
        for dialog in self._dialogs():
            await dialog.is_known.wait()

    def _dialogs(self) -> "list[WritingScreen[Any]]":
        from frontdesk.screens.dialogs.writing import WritingScreen

        return [screen for screen in self._app.screen_stack if isinstance(screen, WritingScreen)]

    async def _uncover(self, desk: OpenDesk, name: str) -> None:
        from frontdesk.screens.shell.lock import LOCKS

        app = self._app
        is_same = name == desk.operator.name
        if not is_same:
            desk.signed_in = name
            for dialog in self._dialogs():
                dialog.abandon()
        self._close_questions()
        while any(isinstance(screen, LOCKS) for screen in app.screen_stack):
            await app.pop_screen()
        if is_same:
            self._close_dialogs()
        while not (is_same or isinstance(app.screen, Home)):
            await app.pop_screen()
        if isinstance(app.screen, Home):
            if not is_same:
                app.screen.start_over()
            elif self._was_about_to:
                app.screen.come_back(*self._was_about_to)
