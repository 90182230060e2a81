"""The API's description (OpenAPI 3.1): parameters from the routes, all else from the domain's own types."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from frontdesk.api import wire
from frontdesk.audit import AuditEvent
from frontdesk.billing.account import Account
from frontdesk.billing.adjustments import Adjustment
from frontdesk.billing.overview import BillingPage, InvoiceDetail, InvoiceSummary, PracticeSum, Undecided
from frontdesk.bookings import Booking, Count, Page, Practice, Practitioner, Reason, Row
from frontdesk.commands import KINDS, Ask
from frontdesk.deliveries import Attention, Delivery
from frontdesk.diary_runs import HeldChange, LooseEnds, Run
from frontdesk.errors import Conflict, NotFound, Refused, Unauthorised, Unavailable
from frontdesk.identity import Related
from frontdesk.preflight import Preflight
from frontdesk.server import examples
from frontdesk.server.answering import JSON, TooMany, failed
from frontdesk.server.routes.commands import operation_of
from frontdesk.store.port import Change
from frontdesk.store_state import DiaryState, StoreState

_ABOUT = """\
Bookings over HTTP, for desks that hold a token. A desk sees the practices of its token; ids of
others are not there (404). Instants are RFC 3339 in UTC, days are of the practice's calendar.
"""

_OPEN = frozenset({"read_health", "read_openapi", "wake_diary"})

_SCHEMA = "#/components/schemas/{name}"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an operation answers, an example of it, and which problems it has beside everybody's."""

    kind: Any
    example: Any
    problems: tuple[int, ...] = ()
    asks: type[wire.Asked | wire.DiaryDecided] | None = None
    asks_example: Any = None
    has_etag: bool = False


_WRITE = (404, 409, 413)
_READS: Mapping[str, _Answer] = {
    "read_state": _Answer(StoreState, examples.STATE),
    "list_practices": _Answer(tuple[Practice, ...], (examples.PRACTICE,)),
    "list_practitioners": _Answer(tuple[Practitioner, ...], (examples.PRACTITIONER,)),
    "list_appointment_types": _Answer(tuple[str, ...], ("Check-up and clean", "Filling")),
    "read_last_write": _Answer(wire.Outcome, examples.OUTCOME),
    "list_bookings": _Answer(Page, examples.PAGE),
    "count_bookings": _Answer(Count, examples.COUNT),
    "list_nearest_names": _Answer(tuple[str, ...], ("John Smith",)),
    "find_bookings": _Answer(tuple[Booking, ...], (examples.BOOKING,)),
    "read_rows": _Answer(tuple[Row, ...], examples.ROWS),
    "read_booking": _Answer(Booking, examples.BOOKING, (404,), has_etag=True),
    "read_related": _Answer(Related, examples.RELATED, (404,)),
    "read_history": _Answer(tuple[AuditEvent, ...], examples.HISTORY, (404,)),
    "read_deliveries": _Answer(tuple[Delivery, ...], (examples.DELIVERY,), (404,)),
    "read_adjustments": _Answer(tuple[Adjustment, ...], (examples.REQUEST,), (404,)),
    "ask_pms": _Answer(Preflight, examples.PREFLIGHT, (404,)),
    "give_up": _Answer(wire.Outcome, wire.Outcome(None), (400, 404)),
    "list_attention": _Answer(tuple[Attention, ...], examples.ATTENTION),
    "read_diaries": _Answer(tuple[DiaryState, ...], examples.STATE.diaries),
    "list_diary_runs": _Answer(tuple[Run, ...], (examples.RUN,)),
    "read_held_change": _Answer(HeldChange, examples.HELD_CHANGE, (404,)),
    "list_loose_ends": _Answer(tuple[LooseEnds, ...], examples.LOOSE_ENDS),
    "decide_diary": _Answer(
        Run,
        examples.DECIDED,
        _WRITE,
        asks=wire.DiaryDecided,
        asks_example={"operator": "Kim Nguyen", "decision": "again"},
    ),
    "list_accounts": _Answer(tuple[Account, ...], (examples.ACCOUNT,)),
    "list_billing": _Answer(BillingPage, examples.BILLING),
    "count_billing": _Answer(Count, examples.COUNT),
    "sum_billing": _Answer(tuple[PracticeSum, ...], examples.SUMS),
    "list_invoices": _Answer(tuple[InvoiceSummary, ...], (examples.SUMMARY,)),
    "read_invoice": _Answer(InvoiceDetail, examples.INVOICE_DETAIL, (404,)),
    "read_undecided": _Answer(Undecided, examples.UNDECIDED, (404,)),
}


