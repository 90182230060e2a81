"""What every store does with a command, whatever is behind it: before it is written, and meanwhile."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from frontdesk.bookings import (
    REASON_LIMIT,
    Booking,
    CancelCommand,
    FrontdeskError,
    Reason,
    Refused,
    Unavailable,
)
from frontdesk.text import clean, clean_fields

_NOTHING, _UNKNOWN = "nothing was changed", "what became of it is not known yet"


class CommitLost(Unavailable):
    """The write was sent off and failed or was not answered: only the store knows what became of it.

    `fault` is what to tell once it is certain that nothing was written, `place` the server that
    it was sent to; see Database.place.
    """

    fault: FrontdeskError

    def __init__(self, fault: FrontdeskError, place: str = "") -> None:
        if isinstance(fault, CommitLost):
            fault = fault.fault
        said = fault.hint.replace(_NOTHING, _UNKNOWN)
        super().__init__(said if _UNKNOWN in said else f"{said.rstrip('.')}: {_UNKNOWN}.")
        self.fault = fault
        self.place = place

    @classmethod
    def told(cls, hint: str) -> "CommitLost":
        """Return the one that another program tells of in the words of its `hint`."""
        return cls(Unavailable(hint.replace(_UNKNOWN, _NOTHING)))


class NotWritten(Unavailable):
    """The store itself could not write, and says so: what was asked of it is certain not to be done."""


def cleaned(command: CancelCommand) -> CancelCommand:
    """Return a command with clean text. Raises Refused when its reason is too long."""
    command = clean_fields(command)
    if len(command.reason) > REASON_LIMIT:
        raise Refused(Reason("too-long", f"the reason is longer than {REASON_LIMIT} characters"))
    return command


def cleaned_note(note: str) -> str:
    """Return what a person signs of a delivery, as clean text. Raises Refused for none, or too much."""
    note = clean(note)
    if not note:
        raise Refused(Reason("no-note", "say in a few words what was done"))
    if len(note) > REASON_LIMIT:
        raise Refused(Reason("too-long", f"the note is longer than {REASON_LIMIT} characters"))
    return note


class CommandsUnderWay:
    """Commands being written: they go on when their caller is cancelled."""

    def __init__(self) -> None:
        self._writing: dict[UUID, asyncio.Task[Booking]] = {}

    async def carry_out(self, command_id: UUID, writing: Coroutine[Any, Any, Booking]) -> Booking:
        """Write, and return or raise what that does."""
        task = asyncio.create_task(writing)
        self._writing[command_id] = task
        task.add_done_callback(partial(self._ended, command_id))
        return await asyncio.shield(task)

    def _ended(self, command_id: UUID, task: asyncio.Task[Booking]) -> None:
        if self._writing.get(command_id) is task:
            del self._writing[command_id]
        if not task.cancelled():
            task.exception()

    async def ended(self, command_id: UUID) -> None:
        """Wait for a command that has begun: until then nobody may say that it wrote nothing."""
        under_way = self._writing.get(command_id)
        if under_way is not None:
            await asyncio.wait([under_way])
