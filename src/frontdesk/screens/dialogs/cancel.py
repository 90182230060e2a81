"""Cancel Booking: what will be cancelled, what follows, an optional reason, and the confirm."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar
from uuid import uuid4

from rich.cells import cell_len
from rich.style import Style
from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widgets import TextArea

from frontdesk import times
from frontdesk.actions import CANCEL_ACTIONS
from frontdesk.bookings import OTHER_STORE, REASON_LIMIT, Booking, Patient
from frontdesk.commands import Cancel, Command, Subject
from frontdesk.deliveries import TOLD_BY_PHONE, Kind, is_told_automatically, plan
from frontdesk.desk import OpenDesk
from frontdesk.errors import CommitLost, Conflict, FrontdeskError, Refused, Unavailable
from frontdesk.preflight import AskPms, Finding, Preflight
from frontdesk.screens.binding import everywhere_bindings
from frontdesk.screens.dialogs.writing import WritingScreen
from frontdesk.screens.list.changes import StoreChanged
from frontdesk.screens.list.last_write import SHORTEST_NAME
from frontdesk.store.port import Change
from frontdesk.terminal import ConfirmGate, ask_position
from frontdesk.widgets.button import Button, Tick
from frontdesk.widgets.line import BOLD, PLAIN, REVERSED, Line, TextBlock
from frontdesk.widgets.reason_field import ReasonField
from frontdesk.widgets.status_line import StatusLine
from frontdesk.words.fitting import fitted, wrapped
from frontdesk.words.preflight import CONTRADICTING, pms_says
from frontdesk.words.summary import (
    LABEL_START,
    PATIENT_READS,
    SAME_NAME,
    TEXT_START,
    changed_parts,
    is_same,
    labelled,
    needs_phone_call,
    reason_label,
    summary,
    what_follows,
)

ASK_AGAIN = (0.2, 0.5, 1.0, 2.0)
"""Seconds between two questions after a lost answer; the last one repeats."""

DESIGN_HEIGHT = 24
WIDE = 100
"""From this width on the longest reason fits into three lines."""
END_WIDTH = 40
MOST_USED = len(f" {REASON_LIMIT}/{REASON_LIMIT} ")
"""Cells that the count of the reason's characters takes, and the one before it."""


class Progress(Enum):
    """How far the dialog has got."""

    READING = "the operator reads and types"
    SAVING = "the command is on its way"
    UNKNOWN = "the answer was lost"
    OVER = "somebody else cancelled it: nothing is left to do"


@dataclass(frozen=True, slots=True)
class Closed:
    """How the dialog ended: the cancelled booking if it was cancelled, and what to say."""

    cancelled: Booking | None
    said: str = ""


