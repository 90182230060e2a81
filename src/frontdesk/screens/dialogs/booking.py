"""A dialog that commands one booking: what it shows, its gate, and what happens to the booking meanwhile."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from textual import events, work
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import TextArea

from frontdesk import times
from frontdesk.bookings import REASON_LIMIT, Booking, Operator
from frontdesk.commands import Done, Subject
from frontdesk.deliveries import Planned, is_told_automatically
from frontdesk.desk import OpenDesk
from frontdesk.errors import Conflict, FrontdeskError
from frontdesk.identity import NOTHING_RELATED
from frontdesk.preflight import AskPms, Finding, Preflight
from frontdesk.screens.dialogs.command import CommandDialog, Progress
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.sheets import OverLines
from frontdesk.store.port import Change
from frontdesk.widgets.button import Button, Tick
from frontdesk.widgets.reason_field import ReasonField
from frontdesk.widgets.sheet import Sheet
from frontdesk.words.cancelling import who_cancelled
from frontdesk.words.dialog import CLOSE, WIDTH, Wording, cause, confirm_text, keep_text, not_saved
from frontdesk.words.preflight import CANCELLING, Reading
from frontdesk.words.summary import changed_parts, is_same
from frontdesk.words.told import Shown

Kind = TypeVar("Kind", bound=Widget)


NOTHING_YET = Subject("booking", 0)
"""The subject of a dialog that is about no booking yet."""


@dataclass(frozen=True, slots=True)
class Closed:
    """How the dialog ended: the booking as it was saved, if it was, by what, and what to say."""

    saved: Booking | None
    said: str = ""
    done: Done[Booking] | None = field(default=None, compare=False)


class BookingDialog(CommandDialog[Closed], OverLines[Closed], inherit_bindings=False):
    """Bound to one booking and version, whatever the table does underneath.

    A confirm counts only when `ConfirmGate` is open for the moment its key arrived: the
    terminal has answered after the dialog's frame, and the deaf time is over.
    """

    WORDS: ClassVar[Wording]
    CONFIRMS = frozenset({"f8", "enter", "space"})
    READING: ClassVar[Reading] = CANCELLING
    """How the answer of the PMS is read, and whether it has to be read before a confirm counts."""
    AUTO_FOCUS = ""

    booking: Booking

    def __init__(self, desk: OpenDesk, booking: Booking | None = None) -> None:
        """Without a booking it can be mounted before anybody opens it; see `about`."""
        super().__init__(desk, NOTHING_YET)
        self.related = NOTHING_RELATED
        self._why_not_saved = ""
        self._lacking = ""
        """What the operator had to do before a confirm counts, as it was last said."""
        self._preflight: Preflight | None = Preflight(Finding.NOT_ASKED)
        self._buttons = (
            Button(keep_text(self.WORDS.keep), id="keep"),
            Button(confirm_text(self.WORDS.confirm), id="confirm", is_dangerous=True),
        )
        self._fields: Sequence[Widget] = ()
        self._is_opened = False
        if booking is not None:
            self.about(booking)

    def about(self, booking: Booking) -> None:
        """Be about this booking from now on, once and for all: a dialog is never used for another one."""
        self.subject, self._store_id = Subject("booking", booking.id), self.desk.store_id
        self.booking, self._about = booking, (booking.id, booking.patient)

    # -- what a kind brings ---------------------------------------------------------------

    @abstractmethod
    def shown(self, width: int, height: int) -> Shown:
        """Return the dialog's lines, as `words` makes them of its state."""

    def fields(self) -> Sequence[Widget]:
        """Return what lies on the lines of `shown`, each made once, in the order of the lines."""
        return [ReasonField(id="reason")]

    def stops(self) -> Sequence[Widget]:
        """Return what Tab goes to, in this order; the first has the focus at the start."""
        # A tick may stand above the reason but comes after it: type-ahead must land in text.
        return [*self.those_of(ReasonField), *self.those_of(Tick), *self.those_of(Button)]

    def why_not_ready(self) -> str:
        """Return what the operator has to do before a confirm counts; empty when nothing."""
        return ""

    def what_is_over(self, current: Booking) -> str:
        """Return what somebody else has done, so that nothing is left to do here; empty when something is."""
        done = current.cancellation
        return who_cancelled(done, self._clock(done.at), current.practice.pms) if done else ""

    def booking_read(self) -> None:
        """Begin what depends on the booking, which is shown for the first time or has changed."""

    # -- what is on it ----------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        self._fields = (*self.fields(), *self._buttons)
        self.sheet = Sheet(*self._fields, widest=WIDTH)
        if self.subject is not NOTHING_YET:
            self.draw()
        yield self.sheet

    def those_of(self, kind: type[Kind]) -> list[Kind]:
        """Return the fields of one kind that there is a line for now."""
        return [one for one in self._fields if isinstance(one, kind) and self.sheet.shows(one)]

    @property
    def seen(self) -> int:
        return self.booking.version

    @property
    def reason(self) -> ReasonField:
        return self.query_one("#reason", ReasonField)

    @property
    def typed(self) -> str:
        """The reason so far; empty where the dialog asks for none."""
        return next((typed.reason for typed in self._typed_fields()), "")

    def _typed_fields(self) -> list[ReasonField]:
        return [one for one in self._fields if isinstance(one, ReasonField)]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to confirm."""
        return self._progress is Progress.OVER

    def opened(self) -> None:
        """Begin: the dialog is on the screen for the first time."""
        self.booking_read()
        for typed in self._typed_fields():
            if draft := self.desk.take_draft(typed.called, self._about):
                typed.text = draft
                typed.move_cursor(typed.document.end)
        self.draw()
        self.stops()[0].focus()
        self._read_again()

    def draw(self) -> None:
        """Show what there is to show now."""
        self._buttons[0].says(keep_text(CLOSE if self.is_over else self.WORDS.keep))
        self.sheet.show(self.shown(*self.app.size))
        if self.focused is not None and not self.sheet.shows(self.focused):
            self._leave(self.focused)

    def _leave(self, gone: Widget) -> None:
        """Give the focus of a field that is not there any more to another one."""
        (self._buttons[0] if gone is self._buttons[1] else self.stops()[0]).focus()

    def on_resize(self, event: events.Resize) -> None:
        if self._is_opened and event.size != self.outer_size:
            self.draw()

    def say(self, message: str) -> None:
        """Answer in the dialog's message lines."""
        self.said = message
        self.draw()

    def after_answer(self) -> None:
        """Draw what the operator has answered; what was lacking before is said no longer."""
        if self.said == self._lacking:
            self.said = ""
        self.draw()

    def put_away(self) -> str:
        if self._progress is Progress.READING:
            for typed in self._typed_fields():
                self.desk.keep_draft(typed.called, self._about, typed.reason)
        return ""

    # -- only what was seen can be confirmed --------------------------------------------------

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        if not self._is_opened:
            self._is_opened = True
            self.opened()
        self.arm()

    def _confirm(self, key: str) -> None:
        if self._progress is not Progress.READING:
            return
        if not self._gate.is_open(self.desk.key_arrived_at):
            self.say(f"Too early: this window was not yet on your screen. Read it, then press {key}.")
        elif why_not := self.why_not_ready():
            self._lacking = why_not
            self.say(why_not)
        else:
            # Before it is sent: the news of it may be here before the answer.
            self.desk.own_changes.add(self.booking.id)
            self.carry_out()

    # -- what others do to the booking meanwhile ------------------------------------------------

    def on_store_changed(self, message: StoreChanged) -> None:
        if self.booking.id in self.desk.own_changes:
            return
        if change := message.of(self.booking.id):
            self._follow(change)
        elif message.concerns(self.booking.id):
            self._read_again()

    @work(exit_on_error=False)
    async def _read_again(self) -> None:
        """Read the booking as it is now: the list may be older than what another desk wrote."""
        try:
            fresh = await self.desk.store.get(self.booking.id)
            self.related = await self.desk.store.related(fresh.id)
        except Exception as error:
            self.desk.fault(error)
            return
        if self._progress is not Progress.READING or is_same(fresh, self.booking):
            self.draw()
        elif self.what_is_over(fresh):
            self.overtaken(Conflict("", fresh, None, None))
        else:
            what = ", ".join(changed_parts(self.booking, fresh)) or "booking"
            self._take_changed(fresh, f"The {what} changed since the list was read.")

    @work(exclusive=True, exit_on_error=False, group="following")
    async def _follow(self, change: Change) -> None:
        """Say what another desk has just done to this booking, and who did it."""
        try:
            current = await self.desk.store.get(self.booking.id)
        except Exception as error:
            self.desk.fault(error)
            return
        if self._progress is Progress.READING and not is_same(current, self.booking):
            by = Operator(change.source) if change.source else change.by
            self.overtaken(Conflict("", current, by, change.at))

    def _take_changed(self, current: Booking, message: str) -> None:
        self.booking = current
        self.booking_read()
        self.say(message)
        self.arm()

    # -- what the PMS shows, which nothing here waits for ---------------------------------------

    def ask_pms(self, planned: Sequence[Planned]) -> None:
        """Ask what the PMS shows of the booking, where it is told automatically of what is planned."""
        ask = self.desk.program.preflight
        if ask is None or not is_told_automatically(planned):
            self._preflight = Preflight(Finding.NOT_ASKED)
        else:
            self._preflight = None
            self._wait_for_pms(ask, self.booking)

    @work(exclusive=True, exit_on_error=False, group="preflight")
    async def _wait_for_pms(self, ask: AskPms, booking: Booking) -> None:
        try:
            answer = await ask(booking)
        except Exception as error:
            self.desk.program.report(error)
            answer = Preflight(Finding.NOT_ASKED)
        if booking is not self.booking:
            return
        self._preflight = answer
        self.draw()
        if self.READING.contradicts(answer):
            self.arm()

    # -- what became of the command ---------------------------------------------------------------

    async def saved(self, done: Done[Any]) -> None:
        self.finish(Closed(done.thing, done=done))

    def not_known(self) -> None:
        self.say("Not known yet whether it was saved. Asking. Do not tell the patient yet.")

    def not_saved(self, why: FrontdeskError) -> None:
        self.desk.own_changes.discard(self.booking.id)
        self._why_not_saved = cause(why)
        self.say(not_saved(why, *self.app.size))

    def overtaken(self, conflict: Conflict) -> None:
        current = conflict.current
        self.desk.own_changes.discard(current.id)
        if over := self.what_is_over(current):
            self._progress = Progress.OVER
            self.booking = current
            self.say(f"{over} Nothing was done again. Esc closes.")
            return
        by = str(conflict.by) if conflict.by else "Somebody"
        at = f" at {self._clock(conflict.at)}" if conflict.at else ""
        what = ", ".join(changed_parts(self.booking, current)) or "booking"
        self._take_changed(current, f"{by} changed the {what}{at}. Read it again, then F8 {self.WORDS.does}.")

    def _clock(self, at: datetime) -> str:
        """The time of a write, by the clock at the desk."""
        here = self.desk.here
        return f"{at.astimezone(here):%H:%M}{times.other_clock(at, here, self.booking.practice.zone)}"

    # -- keys -------------------------------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.draw()

    def on_reason_field_enter_pressed(self) -> None:
        self.say(self.WORDS.on_enter)

    def on_reason_field_too_long(self, message: ReasonField.TooLong) -> None:
        if message.pasted:
            self.say(f"Cut at {REASON_LIMIT} characters: the end of what you pasted is missing.")
        else:
            self.say(f"The {message.called} is full: {REASON_LIMIT} characters.")

    def on_button_pressed(self, message: Button.Pressed) -> None:
        if message.button.id == "keep":
            self.action_keep()
        else:
            self._confirm("Enter" if message.key == "enter" else "Space")

    def action_confirm(self) -> None:
        self._confirm("F8")

    def action_next_field(self, step: int) -> None:
        order = self.stops()
        at = order.index(self.focused) if self.focused in order else -step
        order[(at + step) % len(order)].focus()

    def action_keep(self) -> None:
        if self._progress is Progress.READING:
            self.dismiss(Closed(None, self.WORDS.kept))
        elif self._progress is Progress.OVER:
            self.dismiss(Closed(None))
        else:
            self.say("Wait for the answer: it is not known yet whether this was saved.")
