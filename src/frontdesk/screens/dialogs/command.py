"""The way of every dialog that sends a command: one write, and exactly one thing said of it."""

from abc import abstractmethod
from enum import Enum
from typing import Any, TypeVar
from uuid import uuid4

from textual import work

from frontdesk.commands import Ask, Command, Done, Subject
from frontdesk.desk import OpenDesk
from frontdesk.errors import Conflict, FrontdeskError
from frontdesk.saving import Declined, NotSaved, Overtaken, Saved, save
from frontdesk.screens.dialogs.writing import WritingScreen
from frontdesk.terminal import ConfirmGate, ask_position

Answer = TypeVar("Answer")


class Progress(Enum):
    """How far the dialog has got."""

    READING = "the operator reads and types"
    SAVING = "the command is on its way"
    UNKNOWN = "the answer was lost"
    OVER = "somebody else did it: nothing is left to do"


class CommandDialog(WritingScreen[Answer], inherit_bindings=False):
    """Sends one command about `subject` when `carry_out` is called, and says what became of it.

    A kind brings what it asks for, and what it says of each end of it.
    """

    def __init__(self, desk: OpenDesk, subject: Subject, store_id: str = "") -> None:
        super().__init__()
        self.desk = desk
        self.subject = subject
        self.said = ""
        self._store_id = store_id
        self._progress = Progress.READING
        self._gate = ConfirmGate(desk.program.clock)

    # -- what a kind brings ---------------------------------------------------------------

    @abstractmethod
    def ask(self) -> Ask:
        """Return what the operator asks for, as the dialog stands."""

    @property
    def seen(self) -> int:
        """The version of the subject that the operator looks at; 0 leaves the question to the rules."""
        return 0

    @abstractmethod
    def say(self, message: str) -> None:
        """Answer in the dialog."""

    @abstractmethod
    async def saved(self, done: Done[Any]) -> None:
        """Go on after the command was carried out: usually `finish`."""

    @abstractmethod
    def not_saved(self, why: FrontdeskError) -> None:
        """Say that nothing has happened, and why."""

    @abstractmethod
    def overtaken(self, conflict: Conflict) -> None:
        """Say that the subject changed since it was seen, and how it stands now."""

    @abstractmethod
    def not_known(self) -> None:
        """Say that nobody knows yet whether it was saved, and that it is asked for."""

    # -- only what was seen can be confirmed, where the kind asks the gate

    def arm(self) -> None:
        """Let nothing be confirmed until the operator can have seen what is shown now."""
        self._gate.shut()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._gate.painted(ask_position(self.app))

    def position_answered(self, question: int) -> None:
        """Take note that the terminal has painted everything written before this question."""
        self._gate.answered(question)

    # -- the one write --------------------------------------------------------------------

    def carry_out(self) -> None:
        """Send the command, unless one is on its way."""
        if self._progress is Progress.READING:
            self._progress = Progress.SAVING
            self.begin()
            self.say("Saving...")
            self._save()

    @work(exit_on_error=False)
    async def _save(self) -> None:
        operator = self.desk.operator
        try:
            command = Command(uuid4(), self.subject, self.seen, operator, self.ask(), self._store_id)
            match await save(self.desk.store, command, self.desk.fault, self._not_known):
                case Saved(done):
                    await self.saved(done)
                case Overtaken(conflict):
                    self._progress = Progress.READING
                    self.overtaken(conflict)
                case NotSaved(why) | Declined(why):
                    self._progress = Progress.READING
                    self.not_saved(why)
        finally:
            self.end()

    def _not_known(self) -> None:
        self._progress = Progress.UNKNOWN
        self.is_answered.set()
        self.not_known()
