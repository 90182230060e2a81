"""Bookings, who may do what with them, and why not.

Standard library only: the words of the product, without a database, a screen or a wire.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from frontdesk import times
from frontdesk.open_words import OpenWord, not_known_here

REASON_LIMIT = 255
"""Characters of a cancellation reason, counted in code points after `text.clean`."""


class Status(StrEnum):
    """Where a booking stands. Derived, never stored: see `Booking.status`."""

    UPCOMING = "Upcoming"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"


class Channel(OpenWord):
    """A way to tell a patient something."""

    EMAIL = "email"
    SMS = "sms"


class Scope(OpenWord):
    """What a desk may be allowed to do."""

    READ = "read"
    CANCEL = "cancel"
    BILL = "bill"
    DECIDE = "decide"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Operator:
    """The person at the desk. `via` names the desk token they came through, if any."""

    name: str
    via: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.via})" if self.via not in ("", self.name) else self.name


@dataclass(frozen=True, slots=True)
class Pms:
    """What a practice's management system is called and can do.

    `connection` names the account it is reached through; secrets and addresses of that
    account stay in the config of whoever dispatches.
    """

    connection: str
    kind: str
    name: str
    can_cancel: bool
    tells_patient: bool = False
    can_move: bool = False
    can_mark_no_show: bool = False
    can_take_back_no_show: bool = False


@dataclass(frozen=True)
class Practice:
    """A clinic.

    `short` is its name in three letters, `phone` what patients are asked to ring, empty where
    nobody has said it. `patient_channels` is the order to try, `reason_channels` are those
    whose messages carry the cancellation reason to the patient. `account` names the billing
    account that pays for its new patients, empty where there is none, `biller` the mail address that
    requests not to be charged go to, or the name of the file that describes how they go over HTTP. In the first `no_show_after_minutes` of an appointment a
    patient who is not there may still come. `location` is the id of its site in a PMS that keeps several.
    """

    id: str
    name: str
    short: str
    time_zone: str
    email: str = ""
    pms: Pms | None = None
    patient_channels: tuple[Channel, ...] = ()
    reason_channels: tuple[Channel, ...] = (Channel.EMAIL,)
    phone: str = ""
    account: str = ""
    no_show_after_minutes: int = 15
    biller: str = ""
    location: str = ""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone its bookings are shown in."""
        return ZoneInfo(self.time_zone)


def home_practice(practices: Sequence[Practice], wanted: str) -> Practice | None:
    """Return the practice whose clock hangs on the desk's wall: the one with the id `wanted`, else the first."""
    named = next((practice for practice in practices if practice.id == wanted), None)
    return named or next(iter(practices), None)


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Who treats the patient at one practice. `id` is made by the store."""

    id: int
    practice_id: str
    name: str
    pms_ref: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """A value inside the booking. Unknown text is empty; an unknown birth date is None."""

    name: str
    birth_date: date | None = None
    mobile: str = ""
    email: str = ""
    is_new: bool | None = None
    pms_ref: str = ""


class Origin(OpenWord):
    """Where something was said of a booking. Only what was cancelled here is cancelled for ever."""

    HERE = "here"
    PMS = "pms"
    FILE = "file"

    @property
    def source(self) -> str:
        """Who says so, in words, where it was not said here."""
        words = {Origin.HERE: "", Origin.PMS: "the PMS", Origin.FILE: "an imported file"}
        return words.get(self, "a newer frontdesk")


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who cancelled, when, and the reason given, if any.

    `reason` is what the patient may read. `filed` is the word that the practice files it under, `note` its
    private note: both stay in the store and at desks that may read the booking. Where a source says that a
    booking was cancelled, `origin` is that source and `by` whoever brought it in.
    """

    at: datetime
    by: Operator
    reason: str = ""
    origin: Origin = Origin.HERE
    note: str = ""
    filed: str = ""

    @property
    def source(self) -> str:
        """Who says so, in words, where it was not cancelled here."""
        return self.origin.source

    def told(self, when: str) -> str:
        """Return who cancelled, and when, as words behind "cancelled"."""
        return f"{when}, as {self.source} says" if self.source else f"by {self.by} {when}"


