"""The lines of Cancel Booking."""

from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import REASON_LIMIT, Booking, Cancellation, Origin, Pms, Practice
from frontdesk.deliveries import TOLD_BY_PHONE, plan
from frontdesk.identity import Related
from frontdesk.preflight import Preflight
from frontdesk.words.dialog import (
    FREED,
    LABEL_AT,
    MOVING,
    UNTICKED,
    Wording,
    about,
    counted,
    field,
    follows_title,
    frame,
    inset,
    text_at,
    text_width,
)
from frontdesk.words.fitting import fitted
from frontdesk.words.preflight import pms_says
from frontdesk.words.summary import (
    PATIENT_READS,
    reason_label,
    what_follows,
)
from frontdesk.words.told import Part, Role, Shown, Told, labelled, told

WORDS = Wording(
    title="Cancel Booking",
    keep="Keep Booking",
    confirm="Cancel Booking",
    kept="Kept. Nothing was cancelled.",
    on_enter="Enter does not confirm. F8 cancels the booking, Esc keeps it.",
    does="cancels it",
    final="This action cannot be undone.",
)

REASON_LINES = 3
"""Lines of the field for the reason."""
_FOLLOWING = 4
"""Lines of what follows, where no tick comes in addition: the fields stand on the same lines for all bookings."""
_GOES = (("room-follows",), ("note-label", "note"), ("billing",), ("follows-title",), ("also",))
"""What goes in a window with fewer lines than the dialog has, in this order."""
LEAST_FILED = len("Filed as Ab..")
"""With fewer cells it is not said beside the reason what it is filed as."""
NO_REASON = "no reason"
NOTE_LABEL = "Note for the practice, optional"
TICK = f"{TOLD_BY_PHONE}   (Tab, Space)"
MOST_USED = len(f" {REASON_LIMIT}/{REASON_LIMIT}") + LABEL_AT - 1
"""Cells that the count of the reason's characters takes, with those before and behind it."""


@dataclass(frozen=True, slots=True)
class Cancelling:
    """What Cancel Booking has to show.

    `preflight` None is still being asked. `has_tick` says whether it offers that the patient was
    told on the phone, as the booking stood when it was opened. `used` counts the characters of the reason. `message`
    is what it answers to the operator's last key, or says of what happened elsewhere. `filed` is the
    word for the file of a reason that was chosen.
    `is_over` says that nothing is left to cancel.
    """

    booking: Booking
    related: Related
    preflight: Preflight | None
    now: datetime
    home: Practice | None
    has_tick: bool = False
    used: int = 0
    message: str = ""
    filed: str = ""
    is_over: bool = False


def cancel_lines(state: Cancelling, width: int, height: int) -> Shown:
    """Return what Cancel Booking shows in a window of this size, by place, from top to bottom."""
    booking = state.booking
    planned = plan(booking, booking.practice)
    says = pms_says(state.preflight, booking, state.now)
    pms, patient, *practice = inset(what_follows(booking, planned, says), width)
    tick = (told(f"{' ' * text_at(width)}{UNTICKED}{TICK}"),) if state.has_tick else ()
    following = 3 + len(tick) + len(practice)
    body: dict[str, tuple[Told, ...]] = {
        **about(booking, state.related, state.now, state.home, width, cancels=True),
        MOVING: (Told(),),
        "follows-title": follows_title(),
        "pms": (pms,),
        "patient-told": (patient,),
        "told": tick,
        "practice-told": (*practice,),
        "billing": inset((labelled("Billing", _billing(booking, state.now)),), width),
        "room-follows": (Told(),) * (_FOLLOWING - following),
        FREED: (Told(),) * (following <= _FOLLOWING),
        "label": (_label(booking, state, text_width(width)),),
        "reason": (field(width),) * REASON_LINES,
        "note-label": (told(f"{' ' * LABEL_AT}{NOTE_LABEL}", Role.LABEL),),
        "note": (field(width),),
    }
    return frame(WORDS, body, state.message, width, height, goes=_GOES, is_over=state.is_over)


def _billing(booking: Booking, now: datetime) -> str:
    """Return what is charged, and how long before the appointment it is cancelled."""
    left = times.distance(booking.starts_at, now, booking.practice.zone)
    notice = "1 day" if left == "tomorrow" else left.removeprefix("in ")
    return f"not charged      Notice {notice}" if booking.starts_at > now else "not charged"


def given(reason: str, filed: str) -> str:
    """Return the answer to a reason that was chosen or brought back."""
    if reason:
        return f"Filed as {filed}." if filed else ""
    return f"Filed as {filed}. The patient is given no reason. Backspace takes it out."


def who_cancelled(done: Cancellation, at: str, pms: Pms | None) -> str:
    """Return who cancelled a booking while it was on the dialog, and when, by the clock at the desk.

    `pms` is that of its practice.
    """
    if done.origin is Origin.PMS and pms is not None:
        return f"{pms.name} cancelled this at {at}."
    if done.source:
        return f"This was cancelled, as {done.source} says."
    return f"{done.by} cancelled this at {at}."


def _label(booking: Booking, state: Cancelling, width: int) -> Told:
    room = width - LABEL_AT - MOST_USED
    filed = f"Filed as {state.filed}" if state.filed else ""
    name, reads = reason_label(booking, room - cell_len(filed) - 2 if filed else room)
    if filed:
        beside = room - cell_len(f"{name} {reads}") - 2
        filed = fitted(filed, min(cell_len(filed), beside)) + "  " if beside >= LEAST_FILED else ""
    before, found, after = reads.partition(PATIENT_READS)
    parts = [Part(f"{name} {before}", Role.LABEL)]
    if found:
        parts += [Part(found, Role.BAR), Part(after, Role.LABEL)]
    return counted((*parts,), f"{filed}{state.used}/{REASON_LIMIT}")