def _command(ask: type[Ask]) -> _Answer:
    """Return what a kind of command answers."""
    noun, _, verb = ask.kind.partition(".")
    told = msgspec.defstruct(
        f"Done{ask.__name__}",
        [("command_id", UUID), ("kind", str), ("at", datetime), ("subject", ask.thing)],
        frozen=True,
    )
    told.__doc__ = f"A {noun}.{verb} that was carried out, and the {noun} as it stands now."
    example = {
        one.name: one.metadata["example"] for one in dataclasses.fields(ask) if "example" in one.metadata
    }
    problems = (400, *_WRITE, 412, *((428,) if ask.needs_version else ()))
    return _Answer(
        told,
        wire.DoneTold(examples.COMMAND_ID, ask.kind, examples.CHANGE.at, examples.THINGS.get(ask.kind)),
        problems,
        asks=wire.body_of(ask),
        asks_example={"operator": "Kim Nguyen", **example},
        has_etag=True,
    )


def _answers() -> Mapping[str, _Answer]:
    return {**_READS, **{operation_of(ask): _command(ask) for ask in KINDS.values()}}


_FOR_ALL = (401, 403, 422, 429, 500, 503)

_PROBLEMS: Mapping[int, tuple[str, wire.Problem]] = {
    400: (
        "The command's id is missing or no UUID, or If-Match is no version",
        wire.problem(Refused(Reason("no-command-id", "a command's id is a UUID, such as uuid4 makes"))),
    ),
    401: (
        "No token, or one that is unknown, revoked or expired",
        wire.problem(Unauthorised("The desk token Front desk 2 has expired: have a new one made.")),
    ),
    403: (
        "The token does not let this desk do that",
        wire.problem(Refused(Reason("no-permission", "this desk may read bookings, not change them"))),
    ),
    404: (
        "There is no such thing, or this desk may not know of it",
        wire.problem(NotFound("There is no such booking here: look for it again.")),
    ),
    409: (
        "A rule says no; `code` is that of the rule",
        wire.problem(Refused(Reason("time-passed", "it started 2 h ago"))),
    ),
    412: (
        "The booking has changed since this version; `current` is how it is now",
        wire.problem(
            Conflict(
                "Lee Tran cancelled this booking at 09:14: look at it as it is now.",
                examples.CANCELLED,
                examples.CHANGE.by,
                examples.CHANGE.at,
            )
        ),
    ),
    413: (
        "The body is larger than 64 KiB",
        wire.problem(Refused(Reason("too-large", "a request has at most 65536 bytes"))),
    ),
    422: (
        "The request is not what this describes; or its command id was used for another command",
        wire.problem(Refused(Reason("invalid", "query limit: Input should be less than or equal to 500"))),
    ),
    428: (
        "If-Match is missing",
        wire.problem(Refused(Reason("no-version", "say in If-Match which version you have seen"))),
    ),
    429: (
        "This desk asks too often, or tokens were guessed at from its address",
        wire.problem(TooMany("this desk asks the server too often: wait a moment", 12)),
    ),
    500: ("A fault of the server; its log has more under the reference", failed("K7QX2M")),
    503: (
        "The store is away. `unavailable`: nothing was done; `outcome-unknown`: a write may have been, ask with its id",
        wire.problem(Unavailable("The server cannot reach its store now: try again in a moment.")),
    ),
}

