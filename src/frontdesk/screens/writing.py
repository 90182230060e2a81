"""Dialogs that write: what a key means while the one write is on its way."""

import asyncio
from typing import ClassVar, TypeVar

from textual import events
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class WritingScreen(ModalScreen[Answer], inherit_bindings=False):
    """Base of a dialog with one write: `begin` it, and set `is_answered` when it is over.

    `CONFIRMS` are the keys that confirm in this dialog.
    """

    CONFIRMS: ClassVar[frozenset[str]] = frozenset({"enter"})

    def __init__(self) -> None:
        super().__init__()
        self.is_answered = asyncio.Event()
        self.is_answered.set()

    def begin(self) -> None:
        """From now on keys wait for the answer."""
        self.is_answered.clear()

    async def takes(self, event: events.Event) -> bool:
        """Whether a key still means something; waits while the write is on its way.

        A second confirm means the first one. Any other key was typed for what comes after
        the answer, so it waits for that; leaving the program never waits.
        """
        if not self.is_answered.is_set():
            key = event.key if isinstance(event, events.Key) else ""
            if key in self.CONFIRMS:
                return False
            if key != "ctrl+c":
                await self.is_answered.wait()
        return True
