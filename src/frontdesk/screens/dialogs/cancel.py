"""Cancel Booking: what will be cancelled, what follows, an optional reason, and the confirm."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from frontdesk.actions import CANCEL_ACTIONS
from frontdesk.bookings import Booking
from frontdesk.commands import Cancel
from frontdesk.deliveries import Kind, Planned, is_told_automatically, plan
from frontdesk.desk import OpenDesk
from frontdesk.preflight import AskPms, Finding, Preflight
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.booking import BookingDialog
from frontdesk.screens.dialogs.command import Progress
from frontdesk.screens.list.last_write import SHORTEST_NAME
from frontdesk.widgets.button import Tick
from frontdesk.widgets.line import Line
from frontdesk.words.cancelling import TICK, WORDS, Cancelling, cancel_lines
from frontdesk.words.dialog import TEXT_START, Shown
from frontdesk.words.fitting import fitted
from frontdesk.words.preflight import CONTRADICTING
from frontdesk.words.summary import needs_phone_call


class CancelScreen(BookingDialog, inherit_bindings=False):
    """Cancels a booking, with a reason, and shows before what its PMS says of it."""

    WORDS = WORDS
    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(CANCEL_ACTIONS)
    CSS = "CancelScreen.-desk #before-buttons { display: none; }"

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__(desk, booking)
        self._preflight: Preflight | None = None
        self._offers_tick = needs_phone_call(self._planned)
        self.set_class(any(one.kind == Kind.DESK_EMAIL for one in self._planned), "-desk")

    @property
    def _planned(self) -> Sequence[Planned]:
        return plan(self.booking, self.booking.practice)

    def fields(self) -> ComposeResult:
        if self._offers_tick:
            yield Tick(TICK, indent=TEXT_START, id="told")
        else:
            yield Line(id="billing", classes="may-go")
        yield Line(classes="gap")
        yield from self.reason_box()

    def shown(self, width: int, height: int) -> Shown:
        desk = self.desk
        state = Cancelling(
            self.booking,
            self.namesakes,
            self._preflight,
            desk.now(),
            desk.home,
            self._offers_tick,
            len(self.typed),
            self.said,
        )
        return cancel_lines(state, width, height)

    def ask(self) -> Cancel:
        return Cancel(
            self.typed, told_by_phone=any(tick.is_set for tick in self.query("#told").results(Tick))
        )

    def put_away(self) -> str:
        super().put_away()
        if self._progress is not Progress.READING:
            return ""
        name, why = self.booking.patient.name, self._why_not_saved
        ends = f" is not cancelled: {why}. Enter goes on." if why else ". Enter goes on."
        begins = "" if why else "You were about to cancel "
        room = self.app.size.width - cell_len(begins + ends)
        return begins + fitted(name, max(SHORTEST_NAME, min(room, cell_len(name)))) + ends

    # -- what the PMS shows, which nothing here waits for ---------------------------------

    def booking_read(self) -> None:
        ask = self.desk.program.preflight
        if ask is None or not is_told_automatically(self._planned):
            self._preflight = Preflight(Finding.NOT_ASKED)
        else:
            self._preflight = None
            self._wait_for_pms(ask, self.booking)

    @work(exclusive=True, exit_on_error=False, group="preflight")
    async def _wait_for_pms(self, ask: AskPms, booking: Booking) -> None:
        try:
            answer = await ask(booking)
        except Exception as error:
            self.desk.program.report(error)
            answer = Preflight(Finding.NOT_ASKED)
        if booking is not self.booking:
            return
        self._preflight = answer
        self.draw()
        if answer.finding in CONTRADICTING:
            self.arm()
