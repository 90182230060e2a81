"""The bar: the first line of every screen that has a desk."""

from frontdesk.desk import OpenDesk
from frontdesk.widgets.line import Line
from frontdesk.words.bar import bar


class Bar(Line):
    """Says how an open desk stands, as of the store's latest answer.

    Keys are named only while `names_keys`: most of them do nothing on other screens than Bookings.
    """

    names_keys = False
    _desk: OpenDesk | None = None

    def show_desk(self, desk: OpenDesk) -> None:
        """Bring the bar in agreement with the desk."""
        self._desk = desk
        self.show(bar(desk, self.app.size.width, names_keys=self.names_keys))

    def on_resize(self) -> None:
        if self._desk is not None:
            self.show_desk(self._desk)
