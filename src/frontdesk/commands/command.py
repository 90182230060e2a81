"""A command is a value: an envelope, the same for every kind, around what is asked for.

A kind of command is one class, an `Ask`, and one line in `KINDS`. Everything else that a
command needs (its transaction, its HTTP route, the lost answer, the audit) is written once, for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from frontdesk.bookings import Operator, Reason, Scope, Standing
from frontdesk.deliveries import Planned
from frontdesk.errors import Refused

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a command acts on: the kind of thing, such as `booking`, and its id."""

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Held(Generic[Thing]):
    """A subject as it stands, and what its rules read beside it, by kind.

    In a transaction all of it is locked. `proof` is what an attempt found, for an ask that
    takes effect when it is proven.
    """

    thing: Thing
    beside: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    proof: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes(Generic[Thing]):
    """What an ask makes of its subject, and of what stands beside it.

    `beside` holds things that were locked with the subject, as they stand afterwards, and new
    ones, whose id is 0. Who writes them raises their versions.
    """

    thing: Thing
    beside: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask(ABC):
    """What a command asks for: a frozen dataclass whose fields are the content.

    They are the body of the HTTP request and the payload that the store keeps, by their names;
    a field at its default is left out of both, so a new field needs a default. Metadata of a
    field: `max_length`, `min_length`, `description`.
    """

    kind: ClassVar[str]
    """*locked subject*.*verb*: the word of the table, the route, the audit and the docs."""

    thing: ClassVar[type]
    """The type of its subject."""

    past: ClassVar[str]
    """What it has done, as one word in a history: cancelled."""

    scope: ClassVar[Scope] = Scope.CANCEL

    needs_version: ClassVar[bool] = True
    """Whether the operator has to have seen the subject as it is now; otherwise the rules alone decide."""

    reads: ClassVar[tuple[str, ...]] = ()
    """Kinds of things that its rules read, or that it alters, beside the subject: they are locked too."""

    locks: ClassVar[tuple[str, ...]] = ()
    """Kinds of things that are locked with those though no rule reads them: what it may settle, or wait for."""

    needs_proof: ClassVar[bool] = False
    """Whether it takes effect only when the PMS has proven it; until then the subject keeps an intent."""

    ends_intent: ClassVar[bool] = False
    """Whether it ends a change that waits for the PMS: one that was not sent falls, one that was is proven first."""

    takes_back: ClassVar[str] = ""
    """The kind of delivery that it takes back: one that had no effect yet falls, and the PMS is told of neither."""

    def checked(self) -> None:
        """Raise Refused for content that no store may take."""
        check_lengths(self)

    @abstractmethod
    def why_not(self, held: Held[Any], now: datetime, desk: Standing) -> Reason | None:
        """Return why it cannot be done now, or None. That the desk may write is asked elsewhere."""

    def why_not_by(self, held: Held[Any], by: Operator) -> Reason | None:
        """Return why this operator of all cannot do it, or None."""
        return None

    @abstractmethod
    def done(self, held: Held[Any], by: Operator, now: datetime) -> Changes[Any]:
        """Return what is different once it has taken effect."""

    def follows(self, before: Held[Any], after: Any) -> tuple[Planned, ...]:
        """Return what must follow: the dialog shows it, and the store plans it in the same transaction."""
        return ()

    def told(self, before: Held[Any]) -> Mapping[str, str]:
        """Return what the audit keeps of it in words, beside the digest of its payload."""
        return {}


@dataclass(frozen=True, slots=True)
class Command:
    """One write by an operator.

    The same `id` sent twice is the same command; kind, subject, version seen, operator and the
    ask's fields are its content. `seen` is the version that the operator looked at; 0 leaves
    the question to the rules, where the ask allows that. `store_id` is the store that the subject was read from, empty
    where that makes no difference.
    """

    id: UUID
    subject: Subject
    seen: int
    operator: Operator
    ask: Ask
    store_id: str = ""


@dataclass(frozen=True, slots=True)
class Done(Generic[Thing]):
    """A command that was carried out, and its subject as it stands now."""

    command_id: UUID
    kind: str
    at: datetime
    thing: Thing


def check_lengths(ask: Ask) -> None:
    """Raise Refused for a text that is longer than its field may be, or missing."""
    for one in fields(ask):
        value = getattr(ask, one.name)
        if not isinstance(value, str):
            continue
        said = one.metadata.get("called", one.name.replace("_", " "))
        longest, shortest = one.metadata.get("max_length"), one.metadata.get("min_length", 0)
        if len(value) < shortest:
            raise Refused(Reason(f"no-{said}", one.metadata["missing"]))
        if longest is not None and len(value) > longest:
            raise Refused(Reason("too-long", f"the {said} is longer than {longest} characters"))
