"""What the rest of the program may ask of a practice management system, whichever it is.

An adapter raises nothing but `PmsError`. Ids and versions are opaque text; instants are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Protocol
from uuid import UUID

from frontdesk.arrivals import AppointmentStatus as AppointmentStatus
from frontdesk.errors import FrontdeskError
from frontdesk.pms.files.settings import Export
from frontdesk.pms.hl7.settings import Hl7


@dataclass(frozen=True, slots=True)
class Wake:
    """What proves that a PMS asks to be read: in the header called `header`, by the secret that `credential` names.

    It is the secret itself, or the body's HMAC-SHA256 by it.
    """

    credential: str
    header: str
    is_hmac: bool = False


@dataclass(frozen=True)
class Account:
    """A connection of the config: how to reach one account at a PMS.

    `kind` is a registered name, or the absolute path of a profile. `credentials` maps the roles that
    a PMS knows (`secret`, `key2`) to names of secrets. `auth` has the extra addresses of a
    sign-in: `token_url`, `client_id`, `scope`. `fhir_version` is R4 or R5. `export` is what is read of
    a PMS without an API, `hl7` where one pushes its changes. `wake` is how it may ask to be read.
    """

    connection: str
    kind: str
    base_url: str = ""
    tenant: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)
    auth: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    allow_http: bool = False
    allow_private: bool = False
    user_agent_email: str = ""
    fhir_version: str = "R4"
    export: Export | None = None
    hl7: Hl7 | None = None
    wake: Wake | None = None


class Verified(Enum):
    """How far what an adapter assumes has been proven."""

    VENDOR = "tried with the vendor"
    CONTRACT = "follows the vendor's published API, not yet tried with the vendor"
    ASSUMED = "follows our own assumptions, not yet tried with the vendor"

    @classmethod
    def proven(cls, *, verified: bool, published: bool) -> "Verified":
        """Return how far a profile is proven, from what it says of itself."""
        if verified:
            return cls.VENDOR
        return cls.CONTRACT if published else cls.ASSUMED


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a PMS can do.

    `reason_is_apart`: a cancel's reason is a request of its own, which is not sent where the answer to the
    cancel itself is lost.
    """

    name: str
    can_cancel: bool = True
    can_list: bool = False
    can_reschedule: bool = False
    can_mark_no_show: bool = False
    can_take_back_no_show: bool = False
    tells_patient: bool = False
    has_versions: bool = False
    has_request_ids: bool = False
    reason_is_apart: bool = False
    verify_after_write: bool = False
    verified: Verified = Verified.ASSUMED


@dataclass(frozen=True, slots=True)
class Nobody:
    """The PMS says that there is nobody, or its contract has no place for somebody."""


@dataclass(frozen=True, slots=True)
class One:
    """One person or calendar, by the id that a booking would have."""

    ref: str


@dataclass(frozen=True, slots=True)
class Several:
    """More than one. `refs` are the ids of all of them, or only of some where `is_whole` is False."""

    refs: frozenset[str]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Unclear:
    """Somebody, told in a way that cannot be understood; there may be more than one.

    `refs` are the ids of those beside them who can be understood.
    """

    refs: frozenset[str] = frozenset()


Who = Nobody | One | Several | Unclear
"""The people that an appointment names in one role. Only `Nobody` is compared as nobody."""


class ByHand(Enum):
    """Why only a person may change an appointment, in words that follow "not cancelled there"."""

    MARKED = "it has a mark there that changes its meaning, and frontdesk does not know that mark"
    PARTIAL = "the PMS shows only a part of it"
    SERIES = "it is a whole series of appointments there"


class SlotsLeft(Enum):
    """What has become of the time slots of an appointment that is cancelled."""

    NONE = "free, or it has none"
    BUSY = "still busy"
    UNKNOWN = "cannot be read"


