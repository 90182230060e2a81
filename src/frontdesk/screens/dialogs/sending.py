"""Sends what an operator has decided about many bookings: one command each, and what became of each."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType

from frontdesk import times
from frontdesk.actions import SENDING_ACTIONS
from frontdesk.desk import OpenDesk
from frontdesk.saving import Known, NotSaved, Overtaken, Saved, save
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.command import Progress
from frontdesk.screens.dialogs.writing import WritingScreen
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.sheets import OverLines
from frontdesk.sources.undecided import Decision, Item
from frontdesk.terminal import ConfirmGate, ask_position
from frontdesk.widgets.sheet import Sheet
from frontdesk.words import billing as words
from frontdesk.words.dialog import LABEL_AT, WIDTH, answer, key_bar
from frontdesk.words.fitting import wrapped
from frontdesk.words.told import Role, Told, told

Keep = Callable[[int, Decision | None], None]
"""Keeps the decision of a booking as it is known to stand: None once it is sent, or refused."""

ROOM = WIDTH - 2 * LABEL_AT
FEW = 10
"""Bookings that are named one by one; of more the rest is counted."""


class SendingScreen(WritingScreen[bool], OverLines[bool], inherit_bindings=False):
    """Shows what is sent, sends it once F8 is pressed, and says which were not saved and why.

    Each decision is a command of its own, so that one that fails leaves the others saved. After a
    lost answer it asks what became of that one before it goes on. Where the store cannot save at
    all it stops: what was not tried is kept. It closes with whether anything was tried.
    """

    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(SENDING_ACTIONS)
    CONFIRMS: ClassVar[frozenset[str]] = frozenset({"f8"})

    def __init__(self, desk: OpenDesk, decided: Sequence[Item], keep: Keep) -> None:
        super().__init__()
        self.desk = desk
        self._decided = decided
        self._store_id = desk.store_id
        self._keep = keep
        self._tried = 0
        self._said = ""
        self._progress = Progress.READING
        self._gate = ConfirmGate(desk.program.clock)

    def compose(self) -> ComposeResult:
        self.sheet = Sheet(widest=WIDTH)
        each = [(one.decision.verdict, one.booking.practice) for one in self._decided if one.decision]
        lines = [*wrapped(words.tally(each), ROOM), ""]
        lines += [self._named(one) for one in self._decided[:FEW]]
        if more := len(self._decided) - FEW:
            lines += [f"  and {more:,} more"] * (more > 0)
        self._show(lines)
        yield self.sheet

    def _show(self, lines: Sequence[str]) -> None:
        """Show lines, of which the first is what matters."""
        self._what = tuple(
            told(f"{' ' * LABEL_AT}{line}" if line else "", Role.VALUE if place else Role.STRONG)
            for place, line in enumerate(lines)
        )
        self._draw()

    def _draw(self) -> None:
        over = self._progress is Progress.OVER
        keys = (
            (("Esc", "goes back to the list"),)
            if over
            else (("F8", "sends"), ("Esc", "goes back, nothing is sent"))
        )
        self.sheet.show(
            {
                "title": (told(" Send what is decided", Role.TITLE),),
                "gap": (Told(),),
                "what": self._what,
                "message": (answer(self._said),),
                "keys": (key_bar(*keys, width=self.app.size.width),),
            }
        )

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def _named(self, item: Item) -> str:
        booking = item.booking
        when = times.when_in_words(booking.starts_at, booking.practice.zone, self.desk.now())
        verdict = item.decision.verdict if item.decision else ""
        return f"  {when} {booking.practice.short}  {booking.patient.name}: {verdict}"

    def say(self, message: str) -> None:
        """Answer in the dialog."""
        self._said = message
        self._draw()

    # -- only what was seen can be confirmed ----------------------------------------------

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self._gate.shut()
        self.call_after_refresh(lambda: self._gate.painted(ask_position(self.app)))

    def position_answered(self, question: int) -> None:
        """Take note that the terminal has painted everything written before this question."""
        self._gate.answered(question)

    def on_store_changed(self, message: StoreChanged) -> None:
        if message.is_of_another_store and self._progress is Progress.READING:
            self._progress = Progress.OVER
            self.say("The bookings were put back or replaced. Press Esc, then decide again.")

    # -- keys -----------------------------------------------------------------------------

    def action_keep(self) -> None:
        if self._progress in (Progress.READING, Progress.OVER):
            self.dismiss(self._tried > 0)
        else:
            self.say("Wait for the answer: it is not known yet whether the last one was saved.")

    def action_confirm(self) -> None:
        if self._progress is Progress.OVER:
            self.dismiss(self._tried > 0)
        elif self._progress is not Progress.READING:
            return
        elif not self._gate.is_open(self.desk.key_arrived_at):
            self.say("Too early: this window was not yet on your screen. Read it, then press F8.")
        else:
            self._progress = Progress.SAVING
            self.begin()
            self._send()

    # -- the writes -----------------------------------------------------------------------

    @work(exit_on_error=False)
    async def _send(self) -> None:
        failed: list[tuple[Item, str]] = []
        operator = self.desk.operator
        try:
            for number, item in enumerate(self._decided, 1):
                if (decision := item.decision) is None:
                    continue
                self.say(f"Sending {number} of {len(self._decided)}...")
                self._tried, self._on_its_way = number, item
                self.desk.own_changes.add(item.booking.id)
                command = decision.command(operator, self._store_id)
                known = await save(self.desk.store, command, self.desk.fault, self._not_known)
                self._progress = Progress.SAVING
                if isinstance(known, Saved):
                    self._keep(item.booking.id, None)
                    continue
                self.desk.own_changes.discard(item.booking.id)
                failed.append((item, _why(known)))
                # Under its id nothing was written, and a server may refuse that id from now on.
                again = decision.renewed() if isinstance(known, NotSaved) else None
                self._keep(item.booking.id, again)
                if again is not None:
                    break
            if failed:
                self._tell(failed)
            else:
                self.finish(True)
        finally:
            self._progress = Progress.OVER
            self.end()

    def _not_known(self) -> None:
        self._progress = Progress.UNKNOWN
        self.is_answered.set()
        name = self._on_its_way.booking.patient.name
        self.say(f"Not known yet whether that of {name} was saved. Asking.")

    def _tell(self, failed: Sequence[tuple[Item, str]]) -> None:
        """Say which were not saved, and why; and how many were."""
        saved, untried = self._tried - len(failed), len(self._decided) - self._tried
        lines = [f"{saved:,} of {len(self._decided):,} saved. Not saved:"]
        for item, why in failed:
            lines += [f"  {line}" for line in wrapped(f"{item.booking.patient.name}: {why}", ROOM - 2)]
        if untried:
            said = "was not tried, and stays" if untried == 1 else "were not tried, and stay"
            lines += [f"  {untried:,} more {said} decided."]
        self._progress = Progress.OVER
        self._said = ""
        self._show(lines)


def _why(known: Known) -> str:
    """Return why nothing was written, for the operator."""
    if isinstance(known, Saved):
        return ""
    if isinstance(known, NotSaved):
        return f"{known.why.hint} It stays decided: F8 sends it again."
    if isinstance(known, Overtaken):
        by = f"{known.conflict.by} changed it" if known.conflict.by else "it changed"
        return f"{by} meanwhile. Look at it again."
    return known.why.hint
