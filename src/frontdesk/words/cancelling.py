"""The lines of Cancel Booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len

from frontdesk.bookings import REASON_LIMIT, Booking, Cancellation, Patient, Practice
from frontdesk.deliveries import TOLD_BY_PHONE, Kind, plan
from frontdesk.preflight import Preflight
from frontdesk.words.dialog import Wording, frame, is_low
from frontdesk.words.fitting import fitted
from frontdesk.words.preflight import pms_says
from frontdesk.words.summary import (
    PATIENT_READS,
    reason_label,
    summary,
    what_follows,
)
from frontdesk.words.told import LABEL_START, TEXT_START, Part, Role, Shown, Told, labelled, told

WORDS = Wording(
    title="Cancel Booking",
    keep="Keep Booking",
    confirm="Cancel Booking",
    kept="Kept. Nothing was cancelled.",
    on_enter="Enter does not confirm. F8 cancels the booking, Esc keeps it.",
    does="cancels it",
    final="This action cannot be undone.",
)

NOTE_HEIGHT = 18
"""From this many lines on there is room for the note; with fewer, Billing is the next to go."""
LEAST_FILED = len("Filed as Ab..")
"""With fewer cells it is not said beside the reason what it is filed as."""
NO_REASON = "no reason"
NOTE_LABEL = "Note for the practice, optional"
TICK = f"{TOLD_BY_PHONE}   (Tab, Space)"
MOST_USED = len(f" {REASON_LIMIT}/{REASON_LIMIT} ")
"""Cells that the count of the reason's characters takes, and the one before it."""


@dataclass(frozen=True, slots=True)
class Cancelling:
    """What Cancel Booking has to show.

    `preflight` None is still being asked. `has_tick` says whether it offers that the patient was
    told on the phone, as the booking stood when it was opened. `used` counts the characters of the reason. `message`
    is what it answers to the operator's last key, or says of what happened elsewhere. `filed` is the
    word for the file of a reason that was chosen.
    """

    booking: Booking
    namesakes: Sequence[Patient]
    preflight: Preflight | None
    now: datetime
    home: Practice | None
    has_tick: bool = False
    used: int = 0
    message: str = ""
    filed: str = ""


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
        "label": (_label(booking, state, width),),
    }
    if is_low(height):
        if state.has_tick or any(one.kind == Kind.DESK_EMAIL for one in planned):
            del own["follows-title"]
        if state.has_tick:
            own["follows"] = follows[:2]
    if not state.has_tick and height >= NOTE_HEIGHT - 1:
        own["billing"] = (labelled("Billing", "not charged"),)
    if has_room_for_note(height):
        own["note-label"] = (told(NOTE_LABEL, Role.LABEL),)
    if state.has_tick:
        own["told"] = (told(f"{' ' * TEXT_START}{TICK}", Role.KEY),)
    return {**own, **around}


def has_room_for_note(height: int) -> bool:
    """Whether a window of so many lines has one for the note."""
    return height >= NOTE_HEIGHT


def given(reason: str, filed: str) -> str:
    """Return the answer to a reason that was chosen or brought back."""
    if reason:
        return f"Filed as {filed}." if filed else ""
    return f"Filed as {filed}. The patient is given no reason. Backspace takes it out."


def who_cancelled(done: Cancellation, at: str) -> str:
    """Return who cancelled a booking while it was on the dialog, and when, by the clock at the desk."""
    if done.source:
        return f"This was cancelled, as {done.source} says."
    return f"{done.by} cancelled this at {at}."


def _label(booking: Booking, state: Cancelling, width: int) -> Told:
    room = width - LABEL_START - MOST_USED
    filed = f"Filed as {state.filed}" if state.filed else ""
    name, reads = reason_label(booking, room - cell_len(filed) - 2 if filed else room)
    if filed:
        beside = room - cell_len(f"{name} {reads}") - 2
        filed = fitted(filed, min(cell_len(filed), beside)) + "  " if beside >= LEAST_FILED else ""
    before, found, after = reads.partition(PATIENT_READS)
    parts = [Part(f"{' ' * LABEL_START}{name} {before}", Role.LABEL)]
    if found:
        parts += [Part(found, Role.BAR), Part(after, Role.LABEL)]
    return Told(tuple(parts), (Part(f"{filed}{state.used}/{REASON_LIMIT} ", Role.QUIET),))
