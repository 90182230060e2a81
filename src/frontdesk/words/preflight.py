"""What a PMS shows of an appointment, in the dialog's words."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from rich.cells import cell_len

from frontdesk import times
from frontdesk.bookings import Booking
from frontdesk.preflight import Finding, Preflight
from frontdesk.text import clean
from frontdesk.words.dialog import TEXT_START
from frontdesk.words.fitting import fitted
from frontdesk.words.summary import AUTOMATICALLY

CONTRADICTING = frozenset(
    {
        Finding.DIFFERENT,
        Finding.GONE,
        Finding.ATTENDED,
        Finding.SEVERAL,
        Finding.SERIES,
        Finding.MARKED,
        Finding.UNCLEAR,
        Finding.UNKNOWN_STATUS,
    }
)
"""Answers that say otherwise than the dialog's summary: marked `!`, and to be read before a confirm."""

CONTRADICTING_NO_SHOW = CONTRADICTING | {Finding.CANCELLED}

NO_SHOW_SAYS = {
    Finding.CANCELLED: "! it is cancelled there. Look there first",
    Finding.SEVERAL: "! shows several patients for it. Mark it there by hand",
    Finding.SERIES: "! shows a series of appointments. Mark this one there by hand",
}
"""What is said otherwise where the patient is marked as one who did not come."""

ROOM = 80 - TEXT_START
"""Cells of the sentence at the design size."""

ASK_WHICH = "Ask which one is meant"

_FIXED = {
    Finding.CANCELLED: "already cancelled there. F8 cancels it here as well",
    Finding.ATTENDED: "! says the patient came, or did not come. Look there first",
    Finding.SEVERAL: "! shows several patients for it. Cancel it there by hand",
    Finding.SERIES: "! shows a series of appointments. Cancel this one there by hand",
    Finding.MARKED: "! shows a mark that we do not know. Look there first",
    Finding.UNCLEAR: "! shows it in a way that we cannot compare. Look there first",
    Finding.UNKNOWN_STATUS: "! shows a status that we do not know. Look there first",
    Finding.UNREADABLE: "gives an answer that we cannot read. Attention (F4) says more",
    Finding.GONE: "! no longer shows this booking. Ask the patient",
    Finding.AWAY: "cannot be reached. It will be told as soon as it answers",
    Finding.LOCKED_OUT: "does not let us in. Attention (F4) says what to do",
    Finding.NOT_ASKED: f"{AUTOMATICALLY}. Not checked here",
}


def pms_says(
    preflight: Preflight | None,
    booking: Booking,
    now: datetime,
    otherwise: Mapping[Finding, str] = MappingProxyType({}),
) -> str:
    """Return the sentence for a PMS that is told automatically; `preflight` None is still being asked.

    `otherwise` are sentences for another command than a cancel.
    """
    if preflight is None:
        return f"{AUTOMATICALLY}. Asking now; F8 works before it answers"
    if preflight.finding in otherwise:
        return otherwise[preflight.finding]
    if preflight.finding in _FIXED:
        return _FIXED[preflight.finding]
    if preflight.finding is Finding.SAME:
        return _in_room(f"{AUTOMATICALLY}. It shows ", "", ", same", preflight, booking, now)
    if _shows_the_same(preflight, booking):
        return f"! shows somebody else at this time. {ASK_WHICH}"
    return _in_room("! now shows ", ",", f". {ASK_WHICH}", preflight, booking, now)


def _shows_the_same(preflight: Preflight, booking: Booking) -> bool:
    """Whether what differs is nothing that the answer can show: the patient."""
    same_time = preflight.starts_at in (None, booking.starts_at)
    return same_time and preflight.practitioner in ("", booking.practitioner.name)


def _in_room(start: str, comma: str, end: str, preflight: Preflight, booking: Booking, now: datetime) -> str:
    """Put time and practitioner between `start` and `end`; a long name is cut, never the end."""
    at = preflight.starts_at or booking.starts_at
    shown = start + times.when_in_words(at, booking.practice.zone, now)
    room = ROOM - cell_len(f"{shown}{comma} {end}")
    name = clean(preflight.practitioner)
    name = fitted(name, room).rstrip() if cell_len(name) > room else name
    return f"{shown}{comma} {name}{end}" if name else f"{shown}{end}"