@dataclass(frozen=True, slots=True)
class PmsPatient:
    """Who a patient is, as the PMS has it. Unknown text is empty.

    `unsaid` names what the PMS has no place for, by the names of a CSV file's columns: `patient_dob`,
    `patient_mobile`, `patient_email`, `new_patient`. `merged_into` is the id of the patient that this one
    became, where the PMS tells it.
    """

    ref: str
    name: str = ""
    birth_date: date | None = None
    mobile: str = ""
    email: str = ""
    is_new: bool | None = None
    merged_into: str = ""
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as the PMS has it now; `raw_status` is its own word for the status.

    `version` is empty where the PMS tells none; where its capabilities promise one, nothing is
    sent then. `by_hand` says why a program must not change it, `slots` what a cancel has left.
    `since` is when the patient arrived, or was marked as not having come, where the PMS tells it.
    `location` is the id of the site, `previous` the id that it had before a move, `series` that of the series
    which it belongs to, `updated_at` when it was changed last by the PMS's clock, each empty where it tells none.
    `time_text` is the start as it is written there. `patient` is who it is for where that stands beside the
    appointment itself; elsewhere the patient is asked for by the id. `fee` is in cents, `reason` why it
    was cancelled. `unsaid` names what the diary has no place for, by the names of a CSV file's columns:
    that is not the same as empty.
    """

    ref: str
    status: AppointmentStatus
    starts_at: datetime
    ends_at: datetime | None = None
    practitioners: Who = Nobody()
    practitioner_name: str = ""
    patients: Who = Nobody()
    patient_name: str = ""
    appointment_type: str = ""
    version: str = ""
    raw_status: str = ""
    by_hand: ByHand | None = None
    slots: SlotsLeft = SlotsLeft.NONE
    since: datetime | None = None
    location: str = ""
    previous: str = ""
    series: str = ""
    updated_at: datetime | None = None
    time_text: str = ""
    patient: PmsPatient | None = None
    fee: int | None = None
    reason: str = ""
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Span:
    """A time of which a list has every appointment: those of one practitioner, of all where it names none.

    `practitioner` is the id, or the name where there is no id.
    """

    starts_at: datetime
    ends_at: datetime
    practitioner: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentPage:
    """Some appointments; `cursor` asks for the next ones, None when there are none.

    `without_time` counts entries that were left out because they have no time, as in a waiting list.
    `total` is how many the whole list has, those without a time too, where the PMS says it: on the last
    page it is exact. `gone` are the ids of those that the list names as deleted.

    `spans` are the times of which the list has everything, None where that is all that was asked for: what is
    not in the list and outside of them is not missing. `incomplete` is why the list as a whole may lack
    some, in words for the operator, empty where it does not: then there are no spans, what is new and
    changed counts, and nothing is missing. `as_of` is when the list was written, where that is not now.
    """

    appointments: tuple[Appointment, ...]
    cursor: str | None = None
    without_time: int = 0
    total: int | None = None
    gone: tuple[str, ...] = ()
    spans: tuple[Span, ...] | None = None
    incomplete: str = ""
    as_of: datetime | None = None

    def would_have(self, practitioner: str, starts_at: datetime) -> bool:
        """Whether an appointment that is not in the list is missing from it, as far as the list can tell.

        `practitioner` is the id, or the name where there is no id.
        """
        if self.spans is None:
            return not self.incomplete
        return any(
            span.practitioner in ("", practitioner) and span.starts_at <= starts_at < span.ends_at
            for span in self.spans
        )


@dataclass(frozen=True, slots=True)
class PmsPractitioner:
    """Who, or which calendar, can be booked in the PMS."""

    ref: str
    name: str
    is_active: bool = True


class Attendance(Enum):
    """Why somebody did not come, where a PMS asks for it."""

    UTA = "unable to attend: gave notice"
    FTA = "failed to attend"


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """One cancellation. `request_id` is the same for every attempt; `version` is what was just read.

    Without a `version` nothing is sent to a PMS that has versions: nobody has compared then.
    """

    request_id: UUID
    reason: str = ""
    attendance: Attendance = Attendance.UTA
    version: str = ""


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """One move, to UTC instants. `practitioner` is who has the appointment then, empty where nobody changes.

    `request_id` and `version` are as in CancelRequest.
    """

    request_id: UUID
    starts_at: datetime
    ends_at: datetime
    practitioner: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class NoShowRequest:
    """One no-show, to be marked or to be taken back; the fields are as in CancelRequest."""

    request_id: UUID
    version: str = ""


class WriteState(Enum):
    """What a PMS answered to a write."""

    APPLIED = "done"
    ALREADY = "it was so before"
    ACCEPTED = "taken, to be done later"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The answer to a write; `ref` differs from the one asked for where a move makes a new one.

    `lacks_reason` says of a cancel that it is done, and that its reason could not be written.
    """

    state: WriteState
    ref: str
    lacks_reason: bool = False


