"""Marking whether the patient came, and taking that back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from frontdesk.attendance import why_not_mark_came, why_not_mark_no_show, why_not_take_back
from frontdesk.billing.adjustments import (
    LABELS,
    TOLD_US,
    Answer,
    Ground,
    Review,
    falls_with_no_show,
    why_not_request,
)
from frontdesk.bookings import Attendance, Booking, Operator, Presence, Reason, Standing
from frontdesk.commands.adjust import Requesting, invoice_state, latest_request
from frontdesk.commands.command import Ask, Changes, Held
from frontdesk.deliveries import Kind, Planned, plan_biller, plan_pms
from frontdesk.errors import Refused


@dataclass(frozen=True, slots=True)
class MarkNoShow(Requesting):
    """Mark that the patient did not come (FTA, DNA), and with a ground ask not to be charged for them."""

    kind: ClassVar[str] = "booking.mark_no_show"
    thing: ClassVar[type] = Booking
    past: ClassVar[str] = "did not come"
    takes_back: ClassVar[str] = Kind.PMS_TAKE_BACK_NO_SHOW

    notice: bool = field(
        default=False, metadata={"description": "the patient told the practice that they are not coming"}
    )
    ground: Ground | None = field(
        default=None,
        metadata={
            "description": "why nothing is to be charged; null: nobody asks for that",
            "example": Ground.NOT_NEW,
        },
    )

    @property
    def has_notice(self) -> bool:
        """Whether the patient told the practice, by the tick or by the answer to the same question."""
        return self.notice or Answer(TOLD_US, yes=True) in self.answers

    @property
    def given(self) -> tuple[Answer, ...]:
        """The answers, with the one that the tick has given already."""
        is_answered = any(answer.question == TOLD_US for answer in self.answers)
        if not self.notice or is_answered or self.ground is not Ground.DID_NOT_ATTEND:
            return self.answers
        return (Answer(TOLD_US, yes=True), *self.answers)

    def checked(self) -> None:
        Requesting.checked(self)
        if self.ground is None:
            if self.answers or self.text or self.name:
                raise Refused(Reason("no-ground", "say why nothing is to be charged"))
            return
        self.check_request(self.ground)
        if self.notice and Answer(TOLD_US, yes=False) in self.answers:
            raise Refused(
                Reason("contradicts", "the patient told you, and did not tell you: say one of the two")
            )

    def why_not(self, held: Held[Booking], now: datetime, desk: Standing) -> Reason | None:
        if why_not := why_not_mark_no_show(held.thing, now, desk, notice=self.has_notice):
            return why_not
        if self.ground is None:
            return None
        invoice = invoice_state(held, now)
        return why_not_request(held.thing, latest_request(held), invoice, self.ground, now, desk)

    def done(self, held: Held[Booking], by: Operator, now: datetime) -> Changes[Booking]:
        marked = Attendance(Presence.NO_SHOW, by=by, at=now, notice=self.has_notice)
        booking = replace(held.thing, attendance=marked)
        if self.ground is None:
            return Changes(booking)
        return Changes(booking, (self.requested(booking, self.ground, by, now),))

    def follows(self, before: Held[Booking], after: Booking) -> tuple[Planned, ...]:
        told = plan_pms(Kind.PMS_NO_SHOW, after, after.practice)
        return told if self.ground is None else (*told, *plan_biller(after.practice))

    def told(self, before: Held[Booking]) -> Mapping[str, str]:
        notes = ["the patient told the practice"] if self.has_notice else []
        if self.ground is not None:
            notes.append(f"asked not to be charged: {LABELS[self.ground]}")
        return {"note": "; ".join(notes)} if notes else {}


@dataclass(frozen=True, slots=True)
class TakeBackNoShow(Ask):
    """Take back what is marked. A request that awaits review is withdrawn with its no-show."""

    kind: ClassVar[str] = "booking.take_back_no_show"
    thing: ClassVar[type] = Booking
    past: ClassVar[str] = "taken back"
    reads: ClassVar[tuple[str, ...]] = ("adjustment",)
    locks: ClassVar[tuple[str, ...]] = ("delivery",)
    takes_back: ClassVar[str] = Kind.PMS_NO_SHOW

    def why_not(self, held: Held[Booking], now: datetime, desk: Standing) -> Reason | None:
        return why_not_take_back(held.thing, latest_request(held), now, desk)

    def done(self, held: Held[Booking], by: Operator, now: datetime) -> Changes[Booking]:
        booking = replace(held.thing, attendance=Attendance(by=by, at=now))
        request = latest_request(held)
        if request is None or not self._withdraws(held):
            return Changes(booking)
        return Changes(booking, (request.ended(Review.WITHDRAWN, by, now),))

    def follows(self, before: Held[Booking], after: Booking) -> tuple[Planned, ...]:
        if before.thing.attendance.presence is not Presence.NO_SHOW:
            return ()
        told = plan_pms(Kind.PMS_TAKE_BACK_NO_SHOW, after, after.practice)
        return (*told, *plan_biller(after.practice)) if self._withdraws(before) else told

    def told(self, before: Held[Booking]) -> Mapping[str, str]:
        said = {"was": before.thing.attendance.presence.value}
        return {**said, "note": "the request was withdrawn"} if self._withdraws(before) else said

    def _withdraws(self, held: Held[Booking]) -> bool:
        was_absent = held.thing.attendance.presence is Presence.NO_SHOW
        return was_absent and falls_with_no_show(latest_request(held))


@dataclass(frozen=True, slots=True)
class _MarkCame(Ask):
    """The patient came. The PMS has its own way to note it, and is not told."""

    thing: ClassVar[type] = Booking
    presence: ClassVar[Presence]

    def why_not(self, held: Held[Booking], now: datetime, desk: Standing) -> Reason | None:
        return why_not_mark_came(held.thing, self.presence, now, desk)

    def done(self, held: Held[Booking], by: Operator, now: datetime) -> Changes[Booking]:
        return Changes(replace(held.thing, attendance=Attendance(self.presence, by=by, at=now)))


@dataclass(frozen=True, slots=True)
class MarkArrived(_MarkCame):
    """Mark that the patient has arrived."""

    kind: ClassVar[str] = "booking.mark_arrived"
    past: ClassVar[str] = "arrived"
    presence: ClassVar[Presence] = Presence.ARRIVED


@dataclass(frozen=True, slots=True)
class MarkAttended(_MarkCame):
    """Mark that the patient attended the appointment."""

    kind: ClassVar[str] = "booking.mark_attended"
    past: ClassVar[str] = "attended"
    presence: ClassVar[Presence] = Presence.ATTENDED
