"""Commands of every kind: one route for each, made of its ask; and what became of one."""

from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from frontdesk.api import wire
from frontdesk.api.asks import path_of
from frontdesk.bookings import LAST_ID
from frontdesk.commands import KINDS, Ask, Command, Subject
from frontdesk.errors import NotFound
from frontdesk.server.admission import Caller, WritingAnything, admitting
from frontdesk.server.answering import answer, done_answer
from frontdesk.server.asking import CommandId, CommandInPath, asked, version_of
from frontdesk.server.routing import new_router


def command_routes() -> Any:
    """Return a router with a route for each kind of command that there is, and for their outcomes."""
    router = new_router("commands")
    for ask in KINDS.values():
        _add(router, ask)

    @router.post("/commands/{command_id}/give-up")
    async def give_up(caller: WritingAnything, command_id: CommandInPath) -> Response:
        """What a command wrote; null when it wrote nothing, and from now on it never will."""
        done = await caller.store.give_up(command_id)
        return answer(wire.Outcome(None if done is None else wire.DoneTold.of(done)))

    return router


def operation_of(ask: type[Ask]) -> str:
    """Return the name of a kind's operation: `cancel_booking`."""
    noun, _, verb = ask.kind.partition(".")
    return f"{verb}_{noun}"


def _add(router: Any, ask: type[Ask]) -> None:
    noun, _, _ = ask.kind.partition(".")
    body = wire.body_of(ask)
    own = [one for one in body.__struct_fields__ if one not in wire.Asked.__struct_fields__]

    async def do(
        request: Request,
        caller: Annotated[Caller, Depends(admitting(ask.scope))],
        subject_id: Annotated[
            int,
            Path(
                alias=f"{noun}_id",
                description=f"the {noun}'s `id`",
                json_schema_extra={"minimum": 1, "maximum": LAST_ID},
                examples=[1],
            ),
        ],
        command_id: CommandId,
        seen: Annotated[int, Depends(version_of(noun, is_needed=ask.needs_version))],
    ) -> Response:
        if not 1 <= subject_id <= LAST_ID:
            raise NotFound(f"There is no such {noun} here: look for it again.")
        said = await asked(request, body)
        fields = {name: getattr(said, name) for name in own}
        command = Command(
            command_id,
            Subject(noun, subject_id),
            seen,
            caller.operator(said.operator),
            ask(**fields),
            said.store_id,
        )
        done = await caller.store.do(command)
        caller.gate.service.wake()
        return done_answer(done)

    do.__name__, do.__doc__ = operation_of(ask), ask.__doc__
    router.post(path_of(ask.kind, f"{{{noun}_id}}"))(do)
