"""What the wire contracts of the simulator have in common: requests, answers, and what is asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from frontdesk.demo.simulator.diary import Diary
from frontdesk.demo.simulator.records import Entry, EntryStatus, Person

JSON = "application/json"


class Operation(StrEnum):
    """What a request asks for."""

    PING = "ping"
    READ = "read"
    LIST = "list"
    PRACTITIONERS = "practitioners"
    SLOT = "slot"
    OPENINGS = "openings"
    PATIENT = "patient"
    LOCATIONS = "locations"
    BLOCKS = "blocks"
    HOURS = "hours"
    HISTORY = "history"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    NO_SHOW = "no-show"
    TAKE_BACK_NO_SHOW = "take-back-no-show"
    NOTE = "note"
    SEND = "send"
    OTHER = "other"


WRITES = frozenset(
    {
        Operation.CANCEL,
        Operation.RESCHEDULE,
        Operation.NO_SHOW,
        Operation.TAKE_BACK_NO_SHOW,
        Operation.NOTE,
        Operation.SEND,
    }
)


@dataclass(frozen=True)
class SimulatedAccount:
    """One account at the simulated PMS: its own diary, key and contract. `name` begins its paths.

    `fhir_version` is what a FHIR server says that it speaks; `frees_slots` whether the slots of
    an appointment become free with its cancel, `keeps_history` whether it tells what was deleted,
    `links_pages` whether a page of its lists says where the next one is.
    """

    name: str
    contract: str
    key: str = field(default="demo", repr=False)
    tenant: str = ""
    time_zone: str = "Australia/Adelaide"
    fhir_version: str = "4.0.1"
    frees_slots: bool = False
    keeps_history: bool = True
    links_pages: bool = True

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this practice's wall clocks run."""
        return ZoneInfo(self.time_zone)

    @property
    def gives_new_id(self) -> bool:
        """Whether a move there makes another appointment of it."""
        return self.contract == "core-practice"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an account: its path below the account's name, header names in lower case."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def asked(self, name: str, default: str = "") -> str:
        """Return a parameter of the query; the first one where it is repeated."""
        return next(iter(self.query.get(name, ())), default)

    def number(self, name: str, default: int) -> int:
        """Return a parameter that is a number. Raises Refusal."""
        try:
            return int(self.asked(name) or default)
        except ValueError:
            raise Refusal(Refused.INVALID, name, "is not a number") from None

    def document(self) -> dict[str, Any]:
        """Return the JSON object in the body, an empty one for anything else."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Call:
    """What a request was understood as."""

    operation: Operation
    ref: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers beyond length and date, and a body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, status: int, document: object, *headers: tuple[str, str], content_type: str = JSON
    ) -> "Answer":
        """Return an answer with a JSON document."""
        body = json.dumps(document, ensure_ascii=False).encode()
        return cls(status, body, (("Content-Type", content_type), *headers))


class Refused(Enum):
    """Why a request is refused; every contract has its own words for it."""

    UNAUTHORISED = "the credential is not accepted"
    FORBIDDEN = "the credential may not do that"
    NOT_FOUND = "there is no such appointment"
    CHANGED = "the appointment changed since it was read"
    ALREADY = "the appointment is cancelled already"
    IN_PAST = "the appointment's time has passed"
    ARRIVED = "the patient has arrived"
    INVALID = "something in the request is wrong"


class Refusal(Exception):
    """A request is refused; `field` is what is wrong with an invalid one.

    `merged_into` is the id of the patient that the one asked for became.
    """

    def __init__(self, why: Refused, field: str = "", message: str = "", merged_into: str = "") -> None:
        super().__init__(message or why.value)
        self.why = why
        self.field = field
        self.message = message or why.value
        self.merged_into = merged_into


class WireContract(Protocol):
    """How one kind of PMS speaks, for one account.

    `status_keys` are where its documents say how an appointment stands, `items_keys` where
    they have a list, `total_keys` where they say how long it is, and `page_parameters` are what asks
    for another page of one.
    """

    status_keys: frozenset[str]
    items_keys: frozenset[str]
    total_keys: frozenset[str]
    page_parameters: frozenset[str]

    def call(self, request: Request) -> Call:
        """Return what a request asks for."""
        ...

    def answer(self, request: Request, call: Call, now: datetime) -> Answer:
        """Do what is asked for, and answer it. Raises Refusal."""
        ...

    def refusal(self, refusal: Refusal) -> Answer:
        """Say no in this contract's words."""
        ...

    def pending(self, call: Call) -> Answer:
        """Say that a request was taken, to be carried out later."""
        ...


class MakeContract(Protocol):
    """Makes a wire contract for an account."""

    def __call__(self, account: SimulatedAccount, diary: Diary, /) -> WireContract:
        """Return the contract as this account speaks it; `diary` has its appointments."""
        ...


def marked(
    diary: Diary, account: str, entry: Entry, operation: Operation, now: datetime, **changes: Any
) -> Entry:
    """Mark a no-show, or take it back; what is so already stays as it is. Raises Refusal."""
    before, after = EntryStatus.BOOKED, EntryStatus.NO_SHOW
    if operation is Operation.TAKE_BACK_NO_SHOW:
        before, after = after, before
    if entry.status is after:
        return entry
    if entry.status is not before:
        raise Refusal(Refused.ARRIVED)
    return diary.change(account, entry, now, status=after, **changes)


def person(diary: Diary, account: str, ref: str) -> Person:
    """Return a patient. Raises Refusal for one who is not known, or is somebody else since a merge."""
    found = diary.register.person(account, ref)
    if found is None or found.merged_into:
        raise Refusal(Refused.NOT_FOUND, merged_into=found.merged_into if found else "")
    return found


def instant(value: object, field: str) -> datetime:
    """Read an instant with an offset. Raises Refusal."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal(Refused.INVALID, field, "is not a time") from None
    if found.tzinfo is None:
        raise Refusal(Refused.INVALID, field, "has no offset")
    return found


def text(document: Mapping[str, Any], field: str, limit: int) -> str:
    """Return a text of a document, empty where there is none. Raises Refusal."""
    value = document.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(Refused.INVALID, field, "is not text")
    if len(value) > limit:
        raise Refusal(Refused.INVALID, field, f"has more than {limit} characters")
    return value
