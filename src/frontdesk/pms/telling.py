"""How a PMS, whichever it is, is told of a change: read, compare, send once, verify.

Nothing is ever sent again before it was read that it has not been done: what an attempt
does not know, the next one begins by reading.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from frontdesk.attempts import ATTEMPT_SECONDS, Claim, Ended, Result
from frontdesk.bookings import Booking
from frontdesk.deliveries import MANUAL_UPDATE
from frontdesk.errors import FrontdeskError
from frontdesk.open_words import not_known_here
from frontdesk.pms.comparing import preflight
from frontdesk.pms.outcomes import say
from frontdesk.pms.port import (
    AlreadyCancelled,
    Appointment,
    ContractDrift,
    Pms,
    PmsConflict,
    PmsError,
    PmsNotFound,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    Rejected,
    SlotsLeft,
    UnknownOutcome,
    Unsupported,
    WriteState,
)
from frontdesk.pms.writes import Cancel, NoShow, PmsWrite, Stands, TakeBackNoShow
from frontdesk.preflight import Finding, Preflight

MARGIN_SECONDS = 1.0
"""Seconds by which an attempt ends earlier than the dispatcher would end it, so that it can say what it knows."""

LEAST_SECONDS = 5.0
"""Seconds that must be left to send anything: with fewer, the answer would come too late."""

_SLOT_WORDS = {
    SlotsLeft.NONE: "",
    SlotsLeft.BUSY: "; its time there is still kept busy: free it there",
    SlotsLeft.UNKNOWN: "; look there whether its time is free",
}


_LACKS_REASON = "; the reason may be missing there"


def _cancel(claim: Claim) -> PmsWrite:
    done = claim.booking.cancellation
    return Cancel(done.reason if done else "")


def _no_show(claim: Claim) -> PmsWrite:
    # By now a source may have brought another time than the one at which nobody came.
    return NoShow(has_begun=claim.booking.starts_at <= claim.at)


WRITES: dict[str, Callable[[Claim], PmsWrite]] = {
    "pms.cancel": _cancel,
    "pms.no_show": _no_show,
    "pms.take_back_no_show": lambda _: TakeBackNoShow(),
}
"""What each kind of delivery changes in the PMS."""


def write_of(claim: Claim) -> PmsWrite:
    """Return what a delivery changes in the PMS. Raises KeyError for a kind that nobody has described."""
    return WRITES[claim.delivery.kind](claim)


class PmsCarrier:
    """Tells the PMS of one connection.

    `open_pms` returns the PMS for a practice's time zone, since some write wall clock times;
    it is called in a thread, and raises UnusableSettings. One is kept for each zone.
    """

    def __init__(self, open_pms: Callable[[str], Pms]) -> None:
        self._open = open_pms
        self._opened: dict[str, Pms] = {}

    async def carry(self, claim: Claim) -> Result:
        """Change the booking's appointment in the PMS, or say why it is not, or not yet, done."""
        try:
            write = write_of(claim)
        except KeyError:
            return Result(Ended.FAILED, not_known_here("what was asked for"), is_ours=True)
        try:
            pms = await self._pms(claim.booking.practice.time_zone)
        except FrontdeskError as error:
            return Result(Ended.LOCKED_OUT, error.hint)
        return await _Attempt(pms, claim, write).carried()

    async def ask(self, booking: Booking) -> Preflight:
        """Return what the PMS shows of a booking that nobody has cancelled yet. Never raises."""
        try:
            pms = await self._pms(booking.practice.time_zone)
        except FrontdeskError:
            return Preflight(Finding.NOT_ASKED)
        return await preflight(pms, booking)

    async def close(self) -> None:
        """Let go of connections."""
        opened, self._opened = self._opened, {}
        for pms in opened.values():
            await pms.close()

    async def _pms(self, time_zone: str) -> Pms:
        if time_zone not in self._opened:
            pms = await asyncio.to_thread(self._open, time_zone)
            if (kept := self._opened.setdefault(time_zone, pms)) is not pms:
                await pms.close()
            return kept
        return self._opened[time_zone]


