"""A PMS that a test answers for, step by step, and the booking that it is asked about."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from frontdesk.attempts import Claim
from frontdesk.bookings import Booking, Cancellation
from frontdesk.deliveries import Delivery, Kind, State
from frontdesk.pms.port import (
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    CancelRequest,
    Capabilities,
    MoveRequest,
    NoShowRequest,
    One,
    PmsError,
    PmsPractitioner,
    WriteResult,
    WriteState,
)
from tests.making import KIM, cancel_of, make_booking, make_patient

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
START = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
COMMAND = UUID("6d1f1a52-6d0e-4a0e-8a35-0d5f8f1a9b11")
BOOKED = Appointment(
    "88213",
    AppointmentStatus.BOOKED,
    START,
    None,
    One("3"),
    "Dr Lee",
    One("55"),
    "Amelia Wilson",
    version="v1",
)
GONE = replace(BOOKED, status=AppointmentStatus.CANCELLED)
APPLIED = WriteResult(WriteState.APPLIED, "88213")
ACCEPTED = WriteResult(WriteState.ACCEPTED, "88213")

Step = Appointment | WriteResult | PmsError | Callable[[], Awaitable[Any]]


class Scripted:
    """A PMS that answers step by step; appointments answer reads, results answer writes."""

    def __init__(self, *steps: Step, **capabilities: Any) -> None:
        self.capabilities = Capabilities("Praktika", **capabilities)
        self.steps = list(steps)
        self.requests: list[CancelRequest | MoveRequest | NoShowRequest] = []
        self.refs = {"88213", "90001"}
        self.closed = 0

    async def _step(self) -> Any:
        step = self.steps.pop(0)
        if isinstance(step, PmsError):
            raise step
        return await step() if callable(step) else step

    async def appointment(self, ref: str) -> Appointment:
        assert ref in self.refs
        shown = await self._step()
        assert isinstance(shown, Appointment)
        return shown

    async def _write(self, ref: str, request: CancelRequest | MoveRequest | NoShowRequest) -> WriteResult:
        assert ref in self.refs
        self.requests.append(request)
        result = await self._step()
        assert isinstance(result, WriteResult)
        return result

    async def cancel(self, ref: str, request: CancelRequest) -> WriteResult:
        return await self._write(ref, request)

    async def ping(self) -> datetime | None:
        raise NotImplementedError

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None
    ) -> AppointmentPage:
        raise NotImplementedError

    async def reschedule(self, ref: str, request: MoveRequest) -> WriteResult:
        return await self._write(ref, request)

    async def mark_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        return await self._write(ref, request)

    async def take_back_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        return await self._write(ref, request)

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed += 1


def booking(**changes: Any) -> Booking:
    made = make_booking(
        starts_at=START,
        pms_ref="88213",
        patient=make_patient(pms_ref="55"),
        cancellation=Cancellation(AT, KIM, "Sick"),
    )
    known = replace(made.practitioner, pms_ref="3")
    return replace(made, **{"practitioner": known, **changes})


def claim(unproven: int = 0, at: datetime = AT, **changes: Any) -> Claim:
    """Return a claim to tell the PMS of the booking, made at `at`."""
    delivery = Delivery(1, 1, Kind.PMS_CANCEL, State.CLAIMED, "Praktika", AT, AT, "smile", attempts=1)
    command = cancel_of(booking(), id=COMMAND)
    return Claim(delivery, booking(**changes), command, fence=1, unproven=unproven, at=at)
