"""The pane at the right of a wide list: the booking under the cursor, once the keys rest."""

from textual import work
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from frontdesk.bookings import Booking
from frontdesk.desk import OpenDesk
from frontdesk.widgets.look import look_of
from frontdesk.words.pane import Beside, pane_lines
from frontdesk.words.told import Part, Role, Told

REST = 0.15
"""Seconds without a key after which somebody reads."""
NOT_READ = "Not read. F5 tries again."
_EDGE = Part("│ ", Role.RULE)


class Pane(Widget):
    """Shows one booking and nothing of another one: it is empty from the first key until the keys rest."""

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 40; display: none; }
    """

    def __init__(self, desk: OpenDesk, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._desk = desk
        self._booking: Booking | None = None
        self._lines: tuple[Told, ...] = ()
        self._rest: Timer | None = None
        self._is_covered = False

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line."""
        return tuple(str(line) for line in self._lines)

    def turn_to(self, booking: Booking | None) -> None:
        """Be about a booking as soon as the keys rest: another one, or the same as it is now."""
        if booking == self._booking and self._rest is None:
            return
        if booking is None or self._booking is None or booking.id != self._booking.id:
            self._draw(())
        self._booking = booking
        self._wait_for_rest()

    def keys_come(self) -> None:
        """Be empty until the keys rest: what a key moves to is not read yet."""
        self._draw(())
        self._wait_for_rest()

    def cover(self, is_covered: bool) -> None:
        """Be empty below another screen, so that the list comes back first when it closes, and the pane behind."""
        self._is_covered = is_covered
        self.keys_come()

    def _wait_for_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        waits = self.display and self._booking and not self._is_covered
        self._rest = self.set_timer(REST, self.rest) if waits else None

    def rest(self) -> None:
        """Show who and when, which the row knows, and read the rest: no key has come for a while."""
        self._rest = None
        if (booking := self._booking) is not None:
            self._draw(self._told(booking))
            self._read(booking)

    @work(exclusive=True, exit_on_error=False, group="pane")
    async def _read(self, booking: Booking) -> None:
        store = self._desk.store
        try:
            read = Beside(
                await store.related(booking.id),
                await store.deliveries(booking.id),
                await store.history(booking.id),
            )
        except Exception as error:
            self._desk.fault(error)
            if self._is_read_of(booking):
                self._draw(self._told(booking, why_not_read=NOT_READ))
            return
        if self._is_read_of(booking):
            self._draw(self._told(booking, read))

    def _is_read_of(self, booking: Booking) -> bool:
        """Whether somebody still reads what was asked of this booking."""
        return self._rest is None and not self._is_covered and booking is self._booking

    def _told(self, booking: Booking, read: Beside | None = None, why_not_read: str = "") -> tuple[Told, ...]:
        desk = self._desk
        width = self.size.width - len(_EDGE.text)
        return pane_lines(booking, read, why_not_read, desk.now(), desk.home, width)

    def _draw(self, lines: tuple[Told, ...]) -> None:
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        line = self._lines[y - 1] if 0 < y <= len(self._lines) else Told()
        return look_of(self).strip(Told((_EDGE, *line.parts)), self.size.width)
