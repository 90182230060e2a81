"""What a route takes from a request: what FastAPI would take, and what it would refuse."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fastapi import Body, Cookie, Depends, Header, Query, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import solve_dependencies

from frontdesk.bookings import Scope
from frontdesk.errors import FrontdeskError
from frontdesk.server.routes import bookings, changes, deliveries, desk
from frontdesk.server.routes.commands import command_routes
from frontdesk.server.routing import PlannedRoute, given_in, new_router, plan_of

ROUTES = {
    route.name: route
    for router in (bookings.router, changes.router, deliveries.router, desk.router, command_routes())
    for route in router.routes
    if isinstance(route, PlannedRoute)
}

LET_IN = SimpleNamespace(token=SimpleNamespace(scopes=frozenset(Scope)))
AS_OF = "as_of=2026-11-22T09:14:05%2B10:30"
COMMAND = "0d6f0b62-6e0c-4d7e-9d3b-5f0a7a3c1e11"


def asking(route: PlannedRoute, query: str, path: dict[str, str], headers: dict[str, str]) -> Request:
    async def admit(*_: object) -> object:
        return LET_IN

    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": route.path,
            "query_string": query.encode(),
            "path_params": path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "app": SimpleNamespace(state=SimpleNamespace(gate=SimpleNamespace(admit=admit))),
        }
    )


async def read_by_fastapi(dependant: Dependant, request: Request) -> tuple[dict[str, Any], list[Any]]:
    async with AsyncExitStack() as stack:
        request.scope["fastapi_inner_astack"] = request.scope["fastapi_function_astack"] = stack
        solved = await solve_dependencies(
            request=request, dependant=dependant, async_exit_stack=stack, embed_body_fields=False
        )
    return solved.values, solved.errors


async def read_as_planned(dependant: Dependant, request: Request) -> tuple[dict[str, Any], list[Any]]:
    return await plan_of(dependant).arguments(request, given_in(request))


async def read(reading: Any) -> object:
    """Return the arguments, or the problems, or the error, in a form that can be compared."""
    try:
        values, problems = await reading
    except FrontdeskError as error:
        return type(error), str(error)
    if problems:
        return [(one["type"], one["loc"], one["msg"]) for one in problems]
    return {name: value for name, value in values.items() if not isinstance(value, Request)}


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("list_bookings", AS_OF),
        ("list_bookings", ""),
        ("list_bookings", "as_of=yesterday"),
        ("list_bookings", f"{AS_OF}&{AS_OF.replace('22', '23')}&limit=34&direction=backward&text=%20Tran"),
        ("list_bookings", f"{AS_OF}&limit=0"),
        ("list_bookings", f"{AS_OF}&limit=&direction=sideways"),
        ("list_bookings", f"{AS_OF}&limit=5&limit=6"),
        ("list_bookings", f"{AS_OF}&text={'x' * 501}&status=late&practitioner=0"),
        ("list_bookings", f"{AS_OF}&status=upcoming&status=cancelled&practitioner=7&practitioner=8"),
        ("list_bookings", f"{AS_OF}&practice=perth&practice=adelaide&first_day=2026-11-22&last_day=32"),
        ("list_bookings", f"{AS_OF}&practice="),
        ("list_bookings", f"{AS_OF}&position_at=2026-11-22T09:14:05Z&position_id=-1"),
        ("list_bookings", f"{AS_OF}&position_id=5"),
        ("list_bookings", "as_of=1&limit=x&position_at=2&position_id=3"),
        ("count_bookings", f"{AS_OF}&limit=2001"),
        ("find_bookings", "ref=SD-10482"),
        ("find_bookings", "practice=perth"),
        ("read_rows", "id=1&id=2"),
        ("read_rows", ""),
        ("read_rows", "id=1&id=x"),
        ("read_last_write", "since=2026-11-22T09:14:05Z&operator=Kim"),
        ("stream_changes", "after=-1"),
        ("stream_changes", "after=5&store=x"),
        ("list_attention", "limit=501"),
        ("read_state", ""),
    ],
)
async def test_a_query_is_read_as_fastapi_reads_it(name: str, query: str) -> None:
    route = ROUTES[name]
    planned = await read(read_as_planned(route.dependant, asking(route, query, {}, {})))
    assert planned == await read(read_by_fastapi(route.dependant, asking(route, query, {}, {})))


@pytest.mark.parametrize(
    ("name", "path", "headers"),
    [
        ("read_booking", {"booking_id": "33"}, {}),
        ("read_booking", {"booking_id": "0"}, {}),
        ("read_booking", {"booking_id": "x"}, {}),
        ("cancel_booking", {"booking_id": "33"}, {"If-Match": '"3"', "Idempotency-Key": COMMAND}),
        ("cancel_booking", {"booking_id": "x"}, {"If-Match": '"3"', "Idempotency-Key": COMMAND}),
        ("cancel_booking", {"booking_id": "33"}, {"If-Match": "3", "Idempotency-Key": COMMAND}),
        ("cancel_booking", {"booking_id": "33"}, {"If-Match": '"3"'}),
        ("cancel_booking", {"booking_id": "33"}, {"Idempotency-Key": COMMAND}),
        ("give_up", {"command_id": COMMAND}, {}),
        ("give_up", {"command_id": "1"}, {}),
        ("stream_changes", {}, {"Last-Event-ID": "7"}),
        ("stream_changes", {}, {"Last-Event-ID": "seven"}),
        ("settle_delivery", {"delivery_id": "7"}, {}),
    ],
)
async def test_path_and_headers_are_read_as_fastapi_reads_them(
    name: str, path: dict[str, str], headers: dict[str, str]
) -> None:
    route = ROUTES[name]
    planned = await read(read_as_planned(route.dependant, asking(route, "", path, headers)))
    assert planned == await read(read_by_fastapi(route.dependant, asking(route, "", path, headers)))


async def of_a_cookie(desk: Annotated[str, Cookie()]) -> None: ...
async def of_a_body(desk: Annotated[str, Body()]) -> None: ...
async def of_a_response(response: Response) -> None: ...
async def of_many_headers(desk: Annotated[list[str], Header()]) -> None: ...
async def of_what_all_share(desk: Annotated[list[str], Query()] = []) -> None: ...  # noqa: B006
def in_a_thread() -> None: ...
async def of_another_in_a_thread(one: Annotated[None, Depends(in_a_thread)]) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        of_a_cookie,
        of_a_body,
        of_a_response,
        of_many_headers,
        of_what_all_share,
        in_a_thread,
        of_another_in_a_thread,
    ],
)
def test_what_no_plan_knows_is_no_route(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"desk|planned"):
        new_router("a test").get("/")(function)
