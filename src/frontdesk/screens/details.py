"""Details: everything about one booking, what followed its cancellation, and its history."""

import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from textual import work
from textual.binding import BindingType

from frontdesk import times
from frontdesk.actions import DETAILS_ACTIONS
from frontdesk.audit import Action, AuditEvent, in_words, past_of
from frontdesk.billing.adjustments import Adjustment
from frontdesk.bookings import Booking, Status
from frontdesk.commands import Cancel
from frontdesk.deliveries import OPEN_STATES, Attention, Delivery, Kind, State, Way
from frontdesk.desk import OpenDesk
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.chooser import Choice, ChooserScreen
from frontdesk.screens.dialogs.settling import NoteScreen, try_again
from frontdesk.screens.list.booking_columns import SYMBOLS
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.text_screen import StyledLine, TextScreen
from frontdesk.store.port import Change
from frontdesk.widgets.line import BOLD, PLAIN, Line
from frontdesk.widgets.status_line import StatusLine
from frontdesk.words import lists
from frontdesk.words.attendance import state_lines
from frontdesk.words.deliveries import fact, to_do
from frontdesk.words.dialog import TEXT_START, labelled
from frontdesk.words.fitting import fitted, side_by_side
from frontdesk.words.summary import private_lines, time_words, who

NAME_WIDTH, WORD_WIDTH = 15, 10
"""Cells of the two first columns of what followed; a longer word moves the rest of its line."""

TRIED_STATES = OPEN_STATES | {State.ATTENTION}


class DetailsScreen(TextScreen):
    """One booking, read again from the store while it opens and whenever it changes."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(DETAILS_ACTIONS)

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__()
        self.desk = desk
        self.booking = booking
        self._deliveries: tuple[Delivery, ...] | None = None
        self._request: Adjustment | None = None
        """The latest request not to be charged."""
        self._message = ""
        self._is_unread = False
        """The booking could not be read: it is read again when the store answers."""
        self._change: Change | None = None
        """What another desk did to the booking, until that is on the screen."""

    def on_mount(self) -> None:
        self._show((), ())
        self._read()

    def on_store_changed(self, message: StoreChanged) -> None:
        self.query_one("#status", StatusLine).show_desk(self.desk)
        if self._is_unread or message.concerns(self.booking.id):
            if self.booking.id not in self.desk.own_changes:
                self._change = message.of(self.booking.id) or self._change
            self._read()

    @work(exclusive=True, exit_on_error=False, group="reading")
    async def _read(self) -> None:
        store, booking_id = self.desk.store, self.booking.id
        try:
            fresh = await store.get(booking_id)
            self._deliveries = await store.deliveries(booking_id)
            history = await store.history(booking_id)
            requests = await store.adjustments(booking_id)
        except Exception as error:
            self._is_unread = True
            self._say(f"{self.desk.fault(error).hint} Esc back")
            return
        if self._is_unread:
            self._is_unread, self._message = False, ""
        if self._change is not None and fresh.version != self.booking.version:
            self._message = lists.who_changed(self._change, self.booking, fresh, self.desk)
        self.booking, self._change = fresh, None
        self._request = requests[-1] if requests else None
        self._show(self._deliveries, history)

    def _show(self, deliveries: Sequence[Delivery], history: Sequence[AuditEvent]) -> None:
        booking, now = self.booking, self.desk.now()
        state = booking.status(now)
        lines: list[StyledLine] = [("", PLAIN)]
        lines += [(line, PLAIN) for line in booking_lines(booking, now, self.desk, self.app.size.width)]
        marked = state_lines(booking, self._request, now, self.desk.here)
        lines += [(line, PLAIN) for line in map(str, marked)]
        if state is Status.CANCELLED or deliveries:
            lines += [("", PLAIN), (f" What followed{self._clock()}", BOLD)]
            followed = followed_lines(booking, deliveries, self.desk.here, self.app.size.width)
            lines += [(line, PLAIN) for line in followed]
        lines += [("", PLAIN), (f" History{self._clock()}".ljust(66) + "newest first", BOLD)]
        lines += [(line, PLAIN) for line in history_lines(booking, history, now, self.desk.here)]
        title = f" Booking {booking.ref}"
        self.show(title, f"{SYMBOLS[state]} {state} ", tuple(lines), self._message or key_line(deliveries))
        self.query_one("#status", StatusLine).show_desk(self.desk)

    def _clock(self) -> str:
        """Whose clock the times of what was written are by, where the practice's shows another time."""
        clock = times.other_clock(self.desk.now(), self.desk.here, self.booking.practice.zone)
        return f"  {clock}" if clock else ""

    def _say(self, message: str) -> None:
        self._message = message
        self.query_one("#keys", Line).show(message or key_line(self._deliveries or ()), style=BOLD)

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


