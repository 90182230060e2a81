"""Cancel Booking: what will be cancelled, what follows, an optional reason, and the confirm."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from rich.cells import cell_len
from textual._context import active_app
from textual.app import App
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import TextArea

from frontdesk.actions import CANCEL_ACTIONS
from frontdesk.bookings import Booking, Cancellation
from frontdesk.commands import Cancel, Done
from frontdesk.deliveries import Planned, plan
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.chooser import Choice, NumberedChooserScreen
from frontdesk.screens.dialogs.booking import BookingDialog
from frontdesk.screens.dialogs.command import Progress
from frontdesk.widgets.button import Tick
from frontdesk.widgets.reason_field import ReasonField
from frontdesk.words.cancelling import (
    NO_REASON,
    TICK,
    WORDS,
    Cancelling,
    cancel_lines,
    given,
)
from frontdesk.words.fitting import SHORTEST_NAME, fitted
from frontdesk.words.summary import needs_phone_call
from frontdesk.words.told import Shown


class CancelScreen(BookingDialog, inherit_bindings=False):
    """Cancels a booking, with a reason, and shows before what its PMS says of it."""

    WORDS = WORDS
    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(CANCEL_ACTIONS)

    def __init__(self, desk: OpenDesk, booking: Booking | None = None) -> None:
        self._filed = ""
        """What the reason is filed as: the word of one that was chosen."""
        self._offers_tick = False
        self.note = ReasonField(called="note", id="note")
        super().__init__(desk, booking)

    def about(self, booking: Booking) -> None:
        super().about(booking)
        self._offers_tick = needs_phone_call(self._planned)

    @property
    def _planned(self) -> Sequence[Planned]:
        return plan(self.booking, self.booking.practice)

    def fields(self) -> Sequence[Widget]:
        return [Tick(TICK, id="told"), ReasonField(id="reason"), self.note]

    def opened(self) -> None:
        self._filed = self.desk.take_draft("filed", self._about)
        super().opened()
        self.set_timer(READING_TIME, partial(mount_spare, self.app, self.desk))

    def shown(self, width: int, height: int) -> Shown:
        desk = self.desk
        state = Cancelling(
            self.booking,
            self.related,
            self._preflight,
            desk.now(),
            desk.home,
            self._offers_tick,
            len(self.typed),
            self.said,
            self._filed,
            is_over=self.is_over,
        )
        return cancel_lines(state, width, height)

    def ask(self) -> Cancel:
        return Cancel(
            self.typed,
            told_by_phone=any(tick.is_set for tick in self.those_of(Tick)),
            note=self.note.reason,
            filed=self._filed,
        )

    async def saved(self, done: Done[Any]) -> None:
        if isinstance(given := done.thing.cancellation, Cancellation):
            self.desk.keep_reason(given.reason, given.filed)
        await super().saved(done)

    def put_away(self) -> str:
        super().put_away()
        if self._progress is not Progress.READING:
            return ""
        self.desk.keep_draft("filed", self._about, self._filed)
        name, why = self.booking.patient.name, self._why_not_saved
        ends = f" is not cancelled: {why}. Enter goes on." if why else ". Enter goes on."
        begins = "" if why else "You were about to cancel "
        room = self.app.size.width - cell_len(f" {begins}{ends}")
        return begins + fitted(name, max(SHORTEST_NAME, min(room, cell_len(name)))) + ends

    # -- reasons at hand ------------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        # Without the words that were chosen with it, the word for the file would be a stranger.
        if event.text_area is self.reason and not self.reason.text:
            self._filed = ""

    def on_reason_field_nothing_to_delete(self, message: ReasonField.NothingToDelete) -> None:
        if message.field is self.reason:
            self._filed = ""
            self.say("")

    @property
    def _takes_reason(self) -> bool:
        """Whether a key that the reason left to the dialog, because it is empty, may fill it in."""
        return self.focused is self.reason and self._progress is Progress.READING

    def action_bring_back_reason(self) -> None:
        if not self._takes_reason:
            return
        if last := self.desk.own_last_reason:
            self._give(last.reason, last.filed)
        else:
            self.say("You have given no reason yet that could be brought back.")

    def action_offer_reasons(self) -> None:
        if not self._takes_reason:
            return
        reasons = self.desk.program.settings.reasons
        if not reasons:
            self.say("No reasons to choose from are set up: they are written in the config, [ui] reasons.")
            return
        choices = [Choice(one.file, one.patient or NO_REASON) for one in reasons]

        def give(chosen: int | None) -> None:
            if chosen is not None:
                self._give(reasons[chosen].patient, reasons[chosen].file)

        self.app.push_screen(NumberedChooserScreen("Cancellation Reason", choices), give)

    def _give(self, reason: str, filed: str) -> None:
        if reason:
            self.reason.text = reason
            self.reason.move_cursor(self.reason.document.end)
        self._filed = filed
        self.say(given(reason, filed))

    # -- what the PMS shows, which nothing here waits for ---------------------------------

    def booking_read(self) -> None:
        self.ask_pms(self._planned)

    def on_unmount(self) -> None:
        if self.app.is_running and self.app.screen_stack:
            self.app.set_timer(SPARE_WAIT, partial(mount_spare, self.app, self.desk))


SPARE = "spare Cancel Booking"
"""The name under which the next dialog waits."""
READING_TIME, SPARE_WAIT = 0.25, 0.03
"""Seconds after which the next dialog is mounted: while this one is read, else when the list is painted again."""


def mount_spare(app: App[Any], desk: OpenDesk) -> None:
    """Mount the next dialog, which is about no booking yet: that takes longer than to open it.

    It is used once, so that nothing of one patient is ever in the dialog of another.
    """
    if not app.is_screen_installed(SPARE):
        spare = CancelScreen(desk)
        app.install_screen(spare, SPARE)
        app._get_screen(spare)


def cancel_booking(desk: OpenDesk, booking: Booking) -> CancelScreen:
    """Return what Cancel opens: the dialog that is mounted already, where there is one."""
    app = active_app.get()
    if app.is_screen_installed(SPARE):
        spare = app.get_screen(SPARE, CancelScreen)
        app.uninstall_screen(SPARE)
        spare.about(booking)
        return spare
    return CancelScreen(desk, booking)
