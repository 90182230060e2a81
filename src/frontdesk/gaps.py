"""Values that bookings lack, so that people have to do work that could be done automatically.

Told when bookings come in and by `frontdesk doctor`, since the dialog says it only when a
patient is on the phone.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from frontdesk.arrivals import IncomingBooking
from frontdesk.bookings import Booking, Channel, Practice
from frontdesk.deliveries import Kind, State, Way, plan

_COLUMNS = {Channel.EMAIL: "patient_email", Channel.SMS: "patient_mobile"}


class Gaps:
    """Counts, over bookings that can still be cancelled, those that leave work to a person.

    `add` is given one after the other; `sentences` says what they lack, in the names of the
    CSV's columns, and what that means. `which` says whose number they are, in the plural.
    """

    def __init__(self, which: str = "bookings to come") -> None:
        self._which = which
        self._bookings = 0
        self._without_pms_ref: Counter[str] = Counter()
        self._without_address: Counter[tuple[Channel, ...]] = Counter()

    def add(self, booking: Booking | IncomingBooking, practice: Practice, now: datetime) -> None:
        """Count a booking of `practice`, unless it is cancelled or has started at `now`."""
        cancelled = booking.cancelled_at if isinstance(booking, IncomingBooking) else booking.cancellation
        if cancelled or booking.starts_at <= now:
            return
        self._bookings += 1
        for one in plan(booking, practice):
            if one.way is Way.PMS and one.state is State.ATTENTION:
                # One that cannot cancel at all lacks nothing: there everything is done by hand.
                self._without_pms_ref[one.target] += practice.pms is not None and practice.pms.can_cancel
            elif one.kind == Kind.PATIENT_PHONE:
                self._without_address[practice.patient_channels] += 1

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each thing that some of them lack."""
        for pms, number in (+self._without_pms_ref).items():
            yield (
                f"{self._some(number)} no pms_ref. Without it {pms} cannot be told of a cancellation:"
                " somebody has to cancel the booking there by hand."
            )
        for channels, number in self._without_address.items():
            missing = " and no ".join(_COLUMNS.get(one, one.value) for one in channels)
            yield (
                f"{self._some(number)} no {missing}. Without an address the patient is not told automatically:"
                " somebody has to ring."
            )

    def _some(self, number: int) -> str:
        return f"{number:,} of {self._bookings:,} {self._which} {'has' if number == 1 else 'have'}"
