"""A person deals with a delivery that needs one: it is settled with a note, or tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from frontdesk.bookings import REASON_LIMIT, Booking, Operator, Reason, Standing, reason_not_known
from frontdesk.commands.command import Ask, Changes, Held
from frontdesk.deliveries import Delivery, Kind, State, Way, is_by_hand


def _why_not(delivery: Delivery) -> Reason | None:
    if not delivery.is_known:
        return reason_not_known("what is to be done")
    if delivery.state is State.ATTENTION:
        return None
    by = f" by {delivery.settled_by}" if delivery.settled_by else ""
    return Reason("not-in-attention", f"it does not need a person any more: {delivery.state}{by}")


def _told(delivery: Delivery) -> dict[str, str]:
    return {"delivery": str(delivery.id), "kind": delivery.kind}


@dataclass(frozen=True, slots=True)
class Settle(Ask):
    """Sign that a person dealt with a delivery in attention."""

    kind: ClassVar[str] = "delivery.settle"
    past: ClassVar[str] = "settled"
    thing: ClassVar[type] = Delivery
    needs_version: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("booking",)
    locks: ClassVar[tuple[str, ...]] = ("delivery",)

    note: str = field(
        metadata={
            "min_length": 1,
            "max_length": REASON_LIMIT,
            "description": "what was done",
            "example": "Cancelled it there by hand",
            "missing": "say in a few words what was done",
        }
    )
    is_done: bool = field(
        default=True,
        metadata={"description": "false: it was given up, and what was to take effect by it does not"},
    )

    def why_not(self, held: Held[Delivery], now: datetime, desk: Standing) -> Reason | None:
        return _why_not(held.thing)

    def done(self, held: Held[Delivery], by: Operator, now: datetime) -> Changes[Delivery]:
        # Whoever is trying at this moment is not believed any more: see DeliveryQueue.finish.
        return Changes(
            replace(
                held.thing,
                state=State.SETTLED,
                note=self.note,
                settled_by=str(by),
                next_at=None,
                held_until=None,
                changed_at=now,
            )
        )

    def told(self, before: Held[Delivery]) -> Mapping[str, str]:
        return {**_told(before.thing), "note": self.note}


@dataclass(frozen=True, slots=True)
class Retry(Ask):
    """Make a delivery in attention due again, now."""

    kind: ClassVar[str] = "delivery.retry"
    past: ClassVar[str] = "tried again"
    thing: ClassVar[type] = Delivery
    needs_version: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("booking",)
    locks: ClassVar[tuple[str, ...]] = ("delivery",)

    def why_not(self, held: Held[Delivery], now: datetime, desk: Standing) -> Reason | None:
        delivery = held.thing
        if reason := _why_not(delivery):
            return reason
        if delivery.proves and delivery.is_refused:
            # Its command has ended: what the PMS does now would not take effect here.
            return Reason(
                "ended", f"{delivery.target} refused it, and it was not done: settle it, and ask anew"
            )
        if delivery.kind == Kind.PATIENT_PHONE:
            return Reason("by-person", "only a person can phone: settle it when it is done")
        (booking,) = held.beside["booking"]
        if delivery.kind == Kind.PMS_NO_SHOW and booking.starts_at > now:
            return Reason(
                "not-started", "the appointment was moved and has not begun: look there, then settle it"
            )
        pms = booking.practice.pms
        if delivery.way is Way.PMS and (pms is None or is_by_hand(booking, booking.practice, delivery.kind)):
            return Reason("by-person", f"{delivery.target} is updated by hand: settle it when it is done")
        return None

    def done(self, held: Held[Delivery], by: Operator, now: datetime) -> Changes[Delivery]:
        delivery = held.thing
        (booking,) = held.beside["booking"]
        again = replace(
            delivery,
            state=State.PENDING,
            next_at=now,
            changed_at=now,
            attempts=0,
            unproven=0,
            is_refused=False,
            connection=_connection(delivery, booking),
        )
        if delivery.held_until is not None and delivery.held_until > now:
            # An attempt is being made at this moment: it is the first of the new ones.
            again = replace(again, state=State.CLAIMED, attempts=1, unproven=delivery.unproven)
        if delivery.way is Way.PMS and delivery.unproven:
            # A message may be sent again because a person wants it; a PMS knows by itself, once it is asked.
            again = replace(again, state=State.UNKNOWN, unproven=delivery.unproven)
        return Changes(again)

    def told(self, before: Held[Delivery]) -> Mapping[str, str]:
        return _told(before.thing)


def _connection(delivery: Delivery, booking: Booking) -> str:
    pms = booking.practice.pms
    return pms.connection if delivery.way is Way.PMS and pms is not None else delivery.connection
