"""What an event of the audit keeps of a command, so that it can be proven: see `verifying`.

It is made of what the event's transaction wrote, and worked out again from what stands there.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from frontdesk.api.asks import content_of
from frontdesk.audit import AuditEvent
from frontdesk.commands import Changes, Command, Subject
from frontdesk.deliveries import Planned
from frontdesk.store.sql.subjects import SUBJECTS, kind_of

COMMAND, EFFECT_OF, CONTENT = "command", "effect of", "content"
DELIVERIES, PLANNED, WROTE = "deliveries", "planned", "wrote"
"""What a proof is made of, by name."""


class Following(Protocol):
    """A delivery, planned or in its row."""

    @property
    def kind(self) -> str: ...

    @property
    def target(self) -> str: ...

    @property
    def proves(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Left:
    """What an event left in a thing: the names of what nothing but commands writes, and a digest of their values."""

    subject: Subject
    names: tuple[str, ...]
    digest: str

    def is_in(self, kept: Mapping[str, Any]) -> bool:
        """Whether a thing that keeps this now is as the event left it."""
        return all(name in kept for name in self.names) and self.digest == digest_of(
            {name: kept[name] for name in self.names}
        )


def proof_of(command: Command, planned: Sequence[Planned], after: Changes[Any]) -> dict[str, str]:
    """Return what lets the audit prove a command: its row, what it planned, what it wrote."""
    return {
        COMMAND: str(command.id),
        CONTENT: content_of(command),
        DELIVERIES: kinds_of(planned),
        PLANNED: planned_digest(planned),
        **proof_of_things(after.thing, *after.beside),
    }


def proof_of_effect(command: Command, after: Changes[Any]) -> dict[str, str]:
    """Return what lets the audit prove that a command took effect, or fell, after it was made."""
    return {EFFECT_OF: str(command.id), **proof_of_things(after.thing, *after.beside)}


def proof_of_things(*things: Any) -> dict[str, str]:
    """Return what lets the audit prove things as they were written, with or without a command.

    It names of each what it keeps, and has a digest of that.
    """
    lines = []
    for thing in things:
        kind = kind_of(thing)
        kept = dict(SUBJECTS[kind].kept(thing))
        lines.append(f"{kind} {thing.id} {'+'.join(sorted(kept))}={digest_of(kept)}")
    return {WROTE: ", ".join(lines)}


def kinds_of(planned: Iterable[Following]) -> str:
    """Return the kinds of what follows a command, in order, as words."""
    return ", ".join(str(one.kind) for one in planned)


def planned_digest(planned: Iterable[Following]) -> str:
    """Return the digest of what never changes of a command's deliveries, however far they have got.

    Their connections are not in it: a practice that changes its PMS takes them along.
    """
    return digest_of([[str(one.kind), one.target, bool(one.proves)] for one in planned])


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a value as canonical JSON."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def left_by(event: AuditEvent) -> list[Left]:
    """Return what an event left in things. Raises ValueError for a proof that is none."""
    left = []
    for line in filter(None, str(event.proof.get(WROTE, "")).split(", ")):
        about, _, digest = line.partition("=")
        kind, number, names = about.split(" ", 2)
        left.append(Left(Subject(kind, int(number)), tuple(filter(None, names.split("+"))), digest))
    return left