class CancelScreen(WritingScreen[Closed], inherit_bindings=False):
    """Bound to one booking and version, whatever the table does underneath.

    It covers the upper part of the list, all of it at the design size. What it leaves
    uncovered need not be written again when it closes.

    A confirm counts only when `ConfirmGate` is open for the moment its key arrived: the
    terminal has answered after the dialog's frame, and the deaf time is over.
    """

    CONFIRMS = frozenset({"f8", "enter", "space"})
    BINDINGS: ClassVar[list[BindingType]] = everywhere_bindings(CANCEL_ACTIONS)
    CSS = """
    CancelScreen { background: transparent; }
    #dialog { height: auto; background: ansi_default; }
    #end { display: none; }
    CancelScreen.-tall #end { display: block; }
    CancelScreen.-tall #status, CancelScreen.-tall .spare { display: none; }
    #reason-box { height: 4; padding: 0 1; }
    #reason-box TextBlock { width: 1; }
    #buttons { height: 1; padding: 0 0 0 2; }
    #keep { margin-right: 4; }
    #hint { margin-left: 6; }
    CancelScreen.-low .gap, CancelScreen.-low #above-message, CancelScreen.-low #billing { display: none; }
    CancelScreen.-low.-tick #follows-title, CancelScreen.-low.-desk #follows-title { display: none; }
    CancelScreen.-desk #before-buttons { display: none; }
    CancelScreen.-wide #reason-box, CancelScreen.-wide ReasonField { height: 3; }
    CancelScreen.-low #reason-box, CancelScreen.-low ReasonField { height: 2; }
    """

    def __init__(self, desk: OpenDesk, booking: Booking) -> None:
        super().__init__()
        self.desk = desk
        self.booking = booking
        self._store_id = desk.store_id
        self._about = booking.id, booking.patient
        self._namesakes: Sequence[Patient] = ()
        self._preflight: Preflight | None = None
        self._gate = ConfirmGate(desk.program.clock)
        self._progress = Progress.READING
        self._why_not_saved = ""
        self.said = ""
        # Before it is mounted: a class set later has the styles of all worked out again.
        self._fit(self.app.size)
        planned = plan(booking, booking.practice)
        self._offers_tick = needs_phone_call(planned)
        self.set_class(any(one.kind == Kind.DESK_EMAIL for one in planned), "-desk")
        self.set_class(self._offers_tick, "-tick")

    # -- what is on it ------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Line(id="title")
            yield Line(classes="gap spare")
            yield TextBlock(id="summary")
            yield Line(classes="gap spare")
            yield Line(id="follows-title")
            yield TextBlock(id="follows")
            if self._offers_tick:
                yield Tick(f"{TOLD_BY_PHONE}   (Tab, Space)", indent=TEXT_START, id="told")
            else:
                yield Line(id="billing")
            yield Line(classes="gap")
            yield Line(id="label")
            with Horizontal(id="reason-box"):
                yield TextBlock(id="left")
                yield ReasonField(id="reason")
                yield TextBlock(id="right")
            yield Line(id="undone")
            yield Line(id="above-message")
            yield Line(id="message")
            yield Line(id="before-buttons", classes="gap spare")
            with Horizontal(id="buttons"):
                yield Button("Keep Booking", "Esc", id="keep")
                yield Button("Cancel Booking", "F8", id="confirm")
                yield Line(id="hint")
            yield StatusLine(id="status")
            yield Line(id="end")

    @property
    def reason(self) -> ReasonField:
        return self.query_one("#reason", ReasonField)

    def line(self, name: str) -> Line:
        """Return one of the text lines by its id."""
        return self.query_one(f"#{name}", Line)

    def on_mount(self) -> None:
        self.line("title").show(" Cancel Booking", style=REVERSED)
        self.line("follows-title").show(" What follows")
        self.line("undone").show("  This action cannot be undone.", style=BOLD)
        self.line("end").show("-" * END_WIDTH)
        self.line("hint").show("Tab moves, Enter presses")
        for line in self.query("#billing").results(Line):
            line.show(labelled("Billing", "not charged"))
        for side, bracket in (("left", "["), ("right", "]")):
            self.query_one(f"#{side}", TextBlock).show(((bracket, PLAIN),) * 4)
        self.on_store_changed()
        self._ask_pms()
        self._show_booking()
        self.reason.text = self.desk.take_draft("reason", self._about)
        self.reason.move_cursor(self.reason.document.end)
        self._count()
        self.reason.focus()
        self._read_again()

    def on_store_changed(self, message: StoreChanged | None = None) -> None:
        self.query_one("#status", StatusLine).show_desk(self.desk)
        if message is None or self.booking.id in self.desk.own:
            return
        if change := message.of(self.booking.id):
            self._follow(change)
        elif message.concerns(self.booking.id):
            self._read_again()

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size)
        if self.is_mounted:
            self._show_booking()

    def _fit(self, size: Size) -> None:
        self.set_class(size.height < DESIGN_HEIGHT, "-low")
        self.set_class(size.height > DESIGN_HEIGHT, "-tall")
        self.set_class(size.width >= WIDE, "-wide")

    def on_screen_resume(self) -> None:
        self._arm()

    def _show_booking(self) -> None:
        booking = self.booking
        lines = summary(booking, self._namesakes, self.desk.now(), self.desk.home, self.app.size.width)
        self.query_one("#summary", TextBlock).show(_styled(lines))
        says = pms_says(self._preflight, booking, self.desk.now())
        follows = what_follows(booking, plan(booking, booking.practice), says)
        if self.has_class("-low") and self._offers_tick:
            follows = follows[:2]
        self.query_one("#follows", TextBlock).show(_styled(follows))
        self._count()

    def _count(self) -> None:
        used = f"{len(self.reason.reason)}/{REASON_LIMIT} "
        name, reads = reason_label(self.booking, self.app.size.width - LABEL_START - MOST_USED)
        marked = PATIENT_READS if PATIENT_READS in reads else ""
        self.line("label").show(f"{' ' * LABEL_START}{name} {reads}", used, marked=marked)

    def put_away(self) -> str:
        if self._progress is not Progress.READING:
            return ""
        self.desk.keep_draft("reason", self._about, self.reason.reason)
        name, why = self.booking.patient.name, self._why_not_saved
        ends = f" is not cancelled: {why}. Enter goes on." if why else ". Enter goes on."
        begins = "" if why else "You were about to cancel "
        room = self.app.size.width - cell_len(begins + ends)
        return begins + fitted(name, max(SHORTEST_NAME, min(room, cell_len(name)))) + ends

    def say(self, message: str) -> None:
        """Answer in the dialog's message lines."""
        self.said = message
        *above, last = self._in_lines(message)[: self._message_lines]
        for name, line in (("above-message", "".join(above)), ("message", last)):
            self.line(name).show(f"{' ' * LABEL_START}{line}" if line else "", style=BOLD)

    def _in_lines(self, message: str) -> tuple[str, ...]:
        return wrapped(message, self.app.size.width - LABEL_START)

    @property
    def _message_lines(self) -> int:
        return 1 if self.has_class("-low") else 2

    # -- only what was seen can be confirmed --------------------------------------------

    def _arm(self) -> None:
        self._gate.shut()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._gate.painted(ask_position(self.app))

    def position_answered(self, question: int) -> None:
        """Take note that the terminal has painted everything written before this question."""
        self._gate.answered(question)

    @work(exit_on_error=False)
    async def _read_again(self) -> None:
        """Read the booking as it is now: the list may be older than what another desk wrote."""
        try:
            fresh = await self.desk.store.get(self.booking.id)
            self._namesakes = await self.desk.store.namesakes(fresh.id)
        except Exception as error:
            self.desk.fault(error)
            return
        if self._progress is not Progress.READING or is_same(fresh, self.booking):
            self._show_booking()
        elif fresh.cancellation is not None:
            self._lost(Conflict("", fresh, None, None))
        else:
            self._take_changed(
                fresh,
                f"The {', '.join(changed_parts(self.booking, fresh)) or 'booking'} changed since the list was read.",
            )

    @work(exclusive=True, exit_on_error=False, group="following")
    async def _follow(self, change: Change) -> None:
        """Say what another desk has just done to this booking, and who did it."""
        try:
            current = await self.desk.store.get(self.booking.id)
        except Exception as error:
            self.desk.fault(error)
            return
        if self._progress is Progress.READING and not is_same(current, self.booking):
            self._lost(Conflict("", current, change.by, change.at))

    def _take_changed(self, current: Booking, message: str) -> None:
        self.booking = current
        self._ask_pms()
        self._show_booking()
        self.say(message)
        self._arm()

    # -- what the PMS shows, which nothing here waits for ---------------------------------

    def _ask_pms(self) -> None:
        ask = self.desk.program.preflight
        if ask is None or not is_told_automatically(plan(self.booking, self.booking.practice)):
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
        self._show_booking()
        if answer.finding in CONTRADICTING:
            self._arm()

    # -- keys ---------------------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._count()

    def on_reason_field_enter_pressed(self) -> None:
        self.say("Enter does not confirm. F8 cancels the booking, Esc keeps it.")

    def on_reason_field_too_long(self, message: ReasonField.TooLong) -> None:
        if message.pasted:
            self.say(f"Cut at {REASON_LIMIT} characters: the end of what you pasted is missing.")
        else:
            self.say(f"The reason is full: {REASON_LIMIT} characters.")

    def on_button_pressed(self, message: Button.Pressed) -> None:
        if message.button.id == "keep":
            self.action_keep()
        else:
            self._confirm("Enter" if message.key == "enter" else "Space")

    def action_confirm(self) -> None:
        self._confirm("F8")

    def action_next_field(self, step: int) -> None:
        # The tick stands above the reason but comes after it: type-ahead must land in text.
        order = [*self.query("#reason"), *self.query("#told"), *self.query("#buttons Button")]
        at = order.index(self.focused) if self.focused in order else -step
        order[(at + step) % len(order)].focus()

    def action_keep(self) -> None:
        if self._progress is Progress.READING:
            self.dismiss(Closed(None, "Kept. Nothing was cancelled."))
        elif self._progress is Progress.OVER:
            self.dismiss(Closed(None))
        else:
            self.say("Wait for the answer: it is not known yet whether this was saved.")

    def _confirm(self, key: str) -> None:
        if self._progress is not Progress.READING:
            return
        if not self._gate.is_open(self.desk.key_arrived_at):
            self.say(f"Too early: this window was not yet on your screen. Read it, then press {key}.")
            return
        self._progress = Progress.SAVING
        self.begin()
        self.say("Saving...")
        self._save()

    # -- the one write ------------------------------------------------------------------

    @work(exit_on_error=False)
    async def _save(self) -> None:
        command = Command(
            uuid4(),
            Subject("booking", self.booking.id),
            self.booking.version,
            self.desk.operator,
            Cancel(
                self.reason.reason,
                told_by_phone=any(tick.is_set for tick in self.query("#told").results(Tick)),
            ),
            self._store_id,
        )
        # Before it is sent: the news of it may be here before the answer.
        self.desk.own.add(self.booking.id)
        try:
            await self._send(command)
        finally:
            self.end()

    async def _send(self, command: Command) -> None:
        try:
            self.finish(Closed((await self.desk.store.do(command)).thing))
        except Conflict as conflict:
            self._lost(conflict)
        except Exception as error:
            why = self.desk.fault(error)
            if isinstance(why, Unavailable):
                await self._ask_outcome(command, why)
            else:
                self._not_saved(why)

    async def _ask_outcome(self, command: Command, why: FrontdeskError) -> None:
        """After a lost answer: ask what became of this very command until it is known."""
        asked = 0
        while True:
            try:
                done = await self.desk.store.outcome(command.id)
            except Exception as error:
                self.desk.fault(error)
                self._progress = Progress.UNKNOWN
                self.is_answered.set()
                self.say("Not known yet whether it was saved. Asking. Do not tell the patient yet.")
                await asyncio.sleep(ASK_AGAIN[min(asked, len(ASK_AGAIN) - 1)])
                asked += 1
                continue
            if done is not None:
                self.finish(Closed(done.thing))
            else:
                self._not_saved(why.fault if isinstance(why, CommitLost) else why)
            return

    def _not_saved(self, why: FrontdeskError) -> None:
        self._progress = Progress.READING
        self.desk.own.discard(self.booking.id)
        self._why_not_saved = why.hint.partition(": nothing was changed")[0].rstrip(".")
        # A window keeps the store that its booking was read from: from it no other one can be written.
        is_elsewhere = isinstance(why, Refused) and why.reason.code == OTHER_STORE
        way_on = ". Esc closes." if is_elsewhere else ". Try again or Esc."
        said = "Not saved, nothing has happened"
        words = self._why_not_saved.split()
        shorter = (f": {' '.join(words[:number])}.." for number in range(len(words) - 1, 2, -1))
        # What to do is never cut: the reason gives way.
        for reason in (f": {why.hint.rstrip('.')}", f": {self._why_not_saved}", *shorter, ""):
            if len(self._in_lines(said + reason + way_on)) <= self._message_lines:
                break
        self.say(said + reason + way_on)

    def _lost(self, conflict: Conflict) -> None:
        current = conflict.current
        done = current.cancellation
        self.desk.own.discard(current.id)
        if done is not None:
            self._progress = Progress.OVER
            self.booking = current
            self._show_booking()
            at = self._clock(done.at)
            said = (
                f"This was cancelled, as {done.source} says."
                if done.source
                else f"{done.by} cancelled this at {at}."
            )
            self.say(f"{said} Nothing was done again. Esc closes.")
            return
        self._progress = Progress.READING
        by = str(conflict.by) if conflict.by else "Somebody"
        at = f" at {self._clock(conflict.at)}" if conflict.at else ""
        what = ", ".join(changed_parts(self.booking, current)) or "booking"
        self._take_changed(current, f"{by} changed the {what}{at}. Read it again, then F8 cancels it.")

    def _clock(self, at: datetime) -> str:
        """The time of a write, by the clock at the desk."""
        here = self.desk.here
        return f"{at.astimezone(here):%H:%M}{times.other_clock(at, here, self.booking.practice.zone)}"


def _styled(lines: Sequence[str]) -> tuple[tuple[str, Style], ...]:
    """Lines that warn are heavier, besides their `!` or label."""
    return tuple((line, BOLD if _warns(line) else PLAIN) for line in lines)


def _warns(line: str) -> bool:
    return line[TEXT_START:].startswith("!") or line.strip().startswith(SAME_NAME)
