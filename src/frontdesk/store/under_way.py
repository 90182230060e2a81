"""What every kind of store does with a command before it is written, and while it is written."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from frontdesk.commands import Command, Done
from frontdesk.text import clean_fields


def cleaned(command: Command) -> Command:
    """Return a command with clean text. Raises Refused for content that no store may take."""
    command = clean_fields(command)
    command.ask.checked()
    return command


class CommandsUnderWay:
    """Commands being written: they go on when their caller is cancelled."""

    def __init__(self) -> None:
        self._writing: dict[UUID, asyncio.Task[Done[Any]]] = {}

    async def carry_out(self, command_id: UUID, writing: Coroutine[Any, Any, Done[Any]]) -> Done[Any]:
        """Write, and return or raise what that does."""
        task = asyncio.create_task(writing)
        self._writing[command_id] = task
        task.add_done_callback(partial(self._ended, command_id))
        return await asyncio.shield(task)

    def _ended(self, command_id: UUID, task: asyncio.Task[Done[Any]]) -> None:
        if self._writing.get(command_id) is task:
            del self._writing[command_id]
        if not task.cancelled():
            task.exception()

    async def ended(self, command_id: UUID) -> None:
        """Wait for a command that has begun: until then nobody may say that it wrote nothing."""
        under_way = self._writing.get(command_id)
        if under_way is not None:
            await asyncio.wait([under_way])