_STREAM_EXAMPLE = (
    f"retry: 2000\n\nid: {examples.CHANGE.number}\nevent: change\n"
    f"data: {wire.encode(examples.CHANGE).decode()}\n\n:\n\n"
)

_EVENT = {
    "type": "object",
    "description": "one event of the stream",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"enum": ["change", "reset"]},
        "data": {
            "type": "string",
            "contentMediaType": JSON,
            "contentSchema": {
                "anyOf": [
                    {"$ref": _SCHEMA.format(name="Change")},
                    {
                        "type": "object",
                        "description": "of a reset: the store's present number, and its id",
                        "properties": {"number": {"type": "integer"}, "store_id": {"type": "string"}},
                        "required": ["number", "store_id"],
                        "additionalProperties": False,
                    },
                ]
            },
        },
    },
}

_REQUIRED_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "If-Match": {"type": "string", "pattern": '^"[0-9]{1,10}"$', "examples": ['"1"']},
    "Idempotency-Key": {
        "type": "string",
        "format": "uuid",
        "examples": ["0d6f0b62-6e0c-4d7e-9d3b-5f0a7a3c1e11"],
    },
}
"""The server itself says what is wrong with these, so its framework takes them for optional."""


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Return the description. Raises KeyError for a route that nobody described."""
    described = get_openapi(
        title="frontdesk",
        version=str(wire.VERSION),
        description=_ABOUT,
        routes=routes,
        openapi_version="3.1.0",
    )
    theirs = described.get("components", {}).get("schemas", {})
    answers = _answers()
    schemas, ours = _schemas(answers)
    for operations in described["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [_parameter(one, theirs) for one in operation.get("parameters", ())]
            _describe(operation, answers, schemas)
    described["components"] = {
        "schemas": ours,
        "responses": {_name(status): _problem_response(status) for status in _PROBLEMS},
        "headers": {
            "Version": {"description": "The API's version", "schema": {"const": str(wire.VERSION)}},
            "ETag": {
                "description": "The version of the booking, or of the command's subject",
                "schema": {"type": "string"},
            },
        },
        "securitySchemes": {
            "deskToken": {
                "type": "http",
                "scheme": "bearer",
                "description": "what `frontdesk tokens create` printed",
            }
        },
    }
    described["security"] = [{"deskToken": []}]
    return described


def query_parameters(described: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """Return the names of each path's query parameters."""
    return {
        path: frozenset(
            one["name"]
            for operation in operations.values()
            for one in operation["parameters"]
            if one["in"] == "query"
        )
        for path, operations in described["paths"].items()
    }


def _schemas(
    answers: Mapping[str, _Answer],
) -> tuple[Mapping[Any, Mapping[str, Any]], dict[str, Any]]:
    """Return a schema for each type that goes over the wire, and the components these refer to."""
    kinds = [one.kind for one in answers.values()]
    bodies = [one.asks for one in answers.values() if one.asks is not None]
    kinds += bodies
    kinds += [Change, wire.Problem]
    # What a desk may leave parts of out, and the one answer that has no more than there is to tell.
    may_lack = {"Problem", *(one.__name__ for one in bodies)}
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMA)
    for name, schema in components.items():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
        if name not in may_lack and "properties" in schema:
            # An answer always has all that its type has.
            schema["required"] = list(schema["properties"])
            for one in schema["properties"].values():
                one.pop("default", None)
    return dict(zip(kinds, schemas, strict=True)), components


