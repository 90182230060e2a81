"""Where routes are put together, and how a request becomes the arguments of a route's function."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

Given = dict[str, list[str]]
"""The parameters of a query by name, with all their values."""

_GIVEN = "frontdesk.given"
"""Key in an ASGI scope under which they are kept, once they were read."""

Problems = list[Any]
"""What is wrong with a request, as Pydantic says it; FastAPI makes 422 of it."""


def new_router(tag: str) -> APIRouter:
    """Return a router whose operations are called, in the API's description, what their functions are."""
    return APIRouter(
        tags=[tag],
        default_response_class=Response,
        generate_unique_id_function=lambda route: route.name,
        route_class=PlannedRoute,
    )


class PlannedRoute(APIRoute):
    """A route that works out once how the arguments of its function come out of a request.

    FastAPI looks at the types of all parameters anew for each request, which takes longer than
    reading and checking them. The checks are FastAPI's own, in its order, and so is the description.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        handle = self.get_route_handler()

        # What it raises is answered for the whole app, by the same handlers (`make_app`).
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive, send)
            await (await handle(request))(scope, receive, send)

        self.app = app
        *_, self._end = self.path.rpartition("}")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether this is the route of a request; most others are told by how the address ends."""
        return super().matches(scope) if scope["path"].endswith(self._end) else (Match.NONE, {})

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Return what answers a request. Raises TypeError for parameters of a kind that is not known here."""
        plan = plan_of(self.dependant)

        async def handle(request: Request) -> Response:
            values, problems = await plan.arguments(request, given_in(request))
            if problems:
                raise RequestValidationError(problems)
            response: Response = await plan.call(**values)
            return response

        return handle


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One value of a path, a query or the headers: where it is, what it must be, and what it is without."""

    name: str
    alias: str
    place: tuple[str, str]
    is_list: bool
    is_required: bool
    default: Any
    check: Callable[..., tuple[Any, Problems]]

    def read(self, found: Any, values: dict[str, Any], problems: Problems) -> None:
        """Put the value among `values`, or what is wrong with it among `problems`."""
        if found is not None:
            values[self.name], wrong = self.check(found, {}, loc=self.place)
            problems += wrong
        elif self.is_required:
            problems.append({"type": "missing", "loc": self.place, "msg": "Field required", "input": None})
        else:
            values[self.name] = self.default


@dataclass(frozen=True, slots=True)
class Plan:
    """How the arguments of a function come out of a request."""

    call: Callable[..., Awaitable[Any]]
    name: str
    request_name: str | None
    dependencies: tuple["Plan", ...]
    path: tuple[_Parameter, ...]
    query: tuple[_Parameter, ...]
    headers: tuple[_Parameter, ...]

    async def arguments(self, request: Request, given: Given) -> tuple[dict[str, Any], Problems]:
        """Return the arguments, and what is wrong with the request; then the arguments are not whole.

        What other functions provide comes first, and raises what these raise.
        """
        values: dict[str, Any] = {}
        problems: Problems = []
        for one in self.dependencies:
            theirs, wrong = await one.arguments(request, given)
            if wrong:
                problems += wrong
            else:
                values[one.name] = await one.call(**theirs)
        for parameter in self.path:
            parameter.read(request.path_params.get(parameter.alias), values, problems)
        for parameter in self.query:
            found = given.get(parameter.alias)
            parameter.read(found if parameter.is_list or not found else found[-1], values, problems)
        for parameter in self.headers:
            parameter.read(request.headers.get(parameter.alias), values, problems)
        if self.request_name is not None:
            values[self.request_name] = request
        return values, problems


def given_in(request: Request) -> Given:
    """Return what a request's query gives."""
    given: Given | None = request.scope.get(_GIVEN)
    if given is None:
        given = request.scope[_GIVEN] = {}
        for name, value in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True):
            given.setdefault(name, []).append(value)
    return given


def plan_of(dependant: Dependant) -> Plan:
    """Return the plan of a function whose parameters FastAPI has looked at. Raises TypeError."""
    call = dependant.call
    if call is None or not inspect.iscoroutinefunction(call):
        raise TypeError(f"{call}: only a coroutine function can be planned")
    beyond = (
        dependant.cookie_params,
        dependant.body_params,
        dependant.response_param_name,
        dependant.background_tasks_param_name,
        dependant.security_scopes_param_name,
        dependant.http_connection_param_name,
    )
    if any(beyond):
        raise TypeError(f"{call.__name__}: only its request, path, query and headers can be planned")
    return Plan(
        call,
        dependant.name or "",
        dependant.request_param_name,
        tuple(map(plan_of, dependant.dependencies)),
        _parameters(dependant.path_params, "path"),
        _parameters(dependant.query_params, "query"),
        _parameters(dependant.header_params, "header"),
    )


def _parameters(fields: Sequence[Any], place: str) -> tuple[_Parameter, ...]:
    return tuple(_parameter(field, place) for field in fields)


def _parameter(field: Any, place: str) -> _Parameter:
    kind = field.field_info.annotation
    is_list = any(get_origin(one) is list for one in (kind, *get_args(kind)))
    if is_list and place != "query":
        raise TypeError(f"{field.name}: only a query has a parameter several times")
    is_required = field.field_info.is_required()
    default = None if is_required else field.get_default()
    if isinstance(default, list | set | Mapping):
        raise TypeError(f"{field.name}: its default would be shared by all requests")
    return _Parameter(
        field.name, field.alias, (place, field.alias), is_list, is_required, default, field.validate
    )
