"""What stands beside the booking under the cursor: in two lines below the list, or in the pane."""

import asyncio

from textual import work

from frontdesk.bookings import Booking
from frontdesk.desk import OpenDesk
from frontdesk.screens.list.key_line import KeyLine
from frontdesk.screens.list.narrowing import Narrowing
from frontdesk.screens.list.pane import Pane
from frontdesk.sources.bookings import BookingSource
from frontdesk.words.related import below_list
from frontdesk.words.summary import peek
from frontdesk.words.told import told


class Neighbours(Narrowing, inherit_bindings=False):
    """A list of bookings that says who could be taken for the patient under the cursor."""

    def __init__(self, desk: OpenDesk, source: BookingSource, key_line: KeyLine) -> None:
        super().__init__(desk, source, key_line)
        self.is_painted = asyncio.Event()
        self._beside_of: int | None = None
        """The booking that the second line is about."""

    @property
    def pane(self) -> Pane:
        """The pane at the right, which only a wide window shows."""
        return self.query_one("#pane", Pane)

    def show_neighbours(self) -> None:
        """Say what the row under the cursor has no room for, and who could be taken for its patient."""
        row = self.listing.current
        self.pane.turn_to(row.booking if row else None)
        if self.pane.display:
            return
        self.line("peek").show(peek(row.booking, self.size.width) if row else told(""))
        about = row.booking.id if row else None
        if about != self._beside_of:
            self._beside_of = about
            self.line("beside").show(told(""))  # what is there is of another booking
        if row is not None and self.is_painted.is_set():
            self._look_beside(row.booking)

    @work(exclusive=True, exit_on_error=False, group="related")
    async def _look_beside(self, booking: Booking) -> None:
        try:
            related = await self.desk.store.related(booking.id)
        except Exception as error:
            self.desk.fault(error)
            return
        row, listing = self.listing.current, self.listing
        if row is not None and row.booking.id == booking.id:
            search = listing.view.rows if listing.text else ()
            self.line("beside").show(below_list(booking, related, self.desk.now(), self.size.width, search))
