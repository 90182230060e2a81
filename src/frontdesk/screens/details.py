"""Details: everything about one booking, what followed its cancellation, and its history."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import work
from textual.binding import BindingType

from frontdesk.actions import DETAILS_ACTIONS
from frontdesk.audit import AuditEvent
from frontdesk.billing.adjustments import Adjustment
from frontdesk.bookings import Booking
from frontdesk.deliveries import Attention, Delivery, needing, retryable
from frontdesk.desk import OpenDesk
from frontdesk.identity import NOTHING_RELATED
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.chooser import Choice, ChooserScreen
from frontdesk.screens.dialogs.settling import NoteScreen, try_again
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.text_screen import TextScreen
from frontdesk.store.port import Change
from frontdesk.widgets.bar import Bar
from frontdesk.words import lists
from frontdesk.words.deliveries import fact, to_do
from frontdesk.words.details import BookingDetails, details_lines


class DetailsScreen(TextScreen):
    """One booking, read again from the store while it opens and whenever it changes."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(DETAILS_ACTIONS)

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__()
        self.desk = desk
        self.booking = booking
        self._deliveries: tuple[Delivery, ...] | None = None
        self._history: Sequence[AuditEvent] = ()
        self._related = NOTHING_RELATED
        self._request: Adjustment | None = None
        """The latest request not to be charged."""
        self._message = ""
        self._is_unread = False
        """The booking could not be read: it is read again when the store answers."""
        self._change: Change | None = None
        """What another desk did to the booking, until that is on the screen."""

    def on_mount(self) -> None:
        self._show()
        self._read()

    def on_store_changed(self, message: StoreChanged) -> None:
        self.query_one("#bar", Bar).show_desk(self.desk)
        if self._is_unread or message.concerns(self.booking.id):
            if self.booking.id not in self.desk.own_changes:
                self._change = message.of(self.booking.id) or self._change
            self._read()

    @work(exclusive=True, exit_on_error=False, group="reading")
    async def _read(self) -> None:
        store, booking_id = self.desk.store, self.booking.id
        try:
            fresh = await store.get(booking_id)
            deliveries = await store.deliveries(booking_id)
            history = await store.history(booking_id)
            requests = await store.adjustments(booking_id)
            related = await store.related(booking_id)
        except Exception as error:
            self._is_unread = True
            self._say(f"{self.desk.fault(error).hint} Esc back")
            return
        if self._is_unread:
            self._is_unread, self._message = False, ""
        if self._change is not None and fresh.version != self.booking.version:
            self._message = lists.who_changed(self._change, self.booking, fresh, self.desk)
        self.booking, self._change = fresh, None
        self._deliveries, self._history, self._related = deliveries, history, related
        self._request = requests[-1] if requests else None
        self._show()

    def on_resize(self) -> None:
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        shown = BookingDetails(
            self.booking,
            self.desk.now(),
            self.desk.here,
            self.desk.home,
            self._deliveries,
            self._history,
            self._request,
            self._message,
            self._related,
        )
        self.show(details_lines(shown, self.app.size.width))
        self.query_one("#bar", Bar).show_desk(self.desk)

    def _say(self, message: str) -> None:
        self._message = message
        self._show()

    def action_scroll(self, lines: int) -> None:
        self._say("")
        super().action_scroll(lines)

    def action_scroll_page(self, pages: int) -> None:
        self._say("")
        super().action_scroll_page(pages)

    # -- what needs a person ------------------------------------------------------------

    def action_settle(self) -> None:
        self._choose("Settle which one?", needing(self._deliveries or ()), self._ask_for_note)

    def action_retry(self) -> None:
        again = retryable(self._deliveries or ())
        self._choose("Try which one again?", again, self._have_tried_again)

    def _choose(self, title: str, offered: Sequence[Delivery], then: Callable[[Delivery], None]) -> None:
        """Do it to the only delivery there is; of several have one chosen."""
        self._say("")
        if self._deliveries is None:
            self._say("Still reading. Press the key again.")
        elif not offered:
            self._say("Nothing here needs a person.")
        elif len(offered) == 1:
            then(offered[0])
        else:
            choices = [Choice(self._headline(one), fact(one)) for one in offered]
            self.app.push_screen(
                ChooserScreen(title, choices),
                lambda chosen: None if chosen is None else then(offered[chosen]),
            )

    def _headline(self, delivery: Delivery) -> str:
        return to_do(Attention(delivery, self.booking))[0]

    def _ask_for_note(self, delivery: Delivery) -> None:
        headline = f"{self._headline(delivery)}   {self.booking.patient.name}"
        self.app.push_screen(NoteScreen(self.desk, delivery.id, headline))

    def _have_tried_again(self, delivery: Delivery) -> None:
        self._try_again(delivery)

    @work(exit_on_error=False)
    async def _try_again(self, delivery: Delivery) -> None:
        self._say(await try_again(self.desk, delivery.id))
