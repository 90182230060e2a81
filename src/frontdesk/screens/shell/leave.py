"""Leaving: what goes on without this desk, and what does not."""

import textwrap
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from frontdesk import times
from frontdesk.desk import OpenDesk
from frontdesk.widgets.line import TextBlock
from frontdesk.words.told import Role, told

LOOKED_AT = 500
"""How many of what needs a person are read to count today's."""


class LeaveScreen(ModalScreen[bool], inherit_bindings=False):
    """A line or two at the bottom: only `y` leaves.

    It is there at once, with what is known; what becomes of the work under way is added
    when the store has said it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "leave(True)", "leave", show=False, id="leave.yes"),
        Binding("escape,n", "leave(False)", "stay", show=False, id="leave.no"),
    ]
    CSS = """
    LeaveScreen { align: left bottom; background: transparent; }
    #question { dock: bottom; }
    """

    def __init__(self, desk: OpenDesk, unsent: int = 0) -> None:
        super().__init__()
        self.desk = desk
        self._unsent = unsent

    def compose(self) -> ComposeResult:
        yield TextBlock(id="question")

    def on_mount(self) -> None:
        state = self.desk.state
        self._ask(question(state.under_way, state.need_person, unsent=self._unsent))
        if state.under_way or state.need_person:
            self._look_what_stays()

    def _ask(self, words: str) -> None:
        width = self.app.size.width
        lines = [told(line, Role.TITLE) for line in textwrap.wrap(words, width)]
        self.query_one("#question", TextBlock).show(lines)

    @work(exit_on_error=False)
    async def _look_what_stays(self) -> None:
        desk = self.desk
        try:
            await desk.ask_state()
            state, dispatch = desk.state, desk.program.dispatch
            alone = await dispatch.left_alone() if dispatch else state.unattended
            items = await desk.store.attention(LOOKED_AT) if state.need_person else ()
        except Exception as error:
            desk.fault(error)
            return
        now = desk.now()
        today = sum(
            times.local_date(one.booking.starts_at, zone) == times.local_date(now, zone)
            for one in items
            for zone in [one.booking.practice.zone]
        )
        self._ask(question(state.under_way, state.need_person, alone, today, self._unsent))

    def action_leave(self, yes: bool) -> None:
        self.dismiss(yes)


def question(
    under_way: int, need_person: int, alone: int | None = None, today: int = 0, unsent: int = 0
) -> str:
    """Return what leaving asks.

    `alone` counts the deliveries under way that wait once this desk is left, because no other
    program carries them out. It is None while that is not known; the question then leaves it out.
    `unsent` counts decisions that would be lost with it.
    """
    open_things = []
    if unsent:
        open_things.append(
            f"{unsent:,} {'decision is' if unsent == 1 else 'decisions are'} not sent, and lost"
        )
    if under_way:
        open_things.append(_what_goes_on(under_way, alone))
    if need_person:
        needs = f"{need_person:,} {'needs' if need_person == 1 else 'need'} a person"
        open_things.append(f"{needs}, {today:,} today" if today else needs)
    if not open_things:
        return "Leave frontdesk? y leaves, Esc stays"
    return f"Leave frontdesk? {'; '.join(open_things)}. y / Esc"


def _what_goes_on(under_way: int, alone: int | None) -> str:
    said = f"{under_way:,} under way"
    if alone is None:
        return said
    if not alone:
        return f"{said} {'goes on' if under_way == 1 else 'go on'} without this desk"
    waits = f"{'waits' if alone == 1 else 'wait'} until frontdesk or deliver runs"
    return f"{said} {waits}" if alone >= under_way else f"{said}, {alone:,} of them {waits}"
