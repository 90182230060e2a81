"""A person deals with what failed: settle it with a signed note, or have it tried again."""

from typing import Any, ClassVar
from uuid import uuid4

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from frontdesk.bookings import REASON_LIMIT
from frontdesk.commands import Command, Done, Retry, Settle, Subject
from frontdesk.desk import OpenDesk
from frontdesk.errors import Conflict, FrontdeskError
from frontdesk.saving import Declined, NotKnown, NotSaved, Overtaken, Saved, save_once
from frontdesk.screens.dialogs.command import CommandDialog
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.sheets import OverLines
from frontdesk.text import clean
from frontdesk.widgets.sheet import Sheet
from frontdesk.widgets.text_field import TextField
from frontdesk.words.dialog import WIDTH
from frontdesk.words.settling import note_lines

PUT_BACK = "The bookings were put back or replaced. Esc, then look for it again."


class NoteScreen(CommandDialog[bool], OverLines[bool], inherit_bindings=False):
    """Asks what was done, signs it with the operator's name, and settles the delivery.

    It closes with True when that is saved; until then the note stays.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "settle", show=False, id="note.save"),
        Binding("escape", "leave", "back", show=False, id="note.back"),
    ]
    AUTO_FOCUS = ""

    def __init__(self, desk: OpenDesk, delivery_id: int, headline: str) -> None:
        super().__init__(desk, Subject("delivery", delivery_id))
        self._headline = headline
        self._about = delivery_id, headline
        self._is_void = False

    def compose(self) -> ComposeResult:
        self._field = TextField(id="note", longest=REASON_LIMIT)
        with self.prevent(Input.Changed):
            self._field.value = self.desk.take_draft("note", self._about)
        self.sheet = Sheet(self._field, widest=WIDTH)
        self.draw()
        yield self.sheet

    def on_mount(self) -> None:
        self._field.cursor_position = len(self._field.value)
        self._field.focus()

    def draw(self) -> None:
        """Show what there is to show now."""
        width = self.app.size.width
        self.sheet.show(note_lines(self._headline, self.desk.operator, len(self._note), self.said, width))

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def put_away(self) -> str:
        self.desk.keep_draft("note", self._about, self._note)
        return ""

    def ask(self) -> Settle:
        return Settle(self._note)

    @property
    def _note(self) -> str:
        return clean(self._field.value)

    def say(self, message: str) -> None:
        self.said = message
        self.draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.draw()

    def on_store_changed(self, message: StoreChanged) -> None:
        if message.is_of_another_store:
            self._is_void = True
            self.say(PUT_BACK)

    def action_leave(self) -> None:
        self.dismiss(False)

    def action_save(self) -> None:
        if self._is_void:
            self.say(PUT_BACK)
        elif not self._note:
            self.say("Write in a few words what was done.")
        else:
            self.carry_out()

    # -- what became of it ----------------------------------------------------------------

    async def saved(self, done: Done[Any]) -> None:
        await self._ask_state()
        self.finish(True)

    def not_saved(self, why: FrontdeskError) -> None:
        self.say(f"Not settled: {why.hint}")

    def overtaken(self, conflict: Conflict) -> None:
        self.not_saved(conflict)

    def not_known(self) -> None:
        self.say(_not_known("settled"))

    async def _ask_state(self) -> None:
        """Have the number of what needs a person brought up to date: it is settled whatever comes of this."""
        try:
            await self.desk.ask_state()
        except Exception as error:
            self.desk.fault(error)


async def try_again(desk: OpenDesk, delivery_id: int) -> str:
    """Make a delivery due now; return what to say to the operator."""
    command = Command(uuid4(), Subject("delivery", delivery_id), 0, desk.operator, Retry())
    match await save_once(desk.store, command, desk.fault):
        case Saved():
            desk.program.wake_dispatch()
            return "It is tried again now."
        case NotKnown():
            return _not_known("tried again")
        case Overtaken(why) | NotSaved(why) | Declined(why):
            return f"Not tried again: {why.hint}"


def _not_known(what: str) -> str:
    return f"Not known yet whether it was {what}. Esc, then F5 shows how it stands."
