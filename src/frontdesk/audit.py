"""Who did what, in a chain that shows when a link was changed or taken out.

Each event's digest covers the digest before it, so a row that is edited, deleted or
swapped breaks every later link. A chain cannot show that its end was cut off, nor that all of
it was worked out anew from an altered event on: for that its heads are kept elsewhere
(`frontdesk audit export`, `audit_heads.py`) and compared.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.bookings import Operator
from frontdesk.commands import KINDS, Subject

GENESIS = ""
"""The digest before the first event."""


class Action(StrEnum):
    """The fixed words for what happens without a command. A command's word is its kind."""

    BOOKING_IMPORTED = "booking.imported"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_REINSTATED = "booking.reinstated"
    BOOKING_ADDED = "booking.added"
    BOOKING_MOVED = "booking.moved"
    BOOKING_REASSIGNED = "booking.reassigned"
    BOOKING_CHANGED = "booking.changed"
    BOOKING_SEEN = "booking.seen"
    DIARY_RECONCILED = "diary.reconciled"
    PRACTICE_APPLIED = "practice.applied"
    BILLING_APPLIED = "billing.applied"
    INVOICE_CLOSED = "invoice.closed"
    DIARY_DECIDED = "diary.decided"
    TOKEN_CREATED = "token.created"  # noqa: S105 - an action's name, not a secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - an action's name, not a secret


_PAST: Mapping[str, str] = {
    Action.BOOKING_IMPORTED: "imported",
    Action.BOOKING_CANCELLED: "cancelled",
    Action.BOOKING_REINSTATED: "reinstated",
    Action.BOOKING_ADDED: "booked",
    Action.BOOKING_MOVED: "moved",
    Action.BOOKING_REASSIGNED: "reassigned",
    Action.BOOKING_CHANGED: "changed",
    Action.BOOKING_SEEN: "attendance",
}


def past_of(action: str) -> str:
    """Return what was done, as one word in a history: cancelled."""
    return KINDS[action].past if action in KINDS else _PAST.get(action, action.rpartition(".")[2])


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that was done. `action` is a command's kind, or one of `Action`.

    `subject` is what a command acted on. `booking_id` is the booking that it concerns, None for
    what concerns no single one. `detail` holds flat text values, such as the reason of a
    cancellation or the counts of an import. `proof` lets a command be proven: its id, and digests
    of what it asked, planned and wrote.
    """

    number: int
    at: datetime
    operator: Operator
    action: str
    subject: Subject | None
    booking_id: int | None
    detail: Mapping[str, str]
    proof: Mapping[str, str] = field(default_factory=dict)


def in_words(event: AuditEvent, zone: ZoneInfo) -> str:
    """Return the detail of an event that concerns one booking, for operators: the reason, and who says so."""
    detail = event.detail
    words = [detail.get("reason") or detail.get("note") or ""]
    if source := detail.get("source"):
        words.append(f"as {source} says")
    if event.action == Action.BOOKING_REINSTATED:
        when = times.when_in_full(datetime.fromisoformat(detail["cancelled_at"]), zone)
        reason = f": {detail['cancellation_reason']}" if detail["cancellation_reason"] else ""
        words[-1] += f"; it had been cancelled {when}{reason}"
    return ", ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that does not fit, said for operators without a patient's name, and the event that shows it."""

    said: str
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Flaws:
    """What does not fit in an audit, or between it and the store. `found` are the first of `number`."""

    found: tuple[Flaw, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ended at the moment `at`: the last event's number, and its digest.

    `store` says in words which store it is of. Number 0 is a chain without events.
    """

    store: str
    number: int
    digest: str
    at: datetime


def digest(previous: str, event: AuditEvent) -> str:
    """Return the SHA-256 hex digest that links `event` to the digest before it.

    The bytes are canonical JSON (sorted keys, no spaces, UTF-8) with the instant in UTC to
    the microsecond, so both databases and any later reader compute the same value.
    """
    content = {
        "previous": previous,
        "number": event.number,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "operator": event.operator.name,
        "via": event.operator.via,
        "action": str(event.action),
        "subject": None if event.subject is None else [event.subject.kind, event.subject.id],
        "booking_id": event.booking_id,
        "detail": dict(event.detail),
        "proof": dict(event.proof),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def first_broken_link(
    links: Iterable[tuple[AuditEvent, str]], *, after: int = 0, previous: str = GENESIS
) -> int | None:
    """Return the number of the first event that is missing or whose digest does not follow, or None.

    `links` are events with their stored digests, in order, from the one on that follows
    event number `after`, whose digest is `previous`; without these, from the first on.
    """
    expected_number = after + 1
    for event, stored in links:
        if event.number != expected_number or digest(previous, event) != stored:
            return expected_number
        previous, expected_number = stored, expected_number + 1
    return None


def first_lost_head(heads: Iterable[Head], digests: Mapping[int, str]) -> Head | None:
    """Return the earliest head that the chain does not have any more, or None.

    `digests` are those of the events that the heads name, by number, of as many as there are.
    """
    lost = [head for head in heads if head.digest != (digests.get(head.number) if head.number else GENESIS)]
    return min(lost, key=lambda head: head.number, default=None)
