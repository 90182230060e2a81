"""Details in lines: everything about one booking, what followed, and its history."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from frontdesk import times
from frontdesk.audit import Action, AuditEvent, in_words, past_of
from frontdesk.audit import who as event_by
from frontdesk.billing.adjustments import Adjustment
from frontdesk.bookings import Booking, Practice, Status
from frontdesk.commands import Cancel
from frontdesk.deliveries import OPEN_STATES, Delivery, Kind, State, Way, needing, retryable
from frontdesk.identity import NOTHING_RELATED, Related
from frontdesk.words.attendance import state_lines
from frontdesk.words.deliveries import fact
from frontdesk.words.fitting import fitted, side_by_side
from frontdesk.words.key_line import BACK, HELP, SCROLL, KeyWords, keys_of_page
from frontdesk.words.related import related_lines
from frontdesk.words.summary import age_words, fee_words, pms_ref_words, private_lines, time_words, who
from frontdesk.words.told import TEXT_START, Role, Shown, Told, labelled, told

NAME_WIDTH, WORD_WIDTH = 15, 10
"""Cells of the two first columns of what followed; a longer word moves the rest of its line."""
HISTORY_WIDTH = 66

TRIED_STATES = OPEN_STATES | {State.ATTENTION}


@dataclass(frozen=True, slots=True)
class BookingDetails:
    """What Details has to show.

    `deliveries` None are still being read. `request` is the latest request not to be charged.
    `related` is what stands beside the booking, as far as it was read. `here` is the zone of the clock at the desk, `home` the practice whose clock that is. `message`
    is what the last key was answered, or what another desk did to the booking.
    """

    booking: Booking
    now: datetime
    here: ZoneInfo
    home: Practice | None
    deliveries: Sequence[Delivery] | None = None
    history: Sequence[AuditEvent] = ()
    request: Adjustment | None = None
    message: str = ""
    related: Related = NOTHING_RELATED


def details_lines(state: BookingDetails, width: int) -> Shown:
    """Return what Details shows in a window of this width: its title, its text, its keys."""
    booking, deliveries = state.booking, state.deliveries or ()
    status = booking.status(state.now)
    clock = times.other_clock(state.now, state.here, booking.practice.zone)
    by_clock = f"  {clock}" if clock else ""
    text = [
        Told(),
        *booking_lines(booking, state.now, state.home, width),
        *related_lines(booking, state.related, state.now, width),
        *state_lines(booking, state.request, state.now, state.here),
    ]
    if status is Status.CANCELLED or deliveries:
        text += [Told(), told(f" What followed{by_clock}", Role.HEADING)]
        text += followed_lines(booking, deliveries, state.here, width)
    history = f" History{by_clock}".ljust(HISTORY_WIDTH) + "newest first"
    text += [Told(), told(history, Role.HEADING)]
    text += history_lines(booking, state.history, state.now, state.here)
    return {
        "title": (told(f" Booking {booking.ref}", Role.STRONG, f"{status} "),),
        "text": tuple(text),
        "keys": (told(state.message, Role.WARNING) if state.message else _keys(deliveries),),
    }


def _keys(deliveries: Sequence[Delivery]) -> Told:
    """Return the keys that do something here."""
    keys = [SCROLL]
    if again := retryable(deliveries):
        only_pms = len(again) == 1 and again[0].way is Way.PMS
        keys.append(KeyWords("a", f"try {again[0].target} again" if only_pms else "try again"))
    if needing(deliveries):
        keys.append(KeyWords("s", "settle"))
    return keys_of_page(*keys, BACK, HELP)


def booking_lines(booking: Booking, now: datetime, home: Practice | None, width: int) -> tuple[Told, ...]:
    """Return what is known of the booking itself, in `width` cells."""
    patient, practice = booking.patient, booking.practice
    newness = {True: "new patient", False: "not a new patient", None: ""}[patient.is_new]
    lines = [
        labelled("Patient", who(patient, width - TEXT_START, age_words(patient, now))),
        labelled("", side_by_side(patient.email, newness)),
        labelled("Time", time_words(booking, now, home, with_end=True)),
        labelled("Practitioner", booking.practitioner.name or "not known"),
        labelled("Type", side_by_side(booking.appointment_type, fee_words(booking))),
        labelled("Practice", side_by_side(practice.name, pms_ref_words(booking))),
    ]
    if booking.cancellation is not None:
        lines.append(labelled("Reason", booking.cancellation.reason or "none given"))
        lines += private_lines(booking.cancellation)
    return tuple(line for line in lines if str(line))


def followed_lines(
    booking: Booking, deliveries: Sequence[Delivery], zone: ZoneInfo, width: int
) -> Iterator[Told]:
    """Return each thing that follows what was done to the booking, and how far it has got, in `width` cells.

    `zone` is that of the clock at the desk.
    """
    done = booking.cancellation
    if done is not None:
        name, said = ("Cancelled", f"as {done.source} says") if done.source else ("Cancelled here", "")
        yield from _followed(name, "", _moment(done.at.astimezone(zone)), said, width)
    for delivery in deliveries:
        name = _whom(delivery)
        is_sent = delivery.state is State.DONE and delivery.way not in (Way.PMS, Way.OTHER)
        word = "sent" if is_sent else fact(delivery)
        signed = f", {delivery.settled_by}" if delivery.settled_by else ""
        said = delivery.error or delivery.note or _where_to(delivery)
        if delivery.state is State.SETTLED:
            parts = (delivery.error if delivery.is_superseded else "", delivery.note)
            said = ", ".join(part for part in parts if part)
        detail = said + signed
        role = Role.WARNING if delivery.state is State.ATTENTION else Role.VALUE
        yield from _followed(name, word, _how_long(delivery, zone), detail, width, role)


def _whom(delivery: Delivery) -> str:
    names = {Way.PMS: delivery.target, Way.DESK: "Practice", Way.BILLER: "Biller", Way.OTHER: "Other"}
    return names.get(delivery.way, "Patient")


def _followed(
    name: str, word: str, middle: str, detail: str, width: int, role: Role = Role.VALUE
) -> Iterator[Told]:
    """One line; a detail that does not fit beside it comes below."""
    start = f"  {fitted(name, NAME_WIDTH - 1)} {word:<{WORD_WIDTH - 2}}  {middle}"
    if not detail:
        yield told(start.rstrip(), role)
    elif cell_len(f"{start}   {detail}") <= width:
        yield told(f"{start}   {detail}", role)
    else:
        yield told(start.rstrip(), role)
        for line in textwrap.wrap(detail, width - TEXT_START - 1):
            yield told(f"{' ' * (TEXT_START + 1)}{line}", role)


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
) -> tuple[Told, ...]:
    """Return who did what, newest first, by the clock of `zone`; the oldest line is the booking itself."""
    lines = []
    for event in history:
        when = times.when(event.at, zone, now)
        action = past_of(event.action)
        detail = in_words(event, zone)
        lines.append(f"  {when}  {event_by(event):<14} {action:<11} {detail}".rstrip())
    done = booking.cancellation
    if done is not None and not any(e.action in (Cancel.kind, Action.BOOKING_CANCELLED) for e in history):
        # A booking that came in cancelled has no event of its own: the bulk load has one for all.
        detail = ", ".join(filter(None, (done.reason, done.source and f"as {done.source} says")))
        lines.append(
            f"  {times.when(done.at, zone, now)}  {done.by!s:<14} {'cancelled':<11} {detail}".rstrip()
        )
    if booking.created_at is not None:
        lines.append(f"  {times.when(booking.created_at, zone, now)}  {'online':<14} booked")
    if not lines:
        return (told(f"{' ' * TEXT_START}nothing recorded yet", Role.QUIET),)
    return tuple(map(told, lines))


def _moment(at: datetime) -> str:
    return f"{times.DAYS[at.weekday()]} {at.day:>2} {times.MONTHS[at.month - 1]} {at:%H:%M:%S}"