class Presence(OpenWord):
    """Whether the patient came, in words of our own: a PMS has others, such as FTA and UTA.

    `UNABLE` gave notice. `UNKNOWN` is what a source says in words that nobody here knows.
    """

    NONE = "none"
    ARRIVED = "arrived"
    ATTENDED = "attended"
    NO_SHOW = "no-show"
    UNABLE = "unable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attendance:
    """Whether the patient came, and who says so: a fact beside the status, which stays as it is.

    `by` is None where a source says it that names nobody, `at` only where nobody has said
    anything. `notice` is whether the patient told the practice that they are not coming.
    """

    presence: Presence = Presence.NONE
    origin: Origin = Origin.HERE
    by: Operator | None = None
    at: datetime | None = None
    notice: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """A change that takes effect when the PMS has proven it; until then the booking stays as it is.

    `kind` is the kind of the command that asked for it at `at`.
    """

    command_id: UUID
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Booking:
    """One appointment of one patient.

    `id` is made by the store and never shown; `ref` is shown, unique within its practice. `version` rises
    with any change of these fields, never with deliveries. Instants are UTC; `fee` is in cents.
    """

    id: int
    version: int
    ref: str
    practice: Practice
    practitioner: Practitioner
    patient: Patient
    appointment_type: str
    starts_at: datetime
    ends_at: datetime | None = None
    pms_ref: str = ""
    fee: int | None = None
    created_at: datetime | None = None
    cancellation: Cancellation | None = None
    intent: Intent | None = None
    attendance: Attendance = Attendance()

    def status(self, now: datetime) -> Status:
        """Return the status at `now`, by the store's clock.

        The boundary is the start: a booking that starts now is Completed, which says
        nothing about attendance. Cancelled is terminal for what was cancelled here.
        """
        if self.cancellation is not None:
            return Status.CANCELLED
        return Status.UPCOMING if self.starts_at > now else Status.COMPLETED


class Followup(Enum):
    """What a cancelled booking's deliveries add to its row."""

    NOTHING_OPEN = "nothing open"
    UNDER_WAY = "under way"
    NEEDS_PERSON = "needs a person"


@dataclass(frozen=True, slots=True)
class Row:
    """A booking as a list shows it.

    `same_name` is whether it is Upcoming and so is one of somebody else of that name; `more` counts
    the same patient's other bookings to come, up to a limit. See `identity`.
    """

    booking: Booking
    followup: Followup = Followup.NOTHING_OPEN
    same_name: bool = False
    more: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of bookings: by start, then id."""

    starts_at: datetime
    id: int


LAST_ID = 2**31 - 1
"""The largest id a store makes: `Position(moment, LAST_ID)` lies behind all that start then."""


class Direction(Enum):
    """Which side of a position a page lies on."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class BookingQuery:
    """Which bookings are wanted. Empty sets and None mean no restriction.

    `text` is what the operator typed at Find. Days are calendar dates of each booking's own practice, both
    inclusive. `as_of` is the store's time when the query was set: Upcoming and Completed are meant as of
    then, so that pages of one query agree. `practitioners` holds practitioner ids, `practices` practice ids.
    `mobile` is a number as it is written anywhere, or several: any of them will do.
    """

    as_of: datetime
    text: str = ""
    statuses: frozenset[Status] = frozenset()
    first_day: date | None = None
    last_day: date | None = None
    practitioners: frozenset[int] = frozenset()
    practices: frozenset[str] = frozenset()
    mobile: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether nothing restricts this query."""
        return not (
            self.text.strip()
            or self.statuses
            or self.first_day
            or self.last_day
            or self.practitioners
            or self.practices
            or self.mobile
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in time order; `more` says whether there are others beyond, in the direction asked.

    `searched_until` is set when a search ran out of its step budget: rows beyond that position were not
    looked at, and asking again from there goes on. `beside` names the practitioners and appointment types
    that have the name, where a text has found the patients of that name alone.
    """

    rows: tuple[Row, ...]
    more: bool
    searched_until: Position | None = None
    beside: tuple[str, ...] = ()


