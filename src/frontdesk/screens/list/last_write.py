"""The Last line: what this operator wrote last, and how far all that follows from it has got."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import Booking
from frontdesk.deliveries import Delivery
from frontdesk.desk import OpenDesk
from frontdesk.errors import FrontdeskError
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.widgets.line import Line
from frontdesk.words.deliveries import done_words, facts
from frontdesk.words.fitting import fitted

SHOWN_FOR = timedelta(hours=12)
"""How far back an operator's last saved write is still worth showing at the start."""

SHORTEST_NAME = 6
"""Cells that a cut name needs at least, to tell one patient from another."""


@dataclass(frozen=True, slots=True)
class LastWrite:
    """A cancellation and its facts, in words; `cut_off` says when the line went dead after it, if it did."""

    at: str
    patient: str
    when: str
    facts: str
    cut_off: str = ""

    def in_width(self, width: int) -> str:
        """Return the line in `width` cells.

        What says that the line was cut stays whole, and so do the facts. Where there is no room, the day
        goes first, then the time, then the name.
        """
        start = f"{self.cut_off} Last saved: {self.at}" if self.cut_off else f"Last {self.at}"
        for when in (f" {self.when}", f" {self.when.split(' ', 1)[-1]}", ""):
            line = f"{start} {self.patient}{when}: {self.facts}"
            if cell_len(line) <= width:
                return line
        # Beside the cut, what was saved here matters; the rest is in Details.
        facts = self.facts.split(",")[0] if self.cut_off else self.facts
        room = width - cell_len(f"{start} : {facts}")
        if room >= min(SHORTEST_NAME, cell_len(self.patient)):
            return f"{start} {fitted(self.patient, min(room, cell_len(self.patient)))}: {facts}"
        return start if self.cut_off else f"{self.at} {facts}"


class LastLine(Line):
    """Empty until this operator has written something. Its methods raise FrontdeskError."""

    _booking: Booking | None = None
    _write: LastWrite | None = None
    _cut_off = ""

    async def find(self, desk: OpenDesk) -> None:
        """Show what this operator saved last, unless there is something later to show.

        If the operator's line was cut, it says when, and after which write.
        """
        cut_at = desk.program.cut_offs.take(desk.operator.name) if desk.program.cut_offs else None
        if cut_at is not None and cut_at > desk.now() - SHOWN_FOR:
            self._cut_off = f"Your line was cut at {cut_at.astimezone(desk.here):%H:%M}."
            self.show(self._cut_off)
        done = await desk.store.last_write(desk.operator, desk.now() - SHOWN_FOR)
        booking = None if done is None else done.thing
        if booking is None and self._cut_off:
            self.show(f"{self._cut_off} Nothing saved in the last {SHOWN_FOR // timedelta(hours=1)} h.")
        if booking is not None and self._booking is None:
            await self._state(desk, booking)

    def forget(self) -> None:
        """Be empty: another operator sits here now."""
        self._booking = self._write = None
        self._cut_off = ""
        self.show("")

    async def state(self, desk: OpenDesk, booking: Booking) -> None:
        """Show this cancelled booking, which was written just now, and how far what follows has got."""
        self._cut_off = ""
        try:
            await self._state(desk, booking)
        except FrontdeskError:
            self._say(desk, booking, None)
            raise

    async def _state(self, desk: OpenDesk, booking: Booking) -> None:
        self._booking = booking
        self._say(desk, booking, await desk.store.deliveries(booking.id))

    def _say(self, desk: OpenDesk, booking: Booking, deliveries: Sequence[Delivery] | None) -> None:
        done = booking.cancellation
        at = booking.attendance.at if done is None else done.at
        if at is None or self._booking is not booking:
            return  # something later was written meanwhile
        practice = booking.practice
        when = times.when_in_words(booking.starts_at, practice.zone, desk.now())
        self._write = LastWrite(
            f"{at.astimezone(desk.here):%H:%M}",
            booking.patient.name,
            f"{when} {practice.short}" if len(desk.practices) > 1 else when,
            facts(done_words(booking), deliveries),
            self._cut_off,
        )
        self._show_write()

    async def read_again(self, desk: OpenDesk) -> None:
        """Show how far what follows has got by now."""
        if self._booking is not None:
            await self._state(desk, self._booking)

    async def follow(self, desk: OpenDesk, change: StoreChanged) -> None:
        """Say what became of the booking shown, if the change concerns it."""
        if self._booking is not None and change.concerns(self._booking.id):
            await self.read_again(desk)

    def on_resize(self) -> None:
        self._show_write()

    def _show_write(self) -> None:
        if self._write is not None:
            self.show(self._write.in_width(self.app.size.width))
