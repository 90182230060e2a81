"""What desks ask, taken from path, query, headers and body; nothing of it is trusted."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from fastapi import Depends, Header, Path, Query, Request
from pydantic import AfterValidator, BeforeValidator

from frontdesk.api import wire
from frontdesk.bookings import LAST_ID, BookingQuery, Direction, Position, Reason, Status
from frontdesk.errors import NotFound, Refused
from frontdesk.server.answering import invalid
from frontdesk.shapes import converted
from frontdesk.text import clean

TEXT_LIMIT = 500
NAME_LIMIT = 64
"""Characters of a practice's id, as the config has it."""

MOST_PRACTITIONERS, MOST_PRACTICES = 200, 100
"""Of one filter; the line of a request has to hold them all."""

_FIRST_DAY, _LAST_DAY = date(2, 1, 1), date(9998, 12, 31)
"""A year short of what a date can be: with a time zone on it, it still has to be one."""

_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)

Asked = TypeVar("Asked", bound=wire.Asked | wire.DiaryDecided)

_WITH_OFFSET: Any = Annotated[datetime, msgspec.Meta(tz=True)]


def _rfc3339(value: Any) -> datetime:
    try:
        moment: datetime = converted(value, _WITH_OFFSET)
    except msgspec.ValidationError:
        raise ValueError("an instant is written 2026-11-26T00:00:00Z, with its offset (RFC 3339)") from None
    return moment


def _in_utc(value: datetime) -> datetime:
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        return _FIRST if value.year == 1 else _LAST
    return min(max(moment, _FIRST), _LAST)


def _iso_day(value: Any) -> date:
    try:
        day = converted(value, date)
    except msgspec.ValidationError:
        raise ValueError("a day is written 2026-11-26 (ISO 8601)") from None
    return min(max(day, _FIRST_DAY), _LAST_DAY)


Instant = Annotated[datetime, BeforeValidator(_rfc3339), AfterValidator(_in_utc)]
Day = Annotated[date, BeforeValidator(_iso_day)]
Id = Annotated[int, Query(ge=1, le=LAST_ID)]
Text = Annotated[str, Query(max_length=TEXT_LIMIT), AfterValidator(clean)]
Name = Annotated[str, Query(max_length=NAME_LIMIT), AfterValidator(clean)]
Limit = Annotated[int, Query(ge=1, le=wire.PAGE_LIMIT, description="at most so many")]
Operator = Annotated[str, Query(max_length=wire.OPERATOR_LIMIT, description=wire.WHO_OPERATES)]


class Side(StrEnum):
    """Which side of a position a page lies on, as the query says it."""

    FORWARD = "forward"
    BACKWARD = "backward"

    @property
    def direction(self) -> Direction:
        """The domain's word for it."""
        return Direction(self.value)


# What depends on nothing but the request is a coroutine all the same: FastAPI would call a plain
# function in a thread, which takes longer than the function.
async def _filters(
    as_of: Annotated[
        Instant,
        Query(description="the store's time when the query was set", examples=["2026-11-22T09:14:05Z"]),
    ],
    text: Annotated[Text, Query(description="words, each the beginning of one that must match")] = "",
    status: Annotated[list[Status] | None, Query(max_length=len(Status))] = None,
    first_day: Annotated[Day | None, Query(description="in the practice's own calendar")] = None,
    last_day: Annotated[Day | None, Query(description="in the practice's own calendar")] = None,
    practitioner: Annotated[list[Id] | None, Query(max_length=MOST_PRACTITIONERS)] = None,
    practice: Annotated[list[Name] | None, Query(max_length=MOST_PRACTICES)] = None,
    mobile: Annotated[
        Text, Query(description="a mobile as it is written anywhere, whole", examples=["0491 570 006"])
    ] = "",
) -> BookingQuery:
    return BookingQuery(
        as_of,
        text,
        frozenset(status or ()),
        first_day,
        last_day,
        frozenset(practitioner or ()),
        frozenset(practice or ()),
        mobile,
    )


Filters = Annotated[BookingQuery, Depends(_filters)]


async def _position(
    position_at: Annotated[Instant | None, Query(description="start of the row to go on from")] = None,
    position_id: Annotated[
        int | None, Query(ge=-1, le=LAST_ID + 1, description="id of that row; one beside it includes it")
    ] = None,
) -> Position | None:
    if (position_at is None) is not (position_id is None):
        raise invalid("query: position_at and position_id belong together: give both, or none")
    return None if position_at is None or position_id is None else Position(position_at, position_id)


Place = Annotated[Position | None, Depends(_position)]


_ID = {"minimum": 1, "maximum": LAST_ID}


def _known_id(value: int, not_there: str) -> int:
    # A number that cannot be an id gets the same answer as an id that does not exist.
    if not 1 <= value <= LAST_ID:
        raise NotFound(not_there)
    return value


async def _booking_id(
    booking_id: Annotated[int, Path(description="a booking's `id`", json_schema_extra=_ID, examples=[1])],
) -> int:
    return _known_id(booking_id, "There is no such booking here: look for it again.")


BookingId = Annotated[int, Depends(_booking_id)]


def version_of(noun: str, *, is_needed: bool) -> Callable[..., Any]:
    """Return the dependency that reads which version of its subject a command has seen; 0 is not said."""

    async def version(
        if_match: Annotated[
            str | None,
            Header(
                alias="If-Match", description=f"the version that the operator looked at: the {noun}'s ETag"
            ),
        ] = None,
    ) -> int:
        if if_match is None:
            if not is_needed:
                return 0
            raise Refused(Reason("no-version", f"say in If-Match which version of the {noun} you have seen"))
        tag = re.fullmatch(r'"([0-9]{1,10})"', if_match.strip(), re.ASCII)
        if tag is None:
            raise Refused(Reason("bad-version", 'If-Match holds one version, in quotes, such as "3"'))
        return int(tag[1])

    return version


async def _command_id(
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key", description="the command's id, a UUID that the desk makes anew for each"
        ),
    ] = None,
) -> UUID:
    if idempotency_key is None:
        raise Refused(Reason("no-command-id", "say the command's id in Idempotency-Key"))
    return _uuid(idempotency_key)


async def _command_in_path(
    command_id: Annotated[
        str, Path(description="the command's id, a UUID", json_schema_extra={"format": "uuid"})
    ],
) -> UUID:
    return _uuid(command_id)


def _uuid(value: str) -> UUID:
    # draft-ietf-httpapi-idempotency-key-header has the key in quotes; most clients send it without.
    bare = value.strip().removeprefix('"').removesuffix('"')
    if not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", bare, re.ASCII):
        raise Refused(Reason("no-command-id", "a command's id is a UUID, such as uuid4 makes"))
    return UUID(bare)


CommandId = Annotated[UUID, Depends(_command_id)]
CommandInPath = Annotated[UUID, Depends(_command_in_path)]


async def asked(request: Request, kind: type[Asked]) -> Asked:
    """Return a request's body. Raises Refused for one that is too large or not what `kind` is."""
    try:
        return wire.decode(await request.body(), kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise invalid(f"body: {wrong}") from None