class _Attempt:
    """One attempt at one write, all its calls together within its deadline."""

    def __init__(self, pms: Pms, claim: Claim, write: PmsWrite) -> None:
        self._pms = pms
        self._claim = claim
        self._write = write
        self._ref = claim.booking.pms_ref
        self._is_sent = False
        self._ends_at = asyncio.get_running_loop().time() + ATTEMPT_SECONDS - MARGIN_SECONDS

    async def carried(self) -> Result:
        if not self._write.can(self._pms.capabilities):
            return self._not_read(Result(Ended.REFUSED, MANUAL_UPDATE))
        try:
            async with asyncio.timeout_at(self._ends_at):
                return await self._read_and_send()
        except TimeoutError:
            if self._is_sent:
                return self._unknown("it did not answer in time")
            return self._not_read(Result(Ended.FAILED, "it did not answer in time", is_away=True))

    async def _read_and_send(self) -> Result:
        try:
            shown = await self._read(self._ref)
        except PmsError as error:
            return self._not_read(self._without_effect(error))
        match self._write.stands(self._claim.booking, shown):
            case Stands.DONE:
                lacks_reason = bool(self._claim.unproven) and self._may_lack_reason()
                return self._done(shown, was_so_before=not self._claim.unproven, lacks_reason=lacks_reason)
            case Stands.AS_SEEN:
                return await self._send(shown)
        said = self._write.otherwise(self._claim.booking, shown, self._claim.at)
        return Result(Ended.REFUSED, say(f"{self._write.said.refused}{said}"))

    async def _send(self, shown: Appointment) -> Result:
        if self._pms.capabilities.has_versions and not shown.version:
            return Result(Ended.REFUSED, "it gives no version of the appointment, so nothing was sent")
        if self._left() < LEAST_SECONDS:
            return Result(Ended.FAILED, "it answers too slowly", is_away=True)
        self._is_sent = True
        try:
            result = await self._write.send(self._pms, shown, self._claim.command.id)
        except (UnknownOutcome, ContractDrift, AlreadyCancelled) as error:
            return await self._found_out(shown.ref, str(error), lacks_reason=self._may_lack_reason())
        except PmsError as error:
            return self._without_effect(error)
        if result.state is WriteState.ACCEPTED:
            return Result(
                Ended.FAILED, f"it has taken {self._write.said.this_change} and has not carried it out yet"
            )
        # The answer to a request that was sent before may be the answer of that time.
        if self._pms.capabilities.verify_after_write or self._claim.unproven:
            doubt = "it did not show whether it was done"
            return await self._found_out(result.ref, doubt, lacks_reason=result.lacks_reason)
        was_so_before = result.state is WriteState.ALREADY
        return self._done(
            replace(shown, ref=result.ref), was_so_before=was_so_before, lacks_reason=result.lacks_reason
        )

    async def _found_out(self, ref: str, doubt: str, *, lacks_reason: bool) -> Result:
        """Read whether it is done now. That it is not yet proves nothing: a request may be on its way."""
        try:
            shown = await self._read(ref)
        except PmsError:
            return self._unknown(doubt)
        if self._write.stands(self._claim.booking, shown) is Stands.DONE:
            return self._done(shown, was_so_before=False, lacks_reason=lacks_reason)
        return self._unknown(doubt)

    async def _read(self, ref: str) -> Appointment:
        """Return the appointment, or the one that took its place where this write may be what moved it."""
        try:
            return await self._pms.appointment(ref)
        except PmsNotFound as error:
            if not (self._write.follows_moves and error.successor):
                raise
            return await self._pms.appointment(error.successor)

    def _without_effect(self, error: PmsError) -> Result:
        """Return what follows from an error after which certainly nothing was done."""
        match error:
            case PmsUnauthorised():
                return Result(Ended.LOCKED_OUT, str(error))
            case RateLimited():
                return Result(Ended.FAILED, str(error), not_before=error.retry_at)
            case PmsUnavailable():
                return Result(Ended.FAILED, str(error), is_away=True)
            case PmsNotFound() | Rejected():
                return Result(Ended.REFUSED, str(error))
            case Unsupported():
                return Result(Ended.REFUSED, MANUAL_UPDATE)
            case PmsConflict() | _:
                return Result(Ended.FAILED, str(error))

    def _not_read(self, result: Result) -> Result:
        """Return what follows when the PMS could not be read: earlier attempts stay unknown."""
        if not self._claim.unproven:
            return result
        doubt = {Ended.FAILED: Ended.UNKNOWN, Ended.REFUSED: Ended.STUCK}
        return replace(result, ended=doubt.get(result.ended, result.ended))

    def _may_lack_reason(self) -> bool:
        """Whether a reason would have been a request of its own, behind one whose answer is not known."""
        has_reason = isinstance(self._write, Cancel) and bool(self._write.reason)
        return has_reason and self._pms.capabilities.reason_is_apart

    def _done(self, shown: Appointment, *, was_so_before: bool, lacks_reason: bool) -> Result:
        said = self._write.said.already if was_so_before else self._write.said.done
        is_other = self._write.follows_moves and shown.ref != self._ref
        return Result(
            Ended.DONE,
            f"{said}{_SLOT_WORDS[shown.slots]}{_LACKS_REASON if lacks_reason else ''}",
            proof={"pms_ref": shown.ref} if is_other else {},
        )

    def _unknown(self, said: str) -> Result:
        return Result(Ended.UNKNOWN, said)

    def _left(self) -> float:
        return self._ends_at - asyncio.get_running_loop().time()