COUNT_LIMIT = 2_000
"""Where counting the bookings of a query stops."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many bookings a query has; `exact` is False when counting stopped at a limit."""

    number: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"{self.number:,}+"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a desk may do now.

    `why_not_writable` is empty, or the store's reason in a few words. `practices` None
    means all of them. `via` is the name of the desk token that it comes through, if any:
    every write of this desk carries it.
    """

    why_not_writable: str = ""
    scopes: frozenset[Scope] = frozenset(Scope)
    practices: frozenset[str] | None = None
    via: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something cannot be done now: a fixed code, and the operator's words for it."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


def reason_not_known(what: str) -> Reason:
    """Return the reason that only a newer program can do it, where this one does not know `what`."""
    return Reason("not-known-here", not_known_here(what))


OTHER_STORE = "other-store"
"""The code of the reason that a command was meant for another store than the one that is there now."""

ALREADY_CANCELLED = "already-cancelled"
"""The code of the reason that a booking cannot be cancelled a second time."""


def why_not_cancel(
    booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None
) -> Reason | None:
    """Return why `booking` cannot be cancelled at `now`, or None when it can.

    `here` is the zone of the clock at the desk, in which a write is told; the practice's where
    it is not known.

    What is true of the booking comes before what is true of the desk: a receptionist who
    may not cancel still wants to read that it is cancelled already.
    """
    if booking.cancellation is not None:
        done, zone = booking.cancellation, booking.practice.zone
        at = times.when_in_words(done.at, here or zone, now) + times.other_clock(done.at, here or zone, zone)
        return Reason(ALREADY_CANCELLED, f"cancelled {done.told(at)}")
    if booking.starts_at <= now:
        ago = times.distance(booking.starts_at, now, booking.practice.zone)
        return Reason("time-passed", f"it started {ago}")
    return why_not_write(booking.practice, desk, Scope.CANCEL)


def _pms_name(booking: Booking) -> str:
    return booking.practice.pms.name if booking.practice.pms else "your appointment book"


def why_not_reschedule(
    booking: Booking, now: datetime, desk: Standing, here: ZoneInfo | None = None
) -> Reason | None:
    """Return why a booking cannot be rescheduled here; this version never can."""
    if booking.cancellation is not None:
        return why_not_cancel(booking, now, desk, here)
    if booking.starts_at <= now:
        return Reason("time-passed", f"it has started. Book a new appointment in {_pms_name(booking)}")
    return Reason("not-in-version", f"not in this version. Do it in {_pms_name(booking)}")


_NOT_WITHOUT = {
    Scope.READ: "this desk's token does not let it read bookings",
    Scope.CANCEL: "this desk may read bookings, not change them",
    Scope.BILL: "this desk may not see what is billed",
    Scope.DECIDE: "this desk may not decide about what is billed",
    Scope.ADMIN: "this desk may not look after the store",
}


def no_permission(scope: Scope) -> Reason:
    """Return why a desk without this scope is refused."""
    return Reason("no-permission", _NOT_WITHOUT[scope])


def why_not_write(practice: Practice | None, desk: Standing, scope: Scope) -> Reason | None:
    """Return why this desk may not change what belongs to `practice` in the way `scope` allows, or None.

    Without a practice it belongs to all of them.
    """
    if desk.why_not_writable:
        return Reason("not-writable", desk.why_not_writable)
    if scope not in desk.scopes:
        return no_permission(scope)
    if desk.practices is None:
        return None
    if practice is None:
        return Reason(
            "other-practice", "this desk works for some of the practices, and this is of all of them"
        )
    if practice.id not in desk.practices:
        return Reason("other-practice", f"this desk does not work for {practice.name}")
    return None
