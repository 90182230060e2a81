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
        self.is_known = asyncio.Event()
        """Set unless a write is on its way, or nobody knows yet what became of it."""
        self.is_known.set()
        self._finished: tuple[Answer | None] | None = None

    def begin(self) -> None:
        """From now on keys wait for the answer."""
        self.is_answered.clear()
        self.is_known.clear()

    def end(self) -> None:
        """The write is over, whatever became of it."""
        self.is_answered.set()
        self.is_known.set()

    def finish(self, answer: Answer) -> None:
        """Close with this answer: now, or as soon as nothing covers the dialog."""
        if self.app.screen is self:
            self.dismiss(answer)
        else:
            self._finished = (answer,)

    @property
    def is_idle(self) -> bool:
        """Whether no write is on its way, unknown, or done and not told yet."""
        return self.is_known.is_set() and self._finished is None

    def put_away(self) -> str:
        """Keep what was typed for who typed it, before the lock closes the dialog.

        Return what to say to them when they are back.
        """
        return ""

    def abandon(self) -> None:
        """Forget the answer: who waited for it is gone."""
        self._finished = None

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        if self._finished is not None:
            self.dismiss(self._finished[0])

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
