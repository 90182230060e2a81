"""Whether the patient came: who may say so, when, and why not.

The rule of the FTA / DNA key is `why_not_mark_no_show`. What a PMS calls attendance is its own
affair (`Presence` says what the words mean here).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.billing.adjustments import Adjustment, Ground, Review
from frontdesk.bookings import (
    Attendance,
    Booking,
    Origin,
    Presence,
    Reason,
    Scope,
    Standing,
    reason_not_known,
    why_not_cancel,
    why_not_write,
)

WORDS = {
    Presence.NONE: "not marked",
    Presence.ARRIVED: "arrived",
    Presence.ATTENDED: "attended",
    Presence.NO_SHOW: "did not come",
    Presence.UNABLE: "unable to come",
    Presence.UNKNOWN: "not known whether they came",
}
"""What a desk calls each."""


def word_of(presence: Presence) -> str:
    """Return what a desk calls it; a word of a newer program is told as it is."""
    return WORDS.get(presence, presence.value)


_CAME = frozenset({Presence.ARRIVED, Presence.ATTENDED})


def no_show_from(booking: Booking) -> datetime:
    """Return from when on a patient who is not there counts as one who does not come."""
    return booking.starts_at + timedelta(minutes=booking.practice.no_show_after_minutes)


def needs_notice(booking: Booking, now: datetime) -> bool:
    """Whether it is so early in the appointment that only the patient's own word counts."""
    return now < no_show_from(booking)


def why_not_mark_no_show(
    booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None, *, notice: bool = False
) -> Reason | None:
    """Return why the patient of `booking` cannot be marked as one who did not come, or None.

    It counts from the start on, for new patients and others. In the first minutes, which the
    practice sets, it counts only with `notice`: the patient told the practice that they are not
    coming. `here` is the zone of the clock at the desk, as for `why_not_cancel`.
    """
    if booking.cancellation is not None:
        return why_not_cancel(booking, now, desk, here)
    if reason := _why_not_understood(booking):
        return reason
    if booking.starts_at > now:
        start = times.when_in_words(booking.starts_at, booking.practice.zone, now)
        return Reason("not-started", f"not before it starts, {start}")
    if booking.attendance.presence is Presence.NO_SHOW:
        return Reason("already-no-show", told(booking, now, here))
    if booking.attendance.presence in _CAME:
        return Reason("came", f"{told(booking, now, here)}: take that back first")
    if needs_notice(booking, now) and not notice:
        counts_from, zone = no_show_from(booking), booking.practice.zone
        until = f"{counts_from.astimezone(zone):%H:%M}{times.other_clock(counts_from, zone, here or zone)}"
        return Reason(
            "may-still-come",
            f"the patient may still come until {until}, unless they told you that they are not coming",
        )
    return why_not_write(booking.practice, desk, Scope.CANCEL)


def why_not_mark_came(
    booking: Booking, presence: Presence, now: datetime, desk: Standing, here: ZoneInfo | None = None
) -> Reason | None:
    """Return why the patient cannot be marked as `presence`, which is ARRIVED or ATTENDED, or None.

    A patient arrives on the day of the appointment, by the practice's clock, or later; nobody
    has attended what has not begun. Who attended has arrived.
    """
    if booking.cancellation is not None:
        return why_not_cancel(booking, now, desk, here)
    if reason := _why_not_understood(booking):
        return reason
    if is_too_early(presence, booking.starts_at, booking.practice.zone, now):
        return Reason("not-started", f"it starts {_distance(booking, now)}")
    marked = booking.attendance.presence
    if marked is Presence.NO_SHOW:
        return Reason("already-no-show", f"{told(booking, now, here)}: take that back first")
    if marked in (presence, Presence.ATTENDED):
        return Reason("already-came", told(booking, now, here))
    return why_not_write(booking.practice, desk, Scope.CANCEL)


def is_too_early(presence: Presence, starts_at: datetime, zone: ZoneInfo, now: datetime) -> bool:
    """Whether nobody can know that yet of an appointment that starts then, by the clock of its practice.

    A patient arrives on the day; whether one attended, or did not come, is known from the start on.
    """
    if presence is Presence.ARRIVED:
        return times.local_date(starts_at, zone) > times.local_date(now, zone)
    return presence in (Presence.ATTENDED, Presence.NO_SHOW) and starts_at > now


def why_not_take_back(
    booking: Booking,
    request: Adjustment | None,
    now: datetime,
    desk: Standing,
    here: ZoneInfo | None = None,
) -> Reason | None:
    """Return why what is marked cannot be taken back, or None: they came after all, or were not there.

    `request` is the booking's latest billing adjustment request. What was approved on the
    ground that the patient did not come cannot be taken back; what awaits review is to be
    withdrawn with it (`adjustments.falls_with_no_show`).
    """
    if booking.attendance.presence is Presence.NONE:
        return Reason("not-marked", "nobody has marked whether the patient came")
    if reason := _why_not_understood(booking):
        return reason
    if (
        booking.attendance.presence is Presence.NO_SHOW
        and request is not None
        and request.ground is Ground.DID_NOT_ATTEND
        and request.review is Review.APPROVED
    ):
        return Reason("approved", "the request not to be charged for this patient is approved")
    return why_not_write(booking.practice, desk, Scope.CANCEL)


def _why_not_understood(booking: Booking) -> Reason | None:
    """Return that only a newer program knows what is marked, if that is so: it would be written over."""
    marked = booking.attendance.presence
    return None if marked.is_known else reason_not_known(f"the mark {marked}")


def why_not_no_show_key(
    booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None
) -> Reason | None:
    """Return why FTA / DNA opens nothing for `booking`, or None: it marks, and takes back what it has marked.

    That the patient gave notice, in the first minutes, is asked for by what it opens.
    """
    if booking.attendance.presence is Presence.NO_SHOW:
        return why_not_take_back(booking, None, now, desk, here)
    return why_not_mark_no_show(booking, now, desk, here, notice=True)


def why_not_arrived_key(
    booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None
) -> Reason | None:
    """Return why Arrived opens nothing for `booking`, or None: it marks, and takes back what it has marked."""
    return _why_not_came_key(booking, Presence.ARRIVED, now, desk, here)


def why_not_attended_key(
    booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None
) -> Reason | None:
    """Return why Attended opens nothing for `booking`, or None: it marks, and takes back what it has marked."""
    return _why_not_came_key(booking, Presence.ATTENDED, now, desk, here)


def _why_not_came_key(
    booking: Booking, presence: Presence, now: datetime, desk: Standing, here: ZoneInfo | None
) -> Reason | None:
    if booking.attendance.presence is presence:
        return why_not_take_back(booking, None, now, desk, here)
    return why_not_mark_came(booking, presence, now, desk, here)


def told(booking: Booking, now: datetime, here: ZoneInfo | None = None) -> str:
    """Return what is marked, when and by whom: `marked did not come 10:46 by Kim Nguyen`."""
    marked, zone = booking.attendance, booking.practice.zone
    shown_in = here or zone
    said = f"marked {word_of(marked.presence)}"
    if marked.at is not None:
        said += f" {times.since_in_words(marked.at, shown_in, now)}"
        said += times.other_clock(marked.at, shown_in, zone)
    return said + _by(marked)


def _by(marked: Attendance) -> str:
    if marked.origin is not Origin.HERE:
        return f", as {marked.origin.source} says"
    return f" by {marked.by}" if marked.by is not None else ""


def _distance(booking: Booking, now: datetime) -> str:
    return times.distance(booking.starts_at, now, booking.practice.zone)
