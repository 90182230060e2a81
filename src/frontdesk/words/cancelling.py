"""The lines of Cancel Booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from frontdesk.bookings import REASON_LIMIT, Booking, Patient, Practice
from frontdesk.deliveries import TOLD_BY_PHONE, Kind, plan
from frontdesk.preflight import Preflight
from frontdesk.words.dialog import (
    LABEL_START,
    TEXT_START,
    Part,
    Role,
    Shown,
    Told,
    Wording,
    frame,
    is_low,
    labelled,
    told,
)
from frontdesk.words.preflight import pms_says
from frontdesk.words.summary import (
    PATIENT_READS,
    reason_label,
    summary,
    what_follows,
)

WORDS = Wording(
    title="Cancel Booking",
    keep="Keep Booking",
    confirm="Cancel Booking",
    kept="Kept. Nothing was cancelled.",
    on_enter="Enter does not confirm. F8 cancels the booking, Esc keeps it.",
    does="cancels it",
    final="This action cannot be undone.",
)

TICK = f"{TOLD_BY_PHONE}   (Tab, Space)"
MOST_USED = len(f" {REASON_LIMIT}/{REASON_LIMIT} ")
"""Cells that the count of the reason's characters takes, and the one before it."""


@dataclass(frozen=True, slots=True)
class Cancelling:
    """What Cancel Booking has to show.

    `preflight` None is still being asked. `has_tick` says whether it offers that the patient was
    told on the phone, as the booking stood when it was opened. `used` counts the characters of the reason. `message`
    is what it answers to the operator's last key, or says of what happened elsewhere.
    """

    booking: Booking
    namesakes: Sequence[Patient]
    preflight: Preflight | None
    now: datetime
    home: Practice | None
    has_tick: bool = False
    used: int = 0
    message: str = ""


def cancel_lines(state: Cancelling, width: int, height: int) -> Shown:
    """Return what Cancel Booking shows in a window of this size, by place, from top to bottom."""
    booking = state.booking
    around = frame(WORDS, state.message, width, height)
    planned = plan(booking, booking.practice)
    follows = what_follows(booking, planned, pms_says(state.preflight, booking, state.now))
    own: dict[str, tuple[Told, ...]] = {
        "title": around["title"],
        "summary": summary(booking, state.namesakes, state.now, state.home, width),
        "follows-title": (told(" What follows", Role.LABEL),),
        "follows": follows,
        "label": (_label(booking, state.used, width),),
    }
    if is_low(height):
        if state.has_tick or any(one.kind == Kind.DESK_EMAIL for one in planned):
            del own["follows-title"]
        if state.has_tick:
            own["follows"] = follows[:2]
    elif not state.has_tick:
        own["billing"] = (labelled("Billing", "not charged"),)
    if state.has_tick:
        own["told"] = (told(f"{' ' * TEXT_START}{TICK}", Role.KEY),)
    return {**own, **around}


def _label(booking: Booking, used: int, width: int) -> Told:
    name, reads = reason_label(booking, width - LABEL_START - MOST_USED)
    before, found, after = reads.partition(PATIENT_READS)
    parts = [Part(f"{' ' * LABEL_START}{name} {before}", Role.LABEL)]
    if found:
        parts += [Part(found, Role.WARNING), Part(after, Role.LABEL)]
    return Told(tuple(parts), f"{used}/{REASON_LIMIT} ")
