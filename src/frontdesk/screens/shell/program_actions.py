"""Commands that are the same on every screen: what their keys open."""

from textual import work
from textual.app import App

from frontdesk.desk import Desk, OpenDesk
from frontdesk.keys import key_name, keys_of
from frontdesk.screens.shell.roles import Offers
from frontdesk.terminal import FrontdeskDriver


class ProgramActions(App[None], inherit_bindings=False):
    """Base of the app. Each screen is loaded when first asked for: the first frame has not waited for it."""

    desk: Desk
    open_desk: OpenDesk | None

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
        from frontdesk.screens.chooser import Choice, ChooserScreen

        screen = self.screen
        if not isinstance(screen, Offers):
            return
        offered = screen.offered
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
        from frontdesk.screens.shell.leave import LeaveScreen

        if isinstance(self.screen, LeaveScreen):
            return
        if self.open_desk is None or await self.push_screen_wait(LeaveScreen(self.open_desk)):
            self.exit()

    def action_exit_now(self) -> None:
        self.exit()

    def action_paint_again(self) -> None:
        if isinstance(self._driver, FrontdeskDriver):
            self._driver.frames.forget()
