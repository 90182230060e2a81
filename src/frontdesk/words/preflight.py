"""What a PMS shows of an appointment, in the dialog's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rich.cells import cell_len

from frontdesk import times
from frontdesk.arrivals import AppointmentStatus
from frontdesk.bookings import Booking
from frontdesk.preflight import Finding, Preflight
from frontdesk.text import clean
from frontdesk.words.dialog import ROOM
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


@dataclass(frozen=True, slots=True)
class Reading:
    """How a command's dialog reads the PMS's answer; without anything, as Cancel Booking does.

    `agrees` are the sentences for a status of the very appointment that the command can live with,
    `stops` those for one with which it is refused, `warns` those for a status of the patient's that
    speaks against it: the first that fits is said.
    `otherwise` are sentences for other findings, `contradicting` those to be read before a confirm.
    """

    agrees: Mapping[AppointmentStatus, tuple[str, ...]] = field(default_factory=dict)
    stops: Mapping[AppointmentStatus, tuple[str, ...]] = field(default_factory=dict)
    warns: Mapping[AppointmentStatus, tuple[str, ...]] = field(default_factory=dict)
    otherwise: Mapping[Finding, str] = field(default_factory=dict)
    contradicting: frozenset[Finding] = CONTRADICTING

    def of_status(self, preflight: Preflight) -> tuple[str, ...]:
        """Return the sentences for the status, the longest first; empty where it does not decide."""
        if preflight.status is None:
            return ()
        if preflight.besides_status is Finding.SAME:
            for known in (self.agrees, self.stops):
                if preflight.status in known:
                    return known[preflight.status]
        return self.warns.get(preflight.status, ()) if preflight.finding is Finding.ATTENDED else ()

    def is_refused(self, preflight: Preflight) -> bool:
        """Whether the very appointment has a status with which the command is refused."""
        return preflight.besides_status is Finding.SAME and preflight.status in self.stops

    def finding(self, preflight: Preflight) -> Finding:
        """Return what counts: where the status is one that agrees, what differs besides it."""
        if preflight.status in self.agrees and preflight.besides_status is not None:
            return preflight.besides_status
        return preflight.finding

    def contradicts(self, preflight: Preflight) -> bool:
        """Whether the answer has to be read before a confirm counts."""
        return self.finding(preflight) in self.contradicting


_MARK_ENDS = (". Ask at the desk before you mark it", ". Ask before you mark it")
_CONTRADICTING_MARK = CONTRADICTING | {Finding.CANCELLED}
_CANCELLED = "! it is cancelled there. Look there first"
_CAME = tuple(f"! shows {{status}}{{since}}{end}" for end in _MARK_ENDS)
_HAS_COME = ("! shows {status}{since}. Take that back there first",)
_BACK_ALREADY = tuple(
    f"already shows {{status}}{since}. F8 takes it back here as well" for since in ("{since}", "")
)

CANCELLING = Reading()

MARKING_NO_SHOW = Reading(
    agrees={
        AppointmentStatus.NO_SHOW: (
            "already shows {status}{since}. F8 marks it here as well",
            "already shows {status}. F8 marks it here as well",
        )
    },
    stops={AppointmentStatus.ARRIVED: _HAS_COME},
    warns={AppointmentStatus.ARRIVED: _CAME, AppointmentStatus.COMPLETED: _CAME},
    otherwise={
        Finding.CANCELLED: _CANCELLED,
        Finding.SEVERAL: "! shows several patients for it. Mark it there by hand",
        Finding.SERIES: "! shows a series of appointments. Mark this one there by hand",
    },
    contradicting=_CONTRADICTING_MARK,
)
"""Where the patient is marked as one who did not come."""

TAKING_BACK_NO_SHOW = Reading(
    agrees={
        AppointmentStatus.BOOKED: _BACK_ALREADY,
        AppointmentStatus.ARRIVED: _BACK_ALREADY,
        AppointmentStatus.COMPLETED: _BACK_ALREADY,
        AppointmentStatus.NO_SHOW: (
            "shows {status}{since}. It is told, if it was told before",
            "shows {status}. It is told, if it was told before",
        ),
    },
    otherwise={
        Finding.CANCELLED: _CANCELLED,
        Finding.SEVERAL: "! shows several patients for it. Take it back there by hand",
        Finding.SERIES: "! shows a series of appointments. Take it back there by hand",
        Finding.NOT_ASKED: f"{AUTOMATICALLY}, if it was told before",
    },
    contradicting=_CONTRADICTING_MARK,
)
"""Where that mark is taken back."""

_STATUS_WORDS = {
    AppointmentStatus.BOOKED: "booked",
    AppointmentStatus.ARRIVED: "arrived",
    AppointmentStatus.COMPLETED: "completed",
    AppointmentStatus.NO_SHOW: "did not come",
}

ASK_WHICH, ASK_WHICH_IN_SHORT = "Ask which one is meant", "Ask which is meant"

_FIXED = {
    Finding.CANCELLED: "already cancelled there. F8 cancels it here as well",
    Finding.ATTENDED: "! says the patient came, or did not come. Look there first",
    Finding.SEVERAL: "! shows several patients for it. Cancel it there by hand",
    Finding.SERIES: "! shows a series of appointments. Cancel it there by hand",
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
    reading: Reading = CANCELLING,
) -> str:
    """Return the sentence for a PMS that is told automatically; `preflight` None is still being asked."""
    if preflight is None:
        return f"{AUTOMATICALLY}. Asking now; F8 works before it answers"
    if of_status := reading.of_status(preflight):
        return _with_status(of_status, preflight, booking, now)
    finding = reading.finding(preflight)
    if fixed := reading.otherwise.get(finding) or _FIXED.get(finding):
        return fixed
    if finding is Finding.SAME:
        return _in_room(f"{AUTOMATICALLY}. It shows ", "", ", same", preflight, booking, now)
    if _shows_the_same(preflight, booking):
        return f"! shows somebody else at this time. {ASK_WHICH}"
    return _in_room("! now shows ", ",", f". {ASK_WHICH}", preflight, booking, now)


def why_refused(preflight: Preflight | None, booking: Booking, now: datetime, reading: Reading) -> str:
    """Return why what the PMS shows has the command refused, as sentences; empty where it does not."""
    if preflight is None or not reading.is_refused(preflight):
        return ""
    pms = booking.practice.pms.name if booking.practice.pms else "The PMS"
    shows = _status_and_since("{status}{since}", preflight, booking, now)
    return f"{pms} shows {shows}: nothing was marked. Take that back there, then open this window again."


def _with_status(sentences: tuple[str, ...], preflight: Preflight, booking: Booking, now: datetime) -> str:
    """Return the first sentence that fits, or the last one."""
    said = [_status_and_since(one, preflight, booking, now) for one in sentences]
    return next((one for one in said if cell_len(one) <= ROOM), said[-1])


def _status_and_since(sentence: str, preflight: Preflight, booking: Booking, now: datetime) -> str:
    at = preflight.since and times.since_in_words(preflight.since, booking.practice.zone, now)
    status = _STATUS_WORDS[preflight.status] if preflight.status else ""
    return sentence.format(status=status, since=f" {at}" if at else "")


def _shows_the_same(preflight: Preflight, booking: Booking) -> bool:
    """Whether what differs is nothing that the answer can show: the patient."""
    same_time = preflight.starts_at in (None, booking.starts_at)
    return same_time and preflight.practitioner in ("", booking.practitioner.name)


def _in_room(start: str, comma: str, end: str, preflight: Preflight, booking: Booking, now: datetime) -> str:
    """Put time and practitioner between `start` and `end`; a long name is cut, never the end."""
    at = preflight.starts_at or booking.starts_at
    shown = start + times.when_in_words(at, booking.practice.zone, now)
    name = clean(preflight.practitioner)
    if cell_len(f"{shown}{comma} {name}{end}") > ROOM:
        end = end.replace(ASK_WHICH, ASK_WHICH_IN_SHORT)
    room = ROOM - cell_len(f"{shown}{comma} {end}")
    name = fitted(name, room).rstrip() if cell_len(name) > room else name
    return f"{shown}{comma} {name}{end}" if name else f"{shown}{end}"
