"""A PMS, a mail server and an SMS gateway in memory that fail as told and remember what took effect."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from frontdesk.attempts import Carrier, Claim, Ended, Result
from frontdesk.bookings import Booking
from frontdesk.notify.envelope import Envelope
from frontdesk.pms import port


class Fault(Enum):
    """What goes wrong in one attempt."""

    NONE = "nothing"
    AWAY = "it cannot be reached"
    AWAY_LATER = "it can be asked, and then not be reached"
    BUSY = "it wants to be left alone for a while"
    LOCKED = "it does not accept the credential"
    REFUSED = "it refuses for ever"
    LOST = "it was done, and the answer is lost"
    UNHEARD = "it was sent and never came"
    LATE = "it was sent, and is done later"
    GARBAGE = "an answer that cannot be read"
    BUG = "an error of our own"
    KILLED_BEFORE = "the program dies before anything is sent"
    KILLED_AFTER = "the program dies after it was done"


class Killed(Exception):
    """The program is dead: nothing that comes after happens."""


@dataclass
class Appointment:
    """One appointment in the PMS; `was_read` since it was last asked to be cancelled."""

    starts_at: datetime
    seen_at_start: datetime
    is_cancelled: bool = False
    was_read: bool = False
    effective: int = 0


class World:
    """Everything outside, and what is the matter with it.

    The next read of an appointment that is `cut_off` fails: whatever lost an answer to a
    write is not over at once. `wrongs` has what must never be asked of the PMS.
    """

    def __init__(self) -> None:
        self.fault = Fault.NONE
        self.appointments: dict[str, Appointment] = {}
        self.late: list[str] = []
        self.cut_off: set[str] = set()
        self.mail: Counter[str] = Counter()
        self.texts: Counter[UUID] = Counter()
        self.wrongs: list[str] = []

    def add(self, booking: Booking) -> None:
        """Let the PMS know an appointment, just as the operator sees it."""
        self.appointments[booking.pms_ref] = Appointment(booking.starts_at, booking.starts_at)

    def cancel(self, ref: str) -> None:
        """Carry a cancel out in the PMS."""
        appointment = self.appointments[ref]
        if not appointment.is_cancelled:
            appointment.is_cancelled = True
            appointment.effective += 1

    def arrive(self) -> None:
        """Let everything come that was on its way."""
        while self.late:
            self.cancel(self.late.pop())


class LedgerPms:
    """The PMS, as far as a cancellation needs it."""

    capabilities = port.Capabilities("Praktika")

    def __init__(self, world: World) -> None:
        self._world = world

    async def appointment(self, ref: str) -> port.Appointment:
        if ref in self._world.cut_off:
            self._world.cut_off.remove(ref)
            raise port.PmsUnavailable("Praktika cannot be reached")
        match self._world.fault:
            case Fault.AWAY:
                raise port.PmsUnavailable("Praktika cannot be reached")
            case Fault.LOCKED:
                raise port.PmsUnauthorised("Praktika does not accept the key")
            case Fault.GARBAGE:
                raise port.ContractDrift("Praktika answered something else")
            case Fault.BUG:
                raise RuntimeError("a bug")
            case Fault.KILLED_BEFORE:
                raise Killed
        appointment = self._world.appointments[ref]
        appointment.was_read = True
        status = (
            port.AppointmentStatus.CANCELLED if appointment.is_cancelled else port.AppointmentStatus.BOOKED
        )
        return port.Appointment(ref, status, appointment.starts_at)

    async def cancel(self, ref: str, request: port.CancelRequest) -> port.WriteResult:
        world, appointment = self._world, self._world.appointments[ref]
        if not appointment.was_read:
            world.wrongs.append("asked the PMS to cancel without reading first")
        if appointment.starts_at != appointment.seen_at_start:
            world.wrongs.append("cancelled an appointment that is not what the operator saw")
        appointment.was_read = False
        match world.fault:
            case Fault.AWAY_LATER:
                raise port.PmsUnavailable("Praktika cannot be reached")
            case Fault.BUSY:
                raise port.RateLimited("Praktika is busy")
            case Fault.REFUSED:
                raise port.Rejected("Praktika refuses")
            case Fault.UNHEARD | Fault.LATE:
                if world.fault is Fault.LATE:
                    world.late.append(ref)
                world.cut_off.add(ref)
                raise port.UnknownOutcome("no answer came back")
        world.cancel(ref)
        if world.fault is Fault.KILLED_AFTER:
            raise Killed
        if world.fault is Fault.LOST:
            world.cut_off.add(ref)
            raise port.UnknownOutcome("no answer came back")
        return port.WriteResult(port.WriteState.APPLIED, ref)

    async def close(self) -> None:
        """Nothing is held."""


class _Messages:
    """What mail and SMS have in common."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _sent(self, now: datetime | None) -> Result | None:
        """Return the answer of an attempt before which nothing took effect, or None."""
        match self._world.fault:
            case Fault.AWAY | Fault.AWAY_LATER:
                return Result(Ended.FAILED, "cannot be reached", is_away=True)
            case Fault.BUSY:
                later = None if now is None else now + timedelta(minutes=5)
                return Result(Ended.FAILED, "busy", not_before=later)
            case Fault.LOCKED:
                return Result(Ended.LOCKED_OUT, "the password is not accepted")
            case Fault.REFUSED:
                return Result(Ended.REFUSED, "no such address")
            case Fault.UNHEARD | Fault.LATE | Fault.GARBAGE:
                return Result(Ended.UNKNOWN, "no answer came back")
            case Fault.BUG:
                raise RuntimeError("a bug")
            case Fault.KILLED_BEFORE:
                raise Killed
        return None

    def _answer(self) -> Result:
        if self._world.fault is Fault.KILLED_AFTER:
            raise Killed
        if self._world.fault is Fault.LOST:
            return Result(Ended.UNKNOWN, "no answer came back")
        return Result(Ended.DONE, "taken")

    async def close(self) -> None:
        """Nothing is held."""


class LedgerPost(_Messages):
    """The mail server."""

    repeats_are_harmless = False

    async def check(self, sender: str) -> Result:
        return Result(Ended.DONE, f"it takes mail from {sender}")

    async def send(self, envelope: Envelope) -> Result:
        if (without_effect := self._sent(None)) is not None:
            return without_effect
        self._world.mail[envelope.message_id] += 1
        return self._answer()


class LedgerSms(_Messages, Carrier):
    """The SMS gateway, which takes no idempotency key: nothing is ever repeated by itself."""

    async def carry(self, claim: Claim) -> Result:
        if claim.unproven:
            return Result(Ended.STUCK, "it is not known whether the SMS went out")
        if (without_effect := self._sent(claim.at)) is not None:
            return without_effect
        self._world.texts[claim.command.id] += 1
        return self._answer()


def moved(appointment: Appointment) -> Appointment:
    """The same appointment at another time."""
    return replace(appointment, starts_at=appointment.starts_at + timedelta(minutes=30))
