"""What goes over the wire between a desk and `frontdesk serve`, for both ends of it.

The nouns of the API are the domain's own types, as JSON (RFC 8259): instants are RFC 3339
in UTC, dates ISO 8601, enumerations their values. What is asked with a write, and how trouble
is told (RFC 9457), is here.
"""

import re
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, NoReturn, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from frontdesk.api.asks import body_fields
from frontdesk.bookings import Operator, Reason
from frontdesk.commands import KINDS, Ask, Done
from frontdesk.diary_runs import Decision
from frontdesk.errors import (
    CommitLost,
    Conflict,
    FrontdeskError,
    NotFound,
    NotWritten,
    Refused,
    Unauthorised,
    Unavailable,
)
from frontdesk.shapes import converted, decoded
from frontdesk.text import cleaned

VERSION = 1
"""Of the API. A desk and a server of different ones do not work together."""

VERSION_HEADER = "Frontdesk-Api"
PROBLEM_TYPE = "application/problem+json"
EVENTS_TYPE = "text/event-stream"

Answer = TypeVar("Answer")

PAGE_LIMIT = ROWS_LIMIT = 500
"""Rows of one page, or of one question for bookings by their ids, at most."""

OPERATOR_LIMIT = 200
WHO_OPERATES = "who sits at the desk; empty: the token's own name"

OperatorName = Annotated[str, Meta(max_length=OPERATOR_LIMIT, description=WHO_OPERATES)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of a write. A key that it does not know is refused."""

    operator: OperatorName = ""
    store_id: Annotated[
        str, Meta(max_length=64, description="of the state when the subject was read; empty: not compared")
    ] = ""


class DiaryDecided(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person decides about a mass change in a diary."""

    decision: Annotated[
        Decision,
        Meta(
            description="`again`: read once more; `ignore`: keep the list; `apply`: make the list as the diary says"
        ),
    ]
    operator: OperatorName = ""


def body_of(ask: type[Ask]) -> type[Asked]:
    """Return the body of a command of this kind: its own fields, who operates, and which store it is for."""
    made: Any = msgspec.defstruct(
        f"{ask.__name__}Asked",
        body_fields(ask),
        bases=(Asked,),
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )
    made.__doc__ = ask.__doc__
    body: type[Asked] = made
    return body


class DoneTold(msgspec.Struct, frozen=True):
    """A command that was carried out. `subject` is what it acted on, as it stands now."""

    command_id: UUID
    kind: str
    at: datetime
    subject: Any

    @classmethod
    def of(cls, done: Done[Any]) -> "DoneTold":
        """Return what is told of a command that was carried out."""
        return cls(done.command_id, done.kind, done.at, done.thing)

    def done(self) -> Done[Any]:
        """Return what it tells of. Raises ValueError for a kind that is not known here."""
        if self.kind not in KINDS:
            raise ValueError(f"there is no command of the kind {self.kind} here")
        thing = _cleaned(converted(self.subject, KINDS[self.kind].thing))
        return Done(self.command_id, self.kind, self.at, thing)


class Outcome(msgspec.Struct, frozen=True):
    """What became of a command; null when it wrote nothing and never will."""

    done: DoneTold | None


class Reset(msgspec.Struct, frozen=True):
    """The store is another one than before, or an earlier copy: the number it has come to, and its id."""

    number: int
    store_id: str = ""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why something was not done (RFC 9457).

    `code` is that of the rule that said no. Where somebody else was first, `current` is how
    the command's subject stands now, `by` and `at` who made the latest change, and when.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    code: str = ""
    current: Any = None
    by: Operator | None = None
    at: datetime | None = None


_PLAIN = bytes(code for code in range(ord(" "), ord("~") + 1) if code != ord("\\"))
"""What is printable in ASCII, but for what begins an escape."""

_LATIN = re.compile(rb"(?:[\xc3-\xcb][\x80-\xbf]|\xe1[\xb8-\xbb][\x80-\xbf])*+")
"""Letters beyond it in UTF-8, as the names of most patients have them: U+00C0 to U+02FF, U+1E00 to U+1EFF."""

_TYPE = "urn:frontdesk:problem:"
_KINDS: dict[type[FrontdeskError], tuple[str, int]] = {
    Conflict: ("conflict", 412),
    NotFound: ("not-found", 404),
    Unauthorised: ("unauthorised", 401),
    CommitLost: ("outcome-unknown", 503),
    Unavailable: ("unavailable", 503),
}
"""The first that fits counts. What is `unavailable` was not done; of `outcome-unknown` only the store knows."""

_REFUSED = "refused"
_REFUSED_STATUS = {
    "no-permission": 403,
    "other-practice": 403,
    "id-reused": 422,
    "too-long": 422,
    "no-note": 422,
    "no-ground": 422,
    "contradicts": 422,
    "unanswered": 422,
    "unasked": 422,
    "no-text": 422,
    "no-name": 422,
    "invalid": 422,
    "no-command-id": 400,
    "bad-version": 400,
    "invalid-http": 400,
    "two-lengths": 400,
    "head-too-long": 431,
    "no-such-method": 405,
    "too-large": 413,
    "no-version": 428,
    "too-many": 429,
}
"""Where the rule that says no has a status of its own; a rule of the product is 409."""


def problem(error: FrontdeskError) -> Problem:
    """Return what a server tells of an error."""
    if isinstance(error, Refused):
        code = error.reason.code
        status = _REFUSED_STATUS.get(code, 409)
        return Problem(_TYPE + _REFUSED, error.title, status, error.reason.text, code)
    for kind, (name, status) in _KINDS.items():
        if isinstance(error, kind):
            told = Problem(_TYPE + name, error.title, status, error.hint)
            break
    else:
        told = Problem(_TYPE + "unavailable", error.title, 503, error.hint)
    if isinstance(error, Conflict):
        told = msgspec.structs.replace(told, current=error.current, by=error.by, at=error.at)
    return told


def raise_problem(told: Problem, thing: type[Any] | None = None) -> NoReturn:
    """Raise the error that a server told of, NotWritten where it could not do what it was asked.

    `thing` is the type of the subject of the command that it answers. Raises Unavailable for what
    it cannot have meant.
    """
    kind = told.type.removeprefix(_TYPE)
    if kind == _REFUSED:
        raise Refused(Reason(told.code, told.detail))
    if kind == "conflict" and thing is not None:
        with suppress(ValueError):
            raise Conflict(told.detail, _cleaned(converted(told.current, thing)), told.by, told.at)
    if kind == "outcome-unknown":
        raise CommitLost.told(told.detail)
    if kind == "unavailable":
        raise NotWritten(told.detail)
    for error, (name, _) in _KINDS.items():
        if name == kind and error is not Conflict:
            raise error(told.detail)
    raise Unavailable(f"The server answered {told.status} {told.title}: tell the person who looks after it.")


def encode(value: Any) -> bytes:
    """Return a domain object, or a tuple of them, as JSON."""
    return msgspec.json.encode(value)


def decode(data: bytes, kind: type[Answer]) -> Answer:
    """Return the domain object that `data` is, its text clean. Raises ValueError for anything else."""
    value = decoded(data, kind)
    # Of a page of 500 rows this takes far less time than to look at every text in it.
    return value if _LATIN.fullmatch(data.translate(None, _PLAIN)) else _cleaned(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = {name: _cleaned(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    return cleaned(value)


def etag(version: int) -> str:
    """Return the entity tag of a booking that has this version (RFC 9110, 8.8.3)."""
    return f'"{version}"'
