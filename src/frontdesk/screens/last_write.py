"""The Last line: what this operator wrote last, and how far all that follows from it has got."""

from dataclasses import dataclass
from datetime import timedelta

from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import Booking
from frontdesk.deliveries import facts
from frontdesk.desk import OpenDesk
from frontdesk.screens.changes import StoreChanged
from frontdesk.widgets.fitting import fitted
from frontdesk.widgets.line import Line

SHOWN_FOR = timedelta(hours=12)
"""How far back an operator's last saved write is still worth showing at the start."""

SHORTEST_NAME = 6
"""Cells below which a cut name tells nobody apart."""


@dataclass(frozen=True, slots=True)
class LastWrite:
    """A cancellation and its facts, in words."""

    at: str
    patient: str
    when: str
    facts: str

    def in_width(self, width: int) -> str:
        """Return the line in `width` cells: the facts stay whole, the day gives way, then the time, the name."""
        for when in (f" {self.when}", f" {self.when.split(' ', 1)[-1]}", ""):
            line = f"Last {self.at} {self.patient}{when}: {self.facts}"
            if cell_len(line) <= width:
                return line
        room = width - cell_len(f"Last {self.at} : {self.facts}")
        if room < SHORTEST_NAME:
            return f"{self.at} {self.facts}"
        return f"Last {self.at} {fitted(self.patient, room).rstrip()}: {self.facts}"


class LastLine(Line):
    """Empty until this operator has written something. Its methods raise FrontdeskError."""

    _booking: Booking | None = None
    _write: LastWrite | None = None

    async def find(self, desk: OpenDesk) -> None:
        """Show what this operator saved last, unless there is something later to show."""
        booking = await desk.store.last_write(desk.operator, desk.now() - SHOWN_FOR)
        if booking is not None and self._booking is None:
            await self.state(desk, booking)

    async def state(self, desk: OpenDesk, booking: Booking) -> None:
        """Show this cancelled booking, and how far what follows has got."""
        done = booking.cancellation
        if done is None:
            return
        self._booking = booking
        deliveries = await desk.store.deliveries(booking.id)
        if self._booking is not booking:
            return  # something later was written meanwhile
        zone = booking.practice.zone
        self._write = LastWrite(
            f"{done.at.astimezone(zone):%H:%M}",
            booking.patient.name,
            times.when_in_words(booking.starts_at, zone, desk.now()),
            facts(deliveries),
        )
        self._show_write()

    async def follow(self, desk: OpenDesk, change: StoreChanged) -> None:
        """Say what became of the booking shown, if the change concerns it."""
        if self._booking is not None and change.concerns(self._booking.id):
            await self.state(desk, self._booking)

    def on_resize(self) -> None:
        self._show_write()

    def _show_write(self) -> None:
        if self._write is not None:
            self.show(self._write.in_width(self.app.size.width))
