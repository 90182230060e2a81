"""Who asks, and whether they may."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from frontdesk.api import wire
from frontdesk.bookings import Operator, Scope, no_permission
from frontdesk.errors import Refused, Unauthorised, Unavailable
from frontdesk.server.answering import CALLER_ID, invalid, out_of_reach
from frontdesk.server.broadcast import Broadcast
from frontdesk.server.health import Health
from frontdesk.server.limiting import Limits
from frontdesk.server.routing import given_in
from frontdesk.server.service import Service
from frontdesk.store.port import DeskToken, ServedStore
from frontdesk.text import clean

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets desks in, one request at a time."""

    service: Service
    limits: Limits
    broadcast: Broadcast
    health: Health

    async def admit(self, request: Request, *scopes: Scope) -> "Caller":
        """Return who asks. Raises Unauthorised, Refused, Unavailable; TooMany for guesses and for floods."""
        presented = _presented(request)
        try:
            token = await self.service.admit(presented)
        except Unauthorised:
            # Only a bad token is held up: guessing locks nobody out who comes from the same address.
            await self.limits.count_bad_token(request.client.host if request.client else "")
            raise
        except Unavailable:
            raise out_of_reach() from None
        request.scope[CALLER_ID] = token.id
        await self.limits.count_request(token.id)
        for scope in scopes:
            if scope not in token.scopes:
                raise Refused(no_permission(scope))
        _refuse_unknown_parameters(request)
        return Caller(self, token, self.service.store.as_desk(token.standing), presented)


@dataclass(frozen=True, slots=True)
class Caller:
    """A desk that was let in, and the store as it sees it."""

    gate: Gate
    token: DeskToken
    store: ServedStore
    presented: str

    def __repr__(self) -> str:
        return f"Caller({self.token.id})"

    def operator(self, name: str) -> Operator:
        """Return who acts at this desk: the name that it gives, by way of its token."""
        name = clean(name)
        if len(name) > wire.OPERATOR_LIMIT:
            raise invalid(f"operator: longer than {wire.OPERATOR_LIMIT} characters")
        return Operator(name or self.token.name, self.token.name)


def _presented(request: Request) -> str:
    said = request.headers.get("Authorization", "")
    if said[: len(_SCHEME)].lower() != _SCHEME:
        raise Unauthorised("The server wants this desk's token: give it as Authorization: Bearer.")
    return said[len(_SCHEME) :].strip()


def _refuse_unknown_parameters(request: Request) -> None:
    """A misspelt filter must not be taken for none."""
    known = request.app.state.query_parameters[request.scope["route"].path]
    for name in given_in(request):
        if name not in known:
            raise invalid(f"query {name}: there is no such parameter here")


async def _reading(request: Request) -> Caller:
    gate: Gate = request.app.state.gate
    return await gate.admit(request, Scope.READ)


def admitting(scope: Scope) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """Return the dependency that lets in who may do what this scope allows."""

    async def admitted(request: Request) -> Caller:
        gate: Gate = request.app.state.gate
        return await gate.admit(request, Scope.READ, scope)

    return admitted


async def _writing_anything(request: Request) -> Caller:
    gate: Gate = request.app.state.gate
    caller = await gate.admit(request, Scope.READ)
    if caller.token.scopes == {Scope.READ}:
        raise Refused(no_permission(Scope.CANCEL))
    return caller


Reading = Annotated[Caller, Depends(_reading)]
WritingAnything = Annotated[Caller, Depends(_writing_anything)]