def needing(deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Return the deliveries that need a person."""
    return tuple(one for one in deliveries if one.state is State.ATTENTION)


def retryable(deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Return those of them that a dispatcher could try again."""
    return tuple(one for one in needing(deliveries) if one.connection)


def key_line(deliveries: Sequence[Delivery]) -> str:
    """Return the keys that do something here."""
    keys = ["Up Down scroll"]
    if again := retryable(deliveries):
        only_pms = len(again) == 1 and again[0].way is Way.PMS
        keys.append(f"a try {again[0].target} again" if only_pms else "a try again")
    if needing(deliveries):
        keys.append("s settle")
    return "  ".join((*keys, "Esc back", "F1 help"))


def booking_lines(booking: Booking, now: datetime, desk: OpenDesk, width: int) -> tuple[str, ...]:
    """Return what is known of the booking itself, in `width` cells."""
    patient, practice = booking.patient, booking.practice
    age = f", {times.age(patient.birth_date, now.date())}" if patient.birth_date else ""
    newness = {True: "new patient", False: "not a new patient", None: ""}[patient.is_new]
    fee = f"${booking.fee / 100:,.2f}" if booking.fee is not None else ""
    pms = f"{practice.pms.name} ref {booking.pms_ref}" if practice.pms and booking.pms_ref else ""

    lines = [
        labelled("Patient", who(patient, width - TEXT_START, age)),
        labelled("", side_by_side(patient.email, newness)),
        labelled("Time", time_words(booking, now, desk.home, with_end=True)),
        labelled("Practitioner", booking.practitioner.name or "not known"),
        labelled("Type", side_by_side(booking.appointment_type, fee)),
        labelled("Practice", side_by_side(practice.name, pms)),
    ]
    if booking.cancellation is not None:
        lines.append(labelled("Reason", booking.cancellation.reason or "none given"))
        lines += private_lines(booking.cancellation)
    return tuple(filter(None, map(str, lines)))


def followed_lines(
    booking: Booking, deliveries: Sequence[Delivery], zone: ZoneInfo, width: int
) -> tuple[str, ...]:
    """Return each thing that follows what was done to the booking, and how far it has got, in `width` cells.

    `zone` is that of the clock at the desk.
    """
    done = booking.cancellation
    lines = []
    if done is not None:
        name, said = ("Cancelled", f"as {done.source} says") if done.source else ("Cancelled here", "")
        lines += _followed(name, "", _moment(done.at.astimezone(zone)), said, width)
    for delivery in deliveries:
        name = {Way.PMS: delivery.target, Way.DESK: "Practice", Way.BILLER: "Biller"}.get(
            delivery.way, "Patient"
        )
        is_sent = delivery.state is State.DONE and delivery.way is not Way.PMS
        word = "sent" if is_sent else fact(delivery)
        signed = f", {delivery.settled_by}" if delivery.settled_by else ""
        said = delivery.error or delivery.note or _where_to(delivery)
        if delivery.state is State.SETTLED:
            parts = (delivery.error if delivery.is_superseded else "", delivery.note)
            said = ", ".join(part for part in parts if part)
        detail = said + signed
        lines += _followed(name, word, _how_long(delivery, zone), detail, width)
    return tuple(lines)


def _followed(name: str, word: str, middle: str, detail: str, width: int) -> list[str]:
    """One line; a detail that does not fit beside it comes below."""
    start = f"  {fitted(name, NAME_WIDTH - 1)} {word:<{WORD_WIDTH - 2}}  {middle}"
    if not detail:
        return [start.rstrip()]
    if cell_len(f"{start}   {detail}") <= width:
        return [f"{start}   {detail}"]
    room = width - TEXT_START - 1
    return [start.rstrip(), *(" " * (TEXT_START + 1) + line for line in textwrap.wrap(detail, room))]


def _how_long(delivery: Delivery, zone: ZoneInfo) -> str:
    """Since when it stands so; of one that was tried in vain how often, and when it is tried next."""
    if not delivery.attempts or delivery.state not in TRIED_STATES:
        return _moment(delivery.changed_at.astimezone(zone))
    tries = "1 try" if delivery.attempts == 1 else f"{delivery.attempts} tries"
    return f"{tries}, next {delivery.next_at.astimezone(zone):%H:%M}" if delivery.next_at else tries


def _where_to(delivery: Delivery) -> str:
    if delivery.kind == Kind.PATIENT_SMS:
        return f"SMS to {delivery.target}"
    if delivery.kind in (Kind.PATIENT_EMAIL, Kind.DESK_EMAIL, Kind.BILLER_EMAIL):
        return f"e-mail to {delivery.target}"
    return ""


def history_lines(
    booking: Booking, history: Sequence[AuditEvent], now: datetime, zone: ZoneInfo
) -> tuple[str, ...]:
    """Return who did what, newest first, by the clock of `zone`; the oldest line is the booking itself."""
    lines = []
    for event in history:
        when = times.when(event.at, zone, now)
        action = past_of(event.action)
        detail = in_words(event, zone)
        lines.append(f"  {when}  {event.operator!s:<14} {action:<11} {detail}".rstrip())
    done = booking.cancellation
    if done is not None and not any(e.action in (Cancel.kind, Action.BOOKING_CANCELLED) for e in history):
        # A booking that came in cancelled has no event of its own: the bulk load has one for all.
        detail = ", ".join(filter(None, (done.reason, done.source and f"as {done.source} says")))
        lines.append(
            f"  {times.when(done.at, zone, now)}  {done.by!s:<14} {'cancelled':<11} {detail}".rstrip()
        )
    if booking.created_at is not None:
        lines.append(f"  {times.when(booking.created_at, zone, now)}  {'online':<14} booked")
    return tuple(lines) if lines else (" " * TEXT_START + "nothing recorded yet",)


def _moment(at: datetime) -> str:
    return f"{times.DAYS[at.weekday()]} {at.day:>2} {times.MONTHS[at.month - 1]} {at:%H:%M:%S}"
