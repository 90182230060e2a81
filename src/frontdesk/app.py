"""The Textual app: the screens, who may see them, one error policy."""

import asyncio
import contextlib
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen

from frontdesk.desk import Desk, OpenDesk, SignIn
from frontdesk.errors import FrontdeskError
from frontdesk.keys import key_name, keys_of
from frontdesk.screens.shell.colours import Colours
from frontdesk.screens.shell.desk_lock import DeskLock
from frontdesk.screens.shell.key_queue import LOCK_KEY, KeyQueue
from frontdesk.screens.shell.notices import OpeningScreen, TooSmallScreen, show_bug
from frontdesk.screens.shell.roles import (
    Explains,
    HearsTerminal,
    HoldsUnsent,
    Home,
    Offers,
    Settles,
    TakesMouse,
)
from frontdesk.terminal import BackgroundAnswered, FrontdeskDriver, Pointed, PositionAnswered
from frontdesk.widgets.look import PLAIN, Look

if TYPE_CHECKING:
    from frontdesk.screens.list.bookings import BookingsScreen
    from frontdesk.screens.shell.lock import Admitted

MIN_WIDTH, MIN_HEIGHT = 60, 16

ENDS_WITHIN = 2.0
"""Seconds that leaving gives a delivery on its way; another dispatcher takes up what is cut off."""


