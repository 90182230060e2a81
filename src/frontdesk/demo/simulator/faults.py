"""Faults of a PMS and of the way to it, as a script of the simulator.

A fault is how a request is answered (`kind`) and whether it takes effect all the same
(`effect`); the two are independent, as in a lost answer to a cancel that was carried out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum

from frontdesk.demo.simulator import spoiling
from frontdesk.demo.simulator.wire import WRITES, Answer, Operation, Refusal, Refused, WireContract


class Effect(StrEnum):
    """Whether a request that meets a fault takes effect."""

    APPLIED = "applied"
    NEVER = "never"
    LATE = "late"
    """Some time after it was answered, or after its client gave up."""


class Kind(StrEnum):
    """How a request that meets a fault is answered."""

    UNAUTHORISED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    CONFLICT = "409"
    PRECONDITION = "412"
    INVALID = "422"
    BUSY_SECONDS = "429 seconds"
    BUSY_DATE = "429 date"
    BUSY_EPOCH = "429 epoch"
    BUSY_ABSURD = "429 absurd"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    REDIRECT = "redirect"
    LOGIN_PAGE = "login page"

    DROP = "drop"
    HANG = "hang"
    SLOW = "slow"
    DRIP = "drip"
    AWAY = "away"

    ACCEPTED = "202"
    EMPTY = "empty"
    NO_CONTENT = "204"
    NOT_JSON = "not json"
    TRUNCATED = "truncated"
    CONTENT_TYPE = "content type"
    CHARSET = "charset"
    GZIP_BOMB = "gzip bomb"
    HUGE = "huge"
    NESTED = "nested"
    MISTYPED = "mistyped"
    UNKNOWN_STATUS = "unknown status"

    PAGES_REPEAT = "pages repeat"
    PAGES_SHRINK = "pages shrink"
    PAGES_SHIFT = "pages shift"
    TOTAL_LARGER = "total larger"
    NO_ROWS = "no rows"
    HALF = "half of the rows"
    LATER = "everything later"
    BLOCK_ROWS = "blocks as rows"
    CLOCK = "clock"

    STAFF_MOVE = "staff move it"
    STAFF_MOVE_FAR = "staff move it far away"
    STAFF_CHANGE = "staff change it"
    STAFF_CANCEL = "staff cancel it"
    STAFF_REINSTATE = "staff reinstate it"
    STAFF_DELETE = "staff delete it"
    STAFF_ARCHIVE = "staff archive it"
    STAFF_REBOOK = "staff rebook it"
    STAFF_REBOOK_SILENTLY = "staff rebook it silently"
    STAFF_LATE = "staff save it late"
    STAFF_SWAP_PATIENT = "staff swap the patient"
    STAFF_MERGE_PATIENTS = "staff merge patients"
    STAFF_RENAME = "staff rename the practitioner"
    STAFF_ELSEWHERE = "staff move it to another site"

    @property
    def is_of_staff(self) -> bool:
        """Whether it is nothing that goes wrong, but something that people do there."""
        return self.name.startswith("STAFF_")


_NEVER_APPLIED = frozenset(
    {
        Kind.UNAUTHORISED,
        Kind.FORBIDDEN,
        Kind.NOT_FOUND,
        Kind.CONFLICT,
        Kind.PRECONDITION,
        Kind.INVALID,
        Kind.BUSY_SECONDS,
        Kind.BUSY_DATE,
        Kind.BUSY_EPOCH,
        Kind.BUSY_ABSURD,
        Kind.SERVER_ERROR,
        Kind.BAD_GATEWAY,
        Kind.UNAVAILABLE,
        Kind.GATEWAY_TIMEOUT,
        Kind.REDIRECT,
        Kind.LOGIN_PAGE,
        Kind.DROP,
        Kind.HANG,
    }
)

_REFUSALS = {
    Kind.UNAUTHORISED: Refused.UNAUTHORISED,
    Kind.FORBIDDEN: Refused.FORBIDDEN,
    Kind.NOT_FOUND: Refused.NOT_FOUND,
    Kind.INVALID: Refused.INVALID,
}

_HTML = (("Content-Type", "text/html; charset=utf-8"),)
_PAGES = {
    Kind.BAD_GATEWAY: (502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    Kind.UNAVAILABLE: (503, "<html><body><h1>503 Service Unavailable</h1></body></html>"),
    Kind.GATEWAY_TIMEOUT: (504, "<html><body><h1>504 Gateway Time-out</h1></body></html>"),
    Kind.SERVER_ERROR: (500, "Internal Server Error"),
    Kind.LOGIN_PAGE: (200, "<!DOCTYPE html><html><body><form>Sign in</form></body></html>"),
}

_SPOILED = {
    Kind.EMPTY: spoiling.emptied,
    Kind.NO_CONTENT: spoiling.without_content,
    Kind.NOT_JSON: spoiling.not_json,
    Kind.CONTENT_TYPE: spoiling.mislabelled,
    Kind.CHARSET: spoiling.in_another_charset,
    Kind.GZIP_BOMB: spoiling.gzip_bomb,
    Kind.HUGE: spoiling.huge,
    Kind.NESTED: spoiling.nested,
    Kind.MISTYPED: spoiling.mistyped,
}

READS, WRITES_ONLY, ALL = "reads", "writes", "all"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with the requests it is `on`: all, reads, writes, or one operation.

    `account` is one account's name, empty for all; `times` is for how many requests, None
    until it is cleared. `seconds` is how long to wait, between the bytes of a drip, before a
    slow answer or a late effect (None: until the client gives up, or the script goes on), and
    otherwise what is said about time: a Retry-After, how far a clock is ahead, how much later everything
    seems to be. What staff do they do once to each appointment: to the one that a request is about, or
    when a list is asked for to the next one that is booked. `effect` is
    None for what is usual: refusals and lost requests have none, everything else has.
    """

    kind: Kind
    on: str = ALL
    account: str = ""
    times: int | None = None
    seconds: float | None = None
    effect: Effect | None = None

    def __post_init__(self) -> None:
        if self.on not in {ALL, READS, WRITES_ONLY, *Operation}:
            raise ValueError(f"{self.on} is no kind of request")

    @property
    def takes_effect(self) -> Effect:
        """Whether the request takes effect."""
        return self.effect or (Effect.NEVER if self.kind in _NEVER_APPLIED else Effect.APPLIED)

    def is_about(self, account: str, operation: Operation) -> bool:
        """Whether a request meets this fault."""
        if self.account not in {"", account}:
            return False
        if self.on in {READS, WRITES_ONLY}:
            return (operation in WRITES) == (self.on == WRITES_ONLY)
        return self.on in {ALL, operation}

    def spoil(self, answer: Answer, contract: WireContract, now: datetime) -> Answer:
        """Return what is answered instead of `answer`."""
        kind = self.kind
        if kind in _REFUSALS:
            return contract.refusal(
                Refusal(_REFUSALS[kind], "appointment", "this appointment cannot be cancelled")
            )
        if kind in {Kind.CONFLICT, Kind.PRECONDITION}:
            return replace(contract.refusal(Refusal(Refused.CHANGED)), status=int(kind))
        if kind in _PAGES:
            status, page = _PAGES[kind]
            return Answer(status, page.encode(), _HTML)
        if kind is Kind.REDIRECT:
            return Answer(302, b"", (("Location", "/login"),))
        if kind in _SPOILED:
            # What has no body cannot be spoiled: it gets one.
            return _SPOILED[kind](Answer.of(200, {}) if answer.status == 204 else answer)
        if kind is Kind.TOTAL_LARGER:
            return spoiling.with_larger(answer, contract.total_keys)
        if kind is Kind.UNKNOWN_STATUS:
            return spoiling.with_values(answer, contract.status_keys, "Quarantined")
        return self._told_to_wait(answer, now) if kind.startswith("429") else answer

    def _told_to_wait(self, answer: Answer, now: datetime) -> Answer:
        later = now + timedelta(seconds=self.seconds if self.seconds is not None else 30)
        header = {
            Kind.BUSY_SECONDS: ("Retry-After", f"{(later - now).total_seconds():.0f}"),
            Kind.BUSY_DATE: ("Retry-After", format_datetime(later, usegmt=True)),
            Kind.BUSY_EPOCH: ("X-RateLimit-Reset", f"{later.timestamp():.0f}"),
            Kind.BUSY_ABSURD: ("Retry-After", "99999999999999999999"),
        }.get(self.kind)
        if header is None:
            return answer
        return Answer.of(429, {"error": {"code": "too_many_requests"}}, header)