class UnusableSettings(FrontdeskError):
    """A profile, or a connection of the config, does not say what is needed to reach a PMS."""

    title = "The PMS settings cannot be used"
    exit_code = 2


class PmsError(Exception):
    """Something did not work. The text is for the operator: cleaned, without a patient's data."""


class PmsUnauthorised(PmsError):
    """The credential is not accepted: nothing was done, and nothing will be until it changes."""


class RateLimited(PmsError):
    """Asked too often: nothing was done. `retry_at` is when to ask again, if it was said."""

    def __init__(self, said: str, retry_at: datetime | None = None) -> None:
        super().__init__(said)
        self.retry_at = retry_at


class PmsUnavailable(PmsError):
    """It cannot be reached: nothing was done."""


class UnknownOutcome(PmsError):
    """The request was sent and its answer is lost or cannot be read: it may have been done."""


class PmsNotFound(PmsError):
    """There is no such appointment. Never proof of a cancel.

    `successor` is the id that it has after a move, where the PMS tells it.
    """

    def __init__(self, said: str, successor: str = "") -> None:
        super().__init__(said)
        self.successor = successor


class AlreadyCancelled(PmsError):
    """The appointment is cancelled already."""


class PmsConflict(PmsError):
    """The appointment changed since it was read: nothing was done."""


class Rejected(PmsError):
    """The PMS refuses, for ever; the text repeats its own words, cleaned."""


class Unsupported(PmsError):
    """This PMS cannot do that from outside."""


class ContractDrift(PmsError):
    """An answer without what the contract promises. Of a write: it may have been done."""


NO_VERSIONS = "it has no versions, so nothing can be changed safely"
"""Why nothing is sent to a PMS that is to have versions and shows none."""


class Pms(Protocol):
    """One account at a PMS. Every method raises `PmsError` and nothing else."""

    capabilities: Capabilities

    async def ping(self) -> datetime | None:
        """Return the PMS's own time if it tells it; that it answers means it is healthy."""
        ...

    async def appointments(
        self, start: datetime, end: datetime, cursor: str | None = None
    ) -> AppointmentPage:
        """Return appointments that start from `start` until before `end`, cancelled ones too."""
        ...

    async def appointment(self, ref: str) -> Appointment:
        """Return one appointment."""
        ...

    async def cancel(self, ref: str, request: CancelRequest) -> WriteResult:
        """Cancel an appointment: one request, never repeated here."""
        ...

    async def reschedule(self, ref: str, request: MoveRequest) -> WriteResult:
        """Move an appointment: one request, never repeated here."""
        ...

    async def mark_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Say that the patient did not come: one request, never repeated here."""
        ...

    async def take_back_no_show(self, ref: str, request: NoShowRequest) -> WriteResult:
        """Say that the patient did come after all: one request, never repeated here."""
        ...

    async def practitioners(self) -> tuple[PmsPractitioner, ...]:
        """Return who can be booked."""
        ...

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        ...