def _parameter(one: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter as its client has to send it: there is no null in an address."""
    if one["name"] in _REQUIRED_HEADERS:
        return {**one, "required": True, "schema": _REQUIRED_HEADERS[one["name"]]}
    schema = {key: value for key, value in one["schema"].items() if key != "title"}
    choices = [choice for choice in schema.pop("anyOf", ()) if choice != {"type": "null"}]
    for choice in choices:
        schema = {**choice, **schema}
    return {**one, "schema": _resolved(schema, theirs)}


def _resolved(schema: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with what its framework keeps elsewhere put in."""
    whole = dict(schema)
    if (reference := whole.pop("$ref", None)) is not None:
        found = theirs[reference.rpartition("/")[2]]
        whole = {**{key: found[key] for key in ("type", "enum")}, **whole}
    if "items" in whole:
        whole["items"] = _resolved(whole["items"], theirs)
    return whole


def _describe(
    operation: dict[str, Any], answers: Mapping[str, _Answer], schemas: Mapping[Any, Mapping[str, Any]]
) -> None:
    name = operation["operationId"]
    if name in _OPEN:
        operation["security"] = []
        problems: tuple[int, ...] = _OPEN_PROBLEMS.get(name, ())
        content = {JSON: {"schema": {"type": "object"}, **_OPEN_EXAMPLES.get(name, {})}}
        headers: dict[str, Any] = {}
    elif name == "stream_changes":
        problems = _FOR_ALL
        content = {
            wire.EVENTS_TYPE: {
                "schema": {"anyOf": [{"type": "string"}, _EVENT]},
                "example": _STREAM_EXAMPLE,
            }
        }
        headers = {}
    else:
        answer = answers[name]
        problems = (*answer.problems, *_FOR_ALL)
        content = {JSON: {"schema": schemas[answer.kind], "example": _plain(answer.example)}}
        headers = {"ETag": {"$ref": "#/components/headers/ETag"}} if answer.has_etag else {}
        if answer.asks is not None:
            body = {"schema": schemas[answer.asks], "example": answer.asks_example}
            operation["requestBody"] = {"required": True, "content": {JSON: body}}
    operation["responses"] = {
        "200": {
            "description": "Done",
            "headers": {**_VERSION, **headers},
            "content": content,
            "links": _LINKS.get(name, {}),
        },
        **{str(one): {"$ref": f"#/components/responses/{_name(one)}"} for one in sorted(problems)},
    }


_LINKS: Mapping[str, Mapping[str, Any]] = {
    "list_attention": {
        "retry": {
            "operationId": "retry_delivery",
            "parameters": {"delivery_id": "$response.body#/0/delivery/id"},
        },
        "settle": {
            "operationId": "settle_delivery",
            "parameters": {"delivery_id": "$response.body#/0/delivery/id"},
        },
    },
    "read_booking": {
        "cancel": {
            "operationId": "cancel_booking",
            "parameters": {"booking_id": "$response.body#/id", "If-Match": "$response.header.ETag"},
        }
    },
    "list_bookings": {
        "read": {
            "operationId": "read_booking",
            "parameters": {"booking_id": "$response.body#/rows/0/booking/id"},
        }
    },
}

_VERSION = {wire.VERSION_HEADER: {"$ref": "#/components/headers/Version"}}
_OPEN_PROBLEMS: Mapping[str, tuple[int, ...]] = {
    "read_health": (503,),
    "wake_diary": (404, 413, 429, 500, 503),
}
_OPEN_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "read_health": {"example": {"status": "ok"}},
    "read_openapi": {"example": {"openapi": "3.1.0"}},
    "wake_diary": {"example": {"status": "read soon"}},
}


def _problem_response(status: int) -> dict[str, Any]:
    description, example = _PROBLEMS[status]
    headers: dict[str, Any] = dict(_VERSION)
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"const": "Bearer"}}
    if status == 429:
        headers["Retry-After"] = {"description": "Seconds", "schema": {"type": "string"}}
    body = {"schema": {"$ref": _SCHEMA.format(name="Problem")}, "example": _plain(example)}
    return {"description": description, "headers": headers, "content": {wire.PROBLEM_TYPE: body}}


def _name(status: int) -> str:
    return f"Problem{status}"


def _plain(value: Any) -> Any:
    return msgspec.json.decode(wire.encode(value))
