"""The format of a profile: one TOML file that describes a PMS with a REST interface.

Every key is written down here with what it means, and no other is accepted. What a profile
says is an assumption about somebody else's system until `frontdesk doctor` has tried it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from frontdesk.pms import instants
from frontdesk.pms.port import AppointmentStatus, Verified
from frontdesk.pms.profile_keys import Name, NeededPointer, Pointer, Section, Size, Template, Word
from frontdesk.pms.profile_routes import Routes


class Auth(Section, frozen=True, kw_only=True):
    """How a request shows who sends it.

    `headers` are texts with the roles of secrets in them: `"Bearer {secret}"`, or two keys
    `{secret}` and `{key2}`. `basic` sends `user` and `password` (RFC 7617). `bearer` sends the
    secret as a bearer token. `client-credentials` (RFC 6749, 4.4) fetches a token from
    `token_url` with `client_id` and the secret, which are sent in the form or, with
    `client_in = "header"`, as basic authentication; a token is renewed `margin` seconds before
    its end. Token address, client and scope of the config's connection count before those here.
    """

    kind: Literal["none", "headers", "basic", "bearer", "client-credentials"] = "none"
    headers: dict[str, Template] = {}
    user: Template = "{secret}"
    password: Template = ""
    token_url: str = ""
    client_id: str = ""
    scope: str = ""
    client_in: Literal["form", "header"] = "form"
    margin: Annotated[int, Meta(ge=0, le=3600)] = 60


class Times(Section, frozen=True, kw_only=True):
    """How instants are written.

    `format` is `iso` (ISO 8601), `epoch` or `epoch-ms` (numbers since 1970), or a pattern of
    strptime such as `%d/%m/%Y %H:%M`. `zone` is `offset` (every time has one), `practice` (wall
    clock time of the practice), or an IANA name such as UTC.
    """

    format: str = instants.ISO
    zone: str = instants.OFFSET


class Mark(Section, frozen=True, kw_only=True):
    """A field besides the status that says where an appointment stands.

    The mark holds when the field has a value or, with `is`, when it has this value. `required`
    means that the key must be there, with null for no value. `is_time` means that a value
    must be a time.
    """

    field: NeededPointer
    is_: str | int | bool | None = msgspec.field(name="is", default=None)
    means: AppointmentStatus
    required: bool = False
    is_time: bool = False


class Status(Section, frozen=True, kw_only=True):
    """The status of an appointment.

    `words` gives a meaning to each word that can be in `field`; every other word means
    `other`. Without a `field` an appointment is booked. The first mark that holds overrides
    this, unless the appointment is cancelled already. An appointment with a time, or true, at
    one of `gone` is deleted, whatever else it says; these keys must be there, with null for no value.
    """

    field: Pointer = ""
    words: dict[str, AppointmentStatus] = {}
    marks: tuple[Mark, ...] = ()
    gone: tuple[NeededPointer, ...] = ()


class Fields(Section, frozen=True, kw_only=True):
    """Where each value is in an appointment. `duration` is in minutes, and replaces `end`.

    With `ids_in_links` the values of practitioner, patient, location and series are addresses that end
    with their id; an address on another server cannot be compared. When the pointer to a patient
    leads to a key that is missing, or through a list with several patients, a person has to
    cancel. Null, an empty list and an empty text mean that there is no patient. `arrived_at` is
    when the patient arrived, `no_show_at` when somebody marked that they did not come. `location` is the
    id of the site, `previous` the id that the appointment had before a move, `series` the id of the series
    that it belongs to, `updated_at` when it was changed last.
    """

    id: NeededPointer
    start: NeededPointer
    end: Pointer = ""
    duration: Pointer = ""
    practitioner_id: Pointer = ""
    practitioner_name: Pointer | tuple[Pointer, ...] = ""
    patient_id: Pointer = ""
    patient_name: Pointer | tuple[Pointer, ...] = ""
    appointment_type: Pointer = ""
    arrived_at: Pointer = ""
    no_show_at: Pointer = ""
    location: Pointer = ""
    previous: Pointer = ""
    series: Pointer = ""
    updated_at: Pointer = ""
    ids_in_links: bool = False


class Version(Section, frozen=True, kw_only=True):
    """What proves that an appointment has not changed: a header such as ETag, or a field."""

    header: str = ""
    field: Pointer = ""


class Reason(Section, frozen=True, kw_only=True):
    """How the cancellation reason is sent.

    A reason of up to `limit` characters is `{reason}`. A longer one goes whole into `{note}`,
    or is cut. `{reason_code}` is the code of the reason if `codes` has it, else `other_code`.
    A note is cut at `note_limit`.
    """

    limit: Annotated[int, Meta(ge=0)] | None = None
    overflow: Literal["note", "cut"] = "cut"
    note_limit: Annotated[int, Meta(ge=1)] | None = None
    codes: dict[str, Word] = {}
    other_code: Word = ""


class Attendance(Section, frozen=True, kw_only=True):
    """The words for `{attendance}`: notice was given, or nobody came.

    In `[routes.take_back_no_show]` it stands for nothing, which is sent as null.
    """

    UTA: Word = "UTA"
    FTA: Word = "FTA"


class Paging(Section, frozen=True, kw_only=True):
    """How to get the next page of a list.

    `page` counts pages from `first`, `offset` counts rows; both end with the page that `pages`
    or `total` says, else with a page that is not full. `cursor` sends the value at `next`
    back; `next-link` follows the address at `next`, on the same server only. `total` is how many
    rows the whole list has: a list that ends with fewer or more, or grows meanwhile, is not believed.
    """

    kind: Literal["none", "page", "offset", "cursor", "next-link"] = "none"
    parameter: str = ""
    size_parameter: str = ""
    size: Size = 100
    first: Literal[0, 1] = 1
    pages: Pointer = ""
    total: Pointer = ""
    next: Pointer = ""


class Reading(Section, frozen=True, kw_only=True):
    """How far the lists can be trusted.

    `shows_cancelled`: they have cancelled appointments too. `shows_deleted`: `[routes.changes]` has deleted ones
    too. `id_survives_move`: an appointment keeps its id when it is moved.
    """

    shows_cancelled: bool = True
    shows_deleted: bool = False
    id_survives_move: bool = True


class Errors(Section, frozen=True, kw_only=True):
    """Where an error answer says what is wrong.

    In the answer that says that something is not found, `successor` is the id that an appointment has
    after a move, `merged_into` the one that a patient became.
    """

    code: Pointer = ""
    message: Pointer = ""
    successor: Pointer = ""
    merged_into: Pointer = ""


class Outcome(Section, frozen=True, kw_only=True):
    """What an answer with this status and, if given, this error code means. The first that fits counts.

    If none fits, the HTTP status decides. An answer with a success status and a code can be a
    failure; no outcome means success. `said` is the sentence that frontdesk shows.
    """

    status: Annotated[int, Meta(ge=200, le=599)]
    code: str = ""
    means: Literal[
        "already-cancelled", "conflict", "not-found", "rejected", "unauthorised", "rate-limited", "unavailable",
        "unknown", "unsupported",
    ]  # fmt: skip
    said: Annotated[str, Meta(max_length=120)] = ""


class Limits(Section, frozen=True, kw_only=True):
    """How many requests frontdesk sends: on average `per_minute`, at most `burst` at once."""

    per_minute: Annotated[int, Meta(ge=1, le=60_000)]
    burst: Annotated[int, Meta(ge=1, le=1_000)] = 5


class Profile(Section, frozen=True, kw_only=True):
    """A PMS. `name` is its name on the screen, `version` the version of this profile.

    `verified` says that the profile was tried with the vendor's system; `published` is the
    address of the vendor's reference that it follows. `base_url` is for a connection that has
    none; `prefix` begins every path, `headers` and `query` go with every request, and
    `{tenant}` may be in all four. `needs_email` asks for the connection's user_agent_email.

    `can_cancel = false`: somebody has to cancel there by hand. `tells_patient`: the PMS itself
    tells the patient of a cancel, so frontdesk sends the patient nothing. `verify_after_write`:
    the answer to a change proves nothing, and the appointment is read again.
    """

    name: Name
    version: str = ""
    verified: bool = False
    published: str = ""
    can_cancel: bool = True
    tells_patient: bool = False
    verify_after_write: bool = False
    needs_email: bool = False
    base_url: Template = ""
    prefix: Template = ""
    headers: dict[str, Template] = {}
    query: dict[str, Template] = {}
    auth: Auth = Auth()
    times: Times = Times()
    fields: Fields
    status: Status
    appointment_version: Version = Version()
    reason: Reason = Reason()
    attendance: Attendance = Attendance()
    paging: Paging = Paging()
    reading: Reading = Reading()
    routes: Routes
    errors: Errors = Errors()
    outcomes: tuple[Outcome, ...] = ()
    limits: Limits | None = None

    @property
    def proof(self) -> Verified:
        """How far it has been proven."""
        return Verified.proven(verified=self.verified, published=bool(self.published))