class FrontdeskApp(App[None], inherit_bindings=False):
    """What an operator sees. Keys go through one queue, see `screens/shell/key_queue.py`."""

    TITLE = "frontdesk"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", "Leave", show=False, priority=True, id="program.leave.anywhere"),
        Binding(LOCK_KEY, "lock", "Lock", show=False, priority=True, id="program.lock.anywhere"),
        Binding("ctrl+l", "paint_again", "Paint again", show=False, priority=True, id="program.paint"),
    ]
    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    Input > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    Input > .input--selection { background: ansi_default; color: ansi_default; text-style: underline; }
    TextArea { background: ansi_default; color: ansi_default; }
    """

    def __init__(self, desk: Desk, driver_class: type[Driver] = FrontdeskDriver) -> None:
        super().__init__(driver_class=driver_class, ansi_color=True)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        # Looks name colours of the fixed palette: they are sent as they are, in few bytes.
        self.console._color_system = ColorSystem.EIGHT_BIT
        self.look: Look = PLAIN
        # Each screen would mount a widget for either, and nothing here shows them.
        self._disable_tooltips = self._disable_notifications = True
        self.colours = Colours(self, desk.settings.theme, self.take_look)
        self.desk = desk
        self.open_desk: OpenDesk | None = None
        self._dispatching: asyncio.Task[None] | None = None
        self._keys = KeyQueue(self, desk.clock, super().on_event, self._show_bug)
        self._desk_lock = DeskLock(
            self, self._keys, desk.clock, desk.settings, lambda: self.fit_window(self.size)
        )
        self.set_keymap(dict(desk.settings.keys))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None of Textual's own: its screenshot writes patients to a file."""
        return ()

    # -- opening ------------------------------------------------------------------------

    async def on_mount(self) -> None:
        self.colours.begin()
        if self.desk.settings.mouse and isinstance(self._driver, FrontdeskDriver):
            self._driver.hear_mouse()
        opening = OpeningScreen()
        await self.push_screen(opening)
        # Loading a database keeps the interpreter so busy that nothing would be painted beside it.
        opening.call_after_refresh(self.action_open_store)

    @work(exclusive=True, exit_on_error=False, group="opening")
    async def action_open_store(self) -> None:
        if isinstance(self.screen, OpeningScreen):
            self.screen.waiting()
        try:
            desk = self._keys.desk = self.open_desk = await OpenDesk.opened(self.desk)
        except FrontdeskError as error:
            if isinstance(self.screen, OpeningScreen):
                self.screen.failed(error)
            return
        except Exception as error:
            self._show_bug(error)
            return
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.on_lost = self._note_cut_off
        try:
            if self.desk.sign_in is None:
                await self._open_list(desk)
            else:
                await self._ask_who(self.desk.sign_in, desk)
        except Exception as error:
            self._show_bug(error)

    async def _ask_who(self, sign_in: SignIn, desk: OpenDesk) -> None:
        """Have somebody sign in. Deliveries and the list's code do not wait for that."""
        from frontdesk.screens.shell.lock import SignInScreen

        await self.switch_screen(SignInScreen(self.desk, sign_in, desk.here))
        self._handle_keys()
        self._start_dispatch()
        await asyncio.to_thread(import_module, "frontdesk.screens.list.bookings")

    async def _open_list(self, desk: OpenDesk) -> None:
        screen = await asyncio.to_thread(self._bookings_screen, desk)
        await self.switch_screen(screen)
        if not desk.signed_in:
            self._handle_keys()
        self._desk_lock.begin(desk)
        await screen.is_painted.wait()
        self.colours.list_painted()
        if desk.signed_in:
            self._keys.hear()
        from frontdesk.screens.opening import ON_KEYS

        # What only a key opens is loaded while nobody waits for it.
        for name in ON_KEYS:
            await asyncio.to_thread(import_module, name)
        self._mount_spare(desk)
        with contextlib.suppress(FrontdeskError):
            await desk.store.rows(())  # answered when the store has come, whatever came before it
        self.desk.on_loaded()
        self._start_dispatch()

    def _mount_spare(self, desk: OpenDesk) -> None:
        """Have the dialog ready that is opened most often, with a caller on the phone."""
        from frontdesk.screens.dialogs.cancel import mount_spare

        mount_spare(self, desk)

    def _start_dispatch(self) -> None:
        """Have what follows from cancellations carried out beside the screens, if it is not already."""
        if self._dispatching is None:
            self._dispatching = asyncio.create_task(self._carry_out())

    async def _carry_out(self) -> None:
        """A bug in it must not take the screen away."""
        if self.desk.dispatch is not None:
            try:
                await self.desk.dispatch.prepare()
                self._say_notices()
                await self.desk.dispatch.run()
            except Exception as error:
                self.desk.report(error)

    def _say_notices(self) -> None:
        """Bring what is only known now onto the list: nothing else may change for long."""
        for screen in self.screen_stack if self.desk.notices else ():
            if isinstance(screen, Home):
                screen.show_standing()

    def _note_cut_off(self) -> None:
        """Remember that the terminal went away while somebody sat here."""
        desk = self.open_desk
        if desk and self.desk.cut_offs and (desk.signed_in or not self.desk.sign_in):
            self.desk.cut_offs.note(desk.operator.name, desk.now())

    @staticmethod
    def _bookings_screen(desk: OpenDesk) -> "BookingsScreen":
        from frontdesk.screens.list.bookings import BookingsScreen

        return BookingsScreen(desk)

    def on_resize(self, event: events.Resize) -> None:
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.frames.resized(event.size)
        self.fit_window(event.size)

    def fit_window(self, size: Size) -> None:
        """Show one sentence while the window is too small; what is locked fits any window."""
        width, height = size
        fits = self._desk_lock.is_locked or self._desk_lock.covers
        is_small = not fits and (width < MIN_WIDTH or height < MIN_HEIGHT)
        if is_small and not isinstance(self.screen, TooSmallScreen):
            self.push_screen(TooSmallScreen(MIN_WIDTH, MIN_HEIGHT))
        elif not is_small and isinstance(self.screen, TooSmallScreen):
            self.pop_screen()

    async def on_unmount(self) -> None:
        if self._dispatching is not None:
            self._dispatching.cancel()
            await asyncio.wait([self._dispatching], timeout=ENDS_WITHIN)
        if self.open_desk is not None:
            await self.open_desk.store.close()

    # -- keys ---------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        if (
            not isinstance(event, events.Key | events.Paste | Pointed)
            or event.is_forwarded
            or self._answers_itself(event)
        ):
            await super().on_event(event)
        else:
            self._desk_lock.idle.last_key = self._keys.put(event)

    def _answers_itself(self, event: events.Event) -> bool:
        """Whether the opening screen takes this key now; all others wait until the store is open."""
        if self.open_desk is not None or not isinstance(self.screen, OpeningScreen):
            return False
        leaves = isinstance(event, events.Key) and event.key == "ctrl+c"
        return leaves or self.screen.has_failed

    @work(exit_on_error=False, group="keys")
    async def _handle_keys(self) -> None:
        await self._keys.handle()

    async def settled(self) -> None:
        """Return when every key so far is handled and the list shows what was asked for."""
        await self._keys.handled()
        if isinstance(self.screen, Settles):
            await self.screen.settled()

    def on_position_answered(self, message: PositionAnswered) -> None:
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.frames.answered(message.number)
        self._keys.position_answered(message.number)
        if isinstance(self.screen, HearsTerminal):
            self.screen.position_answered(message.number)

    def on_pointed(self, event: Pointed) -> None:
        if isinstance(self.screen, TakesMouse):
            self.screen.pointed(event.x, event.y, event.turned)

    def on_background_answered(self, message: BackgroundAnswered) -> None:
        self.colours.answered(message.colour)

    # -- what its keys open: each screen is loaded when first asked for ---------------

    def action_help(self) -> None:
        from frontdesk.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            explained = self.screen.explained if isinstance(self.screen, Explains) else ()
            self.push_screen(HelpScreen(self.desk.settings.keys, explained))

    def action_open(self, place: str) -> None:
        """Open a screen over the one there is; `place` is what an action opens."""
        from frontdesk.screens.opening import screen_at

        if self.open_desk is not None:
            self.push_screen(screen_at(place)(self.open_desk))

    @work(exit_on_error=False, group="asking")
    async def action_palette(self) -> None:
        from frontdesk.screens.chooser import Choice, ChooserScreen

        screen = self.screen
        if not isinstance(screen, Offers):
            return
        offered = screen.offered
        overrides = self.desk.settings.keys
        choices = [
            Choice(action.label, ", ".join(key_name(key) for key in keys_of(action, overrides)))
            for action in offered
        ]
        chosen = await self.push_screen_wait(ChooserScreen("All commands", choices))
        if chosen is not None:
            await self.run_action(offered[chosen].call, screen)

    @work(exit_on_error=False, group="asking")
    async def action_leave(self) -> None:
        from frontdesk.screens.shell.leave import LeaveScreen

        if isinstance(self.screen, LeaveScreen):
            return
        held = [screen for screen in self.screen_stack if isinstance(screen, HoldsUnsent)]
        if self.open_desk is None or await self.push_screen_wait(
            LeaveScreen(self.open_desk, sum(one.unsent for one in held))
        ):
            self.exit()

    def action_exit_now(self) -> None:
        self.exit()

    def action_ask_colours(self) -> None:
        self.colours.ask_again()

    def action_paint_again(self) -> None:
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.frames.forget()

    # -- who may see it -----------------------------------------------------------------

    async def action_lock(self) -> None:
        await self._desk_lock.lock()

    def on_admitted(self, message: "Admitted") -> None:
        desk = self.open_desk
        if self._desk_lock.is_locked:
            self.run_worker(self._desk_lock.admit(message.name), group="unlocking", exclusive=True)
        elif desk is not None and not desk.signed_in:
            desk.signed_in = message.name
            self._keys.deafen()
            self.run_worker(self._open_list(desk), group="opening")

    def on_contact_changed(self) -> None:
        if self.open_desk is not None and self._desk_lock.has_to_cover != self._desk_lock.covers:
            self.run_worker(self._desk_lock.cover(), group="covering", exclusive=True)

    # -- painting -----------------------------------------------------------------------

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write only what changed on the terminal, where that is known; else let Textual paint."""
        driver = self._driver if self.desk.settings.diff else None
        if isinstance(driver, FrontdeskDriver) and driver.paint(renderable):
            self.post_display_hook()
        else:
            super()._display(screen, renderable)

    def take_look(self, look: Look) -> None:
        """Draw everything anew in another look, also what lies below the screen on top."""
        if look != self.look:
            self.look = look
            for screen in self.screen_stack:
                for widget in screen.walk_children(with_self=True):
                    widget.refresh()

    # -- errors -------------------------------------------------------------------------

    def _show_bug(self, error: Exception) -> None:
        show_bug(self, self.desk, error)

    def _handle_exception(self, error: Exception) -> None:
        """Leave the screen without Textual's traceback, which prints locals and so patients."""
        if self._exit and isinstance(error, NoMatches):
            return  # a screen is taken away while it is being built: how the program ends is decided
        reference = self.desk.report(error)
        self._return_code = 1
        self._exception = error
        self.exit(
            return_code=1,
            message=f"Something went wrong in frontdesk, reference {reference}. What was saved is saved.",
        )
