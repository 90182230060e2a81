"""Saved, not saved, not known yet: what is certain of a command, told in one place.

A program that has sent a command must say exactly one of these, and only what is proven. The screen,
line mode and the stores all go by what is written here.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from frontdesk.commands import Command, Done
from frontdesk.errors import CommitLost, Conflict, FrontdeskError, Unavailable
from frontdesk.pauses import pause

Answer = TypeVar("Answer")

ASK_AGAIN = (0.2, 0.5, 1.0, 2.0)
"""Seconds between two questions after a lost answer; the last one repeats."""


class Saving(Protocol):
    """Whoever carries out commands and knows what became of them; see `store.port.Commands`."""

    async def do(self, command: Command) -> Done[Any]:
        """Carry out a command."""
        ...

    async def outcome(self, command_id: UUID) -> Done[Any] | None:
        """Return what a command did, or None when it wrote nothing and never will."""
        ...


@dataclass(frozen=True, slots=True)
class Saved:
    """It was carried out."""

    done: Done[Any]


@dataclass(frozen=True, slots=True)
class NotSaved:
    """The store could not do it, and nothing has happened."""

    why: FrontdeskError


@dataclass(frozen=True, slots=True)
class Declined:
    """The store said no, and nothing has happened: a rule, or a desk that may not."""

    why: FrontdeskError


@dataclass(frozen=True, slots=True)
class Overtaken:
    """The subject had changed since it was seen, and nothing has happened."""

    conflict: Conflict


@dataclass(frozen=True, slots=True)
class NotKnown:
    """It may have been saved or not: nobody can say yet."""

    why: FrontdeskError


Known = Saved | NotSaved | Declined | Overtaken

Tell = Callable[[Exception], FrontdeskError]
"""Makes what the operator is told of any error; one outside the family goes to the log."""


async def save(store: Saving, command: Command, tell: Tell, not_known: Callable[[], object]) -> Known:
    """Carry a command out; after a lost answer ask what became of it until that is known.

    `not_known` is called each time the store could not say. Without end, as long as it cannot.
    """
    said = await _try(store.do(command), tell)
    asked = 0
    while isinstance(said, NotKnown):
        found = await _ask(store, command, said.why, tell)
        if isinstance(found, NotKnown):
            not_known()
            asked += 1
            await asyncio.sleep(pause(ASK_AGAIN, asked))
        else:
            return found
    return said


async def save_once(store: Saving, command: Command, tell: Tell) -> Known | NotKnown:
    """Carry a command out; after a lost answer ask what became of it, once.

    An interrupt does not stop a write that has begun: its end is waited for.
    """
    said = await _try(_to_the_end(store.do(command)), tell)
    return await _ask(store, command, said.why, tell) if isinstance(said, NotKnown) else said


def known(done: Done[Any] | None, fault: FrontdeskError) -> Done[Any]:
    """Return what a command did that `fault` has left in doubt, once its store has said so.

    None, for nothing, raises the fault, without its doubt.
    """
    if done is None:
        raise without_doubt(fault)
    return done


def without_doubt(fault: FrontdeskError) -> FrontdeskError:
    """Return what to tell of a fault once it is certain that nothing was written."""
    return fault.fault if isinstance(fault, CommitLost) else fault


async def _try(writing: Coroutine[Any, Any, Done[Any]], tell: Tell) -> Known | NotKnown:
    try:
        return Saved(await writing)
    except Conflict as conflict:
        return Overtaken(conflict)
    except Exception as error:
        why = tell(error)
        return NotKnown(why) if isinstance(why, Unavailable) else Declined(why)


async def _ask(store: Saving, command: Command, why: FrontdeskError, tell: Tell) -> Known | NotKnown:
    try:
        done = await store.outcome(command.id)
    except Exception as error:
        tell(error)
        return NotKnown(why)
    return NotSaved(without_doubt(why)) if done is None else Saved(done)


async def _to_the_end(writing: Coroutine[Any, Any, Answer]) -> Answer:
    task = asyncio.ensure_future(writing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        return await task
