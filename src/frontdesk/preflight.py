"""What a PMS shows of a booking's appointment before something is confirmed here."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from frontdesk.arrivals import AppointmentStatus
from frontdesk.bookings import Booking


class Finding(Enum):
    """How what the PMS shows compares with the booking."""

    SAME = "same"
    """The same appointment at the same time."""
    DIFFERENT = "different"
    """Another time, or another person."""
    CANCELLED = "cancelled"
    """Already cancelled there."""
    ATTENDED = "attended"
    """The patient has arrived there, or did not come."""
    SEVERAL = "several"
    """It is for several patients there: a cancel would be for all of them."""
    SERIES = "series"
    """It stands for a whole series there."""
    MARKED = "marked"
    """It bears a mark there that changes its meaning in a way that is not known here."""
    UNCLEAR = "unclear"
    """Whose it is there, or with whom, cannot be compared with the booking."""
    UNKNOWN_STATUS = "unknown-status"
    """It has a status there that means nothing here."""
    GONE = "gone"
    """No such appointment."""
    AWAY = "away"
    """No answer."""
    UNREADABLE = "unreadable"
    """An answer that cannot be read, or that refuses to show it."""
    LOCKED_OUT = "locked-out"
    """Our credential is not accepted."""
    NOT_ASKED = "not-asked"
    """Nobody here can ask."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """A finding, and what is shown there: UTC start, practitioner's name and status, where it is known.

    `since` is the UTC instant when the patient arrived, or was marked as not having come.
    `besides_status` is the finding where no status there would be wrong.
    """

    finding: Finding
    starts_at: datetime | None = None
    practitioner: str = ""
    status: AppointmentStatus | None = None
    since: datetime | None = None
    besides_status: Finding | None = None


class AskPms(Protocol):
    """Asks a booking's PMS, without changing anything and without ever raising."""

    async def __call__(self, booking: Booking, /) -> Preflight:
        """Return what the PMS shows, after at most a few seconds."""
        ...
