"""A mass change in a diary: who may decides about it, with what it is about in view."""

from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from frontdesk.actions import HELD_ACTIONS
from frontdesk.desk import OpenDesk
from frontdesk.diary_runs import Decision, HeldChange
from frontdesk.errors import FrontdeskError
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.writing import WritingScreen
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.sheets import OverLines
from frontdesk.terminal import ConfirmGate, ask_position
from frontdesk.widgets.sheet import Sheet
from frontdesk.widgets.text_field import TextField
from frontdesk.words.dialog import WIDTH
from frontdesk.words.held import CHOICES, Held, decided_words, held_lines, why_not_typed

LONGEST = 7
"""Digits of the number that is typed."""


class HeldScreen(WritingScreen[str], OverLines[str], inherit_bindings=False):
    """Has one of three answers chosen, and sends it with F8. It closes with what to say of that."""

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(HELD_ACTIONS)
    CONFIRMS: ClassVar[frozenset[str]] = frozenset({"f8"})
    AUTO_FOCUS = ""

    def __init__(self, desk: OpenDesk, change: HeldChange, shown: str) -> None:
        super().__init__()
        self.desk = desk
        self._change = change
        self._shown = shown
        self._choice = Decision.AGAIN
        self._said = ""
        self._is_over = False
        self._gate = ConfirmGate(desk.program.clock)

    def compose(self) -> ComposeResult:
        self._field = TextField(id="apply", longest=LONGEST)
        self.sheet = Sheet(self._field, widest=WIDTH)
        self._draw()
        yield self.sheet

    @property
    def _held(self) -> Held:
        typed = self._field.value
        return Held(self._change, self._shown, self._choice, typed, self._said, self._is_over)

    def _draw(self) -> None:
        width, height = self.app.size
        self.sheet.show(held_lines(self._held, self.desk.now(), self.desk.here, width, height))

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def _say(self, message: str) -> None:
        self._said = message
        self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    # -- only what was seen can be confirmed ----------------------------------------------

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self._arm()

    def _arm(self) -> None:
        self._gate.shut()
        self.call_after_refresh(lambda: self._gate.painted(ask_position(self.app)))

    def position_answered(self, question: int) -> None:
        """Take note that the terminal has painted everything written before this question."""
        self._gate.answered(question)

    def on_store_changed(self, message: StoreChanged) -> None:
        number = self._change.run.number
        is_asked = any(one.held == number for one in self.desk.state.diaries)
        if self.is_idle and not self._is_over and (message.is_of_another_store or not is_asked):
            self._is_over = True
            self._say("Nothing is left to decide: somebody has, or the diary has changed. Esc closes.")

    # -- keys -----------------------------------------------------------------------------

    def action_choose(self, number: int) -> None:
        if self._is_over:
            return
        self._choice, self._said = CHOICES[number - 1], ""
        # Digits belong to the number that has to be typed as long as it is to be.
        self.set_focus(self._field if self._choice is Decision.APPLY else None)
        self._draw()

    def action_move(self, step: int) -> None:
        place = CHOICES.index(self._choice) + step
        if 0 <= place < len(CHOICES):
            self.action_choose(place + 1)

    def action_keep(self) -> None:
        self.dismiss("" if self._is_over else "Nothing was decided.")

    def action_confirm(self) -> None:
        if self._is_over or not self.is_answered.is_set():
            return
        if not self._gate.is_open(self.desk.key_arrived_at):
            self._say("Too early: this window was not yet on your screen. Read it, then press F8.")
        elif why := why_not_typed(self._held):
            self._say(why)
        else:
            self.begin()
            self._say("Saving...")
            self._decide()

    @work(exit_on_error=False)
    async def _decide(self) -> None:
        desk, decision = self.desk, self._choice
        try:
            await desk.store.decide_diary(self._change.run.number, decision, desk.operator)
            desk.program.wake_reader()
        except Exception as error:
            fault = desk.fault(error)
            self._say(fault.hint)
            if not isinstance(error, FrontdeskError):
                raise
        else:
            self.finish(decided_words(decision, self._shown))
        finally:
            self.end()
