"""Connections: who outside is told of a cancellation, how, and whether they answer."""

from textual import work

from frontdesk.desk import OpenDesk
from frontdesk.screens.text_screen import TextScreen
from frontdesk.widgets.bar import Bar
from frontdesk.words.connections import connection_lines


class ConnectionsScreen(TextScreen):
    """As the store knows it: nobody is asked for this page."""

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self.desk = desk

    def on_mount(self) -> None:
        self.on_store_changed()
        self._ask_state()

    @work(exit_on_error=False)
    async def _ask_state(self) -> None:
        try:
            await self.desk.ask_state()
        except Exception as error:
            self.desk.fault(error)
            return
        self.on_store_changed()

    def on_resize(self) -> None:
        if self.is_mounted:
            self.on_store_changed()

    def on_store_changed(self) -> None:
        self.show(connection_lines(self.desk, self.app.size.width))
        self.query_one("#bar", Bar).show_desk(self.desk)
