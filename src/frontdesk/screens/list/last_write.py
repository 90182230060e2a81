"""The Last line: what this operator wrote last, and how far all that follows from it has got."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.cells import cell_len

from frontdesk import times
from frontdesk.audit import past_of
from frontdesk.billing.adjustments import Review
from frontdesk.bookings import Booking
from frontdesk.commands import Cancel, Done
from frontdesk.deliveries import Delivery
from frontdesk.desk import OpenDesk
from frontdesk.errors import FrontdeskError
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.widgets.line import Line
from frontdesk.words.deliveries import each_fact
from frontdesk.words.fitting import SHORTEST_NAME, fitted
from frontdesk.words.told import TICK, Part, Role, Told, told

GAP = "   "
"""Between two facts."""
SHOWN_FOR = timedelta(hours=12)
"""How far back an operator's last saved write is still worth showing at the start."""


@dataclass(frozen=True, slots=True)
class LastWrite:
    """A write to a booking and its facts, in words; `cut_off` says when the line went dead after it, if it did."""

    at: str
    patient: str
    when: str
    facts: tuple[Part, ...]
    cut_off: str = ""

    def in_width(self, width: int) -> Told:
        """Return the line in `width` cells.

        What says that the line was cut stays whole, and so do the facts. Where there is no room, the day
        goes first, then the time, then the name.
        """
        start = f"{self.cut_off} Last saved: {self.at}" if self.cut_off else self.at
        for when in (f" {self.when}", f" {self.when.split(' ', 1)[-1]}", ""):
            line = self._line(f"{start}  {self.patient}{when}", self.facts)
            if line.width <= width:
                return line
        # Beside the cut, what was saved here matters; the rest is in Details.
        facts = self.facts[:1] if self.cut_off else self.facts
        room = width - self._line(f"{start}  ", facts).width
        if room >= min(SHORTEST_NAME, cell_len(self.patient)):
            return self._line(f"{start}  {fitted(self.patient, min(room, cell_len(self.patient)))}", facts)
        return told(f" {start}", Role.QUIET) if self.cut_off else self._line(self.at, facts)

    @staticmethod
    def _line(start: str, facts: Sequence[Part]) -> Told:
        parts = [Part(f" {start}", Role.QUIET)]
        for one in facts:
            parts.append(Part(GAP))
            if one.role is Role.DONE:
                parts += [Part(TICK, Role.DONE), Part(one.text, Role.QUIET)]
            elif one.role is Role.CHIP:
                parts.append(Part(f" {one.text} ", Role.CHIP))
            else:
                parts.append(one)
        return Told(tuple(parts))


class LastLine(Line):
    """Empty until this operator has written something. Its methods raise FrontdeskError."""

    _done: Done[Booking] | None = None
    _write: LastWrite | None = None
    _cut_off = ""

    async def find(self, desk: OpenDesk) -> None:
        """Show what this operator saved last, unless there is something later to show.

        If the operator's line was cut, it says when, and after which write.
        """
        cut_at = desk.program.cut_offs.take(desk.operator.name) if desk.program.cut_offs else None
        if cut_at is not None and cut_at > desk.now() - SHOWN_FOR:
            self._cut_off = f"Your line was cut at {cut_at.astimezone(desk.here):%H:%M}."
            self.show(told(f" {self._cut_off}", Role.WARNING))
        done = await desk.store.last_write(desk.operator, desk.now() - SHOWN_FOR)
        if done is None and self._cut_off:
            nothing = f"Nothing saved in the last {SHOWN_FOR // timedelta(hours=1)} h."
            self.show(told(f" {self._cut_off} {nothing}", Role.WARNING))
        if done is not None and self._done is None:
            await self._state(desk, done)

    def forget(self) -> None:
        """Be empty: another operator sits here now."""
        self._done = self._write = None
        self._cut_off = ""
        self.show(told(""))

    async def state(self, desk: OpenDesk, done: Done[Booking]) -> None:
        """Show what was done to a booking just now, and how far what follows has got."""
        self._cut_off = ""
        try:
            await self._state(desk, done)
        except FrontdeskError:
            self._say(desk, done, None)
            raise

    async def _state(self, desk: OpenDesk, done: Done[Booking]) -> None:
        self._done = done
        booking_id = done.thing.id
        deliveries = await desk.store.deliveries(booking_id)
        # A cancelled booking is not charged, so there is nothing to ask.
        requests = () if done.kind == Cancel.kind else await desk.store.adjustments(booking_id)
        review = requests[-1].review if requests else Review.WITHDRAWN
        self._say(desk, done, deliveries, "" if review is Review.WITHDRAWN else review)

    def _say(
        self, desk: OpenDesk, done: Done[Booking], deliveries: Sequence[Delivery] | None, review: str = ""
    ) -> None:
        if self._done is not done:
            return  # something later was written meanwhile
        booking, practice = done.thing, done.thing.practice
        when = times.when_in_words(booking.starts_at, practice.zone, desk.now())
        followed = deliveries and [one for one in deliveries if one.created_at >= done.at]
        self._write = LastWrite(
            f"{done.at.astimezone(desk.here):%H:%M}",
            booking.patient.name,
            f"{when} {practice.short}" if len(desk.practices) > 1 else when,
            (*each_fact(past_of(done.kind), followed), *([Part(review, Role.WAITING)] if review else ())),
            self._cut_off,
        )
        self._show_write()

    async def read_again(self, desk: OpenDesk) -> None:
        """Show how far what follows has got by now."""
        if self._done is not None:
            await self._state(desk, self._done)

    async def follow(self, desk: OpenDesk, change: StoreChanged) -> None:
        """Say what became of the booking shown, if the change concerns it."""
        if self._done is not None and change.concerns(self._done.thing.id):
            await self.read_again(desk)

    def on_resize(self) -> None:
        self._show_write()

    def _show_write(self) -> None:
        if self._write is not None:
            self.show(self._write.in_width(self.app.size.width))
