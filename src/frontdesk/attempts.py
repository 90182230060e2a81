"""What one attempt at a delivery brought, and what becomes of the delivery then.

The rules of DESIGN: retry with full jitter between 2 s and 15 min; a person is called at
once on a permanent refusal, after `max_attempts`, and when an attempt has failed close to
the appointment. Unless it was refused, it goes on automatically all the same until the
appointment: whoever was away for an hour is told when they are back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from frontdesk.bookings import Booking
from frontdesk.commands import Command
from frontdesk.deliveries import Delivery, State

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=15)
LONGEST_WAIT = timedelta(hours=1)
"""A Retry-After beyond this is taken for a mistake."""

LOCK_OUT = timedelta(hours=1)
"""How long a connection that does not accept our credential is left alone."""

ATTEMPT_SECONDS = 20.0
"""The hard deadline of one attempt, all its calls together."""

LEASE = timedelta(seconds=60)
"""How long a claim is respected: well beyond the deadline of the attempt it is for."""


class Ended(Enum):
    """How an attempt ended."""

    DONE = "proven to have taken effect"
    FAILED = "certainly without effect, and worth trying again"
    UNKNOWN = "nobody knows; the next attempt asks before it sends"
    REFUSED = "certainly without effect, for ever"
    STUCK = "nobody knows, and only a person can find out"
    LOCKED_OUT = "certainly without effect: the other side does not accept our credential"


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt brought. `said` is why, in the operator's words, or who took it when done.

    `not_before` is when the other side wants to be asked again; it holds for its whole
    connection. `is_away` says that the other side could not be reached at all, `is_ours` that
    the cause lies here, so that it says nothing of the connection. `proof` is what was found, for
    a command that takes effect by it.
    """

    ended: Ended
    said: str = ""
    not_before: datetime | None = None
    is_away: bool = False
    is_ours: bool = False
    proof: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that one dispatcher has taken on, for one attempt, which `delivery` already counts.

    `command` is what it follows from, whole. `fence` proves that the claim is still this
    dispatcher's when it reports. `unproven` counts earlier attempts since the last proof that may
    have succeeded: their answer was lost, or the program was. `at` is the store's time of the claim.
    """

    delivery: Delivery
    booking: Booking
    command: Command
    fence: int
    unproven: int
    at: datetime


class Carrier(Protocol):
    """Carries out the deliveries of one connection."""

    async def carry(self, claim: Claim) -> Result:
        """Make one attempt and say what it brought. An exception is a bug, and an unknown outcome."""
        ...

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The config's `[delivery]`: when a person is called."""

    near: timedelta = timedelta(hours=2)
    max_attempts: int = 8


@dataclass(frozen=True, slots=True)
class NextState:
    """How a delivery stands after an attempt: its state, when the next attempt is due, and why.

    The last three are the fields of `Delivery`.
    """

    state: State
    next_at: datetime | None
    error: str = ""
    note: str = ""
    is_refused: bool = False


def after(
    delivery: Delivery, starts_at: datetime, result: Result, now: datetime, policy: RetryPolicy, chance: float
) -> NextState:
    """Return how `delivery` stands after the attempt that it counts already.

    `starts_at` is the appointment's start, `chance` a random number from 0 up to 1.
    """
    match result.ended:
        case Ended.DONE:
            return NextState(State.DONE, None, note=result.said)
        case Ended.REFUSED | Ended.STUCK | Ended.LOCKED_OUT:
            refused = result.ended is Ended.REFUSED
            return NextState(State.ATTENTION, None, result.said, is_refused=refused)
    is_tried_out = delivery.attempts >= policy.max_attempts
    if is_tried_out and starts_at <= now:
        return NextState(State.ATTENTION, None, result.said)
    next_at = now + pause(delivery.attempts, chance)
    if result.not_before is not None:
        next_at = max(next_at, min(result.not_before, now + LONGEST_WAIT))
    if is_tried_out or delivery.state is State.ATTENTION or starts_at - now < policy.near:
        return NextState(State.ATTENTION, next_at, result.said)
    # A try that failed says nothing of an earlier one whose answer was lost.
    is_unknown = result.ended is Ended.UNKNOWN or delivery.unproven > 0
    state = State.UNKNOWN if is_unknown else State.PENDING
    return NextState(state, next_at, result.said)


def pause(attempts: int, chance: float) -> timedelta:
    """Return how long to wait after the given number of attempts: full jitter, never below a second."""
    doublings: int = 2 ** min(attempts - 1, 20)
    longest = min(FIRST_PAUSE * doublings, LONGEST_PAUSE)
    return max(timedelta(seconds=1), longest * chance)