class Faults:
    """The faults in force, the first that matches a request being the one it meets."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int | None]] = []
        self._met: set[tuple[Kind, str, str]] = set()

    def set(self, *faults: Fault) -> None:
        """Put these in force, and no others; without any, everything is well again."""
        self._left = [(fault, fault.times) for fault in faults]
        self._met.clear()

    def is_first(self, fault: Fault, account: str, ref: str) -> bool:
        """Whether a fault meets something for the first time since the faults were set, which counts it."""
        known = len(self._met)
        self._met.add((fault.kind, account, ref))
        return len(self._met) > known

    def add(self, fault: Fault) -> None:
        """Put one more in force, behind those that are."""
        self._left.append((fault, fault.times))

    @property
    def in_force(self) -> tuple[Fault, ...]:
        """The faults that requests may still meet."""
        return tuple(fault for fault, _ in self._left)

    def take(self, account: str, operation: Operation) -> Fault | None:
        """Return the fault that this request meets, which counts it."""
        for place, (fault, left) in enumerate(self._left):
            if fault.is_about(account, operation):
                if left is not None:
                    self._left[place : place + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None


def is_away(faults: Iterable[Fault]) -> bool:
    """Whether nothing should listen at all."""
    return any(fault.kind is Kind.AWAY for fault in faults)
