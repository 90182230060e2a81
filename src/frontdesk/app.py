"""The Textual app: one theme, the screens, keys strictly in order, one error policy."""

import asyncio
import contextlib
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.message_pump import MessagePump
from textual.screen import Screen

from frontdesk.bookings import FrontdeskError
from frontdesk.commands import COMMANDS
from frontdesk.desk import Desk, OpenDesk
from frontdesk.keys import key_name, keys_of
from frontdesk.screens.notices import OpeningScreen, TooSmallScreen, show_bug
from frontdesk.terminal import FrontdeskDriver, PositionAnswered

if TYPE_CHECKING:
    from frontdesk.screens.bookings import BookingsScreen

MIN_WIDTH, MIN_HEIGHT = 60, 16

DISPATCH_ENDS_WITHIN = 2.0
"""Seconds that leaving gives a delivery on its way; another dispatcher takes up what is cut off."""

SCREENS_ON_KEYS = tuple(
    f"frontdesk.screens.{name}"
    for name in ("cancel", "details", "attention", "chooser", "connections", "help", "leave")
)
"""What only a key opens: loaded while nobody waits for it, once the list is there."""


class FrontdeskApp(App[None], inherit_bindings=False):
    """What an operator sees.

    Keys go through one queue: the next one is handled when the one before it is done and,
    unless it is a letter typed into a text, when the list shows what was asked for.
    """

    TITLE = "frontdesk"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", "Leave", show=False, priority=True, id="program.leave.anywhere"),
        Binding("ctrl+l", "paint_again", "Paint again", show=False, priority=True, id="program.paint"),
    ]
    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    Input > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    Input > .input--selection { background: ansi_default; color: ansi_default; text-style: underline; }
    TextArea { background: ansi_default; color: ansi_default; }
    TextArea > .text-area--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    """

    def __init__(self, desk: Desk, driver_class: type[Driver] = FrontdeskDriver) -> None:
        super().__init__(driver_class=driver_class, ansi_color=True)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.desk = desk
        self.open_desk: OpenDesk | None = None
        self._dispatching: asyncio.Task[None] | None = None
        self._keys: asyncio.Queue[tuple[events.Event, float]] = asyncio.Queue()
        self.set_keymap(dict(desk.settings.keys))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None of Textual's own: its screenshot writes patients to a file."""
        return ()

    # -- opening ------------------------------------------------------------------------

    async def on_mount(self) -> None:
        opening = OpeningScreen()
        await self.push_screen(opening)
        # Loading a database keeps the interpreter so busy that nothing would be painted beside it.
        opening.call_after_refresh(self.action_open_store)

    @work(exclusive=True, exit_on_error=False, group="opening")
    async def action_open_store(self) -> None:
        if isinstance(self.screen, OpeningScreen):
            self.screen.waiting()
        try:
            self.open_desk = await OpenDesk.opened(self.desk)
        except FrontdeskError as error:
            if isinstance(self.screen, OpeningScreen):
                self.screen.failed(error)
            return
        except Exception as error:
            show_bug(self, self.desk, error)
            return
        screen = await asyncio.to_thread(self._bookings_screen, self.open_desk)
        await self.switch_screen(screen)
        self._handle_keys()
        await screen.is_painted.wait()
        for name in SCREENS_ON_KEYS:
            await asyncio.to_thread(import_module, name)
        with contextlib.suppress(FrontdeskError):
            await self.open_desk.store.rows(())  # answered when the store has come, whatever came before it
        self.desk.on_loaded()
        self._dispatching = asyncio.create_task(self._carry_out())

    async def _carry_out(self) -> None:
        """Have what follows from cancellations done; a bug in that must not take the screen away."""
        if self.desk.dispatch is not None:
            try:
                await self.desk.dispatch.prepare()
                self._say_notices()
                await self.desk.dispatch.run()
            except Exception as error:
                self.desk.report(error)

    def _say_notices(self) -> None:
        """Bring what is only known now into the status lines: nothing else may change for long."""
        from frontdesk.widgets.status_line import StatusLine

        if self.open_desk is not None and self.desk.notices:
            for screen in self.screen_stack:
                for line in screen.query(StatusLine):
                    line.show_desk(self.open_desk)

    @staticmethod
    def _bookings_screen(desk: OpenDesk) -> "BookingsScreen":
        from frontdesk.screens.bookings import BookingsScreen

        return BookingsScreen(desk)

    def on_resize(self, event: events.Resize) -> None:
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.frames.resized(event.size)
        is_small = event.size.width < MIN_WIDTH or event.size.height < MIN_HEIGHT
        if is_small and not isinstance(self.screen, TooSmallScreen):
            self.push_screen(TooSmallScreen(MIN_WIDTH, MIN_HEIGHT))
        elif not is_small and isinstance(self.screen, TooSmallScreen):
            self.pop_screen()

    def action_exit_now(self) -> None:
        self.exit()

    async def on_unmount(self) -> None:
        if self._dispatching is not None:
            self._dispatching.cancel()
            await asyncio.wait([self._dispatching], timeout=DISPATCH_ENDS_WITHIN)
        if self.open_desk is not None:
            await self.open_desk.store.close()

    # -- keys, strictly in order --------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        if (
            not isinstance(event, events.Key | events.Paste)
            or event.is_forwarded
            or self._answers_itself(event)
        ):
            await super().on_event(event)
        else:
            self._keys.put_nowait((event, self.desk.clock()))

    def _answers_itself(self, event: events.Event) -> bool:
        """Whether the opening screen takes this key now; all others wait until the store is open."""
        if self.open_desk is not None or not isinstance(self.screen, OpeningScreen):
            return False
        leaves = isinstance(event, events.Key) and event.key == "ctrl+c"
        return leaves or self.screen.has_failed

    @work(exit_on_error=False, group="keys")
    async def _handle_keys(self) -> None:
        while True:
            event, arrived_at = await self._keys.get()
            try:
                await self._handle_key(event, arrived_at)
            except Exception as error:
                show_bug(self, self.desk, error)
            finally:
                self._keys.task_done()

    async def _handle_key(self, event: events.Event, arrived_at: float) -> None:
        # They are loaded by now; the first frame has not waited for them.
        from frontdesk.screens.bookings import BookingsScreen
        from frontdesk.screens.writing import WritingScreen

        if isinstance(self.screen, WritingScreen):
            if not await self.screen.takes(event):
                return
            await self._drained(self.screen)
        screen = self.screen
        if isinstance(screen, BookingsScreen):
            if not self._edits_text(event):
                await screen.settled()
            screen.key_comes()
        if self.open_desk is not None:
            self.open_desk.key_arrived_at = arrived_at
        target: MessagePump = self.focused or self.screen
        await super().on_event(event)
        # A key climbs from the widget to the app, what it causes climbs once more, and a screen
        # it opened must have its focus before the next key looks for it.
        await self._drained(target)
        await self._drained(self.focused or self.screen)
        if self.screen is not screen:
            await self._drained(self.focused or self.screen)

    def _edits_text(self, event: events.Event) -> bool:
        """Whether this key only changes the text in Find, which need not wait for a search."""
        from frontdesk.widgets.find_bar import FindField
        from frontdesk.widgets.reason_field import ReasonField

        if not isinstance(self.focused, FindField | ReasonField):
            return False
        if isinstance(event, events.Paste):
            return True
        if not isinstance(event, events.Key):
            return False
        return event.is_printable or event.key in (
            "escape",
            "backspace",
            "delete",
            "left",
            "right",
            "ctrl+u",
            "ctrl+w",
        )

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

    async def settled(self) -> None:
        """Return when every key so far is handled and the list shows what was asked for."""
        from frontdesk.screens.bookings import BookingsScreen

        await self._keys.join()
        if isinstance(self.screen, BookingsScreen):
            await self.screen.settled()

    def on_position_answered(self, message: PositionAnswered) -> None:
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.frames.answered(message.number)
        if self.open_desk is None:
            return
        from frontdesk.screens.cancel import CancelScreen

        if isinstance(self.screen, CancelScreen):
            self.screen.position_answered(message.number)

    # -- commands of the whole program --------------------------------------------------

    def action_help(self) -> None:
        from frontdesk.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.desk.settings.keys))

    def action_attention(self) -> None:
        from frontdesk.screens.attention import AttentionScreen

        if self.open_desk is not None:
            self.push_screen(AttentionScreen(self.open_desk))

    def action_connections(self) -> None:
        from frontdesk.screens.connections import ConnectionsScreen

        if self.open_desk is not None:
            self.push_screen(ConnectionsScreen(self.open_desk))

    @work(exit_on_error=False, group="asking")
    async def action_palette(self) -> None:
        from frontdesk.screens.bookings import BookingsScreen
        from frontdesk.screens.chooser import Choice, ChooserScreen

        screen = self.screen
        if not isinstance(screen, BookingsScreen):
            return
        offered = [command for command in COMMANDS if command.in_palette]
        overrides = self.desk.settings.keys
        choices = [
            Choice(command.label, ", ".join(key_name(key) for key in keys_of(command, overrides)))
            for command in offered
        ]
        chosen = await self.push_screen_wait(ChooserScreen("All commands", choices))
        if chosen is not None:
            await self.run_action(offered[chosen].action, screen)

    @work(exit_on_error=False, group="asking")
    async def action_leave(self) -> None:
        from frontdesk.screens.leave import LeaveScreen

        if isinstance(self.screen, LeaveScreen):
            return
        if self.open_desk is None or await self.push_screen_wait(LeaveScreen(self.open_desk)):
            self.exit()

    # -- painting -----------------------------------------------------------------------

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write only what changed on the terminal, where that is known; else let Textual paint."""
        driver = self._driver
        if (
            isinstance(driver, FrontdeskDriver)
            and renderable is not None
            and self.desk.settings.diff
            and self._running
            and not self._closed
            and not self._batch_count
        ):
            driver.frames.is_synchronised = self._sync_available
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            if driver.frames.show(renderable, self.size, cursor, self.console._color_system):
                self.post_display_hook()
                return
        super()._display(screen, renderable)

    def action_paint_again(self) -> None:
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.frames.forget()

    # -- errors -------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        """Leave the screen without Textual's traceback, which prints locals and so patients."""
        reference = self.desk.report(error)
        self._return_code = 1
        self._exception = error
        self.exit(
            return_code=1,
            message=f"Something went wrong in frontdesk, reference {reference}. What was saved is saved.",
        )
