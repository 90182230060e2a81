"""Cancelling a booking, for ever."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from frontdesk.bookings import (
    REASON_LIMIT,
    Booking,
    Cancellation,
    Operator,
    Reason,
    Standing,
    why_not_cancel,
)
from frontdesk.commands.command import Ask, Changes, Held
from frontdesk.deliveries import Planned, plan


@dataclass(frozen=True, slots=True)
class ReasonAtHand:
    """A reason to choose from: the word for the file, and what the patient may read, empty for nothing."""

    file: str
    patient: str = ""


@dataclass(frozen=True, slots=True)
class Cancel(Ask):
    """Cancel a booking, for ever. The same command again gets the same answer and does nothing."""

    kind: ClassVar[str] = "booking.cancel"
    thing: ClassVar[type] = Booking
    past: ClassVar[str] = "cancelled"
    ends_intent: ClassVar[bool] = True

    reason: str = field(
        default="",
        metadata={
            "max_length": REASON_LIMIT,
            "description": "the patient may read it, see the practice",
            "example": "Sick",
        },
    )
    told_by_phone: bool = field(
        default=False, metadata={"description": "the operator told the patient just now"}
    )
    note: str = field(
        default="",
        metadata={
            "max_length": REASON_LIMIT,
            "description": "for the practice only: no message, no PMS and no log gets it",
        },
    )
    filed: str = field(
        default="",
        metadata={
            "called": "word for the file",
            "max_length": REASON_LIMIT,
            "description": "the word under which the practice files the reason, for the practice only",
        },
    )

    def why_not(self, held: Held[Booking], now: datetime, desk: Standing) -> Reason | None:
        return why_not_cancel(held.thing, now, desk)

    def done(self, held: Held[Booking], by: Operator, now: datetime) -> Changes[Booking]:
        return Changes(
            replace(
                held.thing, cancellation=Cancellation(now, by, self.reason, note=self.note, filed=self.filed)
            )
        )

    def follows(self, before: Held[Booking], after: Booking) -> tuple[Planned, ...]:
        return plan(after, after.practice, told_by_phone=self.told_by_phone)

    def told(self, before: Held[Booking]) -> Mapping[str, str]:
        # The audit is shown, exported and never changed: what is private is in its digests only.
        return {"reason": self.reason}
