"""What may be changed in a PMS: for each kind what it needs, when it is done, and what is said of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar, Protocol
from uuid import UUID

from frontdesk.bookings import Booking
from frontdesk.deliveries import NO_SHOW_OTHERWISE, SHOWS_OTHERWISE, TAKE_BACK_OTHERWISE
from frontdesk.pms.comparing import compare, difference
from frontdesk.pms.port import (
    Appointment,
    AppointmentStatus,
    CancelRequest,
    Capabilities,
    MoveRequest,
    NoShowRequest,
    One,
    Pms,
    WriteResult,
)
from frontdesk.preflight import Finding

_NO_SHOW = frozenset({AppointmentStatus.NO_SHOW})
_NOT_MISSED = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.COMPLETED})


class Stands(Enum):
    """How an appointment stands in the PMS, before a write or after it."""

    DONE = "it is already as the write would make it"
    AS_SEEN = "it is as the operator saw it, and may be changed"
    OTHERWISE = "it is something else: a person has to look"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a write, in words that follow the PMS's name.

    `done` is said once it is proven, `already` when it was so before. `refused` begins what is
    said of an appointment that stands otherwise. `change` is such as "a cancel", `this_change` such
    as "the cancellation".
    """

    done: str
    already: str
    refused: str
    change: str
    this_change: str


class PmsWrite(Protocol):
    """One change of one appointment. `said` is what is said of it.

    `follows_moves` says that it looks for the appointment under the id that a move gave it.
    """

    said: ClassVar[Said]
    follows_moves: ClassVar[bool]

    def can(self, able: Capabilities) -> bool:
        """Whether a program can do that at this PMS."""
        ...

    def stands(self, booking: Booking, shown: Appointment) -> Stands:
        """Return how what the PMS shows stands to the booking here and to this change."""
        ...

    def otherwise(self, booking: Booking, shown: Appointment, now: datetime) -> str:
        """Say why `shown` is left alone, in words that follow `said.refused`."""
        ...

    async def send(self, pms: Pms, shown: Appointment, request_id: UUID) -> WriteResult:
        """Ask for the change once, on the condition that the appointment is still as shown."""
        ...


@dataclass(frozen=True, slots=True)
class Cancel:
    """The appointment is cancelled; done wherever it is cancelled, at whatever time."""

    reason: str = ""
    said: ClassVar[Said] = Said(
        "cancelled there", "was already cancelled there", SHOWS_OTHERWISE, "a cancel", "the cancellation"
    )
    follows_moves: ClassVar[bool] = False

    def can(self, able: Capabilities) -> bool:
        """Whether cancels are taken from outside."""
        return able.can_cancel

    def stands(self, booking: Booking, shown: Appointment) -> Stands:
        """Return DONE when it is cancelled, at whatever time."""
        found = compare(booking, shown)
        if found is Finding.CANCELLED:
            return Stands.DONE
        return Stands.AS_SEEN if found is Finding.SAME else Stands.OTHERWISE

    def otherwise(self, booking: Booking, shown: Appointment, now: datetime) -> str:
        """Say why it is not cancelled."""
        return difference(booking, shown, now, change=self.said.change)

    async def send(self, pms: Pms, shown: Appointment, request_id: UUID) -> WriteResult:
        """Ask for the cancel once."""
        return await pms.cancel(shown.ref, CancelRequest(request_id, self.reason, version=shown.version))


