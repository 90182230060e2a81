"""Details: everything about one booking, what followed its cancellation, and its history."""

from collections.abc import Sequence
from datetime import datetime

from textual import work

from frontdesk import times
from frontdesk.audit import Action, AuditEvent
from frontdesk.bookings import Booking, FrontdeskError, Status
from frontdesk.deliveries import Delivery, Kind, State, fact
from frontdesk.desk import OpenDesk
from frontdesk.screens.reading import ReadingScreen, StyledLine
from frontdesk.screens.words import status
from frontdesk.widgets.booking_summary import TEXT_START, labelled, time_words, who
from frontdesk.widgets.booking_table import SYMBOLS
from frontdesk.widgets.line import BOLD, PLAIN, Line

ACTION_WORDS = {
    Action.BOOKING_IMPORTED: "imported",
    Action.BOOKING_CANCELLED: "cancelled",
    Action.BOOKING_CHANGED: "changed",
    Action.BOOKING_RESCHEDULED: "moved",
    Action.DELIVERY_RETRIED: "tried again",
    Action.DELIVERY_SETTLED: "settled",
}


class DetailsScreen(ReadingScreen):
    """One booking, read again from the store while it opens."""

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__()
        self.desk = desk
        self.booking = booking

    def on_mount(self) -> None:
        self._show((), ())
        self.query_one("#status", Line).show(*status(self.desk, 0))
        self._read()

    @work(exit_on_error=False)
    async def _read(self) -> None:
        store, booking_id = self.desk.store, self.booking.id
        try:
            self.booking = await store.get(booking_id)
            deliveries, history = await store.deliveries(booking_id), await store.history(booking_id)
        except FrontdeskError as error:
            self.query_one("#keys", Line).show(f"{error.hint} Esc back", style=BOLD)
            return
        self._show(deliveries, history)

    def _show(self, deliveries: Sequence[Delivery], history: Sequence[AuditEvent]) -> None:
        booking, now = self.booking, self.desk.now()
        state = booking.status(now)
        lines: list[StyledLine] = [("", PLAIN)]
        lines += [(line, PLAIN) for line in booking_lines(booking, now, self.desk)]
        if state is Status.CANCELLED:
            lines += [("", PLAIN), (" What followed", BOLD)]
            lines += [(line, PLAIN) for line in followed_lines(booking, deliveries)]
        lines += [("", PLAIN), ("History".rjust(8).ljust(66) + "newest first", BOLD)]
        lines += [(line, PLAIN) for line in history_lines(booking, history, now)]
        self.show(f" Booking {booking.ref}", f"{SYMBOLS[state]} {state} ", tuple(lines))


def booking_lines(booking: Booking, now: datetime, desk: OpenDesk) -> tuple[str, ...]:
    """Return what is known of the booking itself."""
    patient, practice = booking.patient, booking.practice
    age = f", {times.age(patient.birth_date, now.date())}" if patient.birth_date else ""
    born = who(patient).replace("   " + patient.mobile, "") if patient.mobile else who(patient)
    newness = {True: "new patient", False: "known patient", None: ""}[patient.is_new]
    fee = f"${booking.fee / 100:,.2f}" if booking.fee is not None else ""
    pms = f"{practice.pms.name} ref {booking.pms_ref}" if practice.pms and booking.pms_ref else ""
    lines = [
        labelled("Patient", "   ".join(part for part in (born + age, patient.mobile) if part)),
        labelled("", "   ".join(part for part in (patient.email, newness) if part)),
        labelled("Time", time_words(booking, now, desk.home, with_end=True)),
        labelled("Practitioner", booking.practitioner.name or "not known"),
        labelled("Type", "   ".join(part for part in (booking.appointment_type, fee) if part)),
        labelled("Practice", "   ".join(part for part in (practice.name, pms) if part)),
    ]
    if booking.cancellation is not None:
        lines.append(labelled("Reason", booking.cancellation.reason or "none given"))
    return tuple(line for line in lines if line.strip())


def followed_lines(booking: Booking, deliveries: Sequence[Delivery]) -> tuple[str, ...]:
    """Return each thing that follows the cancellation, and how far it has got."""
    zone, done = booking.practice.zone, booking.cancellation
    lines = []
    if done is not None:
        at = done.at.astimezone(zone)
        lines.append(f"  {'Cancelled here':<15}{'ok':<18}{_moment(at)}")
    for delivery in deliveries:
        name = {
            Kind.PMS_CANCEL: delivery.target,
            Kind.DESK_EMAIL: "Practice",
        }.get(delivery.kind, "Patient")
        at = delivery.changed_at.astimezone(zone)
        detail = delivery.error or delivery.note or _where_to(delivery)
        signed = f", {delivery.settled_by}" if delivery.state is State.SETTLED else ""
        lines.append(f"  {name:<15}{fact(delivery):<18}{_moment(at)}   {detail}{signed}".rstrip())
    return tuple(lines)


def _where_to(delivery: Delivery) -> str:
    if delivery.kind is Kind.PATIENT_SMS:
        return f"SMS to {delivery.target}"
    if delivery.kind in (Kind.PATIENT_EMAIL, Kind.DESK_EMAIL):
        return f"e-mail to {delivery.target}"
    return ""


def history_lines(booking: Booking, history: Sequence[AuditEvent], now: datetime) -> tuple[str, ...]:
    """Return who did what, newest first; the oldest line is the booking itself."""
    zone = booking.practice.zone
    lines = []
    for event in history:
        when = times.when(event.at, zone, now)
        action = ACTION_WORDS.get(event.action, event.action.value)
        detail = event.detail.get("reason") or event.detail.get("note") or ""
        lines.append(f"  {when}  {event.operator!s:<14} {action:<11} {detail}".rstrip())
    if booking.cancellation is not None and not any(e.action is Action.BOOKING_CANCELLED for e in history):
        # A booking that came in cancelled has no event of its own: the bulk load has one for all.
        done = booking.cancellation
        lines.append(
            f"  {times.when(done.at, zone, now)}  {done.by!s:<14} {'cancelled':<11} {done.reason}".rstrip()
        )
    if booking.created_at is not None:
        lines.append(f"  {times.when(booking.created_at, zone, now)}  {'online':<14} booked")
    return tuple(lines) if lines else (" " * TEXT_START + "nothing recorded yet",)


def _moment(at: datetime) -> str:
    return f"{times.DAYS[at.weekday()]} {at.day:>2} {times.MONTHS[at.month - 1]} {at:%H:%M:%S}"
