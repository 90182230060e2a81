"""What a PMS shows of a booking's appointment before the booking is cancelled."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

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
    GONE = "gone"
    """No such appointment."""
    AWAY = "away"
    """No answer, or none that can be read."""
    LOCKED_OUT = "locked-out"
    """Our credential is not accepted."""
    NOT_ASKED = "not-asked"
    """Nobody here can ask."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """A finding, and what is shown there: UTC start and practitioner's name, where it is known."""

    finding: Finding
    starts_at: datetime | None = None
    practitioner: str = ""


class AskPms(Protocol):
    """Asks a booking's PMS, without changing anything and without ever raising."""

    async def __call__(self, booking: Booking, /) -> Preflight:
        """Return what the PMS shows, after at most a few seconds."""
        ...
