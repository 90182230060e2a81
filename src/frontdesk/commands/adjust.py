"""Asking not to be charged for a new patient, and deciding about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from frontdesk.billing.adjustments import (
    LABELS,
    NAME_LIMIT,
    TEXT_LIMIT,
    Adjustment,
    Answer,
    Ground,
    Review,
    why_decided,
    why_incomplete,
    why_not_decide,
    why_not_request,
)
from frontdesk.billing.periods import InvoiceState
from frontdesk.bookings import Booking, Operator, Reason, Scope, Standing
from frontdesk.commands.command import Ask, Changes, Held
from frontdesk.deliveries import Planned, plan_biller
from frontdesk.errors import Refused


def latest_request(held: Held[Any]) -> Adjustment | None:
    """Return the latest request of a booking, which its ask reads beside it, or None."""
    return max(held.beside.get("adjustment", ()), key=lambda one: one.id, default=None)


def invoice_state(held: Held[Any], now: datetime) -> InvoiceState:
    """Return where the invoice of a booking's period stands: it is open where nobody is billed."""
    payers = held.beside.get("payer", ())
    return next((one.invoice_state(held.thing.starts_at, now) for one in payers), InvoiceState.OPEN)


@dataclass(frozen=True, slots=True)
class Requesting(Ask):
    """What a request not to be charged says, whatever else is asked for with it."""

    reads: ClassVar[tuple[str, ...]] = ("adjustment", "payer")
    locks: ClassVar[tuple[str, ...]] = ("delivery",)

    answers: tuple[Answer, ...] = field(
        default=(),
        metadata={
            "description": "yes or no to each question of the ground",
            "example": (Answer("within-3-years", yes=True), Answer("form-then", yes=True)),
        },
    )
    text: str = field(
        default="",
        metadata={
            "max_length": TEXT_LIMIT,
            "description": "for the biller; needed where the ground is other",
            "example": "Booked twice by the mother and the father",
        },
    )
    name: str = field(
        default="",
        metadata={
            "max_length": NAME_LIMIT,
            "description": "who asks, as the biller reads it",
            "example": "Kim Nguyen",
        },
    )

    @property
    def given(self) -> tuple[Answer, ...]:
        """The answers to the questions of the ground, with those that were given by something else."""
        return self.answers

    def check_request(self, ground: Ground) -> None:
        """Raise Refused for a request on this ground that lacks an answer, a text or a name."""
        if lacks := why_incomplete(ground, self.given, self.text, self.name):
            raise Refused(lacks)

    def requested(self, booking: Booking, ground: Ground, by: Operator, now: datetime) -> Adjustment:
        """Return the request, which no store knows yet."""
        return Adjustment(0, 0, booking.id, ground, self.given, self.text, self.name, by, now)


@dataclass(frozen=True, slots=True)
class RequestAdjustment(Requesting):
    """Ask not to be charged for a new patient. A booking has one open request at most."""

    kind: ClassVar[str] = "booking.request_adjustment"
    thing: ClassVar[type] = Booking
    past: ClassVar[str] = "requested"

    ground: Ground = field(
        kw_only=True, metadata={"description": "why nothing is to be charged", "example": Ground.NOT_NEW}
    )

    def checked(self) -> None:
        Requesting.checked(self)
        self.check_request(self.ground)

    def why_not(self, held: Held[Booking], now: datetime, desk: Standing) -> Reason | None:
        invoice = invoice_state(held, now)
        return why_not_request(held.thing, latest_request(held), invoice, self.ground, now, desk)

    def done(self, held: Held[Booking], by: Operator, now: datetime) -> Changes[Booking]:
        return Changes(held.thing, (self.requested(held.thing, self.ground, by, now),))

    def follows(self, before: Held[Booking], after: Booking) -> tuple[Planned, ...]:
        return plan_biller(after.practice)

    def told(self, before: Held[Booking]) -> Mapping[str, str]:
        return {"note": LABELS[self.ground], "ground": self.ground.value, "name": self.name}


@dataclass(frozen=True, slots=True)
class _Decide(Ask):
    """Somebody else than who asked says what becomes of a request."""

    thing: ClassVar[type] = Adjustment
    scope: ClassVar[Scope] = Scope.DECIDE
    review: ClassVar[Review]

    note: str = field(
        default="",
        metadata={
            "max_length": TEXT_LIMIT,
            "description": "what the practice reads with the decision",
            "example": "The patient attended on another day of this month",
        },
    )

    def why_not(self, held: Held[Adjustment], now: datetime, desk: Standing) -> Reason | None:
        return why_decided(held.thing)

    def why_not_by(self, held: Held[Adjustment], by: Operator) -> Reason | None:
        return why_not_decide(held.thing, self.review, by, self.note)

    def done(self, held: Held[Adjustment], by: Operator, now: datetime) -> Changes[Adjustment]:
        return Changes(held.thing.ended(self.review, by, now, self.note))

    def told(self, before: Held[Adjustment]) -> Mapping[str, str]:
        return {"note": self.note, "ground": before.thing.ground.value}


@dataclass(frozen=True, slots=True)
class Approve(_Decide):
    """Approve a request: nothing is charged for its booking. Nobody decides a request of their own."""

    kind: ClassVar[str] = "adjustment.approve"
    past: ClassVar[str] = "approved"
    review: ClassVar[Review] = Review.APPROVED


@dataclass(frozen=True, slots=True)
class Reject(_Decide):
    """Reject a request, with a note that says why. Nobody decides a request of their own."""

    kind: ClassVar[str] = "adjustment.reject"
    past: ClassVar[str] = "rejected"
    review: ClassVar[Review] = Review.REJECTED