@dataclass(frozen=True, slots=True)
class Move:
    """The appointment gets another time, UTC, with the same practitioner; done once it starts then.

    The end counts only where the start stays: what a PMS makes of a length is its own business.
    """

    old_start: datetime
    new_start: datetime
    new_end: datetime
    said: ClassVar[Said] = Said(
        "moved there", "was already moved there", "not moved there: ", "a move", "the move"
    )
    follows_moves: ClassVar[bool] = True

    def can(self, able: Capabilities) -> bool:
        """Whether moves are taken from outside."""
        return able.can_reschedule

    def stands(self, booking: Booking, shown: Appointment) -> Stands:
        """Return DONE when it starts at the new time."""
        is_there = compare(booking, shown, starts_at=self.new_start) is Finding.SAME
        if is_there and (self.new_start != self.old_start or shown.ends_at == self.new_end):
            return Stands.DONE
        is_here = compare(booking, shown, starts_at=self.old_start) is Finding.SAME
        return Stands.AS_SEEN if is_here else Stands.OTHERWISE

    def otherwise(self, booking: Booking, shown: Appointment, now: datetime) -> str:
        """Say why it is not moved."""
        starts_at = self.new_start if shown.starts_at == self.new_start else self.old_start
        return difference(booking, shown, now, change=self.said.change, starts_at=starts_at)

    async def send(self, pms: Pms, shown: Appointment, request_id: UUID) -> WriteResult:
        """Ask for the move once."""
        who = shown.practitioners.ref if isinstance(shown.practitioners, One) else ""
        request = MoveRequest(request_id, self.new_start, self.new_end, who, shown.version)
        return await pms.reschedule(shown.ref, request)


@dataclass(frozen=True, slots=True)
class NoShow:
    """The patient did not come. Whoever has arrived there is never marked, nor whose appointment `has_begun` not."""

    has_begun: bool = True
    said: ClassVar[Said] = Said(
        "marked there as did not come",
        "was already marked there as did not come",
        NO_SHOW_OTHERWISE,
        "a no-show",
        "the no-show",
    )
    follows_moves: ClassVar[bool] = False

    def can(self, able: Capabilities) -> bool:
        """Whether no-shows are taken from outside."""
        return able.can_mark_no_show

    def stands(self, booking: Booking, shown: Appointment) -> Stands:
        """Return DONE when it is marked, and AS_SEEN only once it has begun and while nobody has arrived."""
        as_seen = {AppointmentStatus.BOOKED} if self.has_begun else frozenset[AppointmentStatus]()
        return _stands(booking, shown, done=_NO_SHOW, as_seen=as_seen)

    def otherwise(self, booking: Booking, shown: Appointment, now: datetime) -> str:
        """Say why it is not marked, such as when the patient arrived."""
        if not self.has_begun:
            return "it was moved and has not begun"
        statuses = {*_NO_SHOW, AppointmentStatus.BOOKED}
        return difference(booking, shown, now, change=self.said.change, statuses=statuses)

    async def send(self, pms: Pms, shown: Appointment, request_id: UUID) -> WriteResult:
        """Ask for the mark once."""
        return await pms.mark_no_show(shown.ref, NoShowRequest(request_id, shown.version))


@dataclass(frozen=True, slots=True)
class TakeBackNoShow:
    """The patient came after all; done once the PMS says no more that they did not."""

    said: ClassVar[Said] = Said(
        "no-show taken back there",
        "no-show was already taken back there",
        TAKE_BACK_OTHERWISE,
        "taking it back",
        "the change",
    )
    follows_moves: ClassVar[bool] = False

    def can(self, able: Capabilities) -> bool:
        """Whether a no-show can be taken back from outside."""
        return able.can_take_back_no_show

    def stands(self, booking: Booking, shown: Appointment) -> Stands:
        """Return DONE when it is booked, or the patient was there."""
        return _stands(booking, shown, done=_NOT_MISSED, as_seen=_NO_SHOW)

    def otherwise(self, booking: Booking, shown: Appointment, now: datetime) -> str:
        """Say why it is not taken back."""
        statuses = _NOT_MISSED | _NO_SHOW
        return difference(booking, shown, now, change=self.said.change, statuses=statuses)

    async def send(self, pms: Pms, shown: Appointment, request_id: UUID) -> WriteResult:
        """Ask once to take it back."""
        return await pms.take_back_no_show(shown.ref, NoShowRequest(request_id, shown.version))


def _stands(
    booking: Booking,
    shown: Appointment,
    *,
    done: Collection[AppointmentStatus],
    as_seen: Collection[AppointmentStatus],
) -> Stands:
    """Return how the appointment of the booking's own time stands by its status."""
    if compare(booking, shown, statuses=done) is Finding.SAME:
        return Stands.DONE
    return Stands.AS_SEEN if compare(booking, shown, statuses=as_seen) is Finding.SAME else Stands.OTHERWISE
