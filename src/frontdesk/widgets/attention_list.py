"""What needs a person: three lines an item, one page of items, a cursor."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from frontdesk import times
from frontdesk.deliveries import Attention, Delivery, State, fact, to_do
from frontdesk.widgets.line import BOLD, PLAIN, REVERSED
from frontdesk.words.fitting import fitted

LINES = 4
"""Lines of an item, with the empty one below it."""

WHEN, AT, PHONE, STARTS = 2, 19, 48, 65
PATIENT = {True: 23, False: 19}
"""Where the columns begin; the patient's depends on whether there are several practices."""

INDENT = " " * 5


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do. `over` says how it ended while it was on screen; empty while it is open."""

    attention: Attention
    over: str = ""

    @property
    def id(self) -> int:
        """The delivery's id: what the cursor belongs to."""
        return self.attention.delivery.id


def over_words(delivery: Delivery) -> str:
    """Return why a delivery needs no person any more; empty while it does."""
    if delivery.state is State.ATTENTION:
        return ""
    if delivery.state is State.SETTLED:
        by = f"settled by {delivery.settled_by}" if delivery.settled_by else "another way is tried"
        return ", ".join(part for part in (by, delivery.note) if part)
    if delivery.state is State.DONE:
        return ", ".join(part for part in ("done automatically", delivery.note) if part)
    return f"tried again, {fact(delivery)}"


class AttentionList(Widget, can_focus=True):
    """Shows the page of items that the cursor is on; the page flips rather than scrolls."""

    DEFAULT_CSS = """
    AttentionList { height: 1fr; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._items: tuple[Item, ...] = ()
        self._cursor = 0
        self._now: datetime | None = None
        self._here: ZoneInfo | None = None
        self._several_practices = True
        self._notice = ""

    @property
    def page(self) -> int:
        """How many items fit; the last one needs no empty line below it."""
        return max(1, self.size.height // LINES)

    def show(
        self,
        items: Sequence[Item],
        cursor: int,
        now: datetime,
        here: ZoneInfo,
        *,
        several_practices: bool,
        notice: str,
    ) -> None:
        """Show the items around the cursor; `notice` takes their place when there are none.

        What was written is told by the clock `here`, appointments by their practice's.
        """
        self._here = here
        self._items, self._cursor, self._now = tuple(items), cursor, now
        self._several_practices, self._notice = several_practices, notice
        self.refresh()

    def render_line(self, y: int) -> Strip:
        text, style = self._line(y)
        return Strip([Segment(fitted(text, self.size.width), style)], self.size.width)

    def _line(self, y: int) -> tuple[str, Style]:
        if self._now is None or not self._items:
            return (f"      {self._notice}" if y == 1 else "", PLAIN)
        if y == 0:
            at = "At" if self._several_practices else ""
            return self._columns("", "Appointment", at, "Patient", "Phone", "Starts"), BOLD
        place, line = divmod(y - 1, LINES)
        index = self._cursor // self.page * self.page + place
        if place >= self.page or index >= len(self._items):
            return "", PLAIN
        return self._item_line(self._items[index], line, index == self._cursor, self._now)

    def _item_line(self, item: Item, line: int, marked: bool, now: datetime) -> tuple[str, Style]:
        booking = item.attention.booking
        zone, done = booking.practice.zone, booking.cancellation
        if line == 0:
            at = booking.practice.short if self._several_practices else ""
            cells = self._columns(
                ">" if marked else "",
                times.when(booking.starts_at, zone, now),
                at,
                booking.patient.name,
                booking.patient.mobile or "none",
                times.distance(booking.starts_at, now, zone),
            )
            return cells, REVERSED if marked else PLAIN
        said = f"Nothing more to do: {item.over}" if item.over else ": ".join(to_do(item.attention))
        # A long reason takes the empty line too, rather than being cut.
        below = [
            (INDENT + words, PLAIN if item.over else BOLD)
            for words in textwrap.wrap(said, max(1, self.size.width - len(INDENT) - 1))
        ]
        if done is not None:
            here = self._here or zone
            at = times.when_in_words(done.at, here, now) + times.other_clock(done.at, here, zone)
            below.append((f"{INDENT}Cancelled {at} by {done.by}", PLAIN))
        return below[line - 1] if line <= len(below) else ("", PLAIN)

    def _columns(self, mark: str, when: str, at: str, patient: str, phone: str, starts: str) -> str:
        name = PATIENT[self._several_practices]
        text = fitted(fitted(f"{mark:<{WHEN}}{when}", AT - 1) + f" {at}", name)
        text += fitted(patient, PHONE - name - 1) + " "
        return text + fitted(phone, STARTS - PHONE - 1) + " " + starts
