"""What every store does with a command, whatever is behind it: before it is written, and meanwhile."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from frontdesk.bookings import REASON_LIMIT, Booking, CancelCommand, Reason
from frontdesk.errors import Refused
from frontdesk.text import clean, clean_fields


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
