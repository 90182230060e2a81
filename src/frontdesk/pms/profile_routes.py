"""The requests of a profile: how each thing is asked of a PMS, and where it stands in the answer."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from frontdesk.pms.profile_keys import NeededPointer, Pointer, Query, Section, Template


class Route(Section, frozen=True, kw_only=True):
    """One request. A header or query parameter whose name has no value is left out."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, Meta(pattern="^/")]
    query: Query = {}
    headers: dict[str, Template] = {}


class Ping(Route, frozen=True, kw_only=True):
    """A request that shows that the PMS is there; `time` is its clock."""

    time: Pointer = ""


class Get(Route, frozen=True, kw_only=True):
    """One appointment, at `item`."""

    item: Pointer = ""


class List(Route, frozen=True, kw_only=True):
    """Appointments at `items`, the appointment itself at `item` of each row.

    `[routes.list]` asks for those between `{start}` and `{end}`, `[routes.changes]` for those that were changed
    at `{since}` or later. `{location}` is the site that is asked about, if only one is. Each table of
    `also` is asked as well, in place of `query`: for a PMS that leaves some out unless a filter names them.
    """

    items: Pointer = ""
    item: Pointer = ""
    also: tuple[Query, ...] = ()


class Write(Route, frozen=True, kw_only=True):
    """A change. `body` becomes JSON; `omit_empty` leaves out keys that have no value.

    The answer has the appointment as it is now at `item`. With `shows_result = false` it has
    not, and the appointment must be read again. A value at `pending`, or the status 202, means
    that the PMS took the change and does it later.
    """

    body: dict[str, Any] = {}
    omit_empty: bool = True
    shows_result: bool = True
    item: Pointer = ""
    pending: Pointer = ""


class Practitioners(Route, frozen=True, kw_only=True):
    """Who can be booked, at `items`, in pages if `paged`; all of them are active where `active` is empty."""

    items: Pointer = ""
    paged: bool = False
    id: NeededPointer
    name: Pointer | tuple[Pointer, ...]
    active: Pointer = ""


class Phones(Section, frozen=True, kw_only=True):
    """A patient's numbers where they are a list at `items`: the mobile is the first whose `kind` is `mobile`."""

    items: NeededPointer
    number: NeededPointer
    kind: NeededPointer
    mobile: str = "Mobile"


class Patient(Route, frozen=True, kw_only=True):
    """One patient, at `item`. `birth_date` is a date such as 1981-03-14.

    A key that is missing in an answer is not told, null is empty. `is_new` is true or false;
    where there is none, a patient is new who has no `first_visit`, or one that is still ahead.
    `merged_into` is the id of the patient that this one became. One with a value at `gone` is deleted.
    """

    item: Pointer = ""
    id: NeededPointer = "/id"
    name: Pointer | tuple[Pointer, ...]
    birth_date: Pointer = ""
    mobile: Pointer = ""
    phones: Phones | None = None
    email: Pointer = ""
    is_new: Pointer = ""
    first_visit: Pointer = ""
    merged_into: Pointer = ""
    gone: tuple[NeededPointer, ...] = ()


class Locations(Route, frozen=True, kw_only=True):
    """The sites of the account, at `items`, in pages if `paged`. `time_zone` is an IANA name."""

    items: Pointer = ""
    paged: bool = False
    id: NeededPointer
    name: NeededPointer
    time_zone: Pointer = ""


class Blocks(Route, frozen=True, kw_only=True):
    """Times off that touch `{start}` to `{end}`, at `items`, in pages if `paged`.

    With `{id}` in the path it is asked for each practitioner; else `practitioner` says whose it is.
    `duration` is in minutes, and replaces `end`. One with a value at `gone` is deleted.
    """

    items: Pointer = ""
    paged: bool = False
    id: NeededPointer
    practitioner: Pointer = ""
    start: NeededPointer
    end: Pointer = ""
    duration: Pointer = ""
    label: Pointer = ""
    location: Pointer = ""
    gone: tuple[NeededPointer, ...] = ()


class Hours(Route, frozen=True, kw_only=True):
    """When practitioners work in a week, at `items`, in pages if `paged`.

    With `{id}` in the path it is asked for each practitioner; else `practitioner` says whose they are.
    `weekday` is 1, Monday, to 7; 0 is Sunday too. `starts` and `ends` are times such as 08:30 by the practice's
    clock, in each row or in each entry of the list at `parts` of a row.
    """

    items: Pointer = ""
    paged: bool = False
    practitioner: Pointer = ""
    weekday: NeededPointer
    parts: Pointer = ""
    starts: NeededPointer
    ends: NeededPointer
    location: Pointer = ""


class Routes(Section, frozen=True, kw_only=True):
    """The requests that this PMS understands. It cannot do what is left out."""

    get: Get
    ping: Ping | None = None
    list: List | None = None
    cancel: Write | None = None
    reschedule: Write | None = None
    no_show: Write | None = None
    take_back_no_show: Write | None = None
    practitioners: Practitioners | None = None
    changes: List | None = None
    patient: Patient | None = None
    locations: Locations | None = None
    blocks: Blocks | None = None
    hours: Hours | None = None
